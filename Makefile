# Every target sets up .venv by itself; it needs Python 3.11 or newer and pip. PYTHON=... names another Python.
PYTHON ?= python3
BIN := .venv/bin
READY := .venv/.ready
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet --quiet
CHECKED := facecues tests
MEASURED := .benchmarks/latest.json

.DEFAULT_GOAL := help
.PHONY: help test test-slow lint bench demo clean

help:  ## Show the targets
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST)

# face-alignment asks for opencv-python, which needs libGL and overwrites opencv-python-headless: hence --no-deps.
$(READY): pyproject.toml constraints.txt
	@echo "Setting up .venv (a few minutes the first time) ..."
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "$(PYTHON) is older than Python 3.11: run make PYTHON=/path/to/python3.11 $(MAKECMDGOALS)"; exit 1; }
	@$(BIN)/python -m pip --version >/dev/null 2>&1 || $(PYTHON) -m venv --clear .venv
	@$(PIP) install --constraint constraints.txt --editable '.[torch,emotion,identity,dev]'
	@$(PIP) install --constraint constraints.txt --no-deps face-alignment
	@touch $@

# Several files of tests at a time, each in one process with one native thread.
test: $(READY)  ## Run the tests that are fast and need no GPU
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -m 'not slow and not cuda' --ignore=tests/benchmarks \
		--numprocesses logical --maxprocesses 4 --dist loadfile

test-slow: $(READY)  ## Run the tests that take longer
	$(BIN)/python -m pytest -m 'slow and not cuda' --ignore=tests/benchmarks

lint: $(READY)  ## Check style and types
	$(BIN)/ruff check $(CHECKED)
	$(BIN)/ruff format --check $(CHECKED)
	$(BIN)/mypy --strict facecues

# A benchmark that misses its bound makes this fail; the others are written all the same.
bench: $(READY)  ## Write the tables of docs/performance.md anew; MORE=JSON adds what longer commands measured
	@mkdir -p $(dir $(MEASURED)) && rm -f $(MEASURED)
	$(BIN)/python -m pytest tests/benchmarks --benchmark-json $(MEASURED); status=$$?; \
		$(BIN)/python -m tests.benchmarks.performance_table $(MEASURED) $(MORE) --docs docs && exit $$status

demo: $(READY)  ## Tell the whole story in demo/; DATA=PATH takes clips of your own
	$(BIN)/facecues demo demo $(if $(DATA),--data $(DATA))

clean:  ## Remove .venv, caches and what the demo wrote
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .benchmarks .hypothesis build dist demo *.egg-info
	find facecues tests -name __pycache__ -type d -prune -exec rm -rf {} +

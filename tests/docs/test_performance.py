"""docs/performance.md has the rows that tests.benchmarks.performance_table lists; the command writes only tables."""

import ast
import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.benchmarks import performance_table
from tests.benchmarks.measured import MACHINE, WITHOUT, read_run, write_figures
from tests.benchmarks.performance_table import PAGE, TABLES, says
from tests.benchmarks.rewriting import LONGER, UNKNOWN, Row, Table, read_rows, rewrite

ROOT = Path(__file__).parents[2]
BENCHMARKS = ROOT / "tests/benchmarks"
ROWS = [row for table in TABLES for row in table.rows]

SPEED, SIZE, LONG = "test_a.py::test_speed", "test_a.py::test_size[one two]", "long_command"
SMALL = Table(
    "main",
    (
        Row("speed", ((SPEED, "times"), (SPEED, "s")), says("{:.1f}× ({:.2f} s)"), "pytest tests/benchmarks/a", "≥ 2"),
        Row("size", ((SIZE, "MB"),), says("{:,} MB"), "pytest tests/benchmarks/a", only=((SIZE, "clips", 3),)),
        Row("training", ((LONG, "s"),), says("{} s"), "python -m tests.benchmarks.long_command OUT"),
        Row("new", (("test_b.py::test_new", "s"),), says("{} s"), "pytest tests/benchmarks/b"),
    ),
)
BEFORE = "# Page\r\nProse of 1.0× and | a | pipe |\n\n<!-- measured: machine -->\n\n- 2025-01-02: old\n\n<!-- end -->\n"
BEFORE += (
    "text\t\n<!-- measured: main -->\n| what | figure | measured |\n|---|---|---|\n| speed | 1.0× | 2025-01-02 |\n"
    "| size | **7** MB, by hand | 2025-01-02 |\n| training | 5 s | 2025-01-02 |\n<!-- end -->\nthe end, no newline"
)


def json_of(path: Path, figures: dict[str, dict[str, object]], without: dict[str, str] | None = None) -> Path:
    """As pytest-benchmark writes it, with what tests/benchmarks/conftest.py adds."""
    named = {f"tests/benchmarks/{name}": each for name, each in figures.items()}
    content = {
        "datetime": "2026-03-04T05:06:07+00:00",
        "machine_info": {MACHINE: "new"},
        "benchmarks": [{"fullname": name, "extra_info": each} for name, each in named.items()],
        WITHOUT: {f"tests/benchmarks/{name}": why for name, why in (without or {}).items()},
    }
    path.write_text(json.dumps(content), encoding="utf-8")
    return path


def outside(text: str) -> list[str]:
    """What is not between marks."""
    first, *rest = text.split("<!-- measured: ")
    return [first, *(each.split("<!-- end -->")[1] for each in rest)]


def figures_of(text: str) -> dict[str, tuple[str, str]]:
    """Figure and date of each row of SMALL."""
    block = text.partition("<!-- measured: main -->")[2].partition("<!-- end -->")[0]
    return {what: (cells["figure"], cells["measured"]) for what, cells in read_rows(block).items()}


OLD = {"speed": ("1.0×", "2025-01-02"), "size": ("**7** MB, by hand", "2025-01-02"), "training": ("5 s", "2025-01-02")}
NEW = {"new": (UNKNOWN, "")}


def test_what_was_measured_is_written_and_the_rest_is_kept(tmp_path: Path) -> None:
    run = read_run(json_of(tmp_path / "a.json", {SPEED: {"times": 2.34, "s": 0.5}}, {"test_a.py": "no clips"}))
    text, kept = rewrite(BEFORE, (SMALL,), [run])
    assert figures_of(text) == OLD | NEW | {"speed": ("2.3× (0.50 s)", "2026-03-04")}
    assert kept == ["main: size: no clips", "main: training: was not run", "main: new: was not run"]
    assert "- 2025-01-02: old\n- 2026-03-04: new\n" in text
    assert f"| `python -m tests.benchmarks.long_command OUT` {LONGER} |" in text
    assert "| ≥ 2 |" in text and "| same |" in text


def test_text_outside_of_the_marks_stays_byte_for_byte(tmp_path: Path) -> None:
    run = read_run(json_of(tmp_path / "a.json", {SPEED: {"times": 2.34, "s": 0.5}}))
    assert outside(rewrite(BEFORE, (SMALL,), [run])[0]) == outside(BEFORE)


def test_a_second_time_changes_nothing(tmp_path: Path) -> None:
    run = read_run(json_of(tmp_path / "a.json", {SPEED: {"times": 2.34, "s": 0.5}, SIZE: {"MB": 1234, "clips": 3}}))
    once = rewrite(BEFORE, (SMALL,), [run])
    assert rewrite(once[0], (SMALL,), [run]) == once
    assert figures_of(once[0])["size"] == ("1,234 MB", "2026-03-04")


@pytest.mark.parametrize(
    ("figures", "without", "why"),
    [
        ({SIZE: {"MB": 9, "clips": 3}}, {SIZE: "failed"}, "failed"),
        ({SIZE: {"MB": 9, "clips": 4}}, {}, "clips was 4, and the row is of 3"),
        ({SIZE: {"clips": 3}}, {}, f"{SIZE} has no 'MB' in its extra_info"),
    ],
)
def test_a_figure_that_is_not_the_row_s_is_not_written(tmp_path: Path, figures, without, why: str) -> None:
    text, kept = rewrite(BEFORE, (SMALL,), [read_run(json_of(tmp_path / "a.json", figures, without))])
    assert figures_of(text) == OLD | NEW
    assert f"main: size: {why}" in kept


def test_a_longer_command_s_json_goes_in_beside(tmp_path: Path) -> None:
    runs = [read_run(json_of(tmp_path / "a.json", {})), read_run(write_figures(tmp_path, LONG, {"s": 4}))]
    text, _ = rewrite(BEFORE, (SMALL,), runs)
    assert figures_of(text) == OLD | NEW | {"training": ("4 s", runs[1].date)}
    assert f"- {runs[1].date}: {runs[1].machine}\n" in text


def test_another_machine_of_the_same_day_has_a_line_of_its_own(tmp_path: Path) -> None:
    before = BEFORE.replace("2025-01-02", "2026-03-04")
    run = read_run(json_of(tmp_path / "a.json", {SPEED: {"times": 2.34, "s": 0.5}}))
    text, _ = rewrite(before, (SMALL,), [run])
    assert figures_of(text)["speed"][1] == "2026-03-04 (2)"
    assert "- 2026-03-04: old\n- 2026-03-04 (2): new\n" in text
    assert rewrite(text, (SMALL,), [run])[0] == text


def test_of_several_reasons_the_one_that_tells_more_is_given(tmp_path: Path) -> None:
    runs = [read_run(json_of(tmp_path / "a.json", {}, {SIZE: "failed"})), read_run(json_of(tmp_path / "b.json", {}))]
    assert "main: size: failed" in rewrite(BEFORE, (SMALL,), runs)[1]


def test_a_row_that_no_list_has_is_refused() -> None:
    with pytest.raises(ValueError, match="training"):
        rewrite(BEFORE, (Table("main", SMALL.rows[:2]),), [])


def test_marks_must_be_those_of_the_list() -> None:
    with pytest.raises(ValueError, match="other"):
        rewrite(BEFORE, (SMALL, Table("other", ())), [])


def test_the_command_writes_the_page_and_says_what_is_kept(tmp_path: Path, monkeypatch, capsys) -> None:
    page = tmp_path / PAGE
    page.write_bytes((ROOT / "docs" / PAGE).read_bytes())
    file = json_of(tmp_path / "a.json", {performance_table.DASK: {"ms per clip": 1.23}})
    monkeypatch.setattr(sys, "argv", ["performance_table", str(file), "--docs", str(tmp_path)])
    performance_table.main()
    assert "| Dask's own cost per clip, 2 workers | 1.2 ms | ≤ 3 ms | 2026-03-04 |" in page.read_text(encoding="utf-8")
    said = capsys.readouterr().out
    assert "kept: main: Fréchet distance" in said and f"1 rows written anew, {len(ROWS) - 1} kept" in said

    file.write_text("")
    before = page.read_bytes()
    with pytest.raises(SystemExit, match="no benchmark was run"):
        performance_table.main()
    assert page.read_bytes() == before


def test_the_page_has_just_the_rows_of_the_list() -> None:
    text = (ROOT / "docs" / PAGE).read_text(encoding="utf-8")
    assert rewrite(text, TABLES, [])[0] == text, "run python -m tests.benchmarks.performance_table"
    assert UNKNOWN not in text
    assert all(len({row.what for row in table.rows}) == len(table.rows) for table in TABLES)
    assert all(not line.startswith("|") for part in outside(text) for line in part.splitlines()), "a table by hand"


def test_every_row_s_benchmark_can_be_run() -> None:
    command = [sys.executable, "-m", "pytest", "--collect-only", "-q", "-p", "no:cacheprovider", "tests/benchmarks"]
    said = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=True).stdout
    collected = {line.removeprefix("tests/benchmarks/") for line in said.splitlines() if "::" in line}
    files = {name.partition("::")[0] for name in collected}
    for benchmark in {benchmark for row in ROWS for benchmark, *_ in (*row.values, *row.only)}:
        file, _, test = benchmark.partition("::")
        if not test:
            assert (BENCHMARKS / f"{file}.py").is_file(), benchmark
        elif file in files:
            assert benchmark in collected
        else:  # a package that it compares with is missing here
            assert f"def {test.partition('[')[0]}(" in (BENCHMARKS / file).read_text(encoding="utf-8"), benchmark


def test_every_row_s_keys_are_written_in_its_benchmark() -> None:
    for row in ROWS:
        for benchmark, key, *_ in (*row.values, *row.only):
            file = BENCHMARKS / benchmark.partition("::")[0]
            tree = ast.parse(file.with_suffix(".py").read_text(encoding="utf-8"))
            texts = {node.value for node in ast.walk(tree) if isinstance(node, ast.Constant)}
            assert key in texts, f"{file.name} never says {key!r}"


def test_every_row_s_figure_takes_its_values() -> None:
    lists = ("ratio", "decoding_fps", "extraction_fps", "full", "separate-decoders", "lstm")
    for table in TABLES:
        for row in table.rows:
            values = [[3.0, 1.0, 2.0] if key in lists else 12 for _, key in row.values]
            if row.values[0][0] == "stage1_results":
                values = [{"full@1": 30, "lstm@2": 10}]
            elif row.values[-1] == (performance_table.FACE_ALIGNMENT, "ratio"):
                values = [10.2, 0.011, 924]
            cells = row.figure(*values)
            assert len(cells) == len(table.heads) and all(cells), row.what

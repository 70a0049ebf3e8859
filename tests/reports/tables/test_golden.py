"""The small table in every format, letter by letter. FACECUES_GOLDEN=write writes it anew: read the difference."""

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console

from facecues.reports.site.build import table_to_html
from facecues.reports.tables.data import write_csv
from facecues.reports.tables.latex import to_latex
from facecues.reports.tables.markdown import to_markdown
from facecues.reports.tables.model import Table
from facecues.reports.tables.terminal import to_rich
from tests.reports.tables.examples import small

GOLDEN = Path(__file__).parent / "golden"


def csv(table: Table, folder: Path) -> str:
    write_csv(table, folder / "t.csv")
    return (folder / "t.csv").read_text(encoding="utf-8")


def terminal(table: Table, _: Path) -> str:
    console = Console(width=80, color_system=None, force_terminal=False)
    with console.capture() as capture:
        console.print(to_rich(table, 80))
    return "".join(f"{line.rstrip()}\n" for line in capture.get().splitlines())


FORMATS: dict[str, Callable[[Table, Path], str]] = {
    "small.tex": lambda table, _: to_latex(table),
    "small.md": lambda table, _: to_markdown(table),
    "small.csv": csv,
    "small.txt": terminal,
    "small.html": lambda table, _: table_to_html(table),
}


@pytest.mark.parametrize("name", FORMATS)
def test_the_small_table_is_written_as_ever(name: str, tmp_path: Path) -> None:
    text = FORMATS[name](small(), tmp_path)
    if os.environ.get("FACECUES_GOLDEN") == "write":
        (GOLDEN / name).write_text(text, encoding="utf-8")
    assert text == (GOLDEN / name).read_text(encoding="utf-8")


@pytest.mark.parametrize("name", FORMATS)
def test_a_table_without_rows_or_columns_is_still_written(name: str, tmp_path: Path) -> None:
    assert FORMATS[name](replace(small(), sections=()), tmp_path)
    rows = tuple(
        replace(section, rows=tuple(replace(row, cells=()) for row in section.rows)) for section in small().sections
    )
    assert FORMATS[name](replace(small(), columns=(), sections=rows), tmp_path)

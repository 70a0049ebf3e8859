"""A terminal: no line longer than it, numbers as rounded, what is left out is told."""

import pytest
from rich.cells import cell_len
from rich.console import Console

from facecues.reports.numbers import rounded
from facecues.reports.tables.model import Table
from facecues.reports.tables.terminal import to_rich
from tests.reports.tables.examples import hostile, small


def shown(table: Table, width: int) -> str:
    console = Console(width=width, color_system=None, force_terminal=False)
    with console.capture() as capture:
        console.print(to_rich(table, width))
    return capture.get()


@pytest.mark.parametrize("width", [60, 80, 120, 200, 400])
def test_no_line_is_longer_than_the_terminal(width: int) -> None:
    for table in (small(), hostile(), hostile(changes=True), hostile(interval="half")):
        text = shown(table, width)
        assert max(cell_len(line.rstrip()) for line in text.splitlines()) <= width
        assert "…" not in text


def test_columns_that_do_not_fit_are_counted() -> None:
    narrow, wide = shown(hostile(), 80), shown(hostile(), 400)
    assert "of 11 columns do not fit" in narrow
    assert "do not fit" not in wide


def test_every_number_is_the_rounded_value() -> None:
    table = hostile()
    words = set(shown(table, 400).replace("−", "-").replace("[", " ").replace("]", " ").replace(",", " ").split())
    for _, row in table.rows():
        for cell, column in zip(row.cells, table.columns, strict=True):
            for number in (cell.value, cell.low, cell.high):
                if number is not None:
                    assert rounded(number, column.digits, percent=column.percent) in words


def test_nothing_in_a_name_acts_on_the_terminal() -> None:
    table = hostile()
    text = shown(table, 400)
    assert "\x1b" not in text
    assert "[x](y)" in text  # brackets are no markup of rich


def test_best_is_bold_and_second_underlined() -> None:
    console = Console(width=100, force_terminal=True, color_system="standard")
    with console.capture() as capture:
        console.print(to_rich(small(), 100))
    text = capture.get()
    assert "\x1b[1m0.062\x1b[0m" in text
    assert "\x1b[4m0.124\x1b[0m" in text

"""Markdown: one row per method, names that stay text, numbers as rounded."""

import re

import pytest

from facecues.reports.numbers import rounded
from facecues.reports.tables.markdown import to_markdown
from facecues.reports.tables.model import Cell, Shown
from tests.reports.tables.examples import hostile, small


def cells(line: str) -> list[str]:
    return [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]]


def lines(text: str) -> list[str]:
    return [line for line in text.splitlines() if line.startswith("|")]


def test_every_line_has_the_same_columns_whatever_the_names_hold() -> None:
    for table in (small(), hostile()):
        assert len({len(cells(line)) for line in lines(to_markdown(table))}) == 1


def test_nothing_in_a_name_is_markup() -> None:
    text = to_markdown(hostile())
    allowed = {"<br>", "<sup>", "</sup>", "<ins>", "</ins>"}
    assert set(re.findall(r"<[^>]*>", text)) <= allowed
    assert "\\`code\\`" in text
    assert "&lt;script&gt;" in text
    assert re.search(r"(?<!\\)`", text) is None


@pytest.mark.parametrize("interval", ["range", "half", "none"])
def test_every_number_is_the_rounded_value(interval: Shown) -> None:
    table = hostile(interval=interval)
    body = [line for line in lines(to_markdown(table))[2:] if not line.startswith("| _")]
    for (_, row), line in zip(table.rows(), body, strict=True):
        for cell, column, printed in zip(row.cells, table.columns, cells(line)[2:], strict=True):
            if cell.value is None:
                continue
            first = re.match(r"(?:\*\*|<ins>)?([−\d.]+)", printed)
            assert first is not None
            assert first[1].replace("−", "-") == rounded(cell.value, column.digits, percent=column.percent)
            if interval == "range" and cell.low is not None and cell.high is not None:
                ends = re.search(r"\\\[([−\d.]+), ([−\d.]+)\\\]", printed)
                assert ends is not None
                assert ends[1].replace("−", "-") == rounded(cell.low, column.digits, percent=column.percent)
                assert ends[2].replace("−", "-") == rounded(cell.high, column.digits, percent=column.percent)


def test_a_missing_value_tells_its_reason_in_words() -> None:
    text = to_markdown(small())
    assert "–<sup>†</sup>" in text
    assert re.search(r"<sup>†</sup> .*face", text)


def test_columns_of_one_signature_share_a_number() -> None:
    head = cells(lines(to_markdown(small()))[0])
    assert head[2].endswith("<sup>1</sup>") and head[3].endswith("<sup>1</sup>") and head[4].endswith("<sup>2</sup>")


def test_partial_cells_carry_their_coverage_and_never_all_of_it() -> None:
    table = small()
    assert "(92%)" in to_markdown(table)
    assert Cell(1.0, n_expected=2, n_clips=2, coverage=0.998).partial

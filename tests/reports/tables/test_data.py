"""CSV and Parquet: every float comes back as it was."""

import json
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
import pytest

from facecues.errors import UsageError
from facecues.reports.tables.data import to_frame, write_csv, write_parquet
from facecues.reports.tables.model import Cell, Table
from tests.reports.tables.examples import hostile, small


def floats(table: Table, frame: pd.DataFrame) -> None:
    """Compares every number of a table with what was read."""
    assert len(frame) == len(list(table.rows()))
    for index, (_, row) in enumerate(table.rows()):
        for cell, column in zip(row.cells, table.columns, strict=True):
            for suffix, number in _numbers(cell).items():
                read = frame[column.name + suffix].iloc[index]
                assert (number is None and pd.isna(read)) or float(read) == number


def _numbers(cell: Cell) -> dict[str, float | None]:
    change = cell.change
    numbers: dict[str, float | None] = {"": cell.value, "_low": cell.low, "_high": cell.high}
    numbers |= {
        "_n_clips": cell.n_clips,
        "_n_expected": cell.n_expected,
        "_coverage": cell.coverage,
        "_rank": cell.rank,
    }
    if change is not None:
        numbers |= {"_change": change.difference, "_change_low": change.low, "_change_high": change.high}
    return numbers


@pytest.mark.parametrize("changes", [False, True])
def test_csv_gives_back_exactly_the_floats(tmp_path: Path, changes: bool) -> None:
    table = hostile(changes=changes)
    write_csv(table, tmp_path / "t.csv")
    floats(table, pd.read_csv(tmp_path / "t.csv"))


@pytest.mark.parametrize("changes", [False, True])
def test_parquet_gives_back_exactly_the_floats_and_the_names(tmp_path: Path, changes: bool) -> None:
    table = hostile(changes=changes)
    write_parquet(table, tmp_path / "t.parquet")
    frame = pd.read_parquet(tmp_path / "t.parquet")
    floats(table, frame)
    assert list(frame["method"]) == [row.name for _, row in table.rows()]
    assert list(frame["metric_0_beats"]) == [" ".join(row.cells[0].beats) for _, row in table.rows()]


def test_parquet_tells_signatures_units_digits_caption_and_notes(tmp_path: Path) -> None:
    table = small()
    write_parquet(table, tmp_path / "t.parquet")
    about = json.loads(pq.read_schema(tmp_path / "t.parquet").metadata[b"facecues_table"])
    assert about["caption"] == table.caption
    assert about["notes"] == list(table.notes)
    for column, told in zip(table.columns, about["columns"], strict=True):
        assert (told["signature"], told["unit"], told["digits"]) == (column.signature, column.unit, column.digits)


def test_no_text_in_csv_is_a_formula(tmp_path: Path) -> None:
    table = hostile()
    table = replace(table, columns=(replace(table.columns[0], name="=x"), *table.columns[1:]))
    write_csv(table, tmp_path / "t.csv")
    frame = pd.read_csv(tmp_path / "t.csv", dtype=str, keep_default_na=False)
    texts = [*frame.columns, *frame["method"], *frame["title"], *frame["citation"]]
    assert not [text for text in texts if text.startswith(("=", "+", "-", "@"))]
    assert frame["method"].iloc[0] == "'" + next(table.rows())[1].name


def test_texts_and_changes_have_columns_only_where_there_are_some() -> None:
    frame = to_frame(small())
    assert "M-LD_text" in frame and "M-LD_change" not in frame
    assert frame["M-LD_text"].iloc[-1] == "2.410"
    changed = to_frame(hostile(changes=True))
    assert changed["metric_0_change_significant"].dtype == "boolean"


def test_two_columns_of_one_name_are_refused() -> None:
    table = small()
    twice = replace(table, columns=(table.columns[0], replace(table.columns[1], name="M-LD_low"), table.columns[2]))
    with pytest.raises(UsageError, match="M-LD_low"):
        to_frame(twice)

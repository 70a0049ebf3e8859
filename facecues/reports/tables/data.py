"""Tables as data: one row per method, numbers as they are in scores.parquet."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from facecues.errors import UsageError
from facecues.reports.names import safe_cell
from facecues.reports.tables.model import Cell, Column, Row, Section, Table

_METADATA: Final = "facecues_table"
_TYPES: Final = {
    "": "Float64",
    "_low": "Float64",
    "_high": "Float64",
    "_n_clips": "Int64",
    "_n_expected": "Int64",
    "_coverage": "Float64",
    "_rank": "Int64",
    "_beats": "string",
    "_reason": "string",
    "_text": "string",
    "_change": "Float64",
    "_change_low": "Float64",
    "_change_high": "Float64",
    "_change_significant": "boolean",
}


def to_frame(table: Table) -> pd.DataFrame:
    """One row per method: method, title, section, letter, citation, then for each column NAME what its cells hold.

    NAME is the value; NAME_low, NAME_high, NAME_n_clips, NAME_n_expected, NAME_coverage, NAME_rank, NAME_beats
    (letters with spaces between) and NAME_reason stand beside it. NAME_text is there when a cell has a text, and
    NAME_change, …_low, …_high and …_significant when one has a change. Numbers are not
    rounded; what is missing is null.

    Raises:
        UsageError: two columns have the same name.
    """
    rows = list(table.rows())
    frame = pd.DataFrame([_row(section, row) for section, row in rows], dtype="string")
    columns = {str(name): frame[name] for name in frame}
    for index, column in enumerate(table.columns):
        cells = [row.cells[index] for _, row in rows]
        for name, series in _columns(column, cells).items():
            if name in columns:
                raise UsageError(
                    f"Table {table.name!r} would have two columns {name!r} in its data: name each metric once and "
                    "none of them like another one's _low, _high, …"
                )
            columns[name] = series
    return pd.DataFrame(columns)


def write_csv(table: Table, path: Path) -> None:
    """Writes `to_frame` as CSV. Floats have the digits that give them back exactly; no text is taken for a formula."""
    frame = to_frame(table)
    for name in map(str, frame.select_dtypes("string").columns):
        frame[name] = frame[name].map(safe_cell, na_action="ignore")
    frame.rename(columns=safe_cell).to_csv(path, index=False, encoding="utf-8", lineterminator="\n")


def write_parquet(table: Table, path: Path) -> None:
    """Writes `to_frame` as Parquet.

    The schema's metadata holds under "facecues_table" a JSON object: name, caption, notes, interval, head, and
    columns, each with name, title, unit, better, digits, percent, group and signature.
    """
    data = pa.Table.from_pandas(to_frame(table), preserve_index=False)
    about = {
        "name": table.name,
        "caption": table.caption,
        "notes": table.notes,
        "interval": table.interval,
        "head": table.head,
        "columns": [asdict(column) for column in table.columns],
        "sections": [{"kind": section.kind, "title": section.title} for section in table.sections],
    }
    metadata = {**(data.schema.metadata or {}), _METADATA: json.dumps(about, ensure_ascii=False)}
    pq.write_table(data.replace_schema_metadata(metadata), path, compression="zstd")


def _row(section: Section, row: Row) -> dict[str, str | None]:
    return {
        "method": row.name,
        "title": row.title,
        "section": section.kind,
        "letter": row.letter,
        "citation": row.citation,
    }


def _columns(column: Column, cells: list[Cell]) -> dict[str, "pd.Series[Any]"]:
    suffixes = [name for name in _TYPES if not name.startswith(("_change", "_text"))]
    if any(cell.text is not None for cell in cells):
        suffixes.append("_text")
    if any(cell.change is not None for cell in cells):
        suffixes += [name for name in _TYPES if name.startswith("_change")]
    values = [_values(cell) for cell in cells]
    return {column.name + name: pd.Series([each[name] for each in values], dtype=_TYPES[name]) for name in suffixes}


def _values(cell: Cell) -> dict[str, float | int | str | bool | None]:
    change = cell.change
    return {
        "": cell.value,
        "_low": cell.low,
        "_high": cell.high,
        "_n_clips": cell.n_clips,
        "_n_expected": cell.n_expected,
        "_coverage": cell.coverage,
        "_rank": cell.rank,
        "_beats": " ".join(cell.beats),
        "_reason": cell.reason,
        "_text": cell.text,
        "_change": None if change is None else change.difference,
        "_change_low": None if change is None else change.low,
        "_change_high": None if change is None else change.high,
        "_change_significant": None if change is None else change.significant,
    }

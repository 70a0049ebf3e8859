"""Rows of values that papers report."""

from collections.abc import Sequence
from typing import Final

from facecues.reports.config import ColumnStyle
from facecues.reports.reported import Reported, ReportedValues
from facecues.reports.tables.model import Cell, Row, Section

TITLE: Final = "reported by the papers, not measured here"


def reported_section(reported: Reported, columns: Sequence[ColumnStyle]) -> tuple[Section, list[str]]:
    """The entries that report any of the columns, exactly as printed there, and what has to be said of them.

    Args:
        reported: of papers.
        columns: with the exact names of metrics. A value called as the beginning of a name, "EmoAcc" for EmoAcc-fer,
            stands in the first such column.
    """
    shown = [(entry, _cells(entry, columns)) for entry in reported.entries]
    kept = [(entry, cells) for entry, cells in shown if any(cell.text for cell in cells)]
    if not kept:
        return Section("reported", (), TITLE), []
    rows = tuple(Row(entry.method, entry.method, cells, citation=entry.citation) for entry, cells in kept)
    said: dict[str, list[str]] = {}
    for entry, _ in kept:
        source = f"{entry.citation}{' (taken from a secondary source)' if entry.second_hand else ''}"
        names = said.setdefault(f"{source}: {entry.protocol}", [])
        if entry.method not in names:
            names.append(entry.method)
    notes = [f"{', '.join(names)} from {what}" for what, names in said.items()]
    return Section("reported", rows, TITLE), [
        "reported values are in the units and protocols of their papers: they compare neither with the rows above nor "
        "between papers",
        *notes,
    ]


def _cells(entry: ReportedValues, columns: Sequence[ColumnStyle]) -> tuple[Cell, ...]:
    names = [column.metric for column in columns]
    places: dict[int, str] = {}
    for metric, text in entry.values.items():
        fitting = [at for at, name in enumerate(names) if name == metric]
        fitting = fitting or [at for at, name in enumerate(names) if name.startswith(f"{metric}-")]
        if fitting:
            places.setdefault(fitting[0], text)
    return tuple(Cell(text=places.get(at)) for at in range(len(names)))

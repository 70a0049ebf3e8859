"""A table as its page shows it: every text made, nothing left for the template to compute."""

from dataclasses import dataclass
from typing import Final, Literal

from facecues.reports.numbers import MINUS, rounded
from facecues.reports.site.words import in_words
from facecues.reports.tables.model import Cell, Change, Column, Section, Shown, Table

_ARROWS: Final[dict[str | None, str]] = {"lower": "↓", "higher": "↑", None: ""}


@dataclass(frozen=True, slots=True)
class CellView:
    """One cell.

    Attributes:
        value: exact, as a float's shortest decimal; None where a row has none.
        shown: rounded, or what stands instead of a number.
        interval: in brackets or after ±; "" without one.
        letters: of rows that it beats.
        change: of an ablation, with its sign; "" without.
        mark: best or second of its column.
        partial: not all expected frames made it.
        note: everything that is known about it, for a tooltip and the line below the table.
    """

    value: str | None
    shown: str
    interval: str
    letters: str
    change: str
    mark: Literal["best", "second", ""]
    partial: bool
    note: str


@dataclass(frozen=True, slots=True)
class ColumnView:
    """A column's head: its title with arrow and unit, how it sorts at first, and all of it in words."""

    title: str
    arrow: str
    unit: str
    first: Literal["ascending", "descending"]
    note: str


@dataclass(frozen=True, slots=True)
class RowView:
    """A method's row."""

    title: str
    letter: str | None
    citation: str | None
    cells: tuple[CellView, ...]


@dataclass(frozen=True, slots=True)
class SectionView:
    """Rows that are sorted among themselves."""

    kind: str
    title: str | None
    rows: tuple[RowView, ...]


@dataclass(frozen=True, slots=True)
class TableView:
    """A table.

    Attributes:
        groups: title and width of every heading above columns; empty where no column has one.
        signatures: column title and signature of all that were measured.
    """

    name: str
    caption: str
    head: str
    groups: tuple[tuple[str, int], ...]
    columns: tuple[ColumnView, ...]
    sections: tuple[SectionView, ...]
    notes: tuple[str, ...]
    signatures: tuple[tuple[str, str], ...]


def number(value: float, digits: int, *, percent: bool = False) -> str:
    """A number as printed on a page, with a real minus sign."""
    return rounded(value, digits, percent=percent).replace("-", MINUS)


def table_to_view(table: Table) -> TableView:
    """Everything of a table in words and rounded numbers."""
    return TableView(
        name=table.name,
        caption=table.caption,
        head=table.head,
        groups=_groups(table.columns),
        columns=tuple(_column(column) for column in table.columns),
        sections=tuple(_section(section, table) for section in table.sections),
        notes=table.notes,
        signatures=tuple((column.title, column.signature) for column in table.columns if column.signature),
    )


def _groups(columns: tuple[Column, ...]) -> tuple[tuple[str, int], ...]:
    if not any(column.group for column in columns):
        return ()
    groups: list[tuple[str, int]] = []
    for column in columns:
        title = column.group or ""
        if groups and groups[-1][0] == title:
            groups[-1] = (title, groups[-1][1] + 1)
        else:
            groups.append((title, 1))
    return tuple(groups)


def _column(column: Column) -> ColumnView:
    unit = "%" if column.percent else column.unit
    better = f"{column.better} is better" if column.better else "a description: no value is better"
    signature = f"; {column.signature}" if column.signature else ""
    return ColumnView(
        title=column.title,
        arrow=_ARROWS[column.better],
        unit=unit,
        first="descending" if column.better == "higher" else "ascending",
        note=f"{column.name}: {better}{f'; in {unit}' if unit else ''}{signature}",
    )


def _section(section: Section, table: Table) -> SectionView:
    rows = tuple(
        RowView(
            title=row.title,
            letter=row.letter,
            citation=row.citation,
            cells=tuple(
                _cell(cell, column, table.interval, f"{row.title}, {column.title}")
                for cell, column in zip(row.cells, table.columns, strict=True)
            ),
        )
        for row in section.rows
    )
    return SectionView(section.kind, section.title, rows)


def _cell(cell: Cell, column: Column, interval: Shown, where: str) -> CellView:
    if cell.text is not None:
        shown = cell.text
    else:
        shown = "–" if cell.value is None else number(cell.value, column.digits, percent=column.percent)
    return CellView(
        value=None if cell.value is None else repr(float(cell.value)),
        shown=shown,
        interval=_interval(cell, column, interval),
        letters=",".join(cell.beats),
        change=_change(cell.change, column) if cell.change else "",
        mark="best" if cell.rank == 1 else "second" if cell.rank == 2 else "",
        partial=cell.partial,
        note=_note(cell, column, where),
    )


def _interval(cell: Cell, column: Column, interval: Shown) -> str:
    if cell.low is None or cell.high is None or interval == "none":
        return ""
    if interval == "half":
        return f"±{number((cell.high - cell.low) / 2, column.digits, percent=column.percent)}"
    low, high = (number(end, column.digits, percent=column.percent) for end in (cell.low, cell.high))
    return f"[{low}, {high}]"


def _change(change: Change, column: Column) -> str:
    shown = number(change.difference, column.digits, percent=column.percent)
    sign = "+" if change.difference > 0 and shown.strip("0.") else ""
    return f"{sign}{shown}{'*' if change.significant else ''}"


def _note(cell: Cell, column: Column, where: str) -> str:
    """Sentences: exact value, interval, what it was made of, and why it is missing."""
    parts = [where]
    if cell.value is not None:
        parts.append(f"exactly {float(cell.value)!r}{f' {column.unit}' if column.unit else ''}")
        if cell.low is not None and cell.high is not None:
            parts.append(f"95 % interval {float(cell.low)!r} to {float(cell.high)!r}")
    elif cell.text is None:
        parts.append(f"no value: {in_words(cell.reason)}")
    if cell.n_expected:
        parts.append(
            f"{cell.n_clips} of {cell.n_expected} clips, {rounded(cell.coverage, 1, percent=True)} % of frames"
        )
    if cell.value is not None and cell.reason:
        parts.append(f"lowered by: {in_words(cell.reason)}")
    if cell.beats:
        parts.append(f"significantly better than {', '.join(cell.beats)}")
    if cell.change and cell.change.low is not None and cell.change.high is not None:
        parts.append(f"change {cell.change.difference!r}, 95 % interval {cell.change.low!r} to {cell.change.high!r}")
    return "; ".join(parts)

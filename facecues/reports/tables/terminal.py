"""Tables for a terminal: as many columns as fit."""

from dataclasses import dataclass
from typing import Final

from rich.box import SIMPLE_HEAD
from rich.console import Group, RenderableType
from rich.table import Table as RichTable
from rich.text import Text

from facecues.reports.numbers import MINUS
from facecues.reports.tables.cells import Notes, Printed, counts, is_key, titles, visible
from facecues.reports.tables.model import Cell, Column, Row, Table

_GAP: Final = 2  # between two columns
_LEAST_TITLE: Final = 12
_WIDEST_TITLE: Final = 0.4  # of the whole width
_RANKS: Final = {1: "bold", 2: "underline", None: ""}


@dataclass(frozen=True, slots=True)
class _Printed:
    """A column: its head and its cells, and how many characters they take."""

    head: Text
    cells: tuple[Text, ...]

    @property
    def width(self) -> int:
        return max((line.cell_len for text in (self.head, *self.cells) for line in text.split()), default=0)


def to_rich(table: Table, width: int) -> RenderableType:
    """A table for a terminal.

    Args:
        width: of the terminal, characters. The first column of values is shown even where it does not fit.
    """
    notes = Notes(table)
    clips = counts(table)
    names = _Printed(
        Text(visible(table.head)),
        tuple(
            text
            for section in table.sections
            for text in (
                *([Text(visible(section.title), style="italic")] if section.title is not None else []),
                *(_title(row) for row in section.rows),
            )
        ),
    )
    widest = max((_title(row).cell_len for _, row in table.rows()), default=0)
    room = max(_LEAST_TITLE, min(widest, round(width * _WIDEST_TITLE)))
    left = width - room
    made = _Printed(Text("n"), tuple(map(Text, clips))) if clips else None
    if made:
        left -= made.width + _GAP
    shown: list[_Printed] = []
    for index, column in enumerate(table.columns):
        each = _column(index, column, table, notes)
        if shown and left < each.width + _GAP:
            break
        left -= each.width + _GAP
        shown.append(each)
    omitted = table.columns[len(shown) :]
    # Signatures fill a screen: whoever compares them has the files.
    lines = [_note(mark, text) for mark, text in notes.lines if not _of_signature(mark)]
    if omitted:
        lines.append(
            Text(f"{len(omitted)} of {len(table.columns)} columns do not fit: {_names(omitted)}", style="italic")
        )
    body = _body(table, names, room, [*([made] if made else []), *shown])
    return Group(Text(visible(table.caption), style="bold"), body, *lines)


def _body(table: Table, names: _Printed, room: int, columns: list[_Printed]) -> RichTable:
    body = RichTable(box=SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=0, collapse_padding=True)
    body.add_column(names.head, width=room, overflow="fold")
    for column in columns:
        body.add_column(column.head, width=column.width + _GAP, justify="right", no_wrap=True)
    name, number = iter(names.cells), 0
    for section in table.sections:
        body.add_section()
        if section.title is not None:
            body.add_row(next(name))
        for _ in section.rows:
            body.add_row(next(name), *(column.cells[number] for column in columns))
            number += 1
    return body


def _column(index: int, column: Column, table: Table, notes: Notes) -> _Printed:
    title, unit = titles(column)
    lines = [visible(title), *([visible(unit)] if unit else [])]
    cells = tuple(
        _cell(row.cells[index], notes.printed(row.cells[index], column, table.interval)) for _, row in table.rows()
    )
    return _Printed(Text("\n".join(lines)), cells)


def _title(row: Row) -> Text:
    cited = f" [{row.citation}]" if row.citation and is_key(row) else ""
    text = Text(visible(row.title + cited))
    return text.append(f" {row.letter}", style="dim") if row.letter else text


def _cell(cell: Cell, printed: Printed) -> Text:
    value = visible(printed.value) if cell.text is not None else _signed(printed.value)
    text = Text()
    text.append(value, style=_RANKS[cell.rank])
    beside = [printed.letters, printed.coverage and f"({printed.coverage})", printed.mark]
    half = printed.interval if printed.interval and printed.interval.startswith("±") else None
    for extra in filter(None, (half, *beside)):
        text.append(f" {_signed(extra)}", style="dim")
    if printed.interval and not half:
        text.append(f"\n{_signed(printed.interval)}", style="dim")
    if printed.change:
        text.append(f"\n{_signed(' '.join(filter(None, ('Δ', printed.change, printed.change_interval))))}")
    return text


def _signed(text: str) -> str:
    return text.replace("-", MINUS)


def _note(mark: str | None, text: str) -> Text:
    return Text(f"{mark or ''} {visible(text)}".strip(), style="dim")


def _of_signature(mark: str | None) -> bool:
    return mark is not None and mark.isdigit()


def _names(columns: tuple[Column, ...]) -> str:
    return ", ".join(visible(column.title) for column in columns)

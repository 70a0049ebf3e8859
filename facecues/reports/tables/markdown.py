"""Tables as GitHub's Markdown."""

import re
from collections.abc import Sequence
from typing import Final

from facecues.reports.numbers import MINUS
from facecues.reports.tables.cells import Notes, Printed, counts, is_key, titles, visible
from facecues.reports.tables.model import Cell, Column, Row, Table

_ACTIVE: Final = re.compile(r"([\\`*_{}\[\]#|~$!])")
_ENTITIES: Final = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}


def to_markdown(table: Table) -> str:
    """A table for GitHub: caption, pipe table, notes. Names are text whatever they hold."""
    notes = Notes(table)
    clips = counts(table)
    head = [_text(table.head), *(["n"] if clips else []), *(_head(column, notes) for column in table.columns)]
    lines = [f"**{_text(table.caption)}**", "", _line(head), _line([":--", *["--:"] * (len(head) - 1)])]
    index = 0
    for section in table.sections:
        if section.title is not None:
            lines.append(_line([f"_{_text(section.title)}_", *[""] * (len(head) - 1)]))
        for row in section.rows:
            cells = [_cell(cell, column, table, notes) for cell, column in zip(row.cells, table.columns, strict=True)]
            lines.append(_line([_title(row), *([clips[index]] if clips else []), *cells]))
            index += 1
    lines += ["", *(f"- {_mark(mark)}{_text(text)}" for mark, text in notes.lines)] if notes.lines else []
    return "\n".join(lines) + "\n"


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _head(column: Column, notes: Notes) -> str:
    title, unit = titles(column)
    number = notes.number(column)
    group = [_text(column.group)] if column.group is not None else []
    return "<br>".join([*group, " ".join(filter(None, (_text(title), _text(unit)))) + _raised(number)])


def _title(row: Row) -> str:
    cited = f" \\[{_text(row.citation)}\\]" if row.citation and is_key(row) else ""
    return f"{_text(row.title)}{cited}{_raised(row.letter)}"


def _cell(cell: Cell, column: Column, table: Table, notes: Notes) -> str:
    printed = notes.printed(cell, column, table.interval)
    value = _text(_signed(printed.value) if cell.text is None else printed.value)
    value = {1: f"**{value}**", 2: f"<ins>{value}</ins>", None: value}[cell.rank]
    value += _raised(printed.letters or printed.mark)
    return "<br>".join(filter(None, (_measured(value, printed), _change(printed))))


def _measured(value: str, printed: Printed) -> str:
    interval = f" {_text(_signed(printed.interval))}" if printed.interval else ""
    return f"{value}{interval}{f' ({printed.coverage})' if printed.coverage else ''}"


def _change(printed: Printed) -> str:
    return (
        _text(_signed(" ".join(filter(None, (f"Δ {printed.change}", printed.change_interval)))))
        if printed.change
        else ""
    )


def _signed(number: str) -> str:
    return number.replace("-", MINUS)


def _raised(mark: str | None) -> str:
    return f"<sup>{_text(mark)}</sup>" if mark else ""


def _mark(mark: str | None) -> str:
    return f"{_raised(mark)} " if mark else ""


def _text(text: str) -> str:
    entities = "".join(_ENTITIES.get(character, character) for character in visible(text))
    return _ACTIVE.sub(r"\\\1", entities)

"""Rows of measured values: methods with their ranks, floors and ceilings below them."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

from facecues.reports.tables.model import Cell, Column, Row, Section
from facecues.reports.tables.ranking import letters, ranks
from facecues.reports.tables.source import Key, Source

LIMITS: Final = "floors and ceilings"


def method_rows(source: Source, methods: Sequence[str], columns: Sequence[Column], keys: Sequence[Key]) -> list[Row]:
    """One row for each method, the best and second of each column marked.

    Args:
        source: of the values.
        methods: in order.
        columns, keys: of the same length: how each column is printed, and what stands in it.
    """
    grid = [[source.cell(method, key) for key in keys] for method in methods]
    for position, column in enumerate(columns):
        ranked = ranks([cells[position].value for cells in grid], column)
        for cells, rank in zip(grid, ranked, strict=True):
            cells[position] = replace(cells[position], rank=rank)
    return [_row(source, name, cells) for name, cells in zip(methods, grid, strict=True)]


def limit_rows(source: Source, keys: Sequence[Key]) -> list[Row]:
    """One row for each floor, and the reference, that has any of these values."""
    rows = [_row(source, name, [source.cell(name, key) for key in keys]) for name in source.results.limits]
    return [row for row in rows if any(cell.value is not None for cell in row.cells)]


def with_letters(
    rows: Sequence[Row], keys: Sequence[Key], beats: Mapping[tuple[str, str], frozenset[str]]
) -> list[Row]:
    """The rows, each with a letter, and cells that name the rows they beat; unchanged if nobody beats anybody.

    Args:
        rows: of methods.
        keys: of their cells.
        beats: whom a method beats, by (metric, method).
    """
    named = dict(zip((row.name for row in rows), letters(len(rows)), strict=True))
    cells = {
        row.name: tuple(
            _with_beaten(cell, beats.get((metric, row.name), frozenset()), named)
            for cell, (metric, _) in zip(row.cells, keys, strict=True)
        )
        for row in rows
    }
    if not any(cell.beats for own in cells.values() for cell in own):
        return list(rows)
    return [replace(row, letter=named[row.name], cells=cells[row.name]) for row in rows]


def sections(*parts: Section) -> tuple[Section, ...]:
    """Those that have rows."""
    return tuple(part for part in parts if part.rows)


def _row(source: Source, name: str, cells: Sequence[Cell]) -> Row:
    return Row(name=name, title=source.title(name), cells=tuple(cells), citation=source.citation(name))


def _with_beaten(cell: Cell, losers: frozenset[str], named: Mapping[str, str]) -> Cell:
    return replace(cell, beats=tuple(letter for name, letter in named.items() if name in losers))

"""How wide the columns of a table are in LaTeX, and which of them fit beside each other."""

from dataclasses import dataclass
from typing import Final

from facecues.reports.numbers import MINUS
from facecues.reports.tables.cells import Notes, Printed, counts, is_key, titles
from facecues.reports.tables.model import Cell, Column, Row, Table
from facecues.reports.tables.tex import width

COLUMN: Final = 237.0  # points
PAGE: Final = 496.0
GAP: Final = 6.0  # between two columns: \\tabcolsep on both sides
WIDEST: Final = 90.0  # a title or a text wider than this is broken into lines
CLOSER: Final = -1.5  # what stands below a value is that much nearer than the next line
_CITED: Final = 14.0  # a number in brackets


@dataclass(frozen=True, slots=True)
class Sizes:
    """Sizes of type, points, and the commands that set them."""

    command: str
    text: int
    raised: int
    line: float
    small: int = 5


LARGE: Final = Sizes("\\footnotesize", 8, 6, 9.5)
SMALL: Final = Sizes("\\scriptsize", 7, 5, 8.0)


@dataclass(frozen=True, slots=True)
class SetColumn:
    """A column of values, ready to be set.

    Attributes:
        column: what it holds.
        index: its place in the table.
        number: of its signature's note.
        cells: as text, in the order of the rows.
        digits: most digits before the point.
        signed: a value is negative.
        beside: width of the letters that follow the values, points.
        width: of the whole column, points.
    """

    column: Column
    index: int
    number: str | None
    cells: tuple[Printed, ...]
    digits: int
    signed: bool
    beside: float
    width: float


def set_columns(table: Table, notes: Notes, sizes: Sizes) -> list[SetColumn]:
    """The columns of a table as text, with their widths."""
    return [_column(index, column, table, notes, sizes) for index, column in enumerate(table.columns)]


def _column(index: int, column: Column, table: Table, notes: Notes, sizes: Sizes) -> SetColumn:
    cells = [row.cells[index] for _, row in table.rows()]
    printed = tuple(notes.printed(cell, column, table.interval) for cell in cells)
    numbers = [each.value for cell, each in zip(cells, printed, strict=True) if is_number(cell)]
    whole = max((number.lstrip("-").partition(".")[0] for number in numbers), key=len, default="")
    beside = max((width(each.letters, sizes.small) for each in printed), default=0.0)
    title, unit = titles(column)
    head = max(width(title, sizes.text) + width(notes.number(column) or "", sizes.raised), width(unit, sizes.text))
    signed = any(number.startswith("-") for number in numbers)
    beside_all = beside + (sizes.text if signed else 0.0)
    body = max(
        (_cell_width(cell, each, beside_all, sizes) for cell, each in zip(cells, printed, strict=True)), default=0.0
    )
    return SetColumn(
        column,
        index,
        notes.number(column),
        printed,
        digits=len(whole),
        signed=signed,
        beside=beside,
        width=max(min(head, WIDEST), body) + GAP,
    )


def _cell_width(cell: Cell, printed: Printed, beside: float, sizes: Sizes) -> float:
    if not is_number(cell):
        return min(width(printed.value, sizes.text), WIDEST) + width(printed.mark or "", sizes.raised)
    half = printed.interval if printed.interval and is_half(printed.interval) else ""
    line = width(_minus(printed.value), sizes.text, bold=cell.rank == 1) + width(f" {half}" if half else "", sizes.text)
    return max(
        line + beside,
        width(_minus(below_value(printed)), sizes.small),
        width(_minus(change_of(printed)), sizes.small),
    )


def first_width(table: Table, sizes: Sizes) -> float:
    """Of the columns that every block repeats: the rows' titles and their clips."""
    names = min(WIDEST, max((name_width(row, sizes) for _, row in table.rows()), default=0.0))
    made = max((width(text, sizes.text) for text in counts(table) or ()), default=0.0)
    return max(names, min(width(table.head, sizes.text), WIDEST)) + GAP + (made + GAP if made else 0.0)


def name_width(row: Row, sizes: Sizes) -> float:
    """Points that a row's title takes with its citation and its letter."""
    cited = _CITED * len((row.citation or "").split(",")) if row.citation and is_key(row) else 0.0
    return width(row.title, sizes.text) + cited + width(row.letter or "", sizes.raised)


def in_blocks(columns: list[SetColumn], room: float) -> list[list[SetColumn]]:
    """Columns in as few blocks as fit, about equally many in each."""
    fewest = len(_filled(columns, room, len(columns)))
    for most in range(-(-len(columns) // fewest), len(columns) + 1):
        blocks = _filled(columns, room, most)
        if len(blocks) == fewest:
            return blocks
    return _filled(columns, room, len(columns))


def _filled(columns: list[SetColumn], room: float, most: int) -> list[list[SetColumn]]:
    blocks: list[list[SetColumn]] = [[]]
    for column in columns:
        block = blocks[-1]
        if block and (len(block) == most or sum(each.width for each in block) + column.width > room):
            blocks.append([])
        blocks[-1].append(column)
    return blocks


def change_of(printed: Printed) -> str:
    """The change with its interval, "" without one."""
    return " ".join(filter(None, (f"Δ {printed.change}", printed.change_interval))) if printed.change else ""


def _minus(text: str) -> str:
    return text.replace("-", MINUS)


def below_value(printed: Printed) -> str:
    """The ends of the interval, and the share of the frames where it is not all."""
    ends = None if printed.interval is None or is_half(printed.interval) else printed.interval
    return " ".join(filter(None, (ends, printed.coverage)))


def is_half(interval: str) -> bool:
    """Whether an interval stands beside its value, after ±."""
    return interval.startswith("±")


def is_number(cell: Cell) -> bool:
    """Whether a cell holds a number that was measured."""
    return cell.text is None and cell.value is not None

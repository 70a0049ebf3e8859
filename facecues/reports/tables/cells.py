"""What every written form of a table prints: the numbers as text, and the marks that lead to its notes."""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from facecues.reports.numbers import rounded
from facecues.reports.tables.model import Cell, Column, Row, Shown, Table
from facecues.reports.tables.notes import WORDS

ARROWS: Final[Mapping[str | None, str]] = {"lower": "↓", "higher": "↑", None: ""}
NOTHING: Final = "–"

_KEY: Final = re.compile(r"(?=.*[\d_:./+])[A-Za-z0-9][A-Za-z0-9_:./+-]*")
_SYMBOLS: Final = "†‡§¶‖"
_HIDDEN: Final = ("Cc", "Cs", "Co", "Cn")
_TURNING: Final = frozenset("\u200e\u200f\u061c\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


@dataclass(frozen=True, slots=True)
class Printed:
    """A cell as text. Minus signs are ASCII; each writer sets its own.

    Attributes:
        value: the number, its text, or a dash.
        interval: "[0.1, 0.2]" or "± 0.05".
        letters: of the rows that it beats, runs shortened: "a–d, f" is "a–df".
        coverage: in percent, where not all expected frames made the value.
        mark: of the note that says why there is no value.
        change: difference from the row that everything is held against, signed, with a star when significant.
        change_interval: as `interval`, of the change.
    """

    value: str
    interval: str | None = None
    letters: str = ""
    coverage: str | None = None
    mark: str | None = None
    change: str | None = None
    change_interval: str | None = None


class Notes:
    """The notes below a table, and the marks by which heads and cells name them."""

    def __init__(self, table: Table) -> None:
        cells = [cell for _, row in table.rows() for cell in row.cells]
        signatures = dict.fromkeys(column.signature for column in table.columns if column.signature)
        reasons = dict.fromkeys(_why(cell) for cell in cells if _why(cell))
        self._numbers = {signature: str(index + 1) for index, signature in enumerate(signatures)}
        self._symbols = {reason: _symbol(index) for index, reason in enumerate(reasons)}
        self._order = tuple(row.letter for _, row in table.rows() if row.letter)
        self.lines: tuple[tuple[str | None, str], ...] = (
            *((None, note) for note in table.notes),
            *((None, f"{', '.join(rows)}: {citation}") for citation, rows in _cited(table).items()),
            *(
                ((None, "a percentage beside a value is the share of the frames that made it, where not all did"),)
                if _any_partial(cells)
                else ()
            ),
            *((symbol, reason or "") for reason, symbol in self._symbols.items()),
            *((number, signature) for signature, number in self._numbers.items()),
        )

    def number(self, column: Column) -> str | None:
        """Of the note with the signature of a column."""
        return self._numbers.get(column.signature) if column.signature else None

    def printed(self, cell: Cell, column: Column, shown: Shown) -> Printed:
        """A cell as text."""
        if cell.text is not None:
            return Printed(cell.text)
        if cell.value is None:
            return Printed(NOTHING, mark=self._symbols.get(_why(cell)))
        change = cell.change
        return Printed(
            _number(cell.value, column),
            interval=_interval(cell.low, cell.high, column, shown),
            letters=shortened(cell.beats, self._order),
            coverage=percent_of(cell.coverage) if cell.partial else None,
            change=None if change is None else _signed(change.difference, column) + ("*" if change.significant else ""),
            change_interval=None if change is None else _interval(change.low, change.high, column, shown),
        )


def is_key(row: Row) -> bool:
    """Whether a row's citation is a BibTeX key, or several with commas, and not words.

    A word alone is a name: a key has a digit, or one of _ : . / + in it.
    """
    return all(_KEY.fullmatch(key) for key in (row.citation or "").split(","))


def counts(table: Table) -> tuple[str, ...] | None:
    """Clips behind each row: one number where its cells agree, else a range. None for a table without measurements."""
    made = [
        [cell.n_clips for cell in row.cells if cell.value is not None and cell.n_expected] for _, row in table.rows()
    ]
    if not any(made):
        return None
    return tuple(_range(each) for each in made)


def titles(column: Column) -> tuple[str, str]:
    """A column's title with its arrow after a space that does not break, and its unit in brackets, "" without one."""
    unit = " ".join(filter(None, ("%" if column.percent else "", column.unit)))
    return f"{column.title}\xa0{ARROWS[column.better]}".rstrip(), f"({unit})" if unit else ""


def groups(columns: Sequence[Column]) -> list[tuple[str | None, int]]:
    """Headings over neighbouring columns, with how many columns each spans."""
    spans: list[tuple[str | None, int]] = []
    for column in columns:
        if spans and column.group is not None and spans[-1][0] == column.group:
            spans[-1] = (column.group, spans[-1][1] + 1)
        else:
            spans.append((column.group, 1))
    return spans


def shortened(letters: Sequence[str], order: Sequence[str]) -> str:
    """Letters in the order of the rows, three and more neighbours as "a–c"."""
    positions = sorted(order.index(letter) for letter in letters if letter in order)
    runs: list[list[str]] = []
    for index, position in enumerate(positions):
        if index and position == positions[index - 1] + 1:
            runs[-1].append(order[position])
        else:
            runs.append([order[position]])
    return "".join("".join(run) if len(run) < 3 else f"{run[0]}–{run[-1]}" for run in runs)


def percent_of(share: float) -> str:
    """A share below one, in percent: never rounded up to all, nor down to nothing."""
    whole = rounded(share, 0, percent=True)
    return f"{rounded(share, 1, percent=True) if whole in ('100', '0') else whole}%"


def visible(text: str) -> str:
    """A text on one line in which nothing acts on a terminal or turns the direction of what follows."""
    return "".join(_seen(character) for character in text)


def _seen(character: str) -> str:
    if character.isspace():
        return " "
    if character in _TURNING or unicodedata.category(character) in _HIDDEN:
        return f"[U+{ord(character):04X}]"
    return character


def _cited(table: Table) -> dict[str, list[str]]:
    """Citations in words that no note of the table has already, with the titles of their rows."""
    cited: dict[str, list[str]] = {}
    for _, row in table.rows():
        if row.citation and not is_key(row) and not any(row.citation in note for note in table.notes):
            cited.setdefault(row.citation, []).append(row.title)
    return cited


def _why(cell: Cell) -> str | None:
    """In words; None for a cell with something in it."""
    if cell.value is not None or cell.text is not None or cell.reason is None:
        return None
    return WORDS.get(cell.reason, cell.reason)


def _symbol(index: int) -> str:
    return _SYMBOLS[index % len(_SYMBOLS)] * (index // len(_SYMBOLS) + 1)


def _any_partial(cells: Sequence[Cell]) -> bool:
    return any(cell.partial and cell.text is None for cell in cells)


def _number(value: float, column: Column) -> str:
    return rounded(value, column.digits, percent=column.percent)


def _signed(value: float, column: Column) -> str:
    text = _number(value, column)
    return text if text.startswith("-") else f"+{text}"


def _interval(low: float | None, high: float | None, column: Column, shown: Shown) -> str | None:
    if low is None or high is None or shown == "none":
        return None
    if shown == "half":
        return f"± {_number((high - low) / 2, column)}"
    return f"[{_number(low, column)}, {_number(high, column)}]"


def _range(made: Sequence[int]) -> str:
    if not made:
        return ""
    return str(made[0]) if min(made) == max(made) else f"{min(made)}–{max(made)}"

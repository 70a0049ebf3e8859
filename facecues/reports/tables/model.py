"""A table before it is written down: numbers as they are, and what has to stand beside each."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

Shown = Literal["range", "half", "none"]
"""How an interval is printed: both ends, half its width after ±, or not at all."""


@dataclass(frozen=True, slots=True)
class Column:
    """One column of values.

    Attributes:
        name: of the metric, or of the group of clips.
        title: as printed.
        unit: "" for a pure number.
        better: which way is better; None for a description.
        digits: after the point, in every cell.
        percent: values are printed a hundred times as large.
        group: printed above neighbouring columns of the same group.
        signature: of every value in it; None where nothing was measured.
    """

    name: str
    title: str
    unit: str = ""
    better: Literal["lower", "higher"] | None = None
    digits: int = 3
    percent: bool = False
    group: str | None = None
    signature: str | None = None


@dataclass(frozen=True, slots=True)
class Change:
    """How far a value is from the same metric's value in the row that everything is held against.

    Attributes:
        difference: this row minus that row, over the clips that both have.
        low, high: ends of its interval, None where it cannot be had.
        significant: after Holm, within the column; None where no test could be made.
    """

    difference: float
    low: float | None
    high: float | None
    significant: bool | None


@dataclass(frozen=True, slots=True)
class Cell:
    """One value and what stands beside it.

    Attributes:
        value: None where it cannot be had; `reason` says why.
        low, high: ends of the interval, None without one.
        n_clips, n_expected: clips that made it, and that should have.
        coverage: share of the frames that made it.
        reason: of facecues.reasons.ScoreReason; None where there is a value.
        rank: 1 for the best of its column, 2 for the second; ties share a rank; None elsewhere.
        beats: letters of the rows that this one beats significantly.
        change: in a table of ablations.
        text: what is printed instead of a number: in a table of capabilities, or as papers report it.
    """

    value: float | None = None
    low: float | None = None
    high: float | None = None
    n_clips: int = 0
    n_expected: int = 0
    coverage: float = 0.0
    reason: str | None = None
    rank: Literal[1, 2] | None = None
    beats: tuple[str, ...] = ()
    change: Change | None = None
    text: str | None = None

    @property
    def partial(self) -> bool:
        """A value that not all expected frames made."""
        return self.value is not None and self.n_expected > 0 and round(self.coverage, 3) < 1


@dataclass(frozen=True, slots=True)
class Row:
    """One method.

    Attributes:
        name: of the method, as in scores.parquet.
        title: as printed.
        letter: by which other rows name it; None for rows that nobody beats.
        citation: a BibTeX key, or words.
        cells: one for each column.
    """

    name: str
    title: str
    cells: tuple[Cell, ...]
    letter: str | None = None
    citation: str | None = None


@dataclass(frozen=True, slots=True)
class Section:
    """Rows that belong together; sections are set apart by a rule.

    Attributes:
        kind: "methods" are compared with each other; "limits" say what a value means; "reported" stand in papers and
            were not measured here.
        title: printed above; None for the first.
    """

    kind: Literal["methods", "limits", "reported"]
    rows: tuple[Row, ...]
    title: str | None = None


@dataclass(frozen=True, slots=True)
class Table:
    """A table.

    Attributes:
        name: of its files; safe as a file name.
        caption: one sentence or two.
        columns: with a value in each row.
        sections: in order, none of them empty.
        notes: what has to be known to read it, printed below.
        interval: how intervals are printed.
        head: above the rows' titles.
    """

    name: str
    caption: str
    columns: tuple[Column, ...]
    sections: tuple[Section, ...]
    notes: tuple[str, ...] = ()
    interval: Shown = "range"
    head: str = "method"

    def rows(self) -> Iterator[tuple[Section, Row]]:
        """All rows with their sections."""
        for section in self.sections:
            for row in section.rows:
                yield section, row

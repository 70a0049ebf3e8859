"""Who is best in a column, and who beats whom."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from string import ascii_lowercase, ascii_uppercase
from typing import Final, Literal

import pandas as pd

from facecues.reports.numbers import rounded
from facecues.reports.tables.model import Column

Rank = Literal[1, 2] | None
Tested = Literal["actors", "clips"]

_ALPHABET: Final = ascii_lowercase + ascii_uppercase
_WINNER: Final[dict[Tested, str]] = {"actors": "winner", "clips": "winner_these_actors"}


def letters(count: int) -> tuple[str, ...]:
    """Names for so many rows: a … z, A … Z, then a1 … Z1, a2 ….

    Raises:
        ValueError: a negative count.
    """
    if count < 0:
        raise ValueError(f"Expected a count of rows, got {count}.")
    rounds = (divmod(position, len(_ALPHABET)) for position in range(count))
    return tuple(f"{_ALPHABET[place]}{turn or ''}" for turn, place in rounds)


def ranks(values: Sequence[float | None], column: Column) -> tuple[Rank, ...]:
    """First and second of a column, as printed: what looks equal is equal.

    Competition ranks: after two firsts there is no second. Nobody is ranked where the metric has no better side,
    fewer than two have a value, or all have the same.

    Args:
        values: of the methods, None where there is none.
        column: with direction and digits.
    """
    shown = [
        None if value is None else Decimal(rounded(value, column.digits, percent=column.percent)) for value in values
    ]
    known = [value for value in shown if value is not None]
    if column.better is None or len(set(known)) < 2:
        return (None,) * len(shown)
    ahead = [
        None if value is None else sum(other < value if column.better == "lower" else other > value for other in known)
        for value in shown
    ]
    places: Mapping[int | None, Rank] = {0: 1, 1: 2}
    return tuple(places.get(count) for count in ahead)


def beaten(comparisons: pd.DataFrame, tested: Tested) -> dict[tuple[str, str], frozenset[str]]:
    """Whom each method beats significantly, by (metric, method).

    Args:
        comparisons: as in facecues.reports.results.Results.
        tested: over actors, or over clips: for these actors only.
    """
    if comparisons.empty:
        return {}
    won = comparisons[comparisons[_WINNER[tested]].notna()]
    found: dict[tuple[str, str], set[str]] = {}
    for metric, first, second, winner in won[["metric", "first", "second", _WINNER[tested]]].itertuples(index=False):
        found.setdefault((metric, winner), set()).add(second if winner == first else first)
    return {key: frozenset(losers) for key, losers in found.items()}

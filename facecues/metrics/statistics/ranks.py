"""Do two ways of measuring put the methods in the same order? Without that, a table of one of them says little."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Literal

import numpy as np
from scipy import stats

from facecues.metrics.contracts import Float64

Column = Mapping[str, float | None]
"""Method to value."""


@dataclass(frozen=True, slots=True)
class RankAgreement:
    """How far two columns agree on the order of the methods.

    Attributes:
        first, second: names of the columns: backends, protocols or metrics.
        methods: methods with a value in both.
        spearman: correlation of average ranks; None with fewer than two methods or where all are tied.
        kendall: tau-b, which corrects for ties; None likewise.
        reversed: pairs of methods that the two put in opposite order.
        note: what a reader has to know, in words.
    """

    first: str
    second: str
    methods: int
    spearman: float | None
    kendall: float | None
    reversed: tuple[tuple[str, str], ...]
    note: str | None = None


def rank_stability(
    columns: Mapping[str, Column], floors: Mapping[str, float] | None = None
) -> tuple[RankAgreement, ...]:
    """Agreement of every pair of columns, e.g. of one metric through each landmark backend.

    Args:
        columns: per backend or protocol, each method's value; all columns better in the same direction.
        floors: per column, its noise floor; a reversal where either difference is below its floor is not reported,
            for there was no order to reverse.

    Raises:
        ValueError: a value is NaN or infinite.
    """
    for column in columns.values():
        _check(column)
    floors = floors or {}
    agreements = []
    for (first, a), (second, b) in combinations(columns.items(), 2):
        common = sorted(name for name in a if a[name] is not None and b.get(name) is not None)
        x, y = _values(a, common), _values(b, common)
        spearman, kendall = _correlations(x, y)
        flipped = tuple(
            (common[i], common[j])
            for i, j in combinations(range(len(common)), 2)
            if (x[i] - x[j]) * (y[i] - y[j]) < 0
            and distinguishable(x[i] - x[j], floors.get(first)) is not False
            and distinguishable(y[i] - y[j], floors.get(second)) is not False
        )
        agreements.append(RankAgreement(first, second, len(common), spearman, kendall, flipped, _note(x, y)))
    return tuple(agreements)


def average_ranks(columns: Sequence[tuple[Column, Literal["lower", "higher"]]]) -> dict[str, float | None]:
    """Each method's mean rank over columns; 1 is best, ties share the mean of their ranks.

    Args:
        columns: pairs of the methods' values and which way is better, "lower" or "higher".

    Returns:
        Method to mean rank; None for a method that lacks a value in any column, which is ranked nowhere: with other
        columns than the rest its mean would compare with nothing.

    Raises:
        ValueError: a value is NaN or infinite, or a direction is neither of the two.
    """
    for column, better in columns:
        _check(column)
        if better not in ("lower", "higher"):
            raise ValueError(f"A ranked column is better lower or higher, got {better!r}.")
    everyone = sorted({name for column, _ in columns for name in column})
    complete = [name for name in everyone if all(column.get(name) is not None for column, _ in columns)]
    ranks: dict[str, float | None] = dict.fromkeys(everyone)
    signed = [_values(column, complete) * (1 if better == "lower" else -1) for column, better in columns]
    if complete:
        mean = np.mean([stats.rankdata(values) for values in signed], axis=0)
        ranks.update(zip(complete, mean.tolist(), strict=True))
    return ranks


def distinguishable(difference: float, floor: float | None) -> bool | None:
    """Whether a difference is at least the noise floor of its metric; None where the floor is not known."""
    return None if floor is None else bool(abs(difference) >= floor)


def _check(column: Column) -> None:
    bad = [name for name, value in column.items() if value is not None and not np.isfinite(value)]
    if bad:
        raise ValueError(f"Expected finite values, or None where a method has none; {bad} have neither.")


def _values(column: Column, names: Sequence[str]) -> Float64:
    return np.array([column[name] for name in names], dtype=np.float64)


def _correlations(x: Float64, y: Float64) -> tuple[float | None, float | None]:
    if _tied(x) or _tied(y):
        return None, None
    return float(stats.spearmanr(x, y).statistic), float(stats.kendalltau(x, y).statistic)


def _note(x: Float64, y: Float64) -> str | None:
    if len(x) < 2:
        return "fewer than two methods in common"
    if _tied(x) or _tied(y):
        return "all methods tied in one column"
    return "two methods: the order agrees or not, nothing between" if len(x) == 2 else None


def _tied(values: Float64) -> bool:
    return len(np.unique(values)) < 2

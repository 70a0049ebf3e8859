"""Numbers as printed: half-even, with the same digits all down a column."""

from decimal import ROUND_HALF_EVEN, Decimal
from math import floor, log10
from typing import Final

_SIGNIFICANT: Final = 3
_MOST: Final = 4

MINUS: Final = "−"


def rounded(value: float, digits: int, *, percent: bool = False) -> str:
    """A number with a fixed count of digits after the point.

    Half-even on the shortest decimal that is this float, which is what a reader sees in the CSV: 0.125 → 0.12,
    0.375 → 0.38. No negative zero.

    Args:
        value: finite.
        digits: after the point, 0 and more.
        percent: print it a hundred times as large.
    """
    exact = Decimal(repr(float(value)))
    shown = (exact.scaleb(2) if percent else exact).quantize(Decimal(1).scaleb(-digits), ROUND_HALF_EVEN)
    return f"{abs(shown) if shown == 0 else shown:f}"


def usual_digits(values: list[float]) -> int:
    """Digits with which the largest of a column's values has three that count."""
    largest = max((abs(value) for value in values), default=0.0)
    if largest == 0:
        return _SIGNIFICANT
    return min(_MOST, max(0, _SIGNIFICANT - 1 - floor(log10(largest))))

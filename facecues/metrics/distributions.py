"""Distances of two distributions over the same bins."""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from facecues.metrics.contracts import Float64
from facecues.metrics.missing import is_present

Counts = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Bins:
    """Equal bins from -limit to limit, and one overflow bin on either side.

    Attributes:
        width: of a bin, degrees; a whole number of them fits into the limit.
        limit: degrees.
    """

    width: float = 2.0
    limit: float = 30.0

    @property
    def edges(self) -> Float64:
        """Inner edges; a value on an edge belongs to the bin above it."""
        return np.linspace(-self.limit, self.limit, round(2 * self.limit / self.width) + 1)

    @property
    def centers(self) -> Float64:
        """Of all bins. Overflow counts as half a bin beyond the limit."""
        return np.append(self.edges - self.width / 2, self.limit + self.width / 2)

    @property
    def signature(self) -> str:
        return f"{self.width:g}deg±{self.limit:g}"

    def count(self, values: NDArray[Any]) -> Counts:
        """How many of (T, axes) values are in each bin: one axis of the answer for each of theirs.

        Rows with a NaN are left out.
        """
        values = np.asarray(values, np.float64)
        if values.ndim != 2:
            raise ValueError(f"expected values of shape (T, axes), got {values.shape}")
        indices = np.searchsorted(self.edges, values[is_present(values)], side="right")
        counts = np.zeros((len(self.centers),) * values.shape[1], np.int64)
        np.add.at(counts, tuple(indices.T), 1)
        return counts


DEGREE_BINS: Final = Bins()


def jensen_shannon(p: NDArray[Any], q: NDArray[Any]) -> float:
    """Jensen-Shannon divergence in bits, 0 to 1: H((P + Q) / 2) - (H(P) + H(Q)) / 2.

    Args:
        p: fractions or counts of any shape; what they add up to does not matter.
        q: over the same bins.

    Raises:
        ValueError: other bins, a negative or NaN share, or nothing counted.
    """
    p, q = _shares(p, q)
    return float(jensen_shannon_of_rows(p.reshape(1, -1), q.reshape(1, -1))[0])


def jensen_shannon_of_rows(p: Float64, q: Float64) -> Float64:
    """(n,) of (n, bins) distributions, each row of which adds up to one."""
    return np.maximum(0.0, _entropy((p + q) / 2) - (_entropy(p) + _entropy(q)) / 2)


def spread(rows: Float64) -> float:
    """Jensen-Shannon divergence of (n, bins) distributions, bits: the entropy of their mean less their mean entropy."""
    return max(0.0, float(_entropy(rows.mean(axis=0)) - _entropy(rows).mean()))


def total_variation(p: NDArray[Any], q: NDArray[Any]) -> float:
    """Half the sum of the absolute differences, 0 to 1. Arguments and errors as for `jensen_shannon`."""
    p, q = _shares(p, q)
    return float(total_variation_of_rows(p.reshape(1, -1), q.reshape(1, -1))[0])


def total_variation_of_rows(p: Float64, q: Float64) -> Float64:
    """(n,) of (n, bins) distributions, each row of which adds up to one."""
    return np.asarray(np.abs(p - q).sum(axis=-1) / 2)


def wasserstein(p: NDArray[Any], q: NDArray[Any], centers: NDArray[Any]) -> float:
    """Wasserstein-1 (earth mover's) distance over one axis, in the unit of `centers`: the area between the two CDFs.

    Args:
        p: (bins,) fractions or counts.
        q: (bins,) likewise.
        centers: (bins,) increasing; where each bin's mass is taken to lie.

    Raises:
        ValueError: as for `jensen_shannon`, or more than one axis.
    """
    p, q = _shares(p, q)
    if p.ndim != 1 or p.shape != np.shape(centers):
        raise ValueError(f"expected one axis with a centre for each bin, got {p.shape} and {np.shape(centers)}")
    return float(wasserstein_of_rows(p[None], q[None], centers)[0])


def wasserstein_of_rows(p: Float64, q: Float64, centers: NDArray[Any]) -> Float64:
    """(n,) of (n, bins) distributions, each row of which adds up to one."""
    return np.asarray((np.abs(np.cumsum(p - q, axis=-1))[:, :-1] * np.diff(centers)).sum(axis=-1))


def marginal(p: NDArray[Any], axis: int) -> Float64:
    """The distribution along one axis of a joint one."""
    others = tuple(other for other in range(np.ndim(p)) if other != axis)
    return np.asarray(np.asarray(p, np.float64).sum(axis=others))


def _entropy(p: Float64) -> Float64:
    """In bits, over the last axis."""
    return np.asarray(-(p * np.log2(np.where(p > 0, p, 1.0))).sum(axis=-1))


def _shares(p: NDArray[Any], q: NDArray[Any]) -> tuple[Float64, Float64]:
    p, q = np.asarray(p, np.float64), np.asarray(q, np.float64)
    if p.shape != q.shape:
        raise ValueError(f"expected distributions over the same bins, got {p.shape} and {q.shape}")
    for name, side in (("first", p), ("second", q)):
        if not (np.isfinite(side).all() and (side >= 0).all() and side.sum() > 0):
            raise ValueError(
                f"expected shares or counts, none negative or NaN and some above zero; the {name} has others"
            )
    return p / p.sum(), q / q.sum()

"""Confidence intervals of means over clips, and of any statistic that can be recomputed from draws of actors."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import comb
from typing import Final, Literal, cast

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats

from facecues.metrics.contracts import Float64
from facecues.metrics.signature import make_signature
from facecues.metrics.statistics.clusters import Unit, group_clips, value_column, value_columns

Method = Literal["t", "bootstrap"]

# With fewer clusters the percentile bootstrap is clearly too narrow (docs/statistics.md has the measured coverage).
FEW: Final = 30
_BLOCK: Final = 1 << 20  # draws at a time, to bound memory; part of what a seed means

CLIPS_AS_UNITS: Final = "actors unknown: clips counted as independent, too narrow where actors repeat"


@dataclass(frozen=True, slots=True)
class Interval:
    """A mean over clips, or a set metric's value on all clips, and how far another set of actors could move it.

    Attributes:
        mean: None without any value.
        low, high: ends of the interval; None where it cannot be had, and `note` says why.
        n: clips with a value.
        actors: clusters that these clips come from: actors, or clips where `unit` is "clip".
        unit: what was taken as independent.
        method: what made the interval, None without one.
        signature: everything that changes the interval, level, draws and seed included; None without one.
        note: what a reader has to know, in words.
    """

    mean: float | None
    low: float | None
    high: float | None
    n: int
    actors: int
    unit: Unit
    method: Method | None
    signature: str | None
    note: str | None = None


def mean_interval(
    values: ArrayLike,
    actors: Sequence[str] | None,
    *,
    method: Literal["auto", "bootstrap", "t"] = "auto",
    level: float = 0.95,
    resamples: int = 9_999,
    seed: int = 0,
) -> Interval:
    """The mean of one metric over clips; see `mean_intervals`.

    Args:
        values: (n,) one value per clip, NaN where missing.
    """
    column = value_column(values)
    return mean_intervals(column, actors, method=method, level=level, resamples=resamples, seed=seed)[0]


def mean_intervals(
    values: ArrayLike,
    actors: Sequence[str] | None,
    *,
    method: Literal["auto", "bootstrap", "t"] = "auto",
    level: float = 0.95,
    resamples: int = 9_999,
    seed: int = 0,
) -> tuple[Interval, ...]:
    """The means of many metrics over the same clips, each with an interval over actors.

    `t`: standard error from the sums of residuals per actor, Student's t with G - 1 degrees of freedom (Liang and
    Zeger 1986, with the factor G / (G - 1)). `bootstrap`: percentiles of the mean over draws of G actors with
    replacement, all clips of a drawn actor kept (Field and Welsh 2007, cluster bootstrap). `auto`: t below
    `FEW` clusters. A column gives the same interval alone or among others, in any order of clips and actors.

    Args:
        values: (n, m), NaN where a clip has no value for a metric.
        actors: (n,) actor of each clip; None if actors are unknown, each clip then counts as independent.
        level: of confidence.
        resamples: draws of the bootstrap.
        seed: of the bootstrap.

    Raises:
        ValueError: no clip, an infinite value, a missing actor, or an option out of range.
    """
    columns = value_columns(values)
    clusters = group_clips(actors, len(columns))
    _check_options(method, level, resamples)
    present = ~np.isnan(columns)
    sums, counts = clusters.sum(np.where(present, columns, 0)), clusters.sum(present.astype(np.float64))
    found = (counts > 0).sum(axis=0)
    resampled = (found > 1) & ((method == "bootstrap") | ((method == "auto") & (found >= FEW)))
    low, high = _t_bounds(sums, counts, level)
    if resampled.any():
        drawn = _bootstrap_bounds(sums[:, resampled], counts[:, resampled], level, resamples, seed)
        low[resampled], high[resampled] = drawn
    signatures: dict[Method, str] = {
        "t": _signature("t", clusters.unit, level),
        "bootstrap": _signature("bootstrap", clusters.unit, level, resamples, seed),
    }
    intervals = []
    for column in range(columns.shape[1]):
        size, n = int(found[column]), int(counts[:, column].sum())
        chosen: Method | None = None if size < 2 else "bootstrap" if resampled[column] else "t"
        intervals.append(
            Interval(
                mean=float(sums[:, column].sum() / n) if n else None,
                low=float(low[column]) if chosen else None,
                high=float(high[column]) if chosen else None,
                n=n,
                actors=size,
                unit=clusters.unit,
                method=chosen,
                signature=signatures[chosen] if chosen else None,
                note=_note(size, clusters.unit, chosen),
            )
        )
    return tuple(intervals)


def bootstrap_weights(actors: Sequence[str], resamples: int = 9_999, seed: int = 0) -> NDArray[np.int64]:
    """How often each draw holds each actor, to recompute a set metric from its merged statistics per actor.

    Equal arguments give equal draws, so that two methods' draws are paired and may be subtracted.

    Args:
        actors: (n,) actor of each clip; clip ids where actors are unknown.

    Returns:
        (resamples, G) counts, each row summing to G; columns in the sorted order of the actors' names.
    """
    _check_options("bootstrap", 0.95, resamples)
    size = len(group_clips(actors, len(actors)))
    return np.concatenate(list(_weight_blocks(size, resamples, seed)))


def interval_of_draws(
    value: float,
    draws: ArrayLike,
    *,
    n: int,
    actors: int,
    unit: Unit = "actor",
    level: float = 0.95,
    seed: int = 0,
) -> Interval:
    """The percentile interval of a set metric (FID, a histogram's distance) that was recomputed for every draw.

    Args:
        value: on all clips.
        draws: (B,) the same computed with each row of `bootstrap_weights`, NaN where it could not be.
        n: clips.
        actors: number of actors.
        seed: that the weights were made with.

    Raises:
        ValueError: fewer than 99 draws, an infinite draw, or a value that is not finite.
    """
    column = value_columns(value_column(draws))[:, 0]
    _check_options("bootstrap", level, len(column))
    if not np.isfinite(value):
        raise ValueError(f"Expected a finite value, got {value}.")
    value = float(value)  # NumPy's own scalars would show in what is printed
    if actors < 2:
        return Interval(value, None, None, n, actors, unit, None, None, _note(actors, unit, None))
    undefined = int(np.isnan(column).sum())
    if undefined:
        note = f"{undefined} of {len(column)} draws of {unit}s have no value"
        return Interval(value, None, None, n, actors, unit, None, None, note)
    low, high = np.quantile(column, _tails(level))
    slack = 1e-9 * abs(value)  # round-off
    remarks = [_note(actors, unit, "bootstrap")]
    if not low - slack <= value <= high + slack:
        # A draw repeats some actors and lacks others; metrics of a whole distribution take that for a difference.
        remarks.append("the value lies outside: draws that repeat actors bias this metric")
    signature = _signature("bootstrap", unit, level, len(column), seed)
    together = "; ".join(filter(None, remarks)) or None
    return Interval(value, float(low), float(high), n, actors, unit, "bootstrap", signature, together)


def _t_bounds(sums: Float64, counts: Float64, level: float) -> tuple[Float64, Float64]:
    """Meaningless where fewer than two clusters have values."""
    n, found = np.maximum(counts.sum(axis=0), 1), np.maximum((counts > 0).sum(axis=0), 2)
    mean = sums.sum(axis=0) / n
    residuals = sums - mean * counts
    error = np.sqrt(found / (found - 1) * (residuals**2).sum(axis=0)) / n
    reach = stats.t.ppf(_tails(level)[1], found - 1) * error
    return mean - reach, mean + reach


def _bootstrap_bounds(
    sums: Float64, counts: Float64, level: float, resamples: int, seed: int
) -> tuple[Float64, Float64]:
    """Of (G, m) sums and numbers of values. Draws without any value, which few clusters can give, are left out."""
    # Whose sums these are does not matter: sorted, any order of clips and actors gives the same draws for a seed.
    order = np.lexsort((sums, counts), axis=0)
    sums, counts = np.take_along_axis(sums, order, axis=0), np.take_along_axis(counts, order, axis=0)
    means = []
    for block in _weight_blocks(len(sums), resamples, seed):
        weights = block.astype(np.float64)  # for the sake of BLAS
        n = weights @ counts
        means.append(np.divide(weights @ sums, n, out=np.full_like(n, np.nan), where=n > 0))
    low, high = np.nanquantile(np.concatenate(means), _tails(level), axis=0)
    return low, high


def _weight_blocks(size: int, resamples: int, seed: int) -> Iterator[NDArray[np.int64]]:
    """(b, size) counts of `size` draws out of `size` clusters."""
    rng = np.random.default_rng(seed)
    rows = max(1, _BLOCK // size)
    for start in range(0, resamples, rows):
        b = min(rows, resamples - start)
        drawn = rng.integers(0, size, (b, size)) + size * np.arange(b)[:, None]
        yield cast(NDArray[np.int64], np.bincount(drawn.ravel(), minlength=b * size).reshape(b, size))


def _note(size: int, unit: Unit, method: Method | None) -> str | None:
    if size == 0:
        return "no clip with a value"
    if size == 1:
        return f"one {unit}: no interval over {unit}s"
    notes = [CLIPS_AS_UNITS] if unit == "clip" else []
    if method == "bootstrap" and size < FEW:
        distinct = comb(2 * size - 1, size)
        notes.append(
            f"{size} {unit}s are few for a bootstrap ({distinct:,} distinct draws): the interval is too narrow"
        )
    return "; ".join(notes) or None


def _signature(method: Method, unit: Unit, level: float, draws: int | None = None, seed: int | None = None) -> str:
    parts = {"method": method, "unit": unit, "level": f"{level:g}", "draws": draws, "seed": seed}
    return make_signature("ci", parts)


def _tails(level: float) -> tuple[float, float]:
    return (1 - level) / 2, (1 + level) / 2


def _check_options(method: str, level: float, resamples: int) -> None:
    if method not in ("auto", "bootstrap", "t"):
        raise ValueError(f"method must be auto, bootstrap or t, got {method!r}.")
    if not 0 < level < 1:
        raise ValueError(f"level must lie between 0 and 1, got {level}.")
    if resamples < 99:
        raise ValueError(f"A bootstrap needs at least 99 draws to have tails, got {resamples}.")

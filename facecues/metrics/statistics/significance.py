"""Does one method differ from another? Randomisation tests on common clips, and Holm's correction."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import ArrayLike

from facecues.metrics.contracts import Float64
from facecues.metrics.signature import make_signature
from facecues.metrics.statistics.clusters import Unit, group_clips, value_column, value_columns
from facecues.metrics.statistics.intervals import CLIPS_AS_UNITS, interval_of_draws, mean_intervals

_ROWS: Final = 64  # clusters whose flips are held at once, to bound memory
_ROUND_OFF: Final = 1e-12  # relative to the sum of all clips' absolute differences; nearer sums count as equal


@dataclass(frozen=True, slots=True)
class Comparison:
    """Method a minus method b on the clips that both have.

    Attributes:
        difference: mean over clips; None without a common clip.
        low, high: interval of the difference over actors, at level 1 - alpha; None with one actor.
        p: two-sided, signs flipped per actor: would other actors show the same? None with one actor.
        p_clip: two-sided, signs flipped per clip: only "for these actors", to be labelled so wherever it is printed.
        n: common clips.
        lost: clips that lack a value on either side.
        actors: clusters that the common clips come from.
        unit: what was taken as independent; with "clip", p is p_clip.
        signature: everything that changes interval and p; None without a p.
        note: what a reader has to know, in words.
    """

    difference: float | None
    low: float | None
    high: float | None
    p: float | None
    p_clip: float | None
    n: int
    lost: int
    actors: int
    unit: Unit
    signature: str | None
    note: str | None = None


def paired_comparison(
    a: ArrayLike,
    b: ArrayLike,
    actors: Sequence[str] | None,
    *,
    alpha: float = 0.05,
    resamples: int = 9_999,
    seed: int = 0,
) -> Comparison:
    """Two methods, one metric; see `paired_comparisons`.

    Args:
        a, b: (n,) values of the same clips in the same order, NaN where missing.
    """
    columns = value_column(a), value_column(b)
    return paired_comparisons(*columns, actors, alpha=alpha, resamples=resamples, seed=seed)[0]


def paired_comparisons(
    a: ArrayLike,
    b: ArrayLike,
    actors: Sequence[str] | None,
    *,
    alpha: float = 0.05,
    resamples: int = 9_999,
    seed: int = 0,
) -> tuple[Comparison, ...]:
    """Many paired comparisons over the same clips.

    Under the null hypothesis an actor's differences are as likely with the opposite sign (Fisher's randomisation test
    with the actor as unit). The statistic is the mean difference over clips, that is, the actors' mean differences
    weighted by their clips: what is tested is what is printed. All 2^G flips are taken when these are at most
    `resamples`; otherwise that many are drawn and p = (1 + extreme) / (1 + drawn) (Phipson and Smyth 2010).
    A column gives the same result alone or among others, in any order of clips and actors.

    Args:
        a, b: (n, m) values of the same clips in the same order, NaN where missing.
        actors: (n,) actor of each clip; None if actors are unknown, each clip then counts as independent.
        alpha: of the test that `note` speaks of; the interval has level 1 - alpha.
        resamples: most sign flips, and draws of the bootstrap interval.
        seed: of both.

    Raises:
        ValueError: shapes differ, no clip, an infinite value, a missing actor, or an option out of range.
    """
    first, second = value_columns(a), value_columns(b)
    if first.shape != second.shape:
        raise ValueError(f"Expected the same clips and metrics on both sides, got {first.shape} and {second.shape}.")
    if not 0 < alpha < 1:
        raise ValueError(f"alpha must lie between 0 and 1, got {alpha}.")
    clusters = group_clips(actors, len(first))
    differences = first - second
    intervals = mean_intervals(differences, actors, level=1 - alpha, resamples=resamples, seed=seed)
    differences = np.nan_to_num(differences)  # a zero has no sign to flip
    slack = _ROUND_OFF * np.abs(differences).sum(axis=0)
    by_clip = _flip_signs(differences, slack, resamples, seed)
    by_actor = by_clip if clusters.unit == "clip" else _flip_signs(clusters.sum(differences), slack, resamples, seed)
    comparisons = []
    for interval, actor_p, clip_p in zip(intervals, by_actor, by_clip, strict=True):
        tested = interval.actors > 1
        how = {
            "unit": interval.unit,
            "flips": resamples,
            "seed": seed,
            "ci": interval.method,
            "level": f"{1 - alpha:g}",
        }
        comparisons.append(
            Comparison(
                difference=interval.mean,
                low=interval.low,
                high=interval.high,
                p=actor_p if tested else None,
                p_clip=clip_p if interval.n else None,
                n=interval.n,
                lost=len(differences) - interval.n,
                actors=interval.actors,
                unit=interval.unit,
                signature=make_signature("sign-flip", how) if tested else None,
                note=_note(interval.n, interval.actors, interval.unit, alpha),
            )
        )
    return tuple(comparisons)


def comparison_of_draws(
    difference: float, draws: ArrayLike, *, n: int, actors: int, alpha: float = 0.05, seed: int = 0
) -> Comparison:
    """Two methods in a metric of sets, which has no value per clip whose sign could be flipped: a paired bootstrap.

    Both methods' values are recomputed for the same draws of actors. p is twice the share of draws that lie on the
    other side of zero, the observed order among them: the level at which the percentile interval just reaches zero
    (Efron and Tibshirani, "An Introduction to the Bootstrap", 1993, section 15.4; Phipson and Smyth 2010). A bootstrap
    of few actors finds too much: p is never below the smallest that flipping the signs of so many could give.

    Args:
        difference: of the values on all clips, a minus b.
        draws: (B,) the same for every row of `bootstrap_weights`; NaN where either could not be had.
        n: clips.
        actors: number of actors.
        alpha: the interval has level 1 - alpha.
        seed: that the weights were made with.

    Raises:
        ValueError: as `interval_of_draws`.
    """
    drawn = value_column(draws)[:, 0]
    interval = interval_of_draws(difference, drawn, n=n, actors=actors, level=1 - alpha, seed=seed)
    tested = interval.low is not None
    beyond = min(int((drawn <= 0).sum()), int((drawn >= 0).sum()))
    p = min(1.0, max(2 * (1 + beyond) / (1 + len(drawn)), 2.0 ** (1 - actors)))
    parts = {"unit": interval.unit, "draws": len(drawn), "seed": seed, "level": f"{1 - alpha:g}"}
    return Comparison(
        difference=interval.mean,
        low=interval.low,
        high=interval.high,
        p=p if tested else None,
        p_clip=None,
        n=n,
        lost=0,
        actors=actors,
        unit=interval.unit,
        signature=make_signature("paired-bootstrap", parts) if tested else None,
        note=interval.note,
    )


def holm(p_values: Sequence[float | None]) -> tuple[float | None, ...]:
    """p-values of one family, adjusted so that p <= alpha keeps the chance of any false finding below alpha.

    Holm 1979: the i-th smallest of m is multiplied by m - i + 1, and none falls below a smaller one's.

    Args:
        p_values: in any order; a None was not tested, does not count and stays None.

    Raises:
        ValueError: a value outside 0 to 1.
    """
    if any(p is not None and not 0 <= p <= 1 for p in p_values):
        raise ValueError(f"Expected p-values between 0 and 1, got {list(p_values)}.")
    tested = sorted((p, position) for position, p in enumerate(p_values) if p is not None)
    adjusted: list[float | None] = [None] * len(p_values)
    largest = 0.0
    for rank, (p, position) in enumerate(tested):
        largest = max(largest, min(1.0, p * (len(tested) - rank)))
        adjusted[position] = largest
    return tuple(adjusted)


def never_significant(clusters: int, alpha: float, tests: int = 1) -> bool:
    """Whether not even the smallest p that flipping so many clusters can give passes Holm's first step."""
    return 2.0 ** (1 - clusters) * tests > alpha


def _flip_signs(differences: Float64, slack: Float64, resamples: int, seed: int) -> list[float]:
    """Two-sided p of each column's sum, given the (k, m) parts of it whose signs may flip; 0 marks a missing part.

    Sums within `slack`, (m,), count as equal.
    """
    # Which part is whose does not matter: sorted, any order of clips and actors gives the same p for a seed.
    parts = -np.sort(-np.abs(differences), axis=0)
    sizes = (parts > slack).sum(axis=0)
    reached = np.abs(differences.sum(axis=0)) - slack
    exact = sizes <= np.log2(resamples)
    p_values = np.empty(len(sizes))
    for column in np.flatnonzero(exact):
        p_values[column] = np.mean(np.abs(_all_sums(parts[: sizes[column], column])) >= reached[column])
    drawn = ~exact
    if drawn.any():
        sums = _drawn_sums(parts[: sizes.max(), drawn], resamples, seed)
        p_values[drawn] = (1 + (np.abs(sums) >= reached[drawn]).sum(axis=0)) / (1 + resamples)
    return [float(p) for p in p_values]


def _all_sums(parts: Float64) -> Float64:
    """(2^k,) sums of the (k,) parts under every choice of signs."""
    sums = np.zeros(1)
    for part in parts:
        sums = np.concatenate([sums + part, sums - part])
    return sums


def _drawn_sums(parts: Float64, resamples: int, seed: int) -> Float64:
    """(resamples, m) sums of the (k, m) parts under random signs, the same for all columns."""
    rng = np.random.default_rng(seed)
    sums = np.zeros((resamples, parts.shape[1]))
    for start in range(0, len(parts), _ROWS):
        block = parts[start : start + _ROWS]
        # One row of signs per part: the first k rows are the same however many follow.
        signs = 2.0 * rng.integers(0, 2, (len(block), resamples), dtype=bool) - 1
        sums += signs.T @ block
    return sums


def _note(n: int, clusters: int, unit: Unit, alpha: float) -> str | None:
    if n == 0:
        return "no clip with a value on both sides"
    if clusters == 1:
        return f"one {unit}: neither interval nor test over {unit}s"
    notes = [CLIPS_AS_UNITS] if unit == "clip" else []
    if never_significant(clusters, alpha):
        smallest = 2.0 ** (1 - clusters)
        notes.append(
            f"{clusters} {unit}s: the smallest possible p is {smallest:g}, so no difference can be significant at "
            f"{alpha:g} over {unit}s"
        )
    return "; ".join(notes) or None

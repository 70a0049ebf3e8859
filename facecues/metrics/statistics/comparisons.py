"""Whole tables of scores: every cell with its interval, and who beats whom in each column."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Literal, cast

import pandas as pd

from facecues.metrics.statistics.intervals import Interval, mean_intervals
from facecues.metrics.statistics.ranks import distinguishable
from facecues.metrics.statistics.significance import Comparison, holm, never_significant, paired_comparisons

Better = Literal["lower", "higher"] | None


@dataclass(frozen=True, slots=True)
class Verdict:
    """One pair of methods in one column.

    Attributes:
        metric: the column.
        first, second: methods; differences are first minus second.
        comparison: the pair on its own, p-values not adjusted.
        p: over actors, adjusted after Holm within the column.
        p_clip: for these actors only, likewise.
        tests: comparisons in the family that p was adjusted for.
        distinguishable: whether the difference reaches the metric's noise floor; None where no floor is known.
        winner: who beats the other at alpha over actors; None if nobody, if the difference is below the floor, or if
            neither side of the metric is better.
        winner_clip: the same by p_clip: only "for these actors", to be labelled so.
        note: what a reader has to know, in words.
    """

    metric: str
    first: str
    second: str
    comparison: Comparison
    p: float | None
    p_clip: float | None
    tests: int
    distinguishable: bool | None
    winner: str | None
    winner_clip: str | None
    note: str | None


def summarise(
    scores: pd.DataFrame,
    actors: Mapping[str, str] | None,
    *,
    method: Literal["auto", "bootstrap", "t"] = "auto",
    resamples: int = 9_999,
    seed: int = 0,
) -> dict[tuple[str, str], Interval]:
    """The mean and interval of every (metric, method).

    Args:
        scores: long form as in scores.parquet: method, clip_id, metric, value (null where missing), and, where there
            is one, signature.
        actors: clip id to actor; None if actors are unknown.
        method, resamples, seed: as for `mean_intervals`.

    Raises:
        ValueError: a column is missing, a score stands twice, a metric has several signatures, or a clip has no actor.
    """
    wide, unit_of = _by_clip(scores, actors)
    intervals = mean_intervals(wide.to_numpy(), unit_of, method=method, resamples=resamples, seed=seed)
    cells = cast(list[tuple[str, str]], wide.columns.to_list())
    return dict(zip(cells, intervals, strict=True))


def compare_all(
    scores: pd.DataFrame,
    actors: Mapping[str, str] | None,
    *,
    better: Mapping[str, Better],
    baseline: str | None = None,
    floors: Mapping[str, float] | None = None,
    alpha: float = 0.05,
    resamples: int = 9_999,
    seed: int = 0,
) -> tuple[Verdict, ...]:
    """Every pair of methods, or every method against the baseline, in every column.

    The comparisons of one column are one family for Holm's correction.

    Args:
        scores, actors: as for `summarise`.
        better: which way each metric is better; None for a description that has no better.
        baseline: the method to compare all others with; None compares all pairs.
        floors: per metric, the smallest difference that means anything, in its unit.
        alpha: at which somebody beats somebody; differences get 1 - alpha intervals.
        resamples, seed: as for `paired_comparisons`.

    Returns:
        Sorted by metric, then by the methods' names.

    Raises:
        ValueError: as `summarise`, a metric without a direction, or an unknown baseline.
    """
    wide, unit_of = _by_clip(scores, actors)
    undirected = sorted(set(wide.columns.get_level_values("metric")) - set(better))
    if undirected:
        raise ValueError(f"No direction for {undirected}: `better` needs lower, higher or None for each metric.")
    pairs = list(_pairs(wide, baseline))
    if not pairs:
        return ()
    first = wide[[(metric, a) for metric, a, _ in pairs]].to_numpy()
    second = wide[[(metric, b) for metric, _, b in pairs]].to_numpy()
    compared = paired_comparisons(first, second, unit_of, alpha=alpha, resamples=resamples, seed=seed)
    verdicts: list[Verdict] = []
    for metric in dict.fromkeys(metric for metric, _, _ in pairs):
        family = [(a, b, each) for (name, a, b), each in zip(pairs, compared, strict=True) if name == metric]
        floor = (floors or {}).get(metric)
        verdicts.extend(_judge(metric, family, better[metric], floor, alpha))
    return tuple(verdicts)


def _by_clip(scores: pd.DataFrame, actors: Mapping[str, str] | None) -> tuple[pd.DataFrame, Sequence[str] | None]:
    """One row per clip, one column per (metric, method), both sorted; and each row's actor."""
    needed = ["method", "clip_id", "metric", "value"]
    absent = [name for name in needed if name not in scores.columns]
    if absent:
        raise ValueError(f"Scores need the columns {needed}; {absent} are missing.")
    twice = scores.duplicated(["method", "clip_id", "metric"])
    if twice.any():
        which = scores.loc[twice, ["method", "clip_id", "metric"]].iloc[0].to_list()
        raise ValueError(f"{int(twice.sum())} scores stand twice, the first is {which}: expected one per clip.")
    if "signature" in scores.columns:
        kinds = scores.groupby("metric")["signature"].unique()
        mixed = kinds[kinds.map(len) > 1]
        if len(mixed):
            raise ValueError(f"{mixed.index[0]} has several signatures that cannot be compared: {list(mixed.iloc[0])}.")
    wide = scores.pivot(index="clip_id", columns=["metric", "method"], values="value").astype("float64")
    wide = wide.sort_index(axis=0).sort_index(axis=1)
    if actors is None:
        return wide, None
    unknown = [clip for clip in wide.index if clip not in actors]
    if unknown:
        raise ValueError(f"{len(unknown)} of {len(wide)} clips have no actor, the first is {unknown[0]!r}.")
    return wide, [actors[clip] for clip in wide.index]


def _pairs(wide: pd.DataFrame, baseline: str | None) -> Iterable[tuple[str, str, str]]:
    """(metric, first, second) of methods that both have the metric."""
    everyone = sorted(set(wide.columns.get_level_values("method")))
    if baseline is not None and baseline not in everyone:
        raise ValueError(f"The baseline {baseline!r} is not among the methods {everyone}.")
    for metric in sorted(set(wide.columns.get_level_values("metric"))):
        methods = [name for name in everyone if (metric, name) in wide.columns]
        if baseline is None:
            yield from ((metric, a, b) for a, b in combinations(methods, 2))
        elif baseline in methods:
            yield from ((metric, name, baseline) for name in methods if name != baseline)


def _judge(
    metric: str, family: Sequence[tuple[str, str, Comparison]], better: Better, floor: float | None, alpha: float
) -> Iterable[Verdict]:
    over_actors = holm([each.p for _, _, each in family])
    for_these = holm([each.p_clip for _, _, each in family])
    tests = sum(p is not None for p in over_actors)
    for (first, second, each), p, p_clip in zip(family, over_actors, for_these, strict=True):
        reached = None if each.difference is None else distinguishable(each.difference, floor)
        leader = None if reached is False else _leader(first, second, each.difference, better)
        yield Verdict(
            metric=metric,
            first=first,
            second=second,
            comparison=each,
            p=p,
            p_clip=p_clip,
            tests=tests,
            distinguishable=reached,
            winner=leader if p is not None and p <= alpha else None,
            winner_clip=leader if p_clip is not None and p_clip <= alpha else None,
            note=_note(each, tests, alpha),
        )


def _leader(first: str, second: str, difference: float | None, better: Better) -> str | None:
    if not difference or better is None:
        return None
    return first if (difference < 0) == (better == "lower") else second


def _note(each: Comparison, tests: int, alpha: float) -> str | None:
    notes = [each.note] if each.note else []
    alone, corrected = never_significant(each.actors, alpha), never_significant(each.actors, alpha, tests)
    if each.p is not None and corrected and not alone:
        notes.append(f"{each.actors} {each.unit}s are too few for {tests} comparisons at {alpha:g}")
    return "; ".join(notes) or None

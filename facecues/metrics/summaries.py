"""Scores of clips to what a paper prints: means with intervals, who beats whom, and what stands beside each value."""

from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import Any, Final, cast

import numpy as np
import pandas as pd

from facecues.metrics.floors import FLOORS, NOISE_FLOORS, REFERENCE
from facecues.metrics.protocols import Protocol
from facecues.metrics.scoring import Column
from facecues.metrics.sets import SetValue
from facecues.metrics.statistics import (
    Comparison,
    Interval,
    compare_all,
    comparison_of_draws,
    holm,
    mean_intervals,
)
from facecues.reasons import ScoreReason

_OVER_FRAMES: Final = frozenset({"SSIM", "PSNR", "LPIPS", "LPIPS-VGG"})
SUMMARY_COLUMNS: Final = (
    *("method", "group", "metric", "value", "low", "high", "n_clips", "n_expected", "n_actors", "n_frames"),
    *("coverage", "reason", "interval", "note", "better", "unit", "signature"),
)
COMPARISON_COLUMNS: Final = (
    *("metric", "first", "second", "difference", "low", "high", "n_clips", "n_actors", "p", "p_holm"),
    *("p_clip", "p_clip_holm", "floor", "distinguishable", "winner", "winner_these_actors", "note"),
    "test",
)
_SIGN_FLIP: Final = "sign-flip"
_BOOTSTRAP: Final = "paired bootstrap"
_ALPHA: Final = 0.05
_COUNTED: Final = ["n_clips", "n_expected", "n_frames", "coverage"]


def summarise(
    scores: pd.DataFrame,
    columns: Mapping[str, Column],
    clips: pd.DataFrame,
    *,
    protocol: Protocol,
    resamples: int,
    seed: int,
) -> pd.DataFrame:
    """Rows of summary.parquet: one for every method, metric and group of clips.

    Groups are "all", each emotion and each actor. Under `penalize` a clip that a method does not have counts as the
    reference's first frame held still, like a frame that it does not show.

    Args:
        scores: rows of scores.parquet.
        columns: metrics by name.
        clips: clip_id, actor, emotion; null where not known.
        protocol: what is done about what is missing, and what means are over.
        resamples, seed: of bootstrap intervals.
    """
    filled = fill_missing(scores, columns, protocol)
    actor_of = clips.set_index("clip_id")["actor"]
    rows: list[dict[str, Any]] = []
    for group, chosen in clip_groups(clips).items():
        part = filled[filled["clip_id"].isin(chosen)]
        if part.empty:
            continue
        wide = part.pivot(index="clip_id", columns=["metric", "method"], values="value").sort_index()
        actors = actor_of.reindex(wide.index)
        units = None if actors.isna().any() else actors.astype(str).to_list()
        intervals = mean_intervals(wide.to_numpy(np.float64), units, resamples=resamples, seed=seed)
        counts = _counts(part)
        cells = cast(list[tuple[str, str]], wide.columns.to_list())
        for (metric, method), interval in zip(cells, intervals, strict=True):
            column, told = columns[metric], counts[metric, method]
            row: dict[str, Any] = {"method": method, "group": group, "metric": metric}
            row |= _value(interval) | {name: told[name] for name in _COUNTED}
            if protocol.over == "frame" and metric in _OVER_FRAMES and told["weighted"] is not None:
                row |= {
                    "value": told["weighted"],
                    "low": None,
                    "high": None,
                    "note": "mean over the frames of all clips, as this protocol has it: no interval",
                }
            row |= {"better": column.info.better, "unit": column.info.unit, "signature": column.signature}
            rows.append(row | {"reason": None if row["value"] is not None else told["reason"]})
    return pd.DataFrame(rows, columns=list(SUMMARY_COLUMNS))


def _value(interval: Interval) -> dict[str, Any]:
    return {
        "value": interval.mean,
        "low": interval.low,
        "high": interval.high,
        "n_actors": interval.actors,
        "interval": interval.signature,
        "note": interval.note,
    }


def _counts(part: pd.DataFrame) -> dict[tuple[str, str], dict[str, Any]]:
    """What stands beside each mean, by metric and method."""
    frames = part["n_frames"].where(part["value"].notna(), 0)
    cells = part.assign(
        seen=part["n_frames"].gt(0), weight=frames, weighted=part["value"].fillna(0) * frames, expected=1
    ).groupby(["metric", "method"], sort=False)
    table = cells.agg(
        n_clips=("seen", "sum"),
        n_expected=("expected", "sum"),
        n_frames=("n_frames", "sum"),
        coverage=("coverage", "mean"),
        weight=("weight", "sum"),
        weighted=("weighted", "sum"),
    )
    reasons = part.dropna(subset=["reason"]).groupby(["metric", "method"], sort=False)["reason"]
    usual = reasons.agg(lambda each: str(each.mode().iloc[0])).to_dict()
    return {
        key: {
            "n_clips": int(row["n_clips"]),
            "n_expected": int(row["n_expected"]),
            "n_frames": int(row["n_frames"]),
            "coverage": float(row["coverage"]),
            "weighted": float(row["weighted"] / row["weight"]) if row["weight"] else None,
            "reason": usual.get(key),
        }
        for key, row in zip(table.index, table.to_dict("records"), strict=True)
    }


def fill_missing(scores: pd.DataFrame, columns: Mapping[str, Column], protocol: Protocol) -> pd.DataFrame:
    """Scores in which, under `penalize`, the clips that a method lacks have the value of doing nothing."""
    if protocol.missing != "penalize":
        return scores
    still = scores[scores["method"] == "still"].set_index(["clip_id", "metric"])["value"]
    pairs = [name for name, column in columns.items() if column.pairs]
    lost = (
        scores["value"].isna()
        & scores["metric"].isin(pairs)
        & scores["reason"].isin([str(ScoreReason.VIDEO_MISSING), str(ScoreReason.VIDEO_FAILED)])
        & ~scores["method"].isin([REFERENCE, *FLOORS])
    )
    keys = pd.MultiIndex.from_frame(scores.loc[lost, ["clip_id", "metric"]])
    out = scores.copy()
    out.loc[lost, "value"] = still.reindex(keys).to_numpy(np.float64)
    return out


def compare(
    scores: pd.DataFrame, columns: Mapping[str, Column], clips: pd.DataFrame, *, resamples: int, seed: int
) -> pd.DataFrame:
    """comparisons.parquet: every pair of methods in every column with a better side, on the clips that both have."""
    directed = {name: column.info.better for name, column in columns.items() if column.info.better is not None}
    own = scores[~scores["method"].isin([REFERENCE, *FLOORS]) & scores["metric"].isin(list(directed))]
    own = own.groupby("metric").filter(lambda rows: bool(rows["value"].notna().any()))
    if own.empty or own["method"].nunique() < 2:
        return pd.DataFrame(columns=list(COMPARISON_COLUMNS))
    known = clips.dropna(subset=["actor"])
    floors = noise_floors(scores, columns)
    verdicts = compare_all(
        own,
        dict(zip(known["clip_id"], known["actor"], strict=True)) if len(known) == len(clips) else None,
        better=directed,
        floors=floors,
        resamples=resamples,
        seed=seed,
    )
    rows = [
        {
            "metric": each.metric,
            "first": each.first,
            "second": each.second,
            "difference": each.comparison.difference,
            "low": each.comparison.low,
            "high": each.comparison.high,
            "n_clips": each.comparison.n,
            "n_actors": each.comparison.actors,
            "p": each.comparison.p,
            "p_holm": each.p,
            "p_clip": each.comparison.p_clip,
            "p_clip_holm": each.p_clip,
            "floor": floors.get(each.metric),
            "distinguishable": each.distinguishable,
            "winner": each.winner,
            "winner_these_actors": each.winner_clip,
            "note": each.note,
            "test": _SIGN_FLIP,
        }
        for each in verdicts
    ]
    return pd.DataFrame(rows, columns=list(COMPARISON_COLUMNS))


def compare_sets(values: Mapping[str, Sequence[SetValue]], *, seed: int) -> pd.DataFrame:
    """More rows of comparisons.parquet: every pair of methods in every metric of sets that has draws of actors.

    Only methods that were measured on equally many clips are compared. Nobody loses by the noise of the measurement,
    which is not known of distributions.

    Args:
        values: by method; of floors and the reference nothing is taken.
        seed: of the draws.
    """
    drawn: dict[str, dict[str, SetValue]] = {}
    for method, each in values.items():
        for one in each:
            if method not in (REFERENCE, *FLOORS) and one.draws and one.info.better is not None:
                drawn.setdefault(one.info.name, {})[method] = one
    rows = [row for metric in sorted(drawn) for row in _family(drawn[metric], seed)]
    return pd.DataFrame(rows, columns=list(COMPARISON_COLUMNS))


def _family(of_method: Mapping[str, SetValue], seed: int) -> list[dict[str, Any]]:
    """All pairs in one column: one family for Holm's correction."""
    pairs = [
        (one, other)
        for one, other in combinations(sorted(of_method), 2)
        if (of_method[one].n_clips, of_method[one].n_actors) == (of_method[other].n_clips, of_method[other].n_actors)
    ]
    found = [_difference(of_method[first], of_method[second], seed) for first, second in pairs]
    tests, rows = sum(each.p is not None for each in found), []
    for (first, second), each, p in zip(pairs, found, holm([each.p for each in found]), strict=True):
        lower = of_method[first].info.better == "lower"
        leader = None if not each.difference else first if (each.difference < 0) == lower else second
        row: dict[str, Any] = {"metric": of_method[first].info.name, "first": first, "second": second}
        row |= {name: getattr(each, name) for name in ("difference", "low", "high", "p")}
        row["note"] = _with_few_draws(each.note, len(of_method[first].draws), tests)
        row |= {"n_clips": each.n, "n_actors": each.actors, "p_holm": p, "test": _BOOTSTRAP}
        rows.append(row | {"winner": leader if p is not None and p <= _ALPHA else None})
    return rows


def _with_few_draws(note: str | None, draws: int, tests: int) -> str | None:
    """With a warning where not even the smallest p that so many draws can give passes Holm's first step."""
    if 2 / (1 + draws) * tests <= _ALPHA:
        return note
    few = f"{draws} draws are too few for {tests} comparisons at {_ALPHA:g}: `set_resamples` says how many"
    return f"{note}; {few}" if note else few


def _difference(first: SetValue, second: SetValue, seed: int) -> Comparison:
    assert first.value is not None and second.value is not None  # there are draws
    draws = np.subtract(first.draws, second.draws)
    return comparison_of_draws(first.value - second.value, draws, n=first.n_clips, actors=first.n_actors, seed=seed)


def noise_floors(scores: pd.DataFrame, columns: Mapping[str, Column]) -> dict[str, float]:
    """The smallest difference that means anything, by metric: what the measurement itself makes of the real clips.

    For errors, the larger of the means of the noise rows; for what is better the higher, how far they are from ideal.
    """
    floors: dict[str, float] = {}
    for name, column in columns.items():
        ideal = column.info.ideal
        if column.info.better is None or ideal is None or not column.pairs:
            continue
        of_metric = scores[(scores["metric"] == name) & scores["method"].isin(NOISE_FLOORS)]
        means = of_metric.groupby("method")["value"].mean().dropna()
        if len(means):
            floors[name] = float((means - ideal).abs().max())
    return floors


def clip_groups(clips: pd.DataFrame) -> dict[str, list[str]]:
    """Clip ids of "all", of each emotion and of each actor, in the order of the clips."""
    groups: dict[str, list[str]] = {"all": clips["clip_id"].to_list()}
    for clip_id, emotion, actor in clips[["clip_id", "emotion", "actor"]].itertuples(index=False):
        if not pd.isna(emotion):
            groups.setdefault(f"emotion:{emotion}", []).append(clip_id)
        if not pd.isna(actor):
            groups.setdefault(f"actor:{actor}", []).append(clip_id)
    return groups

"""Rows of scores to what a paper prints: means with intervals, who beats whom, and what stands beside each value."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

import numpy as np
import pandas as pd

from facecues.metrics.scoring import Column
from facecues.metrics.sets import SetValue
from facecues.metrics.statistics import Interval, compare_all, mean_intervals
from facecues.pipelines.evaluation.config import FLOORS, REFERENCE, EvaluateConfig
from facecues.pipelines.evaluation.jobs import ClipJob
from facecues.pipelines.rows import Row
from facecues.reasons import ScoreReason

SCORE_COLUMNS: Final = ["method", "clip_id", "metric", "value", "n_frames", "coverage", "reason", "signature"]
NOISE_FLOORS: Final = ("re-encoded", "other-backend")  # rows whose error is nobody's but the measurement's
_COUNTS: Final = ("frames", "width", "height", "damaged", "instants", "beyond")
_OVER_FRAMES: Final = frozenset({"SSIM", "PSNR", "LPIPS", "LPIPS-VGG"})


def complete_scores(
    rows: Iterable[Row], columns: Mapping[str, Column], jobs: Sequence[ClipJob], methods: Sequence[str]
) -> pd.DataFrame:
    """scores.parquet: a row for every method, clip and column, whatever became of it.

    Args:
        rows: what the jobs found; metric "*" stands for all columns.
        columns: of the run.
        jobs: all of them.
        methods: the users' own, of which every clip is expected.
    """
    found: dict[tuple[str, str], dict[str, Row]] = {}
    for row in rows:
        found.setdefault((row["method"], row["clip_id"]), {})[row["metric"]] = row
    out = []
    floors = {method for method, _ in found} - {*methods, REFERENCE}
    for job in jobs:
        for method in (REFERENCE, *methods, *(floor for floor in FLOORS if floor in floors)):
            own = found.get((method, job.clip_id))
            for name, column in columns.items():
                if method == REFERENCE and column.pairs:
                    continue
                cell = _cell(own, name, column, method in methods, method == REFERENCE)
                if cell is not None:
                    key = {"method": method, "clip_id": job.clip_id, "metric": name}
                    out.append({**cell, **key, "signature": column.signature})
    frame = pd.DataFrame(out, columns=SCORE_COLUMNS)
    return frame.astype({"value": "float64", "n_frames": "int32", "coverage": "float64"})


def _cell(own: Mapping[str, Row] | None, name: str, column: Column, expected: bool, real: bool) -> Row | None:
    """One score; None where the column does not concern the method."""
    nothing: Row = {"value": None, "n_frames": 0, "coverage": 0.0}
    if own is None:
        reason = ScoreReason.VIDEO_FAILED if real else ScoreReason.VIDEO_MISSING
        return nothing | {"reason": str(reason)} if expected or real else None
    if "*" in own:
        return own["*"]
    if column.absent is not None:
        return nothing | {"reason": str(column.absent.reason)} if expected else None
    return own.get(name)


def videos_table(rows: Iterable[Row]) -> pd.DataFrame:
    """videos.parquet: how each video ended, and what it is."""
    frame = pd.DataFrame(rows).sort_values(["clip_id", "method"], ignore_index=True)
    return frame.astype({name: "Int64" for name in _COUNTS if name in frame})


def summarise(
    scores: pd.DataFrame,
    columns: Mapping[str, Column],
    jobs: Sequence[ClipJob],
    sets: Mapping[str, Sequence[SetValue]],
    config: EvaluateConfig,
) -> pd.DataFrame:
    """summary.parquet: a row for every method, metric and group of clips.

    Groups are "all", each emotion and each actor. Under `penalize` a clip that a method does not have counts as the
    reference's first frame held still, like a frame that it does not show.
    """
    about = {job.clip_id: job for job in jobs}
    filled = fill_missing(scores, columns, config)
    rows = []
    for group, clips in _groups(jobs).items():
        part = filled[filled["clip_id"].isin(clips)]
        for metric, of_metric in part.groupby("metric", sort=False):
            wide = of_metric.pivot(index="clip_id", columns="method", values="value").sort_index()
            actors = _actors(wide.index, about)
            intervals = mean_intervals(wide.to_numpy(np.float64), actors, resamples=config.resamples, seed=config.seed)
            for method, interval in zip(wide.columns, intervals, strict=True):
                own = of_metric[of_metric["method"] == method]
                rows.append(
                    _summary_row((str(method), str(metric), group), own, interval, columns[str(metric)], config)
                )
    for method, values in sets.items():
        rows += [_set_row(method, value) for value in values]
    return pd.DataFrame(rows).sort_values(["group", "metric", "method"], kind="stable", ignore_index=True)


def fill_missing(scores: pd.DataFrame, columns: Mapping[str, Column], config: EvaluateConfig) -> pd.DataFrame:
    """Scores in which, under `penalize`, the clips that a method lacks have the value of doing nothing."""
    if config.protocol.missing != "penalize":
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
    scores: pd.DataFrame, columns: Mapping[str, Column], jobs: Sequence[ClipJob], config: EvaluateConfig
) -> pd.DataFrame:
    """comparisons.parquet: every pair of methods in every column with a better side, on the clips that both have."""
    about = {job.clip_id: job for job in jobs}
    directed = {name: column.info.better for name, column in columns.items() if column.info.better is not None}
    own = scores[~scores["method"].isin([REFERENCE, *FLOORS]) & scores["metric"].isin(list(directed))]
    own = own.groupby("metric").filter(lambda rows: bool(rows["value"].notna().any()))
    if own.empty or own["method"].nunique() < 2:
        return pd.DataFrame()
    actors = {clip: job.actor for clip, job in about.items() if job.actor is not None}
    floors = noise_floors(scores, columns)
    verdicts = compare_all(
        own,
        actors if len(actors) == len(about) else None,
        better=directed,
        floors=floors,
        resamples=config.resamples,
        seed=config.seed,
    )
    return pd.DataFrame(
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
        }
        for each in verdicts
    )


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


def _groups(jobs: Sequence[ClipJob]) -> dict[str, list[str]]:
    groups: dict[str, list[str]] = {"all": [job.clip_id for job in jobs]}
    for job in jobs:
        if job.emotion is not None:
            groups.setdefault(f"emotion:{job.emotion}", []).append(job.clip_id)
        if job.actor is not None:
            groups.setdefault(f"actor:{job.actor}", []).append(job.clip_id)
    return groups


def _actors(clips: Iterable[str], about: Mapping[str, ClipJob]) -> list[str] | None:
    actors = [about[clip].actor for clip in clips]
    return None if any(actor is None for actor in actors) else [str(actor) for actor in actors]


def _summary_row(
    key: tuple[str, str, str], own: pd.DataFrame, interval: Interval, column: Column, config: EvaluateConfig
) -> Row:
    method, metric, group = key
    reasons = own["reason"].dropna()
    value, low, high, note = interval.mean, interval.low, interval.high, interval.note
    if config.protocol.over == "frame" and metric in _OVER_FRAMES and own["n_frames"].gt(0).any():
        counted = own[own["value"].notna() & own["n_frames"].gt(0)]
        value = float(np.average(counted["value"], weights=counted["n_frames"]))
        low = high = None
        note = "mean over the frames of all clips, as this protocol has it: no interval"
    return {
        "method": method,
        "group": group,
        "metric": metric,
        "value": value,
        "low": low,
        "high": high,
        "n_clips": int(own["n_frames"].gt(0).sum()),
        "n_expected": len(own),
        "n_actors": interval.actors,
        "n_frames": int(own["n_frames"].sum()),
        "coverage": float(own["coverage"].mean()) if len(own) else 0.0,
        "reason": None if value is not None or reasons.empty else str(reasons.mode().iloc[0]),
        "interval": interval.signature,
        "note": note,
        "better": column.info.better,
        "unit": column.info.unit,
        "signature": column.signature,
    }


def _set_row(method: str, value: SetValue) -> Row:
    return {
        "method": method,
        "group": value.group,
        "metric": value.info.name,
        "value": value.value,
        "low": value.low,
        "high": value.high,
        "n_clips": value.n_clips,
        "n_expected": value.n_expected,
        "n_actors": value.n_actors,
        "n_frames": value.n_frames,
        "coverage": value.n_clips / value.n_expected if value.n_expected else 0.0,
        "reason": value.reason,
        "interval": None,
        "note": value.note,
        "better": value.info.better,
        "unit": value.info.unit,
        "signature": value.signature,
    }

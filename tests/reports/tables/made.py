"""Small results, made from a few values per clip as an evaluation would make them."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from facecues.metrics.contracts import MetricInfo
from facecues.metrics.floors import FLOORS, REFERENCE
from facecues.metrics.landmarks import F_LD, M_LD
from facecues.metrics.psnr import PSNR
from facecues.metrics.statistics import compare_all, mean_interval
from facecues.reports.results import Measured, Results

Values = Mapping[str, Mapping[str, Sequence[float | None]]]
"""Per method and metric, one value per clip."""

INFOS = {
    "M-LD": M_LD,
    "F-LD": F_LD,
    "PSNR": PSNR,
    "FID": MetricInfo("FID", "Fréchet distance", "lower", "", 0.0),
    "EmoAcc-fer": MetricInfo("EmoAcc-fer", "emotion accuracy", "higher", "", 1.0),
    "EmoAcc-enet": MetricInfo("EmoAcc-enet", "emotion accuracy", "higher", "", 1.0),
    "Blinks": MetricInfo("Blinks", "blink rate", None, "1/min"),
}


def made(
    values: Values,
    *,
    actors: Sequence[str | None] = (),
    emotions: Sequence[str | None] = (),
    sets: Mapping[str, Mapping[str, float]] | None = None,
    absent: Mapping[str, str] | None = None,
    reason: str = "video_missing",
) -> Results:
    """Results of these values.

    Args:
        values: as many per metric as there are clips.
        actors, emotions: of the clips; none known unless told.
        sets: per method and set metric, one value.
        absent: why metrics have no value.
        reason: of every missing value.
    """
    count = max((len(each) for own in values.values() for each in own.values()), default=len(actors))
    clips = pd.DataFrame(
        {
            "clip_id": [f"clip{number:03d}" for number in range(count)],
            "actor": list(actors) or [None] * count,
            "emotion": list(emotions) or [None] * count,
            "level": [None] * count,
        },
        dtype=object,
    )
    scores = pd.DataFrame(
        [
            (method, clip, metric, value, *((0, 0.0, reason) if value is None else (25, 1.0, None)), f"{metric}|v:1")
            for method, own in values.items()
            for metric, each in own.items()
            for clip, value in zip(clips["clip_id"], each, strict=True)
        ],
        columns=["method", "clip_id", "metric", "value", "n_frames", "coverage", "reason", "signature"],
    ).astype({"value": "float64"})
    of_sets = {name for own in (sets or {}).values() for name in own}
    names = dict.fromkeys([*scores["metric"], *(absent or {}), *of_sets])
    metrics = {name: Measured(INFOS[name], f"{name}|v:1", name in of_sets, (absent or {}).get(name)) for name in names}
    limits = (REFERENCE, *FLOORS)
    everyone = dict.fromkeys([*values, *(sets or {})])
    return Results(
        methods=tuple(name for name in everyone if name not in limits),
        limits=tuple(name for name in limits if name in everyone),
        metrics=metrics,
        clips=clips,
        scores=scores,
        summary=pd.DataFrame([*_summary(scores, clips, metrics), *_of_sets(sets or {}, clips)], columns=_SUMMARY),
        comparisons=_comparisons(scores[~scores["method"].isin(limits)], clips),
        emotions=pd.DataFrame(),
        videos=pd.DataFrame(),
        runs=(),
    )


_SUMMARY = ["method", "group", "metric", "value", "low", "high", "n_clips", "n_expected", "n_actors", "n_frames"]
_SUMMARY += ["coverage", "reason", "interval", "note", "better", "unit", "signature"]


def _summary(scores: pd.DataFrame, clips: pd.DataFrame, metrics: Mapping[str, Measured]) -> list[dict[str, Any]]:
    rows = []
    groups = {"all": list(clips["clip_id"])}
    for kind in ("emotion", "actor"):
        groups |= {f"{kind}:{name}": list(part["clip_id"]) for name, part in clips.dropna(subset=kind).groupby(kind)}
    for (method, metric), own in scores.groupby(["method", "metric"], sort=False):
        for group, members in groups.items():
            part = own[own["clip_id"].isin(members)]
            actors = clips.set_index("clip_id").loc[part["clip_id"], "actor"]
            interval = mean_interval(part["value"].to_numpy(np.float64), None if actors.isna().any() else list(actors))
            rows.append(
                {
                    "method": method,
                    "group": group,
                    "metric": metric,
                    "value": interval.mean,
                    "low": interval.low,
                    "high": interval.high,
                    "n_clips": interval.n,
                    "n_expected": len(part),
                    "n_actors": interval.actors,
                    "n_frames": int(part["n_frames"].sum()),
                    "coverage": float(part["coverage"].mean()),
                    "reason": None if interval.mean is not None else part["reason"].iloc[0],
                    "note": interval.note,
                    "better": metrics[str(metric)].info.better,
                    "unit": metrics[str(metric)].info.unit,
                    "signature": f"{metric}|v:1",
                }
            )
    return rows


def _of_sets(sets: Mapping[str, Mapping[str, float]], clips: pd.DataFrame) -> list[dict[str, Any]]:
    shared = {"group": "all", "n_clips": len(clips), "n_expected": len(clips), "n_actors": 1, "n_frames": 9}
    return [
        {"method": method, "metric": metric, "value": value, "coverage": 1.0, "signature": f"{metric}|v:1", **shared}
        for method, own in sets.items()
        for metric, value in own.items()
    ]


def _comparisons(scores: pd.DataFrame, clips: pd.DataFrame) -> pd.DataFrame:
    directed = {name: info.better for name, info in INFOS.items() if info.better}
    own = scores[scores["metric"].isin(list(directed)) & scores["value"].notna()]
    if own["method"].nunique() < 2:
        return pd.DataFrame()
    known = clips["actor"].notna().all()
    actors = dict(zip(clips["clip_id"], clips["actor"], strict=True)) if known else None
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
            "floor": None,
            "distinguishable": each.distinguishable,
            "winner": each.winner,
            "winner_these_actors": each.winner_clip,
            "note": each.note,
        }
        for each in compare_all(own, actors, better=directed, resamples=999)
    ]
    return pd.DataFrame(rows)

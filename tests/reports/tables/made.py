"""Small results, made from a few values per clip as an evaluation would make them."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from facecues.metrics.contracts import MetricInfo
from facecues.metrics.floors import FLOORS, REFERENCE
from facecues.metrics.landmarks import F_LD, M_LD
from facecues.metrics.protocols import FACECUES
from facecues.metrics.psnr import PSNR
from facecues.metrics.scoring import Column
from facecues.metrics.sets import SetValue
from facecues.metrics.summaries import SUMMARY_COLUMNS, compare, compare_sets, summarise
from facecues.reports.results import Measured, Results

Values = Mapping[str, Mapping[str, Sequence[float | None]]]
"""Per method and metric, one value per clip."""

EXCLUDE = FACECUES.with_missing("exclude")
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
    columns = {name: Column(each.info, each.signature, pairs=False) for name, each in metrics.items()}
    summary = summarise(scores, columns, clips, protocol=EXCLUDE, resamples=9_999, seed=0)
    limits = (REFERENCE, *FLOORS)
    everyone = dict.fromkeys([*values, *(sets or {})])
    return Results(
        methods=tuple(name for name in everyone if name not in limits),
        limits=tuple(name for name in limits if name in everyone),
        metrics=metrics,
        clips=clips,
        scores=scores,
        summary=pd.concat([summary, pd.DataFrame(_of_sets(sets or {}, clips), columns=list(SUMMARY_COLUMNS))]),
        comparisons=compare(scores, columns, clips, resamples=999, seed=0),
        emotions=pd.DataFrame(),
        videos=pd.DataFrame(),
        runs=(),
    )


def with_draws(results: Results, metric: str, *, pairs: Sequence[Sequence[str]] = (), spread: float = 0.1) -> Results:
    """Comparisons of a set metric besides, as an evaluation of 199 draws makes them.

    Args:
        results: with values of the metric.
        metric: of sets.
        pairs: methods that were evaluated in one run; none: all in the same.
        spread: of the draws around each value; draws of two methods have nothing in common.
    """
    own = results.summary[(results.summary["metric"] == metric) & (results.summary["group"] == "all")]
    actors = int(results.clips["actor"].nunique())
    values = {
        row["method"]: SetValue(
            results.metrics[metric].info,
            row["value"],
            None,
            None,
            9,
            row["signature"],
            n_clips=row["n_clips"],
            n_actors=actors,
            draws=tuple(row["value"] + np.random.default_rng(number).normal(0, spread, 199)),
        )
        for number, row in enumerate(own.to_dict("records"))
    }
    runs = [compare_sets({name: [values[name]] for name in run}, seed=0) for run in pairs or [list(values)]]
    return replace(results, comparisons=pd.concat([results.comparisons, *runs], ignore_index=True))


def _of_sets(sets: Mapping[str, Mapping[str, float]], clips: pd.DataFrame) -> list[dict[str, Any]]:
    shared = {"group": "all", "n_clips": len(clips), "n_expected": len(clips), "n_actors": 1, "n_frames": 9}
    return [
        {"method": method, "metric": metric, "value": value, "coverage": 1.0, "signature": f"{metric}|v:1", **shared}
        for method, own in sets.items()
        for metric, value in own.items()
    ]

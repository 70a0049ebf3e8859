"""Results that nobody measured, of any size, for tests of reports."""

import json
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pandas as pd

from facecues.labels import EMOTIONS
from facecues.metrics.contracts import MetricInfo
from facecues.metrics.protocols import FACECUES
from facecues.metrics.registry import METRICS
from facecues.metrics.scoring import Column
from facecues.metrics.summaries import compare, summarise
from facecues.pipelines.evaluation.config import EvaluateConfig
from facecues.reports.results import Measured, Results, RunInfo

PROTOCOL = FACECUES.with_missing("exclude")


class NoEvidence:
    """Nothing was kept."""

    def track(self, method, clip_id):
        return None

    def video(self, method, clip_id):
        return None

    def sound(self, method, clip_id):
        return None


def fake_columns(names):
    return {
        name: Column(METRICS.get(name) or MetricInfo(name, name, "lower", ""), f"{name}|v:1", True) for name in names
    }


def fake_scores(columns, clips, methods, limits=(), start=0):
    """Method k is worse than method k - 1 by a tenth, the first being number `start`; floors are the best."""
    rows = []
    everyone = [*enumerate(methods, start), *((-1 - at, name) for at, name in enumerate(limits))]
    for number, (name, column) in enumerate(columns.items()):
        difficulty = np.random.default_rng(number).gamma(4.0, 0.25, len(clips))
        for at, method in everyone:
            worse = 0.1 if at < 0 else 1 + 0.1 * at
            noise = np.random.default_rng((number, at + 100)).normal(0, 0.1, len(clips))
            values = difficulty * worse * np.exp(noise)
            values = 1 / (1 + values) if column.info.better == "higher" else values
            rows.append(
                pd.DataFrame(
                    {
                        "method": method,
                        "clip_id": clips["clip_id"].to_numpy(),
                        "metric": name,
                        "value": values,
                        "n_frames": np.int32(100),
                        "coverage": 1.0,
                        "reason": None,
                        "signature": column.signature,
                    }
                )
            )
    return pd.concat(rows, ignore_index=True) if rows else pd.DataFrame()


def fake_clips(clips=12, actors=4, emotions=3):
    """Actors and emotions take turns; with 0 actors or emotions, none is known."""
    rows = [
        {
            "clip_id": f"{at:05d}",
            "actor": f"M{at % actors + 1:03d}" if actors else None,
            "emotion": EMOTIONS[at // max(actors, 1) % emotions] if emotions else None,
            "level": 1,
        }
        for at in range(clips)
    ]
    frame = pd.DataFrame(rows, columns=["clip_id", "actor", "emotion", "level"])
    return frame.astype({"clip_id": "string", "actor": "string", "emotion": "string", "level": "Int64"})


def fake_results(
    *,
    methods=("first", "second", "third"),
    metrics=("M-LD", "SSIM"),
    clips=12,
    actors=4,
    emotions=3,
    limits=("re-encoded", "still"),
    resamples=199,
    change=lambda scores: scores,
    start=0,
):
    """Results of one run. `change` may alter the scores before they are summed up; `start` as for fake_scores."""
    about, columns = fake_clips(clips, actors, emotions), fake_columns(metrics)
    scores = change(fake_scores(columns, about, methods, limits, start))
    draws = {"resamples": resamples, "seed": 0}
    every = [(method, clip) for method in ("reference", *methods, *limits) for clip in about["clip_id"]]
    videos = pd.DataFrame(every, columns=["method", "clip_id"]).assign(
        video="clip.mp4",
        content="",
        status="ok",
        reason=None,
        message=None,
        frames=100,
        fps=25.0,
        width=256,
        height=256,
        duration_s=4.0,
        coverage=1.0,
    )
    return Results(
        methods=tuple(methods),
        limits=tuple(limits),
        metrics={name: Measured(column.info, column.signature, False) for name, column in columns.items()},
        clips=about,
        scores=scores,
        summary=summarise(scores, columns, about, protocol=PROTOCOL, **draws),
        comparisons=compare(scores, columns, about, **draws),
        emotions=pd.DataFrame(columns=["method", "clip_id", "classifier", "intended", "seen", "probability", "frames"]),
        videos=videos,
        runs=(RunInfo(Path("run"), {"facecues": "0", "config": {}, "methods": {}, "columns": {}, "absent": {}}),),
    )


def fake_run(root, **options):
    """A run's folder with such results; `options` as for fake_results."""
    options.setdefault("resamples", 199)
    results = fake_results(**options)
    root.mkdir(parents=True)
    for name in ("clips", "scores", "summary", "comparisons", "emotions", "videos"):
        getattr(results, name).to_parquet(root / f"{name}.parquet", index=False)
    columns = {
        name: asdict(column) | {"absent": None}
        for name, column in fake_columns(options.get("metrics", ("M-LD", "SSIM"))).items()
    }
    config = EvaluateConfig(protocol=PROTOCOL, resamples=options["resamples"]).model_dump(mode="json")
    header = {
        "format": 1,
        "facecues": "0",
        "packages": {},
        "command": ["facecues", "evaluate"],
        "config": config,
        "order": list(results.methods),
        "methods": {name: {"root": name, "clips": 0, "missing": [], "extra": []} for name in results.methods},
        "reference": {"root": "reference", "clips": len(results.clips)},
        "watcher": "",
        "cues": "",
        "networks": {},
        "columns": columns,
        "absent": {},
        "no_other_backend": None,
    }
    (root / "run.json").write_text(json.dumps(header))
    return root

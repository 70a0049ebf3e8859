"""Folders of short clips, runs over them, and what runs leave behind."""

import json
import shutil
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from facecues.config import Limits
from facecues.metrics.protocols import FACECUES
from facecues.models.media import write_video
from facecues.pipelines.evaluation.config import EvaluateConfig
from facecues.pipelines.evaluation.run import evaluate
from facecues.pipelines.pairing import pair
from facecues.preprocess.decode import Decoder
from facecues.preprocess.index import build_index

QUICK = EvaluateConfig(
    protocol=FACECUES.with_pictures(None, 64),
    metrics=("ssim", "psnr"),
    floors=("still",),
    resamples=99,
    set_resamples=0,
)
EXCLUDE = QUICK.model_copy(update={"protocol": QUICK.protocol.with_missing("exclude")})
FIRST = "M001/front/happy/level_3/001"
CLIPS = (FIRST, "M001/front/sad/level_3/001", "W002/front/happy/level_3/001")
LONG, SHORT = 30, 8  # frames of the first clip and of the others
TABLES = ("clips", "scores", "summary", "comparisons", "emotions", "videos")


def video_of(clip_id):
    """Where MEAD has it."""
    actor, rest = clip_id.split("/", 1)
    return f"{actor}/video/{rest}.mp4"


def read(path, frames=None):
    """The first frames of a video, (H, W, 3) uint8 each."""
    with Decoder(path, Limits()) as decoder:
        return [frame.rgb() for frame in decoder][:frames]


def write(root, name, frames, **options):
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    write_video(path, frames, **options)


def shorten(corpus, root):
    """A reference: three clips of a corpus, cut, with their sound."""
    for clip_id in CLIPS:
        write(root, video_of(clip_id), read(corpus / video_of(clip_id), LONG if clip_id == FIRST else SHORT))
        sound = video_of(clip_id).replace("video/front", "audio").replace("mp4", "m4a")
        (root / sound).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(corpus / sound, root / sound)
    return root


def noisy(frames, sigma=8.0):
    noise = np.random.default_rng(0).normal(0, sigma, frames[0].shape)
    return [np.clip(frame + noise, 0, 255).astype(np.uint8) for frame in frames]


def moved(frames, by=4):
    """Each frame some pixels to the right, the later the more."""
    return [np.roll(frame, by * at // len(frames), axis=1) for at, frame in enumerate(frames)]


def run(reference, methods, out, cluster=None, config=QUICK, **options):
    return evaluate(pair(build_index(reference), methods), out, config, scheduler=cluster, **options)


@dataclass(frozen=True)
class World:
    """What tests have in common: a reference, two methods, a cluster, and a run that nothing happened to."""

    reference: Path
    methods: dict
    cluster: str
    undisturbed: Path

    def run(self, out, config=QUICK, **options):
        """`methods`, `reference` and `workers` take the place of the usual ones."""
        methods, reference = options.pop("methods", self.methods), options.pop("reference", self.reference)
        return run(reference, methods, out, None if "workers" in options else self.cluster, config, **options)

    def begin(self, out):
        """A run that is finished before the test."""
        shutil.copytree(self.undisturbed, out)


def scores(out):
    """scores.parquet, of which every row is complete: no null without its reason, nothing without coverage."""
    frame = pd.read_parquet(out / "scores.parquet")
    assert not frame.drop(columns=["value", "reason"]).isna().any(axis=None)
    assert frame.loc[frame["value"].isna(), "reason"].notna().all()
    assert np.isfinite(frame["value"].dropna()).all()
    assert frame["coverage"].between(0, 1).all()
    assert not frame.duplicated(["method", "clip_id", "metric"]).any()
    assert (frame.groupby("metric")["signature"].nunique() == 1).all()
    summary = pd.read_parquet(out / "summary.parquet")
    assert summary.loc[summary["value"].isna(), ["reason", "note"]].notna().any(axis=1).all()
    return frame


def of(frame, **chosen):
    """Rows where the columns have these values."""
    for column, value in chosen.items():
        frame = frame[frame[column] == value]
    return frame.reset_index(drop=True)


def cell(frame, method, clip_id, metric):
    (row,) = of(frame, method=method, clip_id=clip_id, metric=metric).to_dict("records")
    return row


def header(out):
    return json.loads((out / "run.json").read_text())


def same_run(one, other):
    """Byte for byte, or value for value."""
    assert (one / "scores.parquet").read_bytes() == (other / "scores.parquet").read_bytes()
    for name in TABLES:
        pd.testing.assert_frame_equal(
            pd.read_parquet(one / f"{name}.parquet"), pd.read_parquet(other / f"{name}.parquet")
        )
    assert header(one) == header(other)


def kept(out):
    """What the memory holds, and when it was written."""
    features = out / "features"
    return {file.relative_to(features).as_posix(): file.stat().st_mtime_ns for file in features.rglob("*.npz")}

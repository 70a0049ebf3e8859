"""Cue stores written by hand: tracks of tests.metrics.tracks, with the sound of their mouths beside them."""

import json
import wave
from collections import defaultdict
from dataclasses import fields

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from facecues.metrics.contracts import CueTrack
from facecues.metrics.mouth import mouth_opening
from facecues.pipelines.store import Header
from facecues.schema import CLIP_SCHEMA, FRAME_SCHEMA, group_path
from tests.metrics.tracks import talking, track

EMOTIONS = ("happy", "sad")
ACTORS = ("M001", "M002", "W001")
CLIPS = tuple(f"{actor}/front/{emotion}/level_3/001" for actor in ACTORS for emotion in EMOTIONS)
COLUMNS = tuple(field.name for field in fields(CueTrack))
FRAMES = 60


def truth():
    """A track for each clip."""
    return {clip_id: track(talking(FRAMES, seed), seed) for seed, clip_id in enumerate(CLIPS)}


def labels(clip_id):
    actor, view, emotion, level, number = clip_id.split("/")
    sound = f"{actor}/audio/{emotion}/{level}/{number}.wav"
    video = f"{actor}/video/{view}/{emotion}/{level}/{number}.mp4"
    told = {"actor": actor, "view": view, "emotion": emotion, "level": int(level[-1]), "number": number}
    return {"clip_id": clip_id, "video": video, "audio": sound, **told}


def write_store(root, tracks, signature="by hand", fps=25):
    """A finished store; a clip whose track is None failed."""
    header = Header(signature=signature, layout="mead", config={}, weights={}, packages={})
    (root / "frames").mkdir(parents=True)
    (root / "store.json").write_text(header.model_dump_json())
    clips, groups = [], defaultdict(list)
    for clip_id, cues in tracks.items():
        row = labels(clip_id)
        if cues is None:
            clips.append(row | {"status": "failed", "reason": "internal_error", "message": "it did not come out"})
            continue
        clips.append(row | {"status": "ok", "frames": len(cues), "fps": float(fps), "coverage": 1.0})
        group = group_path(row["actor"], row["view"], row["emotion"], row["level"])
        frames = {
            "clip_id": [clip_id] * len(cues),
            "frame": range(len(cues)),
            "time_s": np.arange(len(cues)) / fps,
            **{name: vectors(getattr(cues, name)) for name in COLUMNS},
        }
        groups[group] += _rows(frames)
    for group, rows in groups.items():
        (root / "frames" / group).parent.mkdir(parents=True, exist_ok=True)
        pq.write_table(pa.Table.from_pylist(rows, FRAME_SCHEMA), root / "frames" / group)
    pq.write_table(pa.Table.from_pylist(clips, CLIP_SCHEMA), root / "clips.parquet")
    return root


def vectors(values):
    """Rows, null where there is no face."""
    flat = values.reshape(len(values), -1)
    return [None if np.isnan(row).any() else row.tolist() for row in flat]


def _rows(columns):
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


def write_sounds(root, tracks):
    """Noise as loud as the mouth is open."""
    rng = np.random.default_rng(0)
    for clip_id, cues in tracks.items():
        opening = mouth_opening(cues.normalized)
        loudness = np.interp(np.arange(len(cues) * 640) / 640, np.arange(len(cues)), opening - opening.min())
        samples = rng.normal(0, 3000, len(loudness)) * loudness / loudness.max()
        path = root / labels(clip_id)["audio"]
        path.parent.mkdir(parents=True, exist_ok=True)
        with wave.open(str(path), "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(2)
            file.setframerate(16_000)
            file.writeframes(samples.astype("<i2").tobytes())


def told(run):
    return json.loads((run / "run.json").read_text())

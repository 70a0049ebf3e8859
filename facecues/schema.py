"""The columns of a cue store: the truth that writers, readers and documents share."""

from functools import cache
from urllib.parse import quote

import pyarrow as pa

SCHEMA_VERSION = 1


def _vector(length: int) -> pa.DataType:
    return pa.list_(pa.float32(), length)


def _field(name: str, kind: pa.DataType, unit: str) -> pa.Field:
    return pa.field(name, kind, metadata={"unit": unit})


CLIP_SCHEMA = pa.schema(
    [
        _field("clip_id", pa.string(), "actor/view/emotion/level_N/number, or the path without its suffix"),
        _field("actor", pa.string(), "name"),
        _field("gender", pa.string(), "male | female"),
        _field("view", pa.string(), "name"),
        _field("emotion", pa.string(), "name"),
        _field("level", pa.int8(), "1 to 3"),
        _field("number", pa.string(), "sentence, as text"),
        _field("video", pa.string(), "path below the dataset root"),
        _field("audio", pa.string(), "path below the dataset root; the video's own when the sound is in it"),
        _field("frames", pa.int32(), "decoded frames"),
        _field("fps", pa.float64(), "frames per second, average over the time stamps"),
        _field("width", pa.int32(), "pixels, as displayed"),
        _field("height", pa.int32(), "pixels, as displayed"),
        _field("duration_s", pa.float64(), "seconds"),
        _field("audio_rate", pa.int32(), "samples per second"),
        _field("status", pa.string(), "ok | partial | failed"),
        _field("reason", pa.string(), "closed list, facecues.reasons.ClipReason"),
        _field("message", pa.string(), "one sentence"),
        _field("coverage", pa.float64(), "share of frames with a face, 0 to 1"),
        _field("signature", pa.string(), "everything that changes the cues"),
        _field("content_key", pa.string(), "sha256 over the video's bytes and the signature"),
        _field("seconds", pa.float64(), "wall time of the extraction"),
    ],
    metadata={"facecues_schema_version": str(SCHEMA_VERSION)},
)

# One row per frame, as an extractor yields it; the store adds `clip_id` in front.
CUE_SCHEMA = pa.schema(
    [
        _field("frame", pa.int32(), "index of the decoded frame, from 0"),
        _field("time_s", pa.float64(), "seconds, presentation time"),
        _field("reason", pa.string(), "null, or why the cues are null (facecues.reasons.FrameReason)"),
        _field("score", pa.float32(), "confidence of the face, 0 to 1"),
        _field("box", _vector(4), "x0 y0 x1 y1, frame pixels"),
        _field("landmarks", _vector(204), "68 x (x, y, z), frame pixels"),
        _field("normalized", _vector(204), "68 x (x, y, z), template units"),
        _field("rotation", _vector(3), "pitch yaw roll, degrees"),
        _field("translation", _vector(3), "x y z, frame pixels"),
        _field("scale", pa.float32(), "frame pixels per template unit"),
        _field("gaze_left", _vector(2), "pitch yaw, degrees, camera frame"),
        _field("gaze_right", _vector(2), "pitch yaw, degrees, camera frame"),
        _field("gaze", _vector(2), "pitch yaw, degrees, camera frame, both eyes"),
        _field("eye_openness", _vector(2), "right left, lid distance over eye width"),
    ],
)

FRAME_SCHEMA = pa.schema(
    [_field("clip_id", pa.string(), "as in clips.parquet"), *CUE_SCHEMA],
    metadata={"facecues_schema_version": str(SCHEMA_VERSION)},
)


@cache
def group_path(actor: str | None, view: str | None, emotion: str | None, level: int | None) -> str:
    """Where, below `frames`, the clips of one group are: a Hive path, which every reader understands.

    Values are percent-encoded, as readers expect, so that no name can lead elsewhere. A missing one is
    "unknown" and not Hive's name for null: pyarrow, and so pandas, cannot read a column that is null in all.
    """
    actor, view, emotion = ("unknown" if name is None else quote(name, safe="") for name in (actor, view, emotion))
    return f"actor={actor}/view={view}/{emotion if level is None else f'{emotion}_level_{level}'}.parquet"

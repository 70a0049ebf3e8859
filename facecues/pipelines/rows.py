"""Rows of clips.parquet: how they come about, and how tables of them are joined."""

from collections.abc import Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from facecues.preprocess.contracts import ClipReport
from facecues.preprocess.layouts import Clip
from facecues.reasons import ClipReason, Status
from facecues.schema import CLIP_SCHEMA

Row = dict[str, Any]

# The video's directory entry as the index saw it, before its bytes were read: as long as these stay, the
# bytes are taken to be those of `content_key`.
STAT = ("size", "mtime_ns", "ctime_ns")
ROW_SCHEMA = pa.schema([*CLIP_SCHEMA, *(pa.field(name, pa.int64()) for name in STAT)])

_OF_CLIP = ("clip_id", "actor", "gender", "view", "emotion", "level", "number", "video", "audio", *STAT)
_OF_REPORT = (
    *("frames", "fps", "width", "height", "duration_s", "audio_rate"),
    *("status", "reason", "message", "coverage"),
)


def extracted_row(clip: Clip, report: ClipReport, signature: str, content_key: str, seconds: float) -> Row:
    """The row of a clip whose frames are in the store."""
    row = _unmeasured(clip) | {name: getattr(report, name) for name in _OF_REPORT}
    if clip.audio is None and report.audio_in_video:
        row["audio"] = clip.video
    return row | {"signature": signature, "content_key": content_key, "seconds": seconds}


def failed_row(
    clip: Clip, reason: ClipReason, message: str | None, signature: str, seconds: float | None = None
) -> Row:
    """The row of a clip without frames: nothing measured, and no key, for nothing of it is in the store."""
    outcome: Row = {"status": Status.FAILED, "reason": reason, "message": message}
    return _unmeasured(clip) | outcome | {"signature": signature, "seconds": seconds}


def touched_row(row: Row, clip: Clip) -> Row:
    """The row of a clip whose file was touched, moved or copied and holds the same bytes as before."""
    return row | {name: getattr(clip, name) for name in STAT}


def _unmeasured(clip: Clip) -> Row:
    return dict.fromkeys(ROW_SCHEMA.names) | {name: getattr(clip, name) for name in _OF_CLIP}


def newest(older: pa.Table, newer: pa.Table) -> pa.Table:
    """Both tables' rows, sorted by clip_id; of several rows of one clip the last counts."""
    both = pa.concat_tables([older, newer])
    last = {clip: at for at, clip in enumerate(both["clip_id"].to_pylist())}
    return both.take(pa.array(last.values(), pa.int64())).sort_by("clip_id")


def look_up(rows: pa.Table, clip_ids: pa.Array) -> pa.Table:
    """One row for each id, in their order; all null where the table has none."""
    known = rows["clip_id"].combine_chunks()
    return rows.take(pc.index_in(clip_ids, value_set=known))


def has_frames(rows: pa.Table) -> pa.Array:
    """Whether frames of these clips are in the store, by their status."""
    return pc.is_in(rows["status"], value_set=pa.array([Status.OK.value, Status.PARTIAL.value]))


def with_paths_of(rows: pa.Table, clips: Sequence[Clip]) -> pa.Table:
    """The rows with the paths that the index has now: a dataset that has moved changes nothing else."""
    clip_ids, videos, audios = (
        pa.array((getattr(clip, name) for clip in clips), pa.string()) for name in ("clip_id", "video", "audio")
    )
    at = pc.index_in(rows["clip_id"], value_set=clip_ids)
    video = pc.coalesce(videos.take(at), rows["video"])
    own_sound = pc.if_else(pc.equal(rows["audio"], rows["video"]), video, rows["audio"])
    audio = pc.coalesce(audios.take(at), own_sound)
    for name, column in (("video", video), ("audio", audio)):
        rows = rows.set_column(rows.schema.get_field_index(name), ROW_SCHEMA.field(name), column)
    return rows

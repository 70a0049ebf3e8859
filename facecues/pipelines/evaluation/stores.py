"""Cue stores as sides of an evaluation: which clips they hold, and what is kept of a clip's cues."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray
from pydantic import ValidationError

from facecues.errors import ClipError, UsageError
from facecues.metrics.floors import REFERENCE
from facecues.pipelines.atomic import reading
from facecues.pipelines.evaluation.jobs import ClipJob, Stored
from facecues.pipelines.evaluation.kept import Tools, Watching, listen
from facecues.pipelines.lockstep import TRACKS, cue_track
from facecues.pipelines.pairing import Pairing, Stores, pair_stores
from facecues.pipelines.store import Header
from facecues.preprocess.index import Index
from facecues.preprocess.layouts import Clip
from facecues.reasons import ClipReason, Status
from facecues.schema import CUE_SCHEMA, SCHEMA_VERSION

CUES: Final = "cues"  # an index's layout: of a store, not of videos
_HEADER, _CLIPS = "store.json", "clips.parquet"
_NAMES: Final = ("clip_id", "video", "audio", "actor", "gender", "view", "emotion", "level", "number")


def is_store(folder: Path) -> bool:
    """Whether a folder is a finished cue store."""
    return (folder / _HEADER).is_file() and (folder / _CLIPS).is_file()


def store_index(root: Path) -> Index:
    """The clips of a store, as an index has them; those that failed have their problem.

    Raises:
        UsageError: it is no finished store, of another version of the schema, or without a clip.
    """
    if not is_store(root):
        raise UsageError(f"{root} is no finished cue store (it needs {_HEADER} and {_CLIPS})")
    with reading(root):
        rows = pq.read_table(root / _CLIPS, partitioning=None).to_pylist()
    if not rows:
        raise UsageError(f"{root} is a cue store without a clip")
    return Index(root.absolute(), CUES, tuple(sorted(map(_clip, rows), key=lambda clip: clip.clip_id)), ())


def store_signature(root: Path) -> str:
    """Everything that changes a store's cues.

    Raises:
        UsageError: its header is damaged, or of another version of the schema.
    """
    try:
        header = Header.model_validate_json((root / _HEADER).read_bytes())
    except (OSError, ValidationError) as error:
        raise UsageError(f"{root / _HEADER} cannot be read: make the store again") from error
    if header.schema_version != SCHEMA_VERSION:
        raise UsageError(
            f"{root} is a store of schema version {header.schema_version}, expected {SCHEMA_VERSION}: make it again"
        )
    return header.signature


def compare_stores(reference: Index, methods: Mapping[str, Sequence[Path]], data: Path | None) -> Pairing:
    """What a store of true cues and stores of generated ones have in common.

    Args:
        reference: of `store_index`.
        methods: stores by name of the method, several of them where it was run with several seeds.
        data: the dataset's folder, in which the sound is; None: the folder that the reference's store is in, if the
            sound is there.

    Raises:
        UsageError: something that is no store, holds none of the clips, or no sound where it was said to be.
    """
    indices = {}
    for name, roots in methods.items():
        for root in roots:
            if not is_store(root):
                raise UsageError(
                    f"Method {name!r}: {root} is no finished cue store, and the reference {reference.root} is one: "
                    "name stores that `facecues generate` wrote, or for videos the folder of the real videos."
                )
            store_signature(root)
        indices[name] = [store_index(root) for root in roots]
    sides = {
        name: (name,) if len(roots) == 1 else tuple(f"{name}@{at}" for at in range(1, len(roots) + 1))
        for name, roots in methods.items()
    }
    named = [side for several in sides.values() for side in several]
    twice = sorted({side for side in named if named.count(side) > 1})
    if twice:
        raise UsageError(f"--method {twice[0]} is also what the stores of one method are told apart by: rename it.")
    stores = Stores(f"cues|store:{store_signature(reference.root)}", _data(reference, data), sides)
    return pair_stores(reference, indices, stores)


def read_clip(job: ClipJob, tools: Tools) -> dict[str, Watching]:
    """Sees to it that the memory holds the cues of a clip, and what is heard of it. See `watch_clip`."""
    assert job.reference is not None
    sides = {video.method: Watching(video) for video in (job.reference, *job.videos)}
    reference = sides[REFERENCE]
    for side in sides.values():
        if side.video.kind == "still":
            side.content = f"still:{reference.content}"
            continue
        assert side.video.stored is not None
        try:
            side.content = _keep(side.video.stored, tools)
        except ClipError as error:
            side.error = error
    for side in sides.values():
        if side.error is None:
            listen(side, reference, tools)
    return sides


def _keep(stored: Stored, tools: Tools) -> str:
    """Puts a clip's cues at 25 fps into the memory; what they are called there, by what they are."""
    rows = _rows(stored)
    track = cue_track(rows)
    times = rows["time_s"].to_numpy()
    span_s = float(times[-1] - times[0])
    fps = (len(rows) - 1) / span_s if span_s > 0 else None
    account = {
        "status": str(Status.OK),
        "reason": None,
        "message": None,
        "frames": len(rows),
        "fps": fps,
        "width": None,
        "height": None,
        "duration_s": len(rows) / fps if fps else None,
        "coverage": float(track.has_face.mean()),
        "damaged": 0,
        "instants": len(track),
        "first_s": float(times[0]),
    }
    arrays: dict[str, NDArray[Any]] = {name: getattr(track, name) for name in TRACKS}
    arrays["account"] = np.array(json.dumps(account))
    digest = hashlib.sha256()
    for each in arrays.values():
        digest.update(each.tobytes())
    content = digest.hexdigest()
    if not tools.memory.has("cues", content, tools.stored):
        tools.memory.save("cues", content, tools.stored, arrays)
    return content


def _rows(stored: Stored) -> pa.Table:
    """A clip's frames, in order.

    Raises:
        ClipError: NO_VIDEO, when there are none.
        StoreError: the file is damaged.
    """
    rows = CUE_SCHEMA.empty_table()
    if stored.file.is_file():
        chosen = [("clip_id", "=", stored.clip_id)]
        with reading(stored.file):
            rows = pq.read_table(
                stored.file, columns=["frame", "time_s", *TRACKS], filters=chosen, partitioning=None
            ).sort_by("frame")
    if not len(rows):
        raise ClipError(ClipReason.NO_VIDEO, f"the store holds no frame of {stored.clip_id}")
    return rows


def _clip(row: Mapping[str, Any]) -> Clip:
    failed = row["status"] == Status.FAILED
    problem = ClipReason(row["reason"] or ClipReason.INTERNAL_ERROR) if failed else None
    return Clip(**{name: row[name] for name in _NAMES}, problem=problem, message=row["message"] if failed else None)


def _data(reference: Index, data: Path | None) -> Path | None:
    """Where the sound is."""
    root = (data or reference.root.parent).absolute()
    told = [path for clip in reference.clips for path in (clip.audio, clip.video) if path is not None]
    if any((root / path).is_file() for path in told):
        return root
    if data is not None:
        example = told[0] if told else "no sound"
        raise UsageError(f"--data {data} holds no sound of the reference's clips, such as {example}")
    return None

"""Colour pictures of faces out of the videos of a store's clips, with their points: what stage 2 is trained on.

A clip's pictures are cut by one square, so that a head that moves still moves in them, and framed as portraits are
(facecues.models.warp.portrait), so that what is learnt from the ones holds for the others.
"""

import hashlib
import os
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from math import ceil
from pathlib import Path
from typing import Final

import cv2
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from facecues.config import Limits
from facecues.cues import load_clips, load_cues, to_array
from facecues.errors import ClipError, UsageError
from facecues.models.facevid2vid.contracts import FacePictures, crop_units
from facecues.models.warp.portrait import EYE_LEVEL, EYE_SPAN
from facecues.pipelines.atomic import replacing, writing
from facecues.pipelines.training.material import Source
from facecues.points import LEFT_OUTER_CORNER, RIGHT_OUTER_CORNER
from facecues.preprocess.decode import Decoder
from facecues.preprocess.geometry import Similarity, rotation_matrix
from facecues.preprocess.pupils import relocate_with_pupils

_VERSION: Final = 1  # raise when the same video and cues give other pictures
_AT_ONCE: Final = 64  # clips whose cues are in memory together
_COLUMNS: Final = ("normalized", "rotation", "translation", "scale", "gaze")
_CHEEKS: Final = (1, 15)  # a face in three-quarter view has near eyes: half of its breadth counts too

NOT_THERE: Final = "their videos are not there"
NO_FACE: Final = "they have no frame with all cues"
NOT_DECODED: Final = "their videos do not decode as when they were extracted"

Float32 = NDArray[np.float32]
Float64 = NDArray[np.float64]
Pictures = NDArray[np.uint8]


@dataclass(frozen=True, slots=True, eq=False)
class GatheredPictures(FacePictures):
    """Pictures, and what became of the clips that they were to be cut from.

    Attributes:
        left_out: clips without pictures, by reason.
        digest: of all that decides what the pictures show.
    """

    left_out: dict[str, int]
    digest: str


@dataclass(frozen=True, slots=True, eq=False)
class _Cut:
    """What is to be cut from a clip.

    Attributes:
        clip: its row in the clips.
        video: its file.
        kept: where the pictures are kept.
        size: their side, pixels.
        frames: (n,) numbers, rising.
        box: (2, 3) pixel of the picture -> pixel of the frame.
        points: (n, 70, 3) crop units.
        rotation: (n, 3) degrees.
    """

    clip: int
    video: Path
    kept: Path
    size: int
    frames: NDArray[np.int64]
    box: Float64
    points: Float32
    rotation: Float32


def gather_face_pictures(
    source: Source, size: int, per_clip: int, tell: Callable[[str, int, int], None], *, threads: int | None = None
) -> GatheredPictures:
    """Cuts pictures, or finds those that were cut before: no video is decoded twice.

    Args:
        source: of the clips. Pictures are kept in its cache, by default in the store.
        size: side of the pictures, pixels.
        per_clip: pictures of a clip at most, spread evenly over its frames with all cues.
        tell: called with what is done, how much of it, and of how much.
        threads: that decode; None: one for each core.

    Returns:
        Those of the clips that gave any, as a memory map.

    Raises:
        UsageError: the store has nothing to cut from, or its videos are not there.
        StoreError: pictures cannot be written.
    """
    clips, root = load_clips(source.store, split=source.split, part="train"), source.root
    there = np.array([(root / str(video)).is_file() for video in clips["video"]], np.bool_)
    if not there.any():
        raise UsageError(
            f"None of the videos of {source.store}, such as {clips['video'].iloc[0]}, is below {root}: "
            "tell where the dataset is with --data ROOT."
        )
    left_out = Counter({NOT_THERE: int((~there).sum())})
    clips = clips[there].reset_index(drop=True)
    cache = source.cache or source.store / ".state" / "faces"
    with writing(cache):
        cache.mkdir(parents=True, exist_ok=True)
    cuts: list[_Cut] = []
    with ThreadPoolExecutor(threads or os.cpu_count()) as pool:
        for start in range(0, len(clips), _AT_ONCE):
            part = clips.iloc[start : start + _AT_ONCE]
            planned = list(_plan(source, part, cache, size, per_clip))
            left_out[NO_FACE] += len(part) - len(planned)
            for cut, good in zip(planned, pool.map(_make, planned), strict=True):
                tell("cutting faces", cut.clip + 1, len(clips))
                cuts += [cut] if good else []
                left_out[NOT_DECODED] += not good
    counts = {reason: count for reason, count in left_out.items() if count}
    if not cuts:
        raise UsageError(f"No clip of {source.store} gives a picture of a face: {'; '.join(counts)}.")
    return GatheredPictures(
        pictures=_join(cuts, cache),
        points=np.concatenate([cut.points for cut in cuts]),
        rotation=np.concatenate([cut.rotation for cut in cuts]),
        starts=np.concatenate([[0], np.cumsum([len(cut.frames) for cut in cuts])]).astype(np.int64),
        clips=clips.iloc[[cut.clip for cut in cuts]].reset_index(drop=True),
        left_out=counts,
        digest=hashlib.sha256("".join(sorted(cut.kept.name for cut in cuts)).encode()).hexdigest()[:16],
    )


def _plan(source: Source, clips: pd.DataFrame, cache: Path, size: int, per_clip: int) -> Iterator[_Cut]:
    """What to cut from each clip that has a frame with all cues."""
    rows = load_cues(source.store, _COLUMNS, clips=clips)
    scale = rows["scale"].to_numpy(np.float32, na_value=np.nan)
    normalized, rotation, translation, gaze = (to_array(rows[name]) for name in _COLUMNS if name != "scale")
    numbers, ids = rows["frame"].to_numpy(np.int64), rows["clip_id"].to_numpy(str)
    known = np.isfinite(np.column_stack([normalized, rotation, translation, gaze, scale])).all(axis=1)
    for at, (_, row) in zip(clips.index.to_numpy(np.int64), clips.iterrows(), strict=True):
        seen = np.flatnonzero(known & (ids == row["clip_id"]))
        if not len(seen):
            continue
        pose = Similarity(rotation_matrix(rotation[seen].astype(np.float64)), scale[seen], translation[seen])
        eyes = np.repeat(gaze[seen, None], 2, axis=1)
        points = relocate_with_pupils(normalized[seen].reshape(-1, 68, 3), pose, eyes)
        some = np.unique(np.linspace(0, len(seen) - 1, per_clip).round().astype(np.intp))
        frames, box = numbers[seen[some]], face_box(points, size)
        key = hashlib.sha256(f"{_VERSION}|{size}|{row['content_key']}|".encode() + frames.tobytes() + box.tobytes())
        yield _Cut(
            clip=int(at),
            video=source.root / str(row["video"]),
            kept=cache / f"{key.hexdigest()[:32]}.npy",
            size=size,
            frames=frames,
            box=box,
            points=crop_units((points[some] - [box[0, 2], box[1, 2], 0]) / box[0, 0], size),
            rotation=rotation[seen[some]],
        )


def face_box(points: NDArray[np.floating], size: int) -> Float64:
    """The square that frames a clip's face as a portrait's: eyes of a fixed span at a fixed place, by its medians.

    Args:
        points: (T, 68 or more, 3) frame pixels.
        size: side of the pictures, pixels.

    Returns:
        (2, 3) pixel of the picture -> pixel of the frame.
    """
    plane = points[..., :2].astype(np.float64)
    corners, cheeks = (plane[:, list(two)] for two in ((RIGHT_OUTER_CORNER, LEFT_OUTER_CORNER), _CHEEKS))
    wide, broad = (np.linalg.norm(two[:, 1] - two[:, 0], axis=1) for two in (corners, cheeks))
    step = float(np.median(np.maximum(wide, broad / 2))) / (EYE_SPAN * size)
    x, y = np.median(corners.mean(axis=1), axis=0)
    return np.array([[step, 0, x - step * size / 2], [0, step, y - step * size * EYE_LEVEL]])


def _make(cut: _Cut) -> bool:
    """Whether the pictures are there, made now if need be."""
    if _read(cut) is not None:
        return True
    wanted, pictures = set(cut.frames.tolist()), []
    try:
        with Decoder(cut.video, Limits()) as decoder:
            for frame in decoder:
                if frame.index in wanted:
                    pictures.append(_sample(frame.rgb(), cut.box, cut.size))
                if len(pictures) == len(wanted):
                    break
    except ClipError:
        return False
    if len(pictures) < len(wanted):
        return False
    with replacing(cut.kept) as temporary, writing(cut.kept), temporary.open("wb") as file:
        np.save(file, np.stack(pictures), allow_pickle=False)
    return True


def _sample(picture: Pictures, box: Float64, size: int) -> Pictures:
    """The square; where it shrinks, several samples a pixel. Outside the frame its edge goes on."""
    samples = max(1, ceil(box[0, 0] - 1e-6))
    fine = box / [[samples, samples, 1]]
    fine[:, 2] += box[0, 0] * (0.5 / samples - 0.5)
    how = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    square = cv2.warpAffine(picture, fine, (size * samples,) * 2, flags=how, borderMode=cv2.BORDER_REPLICATE)
    return cv2.resize(square, (size, size), interpolation=cv2.INTER_AREA).astype(np.uint8, copy=False)


def _read(cut: _Cut) -> Pictures | None:
    """Pictures that are kept; None where there are none, or something else."""
    try:
        pictures: Pictures = np.load(cut.kept, mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError, EOFError):
        return None
    fits = pictures.dtype == np.uint8 and pictures.shape == (len(cut.frames), cut.size, cut.size, 3)
    return pictures if fits else None


def _join(cuts: Sequence[_Cut], cache: Path) -> Pictures:
    """All pictures in one map of a file that has no name, and is gone with the process."""
    shape = (sum(len(cut.frames) for cut in cuts), cuts[0].size, cuts[0].size, 3)
    with writing(cache), tempfile.TemporaryFile(dir=cache) as file:
        for cut in cuts:
            file.write(np.ascontiguousarray(_read(cut)).data)
        file.flush()
        return np.memmap(file, np.uint8, mode="r", shape=shape)

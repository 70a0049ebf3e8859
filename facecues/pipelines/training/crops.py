"""Grey face crops out of the videos of a store's clips, cut once: what a face-crop classifier is trained on."""

import hashlib
import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from facecues.config import Limits
from facecues.cues import load_cues, to_array
from facecues.errors import ClipError
from facecues.metrics.networks.mini_xception_classifier import SQUARE, grey
from facecues.pipelines.atomic import replacing, writing
from facecues.preprocess.decode import Decoder

_VERSION: Final = 1  # raise when the same video, landmarks and number give other crops
_AT_ONCE: Final = 64  # clips whose landmarks are in memory together

Crops = NDArray[np.uint8]  # (n, size, size, 1)
Job = tuple[Path, Path, NDArray[np.int64], NDArray[np.float32]]


def cut_faces(
    store: Path,
    clips: pd.DataFrame,
    data_root: Path,
    cache: Path,
    frames: int,
    *,
    threads: int | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> list[Crops]:
    """Crops of each clip, as the classifier that is to be trained will get them.

    They are kept by the clip's content key, so that no video is decoded twice.

    Args:
        store: with the landmarks.
        clips: rows of its clips.parquet.
        data_root: where their videos are.
        cache: folder of the kept crops, made if need be.
        frames: crops of a clip, spread evenly over its frames with a face.
        threads: that decode; None: one for each core.
        progress: called with how many clips are done, and how many there are.

    Returns:
        One (n, 64, 64, 1) uint8 array for each clip; empty where its video is not there or does not decode.

    Raises:
        StoreError: a crop cannot be written.
    """
    with writing(cache):
        cache.mkdir(parents=True, exist_ok=True)
    kept = [cache / f"{_key(str(content), frames)}.npy" for content in clips["content_key"]]
    at = np.array([index for index, path in enumerate(kept) if _read(path) is None], np.intp)
    done = len(clips) - len(at)
    with ThreadPoolExecutor(threads or os.cpu_count()) as pool:
        for start in range(0, len(at), _AT_ONCE):
            part = at[start : start + _AT_ONCE]
            jobs = _jobs(store, clips.iloc[part], data_root, [kept[index] for index in part], frames)
            for _ in pool.map(_cut, jobs):
                done += 1
                if progress is not None:
                    progress(done, len(clips))
    nothing = np.empty((0, SQUARE.size, SQUARE.size, 1), np.uint8)
    found = (_read(path) for path in kept)
    return [nothing if crops is None else crops for crops in found]


def _key(content: str, frames: int) -> str:
    named = f"{_VERSION}|{SQUARE.signature}|frames:{frames}|{content}"
    return hashlib.sha256(named.encode()).hexdigest()[:32]


def _read(path: Path) -> Crops | None:
    """Crops that are kept; None where there are none, or something else."""
    try:
        crops = np.load(path, allow_pickle=False)
    except (OSError, ValueError, EOFError):
        return None
    fits = crops.dtype == np.uint8 and crops.ndim == 4 and crops.shape[1:] == (SQUARE.size, SQUARE.size, 1)
    return crops if fits else None


def _jobs(store: Path, clips: pd.DataFrame, data_root: Path, targets: list[Path], frames: int) -> Iterator[Job]:
    """Video, target, numbers of the frames to cut, and their landmarks."""
    rows = load_cues(store, ["landmarks"], clips=clips)
    landmarks = to_array(rows["landmarks"], (68, 3))
    numbers = rows["frame"].to_numpy(np.int64)
    known = np.flatnonzero(np.isfinite(landmarks).all(axis=(1, 2)))
    rows = rows.iloc[known].assign(at=known)
    seen = {str(clip_id): group["at"].to_numpy(np.intp) for clip_id, group in rows.groupby("clip_id")}
    for clip_id, video, target in zip(clips["clip_id"], clips["video"], targets, strict=True):
        if clip_id in seen and (data_root / str(video)).is_file():
            there = seen[clip_id]
            chosen = there[np.unique(np.linspace(0, len(there) - 1, frames).round().astype(np.intp))]
            yield data_root / str(video), target, numbers[chosen], landmarks[chosen]


def _cut(job: Job) -> None:
    """Decodes one video and keeps its crops; a video that does not decode leaves none."""
    video, target, numbers, landmarks = job
    wanted = dict(zip(numbers.tolist(), landmarks, strict=True))
    crops = []
    try:
        with Decoder(video, Limits()) as decoder:
            for frame in decoder:
                if frame.index in wanted:
                    crops.append(SQUARE.cut(grey(frame.rgb()[None]), wanted[frame.index][None])[0])
                if len(crops) == len(wanted):
                    break
    except ClipError:
        return
    if not crops:
        return
    with replacing(target) as temporary, writing(target), temporary.open("wb") as file:
        np.save(file, np.stack(crops), allow_pickle=False)

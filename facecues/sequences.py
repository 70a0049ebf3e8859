"""All clips of a store as arrays at one rate, one after the other: what models are trained on and generate from."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from facecues.cues import load_cues, to_array
from facecues.errors import UsageError
from facecues.resample import FPS, resample, resample_rotation, time_grid

Float32 = NDArray[np.float32]

_COLUMNS = ("normalized", "rotation", "translation", "scale", "gaze")


@dataclass(frozen=True, slots=True, eq=False)
class Cues:
    """Cues of T frames at 25 fps; NaN where a frame has none.

    Attributes:
        normalized: (T, 68, 3) float32, template units.
        rotation: (T, 3) float32, pitch, yaw, roll, degrees.
        translation: (T, 3) float32, frame pixels.
        scale: (T,) float32, frame pixels per template unit.
        gaze: (T, 2) float32, pitch, yaw of both eyes, degrees, camera frame.
    """

    normalized: Float32
    rotation: Float32
    translation: Float32
    scale: Float32
    gaze: Float32

    def __len__(self) -> int:
        return len(self.scale)

    def __getitem__(self, frames: slice) -> "Cues":
        return Cues(*(getattr(self, name)[frames] for name in _COLUMNS))

    def take(self, frames: NDArray[np.int64]) -> "Cues":
        """These frames, in this order."""
        return Cues(*(getattr(self, name)[frames] for name in _COLUMNS))

    @property
    def valid(self) -> NDArray[np.bool_]:
        """(T,) every cue is there."""
        values = [getattr(self, name) for name in _COLUMNS]
        known: NDArray[np.bool_] = np.all(
            [np.isfinite(one).all(axis=tuple(range(1, one.ndim))) for one in values], axis=0
        )
        return known


@dataclass(frozen=True, slots=True, eq=False)
class CueSequences:
    """Clips in memory, about 0.9 kB a frame.

    Attributes:
        clips: rows of clips.parquet, one per sequence, in order.
        starts: (clips + 1,) int64, where each sequence begins in `cues`.
        begins_s: (clips,) float64, presentation time of each first frame, seconds.
        cues: of all clips.
    """

    clips: pd.DataFrame
    starts: NDArray[np.int64]
    begins_s: NDArray[np.float64]
    cues: Cues

    def __len__(self) -> int:
        return len(self.clips)

    def frames_of(self, index: int) -> slice:
        """Where a clip's frames are in `cues`."""
        return slice(int(self.starts[index]), int(self.starts[index + 1]))

    def __getitem__(self, index: int) -> Cues:
        return self.cues[self.frames_of(index)]

    def sound_start_s(self, index: int) -> float:
        """When, in its file, a clip's sound begins: with the clip in a file beside the video, and in the video itself
        at the first frame's time stamp."""
        row = self.clips.iloc[index]
        return float(self.begins_s[index]) if row["audio"] == row["video"] else 0.0

    def some(self, chosen: NDArray[np.int64]) -> "CueSequences":
        """Only these clips, in this order."""
        starts = np.concatenate([[0], np.cumsum(np.diff(self.starts)[chosen])]).astype(np.int64)
        frames = np.concatenate([np.arange(*self.starts[clip : clip + 2]) for clip in chosen])
        clips = self.clips.iloc[chosen].reset_index(drop=True)
        return CueSequences(clips, starts, self.begins_s[chosen], self.cues.take(frames))


def read_sequences(store: str | Path, clips: pd.DataFrame) -> CueSequences:
    """Reads clips of a cue store, resampled by time to 25 fps.

    Args:
        store: directory that `facecues extract` wrote.
        clips: rows of `facecues.load_clips`.

    Raises:
        UsageError: not a store, or a store without gaze or without any frame.
    """
    clips = clips.reset_index(drop=True)
    found: dict[str, tuple[float, Cues]] = {}
    for _, group in clips.groupby(["actor", "view"], dropna=False, sort=False):
        found |= {clip_id: (begin, cues) for clip_id, begin, cues in _read(store, group)}
    empty = (0.0, Cues(*(np.empty((0, *shape), np.float32) for shape in ((68, 3), (3,), (3,), (), (2,)))))
    each = [found.get(clip_id, empty) for clip_id in clips["clip_id"]]
    joined = Cues(*(np.concatenate([getattr(cues, name) for _, cues in each]) for name in _COLUMNS))
    if not len(joined):
        raise UsageError(f"{store} has no frame with a face in the chosen clips: extract them again, or choose others.")
    if np.isnan(joined.gaze).all():
        raise UsageError(f"{store} has no gaze: extract it again with --gaze iris or --gaze l2cs.")
    starts = np.concatenate([[0], np.cumsum([len(cues) for _, cues in each])]).astype(np.int64)
    return CueSequences(clips, starts, np.array([begin for begin, _ in each]), joined)


def _read(store: str | Path, clips: pd.DataFrame) -> Iterator[tuple[str, float, Cues]]:
    rows = load_cues(store, _COLUMNS, clips=clips)
    values = {name: to_array(rows[name]) for name in _COLUMNS if name != "scale"}
    values["scale"] = rows["scale"].to_numpy(np.float32, na_value=np.nan)
    values["normalized"] = values["normalized"].reshape(-1, 68, 3)
    times = rows["time_s"].to_numpy(np.float64)
    ids = rows["clip_id"].to_numpy(str)
    first = np.flatnonzero(np.concatenate([[True], ids[1:] != ids[:-1]])) if len(ids) else np.empty(0, np.intp)
    for start, stop in zip(first, [*first, len(ids)][1:], strict=True):
        when = times[start:stop]
        at = time_grid(when, FPS)
        cues = {
            name: (resample_rotation if name == "rotation" else resample)(when, value[start:stop], at)
            for name, value in values.items()
        }
        yield str(ids[start]), float(when[0]), Cues(**cues)


def join_sequences(parts: Sequence[CueSequences]) -> CueSequences:
    """Clips of several stores as those of one."""
    lengths = np.concatenate([np.diff(part.starts) for part in parts])
    cues = Cues(*(np.concatenate([getattr(part.cues, name) for part in parts]) for name in _COLUMNS))
    return CueSequences(
        pd.concat([part.clips for part in parts], ignore_index=True),
        np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64),
        np.concatenate([part.begins_s for part in parts]),
        cues,
    )

"""Clips to take pieces of: what was seen in each frame, and what was heard there."""

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from facecues.errors import UsageError
from facecues.labels import EMOTIONS
from facecues.models.cue_generator.reference import best_frame
from facecues.models.front_ends import FrontEnd
from facecues.sequences import CueSequences

Float32 = NDArray[np.float32]
Int64 = NDArray[np.int64]

_ENOUGH = 20_000  # frames that the axes of sound are found from
_LEAST = 1e-6  # deviation of a feature; what never moves should not be blown up


class LibraryConfig(BaseModel):
    """What of the training clips is kept to be taken from."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    most_frames: int = Field(default=50_000, gt=0, description="of them whole clips are kept, drawn evenly; 50 MB")
    axes: int = Field(default=24, gt=0, description="principal axes of a frame's standardised window of sound")
    seed: int = Field(default=0, ge=0, description="of the clips that are drawn")


@dataclass(frozen=True, slots=True, eq=False)
class SoundSpace:
    """Windows of sound as points whose distance tells how different they sound.

    Attributes:
        mean, std: (W,) float32 of a window's numbers.
        axes: (W, D) float32, orthonormal.
    """

    mean: Float32
    std: Float32
    axes: Float32

    def place(self, windows: Float32) -> Float32:
        """(T, steps, size) windows to (T, D) points."""
        flat = windows.reshape(len(windows), -1)
        return np.asarray((flat - self.mean) / self.std @ self.axes, np.float32)

    @classmethod
    def fit(cls, windows: Float32, axes: int) -> "SoundSpace":
        """The axes along which (n, steps, size) windows differ most, once each number has deviation one."""
        flat = windows.reshape(len(windows), -1).astype(np.float64)
        mean, std = flat.mean(axis=0), np.maximum(flat.std(axis=0), _LEAST)
        standard = (flat - mean) / std
        _, vectors = np.linalg.eigh(standard.T @ standard / len(standard))
        chosen = vectors[:, ::-1][:, :axes]
        return cls(*(np.ascontiguousarray(value, np.float32) for value in (mean, std, chosen)))


@dataclass(frozen=True, slots=True, eq=False)
class Library:
    """N frames of training clips, each with all its cues; those of a clip one after another.

    Attributes:
        displacement: (N, 68, 3) float32 from the clip's own reference, template units.
        rotation: (N, 3) float32, pitch, yaw, roll, degrees.
        moved: (N, 3) float32 translation from the clip's own reference, in the reference's scale.
        larger: (N,) float32 logarithm of the scale over the reference's.
        gaze: (N, 2) float32, pitch, yaw, degrees, camera frame.
        turned: (N, 3) float32 rotation of the clip's own reference, degrees.
        sound: (N, D) float32, see SoundSpace.
        emotion: (N,) int64 position in EMOTIONS, -1 where it is not known.
        level: (N,) int64, 0 where it is not known.
        left: (N,) int64 frames from here to the next gap or the clip's end, this one among them.
    """

    displacement: Float32
    rotation: Float32
    moved: Float32
    larger: Float32
    gaze: Float32
    turned: Float32
    sound: Float32
    emotion: Int64
    level: Int64
    left: Int64

    def __len__(self) -> int:
        return len(self.left)


def make_library(
    sequences: CueSequences, rows: Sequence[Float32], front_end: FrontEnd, config: LibraryConfig
) -> tuple[SoundSpace, Library]:
    """Takes up clips.

    Args:
        sequences: cues of the training clips.
        rows: for each of them what `front_end.rows` makes of its sound for as many frames.
        front_end: of the rows.
        config: how much to keep.

    Raises:
        UsageError: not one frame with all cues.
    """
    clips = _drawn(np.diff(sequences.starts), config)
    usable = {clip: np.flatnonzero(sequences[clip].valid) for clip in clips}
    usable = {clip: frames for clip, frames in usable.items() if len(frames)}
    if not usable:
        raise UsageError("The training clips have no frame with landmarks, pose and gaze: choose other clips.")

    def windows(clip: int, frames: Int64) -> Float32:
        starts = front_end.starts(len(sequences[clip]))[frames]
        found: Float32 = rows[clip][starts[:, None] + np.arange(front_end.steps)]
        return found

    every = -(-sum(map(len, usable.values())) // _ENOUGH)
    space = SoundSpace.fit(
        np.concatenate([windows(clip, frames[::every]) for clip, frames in usable.items()]), config.axes
    )
    parts = [_take_up(sequences, clip, frames, space.place(windows(clip, frames))) for clip, frames in usable.items()]
    joined = {one.name: np.concatenate([getattr(part, one.name) for part in parts]) for one in fields(Library)}
    return space, Library(**joined)


def _drawn(lengths: Int64, config: LibraryConfig) -> list[int]:
    """Whole clips in random order until there are frames enough, then in their own order."""
    order = np.random.default_rng(config.seed).permutation(len(lengths))
    wanted = int(np.searchsorted(np.cumsum(lengths[order]), config.most_frames)) + 1
    return sorted(order[:wanted].tolist())


def _take_up(sequences: CueSequences, clip: int, frames: Int64, sound: Float32) -> Library:
    at = best_frame(sequences, clip)
    cues, all_cues = sequences[clip], sequences.cues
    scale = all_cues.scale[at]
    emotion, level = sequences.clips["emotion"].iloc[clip], sequences.clips["level"].fillna(0).iloc[clip]
    count = len(frames)
    return Library(
        displacement=cues.normalized[frames] - all_cues.normalized[at],
        rotation=cues.rotation[frames],
        moved=(cues.translation[frames] - all_cues.translation[at]) / scale,
        larger=np.log(cues.scale[frames] / scale),
        gaze=cues.gaze[frames],
        turned=np.tile(all_cues.rotation[at], (count, 1)),
        sound=sound,
        emotion=np.full(count, EMOTIONS.index(emotion) if emotion in EMOTIONS else -1),
        level=np.full(count, int(level)),
        left=_left(frames),
    )


def _left(frames: Int64) -> Int64:
    """How far each of these frames is from the end of its run of neighbours, itself among them."""
    ends = np.flatnonzero(np.diff(frames, append=frames[-1] + 2) != 1)
    places = np.arange(len(frames))
    return np.asarray(ends[np.searchsorted(ends, places)] - places + 1, np.int64)

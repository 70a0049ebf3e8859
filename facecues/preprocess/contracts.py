"""What the parts of an extraction hand to each other.

frames = decode(video)                  Frame        one decoded picture, cropped on demand
tracked = backend.track(frames)         Tracked      a frame and the face in it
cues = gaze.observe / gaze.angles       GazeAngles   per chunk of frames
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from facecues.preprocess.geometry import Similarity
from facecues.preprocess.video import Frame
from facecues.reasons import ClipReason, Status

Float32 = NDArray[np.float32]
Float64 = NDArray[np.float64]


@dataclass(slots=True)
class Face:
    """The face followed in one frame. Points are frame pixels; z grows away from the camera."""

    score: float
    box: Float32  # (4,) x0 y0 x1 y1
    landmarks: Float32  # (68, 3)
    irises: Float32 | None = None  # (2, 3) iris centres, right eye first


@dataclass(slots=True)
class Tracked:
    """One frame's outcome. `faces_seen` is the count of the last detection, 0 where none ran."""

    frame: Frame
    face: Face | None
    faces_seen: int = 0


class LandmarkBackend(Protocol):
    """Finds and follows one face. One instance serves many clips; all state lives inside `track`."""

    signature: str  # without "|"; names everything in this backend that changes the numbers, weights included

    def track(self, frames: Iterable[Frame]) -> Iterator[Tracked]:
        """Yields one `Tracked` per frame, in order. May look ahead a few frames, for batching.

        Locks on the largest face of the first detection and keeps to it; starts anew when it is lost.
        A frame with `frame.damaged` set is yielded with `face=None` and does not end the track.
        """
        ...


@dataclass(slots=True)
class GazeAngles:
    """(pitch, yaw) in degrees, camera frame, DESIGN's signs; (n, 2) each, NaN where unknown."""

    left: Float64
    right: Float64
    combined: Float64


class GazeBackend(Protocol):
    """Reads gaze off tracked faces, in two steps so that no frame has to be kept."""

    signature: str  # as a LandmarkBackend's

    def observe(self, frame: Frame, face: Face) -> NDArray[np.uint8] | None:
        """What has to be kept of this frame's picture (a crop), or None."""
        ...

    def angles(
        self,
        observations: Sequence[NDArray[np.uint8] | None],
        faces: Sequence[Face],
        pose: Similarity,
    ) -> GazeAngles:
        """Angles of n faces, n > 0. pose: (n, ...) head to frame, float64."""
        ...


@dataclass(frozen=True, slots=True)
class ClipReport:
    """What is known of a clip after its extraction: the measured columns of clips.parquet."""

    status: Status
    reason: ClipReason | None
    message: str | None
    frames: int
    fps: float | None
    width: int
    height: int
    duration_s: float
    audio_in_video: bool
    audio_rate: int | None
    coverage: float


class ClipExtractor(Protocol):
    """One clip to its cues. Loaded once per worker, used for many clips, one at a time."""

    signature: str  # names everything that changes the cues
    weights: Mapping[str, str]  # sha256 of the weights in use, by name

    def __call__(self, video: Path, audio: Path | None, sink: Callable[[pa.RecordBatch], None]) -> ClipReport:
        """Feeds `sink` with batches of CUE_SCHEMA in frame order; memory does not grow with the clip.

        Raises:
            ClipError: nothing can be had of this clip; whatever went into `sink` is to be thrown away.
        """
        ...

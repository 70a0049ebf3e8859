"""A tracker that needs no network, and videos whose frames tell who they are."""

from collections.abc import Iterable, Iterator

import numpy as np
from numpy.typing import NDArray

from facecues.config import Limits
from facecues.preprocess.contracts import Face, Tracked
from facecues.preprocess.gaze.iris import IrisGaze
from facecues.preprocess.pictures import PictureOptions
from facecues.preprocess.template import TEMPLATE
from facecues.preprocess.video import Frame
from facecues.preprocess.watch import Shot, Watcher

SIDE = 32  # pixels of a video; small, so that encoding costs nothing


class Template:
    """LandmarkBackend that sees the template in the middle of every frame that is not black.

    Attributes:
        frames: how many went through.
    """

    signature = "template"

    def __init__(self, fail_at: int | None = None, error: Exception | None = None) -> None:
        self.frames = 0
        self._fail_at, self._error = fail_at, error

    def track(self, frames: Iterable[Frame]) -> Iterator[Tracked]:
        for frame in frames:
            self.frames += 1
            if self._error is not None and frame.index == self._fail_at:
                raise self._error
            yield Tracked(frame, face_in(frame) if frame.rgb().any() and not frame.damaged else None, 1)


def face_in(frame: Frame) -> Face:
    scale = min(frame.width, frame.height) / 4
    points = (TEMPLATE * scale + [frame.width / 2, frame.height / 3, 0]).astype(np.float32)
    irises = np.stack([points[36:42].mean(axis=0), points[42:48].mean(axis=0)])
    return Face(1.0, np.zeros(4, np.float32), points, irises)


def watcher_of(backend: Template | None = None, **pictures) -> Watcher:
    return Watcher(backend or Template(), IrisGaze(), Limits(), PictureOptions(**({"size": SIDE} | pictures)))


def numbered(indices: Iterable[int]) -> list[NDArray[np.uint8]]:
    """Frames whose grey level tells their index: 0 is black, 1 and more are 10 levels apart."""
    return [np.full((SIDE, SIDE, 3), 10 * index, np.uint8) for index in indices]


def number_of(shot: Shot) -> int | None:
    """Inverts `numbered`."""
    return None if shot.picture is None else round(float(shot.picture.mean()) / 10)

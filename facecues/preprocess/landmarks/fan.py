"""Landmark backend `face-alignment`: a box from S3FD now and then, 3D-FAN and its depth on every frame."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice, takewhile

import numpy as np

from facecues.config import ExtractConfig
from facecues.preprocess.contracts import Face, Float32, Tracked
from facecues.preprocess.landmarks.fan_networks import FanNetworks
from facecues.preprocess.landmarks.roi import area, box_of, overlap
from facecues.preprocess.video import Frame

# When a face no longer is where its box was drawn. The crop is twice the box, so there is time to notice.
_SAME_PLACE = 0.6  # least overlap of the landmarks' bounds with those in the frame of the detection
_SAME_SCORE = 0.5  # least score over that in the frame of the detection

Detect = Callable[[Frame], Float32]
Align = Callable[[Sequence[Frame], Float32], list[Face]]


class FaceAlignmentBackend:
    """68 points in 3D from the face-alignment package's networks; see `FanNetworks` and `follow`."""

    def __init__(self, config: ExtractConfig, networks: FanNetworks | None = None) -> None:
        """Loads the published weights, unless networks are given.

        Raises:
            WeightsMissingError, UsageError, BackendUnavailableError: see `FanNetworks.load`.
        """
        self._networks = networks or FanNetworks.load(config.device, compiled=config.compile)
        self._every, self._batch = config.detect_every, config.batch
        self.signature = f"face-alignment[w:{self._networks.digest},every:{self._every}]"

    def track(self, frames: Iterable[Frame]) -> Iterator[Tracked]:
        """See LandmarkBackend. Looks ahead `config.batch` - 1 frames."""
        return follow(frames, self._networks.detect, self._networks.align, self._every, self._batch)


@dataclass(slots=True)
class _Hold:
    """The box in force. `first` is the face in the frame where it was found, `age` the frames since then."""

    box: Float32
    first: Face | None = None
    age: int = 0
    trusted: bool = True

    def strays(self, face: Face) -> bool:
        """Whether a face read in this box no longer is where, or what, the box was drawn around."""
        if self.first is None:
            self.first = face
            return False
        moved = overlap(box_of(face.landmarks), box_of(self.first.landmarks)) < _SAME_PLACE
        return moved or face.score < _SAME_SCORE * self.first.score


def follow(frames: Iterable[Frame], detect: Detect, align: Align, every: int, batch: int) -> Iterator[Tracked]:
    """Follows the largest face of the first detection; the box stays as found until the next one.

    Detection runs in every `every`-th frame, in each frame without a track, and in a frame whose landmarks stray from
    where they were when the box was found; that frame is then read anew. A detection that misses the face once changes
    nothing while its landmarks stay; a second one ends the track. What comes next is the face nearest to the last box.
    A frame's box depends on the frames before it alone, so `batch` does not change the result.

    Args:
        frames: in order.
        detect: frame -> (n, 4) boxes.
        align: frames, box -> one face per frame.
        every: frames between two detections.
        batch: most frames per call of `align`, and most frames held.

    Yields:
        One Tracked per frame; damaged frames have no face and leave the track as it is.
    """
    source = iter(frames)
    waiting: deque[Frame] = deque()
    hold: _Hold | None = None
    last: Float32 | None = None
    while True:
        waiting.extend(islice(source, batch - len(waiting)))
        if not waiting:
            return
        if waiting[0].damaged:
            yield Tracked(waiting.popleft(), None)
            continue
        seen = 0
        if hold is None or hold.age >= every:
            boxes = detect(waiting[0])
            seen = len(boxes)
            hold = _renewed(hold, _chosen(boxes, last))
        if hold is None:
            yield Tracked(waiting.popleft(), None, seen)
            continue
        last = hold.box
        window = list(takewhile(lambda frame: not frame.damaged, islice(waiting, every - hold.age)))
        for face in align(window, hold.box):
            if hold.strays(face):
                hold.trusted, hold.age = False, every
                break
            yield Tracked(waiting.popleft(), face, seen)
            hold.age, seen = hold.age + 1, 0


def _chosen(boxes: Float32, last: Float32 | None) -> Float32 | None:
    """The largest box, or the nearest to the last place."""
    if last is None:
        return max(boxes, key=area, default=None)
    return min(boxes, key=lambda box: float(np.abs(box - last).sum()), default=None)


def _renewed(hold: _Hold | None, found: Float32 | None) -> _Hold | None:
    """What to hold on to after a detection."""
    if hold is not None and hold.trusted and (found is None or overlap(found, hold.box) == 0):
        hold.trusted, hold.age = False, 0
        return hold
    return None if found is None else _Hold(found)

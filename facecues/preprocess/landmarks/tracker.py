"""Detect, then follow: one face through a clip, with no memory that outlives the clip."""

from collections.abc import Callable, Iterable, Iterator

import numpy as np
from numpy.typing import NDArray

from facecues.preprocess.contracts import Face, Tracked
from facecues.preprocess.landmarks.blazeface import BlazeFace, Detection
from facecues.preprocess.landmarks.roi import Roi, angle_of, box_of, overlap
from facecues.preprocess.video import Frame

_PRESENT = 0.5  # least score of the mesh network
_ROI_SCALE = 1.5  # side of the next square over the longer side of the points' bounds
_CHECK_EVERY = 30  # frames between two detections that only count faces and catch a track gone astray
_EYE_OUTER_CORNERS = (33, 263)

Mesh = Callable[[Frame, Roi], tuple[float, NDArray[np.float32]]]
ToFace = Callable[[Frame, float, NDArray[np.float32], NDArray[np.float32]], Face]


def follow(frames: Iterable[Frame], detector: BlazeFace, mesh: Mesh, to_face: ToFace) -> Iterator[Tracked]:
    """Follows the largest face of the first detection by its own mesh points.

    The detector runs when there is no track, and every 30th frame to count the faces and to notice a track that no
    longer lies on any of them. After a loss the face nearest to the last place is taken up again.

    Args:
        frames: in order.
        detector: finds faces.
        mesh: (frame, square) -> (score, (n, 3) points in frame pixels).
        to_face: (frame, score, points, box) -> Face.

    Yields:
        One Tracked per frame; damaged frames have no face and leave the track as it is.
    """
    roi: Roi | None = None
    last_box: NDArray[np.float32] | None = None
    since_check = 0
    for frame in frames:
        if frame.damaged:
            yield Tracked(frame, None)
            continue
        seen = 0
        since_check += 1
        if roi is not None and since_check >= _CHECK_EVERY:
            found = detector(frame)
            seen, since_check = len(found), 0
            if found and last_box is not None and not any(overlap(d.box, last_box) > 0 for d in found):
                roi = None
        score, points = mesh(frame, roi) if roi is not None else (0.0, None)
        if score < _PRESENT:
            found = detector(frame)
            seen, since_check = len(found), 0
            score, points = _take_up(frame, found, last_box, mesh)
        if points is None or score < _PRESENT:
            roi = None
            yield Tracked(frame, None, seen)
            continue
        last_box = box_of(points)
        roi = next_roi(points, last_box)
        yield Tracked(frame, to_face(frame, score, points, last_box), seen)


def next_roi(points: NDArray[np.float32], box: NDArray[np.float32]) -> Roi:
    """The square in which the next frame's face is looked for: 1.5 times the points' bounds, along the eyes."""
    x0, y0, x1, y1 = map(float, box)
    right, left = points[_EYE_OUTER_CORNERS[0]], points[_EYE_OUTER_CORNERS[1]]
    return Roi((x0 + x1) / 2, (y0 + y1) / 2, _ROI_SCALE * max(x1 - x0, y1 - y0), angle_of(right, left))


def _take_up(
    frame: Frame, found: list[Detection], last_box: NDArray[np.float32] | None, mesh: Mesh
) -> tuple[float, NDArray[np.float32] | None]:
    """Starts a track. The mesh runs twice, so that a first frame is read in the same kind of square as all others."""
    if not found:
        return 0.0, None
    first = found[0] if last_box is None else min(found, key=lambda one: _distance(one.box, last_box))
    score, points = mesh(frame, first.roi())
    if score < _PRESENT:
        return score, None
    return mesh(frame, next_roi(points, box_of(points)))


def _distance(box: NDArray[np.float32], other: NDArray[np.float32]) -> float:
    """Between the centres of two boxes, pixels."""
    return float(np.hypot(box[0] + box[2] - other[0] - other[2], box[1] + box[3] - other[1] - other[3])) / 2

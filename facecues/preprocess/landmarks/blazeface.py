"""BlazeFace, short range: boxes and six points of the faces in a frame.

Source of the recipe: Bazarevsky et al., "BlazeFace" (arXiv 1907.05047), and MediaPipe 0.10.21's
face_detection_short_range graph; agreement with MediaPipe's own results is tested in tests/parity.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from facecues.preprocess.landmarks.litert import Network
from facecues.preprocess.landmarks.roi import Roi, angle_of, area, overlap
from facecues.preprocess.video import Frame

_SCORE = 0.5  # least score of a face
_SAME_FACE = 0.3  # boxes that overlap by more than this are one face
_GRIDS = ((16, 2), (8, 6))  # cells per side, anchors per cell
_ROI_SCALE = 1.5  # side of the mesh's square over the longer side of the box


@dataclass(frozen=True, slots=True)
class Detection:
    """One face. box: (4,) x0 y0 x1 y1; points: (6, 2) right eye, left eye, nose tip, mouth, right ear, left ear;
    frame pixels, float32."""

    score: float
    box: NDArray[np.float32]
    points: NDArray[np.float32]

    def roi(self) -> Roi:
        """The upright square that the mesh network wants to see."""
        x0, y0, x1, y1 = map(float, self.box)
        return Roi(
            (x0 + x1) / 2,
            (y0 + y1) / 2,
            _ROI_SCALE * max(x1 - x0, y1 - y0),
            angle_of(self.points[0], self.points[1]),
        )


class BlazeFace:
    """Finds the faces of a frame, largest first."""

    def __init__(self, model: Path | bytes) -> None:
        self._network = Network(model, low=-1.0, high=1.0)
        self._anchors = _anchors()

    def __call__(self, frame: Frame) -> list[Detection]:
        """Detections of one frame, by falling area."""
        size = self._network.size
        side = max(frame.width, frame.height)
        letterbox = Roi(frame.width / 2, frame.height / 2, side, 0.0).matrix(size)
        out = self._network(frame.crop(letterbox, size))
        scores = expit(out["classificators"][0, :, 0])
        kept = np.flatnonzero(scores > _SCORE)
        if not kept.size:
            return []
        values = out["regressors"][0, kept].reshape(-1, 8, 2)  # centre, size, six points; input pixels
        anchors = self._anchors[kept]
        points = values / size
        points[:, [0, *range(2, 8)]] += anchors[:, None]
        to_frame = letterbox[:, 2].astype(np.float32)
        found = [Detection(score, *_to_pixels(row, side, to_frame)) for score, row in _suppress(scores[kept], points)]
        return sorted(found, key=lambda one: area(one.box), reverse=True)


def _anchors() -> NDArray[np.float32]:
    """(896, 2) anchor centres in shares of the input, row by row, the anchors of a cell beside each other."""
    grids = []
    for cells, per_cell in _GRIDS:
        centres = (np.arange(cells, dtype=np.float32) + 0.5) / cells
        x, y = np.meshgrid(centres, centres)
        grids.append(np.repeat(np.stack([x.ravel(), y.ravel()], axis=1), per_cell, axis=0))
    return np.concatenate(grids)


def _suppress(scores: NDArray[np.float32], points: NDArray[np.float32]) -> list[tuple[float, NDArray[np.float32]]]:
    """Weighted suppression: boxes of one face are averaged by score, and the best score is kept."""
    boxes = np.concatenate([points[:, 0] - points[:, 1] / 2, points[:, 0] + points[:, 1] / 2], axis=1)
    left = list(np.argsort(-scores, kind="stable"))
    out = []
    while left:
        best = left[0]
        same = [i for i in left if i == best or overlap(boxes[best], boxes[i]) > _SAME_FACE]
        weights = scores[same] / scores[same].sum()
        out.append((float(scores[best]), np.einsum("n,nkd->kd", weights, points[same])))
        left = [i for i in left if i not in same]
    return out


def _to_pixels(
    row: NDArray[np.float32], side: float, offset: NDArray[np.float32]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """One (8, 2) row in shares of the letterbox to box (4,) and points (6, 2) in frame pixels."""
    centre, half = row[0] * side + offset, row[1] * side / 2
    box = np.concatenate([centre - half, centre + half]).astype(np.float32)
    return box, (row[2:] * side + offset).astype(np.float32)

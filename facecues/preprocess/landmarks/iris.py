"""MediaPipe's Iris network: eye contour and iris of each eye, from two small crops."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from facecues.preprocess.landmarks.litert import Network
from facecues.preprocess.landmarks.mesh68 import (
    IRIS_CONTOUR_TO_EYE,
    LEFT_EYE_CORNERS,
    MESH_TO_68,
    RIGHT_EYE_CORNERS,
)
from facecues.preprocess.landmarks.roi import Roi, angle_of
from facecues.preprocess.video import Frame

_ROI_SCALE = 2.3  # side of the crop over the longer extent of the two corners (MediaPipe's iris graph)
_RING = 16  # the first points of the network's 71 go round the lids
_CORNERS = np.array([[0, 3], [6, 9]])  # of each eye, among the 12 points of both
# The network's corners follow the iris along the eye nearly half of its way, the mesh's hardly, but the mesh is less
# symmetric: with more of it, what a mirrored clip reads differs by more than 3 degrees. See docs/accuracy.md.
_FROM_MESH = 0.25
# The left eye is read in a mirrored crop: its points come outer corner first; iBUG 42-47 starts at the inner one.
_MIRRORED_ORDER = np.array([3, 2, 1, 0, 5, 4])


@dataclass(frozen=True, slots=True)
class Eyes:
    """In frame pixels; x and y are the iris network's but for the corners' place along the eye, z is the mesh's.

    contours: (12, 3) in the order of iBUG 36-47. irises: (2, 3) centres, right eye first. rings: (2, 16, 2) all lid
    points, right eye first: from the outer corner along the lower lid to the inner one, and back along the upper lid.
    """

    contours: NDArray[np.float32]
    irises: NDArray[np.float32]
    rings: NDArray[np.float32]


class EyeReader:
    """Reads both eyes of a tracked face."""

    def __init__(self, model: Path | bytes) -> None:
        self._network = Network(model)

    def __call__(self, frame: Frame, mesh: NDArray[np.float32]) -> Eyes:
        """mesh: (468, 3) frame pixels."""
        right = self._read(frame, mesh, RIGHT_EYE_CORNERS, mirrored=False)
        left = self._read(frame, mesh, LEFT_EYE_CORNERS, mirrored=True)
        contours = np.concatenate([right[IRIS_CONTOUR_TO_EYE], left[IRIS_CONTOUR_TO_EYE[_MIRRORED_ORDER]]])
        meshed = mesh[MESH_TO_68[36:48]]
        contours[:, 2] = meshed[:, 2]
        for eye in _CORNERS:
            along = meshed[eye[1], :2] - meshed[eye[0], :2]
            apart = (meshed[eye, :2] - contours[eye, :2]) @ along / (along @ along)
            contours[eye, :2] += _FROM_MESH * apart[:, None] * along
        irises = np.stack([right[_RING], left[_RING]])
        irises[:, 2] = contours[_CORNERS, 2].mean(axis=1)
        return Eyes(contours, irises, np.stack([right[:_RING, :2], left[:_RING, :2]]))

    def _read(
        self, frame: Frame, mesh: NDArray[np.float32], corners: tuple[int, int], *, mirrored: bool
    ) -> NDArray[np.float32]:
        """(17, 3): 16 lid points, outer corner first, and the iris centre; frame pixels. The network knows the
        subject's right eye only, so the left one is shown mirrored."""
        size = self._network.size
        start, end = mesh[corners[0]], mesh[corners[1]]
        extent = np.abs(end[:2] - start[:2]).max()
        centre = (start[:2] + end[:2]) / 2
        roi = Roi(float(centre[0]), float(centre[1]), _ROI_SCALE * float(extent), angle_of(start, end))
        patch = frame.crop(roi.matrix(size), size)
        out = self._network(patch[:, ::-1] if mirrored else patch)
        ring = out["output_eyes_contours_and_brows"].reshape(-1, 3)[:_RING]
        points = np.concatenate([ring, out["output_iris"].reshape(-1, 3)[:1]])
        if mirrored:
            # Pixel columns of the mirrored patch: the last one (size - 1) takes the place of the first.
            points[:, 0] = size - 1 - points[:, 0]
        return roi.to_frame(points, size)

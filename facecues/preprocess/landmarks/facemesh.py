"""Backend `facemesh`: MediaPipe's BlazeFace, FaceMesh and Iris networks on LiteRT."""

from collections.abc import Iterable, Iterator

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from facecues import weights
from facecues.preprocess.contracts import Face, Tracked
from facecues.preprocess.landmarks.blazeface import BlazeFace
from facecues.preprocess.landmarks.iris import EyeReader
from facecues.preprocess.landmarks.litert import Network
from facecues.preprocess.landmarks.mesh68 import MESH_TO_68, TABLE_HASH
from facecues.preprocess.landmarks.roi import Roi
from facecues.preprocess.landmarks.tracker import follow
from facecues.preprocess.video import Frame

_WEIGHTS = ("blazeface-short", "facemesh", "iris")


class FaceMeshBackend:
    """468 mesh points per frame, thinned to 68, and the irises. 70 + 2 x 107 MFLOP a frame."""

    def __init__(self) -> None:
        paths = [weights.locate(name) for name in _WEIGHTS]
        self.detector = BlazeFace(paths[0])
        self._mesh = Network(paths[1])
        self.eyes = EyeReader(paths[2])
        digest = "-".join(weights.sha256_of(name)[:8] for name in _WEIGHTS)
        self.signature = f"facemesh[w:{digest},pts:{TABLE_HASH},v:2]"

    def track(self, frames: Iterable[Frame]) -> Iterator[Tracked]:
        """See LandmarkBackend."""
        return follow(frames, self.detector, self.mesh, self._face)

    def mesh(self, frame: Frame, roi: Roi) -> tuple[float, NDArray[np.float32]]:
        """Score 0..1 that there is a face in the square, and (468, 3) points, frame pixels."""
        size = self._mesh.size
        out = self._mesh(frame.crop(roi.matrix(size), size))
        points = out["conv2d_21"].reshape(-1, 3)
        return float(expit(out["conv2d_31"].item())), roi.to_frame(points, size)

    def _face(self, frame: Frame, score: float, mesh: NDArray[np.float32], box: NDArray[np.float32]) -> Face:
        eyes = self.eyes(frame, mesh)
        landmarks = mesh[MESH_TO_68]
        landmarks[36:48] = eyes.contours  # the mesh barely follows the lids
        return Face(score, box, landmarks, eyes.irises)

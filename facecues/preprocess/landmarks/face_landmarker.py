"""Backend `face-landmarker`: the networks of MediaPipe's newer Face Landmarker bundle on LiteRT."""

import zipfile
from collections.abc import Iterable, Iterator

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from facecues import weights
from facecues.preprocess.contracts import Face, Tracked
from facecues.preprocess.landmarks.blazeface import BlazeFace
from facecues.preprocess.landmarks.litert import Network
from facecues.preprocess.landmarks.mesh68 import MESH_TO_68, TABLE_HASH
from facecues.preprocess.landmarks.roi import Roi
from facecues.preprocess.landmarks.tracker import follow
from facecues.preprocess.video import Frame

_BUNDLE = "face-landmarker"
_IRISES = [468, 473]  # centres, right eye first


class FaceLandmarkerBackend:
    """478 points per frame in one pass over a 256 x 256 crop, irises included."""

    def __init__(self) -> None:
        with zipfile.ZipFile(weights.locate(_BUNDLE)) as bundle:
            self.detector = BlazeFace(bundle.read("face_detector.tflite"))
            self._mesh = Network(bundle.read("face_landmarks_detector.tflite"))
        self.signature = f"face-landmarker[w:{weights.sha256_of(_BUNDLE)[:8]},pts:{TABLE_HASH}]"

    def track(self, frames: Iterable[Frame]) -> Iterator[Tracked]:
        """See LandmarkBackend."""
        return follow(frames, self.detector, self.mesh, _face)

    def mesh(self, frame: Frame, roi: Roi) -> tuple[float, NDArray[np.float32]]:
        """Score 0..1 that there is a face in the square, and (478, 3) points, frame pixels."""
        size = self._mesh.size
        out = self._mesh(frame.crop(roi.matrix(size), size))
        return float(expit(out["Identity_1"].item())), roi.to_frame(out["Identity"].reshape(-1, 3), size)


def _face(frame: Frame, score: float, mesh: NDArray[np.float32], box: NDArray[np.float32]) -> Face:
    return Face(score, box, mesh[MESH_TO_68], mesh[_IRISES])

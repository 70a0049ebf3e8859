"""Our LiteRT pipelines against MediaPipe's own results on scikit-image's astronaut.

mediapipe_astronaut.npz holds what MediaPipe gave for `skimage.data.astronaut()` (512 x 512), in pixels:
`detection` (score, x0, y0, x1, y1) and `facemesh` (468, 3) of mediapipe 0.10.21, solutions.face_detection (model 0) and
solutions.face_mesh (static, unrefined); `face_landmarker` (478, 3) of mediapipe 1.2.2's tasks FaceLandmarker.
"""

from collections.abc import Callable
from pathlib import Path

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from facecues.errors import WeightsMissingError
from facecues.preprocess.landmarks.face_landmarker import FaceLandmarkerBackend
from facecues.preprocess.landmarks.facemesh import FaceMeshBackend
from facecues.preprocess.video import Frame

THEIRS = np.load(Path(__file__).with_name("mediapipe_astronaut.npz"), allow_pickle=False)


def loaded(build: Callable[[], FaceMeshBackend | FaceLandmarkerBackend]) -> FaceMeshBackend | FaceLandmarkerBackend:
    try:
        return build()
    except WeightsMissingError as error:
        pytest.skip(str(error))


@pytest.fixture(scope="module")
def frame(astronaut: NDArray[np.uint8]) -> Frame:
    return Frame(av.VideoFrame.from_ndarray(astronaut, format="rgb24"), 0, 0.0)


@pytest.mark.parametrize(("build", "name"), [(FaceMeshBackend, "facemesh"), (FaceLandmarkerBackend, "face_landmarker")])
def test_the_mesh_equals_mediapipes_to_a_fiftieth_of_a_pixel(
    frame: Frame, build: Callable[[], FaceMeshBackend | FaceLandmarkerBackend], name: str
) -> None:
    backend = loaded(build)
    detection = backend.detector(frame)[0]
    score, mesh = backend.mesh(frame, detection.roi())
    distance = np.linalg.norm(mesh[:, :2] - THEIRS[name][:, :2], axis=1)
    assert score > 0.99
    assert distance.mean() <= 0.01 and distance.max() <= 0.03
    assert np.abs(mesh[:, 2] - THEIRS[name][:, 2]).max() <= 0.1


def test_the_detection_equals_mediapipes(frame: Frame) -> None:
    detection = loaded(FaceMeshBackend).detector(frame)[0]
    assert detection.score == pytest.approx(float(THEIRS["detection"][0]), abs=1e-5)
    np.testing.assert_allclose(detection.box, THEIRS["detection"][1:], atol=1e-3)


def test_both_backends_agree_on_the_irises(frame: Frame) -> None:
    """Two networks: within 1.5 pixels at an eye width of about 20."""
    irises = []
    for build in (FaceMeshBackend, FaceLandmarkerBackend):
        face = next(loaded(build).track([frame])).face
        assert face is not None and face.irises is not None
        irises.append(face.irises[:, :2])
    assert np.linalg.norm(irises[0] - irises[1], axis=1).max() <= 1.5

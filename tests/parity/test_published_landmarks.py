"""Our points against landmarks that others published for a picture we have.

The numbers are those of 1adrianb/face-alignment, test/facealignment_test.py (FAN 3D on test/assets/aflw-test.jpg);
its z grows toward the camera and is negated here. Another network and another definition of the points: agreement
is in shares of the distance between the outer eye corners, not in pixels.
"""

from pathlib import Path

import av
import numpy as np
import pytest
from skimage import io

from facecues import points as ibug
from facecues.config import ExtractConfig
from facecues.errors import WeightsMissingError
from facecues.preprocess.geometry import fit_pose, rotation_degrees
from facecues.preprocess.landmarks import landmark_backend
from facecues.preprocess.video import Frame

# fmt: off
FAN_3D = np.array([
    (137, 240, 85.91), (140, 264, 81.14), (143, 288, 76.26), (146, 306, 69.02),
    (152, 327, 53.78), (161, 342, 30.03), (170, 348, 2.79), (185, 354, -23.52),
    (212, 360, -38.66), (239, 357, -31.75), (263, 354, -12.19), (284, 348, 10.06),
    (302, 333, 29.43), (314, 315, 41.68), (320, 297, 46.92), (326, 276, 50.33),
    (335, 252, 53.95), (152, 207, 7.62), (164, 201, -6.19), (176, 198, -16.99),
    (188, 198, -24.69), (200, 201, -29.25), (245, 204, -37.88), (257, 201, -37.42),
    (269, 201, -34.16), (284, 204, -28.48), (299, 216, -18.32), (221, 225, -37.93),
    (218, 237, -48.34), (215, 249, -60.50), (215, 261, -63.35), (203, 273, -40.19),
    (209, 276, -45.06), (218, 276, -48.57), (227, 276, -47.74), (233, 276, -45.01),
    (170, 228, -7.17), (179, 222, -17.17), (188, 222, -19.78), (200, 228, -19.06),
    (191, 231, -20.64), (179, 231, -16.13), (248, 231, -28.57), (257, 225, -33.02),
    (269, 225, -34.38), (278, 231, -27.01), (269, 234, -32.87), (257, 234, -33.34),
    (185, 306, -29.93), (194, 297, -42.61), (209, 291, -50.56), (215, 291, -52.83),
    (221, 291, -52.92), (236, 300, -48.33), (248, 309, -38.24), (236, 312, -48.38),
    (224, 315, -52.64), (212, 315, -52.33), (203, 315, -49.55), (194, 309, -42.64),
    (188, 303, -30.75), (206, 300, -46.51), (215, 300, -49.61), (224, 300, -49.06),
    (248, 309, -38.08), (224, 303, -49.82), (215, 303, -49.60), (206, 303, -47.14),
])
# fmt: on


@pytest.fixture(scope="module")
def ours(data: Path) -> np.ndarray:
    try:
        backend = landmark_backend(ExtractConfig())
    except WeightsMissingError as error:
        pytest.skip(str(error))
    picture = io.imread(data / "reference_images/fan_aflw-test.jpg")
    frame = Frame(av.VideoFrame.from_ndarray(picture, format="rgb24"), 0, 0.0)
    face = next(backend.track([frame])).face
    assert face is not None
    return face.landmarks.astype(np.float64)


@pytest.mark.parametrize(
    ("group", "share"),
    [("RIGHT_EYE", 0.06), ("LEFT_EYE", 0.06), ("NOSE_BRIDGE", 0.06), ("NOSE_BASE", 0.06), ("OUTER_LIPS", 0.06),
     ("INNER_LIPS", 0.06), ("LEFT_BROW", 0.1), ("RIGHT_BROW", 0.1), ("JAW", 0.12)],
)  # fmt: skip
def test_each_part_of_the_face_is_where_fan_puts_it(ours: np.ndarray, group: str, share: float) -> None:
    index = list(getattr(ibug, group))
    unit = np.linalg.norm(FAN_3D[45, :2] - FAN_3D[36, :2])
    distance = np.linalg.norm(ours[index, :2] - FAN_3D[index, :2], axis=1)
    assert distance.mean() / unit <= share


def test_depth_grows_the_same_way(ours: np.ndarray) -> None:
    inner = slice(17, 68)
    assert np.corrcoef(ours[inner, 2], FAN_3D[inner, 2])[0, 1] >= 0.9


def test_the_head_turns_the_same_way(ours: np.ndarray) -> None:
    here, there = (rotation_degrees(fit_pose(points)[0][None])[0] for points in (ours, FAN_3D))
    # Pitch hangs on the depth of the nose, where the two networks differ most.
    np.testing.assert_allclose(here, there, atol=12)
    np.testing.assert_allclose(here[1:], there[1:], atol=4)

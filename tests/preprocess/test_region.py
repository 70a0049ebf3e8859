"""A cut gives the frame's own pixels."""

import av
import numpy as np
import pytest

from facecues.preprocess.region import cut
from facecues.preprocess.video import Frame


@pytest.fixture
def rgb() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (48, 64, 3), np.uint8)


@pytest.fixture
def frame(rgb: np.ndarray) -> Frame:
    return Frame(av.VideoFrame.from_ndarray(rgb, "rgb24"), 0, 0.0)


def test_a_cut_inside_is_the_slice(frame: Frame, rgb: np.ndarray) -> None:
    assert np.array_equal(cut(frame, 5, 7, 40, 21), rgb[7:21, 5:40])
    assert np.array_equal(cut(frame, 0, 0, 64, 48), rgb)


def test_outside_the_frame_is_black(frame: Frame, rgb: np.ndarray) -> None:
    picture = cut(frame, -10, -20, 70, 60)
    assert np.array_equal(picture[20:68, 10:74], rgb)
    picture[20:68, 10:74] = 0
    assert not picture.any()

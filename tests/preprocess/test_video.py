"""A frame's crops equal those of its RGB picture, in every layout and orientation."""

from collections.abc import Callable
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from facecues.config import Limits
from facecues.preprocess.color import rgb_matrix
from facecues.preprocess.decode import Decoder
from facecues.preprocess.video import Frame

MATRIX = np.array([[1.7, 0.3, 140.0], [-0.3, 1.7, 90.0]])


def frame_of(picture: NDArray[np.uint8], pixel_format: str, turns: int = 0) -> Frame:
    made = av.VideoFrame.from_ndarray(picture, format="rgb24").reformat(format=pixel_format)
    return Frame(made, 0, 0.0, turns)


def warped(rgb: NDArray[np.uint8], matrix: NDArray[np.float64], size: int) -> NDArray[np.uint8]:
    return cv2.warpAffine(rgb, matrix, (size, size), flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP)


@pytest.mark.parametrize(
    ("pixel_format", "tolerance"),
    [
        ("yuv444p", 1.0),
        ("yuvj444p", 1.0),
        ("rgb24", 1.0),
        ("gray", 1.0),
        ("yuv422p", 2.0),
        ("yuv420p", 2.0),
        ("nv12", 3),
    ],
)
def test_a_crop_equals_the_crop_of_the_rgb_picture(
    astronaut: NDArray[np.uint8], pixel_format: str, tolerance: float
) -> None:
    frame = frame_of(astronaut, pixel_format)
    difference = np.abs(frame.crop(MATRIX, 128).astype(int) - warped(frame.rgb(), MATRIX, 128))
    # Subsampled chroma is interpolated where libswscale repeats it: the mean counts, not the edges.
    assert difference.mean() <= tolerance


@pytest.mark.parametrize("turns", [0, 1, 2, 3])
@pytest.mark.parametrize("pixel_format", ["yuv444p", "rgb24"])
def test_a_crop_is_taken_from_the_displayed_picture(
    astronaut: NDArray[np.uint8], pixel_format: str, turns: int
) -> None:
    coded = astronaut[:, :400]
    frame = frame_of(np.ascontiguousarray(coded), pixel_format, turns)
    displayed = np.rot90(coded, turns)
    assert (frame.height, frame.width) == displayed.shape[:2]
    assert frame.rgb().shape == displayed.shape
    difference = np.abs(frame.crop(MATRIX, 96).astype(int) - warped(np.ascontiguousarray(displayed), MATRIX, 96))
    assert difference.mean() <= 2.0


def test_outside_the_frame_is_black(astronaut: NDArray[np.uint8]) -> None:
    outside = np.array([[1.0, 0, 5000.0], [0, 1, 5000]])
    for pixel_format in ("yuv420p", "yuvj420p", "rgb24"):
        assert frame_of(astronaut, pixel_format).crop(outside, 16).max() <= 1


def test_white_stays_white_and_black_stays_black_in_every_matrix() -> None:
    for colorspace in (1, 2, 5, 6, 9):
        for full, black, white in ((False, 16, 235), (True, 0, 255)):
            matrix = rgb_matrix(colorspace, full)
            np.testing.assert_allclose(matrix @ [black, 128, 128, 1], 0, atol=1e-3)
            np.testing.assert_allclose(matrix @ [white, 128, 128, 1], 255, atol=1e-3)


def test_real_clips_of_both_ranges_agree_with_libswscale(mead: Path) -> None:
    for clip in ("M030/video/front/sad/level_3/001.mp4", "W023/video/front/surprised/level_2/010.mp4"):
        with Decoder(mead / clip, Limits()) as decoder:
            frame = next(iter(decoder))
            matrix = np.array([[2.5, 0, 700.0], [0, 2.5, 300.0]])
            difference = frame.crop(matrix, 192).astype(int) - warped(frame.rgb(), matrix, 192)
        assert np.abs(difference).mean() <= 2.0


def test_written_and_read_back_a_clip_is_the_same(
    write_video: Callable[..., Path], astronaut: NDArray[np.uint8]
) -> None:
    path = write_video([astronaut] * 3)
    with Decoder(path, Limits()) as decoder:
        frames = [frame.rgb() for frame in decoder]
    assert len(frames) == 3
    assert np.abs(frames[0].astype(int) - astronaut).mean() <= 1.5

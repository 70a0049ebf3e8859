"""Sketches show the landmarks and the pupils where they are."""

import cv2
import numpy as np
import pytest

from facecues.models.synth.sketch import sketch
from facecues.points import LINES
from facecues.preprocess.geometry import Similarity
from facecues.preprocess.pupils import relocate_with_pupils
from facecues.preprocess.template import TEMPLATE


def looking(*gaze: tuple[float, float], size: int = 256) -> np.ndarray:
    """(T, 70, 3) the template in the middle of a frame."""
    frames = len(gaze)
    pose = Similarity(
        np.tile(np.eye(3), (frames, 1, 1)),
        np.full(frames, size / 2.5),
        np.tile([size / 2, size / 2.5, 0.0], (frames, 1)),
    )
    both = np.repeat(np.array(gaze, float)[:, None], 2, axis=1)
    return relocate_with_pupils(np.broadcast_to(TEMPLATE, (frames, 68, 3)), pose, both)


@pytest.mark.parametrize("size", [256, 512])
def test_every_line_is_dark_within_a_pixel_of_its_points_and_the_rest_is_paper(size: int) -> None:
    points = looking((0, 0), size=size)
    (picture,) = sketch(points, size)
    assert picture.shape == (size, size, 3) and picture.dtype == np.uint8
    ink = cv2.erode(picture[..., 0], np.ones((3, 3)))  # the darkest within a pixel
    for line, closed in LINES:
        ends = points[0, list(line) + ([line[0]] if closed else []), :2]
        along = np.concatenate([ends, (ends[1:] + ends[:-1]) / 2])
        columns, rows = np.round(along).astype(int).T
        assert ink[rows, columns].max() < 120
    assert (picture > 200).mean() > 0.9


def test_the_irises_follow_the_gaze() -> None:
    ahead, aside = sketch(looking((0, 0), (0, 25)), 256)
    points = looking((0, 0), (0, 25))
    for eye in (68, 69):
        assert points[1, eye, 0] < points[0, eye, 0] - 2  # positive yaw: toward image left
    for picture, frame in ((ahead, points[0]), (aside, points[1])):
        for x, y in frame[68:, :2].round().astype(int):
            assert picture[y, x, 0] < 60
    assert (ahead != aside).any()


def test_one_picture_is_made_for_each_frame_as_it_is_asked_for() -> None:
    frames = sketch(looking(*[(0, 0)] * 3), 256)
    assert iter(frames) is frames
    assert sum(1 for _ in frames) == 3


def test_a_face_that_leaves_the_frame_is_drawn_as_far_as_it_is_in_it() -> None:
    points = looking((0, 0)) + np.array([150.0, -400.0, 0.0])
    assert next(sketch(points, 256)).shape == (256, 256, 3)

"""Face crops: placed by the points, sampled as by resizing."""

import cv2
import numpy as np

from facecues.metrics.contracts import Batch
from facecues.metrics.networks.face_crop import FaceCrop, has_face
from tests.metrics.networks.faces import batch_of

CROP = FaceCrop(width=3.0, height=4.0, lift=0.5, size=32)


def corners_at(centre: tuple[float, float], spread: float) -> np.ndarray:
    """68 points on a circle, so that their spread is its radius: (1, 68, 3)."""
    angles = np.arange(68) * 2 * np.pi / 68
    points = np.array(centre) + spread * np.stack([np.cos(angles), np.sin(angles)], axis=1)
    return np.concatenate([points, np.zeros((68, 1))], axis=1)[None].astype(np.float32)


def test_the_rectangle_is_measured_in_spreads_of_the_points() -> None:
    np.testing.assert_allclose(CROP.rectangles(corners_at((50, 70), 10)), [[35, 45, 65, 85]], atol=1e-4)


def test_the_rectangle_follows_shift_and_scale_of_the_face() -> None:
    points = batch_of(3).landmarks
    moved = CROP.rectangles(2 * points + np.float32(7))
    np.testing.assert_allclose(moved, 2 * CROP.rectangles(points) + 7, rtol=1e-5)


def test_a_crop_at_whole_pixels_is_what_resizing_gives() -> None:
    picture = cv2.GaussianBlur(np.random.default_rng(0).integers(0, 256, (100, 120, 3), np.uint8), (0, 0), 2)
    crop = CROP.cut(picture[None], corners_at((60, 60), 12))
    left, top, right, bottom = CROP.rectangles(corners_at((60, 60), 12))[0].round().astype(int)
    expected = cv2.resize(picture[top:bottom, left:right], (32, 32), interpolation=cv2.INTER_LINEAR)
    assert np.abs(crop[0].astype(int) - expected).max() <= 2  # levels; warping knows 1/32 of a pixel


def test_beyond_the_picture_its_border_goes_on() -> None:
    flat = np.full((1, 40, 40, 3), 90, np.uint8)
    assert (CROP.cut(flat, corners_at((2, 2), 15)) == 90).all()


def test_one_channel_stays_one_and_no_face_gives_no_crop() -> None:
    batch = batch_of(4, faceless=(1, 3))
    seen = has_face(batch)
    assert seen.tolist() == [True, False, True, False]
    grey = batch.pictures[..., :1]
    assert CROP.cut(grey[seen], batch.landmarks[seen]).shape == (2, 32, 32, 1)
    assert CROP.cut(grey[:0], batch.landmarks[:0]).shape == (0, 32, 32, 1)


def test_a_face_with_one_missing_point_counts_as_none() -> None:
    batch = batch_of(2)
    landmarks = batch.landmarks.copy()
    landmarks[0, 5] = np.nan
    assert has_face(Batch(batch.pictures, landmarks)).tolist() == [False, True]

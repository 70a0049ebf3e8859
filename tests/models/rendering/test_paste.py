"""A face goes back to where it was cut from."""

import cv2
import numpy as np
import pytest

from facecues.models.rendering.paste import Setting
from facecues.models.rendering.warp import WarpRenderer

CROP = np.array([[0.5, 0.0, -20.0], [0.0, 0.5, -10.0]])


@pytest.fixture
def picture():
    smooth = cv2.GaussianBlur(np.random.default_rng(0).uniform(0, 255, (301, 401, 3)), (0, 0), 8)
    return np.clip(4 * (smooth - 127) + 127, 0, 255).astype(np.uint8)


def test_what_was_cut_and_put_back_is_the_picture(picture):
    frame = cv2.warpAffine(picture, CROP, (128, 128), flags=cv2.INTER_AREA, borderMode=cv2.BORDER_REPLICATE)
    placed = Setting.of(picture, CROP, 128).place(frame)
    assert placed.shape == (300, 400, 3)
    assert np.abs(placed.astype(int) - picture[:300, :400]).mean() < 1


def test_nothing_outside_of_the_frame_changes_and_its_edge_shows_no_step(picture):
    setting = Setting.of(picture, CROP, 128)
    placed = setting.place(np.full((128, 128, 3), 255, np.uint8))
    changed = (placed != setting.picture).any(axis=2)
    rows, columns = np.flatnonzero(changed.any(axis=1)), np.flatnonzero(changed.any(axis=0))
    # The frame's pixel centres lie on 20 to 274 and 40 to 294; bilinear, its edge reaches half a frame's pixel on.
    assert rows[0] >= 19 and rows[-1] <= 275 and columns[0] >= 39 and columns[-1] <= 295
    flat = Setting.of(np.zeros((300, 400, 3), np.uint8), CROP, 128).place(np.full((128, 128, 3), 255, np.uint8))
    assert np.abs(np.diff(flat.astype(int), axis=1)).max() < 40
    assert (flat[148, 168] == 255).all()


def test_the_warped_portrait_at_rest_is_where_it_was(astronaut):
    head = WarpRenderer().prepare(astronaut, 256)
    cues = head.reference
    from tests.models.rendering.test_lead import held

    (frame,) = head.render(held(cues), cues)
    placed = Setting.of(astronaut, head.crop, 256).place(frame)
    assert placed.shape == astronaut.shape
    assert np.abs(placed.astype(int) - astronaut).mean() < 2

"""Pictures of frames: what they show, where the landmarks are in them, and that shrinking does not alias."""

from math import cos, radians, sin

import av
import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from pydantic import ValidationError

from facecues.metrics.alignment import to_crop
from facecues.preprocess.pictures import EAT_POINTS, EAT_TEMPLATE, PictureOptions, make_picture, same_proportions
from facecues.preprocess.template import TEMPLATE
from facecues.preprocess.video import Frame

FACE = PictureOptions(crop="face")
EAT = PictureOptions(crop="eat", size=128)


def frame_of(rgb: NDArray[np.uint8], pixel_format: str = "rgb24") -> Frame:
    return Frame(
        av.VideoFrame.from_ndarray(np.ascontiguousarray(rgb), format="rgb24").reformat(format=pixel_format), 0, 0
    )


def placed(scale: float, roll: float = 0.0, middle: tuple[float, float] = (320.0, 240.0)) -> NDArray[np.float32]:
    """(68, 3) landmarks of a frontal template head in a frame."""
    c, s = cos(radians(roll)), sin(radians(roll))
    turned = scale * TEMPLATE @ np.array([[c, -s, 0], [s, c, 0], [0, 0, 1]]).T
    return (turned + np.array([*middle, 0])).astype(np.float32)


def dotted(landmarks: NDArray[np.float32], shape: tuple[int, int] = (480, 640)) -> NDArray[np.uint8]:
    """A frame with a soft dot of its own brightness on some of the points."""
    y, x = np.mgrid[: shape[0], : shape[1]]
    picture = np.zeros(shape)
    for px, py in landmarks[[8, 30, 36, 45], :2]:
        picture += 250 * np.exp(-((x - px) ** 2 + (y - py) ** 2) / (2 * 4.0**2))
    return np.repeat(picture[..., None], 3, axis=2).clip(0, 255).astype(np.uint8)


@pytest.mark.parametrize(
    "options", [PictureOptions(), PictureOptions(size=700), FACE, EAT], ids=lambda one: str(one.size)
)
@pytest.mark.parametrize(("scale", "roll"), [(90.0, 0.0), (150.0, 25.0)])
def test_landmarks_lie_on_what_they_mark(options: PictureOptions, scale: float, roll: float) -> None:
    landmarks = placed(scale, roll)
    picture, inside = make_picture(frame_of(dotted(landmarks)), landmarks, options)
    assert picture is not None and picture.shape == (options.size, options.size, 3)
    brightness = picture[..., 0].astype(float)
    y, x = np.mgrid[: options.size, : options.size]
    shown = [8, 30, 36, 45] if options.crop != "eat" else [30, 36, 45]  # that crop ends above some chins
    for px, py in inside[shown, :2]:
        near = brightness * (np.hypot(x - px, y - py) < 0.06 * options.size)
        found = np.array([(near * x).sum(), (near * y).sum()]) / near.sum()
        assert np.abs(found - [px, py]).max() < 0.25


@pytest.mark.parametrize("options", [FACE, EAT], ids=["face", "eat"])
def test_a_similarity_of_the_frame_changes_nothing(astronaut: NDArray[np.uint8], options: PictureOptions) -> None:
    landmarks = placed(75.0, middle=(223.0, 105.0))  # about where the face is
    turn = np.array([[1.5 * cos(0.3), -1.5 * sin(0.3), 90.0], [1.5 * sin(0.3), 1.5 * cos(0.3), -10.0]])
    moved = np.column_stack([landmarks[:, :2] @ turn[:, :2].T + turn[:, 2], 1.5 * landmarks[:, 2]]).astype(np.float32)
    warped = cv2.warpAffine(astronaut, turn, (900, 900), flags=cv2.INTER_CUBIC)
    one, points = make_picture(frame_of(astronaut), landmarks, options)
    other, same_points = make_picture(frame_of(warped), moved, options)
    np.testing.assert_allclose(points, same_points, atol=0.01)
    assert one is not None and other is not None
    assert np.abs(one.astype(float) - other).mean() < 2.5


def test_points_27_to_44_meet_the_template_of_eat() -> None:
    _, inside = make_picture(frame_of(dotted(placed(110.0, 15.0))), placed(110.0, 15.0), EAT)
    # A face is not the template's: it meets it as well as a similarity can.
    off = inside[EAT_POINTS, :2] - EAT_TEMPLATE
    np.testing.assert_allclose(off.mean(axis=0), 0, atol=0.01)
    assert np.linalg.norm(off, axis=1).mean() < 6
    in_crop = to_crop(placed(110.0, 15.0)[None].astype(np.float64))
    np.testing.assert_allclose(inside[EAT_POINTS, :2], in_crop[0, EAT_POINTS], atol=0.01)


def test_a_frame_of_the_right_size_is_left_as_it_is(astronaut: NDArray[np.uint8]) -> None:
    picture, _ = make_picture(frame_of(astronaut), None, PictureOptions(size=512))
    np.testing.assert_array_equal(picture, astronaut)


def test_a_whole_frame_shrinks_to_the_mean_of_each_area(astronaut: NDArray[np.uint8]) -> None:
    picture, _ = make_picture(frame_of(astronaut[:384]), None, PictureOptions(size=128))
    means = astronaut[:384].reshape(128, 3, 128, 4, 3).mean(axis=(1, 3))
    assert picture is not None
    assert np.abs(picture - means).max() <= 0.51


@pytest.mark.parametrize("options", [PictureOptions(size=128), PictureOptions(crop="face", size=128), EAT])
@pytest.mark.parametrize("pixel_format", ["rgb24", "yuv420p"])
def test_a_fine_grid_shrinks_to_grey_and_not_to_a_pattern(options: PictureOptions, pixel_format: str) -> None:
    grid = np.indices((1080, 1080)).sum(axis=0) % 2 * 200
    frame = frame_of(np.repeat(grid[..., None], 3, axis=2).astype(np.uint8), pixel_format)
    picture, _ = make_picture(frame, placed(430.0, 10.0, (540.0, 400.0)), options)
    assert picture is not None
    inside = picture[16:-16, 16:-16].astype(float)
    assert inside.std() < 12, "the grid's own is 100"


def test_a_small_frame_is_enlarged_by_the_filter_named(astronaut: NDArray[np.uint8]) -> None:
    small = astronaut[:100, :80]
    for name, flag in (("bilinear", cv2.INTER_LINEAR), ("bicubic", cv2.INTER_CUBIC)):
        picture, _ = make_picture(frame_of(small), None, PictureOptions(size=128, enlarge=name))
        np.testing.assert_array_equal(picture, cv2.resize(small, (128, 128), interpolation=flag))


def test_without_a_face_only_the_frame_is_shown(astronaut: NDArray[np.uint8]) -> None:
    for options, there in ((PictureOptions(), True), (FACE, False), (EAT, False)):
        picture, landmarks = make_picture(frame_of(astronaut), None, options)
        assert (picture is not None) == there
        assert np.isnan(landmarks).all() and landmarks.shape == (68, 3)


def test_proportions_agree_within_two_percent() -> None:
    assert same_proportions((256, 256), (512, 512)) and same_proportions((1920, 1080), (256, 144))
    assert same_proportions((250, 250), (254, 250)) and same_proportions((250, 250), (250, 254))
    assert not same_proportions((1920, 1080), (256, 256)) and not same_proportions((250, 250), (250, 256))


def test_every_rule_has_its_own_signature_and_rules_that_do_not_fit_are_refused() -> None:
    rules = [PictureOptions(), PictureOptions(size=224), PictureOptions(enlarge="bicubic"), FACE, EAT]
    assert len({rule.signature for rule in rules}) == len(rules)
    with pytest.raises(ValidationError, match="use size 128, not 256"):
        PictureOptions(crop="eat")
    with pytest.raises(ValidationError, match="goes with crop 'frame' alone"):
        PictureOptions(crop="face", enlarge="bicubic")

"""Detect, then follow: one face is kept, and a lost one is taken up where it was."""

from dataclasses import dataclass, field

import numpy as np
import pytest
from numpy.typing import NDArray

from facecues.preprocess.contracts import Face, Tracked
from facecues.preprocess.extract import CueExtractor
from facecues.preprocess.landmarks.blazeface import Detection
from facecues.preprocess.landmarks.roi import Roi, overlap
from facecues.preprocess.landmarks.tracker import follow
from facecues.preprocess.template import TEMPLATE


@dataclass
class Picture:
    """Faces by the x of their left edge, 100 pixels wide; `big` is twice as wide."""

    faces: tuple[float, ...]
    big: float | None = None
    damaged: bool = False
    index: int = 0


@dataclass
class World:
    """A detector and a mesh network that see a Picture's faces exactly."""

    detections: int = 0
    squares: list[Roi] = field(default_factory=list)

    def detect(self, frame: Picture) -> list[Detection]:
        self.detections += 1
        boxes = [(x, 200.0 if x == frame.big else 100.0) for x in frame.faces]
        boxes.sort(key=lambda box: -box[1])
        points = np.zeros((6, 2), np.float32)
        points[1, 0] = 1.0
        return [Detection(1.0, np.float32([x, 0, x + side, side]), points) for x, side in boxes]

    def mesh(self, frame: Picture, roi: Roi) -> tuple[float, NDArray[np.float32]]:
        self.squares.append(roi)
        inside = [x for x in frame.faces if abs(x + 50 - roi.x) <= roi.side / 2]
        if not inside:
            return 0.0, np.zeros((468, 3), np.float32)
        x = min(inside, key=lambda one: abs(one + 50 - roi.x))
        grid = np.random.default_rng(0).uniform(0, 100, (468, 3)).astype(np.float32)
        grid[0], grid[1], grid[33], grid[263] = (0, 0, 0), (100, 100, 0), (20, 40, 0), (80, 40, 0)
        return 1.0, grid + np.float32([x, 0, 0])


def run(pictures: list[Picture]) -> tuple[list[Tracked], World]:
    world = World()

    def to_face(frame: Picture, score: float, points: NDArray[np.float32], box: NDArray[np.float32]) -> Face:
        return Face(score, box, TEMPLATE.astype(np.float32))

    tracked = list(follow(pictures, world.detect, world.mesh, to_face))  # type: ignore[arg-type]
    return tracked, world


def lefts(tracked: list[Tracked]) -> list[float | None]:
    return [None if one.face is None else float(one.face.box[0]) for one in tracked]


def test_the_detector_runs_once_while_the_track_holds() -> None:
    tracked, world = run([Picture((float(x),)) for x in range(0, 20)])
    assert lefts(tracked) == [float(x) for x in range(0, 20)]
    assert world.detections == 1


def test_the_largest_face_is_locked_on_and_the_others_are_counted() -> None:
    tracked, _ = run([Picture((0.0, 400.0), big=400.0)] + [Picture((0.0, 400.0))] * 35)
    assert set(lefts(tracked)) == {400.0}
    assert max(one.faces_seen for one in tracked) == 2


def test_a_larger_face_that_comes_later_does_not_take_over() -> None:
    tracked, _ = run([Picture((0.0,))] * 3 + [Picture((0.0, 600.0), big=600.0)] * 40)
    assert set(lefts(tracked)) == {0.0}


def test_after_a_loss_the_nearest_face_is_taken_up() -> None:
    tracked, _ = run([Picture((300.0,))] * 2 + [Picture(())] * 3 + [Picture((0.0, 310.0, 900.0), big=900.0)] * 2)
    assert lefts(tracked) == [300.0, 300.0, None, None, None, 310.0, 310.0]


def test_a_track_that_lies_on_no_face_is_given_up_at_the_next_check() -> None:
    world = World()
    ghost = [Picture((0.0,))] * 5

    def mesh(frame: Picture, roi: Roi) -> tuple[float, NDArray[np.float32]]:
        """Keeps seeing a face at the old place, as a network does on a face-like pattern."""
        return world.mesh(Picture((0.0,)) if abs(roi.x - 50) < 60 else frame, roi)

    pictures = ghost + [Picture((700.0,))] * 40
    faces = list(follow(pictures, world.detect, mesh, lambda f, s, p, b: Face(s, b, p[:68])))  # type: ignore[arg-type]
    assert lefts(faces)[-1] == 700.0


def test_damaged_frames_have_no_face_and_do_not_end_the_track() -> None:
    tracked, world = run([Picture((5.0,)), Picture((5.0,), damaged=True), Picture((5.0,))])
    assert lefts(tracked) == [5.0, None, 5.0]
    assert world.detections == 1


def test_the_first_frame_is_read_in_the_same_kind_of_square_as_the_next() -> None:
    _, world = run([Picture((5.0,))] * 2)
    assert world.squares[1] == world.squares[2]


@pytest.mark.parametrize("size", [192, 256])
def test_points_in_a_square_come_back_to_where_they_were_sampled(size: int) -> None:
    roi = Roi(400.0, 300.0, 210.0, 0.4)
    pixels = np.random.default_rng(1).uniform(0, size, (9, 3)).astype(np.float32)
    expected = np.c_[pixels[:, :2], np.ones(9)] @ roi.matrix(size).T
    found = roi.to_frame(pixels, size)
    np.testing.assert_allclose(found[:, :2], expected, atol=1e-3)
    np.testing.assert_allclose(found[:, 2], pixels[:, 2] * 210 / size, rtol=1e-6)


def test_overlap_is_one_for_equal_boxes_zero_for_apart_ones_and_symmetric() -> None:
    one, other, apart = np.float32([0, 0, 10, 10]), np.float32([5, 0, 15, 10]), np.float32([20, 20, 30, 30])
    assert overlap(one, one) == 1.0
    assert overlap(one, apart) == 0.0
    assert overlap(one, other) == overlap(other, one) == pytest.approx(1 / 3)


def test_one_of_five_faces_is_kept(extractor: CueExtractor, data) -> None:  # type: ignore[no-untyped-def]
    from tests.preprocess.clips import extract_clip

    boxes = extract_clip(extractor, data / "difficult/five_faces.mp4").array("box")
    centres = (boxes[:, 0] + boxes[:, 2]) / 2
    widths = boxes[:, 2] - boxes[:, 0]
    assert np.ptp(centres) < widths.mean()  # the faces sit side by side, more than a width apart

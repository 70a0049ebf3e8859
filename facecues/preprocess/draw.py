"""Cues drawn over a frame, for looking: landmarks, head axes, gaze."""

import sys
from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from facecues.errors import UsageError
from facecues.points import LEFT_EYE, LINES, RIGHT_EYE, STABLE
from facecues.preprocess.geometry import gaze_vector, rotation_matrix
from facecues.preprocess.template import TEMPLATE

# Okabe and Ito's colours, told apart by colour-blind readers too; RGB.
_GREEN, _ORANGE, _BLUE, _SKY, _YELLOW = (0, 158, 115), (230, 159, 0), (0, 114, 178), (86, 180, 233), (240, 228, 66)


def draw_cues(
    rgb: NDArray[np.uint8],
    landmarks: NDArray[np.float32],
    rotation: NDArray[np.float32],
    gaze_right: NDArray[np.float32],
    gaze_left: NDArray[np.float32],
) -> NDArray[np.uint8]:
    """One frame with its cues.

    Args:
        rgb: (h, w, 3) uint8; not changed.
        landmarks: (204,) or (68, 3) frame pixels.
        rotation: (3,) pitch, yaw, roll, degrees: axes at the nose, toward the subject's left, down, and ahead.
        gaze_right, gaze_left: (2,) pitch, yaw, degrees: an arrow from each eye.

    Returns:
        (h, w, 3) uint8.
    """
    out = np.ascontiguousarray(rgb).copy()
    points = landmarks.reshape(68, 3).astype(np.float64)
    unit = float(np.linalg.norm(points[45, :2] - points[36, :2]))
    thick = max(1, round(unit / 90))
    for index, closed in LINES:
        line = np.round(points[list(index), :2] * 16).astype(np.int32)[None]
        cv2.polylines(out, list(line), closed, _GREEN, thick, cv2.LINE_AA, shift=4)
    matrix = rotation_matrix(rotation.astype(np.float64))
    for axis, colour in ((matrix[:, 0], _ORANGE), (matrix[:, 1], _YELLOW), (-matrix[:, 2], _BLUE)):
        _arrow(out, points[30, :2], points[30, :2] + 0.6 * unit * axis[:2], colour, thick)
    for eye, angles in ((RIGHT_EYE, gaze_right), (LEFT_EYE, gaze_left)):
        start = points[list(eye), :2].mean(axis=0)
        _arrow(out, start, start + 0.8 * unit * gaze_vector(angles.astype(np.float64))[:2], _SKY, thick)
    return out


def draw_points(points: NDArray[np.float64], numbers: Sequence[int] = range(68), side: int = 640) -> NDArray[np.uint8]:
    """The 68 points with their numbers, (side, side, 3) uint8, on white; the stable ones in orange.

    Args:
        points: (68, 2) template units, seen from the front or the side.
        numbers: the points to show.
    """
    out = np.full((side, side, 3), 255, np.uint8)
    low, high = points.min(axis=0), points.max(axis=0)
    gain = 0.88 * side / float((high - low).max())
    pixels = (points - (low + high) / 2) * gain + side / 2
    for index, closed in LINES:
        line = pixels[[number for number in index if number in numbers]]
        cv2.polylines(out, [np.round(line).astype(np.int32)], closed, (200, 200, 200), 1, cv2.LINE_AA)
    for number in numbers:
        x, y = np.round(pixels[number]).astype(int).tolist()
        colour = _ORANGE if number in STABLE else _BLUE
        cv2.circle(out, (x, y), 3, colour, -1, cv2.LINE_AA)
        cv2.putText(out, str(number), (x + 4, y - 3), cv2.FONT_HERSHEY_SIMPLEX, 0.36, (60, 60, 60), 1, cv2.LINE_AA)
    return out


def tile(pictures: Sequence[NDArray[np.uint8]]) -> NDArray[np.uint8]:
    """Pictures of one size side by side."""
    return np.hstack(list(pictures))


def _arrow(
    out: NDArray[np.uint8],
    start: NDArray[np.float64],
    end: NDArray[np.float64],
    colour: tuple[int, int, int],
    thick: int,
) -> None:
    first, last = (tuple(int(v) for v in np.round(p * 16)) for p in (start, end))
    cv2.arrowedLine(out, first, last, colour, thick + 1, cv2.LINE_AA, shift=4, tipLength=0.2)


def main() -> None:
    """Draws the template from the front and from its left side, for docs/landmarks.md: `python -m` this FILE.png."""
    target = sys.argv[1]
    left_half = [number for number in range(68) if TEMPLATE[number, 0] >= 0]
    picture = tile([draw_points(TEMPLATE[:, :2]), draw_points(TEMPLATE[:, [2, 1]], left_half)])
    if not cv2.imwrite(target, picture[:, :, ::-1]):
        raise UsageError(f"cannot write {target}: expected a path that ends in .png, in a folder that exists")


if __name__ == "__main__":
    main()

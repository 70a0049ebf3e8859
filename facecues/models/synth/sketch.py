"""Faces as lines: pictures that cost next to nothing, for corpora of which only the cues and the sound are used."""

from collections.abc import Iterator
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from facecues.points import LEFT_EYE, LINES, RIGHT_EYE

_PAPER: Final = 232
_INK: Final = 40
_IRIS: Final = 0.2  # radius, of the eye's width: as large as the warp renderer's
_SHIFT: Final = 4  # coordinates are in sixteenths of a pixel


def sketch(points: NDArray[Any], size: int) -> Iterator[NDArray[np.uint8]]:
    """Draws the 68 points' lines and the two irises, grey on grey.

    Args:
        points: (T, 70, 3) frame pixels: landmarks, then the right and the left pupil.
        size: side of the frames, pixels.

    Yields:
        (size, size, 3) uint8 RGB.
    """
    thick = max(1, size // 256)
    for frame in points:
        picture = np.full((size, size), _PAPER, np.uint8)
        places = np.round(np.asarray(frame[:, :2], np.float64) * 2**_SHIFT).astype(np.int32)
        for line, closed in LINES:
            cv2.polylines(picture, [places[list(line)]], closed, _INK, thick, cv2.LINE_AA, _SHIFT)
        for pupil, eye in zip(places[68:], (RIGHT_EYE, LEFT_EYE), strict=True):
            width = float(np.linalg.norm(places[eye[3]] - places[eye[0]]))
            x, y = pupil.tolist()
            cv2.circle(picture, (x, y), round(_IRIS * width), _INK, cv2.FILLED, cv2.LINE_AA, _SHIFT)
        yield np.repeat(picture[..., None], 3, axis=2)

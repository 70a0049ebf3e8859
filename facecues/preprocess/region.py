"""An upright rectangle of a frame, pixel for pixel."""

import numpy as np
from numpy.typing import NDArray

from facecues.preprocess.video import Frame


def cut(frame: Frame, left: int, top: int, right: int, bottom: int) -> NDArray[np.uint8]:
    """The pixels [top, bottom) x [left, right) of a frame, not resampled; black where they lie outside it.

    Returns:
        (bottom - top, right - left, 3) uint8 RGB.
    """
    width, height = right - left, bottom - top
    matrix = np.array([[1.0, 0.0, left], [0.0, 1.0, top]])
    return frame.crop(matrix, max(width, height))[:height, :width]

"""A short clip of a real face that moves in a known way, made on the spot."""

from collections.abc import Iterator
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from facecues.resample import FPS

SECONDS: Final = 4
SIDE: Final = 384


def pan(picture: NDArray[np.uint8]) -> Iterator[NDArray[np.uint8]]:
    """Frames (SIDE, SIDE, 3) of a camera that sways over a (512, 512, 3) picture and tilts a little."""
    for index in range(FPS * SECONDS):
        phase = 2 * np.pi * index / (FPS * SECONDS)
        x, y = 224 + 25 * np.sin(phase), 150 + 15 * np.sin(2 * phase)
        to_patch = cv2.getRotationMatrix2D((x, y), 12 * np.sin(phase), 1.1)
        to_patch = to_patch + np.array([[0, 0, SIDE / 2 - x], [0, 0, SIDE / 2 - y]])
        yield cv2.warpAffine(picture, to_patch, (SIDE, SIDE), borderMode=cv2.BORDER_REPLICATE).astype(np.uint8)

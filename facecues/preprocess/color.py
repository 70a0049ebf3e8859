"""YUV to RGB for a patch of a picture, by the coefficients the stream names."""

from functools import lru_cache
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

# Kr, Kb by AVColorSpace (libavutil/pixfmt.h). Unspecified (2) and the rest are read as BT.601, as libswscale does.
_COEFFICIENTS = {1: (0.2126, 0.0722), 7: (0.212, 0.087), 9: (0.2627, 0.0593), 10: (0.2627, 0.0593)}
_BT601 = (0.299, 0.114)


@lru_cache(maxsize=16)
def rgb_matrix(colorspace: int, full_range: bool) -> NDArray[np.float32]:
    """(3, 4) float32: (Y, Cb, Cr, 1) in 0..255 to R, G, B in 0..255 (ITU-R BT.601/709/2020, equations 3 and 4)."""
    kr, kb = _COEFFICIENTS.get(colorspace, _BT601)
    kg = 1 - kr - kb
    y_gain, c_gain, y_zero = (1.0, 1.0, 0.0) if full_range else (255 / 219, 255 / 224, 16.0)
    from_red, from_blue = 2 * (1 - kr) * c_gain, 2 * (1 - kb) * c_gain
    linear = np.array(
        [
            [y_gain, 0.0, from_red],
            [y_gain, -from_blue * kb / kg, -from_red * kr / kg],
            [y_gain, from_blue, 0.0],
        ]
    )
    offset = -linear @ np.array([y_zero, 128.0, 128.0])
    return np.hstack([linear, offset[:, None]]).astype(np.float32)


def yuv_to_rgb(yuv: NDArray[Any], colorspace: int, full_range: bool) -> NDArray[np.uint8]:
    """(h, w, 3) uint8 Y, Cb, Cr to (h, w, 3) uint8 RGB, rounded and clipped."""
    return cv2.transform(yuv, rgb_matrix(colorspace, full_range)).astype(np.uint8, copy=False)

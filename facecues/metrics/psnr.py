"""Peak signal-to-noise ratio: 10 log10(255² / mean squared difference), dB."""

from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

from facecues.metrics.contracts import Batch, Float64, MetricInfo, Pictures
from facecues.metrics.pictures import compare_pictures
from facecues.metrics.signature import make_signature

PSNR = MetricInfo("PSNR", "peak signal-to-noise ratio", better="higher", unit="dB", ideal=None)

_PEAK = 255.0


class PsnrOptions(BaseModel):
    """How the pictures are compared. The default is skimage.metrics.peak_signal_noise_ratio, as in evaluation_eat."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    color: Literal["channels", "grey"] = "channels"
    """One mean over all three channels, or over OpenCV's rounded grey (BT.601)."""
    difference: Literal["exact", "wrapped"] = "exact"
    """`wrapped`: differences and their squares modulo 256, as uint8 arrays give them that nobody converted."""
    identical: float | None = None
    """dB for pictures without any difference; None for infinity."""


ATVGNET = PsnrOptions(color="grey", difference="wrapped", identical=100.0)
"""As lelechen63/ATVGnet, evaluation_matrix.py (psnr_f, and compare_ssim, which calls it) computes it."""


def psnr(pred: NDArray[np.uint8], target: NDArray[np.uint8], options: PsnrOptions | None = None) -> Float64:
    """PSNR of every frame, dB.

    Args:
        pred, target: (H, W, 3) or (n, H, W, 3) uint8 RGB, both of one shape.
        options: the default is colour, in float64.

    Returns:
        () or (n,) float64; infinite for identical pictures, unless the options give a value for them.

    Raises:
        ValueError: other shapes or types.
    """
    return compare_pictures(Psnr(options), pred, target)


class Psnr:
    """A PictureMetric. A frame without any difference gives infinity, which has no place in a mean."""

    info = PSNR

    def __init__(self, options: PsnrOptions | None = None) -> None:
        self._options = options or PsnrOptions()
        wrapped = self._options.difference if self._options.difference == "wrapped" else None
        parts = {"color": self._options.color, "range": 255, "diff": wrapped, "identical": self._options.identical}
        self.signature = make_signature("psnr", parts)

    def prepare(self, batch: Batch) -> Pictures:
        """(n, H, W, 3), or (n, H, W) where grey, uint8."""
        if self._options.color == "channels":
            return batch.pictures
        return np.stack([cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY) for picture in batch.pictures]).astype(np.uint8)

    def compare(self, pred: Pictures, target: Pictures) -> Float64:
        """(n,) float64, dB."""
        errors = np.array([self._mean_square(a, b) for a, b in zip(pred, target, strict=True)])
        identical = np.inf if self._options.identical is None else self._options.identical
        some = np.where(errors > 0, errors, 1.0)
        return np.where(errors > 0, 10 * np.log10(_PEAK**2 / some), identical)

    def _mean_square(self, a: Pictures, b: Pictures) -> float:
        if self._options.difference == "wrapped":
            return float(np.mean((a - b) ** 2))
        # Exact: the sum of squares of whole numbers stays far below 2**53.
        return float(cv2.norm(a, b, cv2.NORM_L2SQR)) / a.size

"""Structural similarity (Wang, Bovik, Sheikh & Simoncelli 2004), with scikit-image's numbers."""

from collections.abc import Callable
from typing import Literal, NamedTuple, cast

import cv2
import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

from facecues.metrics.contracts import Batch, Float64, MetricInfo, Pictures
from facecues.metrics.pictures import compare_pictures, require_sides
from facecues.metrics.signature import make_signature

SSIM = MetricInfo("SSIM", "structural similarity", better="higher", unit="", ideal=1.0)

_Numbers = Pictures | Float64

_C1, _C2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
_SIGMA = 1.5
# MATLAB's rgb2gray (first row of the inverse of its YIQ matrix), which the published grey values were made with.
_GREY = np.array([0.298936021293775, 0.587043074451121, 0.114020904255103])


class SsimOptions(BaseModel):
    """What is compared, in which window. The border that a window would look beyond is left out."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    window: Literal["gaussian", "uniform"] = "gaussian"
    """Gaussian, sigma 1.5, 11 x 11, population covariance: as the paper. Uniform, 7 x 7, sample covariance:
    scikit-image's default, which ATVGnet's and EAT's evaluations use."""
    color: Literal["channels", "grey"] = "channels"
    """The mean over red, green and blue, or grey as MATLAB makes it, rounded to whole numbers."""


class _Window(NamedTuple):
    """A window's mean, and what it means for the covariance."""

    mean: Callable[[_Numbers, Float64], Float64]  # of a picture, into an array of its size, which is returned
    radius: int  # pixels
    unbiased: float  # factor from population to sample covariance, or 1
    name: str


def _gaussian(values: _Numbers, out: Float64) -> Float64:
    weights = np.exp(-(np.arange(-5, 6) ** 2) / (2 * _SIGMA**2))
    weights /= weights.sum()
    return cast(Float64, cv2.sepFilter2D(values, cv2.CV_64F, weights, weights, out))


def _uniform(values: _Numbers, out: Float64) -> Float64:
    return cast(Float64, cv2.boxFilter(values, cv2.CV_64F, (7, 7), out))


_WINDOWS = {
    "gaussian": _Window(_gaussian, 5, 1.0, "gaussian-11-1.5"),
    "uniform": _Window(_uniform, 3, 49 / 48, "uniform-7"),
}


class Local(NamedTuple):
    """What n pictures alone give. h and w are smaller than H and W by the border, in which a window lies outside.

    Attributes:
        pictures: (n, H, W, 3), or (n, H, W) where grey, uint8.
        mean: (n, h, w, 3) or (n, h, w) float64, local means.
        brightness: alike, squared local means + C1 / 2.
        contrast: alike, local population variances + C2 / 2.
    """

    pictures: Pictures
    mean: Float64
    brightness: Float64
    contrast: Float64


def ssim(
    pred: NDArray[np.uint8],
    target: NDArray[np.uint8],
    *,
    window: Literal["gaussian", "uniform"] = "gaussian",
    color: Literal["channels", "grey"] = "channels",
) -> Float64:
    """SSIM of every frame, for a data range of 255. See SsimOptions for the choices.

    Args:
        pred, target: (H, W, 3) or (n, H, W, 3) uint8 RGB, both of one shape.

    Returns:
        () or (n,) float64, at most 1.

    Raises:
        ValueError: other shapes or types, or pictures smaller than the window.
    """
    return compare_pictures(Ssim(SsimOptions(window=window, color=color)), pred, target)


class Ssim:
    """A PictureMetric. Local means and variances of a frame are computed once and serve every comparison."""

    info = SSIM

    def __init__(self, options: SsimOptions | None = None) -> None:
        options = options or SsimOptions()
        self._window = _WINDOWS[options.window]
        self._grey = options.color == "grey"
        covariance = "population" if self._window.unbiased == 1 else "sample"
        # The factor of a sample's covariance stands above and below the fraction: only C2 is left to divide by it.
        self._c2 = _C2 / self._window.unbiased
        parts = {"win": self._window.name, "cov": covariance, "color": options.color, "range": 255}
        self.signature = make_signature("ssim", parts)

    def prepare(self, batch: Batch) -> Local:
        """Raises ValueError where the pictures are smaller than the window."""
        border = 2 * self._window.radius
        require_sides(batch.pictures, border + 1, "SSIM")
        seen = _grey(batch.pictures) if self._grey else batch.pictures
        count, height, width = seen.shape[:3]
        mean, brightness, contrast = np.empty((3, count, height - border, width - border, *seen.shape[3:]))
        product, whole = np.empty((2, *seen.shape[1:]))
        for i, picture in enumerate(seen):
            mean[i] = self._mean(picture, whole)
            np.square(mean[i], out=brightness[i])
            np.subtract(self._mean(_product(picture, picture, product), whole), brightness[i], out=contrast[i])
        brightness += _C1 / 2
        contrast += self._c2 / 2
        return Local(seen, mean, brightness, contrast)

    def compare(self, pred: Local, target: Local) -> Float64:
        """(n,) float64: the mean of (2 μaμb + C1)(2 σab + C2) / ((μa² + μb² + C1)(σa² + σb² + C2))."""
        product, whole = np.empty((2, *pred.pictures.shape[1:]))
        scratch = np.empty(pred.mean.shape[1:])  # fresh memory would cost more than the arithmetic
        values = np.empty(len(pred.pictures))
        for i in range(len(values)):
            means = np.multiply(pred.mean[i], target.mean[i], out=scratch)
            covariance = self._mean(_product(pred.pictures[i], target.pictures[i], product), whole)
            covariance -= means
            covariance += self._c2 / 2
            means += _C1 / 2
            covariance *= means
            covariance /= np.add(pred.brightness[i], target.brightness[i], out=scratch)
            covariance /= np.add(pred.contrast[i], target.contrast[i], out=scratch)
            values[i] = 4 * covariance.mean()
        return values

    def _mean(self, values: _Numbers, out: Float64) -> Float64:
        """Local means of a whole picture, as the part of `out` in which the window lies inside the picture."""
        radius = self._window.radius
        return self._window.mean(values, out)[radius:-radius, radius:-radius]


def _grey(pictures: Pictures) -> Pictures:
    return cast(Pictures, np.floor(pictures @ _GREY + 0.5).astype(np.uint8))


def _product(a: Pictures, b: Pictures, out: Float64) -> Float64:
    return cast(Float64, cv2.multiply(a, b, out, dtype=cv2.CV_64F))

"""What SSIM, PSNR and LPIPS share: stacks of pictures, checked, and compared frame by frame."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from facecues.metrics.contracts import Batch, Float64, MetricInfo, PictureMetric, Pictures, Prepared

# Here, since a table names LPIPS also where PyTorch, and with it the module `lpips`, cannot be had.
LPIPS = MetricInfo("LPIPS", "perceptual distance (LPIPS v0.1, AlexNet)", better="lower", unit="", ideal=0.0)
LPIPS_VGG = MetricInfo("LPIPS-VGG", "perceptual distance (LPIPS v0.1, VGG16)", better="lower", unit="", ideal=0.0)

_AT_ONCE = 8  # frames that are in memory with all that was prepared of them


def compare_pictures(metric: PictureMetric[Prepared], pred: NDArray[np.uint8], target: NDArray[np.uint8]) -> Float64:
    """A metric on plain arrays.

    Args:
        metric: what compares.
        pred, target: (H, W, 3) or (n, H, W, 3) uint8 RGB, both of one shape.

    Returns:
        () or (n,) float64.

    Raises:
        ValueError: other shapes or types, or pictures smaller than the metric's window.
    """
    pred, target = np.asarray(pred), np.asarray(target)  # a list of frames will do
    if pred.shape != target.shape:
        raise ValueError(f"expected two sides of one shape, got pred {pred.shape} and target {target.shape}")
    sides = [_stack(name, pictures) for name, pictures in (("pred", pred), ("target", target))]
    values = [compare_batches(metric, a, metric.prepare(b)) for a, b in zip(*map(_batches, sides), strict=True)]
    return np.concatenate(values).reshape(pred.shape[:-3])


def compare_batches(metric: PictureMetric[Prepared], pred: Batch, target: Prepared) -> Float64:
    """(n,) of a batch of n frames, against what was prepared of the real ones.

    Raises:
        ValueError: the metric gives another number of values, which would be spread over the frames in silence.
    """
    values = np.asarray(metric.compare(metric.prepare(pred), target))
    if values.shape != (len(pred.pictures),):
        raise ValueError(f"compare gave values {values.shape}: expected ({len(pred.pictures)},), one for each frame")
    return values


def require_sides(pictures: Pictures, least: int, what: str) -> None:
    """Raises ValueError where the pictures are smaller than `what` can look at."""
    height, width = pictures.shape[1:3]
    if min(height, width) < least:
        raise ValueError(f"{what} needs pictures of at least {least} x {least} pixels, got {height} x {width}")


def _stack(name: str, pictures: NDArray[np.uint8]) -> Pictures:
    if pictures.dtype != np.uint8:
        raise ValueError(f"expected {name} as uint8, 0 to 255, got {pictures.dtype}")
    if pictures.ndim not in (3, 4) or pictures.shape[-1] != 3 or 0 in pictures.shape:
        raise ValueError(f"expected {name} of shape (H, W, 3) or (n, H, W, 3), got {pictures.shape}")
    return pictures.reshape(-1, *pictures.shape[-3:])


def _batches(pictures: Pictures) -> Iterator[Batch]:
    for start in range(0, len(pictures), _AT_ONCE):
        chunk = pictures[start : start + _AT_ONCE]
        yield Batch(chunk, np.full((len(chunk), 68, 3), np.nan, np.float32))

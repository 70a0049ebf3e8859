"""Pictures that the tests of picture metrics look at."""

import numpy as np
from numpy.typing import NDArray

from facecues.metrics.contracts import Batch

Pictures = NDArray[np.uint8]

# What no metric takes: another shape, type, number of channels, none at all, or two sides that differ.
BAD_PAIRS = {
    "grey": (np.zeros((32, 32), np.uint8), np.zeros((32, 32), np.uint8)),
    "alpha": (np.zeros((32, 32, 4), np.uint8), np.zeros((32, 32, 4), np.uint8)),
    "channels first": (np.zeros((3, 32, 32), np.uint8), np.zeros((3, 32, 32), np.uint8)),
    "no pictures": (np.zeros((0, 32, 32, 3), np.uint8), np.zeros((0, 32, 32, 3), np.uint8)),
    "floats": (np.zeros((32, 32, 3)), np.zeros((32, 32, 3))),
    "other sizes": (np.zeros((32, 32, 3), np.uint8), np.zeros((32, 33, 3), np.uint8)),
    "other counts": (np.zeros((2, 32, 32, 3), np.uint8), np.zeros((1, 32, 32, 3), np.uint8)),
}


def scene(count: int = 3, size: int = 64, seed: int = 0) -> Pictures:
    """(count, size, size, 3): smooth random blobs, each picture another."""
    rng = np.random.default_rng(seed)
    coarse = rng.integers(0, 256, (count, size // 8, size // 8, 3)).astype(np.float64)
    fine = coarse.repeat(8, axis=1).repeat(8, axis=2) + rng.normal(0, 6, (count, size, size, 3))
    return np.clip(fine, 0, 255).astype(np.uint8)


def noisy(pictures: Pictures, sigma: float, seed: int = 1) -> Pictures:
    noise = np.random.default_rng(seed).normal(0, 1, pictures.shape)
    return np.clip(pictures + sigma * noise, 0, 255).astype(np.uint8)


def batch_of(pictures: Pictures) -> Batch:
    return Batch(pictures, np.full((len(pictures), 68, 3), np.nan, np.float32))

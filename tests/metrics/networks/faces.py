"""Made faces for tests of networks: pictures with 68 points that could be a face's."""

import numpy as np

from facecues.metrics.contracts import Batch
from facecues.preprocess.template import TEMPLATE


def batch_of(n: int, side: int = 128, faceless: tuple[int, ...] = (), seed: int = 0) -> Batch:
    """n pictures of smooth noise with the template's points in their middle, a little moved from frame to frame."""
    rng = np.random.default_rng(seed)
    coarse = rng.integers(0, 256, (n, 8, 8, 3), np.uint8)
    pictures = np.kron(coarse, np.ones((1, side // 8, side // 8, 1), np.uint8))
    points = np.asarray(TEMPLATE, np.float32)[None] * side * 0.4 + rng.normal(0, 1, (n, 1, 3)).astype(np.float32)
    landmarks = (points + np.array([side / 2, side * 0.4, 0], np.float32)).astype(np.float32)
    landmarks[list(faceless)] = np.nan
    return Batch(pictures, landmarks)


def part(batch: Batch, rows: "slice | list[int]") -> Batch:
    """Some frames of a batch."""
    return Batch(batch.pictures[rows], batch.landmarks[rows])

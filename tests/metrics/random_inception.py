"""A seeded random Inception whose features differ between pictures, and pictures for it."""

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from facecues.metrics.networks.inception import Inception


def random_inception(seed: int = 0) -> Inception:
    """He-initialised, with batch norms of their own statistics: features of about 0.1 to 1."""
    generator = torch.Generator().manual_seed(seed)
    network = Inception().eval().requires_grad_(False)
    for module in network.modules():
        if isinstance(module, torch.nn.Conv2d):
            torch.nn.init.kaiming_normal_(module.weight, generator=generator)
        elif isinstance(module, torch.nn.BatchNorm2d):
            module.weight.uniform_(0.8, 1.2, generator=generator)
            module.bias.normal_(0, 0.1, generator=generator)
            module.running_mean.normal_(0, 0.1, generator=generator)
            module.running_var.uniform_(0.5, 1.5, generator=generator)
    return network


def crops(picture: NDArray[np.uint8], count: int, side: int, seed: int, blur: float = 0.0) -> NDArray[np.uint8]:
    """(count, side, side, 3) uint8: random squares of a picture, at least half as wide, resized."""
    rng = np.random.default_rng(seed)
    found = []
    for _ in range(count):
        width = int(rng.integers(min(picture.shape[:2]) // 2, min(picture.shape[:2])))
        top, left = (int(rng.integers(0, size - width)) for size in picture.shape[:2])
        crop = cv2.resize(picture[top : top + width, left : left + width], (side, side), interpolation=cv2.INTER_AREA)
        found.append(cv2.GaussianBlur(crop, (0, 0), blur) if blur else crop)
    return np.stack(found).astype(np.uint8)

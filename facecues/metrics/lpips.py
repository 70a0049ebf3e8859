"""Learned perceptual image patch similarity, version 0.1 (Zhang et al. 2018, arXiv 1801.03924).

The distance of two pictures is summed over five layers of a network: at every place the channels are scaled to norm
1, their squared differences weighed, and the sums averaged over places. It depends on the size of the pictures.

PyTorch is imported when the first value is asked for.
"""

from functools import lru_cache
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from facecues.metrics.contracts import Float64
from facecues.metrics.pictures import compare_pictures

if TYPE_CHECKING:
    from facecues.metrics.networks.lpips import Lpips

Net = Literal["alex", "vgg"]


def lpips(pred: NDArray[np.uint8], target: NDArray[np.uint8], net: Net = "alex") -> Float64:
    """LPIPS of every frame.

    Args:
        pred, target: (H, W, 3) or (n, H, W, 3) uint8 RGB, both of one shape.
        net: "alex", which the authors recommend as a metric, or "vgg".

    Returns:
        () or (n,) float64; 0 for identical pictures.

    Raises:
        ValueError: other shapes or types, or pictures smaller than the network can see.
        WeightsMissingError: the weights cannot be had.
        BackendUnavailableError: no PyTorch.
    """
    return compare_pictures(_usual(net), pred, target)


@lru_cache(maxsize=2)
def _usual(net: Net) -> "Lpips":
    from facecues.metrics.networks.lpips import Lpips

    return Lpips(net)

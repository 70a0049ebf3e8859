"""What the networks of face-vid2vid are built of.

Attributes that hold weights are named as in zhanglonghao1992/One-Shot_Free-View_Neural_Talking_Head_Synthesis, here and
in the other modules of this room, so that its checkpoints load by name.
"""

from collections.abc import Sequence
from typing import Final, Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

_CONVOLUTION: Final[dict[int, type[nn.Conv2d | nn.Conv3d]]] = {2: nn.Conv2d, 3: nn.Conv3d}
_NORM: Final[dict[int, type[nn.BatchNorm2d | nn.BatchNorm3d]]] = {2: nn.BatchNorm2d, 3: nn.BatchNorm3d}


class Block(nn.Module):
    """Convolution, batch norm, ReLU. Height and width may double before it or halve after it; depth stays."""

    def __init__(
        self,
        dimensions: Literal[2, 3],
        inputs: int,
        outputs: int,
        kernel: int = 3,
        *,
        resize: Literal["up", "down"] | None = None,
        slope: float = 0.0,
    ) -> None:
        """`slope`: of the ReLU below 0."""
        super().__init__()
        self.conv = _CONVOLUTION[dimensions](inputs, outputs, kernel, padding=kernel // 2)
        self.norm = _NORM[dimensions](outputs)
        self.resize = resize
        self.slope = slope
        self.pool = F.avg_pool2d if dimensions == 2 else F.avg_pool3d
        self.factor = (2, 2) if dimensions == 2 else (1, 2, 2)

    def forward(self, x: Tensor) -> Tensor:
        if self.resize == "up":
            x = F.interpolate(x, scale_factor=self.factor)
        x = F.leaky_relu(self.norm(self.conv(x)), self.slope)
        return self.pool(x, self.factor) if self.resize == "down" else x


class Residual(nn.Module):
    """Batch norm, ReLU and convolution, twice, added to what came in."""

    def __init__(self, dimensions: Literal[2, 3], channels: int) -> None:
        super().__init__()
        self.norm1 = _NORM[dimensions](channels)
        self.conv1 = _CONVOLUTION[dimensions](channels, channels, 3, padding=1)
        self.norm2 = _NORM[dimensions](channels)
        self.conv2 = _CONVOLUTION[dimensions](channels, channels, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        inner = self.conv1(F.relu(self.norm1(x)))
        added: Tensor = x + self.conv2(F.relu(self.norm2(inner)))
        return added


class Reduction(nn.Module):
    """Pictures made smaller by an integer factor n after a Gaussian blur of sigma (n - 1) / 2 pixels."""

    weight: Tensor

    def __init__(self, channels: int, factor: int) -> None:
        """`factor`: at least 2."""
        super().__init__()
        self.factor = factor
        sigma = (factor - 1) / 2
        self.radius = round(4 * sigma)
        line = torch.exp(-0.5 * (torch.arange(-self.radius, self.radius + 1) / sigma).square())
        kernel = line[:, None] * line
        self.register_buffer("weight", (kernel / kernel.sum()).repeat(channels, 1, 1, 1))

    def forward(self, pictures: Tensor) -> Tensor:
        """(B, C, H, W) to (B, C, ceil(H / n), ceil(W / n))."""
        return F.conv2d(pictures, self.weight, stride=self.factor, padding=self.radius, groups=len(self.weight))


def named(name: str, blocks: Sequence[nn.Module]) -> nn.Sequential:
    """Blocks one after the other, called name0, name1, …"""
    joined = nn.Sequential()
    for at, block in enumerate(blocks):
        joined.add_module(f"{name}{at}", block)
    return joined


def width_at(level: int, width: int, max_width: int) -> int:
    """Channels of a level of an hourglass; level 0 is the finest."""
    return min(max_width, width << level)


def axis(size: int, like: Tensor) -> Tensor:
    """Where voxels are along an axis: (size,) float32 from -1, the first one's centre, to 1, the last one's."""
    return torch.linspace(-1, 1, size, device=like.device)

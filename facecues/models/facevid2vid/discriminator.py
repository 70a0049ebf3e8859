"""The discriminator of training: tells true pictures from generated ones, patch by patch."""

from typing import NamedTuple

import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils import spectral_norm

from facecues.models.facevid2vid.blocks import width_at
from facecues.models.facevid2vid.config import DiscriminatorConfig


class Judgement(NamedTuple):
    """What is thought of pictures.

    Attributes:
        features: of each block, finest first, (B, C, h, w), for feature matching.
        verdict: (B, 1, h, w); high where a patch looks true.
    """

    features: list[Tensor]
    verdict: Tensor


class Patch(nn.Module):
    """A convolution without padding, instance norm but for the first, leaky ReLU, and a pool but for the last."""

    def __init__(self, inputs: int, outputs: int, norm: bool, pool: bool) -> None:
        super().__init__()
        self.conv = spectral_norm(nn.Conv2d(inputs, outputs, 4))
        self.norm = nn.InstanceNorm2d(outputs, affine=True) if norm else nn.Identity()
        self.pool = pool

    def forward(self, x: Tensor) -> Tensor:
        x = F.leaky_relu(self.norm(self.conv(x)), 0.2)
        return F.avg_pool2d(x, 2) if self.pool else x


class Patches(nn.Module):
    """The discriminator of one scale."""

    def __init__(self, config: DiscriminatorConfig) -> None:
        super().__init__()
        widths = [3, *(width_at(level + 1, config.width, config.max_width) for level in range(config.blocks))]
        last = config.blocks - 1
        self.down_blocks = nn.ModuleList(
            Patch(widths[at], widths[at + 1], norm=at > 0, pool=at < last) for at in range(config.blocks)
        )
        self.conv = spectral_norm(nn.Conv2d(widths[-1], 1, 1))

    def forward(self, x: Tensor) -> Judgement:
        features: list[Tensor] = []
        for block in self.down_blocks:
            x = block(x)
            features.append(x)
        return Judgement(features, self.conv(x))


class Discriminator(nn.Module):
    """Public checkpoints name its scales, of which they have one."""

    def __init__(self, config: DiscriminatorConfig) -> None:
        super().__init__()
        self.discs = nn.ModuleDict({"1": Patches(config)})

    def forward(self, pictures: Tensor) -> Judgement:
        """(B, 3, S, S) RGB in [0, 1] to what is thought of them."""
        judgement: Judgement = self.discs["1"](pictures)
        return judgement

"""The generator: a source picture's appearance, moved by keypoints and painted anew."""

from typing import Final

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils import spectral_norm

from facecues.models.facevid2vid.blocks import Block, Residual, named
from facecues.models.facevid2vid.config import AppearanceConfig
from facecues.models.facevid2vid.contracts import Generated
from facecues.models.facevid2vid.motion import DenseMotion, sample

_SLOPE: Final = 0.2  # of SPADE's ReLUs below 0
_UNPAINTED: Final = -2.0  # added before the sigmoid to how much is painted over a moved picture: at first little


class Generator(nn.Module):
    """Makes pictures. The decoder is of its own ("original"), or of SPADE blocks. With detail, an appearance carries
    the picture itself along in further channels, which is moved too, and painted over where the decoder wants to."""

    def __init__(self, config: AppearanceConfig, keypoints: int) -> None:
        super().__init__()
        self.config = config
        width, features, flat = config.width, config.features, config.channels * config.depth
        spade = config.decoder == "spade"
        levels = range(config.halvings)
        self.dense_motion_network = DenseMotion(config.motion, config.channels, config.depth, keypoints)
        self.first = Block(2, 3, width, kernel=3 if spade else 7)
        self.down_blocks = nn.ModuleList(Block(2, width << at, width << (at + 1), resize="down") for at in levels)
        self.second = nn.Conv2d(features, flat, 1)
        self.resblocks_3d = named("3dr", [Residual(3, config.channels) for _ in range(config.blocks)])
        self.third = Block(2, flat, features, slope=0.01)
        self.fourth = nn.Conv2d(features, features, 1)
        if spade:
            self.decoder = SpadeDecoder(config)
            return
        self.resblocks_2d = named("2dr", [Residual(2, features) for _ in range(config.blocks)])
        up = [Block(2, width << (at + 1), width << at, resize="up") for at in reversed(levels)]
        self.up_blocks = nn.ModuleList(up)
        self.final = nn.Conv2d(width, config.painted, 7, padding=3)

    def encode(self, pictures: Tensor) -> Tensor:
        """(B, 3, S, S) RGB in [0, 1] to appearance volumes (B, C, D, h, w)."""
        x = self.first(pictures)
        for block in self.down_blocks:
            x = block(x)
        volume: Tensor = self.resblocks_3d(self.second(x).unflatten(1, (self.config.channels, -1)))
        if not self.config.detail:
            return volume
        folded = F.pixel_unshuffle(pictures, 1 << self.config.halvings)
        return torch.cat([volume, folded.reshape(len(folded), -1, *volume.shape[2:])], dim=1)

    def forward(self, appearance: Tensor, source: Tensor, driving: Tensor) -> Generated:
        """The source, (1 or B, C, D, h, w) with keypoints (1 or B, K, 3), with its keypoints at (B, K, 3)."""
        volume, folded = appearance[:, : self.config.channels], appearance[:, self.config.channels :]
        motion = self.dense_motion_network(volume, source, driving)
        moved = sample(volume, motion.deformation).flatten(1, 2)
        features = self.fourth(self.third(moved)) * motion.occlusion
        painted = self._paint(features)
        picture = torch.sigmoid(painted[:, :3])
        if self.config.detail:
            kept = move_picture(F.pixel_shuffle(folded.flatten(1, 2), 1 << self.config.halvings), motion.deformation)
            picture = kept + torch.sigmoid(painted[:, 3:] + _UNPAINTED) * (picture - kept)
        return Generated(picture, motion.mask, motion.occlusion)

    def _paint(self, features: Tensor) -> Tensor:
        if self.config.decoder == "spade":
            spade: Tensor = self.decoder(features)
            return spade
        x = self.resblocks_2d(features)
        for block in self.up_blocks:
            x = block(x)
        original: Tensor = self.final(x)
        return original


def move_picture(pictures: Tensor, deformation: Tensor) -> Tensor:
    """Pictures (1 or B, 3, S, S), moved as a volume is on the average over its depth; edges go on outside.

    Standing still gives the picture back, other than for volumes: no public weights were trained with this.

    Args:
        pictures: of the sources.
        deformation: (B, D, h, w, 3) x, y, z in the source.

    Returns:
        (B, 3, S, S).
    """
    shifts = deformation[..., :2].mean(1).permute(0, 3, 1, 2)
    grid = F.interpolate(shifts, size=pictures.shape[2:], mode="bilinear", align_corners=True).permute(0, 2, 3, 1)
    exact = pictures.to(grid.dtype).expand(len(grid), -1, -1, -1)
    return F.grid_sample(exact, grid, padding_mode="border", align_corners=True).to(pictures.dtype)


class Spade(nn.Module):
    """Instance norm, scaled and shifted by what a map says of each place (Park et al., arXiv 1903.07291)."""

    def __init__(self, channels: int, map_channels: int) -> None:
        super().__init__()
        hidden = map_channels // 2
        self.mlp_shared = nn.Sequential(nn.Conv2d(map_channels, hidden, 3, padding=1), nn.ReLU())
        self.mlp_gamma = nn.Conv2d(hidden, channels, 3, padding=1)
        self.mlp_beta = nn.Conv2d(hidden, channels, 3, padding=1)

    def forward(self, x: Tensor, features: Tensor) -> Tensor:
        shared = self.mlp_shared(F.interpolate(features, size=x.shape[2:]))
        modulated: Tensor = F.instance_norm(x) * (1 + self.mlp_gamma(shared)) + self.mlp_beta(shared)
        return modulated


class SpadeBlock(nn.Module):
    """A residual block of SPADE. Its spectral norm is the older one of PyTorch, by whose names weights are stored."""

    def __init__(self, inputs: int, outputs: int, map_channels: int) -> None:
        super().__init__()
        inner = min(inputs, outputs)
        self.conv_0 = spectral_norm(nn.Conv2d(inputs, inner, 3, padding=1))
        self.conv_1 = spectral_norm(nn.Conv2d(inner, outputs, 3, padding=1))
        self.norm_0 = Spade(inputs, map_channels)
        self.norm_1 = Spade(inner, map_channels)
        self.changes = inputs != outputs
        if self.changes:
            self.conv_s = spectral_norm(nn.Conv2d(inputs, outputs, 1, bias=False))
            self.norm_s = Spade(inputs, map_channels)

    def forward(self, x: Tensor, features: Tensor) -> Tensor:
        inner = self.conv_0(F.leaky_relu(self.norm_0(x, features), _SLOPE))
        inner = self.conv_1(F.leaky_relu(self.norm_1(inner, features), _SLOPE))
        added: Tensor = inner + (self.conv_s(self.norm_s(x, features)) if self.changes else x)
        return added


class SpadeDecoder(nn.Module):
    """Features to a picture, before the sigmoid; the features themselves are the map of every block."""

    def __init__(self, config: AppearanceConfig) -> None:
        super().__init__()
        features = config.features
        # Widths of the blocks that double the size: twice the features, then halves of them, at last the picture's.
        widths = [2 * features >> at for at in range(config.halvings)] + [config.width]
        self.fc = nn.Conv2d(features, widths[0], 3, padding=1)
        self.middle = [f"G_middle_{at}" for at in range(config.blocks)]
        self.up = [f"up_{at}" for at in range(config.halvings)]
        for name in self.middle:
            self.add_module(name, SpadeBlock(widths[0], widths[0], features))
        for name, inputs, outputs in zip(self.up, widths, widths[1:], strict=False):
            self.add_module(name, SpadeBlock(inputs, outputs, features))
        self.conv_img = nn.Conv2d(config.width, config.painted, 3, padding=1)

    def forward(self, features: Tensor) -> Tensor:
        """(B, F, h, w) to (B, 3 or 4, S, S)."""
        x = self.fc(features)
        for name in self.middle:
            x = self.get_submodule(name)(x, features)
        for name in self.up:
            x = self.get_submodule(name)(F.interpolate(x, scale_factor=2), features)
        picture: Tensor = self.conv_img(F.leaky_relu(x, _SLOPE))
        return picture

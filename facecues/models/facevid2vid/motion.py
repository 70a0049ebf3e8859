"""Dense motion: from a few keypoints' motions to that of every voxel of an appearance volume."""

from itertools import pairwise
from typing import Final, NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from facecues.models.facevid2vid.blocks import Block, axis, width_at
from facecues.models.facevid2vid.config import MotionConfig

_VARIANCE: Final = 0.01  # of the keypoints' heatmaps, in [-1, 1] units


class Motion(NamedTuple):
    """Where the picture's volume comes from.

    Attributes:
        deformation: (B, D, h, w, 3) x, y, z in the source, for `sample`.
        mask: (B, K + 1, D, h, w) share of each motion; the first one stands still.
        occlusion: (B, 1, h, w) in [0, 1]; 0 where nothing of the source is seen.
    """

    deformation: Tensor
    mask: Tensor
    occlusion: Tensor


class Encoder(nn.Module):
    """The hourglass's way down."""

    def __init__(self, widths: list[int]) -> None:
        super().__init__()
        self.down_blocks = nn.ModuleList(Block(3, fine, coarse, resize="down") for fine, coarse in pairwise(widths))

    def forward(self, x: Tensor) -> list[Tensor]:
        levels = [x]
        for block in self.down_blocks:
            levels.append(block(levels[-1]))
        return levels


class Decoder(nn.Module):
    """The hourglass's way up, which sees at each level what the way down saw there."""

    def __init__(self, inputs: int, widths: list[int]) -> None:
        super().__init__()
        levels = range(len(widths) - 1)[::-1]
        both = [2 * width for width in widths[:-1]] + widths[-1:]
        self.up_blocks = nn.ModuleList(Block(3, both[at + 1], widths[at], resize="up") for at in levels)
        self.outputs = widths[0] + inputs
        self.conv = nn.Conv3d(self.outputs, self.outputs, 3, padding=1)
        self.norm = nn.BatchNorm3d(self.outputs)

    def forward(self, levels: list[Tensor]) -> Tensor:
        *skips, x = levels
        for block, skip in zip(self.up_blocks, reversed(skips), strict=True):
            x = torch.cat([block(x), skip], dim=1)
        return F.relu(self.norm(self.conv(x)))


class Hourglass(nn.Module):
    """(B, inputs, D, h, w) to (B, width + inputs, D, h, w)."""

    def __init__(self, inputs: int, config: MotionConfig) -> None:
        super().__init__()
        widths = [width_at(level, config.width, config.max_width) for level in range(config.blocks + 1)]
        self.encoder = Encoder([inputs, *widths[1:]])
        self.decoder = Decoder(inputs, widths)

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.decoder(self.encoder(x))
        return out


class DenseMotion(nn.Module):
    """Tries each keypoint's motion on the appearance, and mixes them voxel by voxel."""

    def __init__(self, config: MotionConfig, channels: int, depth: int, keypoints: int) -> None:
        """`channels`, `depth`: of the appearance volume."""
        super().__init__()
        inputs = (keypoints + 1) * (config.compress + 1)
        self.hourglass = Hourglass(inputs, config)
        outputs = self.hourglass.decoder.outputs
        self.mask = nn.Conv3d(outputs, keypoints + 1, config.kernel, padding=config.kernel // 2)
        self.compress = nn.Conv3d(channels, config.compress, 1)
        self.norm = nn.BatchNorm3d(config.compress)
        self.occlusion = nn.Conv2d(outputs * depth, 1, config.kernel, padding=config.kernel // 2)

    def forward(self, appearance: Tensor, source: Tensor, driving: Tensor) -> Motion:
        """From appearance (1 or B, C, D, h, w) and keypoints (1 or B, K, 3) of sources to driving ones (B, K, 3)."""
        shift = F.pad(source - driving, (0, 0, 1, 0))
        compressed = F.relu(self.norm(self.compress(appearance)))
        moved = _try_motions(compressed, shift)
        heat = F.pad(heatmaps(driving, moved) - heatmaps(source, moved), (0, 0, 0, 0, 0, 0, 1, 0))
        seen = self.hourglass(torch.cat([heat.to(moved.dtype)[:, :, None], moved], dim=2).flatten(1, 2))
        mask = self.mask(seen).float().softmax(1)
        # The mix of places is the voxel's own plus the mix of shifts, as shares sum to 1: no grid for each motion.
        mixed = sum(mask[:, at, ..., None] * shift[:, at, None, None, None] for at in range(1, shift.shape[1]))
        deformation = identity_grid(mask) + mixed
        return Motion(deformation, mask, torch.sigmoid(self.occlusion(seen.flatten(1, 2))))


def _try_motions(volume: Tensor, shift: Tensor) -> Tensor:
    """(1 or B, C, D, h, w) sampled with each shift (B, K + 1, 3), to (B, K + 1, C, D, h, w)."""
    # The motions stand one behind the other along depth, so that the volume is not repeated for each.
    grids = identity_grid(volume) + shift[:, :, None, None, None]
    moved = sample(volume, grids.flatten(1, 2))
    return moved.reshape(*moved.shape[:2], shift.shape[1], *volume.shape[2:]).transpose(1, 2)


def sample(volume: Tensor, places: Tensor) -> Tensor:
    """A volume's values elsewhere, trilinear, 0 outside.

    The places count from centre to centre of the outermost voxels, the sampling from edge to edge, so that not even
    standing still gives the volume back. The public weights were trained with that.

    Args:
        volume: (1 or B, C, D, h, w).
        places: (B, D', h', w', 3) x, y, z.

    Returns:
        (B, C, D', h', w').
    """
    # In the places' precision: bfloat16 would misplace by an eighth of a voxel.
    exact = volume.to(places.dtype).expand(len(places), -1, -1, -1, -1)
    return F.grid_sample(exact, places, align_corners=False).to(volume.dtype)


def identity_grid(volume: Tensor) -> Tensor:
    """Where the voxels of (B, C, D, h, w) are: (D, h, w, 3) x, y, z in [-1, 1]."""
    z, y, x = torch.meshgrid(*(axis(size, volume) for size in volume.shape[-3:]), indexing="ij")
    return torch.stack([x, y, z], dim=3)


def heatmaps(keypoints: Tensor, volume: Tensor) -> Tensor:
    """(B, K, 3) to Gaussians about them, 1 at their tops: (B, K, D, h, w), at the voxels of a volume (…, D, h, w)."""
    d, h, w = volume.shape[-3:]
    # A Gaussian of three axes is the product of three: no distances of all voxels to all keypoints.
    x, y, z = (
        torch.exp((axis(size, volume) - at[..., None]).square() * (-0.5 / _VARIANCE))
        for size, at in zip((w, h, d), keypoints.unbind(2), strict=True)
    )
    return z[..., :, None, None] * y[..., None, :, None] * x[..., None, None, :]

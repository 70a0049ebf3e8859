"""The detector of canonical keypoints: those of a face looking straight ahead, without expression."""

from itertools import pairwise

import torch
from torch import Tensor, nn

from facecues.models.facevid2vid.blocks import Block, Reduction, axis, named, width_at
from facecues.models.facevid2vid.config import KeypointConfig


class Predictor(nn.Module):
    """An hourglass from a picture to a volume: two-dimensional on the way down, three-dimensional on the way up."""

    def __init__(self, config: KeypointConfig) -> None:
        super().__init__()
        widths = [width_at(level, config.width, config.max_width) for level in range(config.blocks + 1)]
        down = [Block(2, fine, coarse, resize="down") for fine, coarse in pairwise([3, *widths[1:]])]
        up = [Block(3, coarse, fine, resize="up") for fine, coarse in pairwise(widths)]
        self.down_blocks = named("down", down)
        self.conv = nn.Conv2d(widths[-1], widths[-1] * config.depth, 1)
        self.up_blocks = named("up", up[::-1])
        self.depth = config.depth

    def forward(self, pictures: Tensor) -> Tensor:
        """(B, 3, H, W) to (B, width, depth, H, W)."""
        flat = self.conv(self.down_blocks(pictures))
        volume: Tensor = self.up_blocks(flat.unflatten(1, (-1, self.depth)))
        return volume


class KeypointDetector(nn.Module):
    """Canonical keypoints of pictures."""

    def __init__(self, config: KeypointConfig, keypoints: int) -> None:
        super().__init__()
        if config.reduction > 1:
            self.down = Reduction(3, config.reduction)
        self.predictor = Predictor(config)
        self.kp = nn.Conv3d(config.width, keypoints, 3, padding=1)
        self.config = config

    def forward(self, pictures: Tensor) -> Tensor:
        """(B, 3, S, S) RGB in [0, 1] to (B, K, 3) float32 x, y, z in [-1, 1]."""
        small = self.down(pictures) if self.config.reduction > 1 else pictures
        logits = self.kp(self.predictor(small)).float()
        share = torch.softmax(logits.flatten(2) / self.config.temperature, dim=2).view_as(logits)
        return expectation(share)


def expectation(share: Tensor) -> Tensor:
    """The mean places of distributions over a volume.

    Args:
        share: (B, K, D, H, W), summing to 1 for each keypoint.

    Returns:
        (B, K, 3) x, y, z; the first and last voxels' centres are at -1 and 1.
    """
    flat = share.sum(2)
    lines = (flat.sum(2), flat.sum(3), share.sum((3, 4)))
    # Not a matrix product, which autocast would round to bfloat16.
    return torch.stack([(line * axis(line.shape[2], line)).sum(2) for line in lines], dim=2)

"""The estimator of head pose and expression, and what they do to canonical keypoints."""

from typing import Final, Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from facecues.models.facevid2vid.blocks import named
from facecues.models.facevid2vid.config import HeadPoseConfig
from facecues.models.facevid2vid.contracts import HeadPose

_BIN: Final = 3.0  # degrees, as Hopenet's
_FIRST: Final = -99.0  # degrees, of bin 0
_PI: Final = 3.14  # of the public implementation, which its weights were trained with


class Bottleneck(nn.Module):
    """A residual block of ResNet-50; with a stride, what it adds to is convolved as well."""

    def __init__(self, channels: int, stride: int = 1) -> None:
        super().__init__()
        inner = channels // 4
        self.conv1 = nn.Conv2d(channels, inner, 1)
        self.norm1 = nn.BatchNorm2d(inner)
        self.conv2 = nn.Conv2d(inner, inner, 3, stride, padding=1)
        self.norm2 = nn.BatchNorm2d(inner)
        self.conv3 = nn.Conv2d(inner, channels, 1)
        self.norm3 = nn.BatchNorm2d(channels)
        self.strided = stride > 1
        if self.strided:
            self.skip = nn.Conv2d(channels, channels, 1, stride)
            self.norm4 = nn.BatchNorm2d(channels)

    def forward(self, x: Tensor) -> Tensor:
        inner = F.relu(self.norm1(self.conv1(x)))
        inner = self.norm3(self.conv3(F.relu(self.norm2(self.conv2(inner)))))
        return F.relu(inner + (self.norm4(self.skip(x)) if self.strided else x))


class HeadPoseEstimator(nn.Module):
    """Head pose and expression of pictures."""

    def __init__(self, config: HeadPoseConfig, keypoints: int) -> None:
        super().__init__()
        self.groups = len(config.widths)
        self.conv1 = nn.Conv2d(3, config.stem, 7, stride=2, padding=3)
        self.norm1 = nn.BatchNorm2d(config.stem)
        before = config.stem
        for group, (width, count) in enumerate(zip(config.widths, config.blocks, strict=True)):
            self.add_module(f"conv{group + 2}", nn.Conv2d(before, width, 1))
            self.add_module(f"norm{group + 2}", nn.BatchNorm2d(width))
            if group:
                self.add_module(f"block{2 * group}", Bottleneck(width, stride=2))
            at = 2 * group + 1
            self.add_module(f"block{at}", named(f"b{at}_", [Bottleneck(width) for _ in range(count)]))
            before = width
        self.fc_roll = nn.Linear(before, config.bins)
        self.fc_pitch = nn.Linear(before, config.bins)
        self.fc_yaw = nn.Linear(before, config.bins)
        self.fc_t = nn.Linear(before, 3)
        self.fc_exp = nn.Linear(before, 3 * keypoints)

    def forward(self, pictures: Tensor) -> HeadPose:
        """(B, 3, S, S) RGB in [0, 1] to their pose, float32."""
        x = F.max_pool2d(F.relu(self.norm1(self.conv1(pictures))), 3, stride=2, padding=1)
        for group in range(self.groups):
            x = F.relu(self.get_submodule(f"norm{group + 2}")(self.get_submodule(f"conv{group + 2}")(x)))
            if group:
                x = self.get_submodule(f"block{2 * group}")(x)
            x = self.get_submodule(f"block{2 * group + 1}")(x)
        x = x.mean((2, 3))
        # The layer that was trained to tell yaw is called fc_roll, and the other way round.
        angles = [degrees(layer(x).float()) for layer in (self.fc_roll, self.fc_pitch, self.fc_yaw)]
        return HeadPose(torch.stack(angles, dim=1), self.fc_t(x).float(), self.fc_exp(x).float().unflatten(1, (-1, 3)))


def degrees(logits: Tensor) -> Tensor:
    """(B, bins) of an angle to its expectation (B,), degrees."""
    bins = torch.arange(logits.shape[1], device=logits.device)
    return _BIN * (logits.softmax(1) * bins).sum(1) + _FIRST


def rotation_matrices(rotation: Tensor, convention: Literal["new", "beta"]) -> Tensor:
    """Matrices that act on column vectors: Rx(pitch) Ry(yaw) Rz(roll), or Rx(roll) Ry(pitch) Rz(yaw) of the beta.

    Args:
        rotation: (B, 3) yaw, pitch, roll, degrees.
        convention: as `FaceVid2VidConfig.rotation`.

    Returns:
        (B, 3, 3).
    """
    yaw, pitch, roll = (rotation / 180 * _PI).unbind(1)
    about = (pitch, yaw, roll) if convention == "new" else (roll, pitch, yaw)
    (cx, cy, cz), (sx, sy, sz) = ([turn(angle) for angle in about] for turn in (torch.cos, torch.sin))
    rows = [
        [cy * cz, -cy * sz, sy],
        [cx * sz + sx * sy * cz, cx * cz - sx * sy * sz, -sx * cy],
        [sx * sz - cx * sy * cz, sx * cz + cx * sy * sz, cx * cy],
    ]
    return torch.stack([torch.stack(row, dim=1) for row in rows], dim=1)


def place(canonical: Tensor, pose: HeadPose, convention: Literal["new", "beta"]) -> Tensor:
    """Keypoints where a head of that pose and expression has them: R x + t + expression. Nothing handed in changes.

    Args:
        canonical: (B, K, 3), or (1, K, 3) for all.
        pose: B of them.

    Returns:
        (B, K, 3).
    """
    matrices = rotation_matrices(pose.rotation, convention)
    # Not a matrix product, which autocast would round to bfloat16.
    turned = (matrices[:, None] * canonical[:, :, None]).sum(3)
    return turned + pose.translation[:, None] + pose.expression

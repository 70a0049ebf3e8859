"""Losses that a face-vid2vid generator is trained with (Wang et al., arXiv 2011.15126, section 3.3).

Where the paper's implementations compare with networks that others have trained, this takes what is at hand: pictures
are compared by any network that is handed in (published: VGG19), and head pose is that of the store (published: what
Hopenet reads).
"""

from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation
from torch import Tensor

from facecues.models.facevid2vid.blocks import axis
from facecues.models.facevid2vid.contracts import HeadPose
from facecues.models.facevid2vid.discriminator import Judgement
from facecues.points import INNER_LIPS, LEFT_OUTER_CORNER, OUTER_LIPS, RIGHT_OUTER_CORNER
from facecues.preprocess.geometry import rotation_matrix

Features = Callable[[Tensor], Sequence[Tensor]]
"""(B, 3, H, W) RGB in [0, 1] to features of several layers, (B, C, h, w) each."""

_NEAREST: Final = 0.1  # squared distance below which keypoints are pushed apart
_DEPTH: Final = 0.33  # mean z that keypoints are drawn to
_AFFINE: Final = 0.05  # deviation of a random transform's affine part
_BENDING: Final = 0.005  # deviation of its control points' weights
_CONTROL: Final = 5  # control points along an axis
# Lids (right, left; upper, lower), corners of the mouth, inner lips, chin, tip of the nose.
GUIDES: Final = (37, 41, 44, 46, 48, 54, 62, 66, 8, 30)
_OPENINGS: Final = ((0, 1), (2, 3), (6, 7))  # of the guides, what opens and closes


def perceptual(features: Features, made: Tensor, true: Tensor, scales: int, least: int) -> Tensor:
    """Mean absolute difference of features, added up over layers and over pictures of halved sizes.

    Args:
        features: of a network that is not trained.
        made, true: (B, 3, H, W) RGB in [0, 1].
        scales: how many sizes at most.
        least: side of the smallest picture that the network can see.
    """
    total = made.new_zeros(())
    for scale in range(scales):
        if scale and min(made.shape[2:]) < 2 * least:
            break
        if scale:
            made, true = F.avg_pool2d(made, 2), F.avg_pool2d(true, 2)
        with torch.no_grad():
            wanted = features(true)
        for one, other in zip(features(made), wanted, strict=True):
            total = total + (one - other).abs().mean()
    return total


def mouth(made: Tensor, true: Tensor, points: Tensor) -> Tensor:
    """Mean absolute difference of pixels about the mouth: inside a circle as wide as the eyes are apart.

    In a whole picture the few pixels of a mouth that opens hardly count, and a generator soon leaves it shut.

    Args:
        made, true: (B, 3, S, S) RGB in [0, 1].
        points: (B, 70, 3) of the true pictures, crop units.
    """
    centre = points[:, [*OUTER_LIPS, *INNER_LIPS], :2].mean(1)
    radius = (points[:, RIGHT_OUTER_CORNER, :2] - points[:, LEFT_OUTER_CORNER, :2]).norm(dim=1) / 2
    y, x = torch.meshgrid(axis(made.shape[2], points), axis(made.shape[3], points), indexing="ij")
    squared = (x - centre[:, 0, None, None]).square() + (y - centre[:, 1, None, None]).square()
    inside = (squared < radius[:, None, None].square()).to(made.dtype)[:, None]
    away = ((made - true).abs() * inside).sum()
    return torch.as_tensor(away / (3 * inside.sum()).clamp_min(1))


def adversarial(judged: Judgement) -> Tensor:
    """Hinge loss of a generator: what is made should be taken for true."""
    return -judged.verdict.mean()


def discriminating(true: Judgement, made: Judgement) -> Tensor:
    """Hinge loss of a discriminator."""
    return F.relu(1 - true.verdict).mean() + F.relu(1 + made.verdict).mean()


def feature_matching(made: Judgement, true: Judgement) -> Tensor:
    """Mean absolute difference of what a discriminator sees, added up over its blocks."""
    return torch.stack([(a - b.detach()).abs().mean() for a, b in zip(made.features, true.features, strict=True)]).sum()


class Bend(NamedTuple):
    """A random map of the plane, an affine one and a thin plate spline, as equivariance is tested with.

    Source: AliaksandrSiarohin/first-order-model, modules/model.py (deviations and control points), and Bookstein,
    "Principal Warps", IEEE PAMI 11(6), 1989 (the kernel).

    Attributes:
        affine: (B, 2, 3). weights: (B, 25) of the control points.
    """

    affine: Tensor
    weights: Tensor

    def points(self, points: Tensor) -> Tensor:
        """(B, N, 2) x, y to where they go."""
        line = axis(_CONTROL, points)
        control = torch.stack(torch.meshgrid(line, line, indexing="xy"), dim=2).view(1, 1, -1, 2)
        squared = (points[:, :, None] - control).square().sum(3)
        spline = (squared * torch.log(squared + 1e-6) * self.weights[:, None]).sum(2, keepdim=True)
        # Not a matrix product, which autocast would round to bfloat16.
        turned = (self.affine[:, None, :, :2] * points[:, :, None]).sum(3)
        return turned + self.affine[:, None, :, 2] + spline

    def pictures(self, pictures: Tensor) -> Tensor:
        """(B, C, H, W) that show at each place what was where the map takes it; edges are mirrored."""
        height, width = pictures.shape[2:]
        y, x = torch.meshgrid(axis(height, pictures), axis(width, pictures), indexing="ij")
        places = torch.stack([x, y], dim=2).view(1, -1, 2).expand(len(pictures), -1, -1)
        grid = self.points(places).view(-1, height, width, 2).to(pictures.dtype)
        return F.grid_sample(pictures, grid, padding_mode="reflection", align_corners=True)


def draw_bend(count: int, device: torch.device) -> Bend:
    """Draws a map for each of B pictures."""
    affine = torch.eye(2, 3, device=device) + _AFFINE * torch.randn(count, 2, 3, device=device)
    return Bend(affine, _BENDING * torch.randn(count, _CONTROL**2, device=device))


def equivariance(keypoints: Tensor, of_bent: Tensor, bend: Bend) -> Tensor:
    """How far keypoints of bent pictures are from where the bend has them.

    Args:
        keypoints, of_bent: (B, K, 3) of pictures and of `bend.pictures` of them.
        bend: of the pictures.
    """
    return (keypoints[..., :2] - bend.points(of_bent[..., :2])).abs().mean()


def keypoint_prior(keypoints: Tensor) -> Tensor:
    """Keypoints (B, K, 3) that are crowded, and a mean depth that strays. Added up over pairs, mean over pictures."""
    squared = (keypoints[:, :, None] - keypoints[:, None]).square().sum(3)
    count = keypoints.shape[1]
    others = ~torch.eye(count, dtype=torch.bool, device=keypoints.device)
    crowded = (F.relu(_NEAREST - squared) * others).sum((1, 2)).mean()
    return crowded + (keypoints[..., 2].mean(1) - _DEPTH).abs().mean()


def guidance(keypoints: Tensor, points: Tensor) -> Tensor:
    """Mean distance of the first keypoints from points of the face whose motion matters most: eyes, lips, chin, nose;
    and that of their openings, of eyes and mouth, which are lost in the first: they are as small as they matter.

    Source: the landmark guidance of LivePortrait (Guo et al., arXiv 2407.03168, section 3.2), which face-vid2vid does
    not have, here of ten points, with absolute differences and with the openings. What keypoints are is then not
    found, but told.

    Args:
        keypoints: (B, K, 3) as they are in pictures.
        points: (B, 70, 3) of the same pictures, crop units.
    """
    guides = points[:, list(GUIDES[: keypoints.shape[1]]), :2]
    away = keypoints[:, : guides.shape[1], :2] - guides
    known = [pair for pair in _OPENINGS if max(pair) < guides.shape[1]]
    if not known:
        return away.abs().mean()
    upper, lower = (list(side) for side in zip(*known, strict=True))
    return away.abs().mean() + (away[:, upper] - away[:, lower]).abs().mean((0, 2)).sum()


def head_pose(pose: HeadPose, rotation: Tensor) -> Tensor:
    """Mean absolute difference of angles. `rotation`: (B, 3) true yaw, pitch, roll, as `generator_degrees` has them."""
    return (pose.rotation - rotation).abs().mean()


def expression(pose: HeadPose) -> Tensor:
    """Size of expressions: absolute values added up over keypoints and axes, mean over pictures."""
    return pose.expression.abs().sum((1, 2)).mean()


def generator_degrees(rotation: NDArray[np.float32]) -> NDArray[np.float32]:
    """Head poses of a store in the generator's convention, that of Hopenet, which public checkpoints learnt from.

    Hopenet's angles (natanielruiz/deep-head-pose, code/utils.py, draw_axis) mean R = Rx(-pitch) Ry(yaw) Rz(roll) in
    pixel axes, x right, y down, z away: positive pitch looks up, positive yaw toward image left, positive roll is
    clockwise. A store has R = Rz(roll) Ry(yaw) Rx(pitch), and positive pitch looks down. The generator itself turns
    its keypoints by Rx(pitch) Ry(yaw) Rz(roll), whatever its z has come to mean.

    Args:
        rotation: (N, 3) pitch, yaw, roll, degrees, yaw within +-90.

    Returns:
        (N, 3) yaw, pitch, roll, degrees.
    """
    if not len(rotation):
        return rotation
    matrices = np.asarray(rotation_matrix(rotation.astype(np.float64)))
    pitch, yaw, roll = Rotation.from_matrix(matrices).as_euler("XYZ", degrees=True).T
    return np.column_stack([yaw, -pitch, roll]).astype(np.float32)

"""The keypoint mapper: landmarks with pupils of a frame, and of the portrait that is moved, to driving keypoints."""

from typing import cast

import torch
from torch import Tensor, nn

from facecues.models.keypoint_mapper.config import NetworkConfig
from facecues.preprocess.geometry import Similarity, fit_pose, to_head

_LANDMARKS, _POINTS = 68, 70
# Deviations of what hardly moves in training, which should not be blown up: in a made-up face the middle of the lips
# never leaves the middle, in a portrait it does.
_LEAST = 5e-3  # of points, template or crop units
_LEAST_ADDED = 1e-4  # of what is added to keypoints


class KeypointMapper(nn.Module):
    """Says of each frame where the frozen detector would find the keypoints of a picture with such landmarks.

    Attributes:
        config: of it.
        keypoints: how many.
    """

    mean_keypoints: Tensor
    unit: Tensor
    depth: Tensor

    def __init__(self, config: NetworkConfig, keypoints: int) -> None:
        super().__init__()
        self.config, self.keypoints = config, keypoints
        self.register_buffer("mean_keypoints", torch.zeros(keypoints, 3))
        self.register_buffer("unit", torch.ones(keypoints, 3))  # of what is added
        # A generator's keypoints are as deep as it pleases: depth in crop units, from the head's origin on, is
        # depth[0] z + depth[1].
        self.register_buffer("depth", torch.zeros(2))
        described = 3 * (_POINTS if config.irises else _LANDMARKS) * (2 if config.pose else 1)
        self.driving = _Standard(described)
        size = (2 * config.window + 1) * described
        if config.source:
            self.source = _Standard(described + 3 * keypoints)
            size += described + 3 * keypoints
        last = nn.Linear(config.hidden, 3 * keypoints)
        nn.init.zeros_(last.weight)  # so that it begins with the source's keypoints
        nn.init.zeros_(last.bias)
        blocks = (_Block(config.hidden, config.dropout) for _ in range(config.blocks))
        self.layers = nn.Sequential(nn.Linear(size, config.hidden), *blocks, nn.LayerNorm(config.hidden), last)

    def forward(self, driving: Tensor, source: Tensor, keypoints: Tensor) -> Tensor:
        """Driving keypoints.

        Args:
            driving: (B, T, 70, 3) landmarks and pupils of neighbouring frames, crop units. At the ends, frames beyond
                them are taken to be as the first or the last.
            source: (B, 70, 3) the same, of the picture that is moved.
            keypoints: (B, K, 3) the detector's, of that picture.

        Returns:
            (B, T, K, 3), in the detector's units.
        """
        frames, still = self._features(driving, source, keypoints)
        x = self._windows(self.driving(frames))
        if still is not None:
            known = self.source(still)
            if self.training:
                known = known * (torch.rand_like(known[:, :1]) >= self.config.forget)
            x = torch.cat([x, known[:, None].expand(-1, x.shape[1], -1)], dim=-1)
        added = self.layers(x).unflatten(-1, (self.keypoints, 3)) * self.unit
        return cast(Tensor, self._begin(driving, source, keypoints) + added)

    @torch.no_grad()
    def fit(self, driving: Tensor, source: Tensor, keypoints: Tensor, target: Tensor) -> None:
        """Sets the units that it thinks in.

        Args:
            driving, source: (N, 70, 3) pairs of frames of training, crop units.
            keypoints, target: (N, K, 3) the detector's, of source and driving.
        """
        self.mean_keypoints.copy_(target.mean(dim=0))
        self.depth.copy_(_depth(_pose(driving), _pose(source), keypoints, target))
        frames, still = self._features(driving[:, None], source, keypoints)
        self.driving.fit(frames[:, 0])
        if still is not None:
            self.source.fit(still)
        added = target - self._begin(driving[:, None], source, keypoints)[:, 0]
        self.unit.copy_(added.std(dim=0).clamp_min(_LEAST_ADDED))

    def _features(self, driving: Tensor, source: Tensor, keypoints: Tensor) -> tuple[Tensor, Tensor | None]:
        """(B, T, D) of the frames, from the source's on if that is told, and (B, E) of the source."""
        frames = self._describe(driving)
        if not self.config.source:
            return frames, None
        still = self._describe(source)
        return frames - still[:, None], torch.cat([still, keypoints.flatten(1)], dim=-1)

    def _describe(self, points: Tensor) -> Tensor:
        """(…, 70, 3) to (…, D)."""
        seen = points if self.config.irises else points[..., :_LANDMARKS, :]
        # In the head's frame, where lips and pupils are not lost in what the head moves; and in the picture.
        in_head = to_head(seen, _pose(points))
        described = torch.cat([in_head, seen], dim=-2) if self.config.pose else in_head
        return cast(Tensor, described.flatten(-2))

    def _windows(self, frames: Tensor) -> Tensor:
        """(B, T, D) to (B, T, (2 window + 1) D)."""
        count, reach = frames.shape[1], self.config.window
        at = torch.arange(count, device=frames.device)
        near = [frames[:, (at + offset).clamp(0, count - 1)] for offset in range(-reach, reach + 1)]
        return torch.cat(near, dim=-1)

    def _begin(self, driving: Tensor, source: Tensor, keypoints: Tensor) -> Tensor:
        """What is added to: (B, T, K, 3), or (B, 1, K, 3) where it is the same for all frames."""
        if not self.config.source:
            return self.mean_keypoints.expand(len(driving), 1, -1, -1)
        if self.config.output == "direct":
            return keypoints[:, None]
        before = _pose(source)
        once = Similarity(before.rotation[:, None], before.scale[:, None], before.translation[:, None])
        flat, along = _turned(_pose(driving), once, keypoints[:, None])
        moved = flat + along * (self.depth[0] * keypoints[:, None, :, 2:] + self.depth[1])
        return torch.cat([moved, keypoints[:, None, :, 2:].expand(-1, moved.shape[1], -1, -1)], dim=-1)


def _pose(points: Tensor) -> Similarity:
    return fit_pose(points[..., :_LANDMARKS, :])


def _turned(after: Similarity, before: Similarity, keypoints: Tensor) -> tuple[Tensor, Tensor]:
    """Where the change of pose takes (…, K, 3) keypoints in the picture: (…, K, 2) were they as deep as the head's
    origin, and (…, 1, 2) for each unit of depth."""
    turn = after.rotation @ before.rotation.transpose(-1, -2) * (after.scale / before.scale)[..., None, None]
    centred = keypoints[..., :2] - before.translation[..., None, :2]
    flat = centred @ turn[..., :2, :2].transpose(-1, -2) + after.translation[..., None, :2]
    return flat, turn[..., None, :2, 2]


def _depth(after: Similarity, before: Similarity, keypoints: Tensor, target: Tensor) -> Tensor:
    """(2,) of the depth that explains best how (N, K, 3) keypoints moved as heads turned."""
    flat, along = _turned(after, before, keypoints)
    along = along.expand_as(flat)
    known = torch.stack([along * keypoints[..., 2:], along], dim=-1).reshape(-1, 2).double()
    rest = (target[..., :2] - flat).reshape(-1, 1).double()
    return cast(Tensor, torch.linalg.lstsq(known.cpu(), rest.cpu()).solution[:, 0])


class _Standard(nn.Module):
    """Numbers in deviations from their mean in training."""

    mean: Tensor
    std: Tensor

    def __init__(self, size: int) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(size))
        self.register_buffer("std", torch.ones(size))

    def fit(self, values: Tensor) -> None:
        """By these (N, size)."""
        self.mean.copy_(values.mean(dim=0))
        self.std.copy_(values.std(dim=0).clamp_min(_LEAST))

    def forward(self, values: Tensor) -> Tensor:
        """(…, size) to (…, size)."""
        return (values - self.mean) / self.std


class _Block(nn.Module):
    """x and what two layers add to it."""

    def __init__(self, size: int, dropout: float) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.LayerNorm(size), nn.Linear(size, size), nn.GELU(), nn.Dropout(dropout), nn.Linear(size, size)
        )

    def forward(self, x: Tensor) -> Tensor:
        """(…, size) to (…, size)."""
        return cast(Tensor, x + self.layers(x))

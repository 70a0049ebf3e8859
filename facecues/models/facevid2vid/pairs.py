"""Pairs of pictures of one person: what is moved, and what it should look like then."""

from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from facecues.models.facevid2vid.contracts import FacePictures
from facecues.models.facevid2vid.losses import generator_degrees
from facecues.models.facevid2vid.model import FaceVid2Vid
from facecues.points import MIRROR

_MIRRORED: Final = (-1.0, 1.0, -1.0)  # what a mirror does to yaw, pitch and roll
_MIRROR: Final = [*MIRROR, 69, 68]  # and to landmarks and pupils

Indices = NDArray[np.int64]
Picture = NDArray[np.uint8]


@dataclass(frozen=True, slots=True, eq=False)
class Pairs:
    """Pictures to move, and what they should look like.

    Attributes:
        sources, drivings: (B,) rows of the pictures.
        mirrored: left and right swapped in all.
    """

    sources: Indices
    drivings: Indices
    mirrored: bool = False


class View(NamedTuple):
    """Pictures, and what is known of them.

    Attributes:
        pictures: (B, 3, S, S) float32 RGB in [0, 1].
        points: (B, 70, 3) landmarks and pupils, crop units.
        angles: (B, 3) true yaw, pitch, roll, degrees, as `generator_degrees` has them.
    """

    pictures: Tensor
    points: Tensor
    angles: Tensor


class PairSource:
    """Draws pairs, and makes tensors of them."""

    def __init__(self, faces: FacePictures, device: torch.device) -> None:
        self._faces, self._device = faces, device
        self._rotation = torch.from_numpy(generator_degrees(faces.rotation))
        self._alike = _same_view(faces)
        self._clip_of = np.repeat(np.arange(len(faces.clips)), np.diff(faces.starts))

    def rows_of(self, clips: Indices) -> Indices:
        """Rows of the pictures of clips."""
        return np.flatnonzero(np.isin(self._clip_of, clips))

    def clip_ids(self, pairs: Pairs) -> list[str]:
        """Of all clips in pairs."""
        clips = np.unique(self._clip_of[np.concatenate([pairs.sources, pairs.drivings])])
        names: list[str] = self._faces.clips["clip_id"].iloc[clips].tolist()
        return names

    def draw(self, among: Indices, count: int, across: float, mirrored: bool, rng: np.random.Generator) -> Pairs:
        """Draws pairs.

        Args:
            among: rows of the pictures that are to be made.
            count: how many.
            across: share of them that are made from another clip of the same actor and view.
            mirrored: whether half of the draws are.
            rng: that draws.
        """
        drivings = rng.choice(among, count)
        others = rng.random(count) < across
        clips = self._clip_of[drivings]
        sources = [rng.choice(self._alike[clip]) if other else clip for clip, other in zip(clips, others, strict=True)]
        starts = self._faces.starts
        rows = rng.integers(starts[sources], starts[np.array(sources) + 1])
        return Pairs(rows, drivings, mirrored and bool(rng.random() < 0.5))

    def views(self, pairs: Pairs) -> tuple[View, View]:
        """Sources and drivings."""
        return self._view(pairs.sources, pairs.mirrored), self._view(pairs.drivings, pairs.mirrored)

    def _view(self, rows: Indices, mirrored: bool) -> View:
        pictures, points, angles = self._faces.pictures[rows], self._faces.points[rows], self._rotation[rows]
        if mirrored:
            pictures, angles = pictures[:, :, ::-1], angles * torch.tensor(_MIRRORED)
            points = points[:, _MIRROR] * np.array([-1, 1, 1], np.float32)
        parts = to_tensor(pictures), torch.from_numpy(points), angles
        return View(*(part.to(self._device) for part in parts))


def to_tensor(pictures: NDArray[np.uint8]) -> Tensor:
    """(n, S, S, 3) uint8 to (n, 3, S, S) float32 in [0, 1]."""
    # Copied, as PyTorch takes permuted axes for channels last, and its backward pass then crashes (2.13, CPU).
    return torch.from_numpy(np.ascontiguousarray(pictures.transpose(0, 3, 1, 2))).float() / 255


@torch.inference_mode()
def reconstruct(model: FaceVid2Vid, source: Picture, driving: Picture) -> tuple[Picture, Picture]:
    """A picture moved to look like another one of the same person.

    Args:
        model: set to evaluation.
        source, driving: (S, S, 3) uint8 RGB, S as the model has it.

    Returns:
        What was made, and the same where the source does not show it made black.
    """
    device = next(model.parameters()).device
    moved, wanted = (to_tensor(one[None]).to(device) for one in (source, driving))
    canonical = model.canonical(moved)
    placed = [model.place(canonical, model.estimate(one)) for one in (moved, wanted)]
    made = model.generate(model.encode(moved), *placed)
    seen = made.picture * F.interpolate(made.occlusion, size=made.picture.shape[2:], mode="bilinear")
    whole, part = (np.rint(one[0].permute(1, 2, 0).float().cpu().numpy() * 255) for one in (made.picture, seen))
    return whole.astype(np.uint8), part.astype(np.uint8)


def _same_view(faces: FacePictures) -> list[Indices]:
    """For each clip those of the same actor and view, itself among them."""
    clips = faces.clips
    keys = clips["actor"].astype(str) + "|" + clips["view"].astype(str)
    keys = keys.where(clips["actor"].notna(), clips["clip_id"])
    groups = {key: np.asarray(rows, np.int64) for key, rows in keys.groupby(keys).indices.items()}
    return [groups[key] for key in keys]

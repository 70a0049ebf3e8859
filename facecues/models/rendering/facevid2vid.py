"""The renderer that is trained: cues to landmarks, landmarks to keypoints, and keypoints to frames of face-vid2vid."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from facecues.errors import UsageError
from facecues.models.cue_generator.contracts import Reference
from facecues.models.facevid2vid.contracts import crop_units
from facecues.models.keypoint_mapper.checkpoint import OpenedMapper, open_mapper
from facecues.models.rendering.contracts import Picture
from facecues.models.rendering.lead import lead, reference_at
from facecues.models.warp.head import Rest, rest_of
from facecues.models.warp.look import Look
from facecues.models.warp.portrait import Place, Portrait, read_portrait
from facecues.preprocess.gaze.iris import eye_directions
from facecues.preprocess.geometry import fit_pose, gaze_degrees, to_head
from facecues.preprocess.landmarks.facemesh import FaceMeshBackend
from facecues.preprocess.pupils import relocate_with_pupils
from facecues.sequences import Cues

_VERSION: Final = 1  # raise when the same cues and weights give other pictures
_SIZES: Final = (256, 512)
_MAPPED: Final = 64  # frames that are mapped together
_GENERATED: Final = 8  # frames that are generated together; 0.1 GB each with vox-256


def open_facevid2vid(run: Path, device: str = "cpu") -> "FaceVid2VidRenderer":
    """The renderer of a run of `facecues train keypoints`, which knows its generator.

    Raises:
        UsageError: the folder holds no mapper, or no such device.
        WeightsMissingError: weights are damaged, or the mapper's generator is gone, or another.
        BackendUnavailableError: the device is not of this machine.
    """
    return FaceVid2VidRenderer(open_mapper(run, device))


class FaceVid2VidRenderer:
    """See `facecues.models.rendering.contracts.Renderer`."""

    def __init__(self, opened: OpenedMapper) -> None:
        self._opened = opened
        self.signature = f"facevid2vid:{_VERSION}|{opened.signature}"

    @cached_property
    def _backend(self) -> FaceMeshBackend:
        return FaceMeshBackend()

    def prepare(self, portrait: NDArray[Any], size: int, near: Place | None = None) -> "FaceVid2VidHead":
        """See the contract."""
        if size not in _SIZES:
            raise UsageError(f"face-vid2vid makes frames of 256 or 512 pixels here, not {size}.")
        seen, side = read_portrait(portrait, size, self._backend, near=near), self._opened.generator.config.size
        device = next(self._opened.network.parameters()).device
        picture = torch.from_numpy(_resized(seen.image, side)).to(device).permute(2, 0, 1)[None].float() / 255
        with torch.inference_mode():
            return FaceVid2VidHead(
                size=size,
                crop=seen.crop,
                _opened=self._opened,
                _rest=rest_of(seen, Look()),
                _points=_to_crop_units(_points_of(seen), size, side).to(device)[None],
                _keypoints=self._opened.generator.keypoints(picture),
                _appearance=self._opened.generator.encode(picture),
            )


@dataclass(frozen=True, slots=True, eq=False)
class FaceVid2VidHead:
    """A portrait that was encoded.

    Attributes:
        size: side of the frames, pixels; those of a smaller generator are enlarged.
        crop: (2, 3) portrait to frame, pixels.
    """

    size: int
    crop: NDArray[np.float64]
    _opened: OpenedMapper
    _rest: Rest
    _points: Tensor  # (1, 70, 3) crop units, as they are in the portrait
    _keypoints: Tensor  # (1, K, 3)
    _appearance: Tensor

    @property
    def reference(self) -> Reference:
        """The portrait as the one who speaks."""
        return reference_at(*self._rest)

    def render(self, cues: Cues, reference: Reference) -> Iterator[Picture]:
        """See the contract. A mapper with a window sees no frames beyond the piece.

        Raises:
            UsageError: a cue is not finite.
        """
        if not cues.valid.all():
            raise UsageError(f"{int((~cues.valid).sum())} of {len(cues)} frames lack a cue: give finite cues alone.")
        points = lead(*self._rest, cues, reference)
        for start in range(0, len(points), _MAPPED):
            for driving in torch.split(self._map(points, start), _GENERATED):
                yield from self._generate(driving)

    @torch.inference_mode()
    def _map(self, points: NDArray[np.float64], start: int) -> Tensor:
        """(n, K, 3) keypoints of the frames from `start` on, seen with their neighbours."""
        reach = self._opened.network.config.window
        first, stop = max(0, start - reach), min(len(points), start + _MAPPED)
        units = _to_crop_units(points[first : stop + reach], self.size, self._opened.generator.config.size)
        mapped: Tensor = self._opened.network(units.to(self._points.device)[None], self._points, self._keypoints)
        return mapped[0, start - first : stop - first]

    @torch.inference_mode()
    def _generate(self, driving: Tensor) -> list[Picture]:
        made = self._opened.generator.generate(self._appearance, self._keypoints, driving).picture
        pictures = (made * 255).round().byte().permute(0, 2, 3, 1).cpu().numpy()
        return [_resized(one, self.size) for one in pictures]


def _points_of(portrait: Portrait) -> NDArray[np.float64]:
    """(70, 3) pixels: the face as it is in the portrait, its pupils where a store would have them."""
    landmarks, irises = portrait.landmarks[None], np.pad(portrait.irises, ((0, 0), (0, 1)))[None]
    pose = fit_pose(landmarks)
    gaze = gaze_degrees(eye_directions(landmarks, irises, pose).sum(axis=1))
    points = relocate_with_pupils(to_head(landmarks, pose), pose, np.repeat(gaze[:, None], 2, axis=1))
    return np.asarray(points[0])


def _to_crop_units(points: NDArray[np.float64], size: int, side: int) -> Tensor:
    """(…, 3) pixels of frames of one size to the units of pictures of another, in which the same is seen."""
    pixels = points * (side / size)
    pixels[..., :2] += (side / size - 1) / 2
    return torch.from_numpy(crop_units(pixels, side))


def _resized(picture: Picture, side: int) -> Picture:
    """(side, side, 3) uint8."""
    how = cv2.INTER_AREA if side < len(picture) else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(picture, (side, side), interpolation=how), np.uint8)

"""Gaze backend `l2cs`: one gaze per face from L2CS-Net (arXiv 2203.03339, repository Ahmednull/L2CS-Net)."""

from collections.abc import Sequence
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from facecues import weights
from facecues.config import ExtractConfig
from facecues.errors import BackendUnavailableError
from facecues.preprocess.contracts import Face, Float64, GazeAngles
from facecues.preprocess.geometry import Similarity
from facecues.preprocess.region import cut
from facecues.preprocess.video import Frame

try:
    import torch
    from torch import Tensor
    from torch.nn.functional import interpolate

    from facecues.preprocess.gaze.resnet50 import L2CSNet
    from facecues.preprocess.networks import load_weights, require_device
except (ImportError, OSError) as error:
    raise BackendUnavailableError(
        f"gaze 'l2cs' needs PyTorch, which does not import here ({error}): pip install 'facecues[torch]'"
    ) from error

_KEPT = 224  # side of the crop that is kept of a frame, pixels
_INPUT = 448  # side of the network's input; 224 doubled, so somewhat blurred, as its own pipeline does
_MEAN = (0.485, 0.456, 0.406)  # ImageNet, RGB
_STD = (0.229, 0.224, 0.225)


class _Bins(NamedTuple):
    """Angle bins of a checkpoint: bin i stands for its left edge, first + i * width degrees."""

    width: float
    first: float
    weights: str


# l2cs/pipeline.py (Gaze360) and test.py (MPIIFaceGaze) of the original.
_BINS = {90: _Bins(4.0, -180.0, "l2cs-gaze360"), 28: _Bins(3.0, -42.0, "l2cs-mpiigaze")}


class L2CSGaze:
    """Appearance-based gaze from the face box, camera frame, degrees.

    Its head `fc_yaw_gaze` is the horizontal angle: the original unpacks it as "pitch", but builds the gaze vector as
    (-cos(b) sin(a), -sin(b), -cos(b) cos(a)) with a from that head (l2cs/utils.py, gazeto3d; x right, y down). So yaw
    has the sign used here, positive toward image left, and pitch, which is positive up there, changes its sign.

    Zero is a look along the line from the face to the camera, which for a face off the optical axis is not quite the
    camera's axis. The box is the landmark backend's; the original's comes from RetinaFace.
    """

    def __init__(self, config: ExtractConfig, network: L2CSNet | None = None) -> None:
        """Loads the weights of `config.l2cs_bins`, unless a network is given.

        Raises:
            WeightsMissingError: no such file, or not the right one.
            UsageError, BackendUnavailableError: `config.device` is no device, or not one of this machine.
        """
        bins = _BINS[config.l2cs_bins]
        self._device = require_device(config.device)
        self._batch = config.batch
        origin = "given"
        if network is None:
            network = L2CSNet(config.l2cs_bins)
            load_weights(network, weights.locate(bins.weights), f"gaze 'l2cs' with {config.l2cs_bins} bins")
            origin = weights.sha256_of(bins.weights)[:8]
        self._network = network.to(self._device).eval()
        self._degrees = bins.first + bins.width * torch.arange(config.l2cs_bins, device=self._device)
        self._mean, self._std = (torch.tensor(one, device=self._device).view(1, 3, 1, 1) for one in (_MEAN, _STD))
        self.signature = f"l2cs[w:{origin},bins:{config.l2cs_bins},in:{_KEPT}-{_INPUT}]"

    def observe(self, frame: Frame, face: Face) -> NDArray[np.uint8] | None:
        """The face box, resized to (224, 224, 3) uint8 RGB; None where it lies outside the frame."""
        left, top = (max(int(edge), 0) for edge in face.box[:2])
        right, bottom = min(int(face.box[2]), frame.width), min(int(face.box[3]), frame.height)
        if right <= left or bottom <= top:
            return None
        picture = cut(frame, left, top, right, bottom)
        return cv2.resize(picture, (_KEPT, _KEPT))  # type: ignore[return-value]

    def angles(
        self,
        observations: Sequence[NDArray[np.uint8] | None],
        faces: Sequence[Face],
        pose: Similarity,
    ) -> GazeAngles:
        """See GazeBackend. The network gives one gaze for both eyes: left and right are NaN."""
        unknown = np.full((len(observations), 2), np.nan)
        combined = unknown.copy()
        seen = [(i, picture) for i, picture in enumerate(observations) if picture is not None]
        for start in range(0, len(seen), self._batch):
            rows, pictures = zip(*seen[start : start + self._batch], strict=True)
            combined[list(rows)] = self._read(np.stack(pictures))
        return GazeAngles(unknown, unknown.copy(), combined)

    @torch.inference_mode()
    def _read(self, pictures: NDArray[np.uint8]) -> Float64:
        """(n, 224, 224, 3) uint8 RGB -> (n, 2) pitch and yaw, degrees."""
        x = doubled(torch.from_numpy(pictures).to(self._device).permute(0, 3, 1, 2).contiguous().float())
        yaw, pitch = self._network((x / 255 - self._mean) / self._std)
        angles = torch.stack([-self._expectation(pitch), self._expectation(yaw)], dim=1)
        return angles.cpu().double().numpy()

    def _expectation(self, logits: Tensor) -> Tensor:
        """(n, bins) -> (n,) degrees."""
        return logits.softmax(dim=1) @ self._degrees


def doubled(pictures: Tensor) -> Tensor:
    """(n, 3, 224, 224) 0..255 -> (n, 3, 448, 448), as Pillow does it: columns, rows, each rounded."""
    for size in ((_KEPT, _INPUT), (_INPUT, _INPUT)):
        pictures = torch.floor(interpolate(pictures, size=size, mode="bilinear", align_corners=False) + 0.5)
    return pictures

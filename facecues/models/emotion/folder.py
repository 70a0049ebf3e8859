"""A trained cue classifier on disk: a folder with emotion.json, which describes it, and emotion.safetensors.

A trained face-crop classifier has the same two files and another `network`; facecues.metrics reads those.
"""

import hashlib
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from facecues.errors import BackendUnavailableError, UsageError, WeightsMissingError
from facecues.labels import EMOTIONS
from facecues.models.emotion.config import DESCRIPTION, WEIGHTS, CueClassifierConfig, Stream

try:
    import torch
    from safetensors.torch import save

    from facecues.models.emotion.cue_network import CueClassifier
    from facecues.preprocess.networks import load_weights, require_device
except (ImportError, OSError) as error:
    raise BackendUnavailableError(
        f"cue classifiers need PyTorch and safetensors, which do not import here ({error}): "
        "pip install 'facecues[torch]'"
    ) from error

Float32 = NDArray[np.float32]


class CueClassifierDescription(BaseModel):
    """What emotion.json says.

    Attributes:
        network: the architecture.
        classes: emotions that it has learnt, in the order of facecues.labels.EMOTIONS.
        streams, hidden: as in CueClassifierConfig.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    network: Literal["cue-gru", "cue-conv"]
    classes: tuple[str, ...]
    streams: tuple[Stream, ...]
    hidden: int = Field(ge=1, le=4096)

    @field_validator("classes")
    @classmethod
    def _known(cls, classes: tuple[str, ...]) -> tuple[str, ...]:
        if len(classes) < 2 or classes != tuple(name for name in EMOTIONS if name in classes):
            raise ValueError(f"expected two or more of {', '.join(EMOTIONS)}, in this order, got {', '.join(classes)}")
        return classes

    @property
    def config(self) -> CueClassifierConfig:
        """Of the network. What matters in training alone is not on disk."""
        architecture: Literal["gru", "conv"] = "gru" if self.network == "cue-gru" else "conv"
        return CueClassifierConfig(architecture=architecture, streams=self.streams, hidden=self.hidden)


class LoadedCueClassifier:
    """A cue classifier that judges one clip at a time.

    Attributes:
        classes: of the probabilities: the emotions that it has learnt.
        name: "emotion-" and the folder's name.
        signature: names the network and the weights.
        streams: the cues that it looks at.
        network: in evaluation mode; its logits are over facecues.labels.EMOTIONS.
    """

    def __init__(self, network: CueClassifier, classes: tuple[str, ...], name: str, origin: str) -> None:
        """`origin` names the weights in the signature."""
        config = network.config
        self.classes = classes
        self.name = name
        self.signature = f"{name}[w:{origin},cue-{config.architecture}:{'+'.join(config.streams)},fps:25]"
        self.streams = config.streams
        self.network = network.eval()
        self._columns = [EMOTIONS.index(one) for one in classes]

    @torch.inference_mode()
    def probabilities(self, normalized: Float32, gaze: Float32, rotation: Float32) -> Float32:
        """What the clip as a whole shows.

        Args:
            normalized: (T, 68, 3) template units, 25 per second.
            gaze: (T, 2) pitch and yaw, degrees, camera frame.
            rotation: (T, 3) pitch, yaw and roll, degrees.
                A frame with NaN in a cue that this classifier looks at does not count.

        Returns:
            (len(classes),) float32 that sum to 1, eight where all emotions were learnt; NaN where no frame counts.

        Raises:
            ValueError: other shapes.
        """
        frames = len(normalized)
        shapes = {"normalized": (frames, 68, 3), "gaze": (frames, 2), "rotation": (frames, 3)}
        for (name, shape), values in zip(shapes.items(), (normalized, gaze, rotation), strict=True):
            if values.shape != shape:
                raise ValueError(f"expected {name} of shape {shape}, got {values.shape}")
        cues = dict(zip(("landmarks", "gaze", "pose"), (normalized, gaze, rotation), strict=True))
        finite = [np.isfinite(cues[name]) for name in self.streams]
        mask = np.logical_and.reduce([one.all(axis=tuple(range(1, one.ndim))) for one in finite])
        if not mask.any():
            return np.full(len(self.classes), np.nan, np.float32)
        device = next(self.network.parameters()).device
        inputs = [np.asarray(one, np.float32) for one in cues.values()]
        tensors = [torch.from_numpy(np.ascontiguousarray(one)).to(device)[None] for one in (*inputs, mask)]
        out: Float32 = self.network(*tensors)[0, self._columns].softmax(dim=0).cpu().numpy()
        return out


def classifier_files(network: CueClassifier, classes: tuple[str, ...]) -> dict[str, bytes]:
    """What to put into the folder, by name of the file; emotion.json is the last one, as without it there is none.

    Args:
        network: trained.
        classes: emotions that it was trained on.
    """
    config = network.config
    described = CueClassifierDescription.model_validate(
        {
            "network": f"cue-{config.architecture}",
            "classes": classes,
            "streams": config.streams,
            "hidden": config.hidden,
        }
    )
    tensors = {name: one.detach().cpu().contiguous() for name, one in network.state_dict().items()}
    return {WEIGHTS: save(tensors), DESCRIPTION: described.model_dump_json(indent=2).encode() + b"\n"}


def load_cue_classifier(folder: Path, device: str = "cpu") -> LoadedCueClassifier:
    """The classifier of a folder that `facecues train emotion` wrote.

    Raises:
        UsageError: emotion.json is missing or says something else, or `device` is no device.
        WeightsMissingError: emotion.safetensors is missing or is of another network.
        BackendUnavailableError: `device` is not one of this machine.
    """
    where = require_device(device)
    described = _describe(folder)
    path = folder / WEIGHTS
    if not path.is_file():
        raise WeightsMissingError(f"{folder} holds no cue classifier, for {WEIGHTS} is missing: train it anew")
    network = CueClassifier(described.config)
    load_weights(network, path, f"the cue classifier in {folder}")
    digest = hashlib.sha256(path.read_bytes()).hexdigest()[:8]
    return LoadedCueClassifier(network.to(where), described.classes, f"emotion-{folder.name}", digest)


def _describe(folder: Path) -> CueClassifierDescription:
    try:
        return CueClassifierDescription.model_validate_json((folder / DESCRIPTION).read_bytes())
    except OSError as error:
        why = error.strerror or str(error)
    except ValidationError as error:
        first = error.errors()[0]
        why = f"{'.'.join(map(str, first['loc'])) or 'its text'}: {first['msg']}"
    raise UsageError(f"{folder} holds no cue classifier, for {DESCRIPTION} does not read ({why}): train it anew")

"""Weights on disk: a run's folder, or a public checkpoint. Nothing that a pickle wants to run is run.

RUN/facevid2vid.json          kind and configuration
RUN/facevid2vid.safetensors   weights, named as in a public checkpoint: generator.first.conv.weight, …
"""

from pathlib import Path
from typing import Final, Literal, cast

import torch
from pydantic import BaseModel, ConfigDict, ValidationError
from torch import Tensor, nn

from facecues.errors import UsageError, WeightsMissingError
from facecues.models.facevid2vid.config import PRESETS, FaceVid2VidConfig, facevid2vid_config
from facecues.models.facevid2vid.discriminator import Discriminator
from facecues.models.facevid2vid.model import FaceVid2Vid
from facecues.models.training.files import write_tensors, write_text
from facecues.preprocess.networks import read_plain, require_device

DESCRIPTION: Final = "facevid2vid.json"
WEIGHTS: Final = "facevid2vid.safetensors"
_DISCRIMINATOR: Final = "discriminator"
_NETWORKS: Final = ("kp_detector", "he_estimator", "generator", _DISCRIMINATOR)

Weights = dict[str, Tensor]


class Description(BaseModel):
    """facevid2vid.json."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["facevid2vid"] = "facevid2vid"
    config: FaceVid2VidConfig


def save_facevid2vid(model: FaceVid2Vid, folder: Path) -> None:
    """Writes a run's folder, which is made where it is not there."""
    folder.mkdir(parents=True, exist_ok=True)
    write_tensors(folder / WEIGHTS, model.state_dict())
    write_text(folder / DESCRIPTION, Description(config=model.config).model_dump_json(indent=2) + "\n")


def load_facevid2vid(path: Path, device: str) -> FaceVid2Vid:
    """A trained model, set to evaluation.

    Args:
        path: a run's folder, or a public checkpoint (.pth.tar, .pth, or .safetensors with the same names, each after
            its network's and a dot). Which preset a checkpoint is of is found by its names and shapes.
        device: cpu, cuda, cuda:N or mps.

    Raises:
        UsageError: no such device, or a folder that is no run of face-vid2vid.
        WeightsMissingError: no file, another kind of file, or the weights of another network.
        BackendUnavailableError: this machine does not have the device.
    """
    target = require_device(device)
    described = _read_config(path) if path.is_dir() else None
    weights = _read(path / WEIGHTS if path.is_dir() else path)
    weights = {name: value for name, value in weights.items() if not name.startswith(f"{_DISCRIMINATOR}.")}
    model = _blank(described or _recognized(path, weights))
    _require_fit(model, weights, path)
    model.to_empty(device="cpu").load_state_dict(weights)
    return model.to(target).eval()


def load_discriminator(discriminator: Discriminator, path: Path) -> bool:
    """Fills the discriminator of training from a public checkpoint. False: the file holds none, and nothing changed.

    Raises:
        WeightsMissingError: as `load_facevid2vid`.
    """
    prefix = f"{_DISCRIMINATOR}."
    weights = {name.removeprefix(prefix): one for name, one in _read(path).items() if name.startswith(prefix)}
    if not weights:
        return False
    _require_fit(discriminator, weights, path)
    discriminator.load_state_dict(weights)
    return True


def _read_config(run: Path) -> FaceVid2VidConfig:
    path = run / DESCRIPTION
    try:
        return Description.model_validate_json(path.read_bytes()).config
    except (OSError, ValidationError) as error:
        raise UsageError(
            f"{path} does not describe a face-vid2vid of this version: {' '.join(str(error).split())[:200]}"
        ) from error


def _read(path: Path) -> Weights:
    """All weights of a file, each name beginning with its network's."""
    if not path.is_file():
        raise WeightsMissingError(
            f"{path} is not there: expected the folder of a `facecues train generator`, or a public checkpoint of "
            "face-vid2vid (.pth.tar, .pth or .safetensors)"
        )
    content = read_plain(path, "face-vid2vid")
    if path.suffix == ".safetensors":
        return cast(Weights, content)
    networks = {name: content.get(name) for name in _NETWORKS} if isinstance(content, dict) else {}
    return {
        f"{network}.{name}": value
        for network, entries in networks.items()
        if isinstance(entries, dict)
        for name, value in entries.items()
        if isinstance(value, Tensor)
    }


def _recognized(path: Path, weights: Weights) -> FaceVid2VidConfig:
    """The preset that the weights are of."""
    odd = {preset: _differences(_blank(facevid2vid_config(preset)), weights) for preset in PRESETS}
    nearest = min(odd, key=lambda preset: len(odd[preset]))
    if odd[nearest]:
        raise WeightsMissingError(
            f"{path} does not hold the weights of a face-vid2vid ({', '.join(PRESETS)}): {nearest!r} comes nearest, "
            f"with {len(odd[nearest])} differences, the first {odd[nearest][0]}; put the right file in its place"
        )
    return facevid2vid_config(nearest)


def _blank(config: FaceVid2VidConfig) -> FaceVid2Vid:
    """A model whose weights take no memory yet."""
    with torch.device("meta"):
        return FaceVid2Vid(config)


def _require_fit(network: nn.Module, weights: Weights, path: Path) -> None:
    odd = _differences(network, weights)
    if odd:
        raise WeightsMissingError(
            f"{path} does not hold the weights that its configuration asks for, with {len(odd)} differences, the first "
            f"{odd[0]}; put the right file in its place"
        )


def _differences(network: nn.Module, weights: Weights) -> list[str]:
    expected, found = ({name: tuple(one.shape) for name, one in of.items()} for of in (network.state_dict(), weights))
    return [
        f"{name} expected as {expected.get(name)}, got {found.get(name)}"
        for name in expected | found
        if expected.get(name) != found.get(name)
    ]

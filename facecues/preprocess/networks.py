"""What the PyTorch backends share: a checked device, and weights read without running what a pickle says."""

import pickle
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file

from facecues.errors import BackendUnavailableError, UsageError, WeightsMissingError

# Training checkpoints carry a score along, as a numpy number under the name that it had before numpy 2.
_NUMBER: Any = np.float64().__reduce__()[0]
_HARMLESS: list[Callable[..., Any] | tuple[Callable[..., Any], str]] = [
    (_NUMBER, "numpy.core.multiarray.scalar"),
    (_NUMBER, "numpy._core.multiarray.scalar"),
    np.dtype,
    np.dtypes.Float64DType,
]


def require_device(name: str) -> torch.device:
    """The device of that name, known to exist here.

    Raises:
        UsageError: not the name of a device.
        BackendUnavailableError: this machine does not have it.
    """
    try:
        device = torch.device(name)
        present = {
            "cpu": True,
            "cuda": (device.index or 0) < torch.cuda.device_count(),
            "mps": torch.backends.mps.is_available(),
        }[device.type]
    except (RuntimeError, KeyError):
        raise UsageError(f"expected --device cpu, cuda, cuda:N or mps, got {name!r}") from None
    if not present:
        raise BackendUnavailableError(
            f"PyTorch {torch.__version__} sees no {name!r} here: use --device cpu, or a PyTorch built for it"
        )
    return device


def load_weights(network: torch.nn.Module, path: Path, purpose: str) -> None:
    """Fills a network by name and shape, leaving no entry out on either side.

    Args:
        network: as built. The file may lack batch norm's step counters, as PyTorch before 0.4.1 did.
        path: a .safetensors file, or a torch file of any suffix that holds a state dict, bare or as the entry
            "state_dict" of a dict. The prefix "module.", which DataParallel leaves, is taken off.
        purpose: for the message, e.g. "gaze 'l2cs' with 90 bins".

    Raises:
        WeightsMissingError: another kind of file, or the weights of another network.
    """
    weights = _read(path, purpose)
    expected, found = _shapes(network.state_dict()), _shapes(weights)
    odd = [key for key in expected | found if expected.get(key) != found.get(key)]
    if odd:
        raise WeightsMissingError(
            f"{path} does not hold the weights for {purpose}: expected {odd[0]} as {expected.get(odd[0])}, "
            f"got {found.get(odd[0])}, with {len(odd)} such differences; put the right file in its place"
        )
    network.load_state_dict(weights)


def read_plain(path: Path, purpose: str) -> Any:
    """What a file holds, tensors in whatever nesting, without running anything that is in it.

    Args:
        path: a .safetensors file, or a torch file of any suffix.
        purpose: for the message.

    Raises:
        WeightsMissingError: another kind of file, a damaged one, or a pickle with more than plain tensors in it.
    """
    try:
        if path.suffix == ".safetensors":
            return load_file(path)
        # Mapped where the format allows: most of a training's checkpoint are moments of its optimisers.
        with torch.serialization.safe_globals(_HARMLESS):
            return torch.load(path, map_location="cpu", weights_only=True, mmap=zipfile.is_zipfile(path))
    except (pickle.UnpicklingError, SafetensorError, RuntimeError, EOFError, OSError) as error:
        raise WeightsMissingError(
            f"{path}, wanted for {purpose}, is no file of plain tensors ({type(error).__name__}); "
            "fetch it anew, or convert it to safetensors where its origin is trusted"
        ) from error


def _read(path: Path, purpose: str) -> dict[str, torch.Tensor]:
    content = read_plain(path, purpose)
    weights = content.get("state_dict", content) if isinstance(content, dict) else content
    if not isinstance(weights, dict) or not all(isinstance(one, torch.Tensor) for one in weights.values()):
        raise WeightsMissingError(f"{path}, wanted for {purpose}, holds {type(weights).__name__}, not a state dict")
    return {key.removeprefix("module."): value for key, value in weights.items()}


def _shapes(weights: dict[str, torch.Tensor]) -> dict[str, tuple[int, ...]]:
    return {key: tuple(one.shape) for key, one in weights.items() if not key.endswith("num_batches_tracked")}

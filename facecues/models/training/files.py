"""What every training keeps in its folder. Tensors are safetensors, the rest is JSON; nothing is pickled.

RUN/last.safetensors      all parts and their optimisers after the last epoch that ended
RUN/last.json             its number, the best one's, and how well that did
RUN/log.jsonl             a line for each epoch
"""

import hashlib
import json
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

import torch
from pydantic import BaseModel, ConfigDict, ValidationError
from safetensors import SafetensorError
from safetensors.torch import load_file, save
from torch import Tensor

from facecues.errors import UsageError

LOG: Final = "log.jsonl"
_LAST: Final = "last.safetensors"
_PROGRESS: Final = "last.json"

Parts = Mapping[str, torch.nn.Module | torch.optim.Optimizer]
"""What a training goes on from, by name."""


class Progress(BaseModel):
    """last.json: epochs are counted from 1, and 0 is none."""

    model_config = ConfigDict(extra="forbid")

    epoch: int = 0
    best: int = 0
    best_loss: float = float("inf")
    ended: bool = False


def write_text(path: Path, text: str) -> None:
    """Writes a file whole or not at all."""
    temporary = path.with_name(f".{path.name}.tmp")
    temporary.write_text(text, encoding="utf-8")
    os.replace(temporary, path)


def write_tensors(path: Path, tensors: Mapping[str, Tensor]) -> None:
    """Writes a safetensors file whole or not at all."""
    temporary = path.with_name(f".{path.name}.tmp")
    # Not save_file, whose files only their owner may read.
    temporary.write_bytes(save({name: value.detach().cpu().contiguous() for name, value in tensors.items()}))
    os.replace(temporary, path)


def save_last(run: Path, parts: Parts, progress: Progress) -> None:
    """Writes what a training goes on from."""
    tensors: dict[str, Tensor] = {}
    for name, part in parts.items():
        values = _moments(part) if isinstance(part, torch.optim.Optimizer) else part.state_dict()
        tensors |= {f"{name}.{key}": value for key, value in values.items()}
    write_tensors(run / _LAST, tensors)
    write_text(run / _PROGRESS, progress.model_dump_json() + "\n")


def load_last(run: Path, parts: Parts) -> Progress:
    """Fills the parts with what `save_last` wrote; a new Progress where nothing was.

    Raises:
        UsageError: the files are damaged, or of another network.
    """
    if not (run / _PROGRESS).is_file():
        return Progress()
    try:
        progress = Progress.model_validate_json((run / _PROGRESS).read_bytes())
        tensors = load_file(run / _LAST)
        for name, part in parts.items():
            own = {key.removeprefix(f"{name}."): value for key, value in tensors.items() if key.startswith(f"{name}.")}
            if isinstance(part, torch.optim.Optimizer):
                _set_moments(part, own)
            else:
                part.load_state_dict(own)
    except (OSError, SafetensorError, ValidationError, RuntimeError, KeyError) as error:
        raise UsageError(
            f"{run} cannot be gone on with ({type(error).__name__}): train into another folder."
        ) from error
    return progress


def digest_of(path: Path) -> str:
    """The beginning of a file's sha256."""
    return hashlib.sha256(path.read_bytes()).hexdigest()[:8]


def write_log(path: Path, lines: Iterable[Mapping[str, Any]]) -> None:
    """A line of JSON for each epoch."""
    write_text(path, "".join(json.dumps(line) + "\n" for line in lines))


def read_log(path: Path, epochs: int) -> list[dict[str, Any]]:
    """The first lines of a log, as many as there are epochs to go on from."""
    if not path.is_file():
        return []
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()[:epochs]]


def _moments(optimizer: torch.optim.Optimizer) -> dict[str, Tensor]:
    state = optimizer.state_dict()["state"]
    return {f"{at}.{key}": torch.as_tensor(value) for at, each in state.items() for key, value in each.items()}


def _set_moments(optimizer: torch.optim.Optimizer, tensors: Mapping[str, Tensor]) -> None:
    state: dict[int, dict[str, Tensor]] = {}
    for name, value in tensors.items():
        at, key = name.split(".", 1)
        state.setdefault(int(at), {})[key] = value
    optimizer.load_state_dict({"state": state, "param_groups": optimizer.state_dict()["param_groups"]})

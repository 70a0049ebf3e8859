"""Generators by name, or by the folder of a run that trained one."""

import json
from pathlib import Path

from facecues.errors import UsageError
from facecues.models.cue_generator.baselines import Still
from facecues.models.cue_generator.contracts import GENERATOR, CueGenerator
from facecues.models.cue_generator.retrieval import Retrieval

_ALLOWED = f"give `still`, or the folder of a run of `facecues train cues`, with {GENERATOR} in it"


def open_generator(name_or_run: str, device: str = "cpu") -> CueGenerator:
    """A generator of cues.

    Args:
        name_or_run: `still`, or a folder whose generator.json names its kind: `retrieval` or `network`.
        device: what a network runs on.

    Raises:
        UsageError: neither of them, or a folder that does not hold what it should.
        BackendUnavailableError: a package that it needs is not installed, or there is no such device.
    """
    if name_or_run == Still.name:
        return Still()
    folder = Path(name_or_run)
    if not folder.is_dir():
        raise UsageError(f"There is no generator {name_or_run!r}: {_ALLOWED}.")
    match kind := kind_of(folder):
        case "retrieval":
            return Retrieval.load(folder)
        case "network":
            from facecues.models.cue_generator.generator import load

            return load(folder, device)
    raise UsageError(f"{folder / GENERATOR} is of the kind {kind!r}, and there are network and retrieval: {_ALLOWED}.")


def kind_of(folder: Path) -> object:
    """What generator.json names; None where it names nothing. Raises UsageError where it does not read."""
    try:
        described = json.loads((folder / GENERATOR).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise UsageError(f"{folder} holds no generator that can be read ({error}): {_ALLOWED}.") from error
    return described.get("kind") if isinstance(described, dict) else None

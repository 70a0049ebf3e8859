"""Where weights lie on this machine, and whether a file is the one declared."""

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import platformdirs

from facecues.weights.kinds import Archive, Weight, Wheel

# https://github.com/git-lfs/git-lfs/blob/main/docs/spec.md: every pointer file begins so.
_LFS_POINTER = b"version https://git-lfs.github.com/spec/"


class Inspection(NamedTuple):
    """What a file turned out to be."""

    sha256: str
    fault: str | None  # why it is not the weight, as the end of a sentence that begins with the file


def seeded_folders() -> list[Path]:
    """The folders that the user names in FACECUES_WEIGHTS, in order; searched before anything else."""
    named = os.environ.get("FACECUES_WEIGHTS", "").split(os.pathsep)
    return [Path(folder).expanduser() for folder in named if folder]


def cache_dir() -> Path:
    """The folder that downloads land in: `weights` in FACECUES_CACHE, or in the user's cache directory."""
    root = os.environ.get("FACECUES_CACHE") or platformdirs.user_cache_dir("facecues", appauthor=False)
    return Path(root).expanduser() / "weights"


def seeded_file(weight: Weight) -> Path | None:
    """The first file of the weight's name in the seeded folders."""
    return next((f / weight.file_name for f in seeded_folders() if (f / weight.file_name).is_file()), None)


def seeded_archives(archive: Archive) -> Iterator[Path]:
    """Archives of that version in the seeded folders. Wheels of any platform will do: their members are checked."""
    suffix = "-*.whl" if isinstance(archive, Wheel) else ".tar.gz"
    for folder in seeded_folders():
        yield from sorted(folder.glob(archive.requirement.replace("==", "-") + suffix))


def inspect(weight: Weight, path: Path) -> Inspection:
    """Hashes a file and compares it with the declaration."""
    with path.open("rb") as stream:
        pointer = stream.read(len(_LFS_POINTER)) == _LFS_POINTER
        stream.seek(0)
        found = hashlib.file_digest(stream, "sha256").hexdigest()
    if pointer:
        return Inspection(found, "is a Git LFS pointer of a few lines, not the file itself (`git lfs pull`)")
    if not found.startswith(weight.sha256):
        begins = "" if len(weight.sha256) == len(found) else "one that begins with "
        return Inspection(found, f"has sha256 {found}, expected {begins}{weight.sha256}")
    return Inspection(found, None)

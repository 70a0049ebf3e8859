"""What runs in a worker process: one clip extracted, or one group merged."""

import hashlib
import platform
import socket
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import pyarrow as pa

from facecues.config import ExtractConfig
from facecues.errors import ClipError, FacecuesError, sentence_of
from facecues.pipelines.atomic import replacing
from facecues.pipelines.frames import FrameWriter, merge_into
from facecues.pipelines.ledger import encode
from facecues.pipelines.plan import ClipJob
from facecues.pipelines.rows import Row, extracted_row, failed_row
from facecues.pipelines.store import staged_file
from facecues.pipelines.watchdog import has_fired, watchdog
from facecues.preprocess.contracts import ClipExtractor
from facecues.preprocess.watch import content_hash
from facecues.reasons import ClipReason
from facecues.schema import FRAME_SCHEMA

Build = Callable[[ExtractConfig], ClipExtractor]

_PACKAGES = ("facecues", "ai-edge-litert", "av", "dask", "numpy", "opencv-python-headless", "pyarrow", "scipy")

# The extractor looks at the clock between frames; the watchdog is for what never comes back to it.
GRACE, GRACE_S = 0.1, 2.0

# faulthandler's clock and the extractor serve one clip at a time, however many threads a worker has.
_ONE_CLIP = threading.Lock()


@dataclass(frozen=True, slots=True)
class MergeJob:
    """A group whose clips have all ended: content keys of staged frames by clip id, and clips to drop."""

    group: str
    staged: dict[str, str]
    dropped: frozenset[str]


@dataclass(frozen=True, slots=True)
class Identity:
    """Who extracts: what the header of a store says about it."""

    signature: str
    weights: dict[str, str]  # sha256 by name
    packages: dict[str, str]  # version by name


@dataclass(frozen=True, slots=True)
class Workplace:
    """What all jobs of a run have in common. Paths are absolute, the same on every worker."""

    root: Path
    frames: Path
    staging: Path
    build: Build
    config: ExtractConfig
    signature: str


def identify(build: Build, config: ExtractConfig) -> Identity:
    """Loads the extractor, as every worker will, and says who it is.

    Raises:
        FacecuesError: a backend or a weight file is missing here.
    """
    extractor = _extractor(build, config)
    packages = {name: version(name) for name in _PACKAGES} | {"python": platform.python_version()}
    with suppress(PackageNotFoundError):  # as installed, not as loaded: a worker may have had other work before
        packages["torch"] = version("torch")
    return Identity(extractor.signature, dict(extractor.weights), packages)


def perform(workplace: Workplace, job: ClipJob | MergeJob) -> Row | None:
    """Does a job.

    Returns:
        The clip's row; None for a clip whose frames are in the store already, and for a merge.

    Raises:
        StoreError: the store cannot be written.
        FacecuesError: the extractor cannot be had here, or is not the run's.
    """
    if isinstance(job, MergeJob):
        staged = {clip: (key, staged_file(workplace.staging, clip, key)) for clip, key in job.staged.items()}
        merge_into(workplace.frames / job.group, staged, job.dropped)
        return None
    with _ONE_CLIP:
        return _extract_guarded(workplace, job)


def _extract_guarded(workplace: Workplace, job: ClipJob) -> Row | None:
    """Turns whatever a clip does, short of the death of this process, into its row."""
    extractor = _extractor(workplace.build, workplace.config)
    if extractor.signature != workplace.signature:
        raise FacecuesError(
            f"The extractor on {socket.gethostname()} is {extractor.signature!r}, and the run began with "
            f"{workplace.signature!r}: see to it that all workers have the same facecues and the same weights."
        )
    limit_s = workplace.config.limits.clip_timeout_s
    marker = job_marker(workplace.staging, job.clip.clip_id)
    started = time.perf_counter()
    try:
        if has_fired(marker):
            raise ClipError(ClipReason.TIMEOUT, f"no end and no sign of life in {limit_s:g} s")
        with watchdog(marker, limit_s * (1 + GRACE) + GRACE_S):
            return _extract(workplace, job, extractor, started)
    except ClipError as error:
        reason, message = error.reason, error.message
    except FacecuesError:
        raise
    except Exception as error:  # noqa: BLE001 - the isolation boundary: one clip's fault stays its own
        reason, message = ClipReason.INTERNAL_ERROR, sentence_of(error)
    return failed_row(job.clip, reason, message, workplace.signature, time.perf_counter() - started)


def _extract(workplace: Workplace, job: ClipJob, extractor: ClipExtractor, started: float) -> Row | None:
    clip = job.clip
    video = workplace.root / clip.video
    key = _content_key(video, workplace.signature)
    if key == job.known_key:
        return None
    target = staged_file(workplace.staging, clip.clip_id, key)
    with replacing(target) as temporary, FrameWriter(temporary) as writer:

        def sink(batch: pa.RecordBatch) -> None:
            clip_ids = pa.repeat(clip.clip_id, batch.num_rows)
            writer.write(pa.RecordBatch.from_arrays([clip_ids, *batch.columns], schema=FRAME_SCHEMA))

        report = extractor(video, workplace.root / clip.audio if clip.audio else None, sink)
    row = extracted_row(clip, report, workplace.signature, key, time.perf_counter() - started)
    encode(row)  # a value that the ledger cannot hold has to fail here, where it costs this clip alone
    return row


def _content_key(video: Path, signature: str) -> str:
    """sha256 over the sha256 of the video's bytes and the signature."""
    return hashlib.sha256(f"{content_hash(video)} {signature}".encode()).hexdigest()


def job_marker(folder: Path, name: str) -> Path:
    """The watchdog's file for a job."""
    return folder / (hashlib.sha256(name.encode()).hexdigest() + ".hung")


@lru_cache(maxsize=1)
def _extractor(build: Build, config: ExtractConfig) -> ClipExtractor:
    """Models load once per worker."""
    return build(config)

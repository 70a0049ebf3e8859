"""What a run has to do: the index held against the rows of the store."""

from collections.abc import Container, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import pyarrow as pa

from facecues.pipelines.rows import look_up
from facecues.pipelines.store import group_of
from facecues.preprocess.layouts import Clip
from facecues.reasons import Status


@dataclass(frozen=True, slots=True)
class ClipJob:
    """One clip to extract, unless its bytes give `known_key`: then its frames are in the store already."""

    clip: Clip
    group: str
    known_key: str | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """What a run has to do.

    Attributes:
        jobs: clips to look at, group by group.
        refused: clips that the index found unfit, and whose row does not say so yet.
        settled: how many clips need nothing.
    """

    jobs: list[ClipJob]
    refused: list[Clip]
    settled: int


class _Known(NamedTuple):
    """What the store knows of a clip; all None where it knows nothing."""

    status: str | None
    reason: str | None
    message: str | None
    video: str | None
    audio: str | None
    content_key: str | None
    size: int | None
    mtime_ns: int | None
    ctime_ns: int | None


def make_plan(clips: Sequence[Clip], rows: pa.Table, groups: Container[str], *, verify_content: bool) -> Plan:
    """Finds the clips that are not finished.

    A clip is finished when its frames are in the store, made from the bytes that the video has now and with
    the sound file that it has now. Bytes are taken to be unchanged when size, modification time and change
    time are; where one of them differs, or with `verify_content`, the job reads the video to find out.

    Args:
        clips: of the index.
        rows: that hold now, as ROW_SCHEMA.
        groups: that have a file, or frames waiting for one.
        verify_content: trust no directory entry.
    """
    jobs, refused = [], []
    for clip, known in zip(clips, _known(clips, rows), strict=True):
        if clip.problem is not None:
            if (known.status, known.reason, known.message) != (Status.FAILED, clip.problem, clip.message):
                refused.append(clip)
            continue
        group = group_of(clip)
        usable = known.status in (Status.OK, Status.PARTIAL) and group in groups and _same_sound(clip, known)
        untouched = (known.size, known.mtime_ns, known.ctime_ns) == (clip.size, clip.mtime_ns, clip.ctime_ns)
        if not usable or not untouched or verify_content:
            jobs.append(ClipJob(clip, group, known.content_key if usable else None))
    jobs.sort(key=lambda job: job.group)  # stable: by clip_id within a group
    return Plan(jobs, refused, len(clips) - len(jobs) - len(refused))


def _known(clips: Sequence[Clip], rows: pa.Table) -> Iterator[_Known]:
    found = look_up(rows, pa.array((clip.clip_id for clip in clips), pa.string()))
    return map(_Known._make, zip(*(found[name].to_pylist() for name in _Known._fields), strict=True))


def _same_sound(clip: Clip, known: _Known) -> bool:
    """The sound does not shape the cues, but three columns speak of it."""
    return known.audio == clip.audio if clip.audio else known.audio in (None, known.video)

"""Finished videos of a method: which belongs to which clip, by the pattern that methods.yaml declares."""

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from facecues.errors import ClipError, UsageError
from facecues.pipelines.methods.config import Declared
from facecues.pipelines.methods.inputs import label_values
from facecues.pipelines.methods.patterns import LABELS, find, fixed_part, names_in
from facecues.pipelines.pairing import MethodPairs
from facecues.preprocess.index import Index
from facecues.preprocess.layouts import Clip
from facecues.reasons import ClipReason


@dataclass(frozen=True, slots=True)
class Finished:
    """What is there of a method.

    Attributes:
        videos: absolute path by clip id, in the order of the clips.
        several: where a pattern with wildcards finds more than one file for a clip: all of them, none of which counts.
        missing: ids of the clips that have none.
    """

    videos: Mapping[str, Path]
    several: Mapping[str, tuple[Path, ...]]
    missing: tuple[str, ...]


def finished_videos(declared: Declared, clips: Iterable[Clip]) -> Finished:
    """Looks for a method's video of each clip. No video is opened.

    Args:
        declared: a method with `videos`.
        clips: of the reference. One that lacks a label of the pattern, or whose emotion the method does not know, has
            no video.

    Raises:
        UsageError: the method is declared to be run.
    """
    pattern = declared.method.videos
    if pattern is None:
        raise UsageError(
            f"Method {declared.key!r} is declared with `run`: make its videos with "
            f"`facecues generate {declared.named} STORE --out DIR`, and evaluate DIR."
        )
    needed = names_in(pattern, LABELS)
    found: dict[str, list[Path]] = {}
    for clip in clips:
        try:
            values = label_values(clip, declared, emotion=clip.emotion, level=clip.level)
        except ClipError:
            values = {}
        found[clip.clip_id] = find(pattern, values, declared.folder) if needed <= values.keys() else []
    return Finished(
        videos={clip_id: files[0] for clip_id, files in found.items() if len(files) == 1},
        several={clip_id: tuple(files) for clip_id, files in found.items() if len(files) > 1},
        missing=tuple(clip_id for clip_id, files in found.items() if not files),
    )


def pair_finished(reference: Index, declared: Declared) -> MethodPairs:
    """A method's finished videos, held against the reference, as `pairing.pair` does it for folders.

    Raises:
        UsageError: the method is declared to be run, or not one of its videos is there.
    """
    finished = finished_videos(declared, reference.clips)
    pattern = declared.method.videos
    assert pattern is not None
    if not finished.videos and not finished.several:
        raise UsageError(
            f"Method {declared.key!r} has no video of the {len(reference.clips)} clips of the reference: "
            f"{pattern} finds none below {declared.folder}, not for {reference.clips[0].clip_id} either."
        )
    root = fixed_part(pattern, declared.folder)
    paired = {}
    for clip in reference.clips:
        if clip.clip_id in finished.videos:
            paired[clip.clip_id] = _clip(clip, finished.videos[clip.clip_id], root)
        elif clip.clip_id in finished.several:
            files = finished.several[clip.clip_id]
            names = ", ".join(file.name for file in files)
            message = f"{len(files)} files fit the pattern, none is taken: {names}"
            paired[clip.clip_id] = replace(_clip(clip, files[0], root), problem=ClipReason.DUPLICATE, message=message)
    index = Index(root, reference.layout, tuple(paired.values()), ())
    return MethodPairs(index, paired, finished.missing, extra=())


def _clip(clip: Clip, video: Path, root: Path) -> Clip:
    """The method's side of a clip: its labels, another file."""
    entry = video.stat()
    problem = (ClipReason.EMPTY_FILE, "the file has no bytes") if entry.st_size == 0 else (None, None)
    return replace(
        clip,
        video=Path(os.path.relpath(video, root)).as_posix(),
        audio=None,
        problem=problem[0],
        message=problem[1],
        size=entry.st_size,
        mtime_ns=entry.st_mtime_ns,
        ctime_ns=entry.st_ctime_ns,
    )

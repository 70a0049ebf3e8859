"""What a dataset folder holds: every clip, and everything that is odd about it. No video is opened."""

import os
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from itertools import groupby
from operator import attrgetter
from pathlib import Path

from facecues.errors import UsageError
from facecues.plugins import choices, unknown
from facecues.preprocess.layouts import LAYOUTS, Clip, Reading, layout_identity, make_layout, read_folder
from facecues.preprocess.oddities import find_oddities
from facecues.preprocess.walk import (
    AUDIO_SUFFIXES,
    VIDEO_SUFFIXES,
    MediaFile,
    Oddity,
    OddityKind,
    Tree,
    printable,
    walk,
)
from facecues.reasons import ClipReason

__all__ = ["LAYOUTS", "Index", "Oddity", "OddityKind", "build_index"]


@dataclass(frozen=True, slots=True)
class Index:
    """The clips of one dataset folder.

    Attributes:
        root: absolute.
        layout: one of `LAYOUTS`, or a plugin's with its distribution: "ravdess@ravdess-layout==1.0".
        clips: sorted by clip_id, which is unique; those with a `problem` are not to be extracted.
        oddities: remarks, by kind, the broadest places first.
        fits: videos whose name fits, per layout tried: one when it was named, all when it was found out.
    """

    root: Path
    layout: str
    clips: tuple[Clip, ...]
    oddities: tuple[Oddity, ...]
    fits: Mapping[str, int] = field(default_factory=dict)

    @property
    def of_mead(self) -> bool:
        """Whether MEAD's counts mean anything to these clips."""
        return self.layout in LAYOUTS


def build_index(root: Path, layout: str | None = None) -> Index:
    """Lists a dataset's clips.

    Nothing is dropped in silence: a name that does not fit, an empty file or a link that leaves the root
    becomes a clip with a `problem`. Several files that claim one clip id become one clip with the problem
    DUPLICATE, and none of them is taken. Of several audio files of one clip the suffix that comes first in
    `AUDIO_SUFFIXES` is taken; when two of them have it, none is. An empty audio file counts as none.

    Args:
        root: the dataset, or for `mead` also one actor's folder or a folder in it.
        layout: one of `LAYOUTS`, or a plugin; None: `mead` or `flat`, whichever fits more videos, when that is at
            least half of them, else `folder`.

    Raises:
        UsageError: no such folder, no video in it, an unknown layout, or one that fits not a single video.
        BackendUnavailableError: a plugin that cannot be imported.
    """
    if layout is not None and unknown("layouts", [layout]):
        raise UsageError(f"Unknown layout {layout!r}; use one of {choices('layouts')}, or none to find out.")
    root = Path(os.path.abspath(root))
    shown = printable(str(root))
    tree = _walk_root(root, shown)
    readings = {name: _read_all(tree.videos, root, name) for name in ([layout] if layout else LAYOUTS)}
    fits = {name: sum(isinstance(reading, Reading) for reading in of) for name, of in readings.items()}
    chosen = layout or _best_layout(fits, len(tree.videos))
    if not fits[chosen]:
        raise UsageError(
            f"Layout {chosen!r} fits none of the {len(tree.videos)} videos in {shown}, such as "
            f"{tree.videos[0].path}: {str(readings[chosen][0]).removesuffix('.')}. "
            f"Name another one of {choices('layouts')}, or none to find out."
        )
    sounds, oddities = _index_sounds(tree.audios, root, chosen)
    clips = _merge_duplicates(
        _make_clip(video, reading, sounds) for video, reading in zip(tree.videos, readings[chosen], strict=True)
    )
    oddities += find_oddities(clips, sounds, tree, of_mead=chosen in LAYOUTS)
    kinds = list(OddityKind)
    oddities.sort(key=lambda oddity: (kinds.index(oddity.kind), oddity.where.count("/"), oddity.where))
    return Index(root, layout_identity(chosen), clips, tuple(oddities), fits)


def _walk_root(root: Path, shown: str) -> Tree:
    if not os.path.lexists(root):
        raise UsageError(f"No such folder: {shown}.")
    if not os.path.isdir(root):
        raise UsageError(f"Expected a dataset folder, but {shown} is not a folder.")
    try:
        tree = walk(str(root))
    except OSError as error:
        raise UsageError(f"The folder {shown} cannot be listed: {error.strerror}.") from error
    if tree.videos:
        return tree
    if tree.archives:
        hint = f"; it holds {len(tree.archives)} archives such as {tree.archives[0]}: extract them first"
    elif any(oddity.kind is OddityKind.OUTSIDE_ROOT for oddity in tree.oddities):
        hint = "; it holds links that leave it, which are not followed: index their targets"
    else:
        hint = f" (looked for {' '.join(VIDEO_SUFFIXES)})"
    raise UsageError(f"No video in {shown}{hint}.")


def _read_all(files: list[MediaFile], root: Path, layout: str) -> list[Reading | str]:
    """One reading per file, or the reason why its name does not fit."""
    read = make_layout(layout, root)
    return [
        file.message or "" if file.problem is ClipReason.UNPARSED else read(file.folder, file.stem) for file in files
    ]


def _best_layout(fits: Mapping[str, int], videos: int) -> str:
    best = "flat" if fits["flat"] > fits["mead"] else "mead"
    return best if 2 * fits[best] >= videos else "folder"


def _index_sounds(audios: list[MediaFile], root: Path, layout: str) -> tuple[dict[str, str], list[Oddity]]:
    """Path of the audio file per clip id (with the view "unknown" where the path has none)."""
    candidates: dict[str, list[MediaFile]] = defaultdict(list)
    oddities: list[Oddity] = []
    for file, reading in zip(audios, _read_all(audios, root, layout), strict=True):
        if isinstance(reading, str):
            oddities.append(Oddity(OddityKind.UNPARSED, file.path, reading))
        elif file.problem is not None:
            oddities.append(Oddity(OddityKind(file.problem), file.path, f"{file.message}; taken as missing"))
        else:
            candidates[reading.clip_id].append(file)
    sounds = {}
    for clip_id, files in candidates.items():
        best = min(map(_preference, files))
        preferred = [file.path for file in files if _preference(file) == best]
        if len(preferred) == 1:
            sounds[clip_id] = preferred[0]
        else:
            sentence = f"{len(preferred)} audio files, none is taken: {', '.join(sorted(preferred))}"
            oddities.append(Oddity(OddityKind.DUPLICATE, clip_id, sentence))
    return sounds, oddities


def _preference(audio: MediaFile) -> int:
    return AUDIO_SUFFIXES.index(audio.suffix.lower())


def _make_clip(video: MediaFile, reading: Reading | str, sounds: Mapping[str, str]) -> Clip:
    problem, message = video.problem, video.message
    if isinstance(reading, str):
        problem, message = ClipReason.UNPARSED, reading
        reading = read_folder(video.folder, video.stem)
    return Clip(
        clip_id=reading.clip_id,
        video=video.path,
        audio=sounds.get(reading.clip_id) or sounds.get(reading.sound_id),
        actor=reading.actor,
        gender=reading.gender,
        view=reading.view,
        emotion=reading.emotion,
        level=reading.level,
        number=reading.number,
        problem=problem,
        message=message,
        size=video.size,
        mtime_ns=video.mtime_ns,
        ctime_ns=video.ctime_ns,
    )


def _merge_duplicates(clips: Iterable[Clip]) -> tuple[Clip, ...]:
    """Sorted clips with unique ids; of several files with one id none is taken."""
    ordered = sorted(clips, key=attrgetter("clip_id", "video"))
    return tuple(_only(list(same)) for _, same in groupby(ordered, key=attrgetter("clip_id")))


def _only(claims: list[Clip]) -> Clip:
    if len(claims) == 1:
        return claims[0]
    videos = ", ".join(claim.video for claim in claims)
    message = f"{len(claims)} files claim this clip id, none is taken: {videos}"
    return replace(claims[0], problem=ClipReason.DUPLICATE, message=message)

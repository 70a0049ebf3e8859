"""What an evaluation has to look at: one job per clip of the reference, with all methods' videos of it."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from facecues.errors import ClipError, UsageError
from facecues.metrics.floors import FLOORS, REFERENCE, Floor
from facecues.pipelines.pairing import Pairing
from facecues.pipelines.store import group_of
from facecues.preprocess.index import Index
from facecues.preprocess.layouts import Clip

Kind = Literal["file", "still", "re-encoded", "other-backend"]


@dataclass(frozen=True, slots=True)
class Stored:
    """Where a clip's cues are.

    Attributes:
        file: of a cue store's frames.
        clip_id: in that store.
    """

    file: Path
    clip_id: str


@dataclass(frozen=True, slots=True)
class Video:
    """One side of a comparison.

    Attributes:
        method: its row in tables.
        path: the file; the reference's for `still`, `re-encoded` and `other-backend`, which are made from it. Of cues
            of a store, the video that they belong to, which nobody opens but for its sound.
        sounds: where to look for its sound, the best place first.
        kind: what is done with the file before it is compared.
        stored: its cues, where they come from a store; None where the video is watched.
    """

    method: str
    path: Path
    sounds: tuple[Path, ...]
    kind: Kind = "file"
    stored: Stored | None = None


@dataclass(frozen=True, slots=True)
class ClipJob:
    """A clip of the reference and what is held against it.

    Attributes:
        clip_id, actor, emotion: of the reference.
        reference: the real video; None where the index found it unfit, and `problem` says why.
        videos: of the methods that have the clip, and of the floors.
        level: of the emotion, of the reference.
        problems: why a video cannot be used, the reference's or a method's, by method, as the index found.
    """

    clip_id: str
    actor: str | None
    emotion: str | None
    reference: Video | None
    videos: tuple[Video, ...]
    problems: Mapping[str, ClipError]
    level: int | None = None

    def alone(self, video: Video) -> "ClipJob":
        """The same with one video only."""
        return replace(self, videos=(video,))

    def without(self, floor: Floor) -> "ClipJob":
        """The same without a row that cannot be had."""
        return replace(self, videos=tuple(video for video in self.videos if video.method != floor))


def make_jobs(pairing: Pairing, floors: tuple[Floor, ...]) -> list[ClipJob]:
    """One job per clip of the reference, in its order.

    Raises:
        UsageError: a method has the name of a row that is always there.
    """
    taken = sorted(pairing.sides.keys() & {REFERENCE, *FLOORS})
    if taken:
        raise UsageError(f"A method cannot be called {', '.join(taken)}: that row is always there; take another name.")
    takes = _other_takes(pairing.reference.clips) if "other-take" in floors else {}
    return [_job(pairing, clip, floors, takes.get(clip.clip_id)) for clip in pairing.reference.clips]


def _job(pairing: Pairing, clip: Clip, floors: tuple[Floor, ...], other: Clip | None) -> ClipJob:
    problems = {}
    if clip.problem is not None:
        problems[REFERENCE] = ClipError(clip.problem, clip.message or clip.video)
    real = _of_reference(REFERENCE, pairing, clip)
    videos = []
    for name, pairs in pairing.methods.items():
        own = pairs.paired.get(clip.clip_id)
        if own is None:
            continue
        if own.problem is not None:
            problems[name] = ClipError(own.problem, own.message or own.video)
            continue
        video = Video(name, pairs.index.root / own.video, pairing.sounds(name, clip))
        if pairing.stores is not None:
            video = replace(video, path=real.path, stored=_stored(pairs.index, own))
        videos.append(video)
    made: tuple[Kind, ...] = ("re-encoded", "still", "other-backend")
    videos += [replace(real, method=kind, kind=kind) for kind in made if kind in floors]
    if other is not None:
        videos.append(_of_reference("other-take", pairing, other))
    reference = None if clip.problem is not None else real
    return ClipJob(clip.clip_id, clip.actor, clip.emotion, reference, tuple(videos), problems, clip.level)


def _of_reference(method: str, pairing: Pairing, clip: Clip) -> Video:
    index, stores = pairing.reference, pairing.stores
    if stores is None:
        return Video(method, index.root / clip.video, _sounds(index.root, clip))
    return Video(method, (stores.data or index.root) / clip.video, stores.sounds(clip), stored=_stored(index, clip))


def _stored(index: Index, clip: Clip) -> Stored:
    return Stored(index.root / "frames" / group_of(clip), clip.clip_id)


def _sounds(root: Path, clip: Clip) -> tuple[Path, ...]:
    return tuple(root / path for path in (clip.audio, clip.video) if path is not None)


def _other_takes(clips: tuple[Clip, ...] | list[Clip]) -> dict[str, Clip]:
    """For each clip the next one of the same actor and emotion, at the same level and view where there is one."""
    alike: dict[tuple[object, ...], list[Clip]] = defaultdict(list)
    for clip in clips:
        if clip.problem is None and clip.actor is not None and clip.emotion is not None:
            alike[clip.actor, clip.emotion, clip.view, clip.level].append(clip)
            alike[clip.actor, clip.emotion].append(clip)
    found = {}
    for key in sorted(alike, key=len):  # the closer likeness last, so that it counts
        group = sorted(alike[key], key=lambda clip: clip.clip_id)
        for clip, other in zip(group, group[1:] + group[:1], strict=True):
            if other is not clip:
                found[clip.clip_id] = other
    return found

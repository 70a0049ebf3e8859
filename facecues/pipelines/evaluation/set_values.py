"""Metrics of whole sets, from what the memory keeps of their clips."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Final

import numpy as np

from facecues.metrics.contracts import CueTrack, Float32
from facecues.metrics.cue_sets import Tracks, cohesion, gaze_and_pose
from facecues.metrics.emotion import video_probabilities
from facecues.metrics.floors import FLOORS, REFERENCE
from facecues.metrics.sets import ClipOfSet, SetValue, emotion_values, frechet_and_kernel
from facecues.pipelines.evaluation.jobs import ClipJob, Video
from facecues.pipelines.evaluation.kept import Tools, Watching, load_features, load_track
from facecues.pipelines.evaluation.work import Identity, Workplace, tools_of
from facecues.pipelines.rows import Row

# As a set, other takes are the reference itself in another order.
_NO_SETS: Final = (REFERENCE, "other-take")
EMOTION_COLUMNS: Final = ["method", "clip_id", "classifier", "intended", "seen", "probability", "frames"]


@dataclass(frozen=True, slots=True)
class SetsOfMethod:
    """Values of one method, and what each classifier sees in each of its videos: rows of emotions.parquet."""

    values: list[SetValue]
    emotions: list[Row]


@dataclass(frozen=True, slots=True)
class SetsJob:
    """What the set metrics of one method are made from.

    Attributes:
        method: or floor, or the reference.
        sides: what its videos are called in the jobs: as itself, or a name for each seed.
        jobs: of the run.
        content: of the videos that could be watched, by side and clip.
    """

    method: str
    sides: tuple[str, ...]
    jobs: Sequence[ClipJob]
    content: Mapping[tuple[str, str], str]


def set_jobs(
    jobs: Sequence[ClipJob], videos: Sequence[Row], sides: Mapping[str, tuple[str, ...]] = MappingProxyType({})
) -> list[SetsJob]:
    """One for each method, floor and the reference, in the order of tables.

    Args:
        jobs: of the run.
        videos: rows of videos.parquet.
        sides: names in the jobs of the methods that have several.
    """
    content: dict[tuple[str, str], str] = {
        (row["method"], row["clip_id"]): row["content"] for row in videos if row["status"] != "failed"
    }
    method_of = {side: method for method, several in sides.items() for side in several}
    present: dict[str, None] = dict.fromkeys(method_of.get(side, side) for side, _ in content)
    methods = [name for name in present if name not in FLOORS] + [name for name in FLOORS if name in present]
    named = {name: sides.get(name, (name,)) for name in methods}
    return [
        SetsJob(name, several, jobs, {key: each for key, each in content.items() if key[0] in (*several, REFERENCE)})
        for name, several in named.items()
    ]


def perform_sets(workplace: Workplace, identity: Identity, job: SetsJob) -> SetsOfMethod:
    """All set metrics of one method; runs in a worker."""
    kept = _Kept(job, tools_of(workplace))
    values = _of_cues(job.method, kept, workplace, identity)
    if job.method not in _NO_SETS:
        values += _of_pictures(job.method, kept, workplace, identity)
    emotions: list[Row] = []
    if job.method != "other-backend":
        for name, classes in identity.classes.items():
            measured, _ = emotion_values(
                name,
                f"{identity.networks[name]},{identity.seen[name]}",
                classes,
                videos=kept.labelled(job.method, name),
                real=kept.labelled(REFERENCE, name),
                missing=workplace.config.protocol.missing,
            )
            seeds, expected = len(job.sides), len(job.jobs)
            values += [replace(one, n_clips=one.n_frames // seeds, n_expected=expected) for one in measured]
            emotions += kept.emotion_rows(job.method, name, classes)
    return SetsOfMethod(values, emotions)


def _of_cues(method: str, kept: "_Kept", workplace: Workplace, identity: Identity) -> list[SetValue]:
    """Of the reference itself, what describes how its cues go together."""
    config, by = workplace.config, identity.cues.replace("|", ",")
    clips, tracks = kept.clips(method), kept.tracks(method)
    if method == REFERENCE:
        together = cohesion(clips, tracks, by=by, resamples=config.set_resamples, seed=config.seed)
        return kept.counted([one for one in together if one.info.better is None], clips)
    if method in _NO_SETS:
        return []
    found = gaze_and_pose(clips, tracks, by=by, resamples=config.set_resamples, seed=config.seed)
    found += cohesion(clips, tracks, by=by, resamples=config.set_resamples, seed=config.seed)
    return kept.counted(found, clips)


def _of_pictures(method: str, kept: "_Kept", workplace: Workplace, identity: Identity) -> list[SetValue]:
    config, clips = workplace.config, kept.clips(method)
    found: list[SetValue] = []
    for network in ("inception", "alexnet"):
        if network in identity.networks and method != "other-backend" and clips:
            signature = f"{identity.networks[network]},pic:{config.protocol.pictures.signature}"
            load = kept.features(method, network)
            found += frechet_and_kernel(
                network, signature, clips, load, resamples=config.set_resamples, seed=config.seed
            )
    return kept.counted(found, clips)


_Features = Callable[[ClipOfSet], tuple[Float32, Float32]]


class _Kept:
    """Reads the memory, one clip of one method at a time."""

    def __init__(self, job: SetsJob, tools: Tools) -> None:
        self.jobs = {one.clip_id: one for one in job.jobs}
        self._method, self._names = job.method, job.sides
        self._content = job.content
        self._tools = tools
        self._video: dict[tuple[str, str], Video] = {}
        for one in job.jobs:
            for video in (*([one.reference] if one.reference else []), *one.videos):
                if {(video.method, one.clip_id), (REFERENCE, one.clip_id)} <= job.content.keys():
                    self._video[video.method, one.clip_id] = video

    def counted(self, values: Sequence[SetValue], clips: Sequence[ClipOfSet]) -> list[SetValue]:
        """The same values, with what they were made of."""
        actors = len({clip.unit for clip in clips})
        return [replace(one, n_clips=len(clips), n_expected=len(self.jobs), n_actors=actors) for one in values]

    def clips(self, method: str) -> list[ClipOfSet]:
        """That the method and the reference both have."""
        return [
            ClipOfSet(clip_id, job.actor, job.emotion)
            for clip_id, job in self.jobs.items()
            if self._sides(method, clip_id)
        ]

    def tracks(self, method: str) -> Tracks:
        return lambda clip: (
            [self._track(side, clip) for side in self._sides(method, clip.clip_id)],
            self._track(REFERENCE, clip),
        )

    def features(self, method: str, network: str) -> _Features:
        return lambda clip: (self._features(method, network, clip), self._features(REFERENCE, network, clip))

    def labelled(self, method: str, classifier: str) -> Iterator[tuple[str, Float32]]:
        """Intended emotion and probabilities of the method's labelled videos."""
        for clip in self.clips(method):
            for side in self._sides(method, clip.clip_id):
                if clip.emotion is not None:
                    yield clip.emotion, self._features(side, classifier, clip)

    def emotion_rows(self, method: str, classifier: str, classes: Sequence[str]) -> Iterator[Row]:
        """One for each clip; for each seed one, where there are several."""
        for clip in self.clips(method):
            for side in self._sides(method, clip.clip_id):
                frames = self._features(side, classifier, clip)
                mean = video_probabilities(frames)
                best = None if mean is None else int(mean.argmax())
                yield {
                    "method": method,
                    "clip_id": clip.clip_id,
                    "classifier": classifier,
                    "intended": clip.emotion,
                    "seen": None if best is None else classes[best],
                    "probability": None if best is None or mean is None else float(mean[best]),
                    "frames": int((~np.isnan(frames).any(axis=1)).sum()),
                }

    def _sides(self, method: str, clip_id: str) -> tuple[str, ...]:
        """Those of a method's names under which there is this clip."""
        names = self._names if method == self._method else (method,)
        return tuple(name for name in names if (name, clip_id) in self._video)

    def _track(self, side: str, clip: ClipOfSet) -> CueTrack:
        return load_track(self._side(side, clip.clip_id), self._side(REFERENCE, clip.clip_id), self._tools)

    def _features(self, side: str, network: str, clip: ClipOfSet) -> Float32:
        return load_features(network, self._side(side, clip.clip_id), self._side(REFERENCE, clip.clip_id), self._tools)

    def _side(self, side: str, clip_id: str) -> Watching:
        return Watching(self._video[side, clip_id], self._content[side, clip_id])

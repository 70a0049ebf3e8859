"""Metrics of whole sets, from what the memory keeps of their clips."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from facecues.metrics.contracts import CueTrack, Float32
from facecues.metrics.emotion import video_probabilities
from facecues.metrics.floors import FLOORS, REFERENCE
from facecues.metrics.sets import ClipOfSet, SetValue, emotion_values, frechet_and_kernel, gaze_and_pose
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
        jobs: of the run.
        content: of the videos that could be watched, by method and clip.
    """

    method: str
    jobs: Sequence[ClipJob]
    content: Mapping[tuple[str, str], str]


def set_jobs(jobs: Sequence[ClipJob], videos: Sequence[Row]) -> list[SetsJob]:
    """One for each method, floor and the reference, in the order of tables.

    Args:
        jobs: of the run.
        videos: rows of videos.parquet.
    """
    content = {(row["method"], row["clip_id"]): row["content"] for row in videos if row["status"] != "failed"}
    present = dict.fromkeys(method for method, _ in content)
    methods = [name for name in present if name not in FLOORS] + [name for name in FLOORS if name in present]
    return [
        SetsJob(name, jobs, {key: value for key, value in content.items() if key[0] in (name, REFERENCE)})
        for name in methods
    ]


def perform_sets(workplace: Workplace, identity: Identity, job: SetsJob) -> SetsOfMethod:
    """All set metrics of one method; runs in a worker."""
    kept = _Kept(job, tools_of(workplace))
    values = [] if job.method in _NO_SETS else _of_method(job.method, kept, workplace, identity)
    emotions: list[Row] = []
    if job.method != "other-backend":
        for name, classes in identity.classes.items():
            measured, _ = emotion_values(
                name,
                f"{identity.networks[name]},pic:{workplace.config.protocol.pictures.signature}",
                classes,
                videos=kept.labelled(job.method, name),
                real=kept.labelled(REFERENCE, name),
                missing=workplace.config.protocol.missing,
            )
            values += [replace(one, n_clips=one.n_frames, n_expected=len(job.jobs)) for one in measured]
            emotions += kept.emotion_rows(job.method, name, classes)
    return SetsOfMethod(values, emotions)


def _of_method(method: str, kept: "_Kept", workplace: Workplace, identity: Identity) -> list[SetValue]:
    config = workplace.config
    clips = kept.clips(method)
    by = identity.cues.replace("|", ",")
    found: list[SetValue] = []
    options = {"resamples": config.set_resamples, "seed": config.seed}
    found += gaze_and_pose(clips, kept.tracks(method), by=by, **options)
    pictures = config.protocol.pictures.signature
    for network in ("inception", "alexnet"):
        if network in identity.networks and method != "other-backend" and clips:
            signature = f"{identity.networks[network]},pic:{pictures}"
            found += frechet_and_kernel(network, signature, clips, kept.features(method, network), **options)
    actors = len({clip.unit for clip in clips})
    return [replace(one, n_clips=len(clips), n_expected=len(kept.jobs), n_actors=actors) for one in found]


_Tracks = Callable[[ClipOfSet], tuple[CueTrack, CueTrack]]
_Features = Callable[[ClipOfSet], tuple[Float32, Float32]]


class _Kept:
    """Reads the memory, one clip of one method at a time."""

    def __init__(self, job: SetsJob, tools: Tools) -> None:
        self.jobs = {one.clip_id: one for one in job.jobs}
        self._content = job.content
        self._tools = tools
        self._video: dict[tuple[str, str], Video] = {}
        for one in job.jobs:
            for video in (*([one.reference] if one.reference else []), *one.videos):
                if {(video.method, one.clip_id), (REFERENCE, one.clip_id)} <= job.content.keys():
                    self._video[video.method, one.clip_id] = video

    def clips(self, method: str) -> list[ClipOfSet]:
        """That the method and the reference both have."""
        return [
            ClipOfSet(clip_id, job.actor, job.emotion)
            for clip_id, job in self.jobs.items()
            if (method, clip_id) in self._video
        ]

    def tracks(self, method: str) -> _Tracks:
        return lambda clip: (self._track(method, clip), self._track(REFERENCE, clip))

    def features(self, method: str, network: str) -> _Features:
        return lambda clip: (self._features(method, network, clip), self._features(REFERENCE, network, clip))

    def labelled(self, method: str, classifier: str) -> Iterator[tuple[str, Float32]]:
        """Intended emotion and probabilities of the method's labelled videos."""
        for clip in self.clips(method):
            if clip.emotion is not None:
                yield clip.emotion, self._features(method, classifier, clip)

    def emotion_rows(self, method: str, classifier: str, classes: Sequence[str]) -> Iterator[Row]:
        for clip in self.clips(method):
            frames = self._features(method, classifier, clip)
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

    def _track(self, method: str, clip: ClipOfSet) -> CueTrack:
        return load_track(self._side(method, clip.clip_id), self._side(REFERENCE, clip.clip_id), self._tools)

    def _features(self, method: str, network: str, clip: ClipOfSet) -> Float32:
        side, reference = (self._side(name, clip.clip_id) for name in (method, REFERENCE))
        return load_features(network, side, reference, self._tools)

    def _side(self, method: str, clip_id: str) -> Watching:
        return Watching(self._video[method, clip_id], self._content[method, clip_id])

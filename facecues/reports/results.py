"""What a report is made of: the tables of one or several evaluations, and what the videos showed."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import pandas as pd

from facecues.metrics.contracts import CueTrack, MetricInfo

Progress = Callable[[str, int, int], None]
"""Called with what is being done, how many parts of it are done, and of how many."""


@dataclass(frozen=True, slots=True)
class Measured:
    """A metric as these runs measured it.

    Attributes:
        info: name, direction, unit.
        signature: everything that changes its numbers; one for all methods.
        of_sets: it is a property of a whole set of clips, and has no score per clip.
        absent: why no value could be had at all, in words; None where there are values.
    """

    info: MetricInfo
    signature: str
    of_sets: bool
    absent: str | None = None


@dataclass(frozen=True, slots=True)
class RunInfo:
    """One evaluation: its folder, and run.json as read."""

    root: Path
    header: Mapping[str, Any]


@dataclass(frozen=True, slots=True, eq=False)
class Results:
    """Evaluations against one reference, joined. Frames have the columns of the files of a run's folder.

    Attributes:
        methods: the users' own, in the order of tables.
        limits: rows that are nobody's method and say what a value means, in the order of tables: the reference
            itself (the ceiling of what has no pair) and the floors of facecues.metrics.floors.
        metrics: all that was asked for, by name, in the order of tables.
        clips: clip_id, actor, emotion, level of every clip of the reference; null where not known.
        scores: method, clip_id, metric, value, n_frames, coverage, reason, signature.
        summary: method, group ("all", "emotion:happy", "actor:M003"), metric, value, low, high, n_clips, n_expected,
            n_actors, n_frames, coverage, reason, interval, note, better, unit, signature.
        comparisons: metric, first, second, difference (first minus second), low, high, n_clips, n_actors, p, p_holm,
            p_clip, p_clip_holm, floor, distinguishable, winner, winner_these_actors, note, test (null in runs of old,
            which knew sign flips alone). May be empty.
        emotions: method, clip_id, classifier, intended, seen, probability, frames; of a method with several seeds
            one row for each.
        videos: method, clip_id, video, sound (of a silent video), status, reason, message, frames,
            fps, width, height, duration_s, coverage, ….
        runs: where all this comes from.
    """

    methods: tuple[str, ...]
    limits: tuple[str, ...]
    metrics: Mapping[str, Measured]
    clips: pd.DataFrame
    scores: pd.DataFrame
    summary: pd.DataFrame
    comparisons: pd.DataFrame
    emotions: pd.DataFrame
    videos: pd.DataFrame
    runs: tuple[RunInfo, ...]

    def groups(self, kind: str) -> tuple[str, ...]:
        """Names of the groups of one kind ("emotion" or "actor"), without their prefix, in the order of the clips."""
        return tuple(str(name) for name in self.clips[kind].dropna().unique())

    @property
    def cues_alone(self) -> bool:
        """Whether cues were evaluated on all sides, so that there are no videos to show."""
        read = self.videos[self.videos["status"] != "failed"]
        return bool(len(read)) and bool(read["video"].isna().all())


class Evidence(Protocol):
    """What the videos showed, for pictures; None where it is not kept or the video is gone."""

    def track(self, method: str, clip_id: str) -> CueTrack | None:
        """Cues of one video at 25 fps."""
        ...

    def video(self, method: str, clip_id: str) -> Path | None:
        """The file that was evaluated."""
        ...

    def sound(self, method: str, clip_id: str) -> Path | None:
        """The file that holds its sound where the video itself has none."""
        ...

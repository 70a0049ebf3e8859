"""Which frame stands for a person: one that is not of the clip to be made, at best neutral, with a closed mouth."""

import re
from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from facecues.errors import UsageError
from facecues.labels import NEUTRAL
from facecues.models.cue_generator.contracts import Reference
from facecues.points import LOWER_INNER_LIP, UPPER_INNER_LIP
from facecues.preprocess.pupils import eye_openness
from facecues.sequences import Cues, CueSequences

Frames = NDArray[np.int64]

# Of the openness that the clip's eyes usually have: below this they blink, or are about to.
_OPEN = 0.8


def reference_frames(sequences: CueSequences) -> tuple[Frames, ...]:
    """For each clip the frames that may serve as its reference.

    They are the frames with all cues of other clips of the same actor and view: of neutral ones where there are any,
    else of clips with another emotion than its own, which would give away what is to be generated, else of any. The
    clip's own frames are taken where nobody knows its actor, or where there is nothing else of the actor.

    Returns:
        Per clip (n,) int64, indices into `sequences.cues`, clip after clip; empty where no frame has all cues. Clips
        with the same choice share one array.
    """
    usable = [_usable(sequences, clip) for clip in range(len(sequences))]
    emotions = _names(sequences.clips, "emotion")
    person = sequences.clips.groupby(["actor", "view"], dropna=False).ngroup().to_numpy()
    known = _names(sequences.clips, "actor") != ""
    people: dict[int, list[int]] = {}
    for clip in np.flatnonzero([len(frames) > 0 for frames in usable]).tolist():
        people.setdefault(int(person[clip]), []).append(clip)
    shared: dict[tuple[int, ...], Frames] = {}
    chosen = []
    for index in range(len(sequences)):
        clips = _choose(emotions, index, people.get(int(person[index]), []) if known[index] else [])
        if clips not in shared:
            shared[clips] = np.concatenate([usable[clip] for clip in clips])
        chosen.append(shared[clips])
    return tuple(chosen)


def best_reference(sequences: CueSequences, index: int) -> Reference:
    """The frame that stands for a clip's actor when the clip is generated.

    Of the clips that may serve (see `reference_frames`), the first by level, number, emotion and id; of its frames with
    open eyes the one with the most closed mouth, and of several the first.

    Raises:
        UsageError: neither the clip nor another one of its actor has a frame with all cues.
    """
    return reference_of(sequences.cues, best_frame(sequences, index))


def best_frame(sequences: CueSequences, index: int) -> int:
    """Where in `sequences.cues` the frame of `best_reference` is. Raises UsageError as it does."""
    clips = sequences.clips
    people = [clip for clip in _same_person(clips, index) if len(_usable(sequences, clip))]
    choice = _choose(_names(clips, "emotion"), index, people)
    frames = _usable(sequences, min(choice, key=lambda clip: _order(clips, clip)))
    if not len(frames):
        raise UsageError(
            f"{clips['clip_id'].iloc[index]} has no reference: neither it nor another clip of its actor and view has a "
            "frame with landmarks, pose and gaze."
        )
    points = sequences.cues.normalized[frames]
    openness = eye_openness(points).min(axis=1)
    gap = np.linalg.norm(points[:, UPPER_INNER_LIP] - points[:, LOWER_INNER_LIP], axis=1)
    gap[openness < _OPEN * np.median(openness)] = np.inf
    return int(frames[np.argmin(gap)])


def first_frame(sequences: CueSequences, index: int) -> int:
    """Where in `sequences.cues` a clip's own first frame with all cues is. Raises UsageError where it has none."""
    frames = _usable(sequences, index)
    if not len(frames):
        raise UsageError(
            f"{sequences.clips['clip_id'].iloc[index]} has no reference: no frame of it has landmarks, pose and gaze."
        )
    return int(frames[0])


def reference_of(cues: Cues, frame: int) -> Reference:
    """One frame as a reference."""
    return Reference(
        normalized=cues.normalized[frame],
        rotation=cues.rotation[frame],
        translation=cues.translation[frame],
        scale=float(cues.scale[frame]),
        gaze=cues.gaze[frame],
    )


def _usable(sequences: CueSequences, clip: int) -> Frames:
    """(n,) indices of a clip's frames with all cues."""
    return np.asarray(sequences.frames_of(clip).start + np.flatnonzero(sequences[clip].valid), np.int64)


def _same_person(clips: pd.DataFrame, index: int) -> list[int]:
    """Clips of the same actor and view, itself among them; none where the actor is not known."""
    actors, views = _names(clips, "actor"), _names(clips, "view")
    same = (actors == actors[index]) & (views == views[index]) & (actors[index] != "")
    return [int(at) for at in np.flatnonzero(same)]


def _choose(emotions: NDArray[np.object_], index: int, people: Sequence[int]) -> tuple[int, ...]:
    """Of an actor's clips with any usable frame, those that may serve one of them."""
    others = np.array([clip for clip in people if clip != index], np.int64)
    there = emotions[others]
    for wanted in (there == NEUTRAL, there != emotions[index], np.ones(len(others), bool)):
        if wanted.any():
            return tuple(others[wanted].tolist())
    return (index,)


def _order(clips: pd.DataFrame, clip: int) -> tuple[int, tuple[int, ...], str, str]:
    level, number, emotion, clip_id = (clips[name].iloc[clip] for name in ("level", "number", "emotion", "clip_id"))
    digits = tuple(map(int, re.findall(r"\d+", str(number))))  # "9" before "010"
    return 0 if pd.isna(level) else int(level), digits, str(emotion), str(clip_id)


def _names(clips: pd.DataFrame, column: str) -> NDArray[np.object_]:
    """(clips,) strings, "" where the column is null."""
    return clips[column].astype(object).where(clips[column].notna(), "").to_numpy(object)

"""Tracks of cues for tests: a face that talks and turns, and what can be done to it."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from facecues.metrics.contracts import CueTrack
from facecues.points import INNER_LIPS, OUTER_LIPS
from facecues.preprocess.geometry import normalize, rotation_degrees, rotation_matrix
from facecues.preprocess.pupils import eye_openness
from facecues.preprocess.template import TEMPLATE

FRAMES = 40
LIPS = [*OUTER_LIPS, *INNER_LIPS]


def talking(frames: int = FRAMES, seed: int = 0) -> NDArray[np.float64]:
    """(T, 68, 3) frame pixels: lips that open, a head that nods, 100 px between the eye corners."""
    rng = np.random.default_rng(seed)
    points = np.repeat(TEMPLATE[None], frames, axis=0)
    opening = 0.05 + 0.05 * np.sin(np.arange(frames) + rng.uniform(0, 6)) + 0.01 * rng.standard_normal(frames)
    points[:, LIPS] *= 1 + opening[:, None, None] * np.array([0.0, 1.0, 0.0])
    turn = rotation_matrix(np.cumsum(rng.normal(0, 1, (frames, 3)), axis=0))
    return 100 * points @ turn.transpose(0, 2, 1) + np.array([256.0, 200.0, 0.0])


def track(landmarks: NDArray[np.float64] | None = None, seed: int = 0) -> CueTrack:
    """The cues of (T, 68, 3) landmarks, with gaze that goes about."""
    landmarks = talking(seed=seed) if landmarks is None else landmarks
    rng = np.random.default_rng(seed)
    gaze = np.cumsum(rng.normal(0, 1, (len(landmarks), 2)), axis=0)
    known = normalize(landmarks)
    columns = (
        landmarks,
        known.points,
        rotation_degrees(known.pose.rotation),
        gaze + 1,
        gaze - 1,
        gaze,
        eye_openness(landmarks),
    )
    return CueTrack(*(column.astype(np.float32) for column in columns))


def without(cues: CueTrack, frames: slice | list[int]) -> CueTrack:
    """The same with no face in these frames."""
    columns = {name: getattr(cues, name).copy() for name in CueTrack.__slots__}
    for values in columns.values():
        values[frames] = np.nan
    return replace(cues, **columns)


def cut(cues: CueTrack, frames: slice) -> CueTrack:
    """Only these frames."""
    return replace(cues, **{name: getattr(cues, name)[frames] for name in CueTrack.__slots__})


def held(cues: CueTrack) -> CueTrack:
    """Its first frame, all the time."""
    return replace(cues, **{name: np.repeat(getattr(cues, name)[:1], len(cues), axis=0) for name in CueTrack.__slots__})

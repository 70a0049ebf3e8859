"""Where a face looks while it feels: direct, averted, down, scanning; and how often it blinks.

Gaze goes in fixations joined by saccades of one or two frames (Lee, Badler and Badler, "Eyes alive", SIGGRAPH 2002).
Direct gaze goes with approach (joy, anger), averted gaze with avoidance (fear, sadness): Adams and Kleck, "Effects of
direct and averted gaze on the perception of facially communicated emotion", Emotion 5(1), 2005.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np

from facecues.models.synth.noise import Floats, drift, soft_limit
from facecues.resample import FPS

LIMITS: Final = np.array([18.0, 20.0])  # pitch, yaw, degrees


@dataclass(frozen=True, slots=True)
class GazeHabit:
    """Degrees, camera frame.

    Attributes:
        pitch: where the eyes rest, positive down.
        aside: where they rest to one side, which changes from clip to clip.
        spread: deviation of fixations, pitch and yaw.
        wander: share of fixations that go `reach` times further than the spread.
        fixation_s: mean duration of a fixation.
        blinks: per second.
    """

    pitch: float = 0.0
    aside: float = 0.0
    spread: tuple[float, float] = (1.0, 1.5)
    wander: float = 0.0
    reach: float = 3.0
    fixation_s: float = 0.8
    blinks: float = 0.35


GAZE_HABITS: Final[Mapping[str, GazeHabit]] = {
    "angry": GazeHabit(spread=(0.5, 0.7), fixation_s=1.2, blinks=0.22),
    "contempt": GazeHabit(pitch=5.0, aside=10.0, spread=(2.0, 2.5), fixation_s=1.0, blinks=0.3),
    "disgusted": GazeHabit(pitch=7.0, aside=9.0, spread=(3.0, 3.0), fixation_s=0.8, blinks=0.45),
    "fear": GazeHabit(spread=(6.0, 8.5), fixation_s=0.45, blinks=0.55),
    "happy": GazeHabit(spread=(1.5, 2.5), fixation_s=0.7, blinks=0.4),
    "neutral": GazeHabit(spread=(1.0, 1.6), fixation_s=0.9, blinks=0.35),
    "sad": GazeHabit(pitch=13.0, spread=(2.5, 3.0), fixation_s=1.1, blinks=0.3),
    "surprised": GazeHabit(pitch=-3.0, spread=(1.5, 1.5), wander=0.25, reach=5.0, fixation_s=0.7, blinks=0.22),
}

_FIXATION_S: Final = (0.3, 1.5)
_DURATION_SHAPE: Final = 3.0  # of the gamma that draws fixations
_LONG_SACCADE: Final = 6.0  # degrees: from here on a saccade shows a frame on its way
_MICRO: Final = 0.15  # degrees
_REFRACTORY_S: Final = 0.4  # between blinks
_LONG_ENOUGH: Final = 50  # frames in which everybody blinks


def look(habit: GazeHabit, intensity: float, activity: float, frames: int, rng: np.random.Generator) -> Floats:
    """(T, 2) pitch and yaw of both eyes, degrees, camera frame, within `LIMITS`.

    Args:
        habit: of the emotion.
        intensity: 0..1, how far the eyes leave the camera.
        activity: the actor's own, about 1.
        frames: T, at 25 per second.
        rng: where randomness comes from.
    """
    extent = intensity * np.exp(0.2 * rng.standard_normal())
    rest = extent * np.array([habit.pitch, habit.aside * rng.choice([-1.0, 1.0])])
    gaze = np.empty((frames, 2))
    before, start = rest, 0
    while start < frames:
        duration = np.clip(habit.fixation_s * rng.gamma(_DURATION_SHAPE) / _DURATION_SHAPE, *_FIXATION_S)
        reach = habit.reach if rng.random() < habit.wander else 1.0
        target = rest + activity * extent * reach * np.array(habit.spread) * rng.standard_normal(2)
        stop = start + round(duration * FPS)
        gaze[start:stop] = target
        if start and np.linalg.norm(target - before) > _LONG_SACCADE:
            gaze[start] = before + rng.uniform(0.3, 0.7) * (target - before)
        before, start = target, stop
    gaze += _MICRO * rng.standard_normal((frames, 2)) + 2 * _MICRO * drift(frames, 2, 1.0, rng)
    return soft_limit(gaze, LIMITS)


def blink(rate: float, frames: int, rng: np.random.Generator) -> Floats:
    """(T,) how far blinks close the lids, 0 to 1: a Poisson process with a dead time after each blink.

    A blink shuts in one or two frames, stays shut for one or two, and takes two or three to open. Clips of two
    seconds and more have at least one.

    Args:
        rate: per second.
        frames: T, at 25 per second.
        rng: where randomness comes from.
    """
    closing = np.zeros(frames)
    shapes = [(shut, held, opened) for shut in (1, 2) for held in (1, 2) for opened in (2, 3)]
    longest = 8
    start = 1 + int(FPS * rng.exponential(1 / rate))
    if start + longest > frames >= _LONG_ENOUGH:
        start = int(rng.integers(1, frames - longest))
    while start + longest <= frames:
        shut, held, opened = shapes[rng.integers(len(shapes))]
        shape = np.concatenate([np.linspace(0, 1, shut + 1)[1:], np.ones(held), np.linspace(1, 0, opened + 2)[1:-1]])
        closing[start : start + len(shape)] = shape
        start += len(shape) + int(FPS * (_REFRACTORY_S + rng.exponential(1 / rate)))
    return closing

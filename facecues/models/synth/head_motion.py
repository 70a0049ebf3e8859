"""How a head moves while it speaks and feels: where it rests, how far, how fast, how abruptly.

Head motion goes with the energy of speech and differs in range and speed between emotions: Busso, Deng, Grimm, Neumann
and Narayanan, "Rigid head motion in expressive speech animation", IEEE TASLP 15(3), 2007.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy.ndimage import gaussian_filter1d

from facecues.models.synth.noise import Floats, drift, soft_limit
from facecues.resample import FPS

LIMITS: Final = np.array([15.0, 20.0, 15.0])  # pitch, yaw, roll, degrees
OFFSET_LIMIT: Final = 0.08  # template units


@dataclass(frozen=True, slots=True)
class HeadHabit:
    """Degrees.

    Attributes:
        pitch: where the head rests, positive nose down.
        aside: yaw to one side, which changes from clip to clip.
        tilt: roll to one side.
        sway: deviation of pitch, yaw and roll.
        speed_hz: cut-off of the sway.
        nod: of a stressed syllable.
        jerks: abrupt turns per second.
        tremor: deviation of a tremble.
    """

    pitch: float = 0.0
    aside: float = 0.0
    tilt: float = 0.0
    sway: tuple[float, float, float] = (1.2, 1.6, 0.8)
    speed_hz: float = 0.5
    nod: float = 1.5
    jerks: float = 0.0
    tremor: float = 0.0


HEAD_HABITS: Final[Mapping[str, HeadHabit]] = {
    "angry": HeadHabit(pitch=4.0, sway=(2.2, 2.4, 1.2), speed_hz=0.8, nod=4.0, jerks=0.9),
    "contempt": HeadHabit(pitch=-6.0, aside=3.0, tilt=3.5, sway=(1.2, 1.6, 1.0), speed_hz=0.4, nod=1.2),
    "disgusted": HeadHabit(pitch=-3.0, aside=6.0, tilt=2.5, sway=(1.8, 2.4, 1.4), speed_hz=0.6, nod=1.5, jerks=0.2),
    "fear": HeadHabit(pitch=-2.0, sway=(1.8, 2.6, 1.2), speed_hz=0.7, nod=1.0, jerks=0.3, tremor=0.5),
    "happy": HeadHabit(pitch=-1.0, tilt=2.0, sway=(2.8, 4.0, 2.8), speed_hz=1.0, nod=2.5),
    "neutral": HeadHabit(),
    "sad": HeadHabit(pitch=7.0, tilt=2.5, sway=(1.6, 2.0, 1.4), speed_hz=0.25, nod=0.8),
    "surprised": HeadHabit(pitch=-4.0, sway=(2.0, 2.0, 1.2), speed_hz=0.7, nod=2.0, jerks=0.2),
}

_CLIP_REST: Final = np.array([1.8, 2.0, 1.3])  # deviation of where the head rests, from clip to clip, degrees
_CLIP_SPREAD: Final = 0.25  # log deviation of extent and pace, likewise
_ENERGY_FRAMES: Final = 2.0  # deviation of the window that turns opening into nods
_JERK: Final = np.array([3.0, 4.5, 1.5])  # deviation of an abrupt turn, degrees
_JERK_DECAY_S: Final = 0.35
_TREMOR_HZ: Final = 6.0
_OFFSET: Final = 0.012


def move_head(
    habit: HeadHabit, intensity: float, activity: float, opening: Floats, rng: np.random.Generator, *, rest: Floats
) -> tuple[Floats, Floats]:
    """Rotation (T, 3) pitch, yaw, roll in degrees within `LIMITS`, and offset (T, 2) x and y in template units.

    Args:
        habit: of the emotion.
        intensity: 0..1, how far the habit shows.
        activity: the actor's own, about 1.
        opening: (T,) 0..1, of the mouth in speech: heads nod on it.
        rng: where randomness comes from.
        rest: (3,) where the actor's head rests in any mood, degrees.
    """
    frames = len(opening)
    extent = intensity * np.exp(_CLIP_SPREAD * rng.standard_normal())
    pace = habit.speed_hz * np.exp(_CLIP_SPREAD * rng.standard_normal())
    sides = rng.choice([-1.0, 1.0], size=2)
    centre = (
        rest
        + _CLIP_REST * rng.standard_normal(3)
        + extent * np.array([habit.pitch, habit.aside * sides[0], habit.tilt * sides[1]])
    )
    sway = np.array(habit.sway) * drift(frames, 3, pace, rng) + _jerks(habit.jerks, frames, rng)
    energy = gaussian_filter1d(opening, _ENERGY_FRAMES)
    nods = habit.nod * (energy - energy.mean()) / 0.25  # 0.25: the usual deviation of opening
    sway += nods[:, None] * np.array([1.0, 0.0, 0.15 * sides[1]])
    tremble = habit.tremor * np.diff(drift(frames + 1, 3, _TREMOR_HZ, rng), axis=0)
    rotation = soft_limit(centre + activity * extent * (sway + tremble), LIMITS)
    # The neck is below and behind: a head that turns also shifts to where it turns.
    lean = np.stack([-0.002 * rotation[:, 1], 0.003 * rotation[:, 0]], axis=1)
    offset = lean + _OFFSET * activity * drift(frames, 2, pace, rng)
    return rotation, soft_limit(offset, OFFSET_LIMIT)


def _jerks(rate: float, frames: int, rng: np.random.Generator) -> Floats:
    """(T, 3) abrupt turns, each at its peak after two frames and gone after about a second."""
    when = rng.random(frames) < rate / FPS
    kicks = when[:, None] * _JERK * rng.standard_normal((frames, 3))
    time = np.arange(frames) / FPS
    pulse = (1 - np.exp(-time * FPS)) * np.exp(-time / _JERK_DECAY_S)
    return np.stack([np.convolve(kicks[:, axis], pulse)[:frames] for axis in range(3)], axis=1)

"""One clip's performance: what a face does while it says something with a feeling, whoever's face it is."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from facecues.errors import UsageError
from facecues.labels import EMOTIONS, LEVELS
from facecues.models.synth.expressions import LEVEL_STRENGTH, express
from facecues.models.synth.gaze_habits import GAZE_HABITS, blink, look
from facecues.models.synth.head_motion import HEAD_HABITS, move_head
from facecues.models.synth.mouth import articulate, close_lids
from facecues.models.synth.noise import Floats
from facecues.models.synth.speech import Speech
from facecues.preprocess.geometry import gaze_in_head, rotation_matrix
from facecues.preprocess.pupils import eye_openness

BLINK_RATES: Final = (0.2, 0.6)  # per second, whoever blinks

# Share of the eye's opening by which the upper lid follows the gaze up and down: 0.17 mm per degree of 10 mm (the lid's
# saccades are nearly as large as the eye's: Becker and Fuchs, "Lid-eye coordination during vertical gaze changes in man
# and monkey", J. Neurophysiol. 60(4), 1988).
LID_PER_DEGREE: Final = 0.017
_BLINK_BELOW: Final = 0.25  # of the neutral opening


@dataclass(frozen=True, slots=True, eq=False)
class Performance:
    """What a face does.

    Attributes:
        normalized: (T, 68, 3) float32, template units: neutral face with expression, speech and blinks.
        rotation: (T, 3) float32, pitch, yaw, roll, degrees.
        offset: (T, 2) float32, x and y of the head's translation, template units.
        gaze: (T, 2) float32, pitch and yaw of both eyes, degrees, camera frame.
        blinks: first and last frame of each stretch with lids less than a quarter open.
    """

    normalized: NDArray[np.float32]
    rotation: NDArray[np.float32]
    offset: NDArray[np.float32]
    gaze: NDArray[np.float32]
    blinks: tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class Manner:
    """An actor's habits, as factors around 1 unless a unit is given.

    Attributes:
        expressiveness: of the face.
        articulation: of the mouth in speech.
        head: activity of the head.
        eyes: activity of the gaze.
        blinking: blink rate.
        pitch: resting, degrees, positive nose down.
        roll: resting, degrees.
    """

    expressiveness: float = 1.0
    articulation: float = 1.0
    head: float = 1.0
    eyes: float = 1.0
    blinking: float = 1.0
    pitch: float = 0.0
    roll: float = 0.0


def manner_of(rng: np.random.Generator) -> Manner:
    """Draws an actor."""
    return Manner(
        expressiveness=rng.uniform(0.85, 1.15),
        articulation=rng.uniform(0.85, 1.1),
        head=rng.uniform(0.8, 1.25),
        eyes=rng.uniform(0.8, 1.2),
        blinking=rng.uniform(0.75, 1.3),
        pitch=rng.uniform(-1.5, 1.5),
        roll=rng.uniform(-1.0, 1.0),
    )


def perform(  # noqa: PLR0917 (who, what and how: every call names the same six)
    speech: Speech, neutral: Floats, emotion: str, level: int, manner: Manner, rng: np.random.Generator
) -> Performance:
    """Says `speech` with a face and a feeling. The same seed gives the same bytes.

    Args:
        speech: its opening, spread and closure drive lips and jaw, (T,) each, 25 frames per second.
        neutral: (68, 3) template units: the face at rest, mouth closed, eyes open.
        emotion: one of facecues.labels.EMOTIONS.
        level: 1 to 3.
        manner: the actor's.
        rng: where the clip's variation comes from.

    Raises:
        UsageError: unknown emotion or level, or a neutral face of another shape.
    """
    _check(neutral, emotion, level)
    face_rng, gaze_rng, blink_rng, head_rng = rng.spawn(4)
    frames = len(speech.opening)
    intensity = 0.6 + 0.4 * LEVEL_STRENGTH[level]  # habits show early, faces later
    gaze_habit = GAZE_HABITS[emotion]
    rest = np.array([manner.pitch, 0.0, manner.roll])
    rotation, offset = move_head(HEAD_HABITS[emotion], intensity, manner.head, speech.opening, head_rng, rest=rest)
    gaze = look(gaze_habit, intensity, manner.eyes, frames, gaze_rng)
    closing = blink(float(np.clip(gaze_habit.blinks * manner.blinking, *BLINK_RATES)), frames, blink_rng)

    expression = express(neutral, emotion, level, frames, face_rng, strength=manner.expressiveness)
    points = neutral + expression.displacement
    opening = 1 - (1 - np.clip(manner.articulation * speech.opening, 0, 1)) * (1 - expression.parting)
    articulate(points, neutral, opening, speech.spread, speech.closure)
    close_lids(points, closing, LID_PER_DEGREE * gaze_in_head(gaze, rotation_matrix(rotation))[:, 0])
    return Performance(
        normalized=points.astype(np.float32),
        rotation=rotation.astype(np.float32),
        offset=offset.astype(np.float32),
        gaze=gaze.astype(np.float32),
        blinks=_blinks(points, neutral),
    )


def _blinks(points: Floats, neutral: Floats) -> tuple[tuple[int, int], ...]:
    openness = eye_openness(points).mean(axis=-1) / eye_openness(neutral).mean()
    edges = np.diff(np.concatenate([[0], openness < _BLINK_BELOW, [0]]).astype(int))
    first, after = np.flatnonzero(edges == 1), np.flatnonzero(edges == -1)
    return tuple((int(a), int(b) - 1) for a, b in zip(first, after, strict=True))


def _check(neutral: Floats, emotion: str, level: int) -> None:
    if emotion not in EMOTIONS:
        raise UsageError(f"Unknown emotion {emotion!r}; use one of {', '.join(EMOTIONS)}.")
    if level not in LEVELS:
        raise UsageError(f"Unknown level {level}; use one of {', '.join(map(str, LEVELS))}.")
    if neutral.shape != (68, 3):
        raise UsageError(f"A neutral face of shape (68, 3) in template units is expected, not {neutral.shape}.")

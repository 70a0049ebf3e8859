"""How emotions sound: shifts of pitch, loudness, rate and voice quality against neutral speech."""

from collections.abc import Mapping
from typing import Final, NamedTuple

import numpy as np

from facecues.errors import UsageError
from facecues.labels import LEVELS, NEUTRAL, parse_emotion


class Delivery(NamedTuple):
    """Shifts against neutral speech, all 0 for neutral itself.

    Attributes:
        pitch: mean, semitones.
        range: of the pitch accents, octaves (1 doubles them).
        slope: of the pitch along a phrase, semitones per second.
        loudness: dB.
        rate: of the syllables, octaves.
        brightness: corner of the spectral tilt, octaves.
        breath: breathiness, 0 to 1. jitter: irregularity of the pitch periods, relative.
        articulation: how far the mouth opens, octaves.
    """

    pitch: float
    range: float
    slope: float
    loudness: float
    rate: float
    brightness: float
    breath: float
    jitter: float
    articulation: float


# At full strength. Directions: Murray & Arnott, "Toward the simulation of emotion in synthetic speech", JASA 93(2),
# 1993, table I (anger, happiness, sadness, fear, disgust); Banse & Scherer, "Acoustic profiles in vocal emotion
# expression", J. Pers. Soc. Psychol. 70(3), 1996 (the same and contempt: low pitch, low energy). Surprise, high, wide
# and rising, is named by neither table. The sizes are ours, chosen to be plain and to stay natural.
DELIVERIES: Final[Mapping[str, Delivery]] = {
    "angry": Delivery(5.0, 0.8, -2.0, 7.5, 0.15, 1.0, 0.0, 0.008, 0.30),
    "contempt": Delivery(-1.5, -0.3, -1.5, -2.0, -0.15, -0.2, 0.01, 0.002, -0.25),
    "disgusted": Delivery(-2.5, 0.2, -2.5, -3.0, -0.30, -0.4, 0.0, 0.010, -0.10),
    "fear": Delivery(6.0, 0.3, 1.0, 1.0, 0.25, 0.2, 0.08, 0.015, 0.0),
    "happy": Delivery(4.5, 0.7, 1.0, 4.0, 0.10, 0.5, 0.02, 0.0, 0.20),
    NEUTRAL: Delivery(0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0),
    "sad": Delivery(-2.0, -0.7, -0.5, -6.0, -0.25, -0.8, 0.05, 0.004, -0.25),
    "surprised": Delivery(7.0, 1.0, 5.0, 3.5, 0.0, 0.4, 0.04, 0.0, 0.35),
}
_STRENGTHS: Final = dict(zip(LEVELS, (0.5, 0.75, 1.0), strict=True))
# Clips of one emotion differ by this much, one standard deviation (clipped at two), in the units above.
_VARIATION: Final = Delivery(0.7, 0.15, 0.6, 0.7, 0.05, 0.12, 0.005, 0.001, 0.06)


def draw_delivery(emotion: str, level: int, rng: np.random.Generator) -> Delivery:
    """How one clip is spoken: the emotion at the strength of its level, with the variation between clips.

    Raises:
        UsageError: unknown emotion or level.
    """
    if level not in LEVELS:
        raise UsageError(f"Unknown level {level}; use one of {', '.join(map(str, LEVELS))}.")
    strength = _STRENGTHS[level] * rng.uniform(0.85, 1.15)
    noise = np.clip(rng.standard_normal(len(_VARIATION)), -2, 2)
    shifts = strength * np.array(DELIVERIES[parse_emotion(emotion)]) + noise * np.array(_VARIATION)
    return Delivery(*shifts.tolist())

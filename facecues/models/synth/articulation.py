"""Movements of lips and jaw from the plan of a spoken clip, as tracks with one value per control step (5 ms)."""

from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from scipy.ndimage import convolve1d
from scipy.signal.windows import hann

from facecues.models.synth.formants import STEPS_PER_SECOND, Track
from facecues.models.synth.phones import SILENCE, Segment

# How long a movement takes from one target to the next, s.
_JAW_S: Final = 0.14
_LIPS_S: Final = 0.12
_ROUNDING_S: Final = 0.20


class Mouth(NamedTuple):
    """(K,) tracks, as in `Speech`."""

    opening: Track
    spread: Track
    closure: Track


def move_mouth(steps: int, segments: Sequence[Segment], stretch: Track) -> Mouth:
    """The mouth of a clip. Targets overlap in time by smoothing; lips that must meet do meet.

    Args:
        steps: length K.
        segments: in order; silence lies between them.
        stretch: (K,) factor on how far the mouth opens, before it is limited to 1.
    """
    spans = [(segment.start, segment.end) for segment in segments]
    # Lips start to move before the sound that needs them together, and are let go a little before its end.
    reach = _LIPS_S / 2 - 0.02
    presses = [(s.start - reach, s.end + reach) for s in segments if s.phone.closure == 1.0]
    pressed = smooth(paint(steps, presses, np.ones(len(presses)), 0.0), _LIPS_S)
    resting = smooth(paint(steps, spans, np.zeros(len(spans)), SILENCE.closure), _LIPS_S)
    opening = paint(steps, spans, [segment.phone.opening for segment in segments], SILENCE.opening)
    spread = paint(steps, spans, [segment.spread for segment in segments], 0.0)
    return Mouth(
        opening=smooth(np.minimum(opening * stretch, 1.0), _JAW_S) * (1 - pressed),
        spread=smooth(spread, _ROUNDING_S),
        closure=np.maximum(resting, pressed),
    )


def paint(steps: int, spans: Sequence[tuple[float, float]], values: ArrayLike, rest: ArrayLike) -> Track:
    """A stepwise constant track.

    Args:
        steps: length K.
        spans: S times (start, end), s; a later one covers an earlier one.
        values: (S, ...) of each span. rest: (...) outside all spans.

    Returns:
        (K, ...) track.
    """
    rest = np.asarray(rest, np.float64)
    table = np.concatenate([rest[None], np.reshape(values, (len(spans), *rest.shape))])
    index = np.zeros(steps, np.intp)
    for number, (start, end) in enumerate(spans, 1):
        index[max(round(start * STEPS_PER_SECOND), 0) : max(round(end * STEPS_PER_SECOND), 0)] = number
    return table[index]


def smooth(track: Track, seconds: float) -> Track:
    """The track (K, ...) averaged over a Hann window: a step becomes an S-shaped movement of that duration."""
    width = round(seconds * STEPS_PER_SECOND) | 1  # odd: no delay
    window = hann(width + 2)[1:-1]
    smoothed = convolve1d(track, window / window.sum(), axis=0, mode="nearest")
    clipped: Track = np.clip(smoothed, track.min(axis=0), track.max(axis=0))  # an average, but for rounding
    return clipped

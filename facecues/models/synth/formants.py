"""Source-filter synthesis of speech: glottal pulses and noise through time-varying resonators.

After Klatt, "Software for a cascade/parallel formant synthesizer", JASA 67(3), 1980, reduced to what moving lips
need. Tracks have one value per control step of `STEP` samples (5 ms).
"""

from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.signal import lfilter, sosfilt

Track = NDArray[np.float64]

RATE: Final = 16000  # samples per second
STEP: Final = 80  # samples per control step
STEPS_PER_SECOND: Final = RATE // STEP

_OPEN_QUOTIENT: Final = 0.6  # part of a pitch period during which the glottis is open
_SHIMMER: Final = 3.0  # relative deviation of the pulses' heights over that of their periods
# Of F1 to F5, Hz. Wide, lest single harmonics of a high voice ring as they pass F1.
_BANDWIDTHS: Final = (130.0, 120.0, 160.0, 250.0, 300.0)
_UPPER_FORMANTS: Final = (3500.0, 4500.0)  # F4 and F5 hardly move
_NOISE_BANDWIDTH: Final = 1500.0  # of frication, Hz
_TILT_HZ: Final = 1500.0  # corner of the spectral tilt of a neutral voice


def glottal_source(
    pitch: Track, gain: Track, *, breath: float, jitter: float, brightness: float, rng: np.random.Generator
) -> Track:
    """Voiced excitation: the derivative of a polynomial flow pulse, with aspiration while the glottis is open.

    The pulse is Klatt & Klatt's KLGLOTT88 (JASA 87(2), 1990). Differences of the flow between samples, not samples of
    its derivative, keep the closing edge from aliasing.

    Args:
        pitch, gain: (K,) Hz and linear.
        breath: aspiration relative to the pulses before their tilt.
        jitter: relative standard deviation of the pitch periods; the pulses' heights follow it.
        brightness: octaves that the corner of the spectral tilt moves up.

    Returns:
        (K * STEP,) excitation.
    """
    hertz = to_samples(pitch)
    cycles = np.floor(np.cumsum(hertz) / RATE).astype(np.intp)
    perturbation = np.clip(rng.standard_normal((2, cycles[-1] + 1)), -3, 3)[:, cycles]
    phase = np.cumsum(hertz * (1 + jitter * perturbation[0])) / RATE % 1.0
    opened = np.minimum(phase / _OPEN_QUOTIENT, 1.0)
    flow = 6.75 * opened**2 * (1 - opened)  # peak 1
    pulses = np.diff(flow, prepend=flow[0])
    pulses *= (1 + _SHIMMER * jitter * perturbation[1]) / pulses.std()
    aspiration = 2 * breath * flow * rng.standard_normal(len(flow))
    pole = np.exp(-2 * np.pi * min(_TILT_HZ * 2**brightness, 0.45 * RATE) / RATE)
    tilted: Track = lfilter([1 - pole], [1, -pole], pulses) + aspiration
    return tilted * to_samples(gain)


def vocal_tract(source: Track, formants: Track, tract: float) -> Track:
    """The source through a cascade of five resonators.

    Args:
        source: (K * STEP,) excitation.
        formants: (K, 3) F1 to F3 of an adult male, Hz.
        tract: factor on all formants, the inverse of the relative length of the vocal tract.

    Returns:
        (K * STEP,) sound.
    """
    upper = np.broadcast_to(_UPPER_FORMANTS, (len(formants), len(_UPPER_FORMANTS)))
    return _filter_stepwise(source, _resonators(tract * np.hstack([formants, upper]), np.array(_BANDWIDTHS)))


def frication(gain: Track, peak: Track, rng: np.random.Generator) -> Track:
    """Noise made at a narrow place in the mouth.

    Args:
        gain, peak: (K,) linear, and Hz of the resonance in front of the narrow place.

    Returns:
        (K * STEP,) sound; unit gain gives unit variance, whatever the peak.
    """
    sections = _resonators(peak[:, None], np.array([_NOISE_BANDWIDTH]))
    # With zeros at 0 Hz and at half the rate, a resonator of numerator 1 has the variance 2 / (1 - a2).
    sections[..., 0] = np.sqrt((1 - sections[..., 5]) / 2)
    noise = lfilter([1.0, 0.0, -1.0], [1.0], rng.standard_normal(len(gain) * STEP))
    return _filter_stepwise(noise, sections) * to_samples(gain)


def to_samples(track: Track) -> Track:
    """(K,) control steps to (K * STEP,) samples, linearly."""
    return np.interp(np.arange(len(track) * STEP) / STEP, np.arange(len(track)), track)


def _resonators(frequency: Track, bandwidth: Track) -> Track:
    """Two-pole resonators with unit gain at 0 Hz: Klatt 1980, equations 1 and 2.

    Args:
        frequency: (K, S) Hz. bandwidth: (S,) Hz.

    Returns:
        (K, S, 6) second-order sections.
    """
    radius = np.exp(-np.pi * bandwidth / RATE)
    first = -2 * radius * np.cos(2 * np.pi * frequency / RATE)
    second = np.broadcast_to(radius**2, first.shape)
    zero, one = np.zeros_like(first), np.ones_like(first)
    return np.stack([1 + first + second, zero, zero, one, first, second], axis=-1)


def _filter_stepwise(signal: Track, sections: Track) -> Track:
    """(K * STEP,) signal through (K, S, 6) resonators, a new set each step, without clicks between the steps.

    What must be carried over is each resonator's last two outputs y. SciPy's state holds them multiplied by the old
    coefficients, z = (-a1 y[n-1] - a2 y[n-2], -a2 y[n-1]); a2 is the same throughout, so that only a1 is exchanged.
    Steps in a row with the same resonators, such as those of silence, are filtered in one go.
    """
    changes = np.diff(sections[..., 4], axis=0, prepend=sections[:1, :, 4]) / sections[..., 5]
    state = np.zeros((sections.shape[1], 2))
    filtered = np.empty(len(signal))
    new = 1 + np.flatnonzero((sections[1:] != sections[:-1]).any(axis=(1, 2)))
    for first, last in pairwise([0, *new.tolist(), len(sections)]):
        state[:, 0] += changes[first] * state[:, 1]
        run = slice(first * STEP, last * STEP)
        filtered[run], state = sosfilt(sections[first], signal[run], zi=state)
    return filtered

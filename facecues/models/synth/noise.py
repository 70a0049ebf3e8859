"""Smooth randomness: what makes a synthetic face drift, sway and waver instead of standing still."""

import numpy as np
from numpy.typing import NDArray
from scipy.signal import butter, sosfilt

from facecues.resample import FPS

Floats = NDArray[np.float64]

_WARM_UP_PERIODS = 2.0  # a second-order Butterworth has forgotten its start (to 0.01 %) after about two periods


def drift(frames: int, channels: int, cutoff_hz: float, rng: np.random.Generator) -> Floats:
    """Stationary band-limited noise, (frames, channels), mean 0 and standard deviation 1 over many draws.

    White noise through a second-order Butterworth low-pass, scaled by the root energy of its impulse response.

    Args:
        frames: length at 25 frames per second.
        channels: independent signals.
        cutoff_hz: -3 dB frequency, below 12.5.
        rng: where randomness comes from.
    """
    sections = butter(2, cutoff_hz, fs=FPS, output="sos")
    warm_up = int(np.ceil(_WARM_UP_PERIODS * FPS / cutoff_hz))
    impulse = np.zeros(warm_up)
    impulse[0] = 1.0
    energy = np.sum(sosfilt(sections, impulse) ** 2)
    white = rng.standard_normal((warm_up + frames, channels))
    return np.asarray(sosfilt(sections, white, axis=0)[warm_up:] / np.sqrt(energy))


def soft_limit(values: Floats, limit: float | Floats) -> Floats:
    """Values kept within +-limit: nearly untouched below half of it, bent smoothly above."""
    return np.asarray(values / (1 + np.abs(values / limit) ** 4) ** 0.25)

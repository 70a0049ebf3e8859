"""Mel-frequency cepstral coefficients as the package python_speech_features computes them by default.

SyncNet and EVP were trained on these. That package has had no release since 2017, so it serves as a peer in the
tests only.
"""

from functools import cache
from typing import Final

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray
from scipy.fft import dct, rfft

from facecues.preprocess.sound import Sound, check_sound
from facecues.resample import AUDIO_RATE

Float64 = NDArray[np.float64]

MFCC_RATE: Final = 100  # rows per second
_WINDOW: Final = AUDIO_RATE // 40  # 25 ms, rectangular
_HOP: Final = AUDIO_RATE // MFCC_RATE
_FFT: Final = 512
_FILTERS: Final = 26  # from 0 to 8000 Hz
_COEFFICIENTS: Final = 13
_LIFTER: Final = 22
_PREEMPHASIS: Final = 0.97


def mfcc(sound: Sound) -> Float64:
    """13 coefficients per 10 ms; the first is the logarithm of the window's energy.

    Row n looks at samples 160 n to 160 n + 400; the last window is filled up with zeros. Silence has the logarithm of
    the smallest double precision step.

    Args:
        sound: (N,) floating point in [-1, 1], 16 kHz; scaled to 16-bit integers first, which the first coefficient
            depends on.

    Returns:
        (1 + ceil((N - 400) / 160), 13) float64, one row for N up to 400.

    Raises:
        ValueError: not one channel of finite samples.
    """
    check_sound(sound)
    signal = np.clip(np.round(sound.astype(np.float64) * 32768), -32768, 32767)
    signal[1:] -= _PREEMPHASIS * signal[:-1]
    count = 1 + max(0, -(-(len(signal) - _WINDOW) // _HOP))
    padded = np.pad(signal, (0, (count - 1) * _HOP + _WINDOW - len(signal)))
    power = np.abs(rfft(sliding_window_view(padded, _WINDOW)[::_HOP], _FFT)) ** 2 / _FFT
    cepstrum = dct(np.log(_not_zero(power @ _mel_filters().T)), norm="ortho")[:, :_COEFFICIENTS]
    cepstrum *= 1 + _LIFTER / 2 * np.sin(np.pi * np.arange(_COEFFICIENTS) / _LIFTER)
    cepstrum[:, 0] = np.log(_not_zero(power.sum(axis=1)))
    return np.asarray(cepstrum, np.float64)


@cache
def _mel_filters() -> Float64:
    """(26, 257) triangles between bins of the Fourier transform, equally spaced in mel (2595 log10(1 + f / 700))."""
    mel = np.linspace(0, 2595 * np.log10(1 + AUDIO_RATE / 2 / 700), _FILTERS + 2)
    edges = np.floor((_FFT + 1) * 700 * (10 ** (mel / 2595) - 1) / AUDIO_RATE)
    left, middle, right = edges[:-2, None], edges[1:-1, None], edges[2:, None]
    bins = np.arange(_FFT // 2 + 1)
    return np.asarray(np.maximum(0, np.minimum((bins - left) / (middle - left), (right - bins) / (right - middle))))


def _not_zero(energy: Float64) -> Float64:
    return np.where(energy == 0, np.finfo(np.float64).eps, energy)

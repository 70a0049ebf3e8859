"""Faces and speech made up on the spot, so that behaviour is tested apart from the voice, and fast."""

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d

from facecues.models.synth.speech import Speech
from facecues.preprocess.template import TEMPLATE

Floats = NDArray[np.float64]


def silent_speech(opening: Floats, spread: Floats, closure: Floats) -> Speech:
    """Mouth tracks, (T,) each, without a sound."""
    samples = round(len(opening) / 25 * 16000)
    return Speech(audio=np.zeros(samples, np.float32), opening=opening, spread=spread, closure=closure, syllables=())


def hold(frames: int, opening: float = 0.0, spread: float = 0.0, closure: float = 0.3) -> Speech:
    """A mouth that keeps one shape."""
    return silent_speech(*(np.full(frames, value) for value in (opening, spread, closure)))


def babble(frames: int, rng: np.random.Generator) -> Speech:
    """Syllables of four to seven frames, whatever the emotion; some start with pressed lips, some are left out."""
    opening, spread, closure = np.zeros(frames), np.zeros(frames), np.full(frames, 0.3)
    start = 2
    while start < frames:
        length = int(rng.integers(4, 8))
        if rng.random() > 0.15:
            here = slice(start, start + length)
            beat = np.sin(np.pi * np.arange(length) / length)[: frames - start]
            opening[here] = rng.uniform(0.3, 1.0) * beat
            spread[here] = rng.uniform(-1, 1)
            closure[here] = 0.3 * (1 - beat)
            if rng.random() < 0.3:
                closure[start] = 1.0
        start += length
    return silent_speech(opening, gaussian_filter1d(spread, 1.5), closure)


def identity(rng: np.random.Generator, deviation: float = 0.02) -> Floats:
    """TEMPLATE with smooth lumps of a root mean square of `deviation`: single points moved at random would turn lids
    inside out."""
    centres = TEMPLATE[rng.choice(68, 12, replace=False)]
    near = np.exp(-((TEMPLATE[:, None] - centres) ** 2).sum(axis=-1) / (2 * 0.35**2))
    change = near @ rng.standard_normal((12, 3))
    change -= change.mean(axis=0)
    return np.asarray(TEMPLATE + change * deviation / np.sqrt(np.mean(change**2)))

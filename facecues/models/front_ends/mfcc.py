"""MFCC windows as EVP makes them (Ji et al. 2021; jixinya/EVP, train/emotion_pretrain/code/mfcc_preprocess.py).

Three frames of silence are put before and after the sound. EVP then takes floor((rows - 28) / 4) + 1 windows, which is
one less than the sound has frames; here the silence behind is one row longer.
"""

from functools import partial
from typing import Final

import numpy as np

from facecues.models.front_ends.contracts import BLOCK, Float32, FrontEnd, Int64, excerpt
from facecues.preprocess.mfcc import MFCC_RATE, mfcc
from facecues.preprocess.sound import Sound
from facecues.resample import AUDIO_RATE, FPS, SAMPLES_PER_FRAME

_STEPS: Final = 28
_PER_FRAME: Final = MFCC_RATE // FPS
_HOP: Final = AUDIO_RATE // MFCC_RATE
_WINDOW: Final = 400  # samples that a row looks at
_SILENCE: Final = 3 * SAMPLES_PER_FRAME
_COEFFICIENTS: Final = 13
# Energy is that of samples in [-1, 1] in EVP, and of 16-bit integers in facecues.preprocess.mfcc.
_TO_INTEGERS: Final = 2 * np.log(32768)
_NO_ENERGY: Final = np.log(np.finfo(np.float64).eps)


def mfcc_windows(columns: int = _COEFFICIENTS) -> FrontEnd:
    """The front end `mfcc`, or with 12 columns `mfcc-12`.

    Args:
        columns: 13 as in EVP's training, or 12 as in its demo, which leaves out the first, the energy.
    """
    dropped = _COEFFICIENTS - columns
    which = f"{dropped}-{_COEFFICIENTS - 1}"
    return FrontEnd(
        name="mfcc" if columns == _COEFFICIENTS else f"mfcc-{columns}",
        signature=f"mfcc|columns:{which}|window:{_STEPS}|step:{_PER_FRAME}|silence:{_SILENCE}|v:1",
        steps=_STEPS,
        size=columns,
        starts=_starts,
        block=partial(_block, dropped),
    )


def _starts(frames: int) -> Int64:
    return _PER_FRAME * np.arange(frames)


def _block(dropped: int, sound: Sound, first: int, _: int) -> Float32:
    # One row more at the front: its own first sample has no sample before it to be emphasised against.
    begin = _HOP * (first - 1) - _SILENCE
    rows = mfcc(excerpt(sound, begin, begin + _HOP * BLOCK + _WINDOW))[1:]
    energy = rows[:, 0]
    energy[energy > _NO_ENERGY] -= _TO_INTEGERS
    return rows[:, dropped:].astype(np.float32)

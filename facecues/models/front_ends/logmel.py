"""Log-mel windows as Wav2Lip makes them (Prajwal et al. 2020; Rudrabha/Wav2Lip, audio.py and hparams.py)."""

from typing import Final

import numpy as np

from facecues.errors import BackendUnavailableError
from facecues.models.front_ends.contracts import BLOCK, Float32, FrontEnd, Int64, excerpt
from facecues.preprocess.sound import Sound
from facecues.resample import AUDIO_RATE, FPS

try:
    from librosa.feature import melspectrogram
except (ImportError, OSError) as error:
    raise BackendUnavailableError(
        f"The front end logmel needs librosa, which does not import here ({error}): pip install 'facecues[logmel]', "
        "or use mfcc."
    ) from error

_STEPS: Final = 16
_BANDS: Final = 80
_LOWEST, _HIGHEST = 55.0, 7600.0  # Hz
_HOP: Final = 200
_RATE: Final = AUDIO_RATE // _HOP  # rows per second
_WINDOW: Final = 800  # samples that a row looks at, around its own
_PREEMPHASIS: Final = 0.97
_FLOOR: Final = 1e-5


def logmel_windows(*, even: bool = False) -> FrontEnd:
    """The front end `logmel`, or `logmel-even`, whose bands are standardised over the clip.

    Row n is centred on sample 200 n. What it looks at outside of the clip is zero after the emphasis, as librosa has
    it since 0.10; before, and in Wav2Lip's own version of librosa, the sound was reflected there, which makes the
    first two and the last two rows of a clip others.
    """
    return FrontEnd(
        name="logmel-even" if even else "logmel",
        signature=f"logmel|bands:{_BANDS}|hop:{_HOP}|window:{_STEPS}|outside:zero{'|even:clip' if even else ''}|v:1",
        steps=_STEPS,
        size=_BANDS,
        starts=_starts,
        block=_block,
        even=even,
    )


def _starts(frames: int) -> Int64:
    """floor(80 t / 25), as long as the rows of the clip suffice; after that the last 16 of them."""
    count = max(frames * _RATE // FPS + 1, _STEPS)
    return np.minimum(np.arange(frames) * _RATE // FPS, count - _STEPS)


def _block(sound: Sound, first: int, end: int) -> Float32:
    begin = _HOP * first - _WINDOW // 2
    samples = excerpt(sound, begin - 1, begin + _HOP * (BLOCK - 1) + _WINDOW).astype(np.float64)
    emphasised = samples[1:] - _PREEMPHASIS * samples[:-1]
    emphasised[max(end - begin, 0) :] = 0
    mel = melspectrogram(
        y=emphasised,
        sr=AUDIO_RATE,
        n_fft=_WINDOW,
        hop_length=_HOP,
        center=False,
        power=1.0,
        n_mels=_BANDS,
        fmin=_LOWEST,
        fmax=_HIGHEST,
    )
    decibels = 20 * np.log10(np.maximum(mel.T, _FLOOR)) - 20
    scaled: Float32 = np.clip(8 * (decibels + 100) / 100 - 4, -4, 4).astype(np.float32)
    return scaled

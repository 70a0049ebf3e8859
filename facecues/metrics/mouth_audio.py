"""Whether the mouth opens with the sound: a correlation that needs no pretrained weights, and the lag that is best.

It is no LSE and does not replace it: any mouth that opens with the loudness satisfies it, and real speech does so only
in part. One clip's value is little more than chance; means over many clips, beside those of the real clips and of
shuffled sound, are what to read.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import ArrayLike
from scipy.signal import butter, sosfiltfilt

from facecues.metrics.contracts import Float64, MetricInfo, Score
from facecues.metrics.signature import make_signature
from facecues.preprocess.sound import Sound, check_sound, is_audible
from facecues.reasons import ScoreReason
from facecues.resample import AUDIO_RATE, FPS, SAMPLES_PER_FRAME

AM_CORR: Final = MetricInfo("AM-Corr", "audio-mouth correlation", None, "")
AM_BEST: Final = MetricInfo("AM-Best", "audio-mouth correlation at the best lag", None, "")
# Without an ideal: mouths open before they are heard, so that real clips do not have their best lag at 0.
AM_LAG: Final = MetricInfo("AM-Lag", "lag of the sound where the correlation is best", None, "frames")
AM_GAP: Final = MetricInfo("AM-Gap", "AM-Corr, difference from the real clip", "lower", "", 0.0)

MAX_LAG: Final = 15  # frames, as SyncNet's
MIN_PAIRS: Final = 25  # frames: one second; two shorter curves correlate by chance
_FRAME: Final = SAMPLES_PER_FRAME
_BAND_HZ: Final = (300, 3400)  # of telephony: the formants, and no hum or offset
_BAND: Final = butter(4, _BAND_HZ, "bandpass", fs=AUDIO_RATE, output="sos")
_INAUDIBLE: Final = 1e-12  # power; a thousandth of what the last of 16 bits makes, so it is the filter's rounding


@dataclass(frozen=True, slots=True)
class MouthAudio:
    """How two curves go together.

    Attributes:
        correlation: Pearson's at lag 0; None where the frames are too few, or one curve is constant.
        best: the greatest correlation; None where `correlation` is.
        lag: where it is found, and of equals the one nearest to 0; frames, positive where the sound is late.
        pairs: frames in which both are known.
    """

    correlation: float | None
    best: float | None
    lag: int | None
    pairs: int


def signature(max_lag: int = MAX_LAG, mouth: str = "62-66") -> str:
    """Names what changes the numbers; `mouth` is what the caller's mouth opening is made of."""
    band = "-".join(map(str, _BAND_HZ))
    parts = {"mouth": mouth, "env": "rms-40ms", "band": band, "lag": max_lag, "min": MIN_PAIRS, "fps": FPS}
    return make_signature("am", parts)


def speech_envelope(sound: Sound, frames: int | None = None) -> Float64:
    """Root mean square of the speech band, 300 to 3400 Hz, in the 40 ms around the instant of each frame.

    Args:
        sound: (N,) floating point in [-1, 1], 16 kHz, from the first frame on.
        frames: how many; as many as begin within the sound unless told.

    Returns:
        (frames,) float64, 0 to 1 or little more; NaN for frames at or after the end of the sound.

    Raises:
        ValueError: not one channel of finite samples, or a negative number of frames.
    """
    check_sound(sound)
    frames = -(-len(sound) // _FRAME) if frames is None else frames
    if frames < 0:
        raise ValueError(f"expected 0 or more frames, got {frames}")
    speech = sosfiltfilt(_BAND, sound.astype(np.float64), padlen=0)
    energy = np.concatenate([[0.0], np.cumsum(speech**2)])
    instants = _FRAME * np.arange(frames)
    instants = instants[instants < len(sound)]
    begin, end = np.maximum(instants - _FRAME // 2, 0), np.minimum(instants + _FRAME // 2, len(sound))
    power = np.maximum(energy[end] - energy[begin], 0) / (end - begin)
    envelope = np.full(frames, np.nan)
    envelope[: len(instants)] = np.sqrt(np.where(power < _INAUDIBLE, 0.0, power))
    return envelope


def mouth_audio_correlation(mouth_opening: ArrayLike, envelope: ArrayLike, max_lag: int = MAX_LAG) -> MouthAudio:
    """Pearson's correlation of mouth opening and loudness, over lags of the sound.

    At lag L, frame t of the mouth meets frame t + L of the sound. Frames in which one of both is unknown are left out
    of that lag; a lag with fewer than 25 pairs, or with a constant curve, has no correlation.

    Args:
        mouth_opening: (T,) any unit; NaN where there is no face.
        envelope: (T,) of `speech_envelope`; NaN where there is no sound.
        max_lag: frames to either side.

    Raises:
        ValueError: other shapes, unequal lengths, infinite values, a negative max_lag.
    """
    mouth, sound = np.asarray(mouth_opening, np.float64), np.asarray(envelope, np.float64)
    if mouth.ndim != 1 or mouth.shape != sound.shape:
        raise ValueError(f"expected a mouth opening and an envelope of (T,) each, got {mouth.shape} and {sound.shape}")
    if np.isinf(mouth).any() or np.isinf(sound).any():
        raise ValueError("expected finite values, and NaN where a frame is unknown, got infinite ones")
    if max_lag < 0:
        raise ValueError(f"expected max_lag of 0 or more frames, got {max_lag}")
    pairs = int((~np.isnan(mouth + sound)).sum())
    correlation = _pearson(mouth, sound, 0)
    if correlation is None:
        return MouthAudio(None, None, None, pairs)
    best, lag = correlation, 0
    for other in sorted(range(-max_lag, max_lag + 1), key=abs):
        value = _pearson(mouth, sound, other)
        if value is not None and value > best:
            best, lag = value, other
    return MouthAudio(correlation, best, lag, pairs)


def mouth_audio_scores(
    mouth_opening: ArrayLike, sound: Sound | None, *, expected: int | None = None, max_lag: int = MAX_LAG
) -> dict[str, Score]:
    """One clip's AM-Corr, AM-Best and AM-Lag, by name.

    Args:
        mouth_opening: (T,) at 25 fps, any unit; NaN where there is no face.
        sound: (N,) floating point in [-1, 1], 16 kHz, from the first frame on; None where there is none.
        expected, max_lag: as for `envelope_scores`.

    Raises:
        ValueError: as `speech_envelope` and `envelope_scores`.
    """
    envelope = speech_envelope(sound, len(np.asarray(mouth_opening))) if is_audible(sound) else None
    return envelope_scores(mouth_opening, envelope, expected=expected, max_lag=max_lag)


def envelope_scores(
    mouth_opening: ArrayLike, envelope: ArrayLike | None, *, expected: int | None = None, max_lag: int = MAX_LAG
) -> dict[str, Score]:
    """The same where the loudness is known already.

    Args:
        mouth_opening: (T,) at 25 fps, any unit; NaN where there is no face.
        envelope: (T,) of `speech_envelope`; None without sound or in digital silence.
        expected: frames that the reference has, T unless told: what is longer is cut, what is shorter has less
            coverage.
        max_lag: frames to either side.

    Raises:
        ValueError: as `mouth_audio_correlation`.
    """
    mouth = np.asarray(mouth_opening, np.float64)
    if mouth.ndim != 1:
        raise ValueError(f"expected a mouth opening of (T,), got {mouth.shape}")
    mouth = mouth[:expected]
    frames = len(mouth) if expected is None else expected
    heard = np.full(len(mouth), np.nan) if envelope is None else np.asarray(envelope, np.float64)[:expected]
    found = mouth_audio_correlation(mouth, heard, max_lag)
    reason = ScoreReason.NO_AUDIO if envelope is None else _reason(mouth, heard, found, frames)
    values = {AM_CORR.name: found.correlation, AM_BEST.name: found.best, AM_LAG.name: found.lag}
    coverage = found.pairs / frames if frames else 0.0
    return {
        name: Score(None if value is None else float(value), found.pairs, coverage, reason)
        for name, value in values.items()
    }


def shuffled_sound(clip_ids: Iterable[str], seed: int = 0) -> dict[str, str]:
    """Another clip for each clip, whose sound to take: the control for any score of lip sync.

    A random cycle through all of them, so no clip keeps its own sound and each sound is used once. The order of
    `clip_ids` changes nothing. Clips of one sentence resemble each other: give clips of different ones.

    Raises:
        ValueError: fewer than two clips.
    """
    ordered = sorted(set(clip_ids))
    if len(ordered) < 2:
        raise ValueError(f"shuffling needs the sound of another clip: expected two clips or more, got {len(ordered)}")
    cycle = [ordered[i] for i in np.random.default_rng(seed).permutation(len(ordered))]
    return dict(zip(cycle, cycle[1:] + cycle[:1], strict=True))


def _reason(mouth: Float64, envelope: Float64, found: MouthAudio, frames: int) -> ScoreReason | None:
    """Why there is no correlation, or what lowered its coverage most."""
    if found.correlation is None and found.pairs >= MIN_PAIRS:
        return ScoreReason.CONSTANT
    if found.correlation is None and len(mouth) < MIN_PAIRS:
        return ScoreReason.TOO_SHORT
    missing = {
        ScoreReason.NO_AUDIO: int(np.isnan(envelope).sum()),
        ScoreReason.NO_FACE: int(np.isnan(mouth).sum()),
        ScoreReason.TOO_SHORT: frames - len(mouth),
    }
    most = max(missing, key=lambda one: missing[one])
    return most if missing[most] else None


def _pearson(mouth: Float64, sound: Float64, lag: int) -> float | None:
    """Correlation of mouth[t] with sound[t + lag], where both are known."""
    count = max(0, len(mouth) - abs(lag))
    x, y = mouth[max(-lag, 0) :][:count], sound[max(lag, 0) :][:count]
    known = ~np.isnan(x + y)
    x, y = x[known], y[known]
    if len(x) < MIN_PAIRS or _is_constant(x) or _is_constant(y):
        return None
    x, y = ((one - one.mean()) / np.ptp(one) for one in (x, y))  # by the range, so that no square under- or overflows
    return float(np.clip(x @ y / np.sqrt((x @ x) * (y @ y)), -1, 1))


def _is_constant(curve: Float64) -> bool:
    """Whether it changes by no more than the float32 round-off of landmarks."""
    return bool(np.ptp(curve) <= 1e-6 * np.abs(curve).max())

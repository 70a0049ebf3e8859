"""Random speech whose content, emotion and speaker are known, and the mouth that goes with it.

Sound and mouth come from one plan (phones.py), so they agree as they do in a face: the mouth opens with the syllable,
its lips close in m, b and p, and the voice is loudest where it is widest.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from facecues.errors import UsageError
from facecues.models.synth.articulation import move_mouth, paint, smooth
from facecues.models.synth.formants import RATE, STEP, STEPS_PER_SECOND, Track, frication, glottal_source, vocal_tract
from facecues.models.synth.phones import SILENCE, Syllable, plan_syllables
from facecues.models.synth.prosody import Delivery, draw_delivery
from facecues.resample import FPS

_STEPS_PER_FRAME: Final = STEPS_PER_SECOND // FPS

# Mean pitch, Hz: Peterson & Barney 1952, table II. Formant factor: women's against men's in the same table. Breath:
# women's voices have more of it, Klatt & Klatt 1990.
_GENDERS: Final = {"male": (132.0, 1.0, 0.02), "female": (223.0, 1.16, 0.04)}
_SYLLABLES_PER_SECOND: Final = 4.3
_ACCENT_SEMITONES: Final = 1.4  # pitch of a neutral syllable, one standard deviation
_ACCENT_DB: Final = 1.5  # its loudness likewise
_ACCENT_OCTAVES: Final = 0.2  # and how far the mouth opens
_DECLINATION: Final = -2.0  # semitones per second along a neutral phrase
_JITTER: Final = 0.005  # of a neutral voice, relative
_RADIATION: Final = 0.2  # a closed mouth is this loud, a wide one 1 more: radiation grows with the opening
_NEUTRAL_PEAK: Final = 0.3  # leaves room for the loudest delivery below 1

# How long the sound takes from one target to the next, s.
_FORMANT_S: Final = 0.06
_GAIN_S: Final = 0.03
_PITCH_S: Final = 0.15


@dataclass(frozen=True, slots=True)
class Voice:
    """A speaker.

    Attributes:
        pitch_hz: mean pitch of neutral speech.
        tract: factor on the formants, 1.0 for an adult male, about 1.15 for a female.
        breath: aspiration relative to the voice.
        rate: syllables per second of neutral speech.
    """

    pitch_hz: float
    tract: float
    breath: float
    rate: float


@dataclass(frozen=True, slots=True, eq=False)
class Speech:
    """A spoken clip of T frames at 25 fps; frame t is the instant t / 25 s.

    Attributes:
        audio: (N,) float32 in [-1, 1], N == T / 25 * rate; empty where only the mouth was asked for.
        opening: (T,) float64 0 to 1, how far jaw and lips are open.
        spread: (T,) float64 -1 (rounded, as in u) to 1 (spread, as in i).
        closure: (T,) float64 0 to 1, 1 where the lips are pressed together; 0.3 in a silent mouth.
        syllables: (start s, end s, spelling), in order; @ is schwa.
        rate: of the audio, samples per second.
    """

    audio: NDArray[np.float32]
    opening: Track
    spread: Track
    closure: Track
    syllables: tuple[tuple[float, float, str], ...]
    rate: int = RATE


def voice_of(gender: str, rng: np.random.Generator) -> Voice:
    """A random speaker.

    Raises:
        UsageError: the gender is neither "male" nor "female", the two that MEAD's names tell.
    """
    if gender not in _GENDERS:
        raise UsageError(f"Unknown gender {gender!r}; use one of {', '.join(_GENDERS)}.")
    pitch, tract, breath = _GENDERS[gender]
    shifts = np.clip(rng.standard_normal(4), -2, 2)
    return Voice(
        pitch_hz=float(pitch * np.exp(0.08 * shifts[0])),
        tract=float(tract * np.exp(0.03 * shifts[1])),
        breath=float(breath * np.exp(0.4 * shifts[2])),
        rate=float(_SYLLABLES_PER_SECOND * np.exp(0.07 * shifts[3])),
    )


def speak(
    frames: int, emotion: str, level: int, voice: Voice, rng: np.random.Generator, *, aloud: bool = True
) -> Speech:
    """Random syllables in a voice and an emotion. The same state of `rng` gives the same bytes.

    Args:
        frames: length T at 25 fps. Clips of less than about half a second may be silent.
        emotion: any spelling of `facecues.labels`.
        level: intensity, 1 to 3.
        voice: whose.
        rng: where what is said comes from.
        aloud: with its sound, which takes nearly all of the time. Mouth and syllables are the same without.

    Raises:
        UsageError: no frames, unknown emotion or level.
    """
    if frames < 1:
        raise UsageError(f"A spoken clip has at least 1 frame; {frames} were asked for.")
    delivery = draw_delivery(emotion, level, rng)
    syllables = plan_syllables(frames / FPS, voice.rate * 2**delivery.rate, rng)
    steps = frames * _STEPS_PER_FRAME
    spans = [(syllable.start, syllable.end) for syllable in syllables]
    accents = smooth(paint(steps, spans, [syllable.accent for syllable in syllables], 0.0), _PITCH_S)
    segments = [segment for syllable in syllables for segment in syllable.segments]
    # Accented syllables are wider, louder and higher.
    mouth = move_mouth(steps, segments, np.exp2(delivery.articulation + _ACCENT_OCTAVES * accents))
    audio = np.empty(0)
    if aloud:
        audio = _sound(syllables, accents, mouth.opening, voice=voice, delivery=delivery, rng=rng)
    return Speech(
        audio=audio.astype(np.float32),
        opening=mouth.opening[::_STEPS_PER_FRAME],
        spread=mouth.spread[::_STEPS_PER_FRAME],
        closure=mouth.closure[::_STEPS_PER_FRAME],
        syllables=tuple((syllable.start, syllable.end, syllable.name) for syllable in syllables),
    )


def _sound(
    syllables: tuple[Syllable, ...],
    accents: Track,
    opening: Track,
    *,
    voice: Voice,
    delivery: Delivery,
    rng: np.random.Generator,
) -> Track:
    """(K * STEP,) audio whose peak tells the loudness of the delivery."""
    if not syllables:
        return np.zeros(len(opening) * STEP)
    segments = [segment for syllable in syllables for segment in syllable.segments]
    spans = [(segment.start, segment.end) for segment in segments]

    def track(attribute: str, seconds: float) -> Track:
        values = [getattr(segment.phone, attribute) for segment in segments]
        return smooth(paint(len(opening), spans, values, getattr(SILENCE, attribute)), seconds)

    loudness = 10 ** (_ACCENT_DB * accents / 20) * (_RADIATION + opening)
    source = glottal_source(
        _pitch(syllables, accents, voice, delivery),
        track("voicing", _GAIN_S) * loudness,
        breath=max(voice.breath + delivery.breath, 0.0),
        jitter=max(_JITTER + delivery.jitter, 0.0),
        brightness=delivery.brightness,
        rng=rng,
    )
    voiced = vocal_tract(source, track("formants", _FORMANT_S), voice.tract)
    noise = frication(track("noise", _GAIN_S), track("noise_hz", _FORMANT_S), rng)
    sound = voiced / np.abs(voiced).max() + noise
    peak = _NEUTRAL_PEAK * 10 ** (delivery.loudness / 20)
    audio: Track = sound * (peak / np.abs(sound).max())
    return audio


def _pitch(syllables: tuple[Syllable, ...], accents: Track, voice: Voice, delivery: Delivery) -> Track:
    """(K,) Hz: the mean of voice and emotion, a slope along each phrase, accents."""
    time = np.arange(len(accents)) / STEPS_PER_SECOND
    phrases: dict[int, tuple[float, float]] = {}
    for syllable in syllables:
        start, _ = phrases.get(syllable.phrase, (syllable.start, 0.0))
        phrases[syllable.phrase] = (start, syllable.end)
    spans = list(phrases.values())
    middle = paint(len(time), spans, [(start + end) / 2 for start, end in spans], np.nan)
    since_middle = np.nan_to_num(time - middle)
    slope = _DECLINATION + delivery.slope
    accent = _ACCENT_SEMITONES * 2**delivery.range * accents
    semitones = delivery.pitch + accent + smooth(slope * since_middle, _PITCH_S)
    hertz: Track = voice.pitch_hz * np.exp2(semitones / 12)
    return hertz

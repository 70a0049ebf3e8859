import time
from itertools import product

import numpy as np
import pytest

from facecues.errors import UsageError
from facecues.labels import EMOTIONS, LEVELS
from facecues.models.synth.formants import RATE, STEP, STEPS_PER_SECOND, frication, glottal_source, vocal_tract
from facecues.models.synth.phones import VOWELS, plan_syllables
from facecues.models.synth.prosody import DELIVERIES
from facecues.models.synth.speech import Speech, speak, voice_of

FRAMES = 75


def say(emotion: str = "neutral", level: int = 1, gender: str = "male", seed: int = 0, frames: int = FRAMES) -> Speech:
    rng = np.random.default_rng(seed)
    return speak(frames, emotion, level, voice_of(gender, rng), rng)


@pytest.fixture(scope="module")
def clips() -> dict[tuple[str, int, str], Speech]:
    """Every emotion, level and gender once, each with words of its own."""
    keys = product(EMOTIONS, LEVELS, ("male", "female"))
    return {key: say(*key, seed=seed) for seed, key in enumerate(keys)}


def loudness_per_frame(speech: Speech) -> np.ndarray:
    """RMS in the 40 ms around each frame's instant."""
    hop = RATE // 25
    power = np.pad(speech.audio.astype(np.float64), hop // 2)[: len(speech.opening) * hop] ** 2
    return np.sqrt(power.reshape(-1, hop).mean(axis=1))


def correlation(a: np.ndarray, b: np.ndarray, lag: int) -> float:
    """Of a[t + lag] with b[t]."""
    first = a[max(lag, 0) : len(a) + min(lag, 0)]
    second = b[max(-lag, 0) : len(b) - max(lag, 0)]
    return float(np.corrcoef(first, second)[0, 1])


def median_pitch(audio: np.ndarray) -> float:
    """Hz, by autocorrelation of 40 ms windows (80 to 600 Hz) over the clearly periodic ones."""
    windows = np.lib.stride_tricks.sliding_window_view(audio, 640)[::320].astype(np.float64)
    spectrum = np.abs(np.fft.rfft(windows * np.hanning(640), 2048)) ** 2
    taper = np.fft.irfft(np.abs(np.fft.rfft(np.hanning(640), 2048)) ** 2)
    periods = np.arange(RATE // 600, RATE // 80)
    scores = np.fft.irfft(spectrum)[:, :320] / taper[:320]  # the window's own fall is divided out
    loud = scores[:, 0] > 0.1 * scores[:, 0].max()
    normalized = scores[loud][:, periods] / scores[loud][:, :1]
    # The shortest period that is nearly as good as the best: multiples of a period fit as well as itself.
    best = normalized.max(axis=1, keepdims=True)
    peak = (normalized[:, 1:-1] > normalized[:, :-2]) & (normalized[:, 1:-1] >= normalized[:, 2:])
    candidates = peak & (normalized[:, 1:-1] > 0.85 * best)
    voiced = candidates.any(axis=1) & (best[:, 0] > 0.6)
    return float(np.median(RATE / periods[1:-1][candidates[voiced].argmax(axis=1)]))


def formants_by_prediction(audio: np.ndarray) -> np.ndarray:
    """Hz, ascending: resonances of linear prediction of order 12 over the pre-emphasised sound."""
    emphasised = np.diff(audio) * np.hanning(len(audio) - 1)
    power = np.fft.irfft(np.abs(np.fft.rfft(emphasised, 2 * len(emphasised))) ** 2)[:13]
    predictor = np.linalg.solve(power[np.abs(np.subtract.outer(np.arange(12), np.arange(12)))], power[1:])
    roots = np.roots([1.0, *-predictor])
    narrow = roots[(roots.imag > 0) & (np.abs(roots) > np.exp(-np.pi * 500 / RATE))]
    return np.sort(np.angle(narrow)) * RATE / (2 * np.pi)


@pytest.mark.parametrize("frames", [1, 2, 3, 7, 12, 25, 101])
def test_lengths_are_exact(frames: int) -> None:
    speech = say(frames=frames)
    assert speech.audio.shape == (frames * 640,)
    assert speech.opening.shape == speech.spread.shape == speech.closure.shape == (frames,)
    assert speech.rate == RATE


def test_same_seed_gives_the_same_bytes_and_another_seed_others() -> None:
    one, same, other = say(seed=3), say(seed=3), say(seed=4)
    for name in ("audio", "opening", "spread", "closure"):
        assert getattr(one, name).tobytes() == getattr(same, name).tobytes()
        assert getattr(one, name).tobytes() != getattr(other, name).tobytes()
    assert one.syllables == same.syllables


def test_without_its_sound_speech_is_the_same() -> None:
    rng, quiet_rng = np.random.default_rng(5), np.random.default_rng(5)
    loud = speak(60, "happy", 3, voice_of("female", rng), rng)
    quiet = speak(60, "happy", 3, voice_of("female", quiet_rng), quiet_rng, aloud=False)
    assert not len(quiet.audio) and len(loud.audio)
    assert quiet.syllables == loud.syllables
    for name in ("opening", "spread", "closure"):
        assert getattr(quiet, name).tobytes() == getattr(loud, name).tobytes()


def test_values_stay_in_their_ranges(clips: dict[tuple[str, int, str], Speech]) -> None:
    for speech in clips.values():
        assert speech.audio.dtype == np.float32
        assert 0.05 < np.abs(speech.audio).max() < 1.0
        assert np.isfinite(speech.audio).all()
        assert speech.opening.min() >= 0 and speech.opening.max() <= 1
        assert speech.spread.min() >= -1 and speech.spread.max() <= 1
        assert speech.closure.min() >= 0 and speech.closure.max() <= 1


def test_mouth_opens_with_the_loudness_and_with_no_lag(clips: dict[tuple[str, int, str], Speech]) -> None:
    for key, speech in clips.items():
        loudness = loudness_per_frame(speech)
        at_once = correlation(loudness, speech.opening, 0)
        assert at_once >= 0.7, key
        for lag in (-8, -5, -4, -3, 3, 4, 5, 8):
            assert correlation(loudness, speech.opening, lag) < at_once - 0.1, (key, lag)


def test_mouth_moves_without_jumps(clips: dict[tuple[str, int, str], Speech]) -> None:
    for speech in clips.values():
        assert np.abs(np.diff(speech.opening)).max() < 0.7
        assert np.abs(np.diff(speech.closure)).max() < 0.7
        assert np.abs(np.diff(speech.spread)).max() < 0.8


def test_lips_meet_at_every_m_b_and_p_and_only_there(clips: dict[tuple[str, int, str], Speech]) -> None:
    met = 0
    for speech in clips.values():
        times = np.arange(FRAMES) / 25
        near = np.zeros(FRAMES, bool)
        for start, end, name in speech.syllables:
            # An onset starts with its syllable; a coda (after the vowel) ends with it.
            if name[0] in "mbp":
                at = (times >= start - 0.02) & (times <= start + 0.4 * (end - start))
                met += 1
                assert speech.closure[at].max() > 0.9
                assert speech.opening[at].min() < 0.1
            if any(sound in "mbp" for sound in name):
                near |= (times > start - 0.12) & (times < end + 0.12)
        assert speech.closure[~near].max() < 0.31
    assert met > 50


def test_lips_are_spread_in_i_and_rounded_in_u(clips: dict[tuple[str, int, str], Speech]) -> None:
    spreads: dict[str, list[float]] = {"i": [], "u": []}
    for speech in clips.values():
        for start, end, name in speech.syllables:
            vowel = next(sound for sound in name if sound in "aeiou@")
            if vowel in spreads:
                spreads[vowel].append(speech.spread[round((start + 0.6 * (end - start)) * 25)])
    assert np.median(spreads["i"]) > 0.6
    assert np.median(spreads["u"]) < -0.6


def test_mouth_and_voice_rest_at_both_ends_and_in_pauses(clips: dict[tuple[str, int, str], Speech]) -> None:
    for speech in clips.values():
        starts, ends = np.array([(start, end) for start, end, _ in speech.syllables]).T
        assert 0.1 <= starts[0] <= 0.3
        assert 0.1 <= FRAMES / 25 - ends[-1] <= 0.3
        pauses = (starts[1:] + ends[:-1])[starts[1:] - ends[:-1] > 0.1] / 2
        for instant in (0.0, *pauses, (FRAMES - 1) / 25):
            sample = round(instant * RATE)
            assert np.abs(speech.audio[max(sample - 80, 0) : sample + 80]).max() < 0.02
            assert speech.opening[round(instant * 25)] < 0.15
        assert speech.opening[0] < 0.02
        assert speech.closure[0] == pytest.approx(0.3, abs=0.02)


@pytest.mark.parametrize("tract", [1.0, 1.15])
@pytest.mark.parametrize("vowel", VOWELS, ids=lambda vowel: vowel.name)
def test_formants_of_a_sustained_vowel_are_the_targets(vowel, tract: float) -> None:
    steps = STEPS_PER_SECOND // 2
    source = glottal_source(
        np.linspace(95.0, 105.0, steps),
        np.ones(steps),
        breath=0.0,
        jitter=0.005,
        brightness=0.0,
        rng=np.random.default_rng(0),
    )
    measured = formants_by_prediction(vocal_tract(source, np.tile(vowel.formants, (steps, 1)), tract)[1600:])
    for target in tract * np.array(vowel.formants):
        assert np.abs(measured / target - 1).min() < 0.1, (target, measured)


def test_resonators_that_stay_and_change_are_klatts_recurrence() -> None:
    """y[n] = (1 - b - c) x[n] + b y[n-1] + c y[n-2], one resonator after the other, sample by sample."""
    formants = np.repeat([[300.0, 900, 2200], [700.0, 1100, 2500], [300.0, 2100, 2600]], [3, 1, 4], axis=0)
    source = np.random.default_rng(0).standard_normal(len(formants) * STEP)
    expected = source.copy()
    for column, width in enumerate((130.0, 120.0, 160.0, 250.0, 300.0)):
        hertz = np.repeat(np.hstack([formants, np.tile([3500.0, 4500.0], (len(formants), 1))])[:, column], STEP)
        second = -np.exp(-2 * np.pi * width / RATE)
        first = 2 * np.exp(-np.pi * width / RATE) * np.cos(2 * np.pi * hertz / RATE)
        before, last = 0.0, 0.0
        for n, sample in enumerate(expected):
            before, last = last, (1 - first[n] - second) * sample + first[n] * last + second * before
            expected[n] = last
    np.testing.assert_allclose(vocal_tract(source, formants, 1.0), expected, rtol=0, atol=1e-9 * np.abs(expected).max())


@pytest.mark.parametrize("peak", [1000.0, 2000.0, 4500.0, 6000.0])
def test_frication_has_the_asked_level_and_peak(peak: float) -> None:
    gain, hertz = np.full(STEPS_PER_SECOND, 0.5), np.full(STEPS_PER_SECOND, peak)
    noise = frication(gain, hertz, np.random.default_rng(0))
    assert noise.std() == pytest.approx(0.5, rel=0.05)
    power = np.abs(np.fft.rfft(noise)) ** 2
    frequency = np.fft.rfftfreq(len(noise), 1 / RATE)
    assert power[np.abs(frequency - peak) < 750].sum() > 0.4 * power.sum()


def test_brightness_and_breath_raise_the_upper_band() -> None:
    def upper_share(breath: float, brightness: float) -> float:
        pitch, gain = np.full(STEPS_PER_SECOND, 120.0), np.ones(STEPS_PER_SECOND)
        rng = np.random.default_rng(0)
        source = glottal_source(pitch, gain, breath=breath, jitter=0.005, brightness=brightness, rng=rng)
        power = np.abs(np.fft.rfft(source)) ** 2
        return float(power[len(power) // 4 :].sum() / power.sum())

    assert upper_share(0.0, 1.0) > 1.5 * upper_share(0.0, 0.0) > 2 * upper_share(0.0, -1.0)
    assert upper_share(0.1, 0.0) > 1.1 * upper_share(0.0, 0.0)


def test_excited_voices_are_higher_than_sad_ones_and_female_than_male() -> None:
    def pitch(emotion: str, gender: str) -> float:
        return float(np.median([median_pitch(say(emotion, 3, gender, seed).audio) for seed in range(3)]))

    pitches = {key: pitch(*key) for key in product(("angry", "surprised", "neutral", "sad"), ("male", "female"))}
    for gender in ("male", "female"):
        for emotion in ("angry", "surprised"):
            assert pitches[emotion, gender] > 1.2 * pitches["neutral", gender]
        assert pitches["sad", gender] < pitches["neutral", gender]
    assert pitches["neutral", "female"] > 1.3 * pitches["neutral", "male"]
    assert 100 < pitches["neutral", "male"] < 170


def test_emotion_grows_with_the_level_and_is_heard_in_loudness_and_rate() -> None:
    def decibels(emotion: str, level: int) -> float:
        audio = np.concatenate([say(emotion, level, seed=seed).audio for seed in range(4)])
        return float(10 * np.log10(np.mean(audio.astype(np.float64) ** 2)))

    assert decibels("angry", 3) > decibels("angry", 1) > decibels("neutral", 1)
    assert decibels("neutral", 1) > decibels("sad", 1) > decibels("sad", 3)
    counts = {emotion: sum(len(say(emotion, 3, seed=s).syllables) for s in range(4)) for emotion in ("fear", "sad")}
    assert counts["fear"] > 1.2 * counts["sad"]


def test_every_emotion_has_a_delivery_and_neutral_shifts_nothing() -> None:
    assert tuple(DELIVERIES) == EMOTIONS
    assert not any(DELIVERIES["neutral"])


@pytest.mark.parametrize("duration", [0.5, 1.0, 2.0, 5.0])
def test_syllables_fill_the_clip_in_order_at_the_asked_rate(duration: float) -> None:
    plans = [plan_syllables(duration, 4.3, np.random.default_rng(seed)) for seed in range(20)]
    for syllables in filter(None, plans):
        edges = np.array([(syllable.start, syllable.end) for syllable in syllables]).reshape(-1)
        assert (np.diff(edges) > -1e-9).all()
        assert 0.1 <= edges[0] <= 0.3
        assert 0.1 - 1e-9 <= duration - edges[-1] <= 0.3 + 1e-9
    if duration >= 1:
        lengths = [syllable.end - syllable.start for syllables in plans for syllable in syllables]
        assert 1 / np.mean(lengths) == pytest.approx(4.3, rel=0.12)


def test_three_seconds_take_a_small_part_of_real_time() -> None:
    say()
    start = time.process_time()
    say(seed=1)
    assert time.process_time() - start < 3 / 5


def test_what_cannot_be_spoken_is_told_with_what_can() -> None:
    rng = np.random.default_rng(0)
    voice = voice_of("female", rng)
    with pytest.raises(UsageError, match="male, female"):
        voice_of("robot", rng)
    with pytest.raises(UsageError, match="at least 1 frame"):
        speak(0, "happy", 1, voice, rng)
    with pytest.raises(UsageError, match="1, 2, 3"):
        speak(10, "happy", 4, voice, rng)
    with pytest.raises(UsageError, match="surprised"):
        speak(10, "bored", 1, voice, rng)

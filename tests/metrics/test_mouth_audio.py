"""The audio-mouth correlation follows sync and nothing else, and refuses what it cannot know."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest

from facecues.cues import load_cues, to_array
from facecues.metrics.mouth import mouth_opening
from facecues.metrics.mouth_audio import (
    AM_BEST,
    AM_CORR,
    AM_LAG,
    MIN_PAIRS,
    mouth_audio_correlation,
    mouth_audio_scores,
    shuffled_sound,
    signature,
    speech_envelope,
)
from facecues.preprocess.extract import CueExtractor
from facecues.preprocess.sound import is_audible, read_sound
from facecues.reasons import ScoreReason
from facecues.resample import resample, time_grid
from tests.preprocess.clips import extract_clip

RNG = np.random.default_rng(0)
CURVE = np.convolve(RNG.random(140), np.ones(3) / 3, "valid")


def sound_of(curve: np.ndarray, frames_late: int = 0) -> np.ndarray:
    """Noise as loud as the curve says, around the instant of each frame."""
    loudness = np.repeat(np.roll(curve, frames_late), 640)
    return (0.1 * np.roll(loudness, -320) * np.random.default_rng(1).normal(size=len(loudness))).astype(np.float32)


SOUND = sound_of(CURVE)


def values(mouth: np.ndarray, sound: np.ndarray | None) -> dict[str, float | None]:
    return {name: score.value for name, score in mouth_audio_scores(mouth, sound).items()}


def test_equal_to_numpys_correlation() -> None:
    other = RNG.random(len(CURVE))
    found = mouth_audio_correlation(CURVE, other, max_lag=0)
    assert found.correlation == pytest.approx(np.corrcoef(CURVE, other)[0, 1], abs=1e-12)
    assert (found.best, found.lag, found.pairs) == (found.correlation, 0, len(CURVE))


def test_the_same_curve_correlates_fully_and_its_negative_fully_not() -> None:
    assert mouth_audio_correlation(CURVE, 3 * CURVE + 1).correlation == pytest.approx(1)
    assert mouth_audio_correlation(CURVE, -CURVE).correlation == pytest.approx(-1)


@pytest.mark.parametrize("frames", [-15, -6, 0, 1, 15])
def test_sound_later_by_k_frames_moves_the_best_lag_by_k(frames: int) -> None:
    found = values(CURVE, sound_of(CURVE, frames))
    assert found[AM_LAG.name] == frames
    best, at_zero = found[AM_BEST.name], found[AM_CORR.name]
    assert best is not None and at_zero is not None and best > 0.8
    assert at_zero == best if frames == 0 else at_zero < best


def test_gain_and_offset_change_nothing() -> None:
    soft = values(CURVE, SOUND / 64)
    assert values(CURVE, SOUND) == pytest.approx(soft, abs=1e-9)
    assert values(CURVE, SOUND + np.float32(0.05)) == pytest.approx(soft, abs=1e-3)
    assert values(40 * CURVE + 7, SOUND) == pytest.approx(soft, abs=1e-9)


def test_the_envelope_is_the_root_mean_square_around_the_instant_of_a_frame() -> None:
    tone = np.sin(2 * np.pi * 1000 * np.arange(32000) / 16000)
    envelope = speech_envelope(tone.astype(np.float32), 60)
    np.testing.assert_allclose(envelope[2:48], np.sqrt(0.5), rtol=2e-3)
    assert np.isnan(envelope[50:]).all() and np.isfinite(envelope[:50]).all()
    click = np.zeros(32000, np.float32)
    click[20 * 640] = 1
    assert speech_envelope(click).argmax() == 20


def test_the_envelope_hears_speech_not_hum() -> None:
    seconds = np.arange(32000) / 16000
    hum, voice = (np.sin(2 * np.pi * hertz * seconds).astype(np.float32) for hertz in (50, 700))
    assert speech_envelope(hum)[5:45].max() < 0.01 * speech_envelope(voice)[5:45].min()


def test_an_unknown_frame_is_left_out_on_both_sides() -> None:
    mouth, envelope = CURVE.copy(), speech_envelope(SOUND)[: len(CURVE)]
    mouth[30:50], envelope[90:] = np.nan, np.nan
    found = mouth_audio_correlation(mouth, envelope)
    known = np.r_[0:30, 50:90]
    assert found.pairs == 70
    assert found.correlation == pytest.approx(np.corrcoef(CURVE[known], envelope[known])[0, 1], abs=1e-12)


def test_coverage_and_reason_say_what_was_missing() -> None:
    mouth = CURVE.copy()
    mouth[:20] = np.nan
    count = len(CURVE)
    no_face = mouth_audio_scores(mouth, SOUND)[AM_CORR.name]
    assert (no_face.n_frames, no_face.coverage, no_face.reason) == (count - 20, 1 - 20 / count, ScoreReason.NO_FACE)
    no_sound = mouth_audio_scores(CURVE, SOUND[: 640 * 90])[AM_CORR.name]
    assert (no_sound.n_frames, no_sound.reason) == (90, ScoreReason.NO_AUDIO)
    shorter = mouth_audio_scores(CURVE, SOUND, expected=2 * count)[AM_CORR.name]
    assert (shorter.n_frames, shorter.coverage, shorter.reason) == (count, 0.5, ScoreReason.TOO_SHORT)
    longer = mouth_audio_scores(CURVE, SOUND, expected=80)[AM_CORR.name]
    assert (longer.n_frames, longer.coverage, longer.reason) == (80, 1.0, None)


@pytest.mark.parametrize(
    ("mouth", "sound", "reason"),
    [
        (CURVE, None, ScoreReason.NO_AUDIO),
        (CURVE, np.zeros_like(SOUND), ScoreReason.NO_AUDIO),
        (CURVE, SOUND[:6400], ScoreReason.NO_AUDIO),  # it ends after 10 frames
        (CURVE, np.full_like(SOUND, 0.5), ScoreReason.CONSTANT),
        (np.full_like(CURVE, 0.3), SOUND, ScoreReason.CONSTANT),
        (np.float32(0.1) * np.ones(138) + 1e-9 * CURVE, SOUND, ScoreReason.CONSTANT),  # round-off of landmarks
        (np.full_like(CURVE, np.nan), SOUND, ScoreReason.NO_FACE),
        (CURVE[: MIN_PAIRS - 1], SOUND, ScoreReason.TOO_SHORT),
        (CURVE[:0], SOUND, ScoreReason.TOO_SHORT),
        (CURVE[:0], None, ScoreReason.NO_AUDIO),
    ],
)
def test_what_has_no_correlation_has_a_reason(mouth: np.ndarray, sound: np.ndarray | None, reason: ScoreReason) -> None:
    for score in mouth_audio_scores(mouth, sound).values():
        assert score.value is None and score.reason == reason


@pytest.mark.parametrize(
    ("mouth", "envelope", "lag", "message"),
    [
        (CURVE, CURVE[1:], 15, "(T,) each"),
        (CURVE[None], CURVE[None], 15, "(T,) each"),
        (CURVE, np.where(CURVE[4] == CURVE, np.inf, CURVE), 15, "finite"),
        (CURVE, CURVE, -1, "max_lag"),
    ],
)
def test_what_is_no_pair_of_curves_is_refused(mouth: np.ndarray, envelope: np.ndarray, lag: int, message: str) -> None:
    with pytest.raises(ValueError) as caught:
        mouth_audio_correlation(mouth, envelope, lag)
    assert message in str(caught.value)


def test_tiny_and_huge_units_give_the_same_number() -> None:
    other = RNG.random(len(CURVE))
    expected = mouth_audio_correlation(CURVE, other).correlation
    for unit in (1e-200, 1e200):
        assert mouth_audio_correlation(unit * CURVE, other).correlation == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("count", [2, 3, 50])
def test_shuffling_gives_each_clip_anothers_sound_and_uses_each_once(count: int) -> None:
    clips = [f"clip_{i}" for i in range(count)]
    taken = shuffled_sound(clips, seed=4)
    assert set(taken) == set(taken.values()) == set(clips)
    assert all(clip != other for clip, other in taken.items())
    assert taken == shuffled_sound(reversed(clips), seed=4)


def test_one_clip_cannot_be_shuffled() -> None:
    with pytest.raises(ValueError, match="two clips or more"):
        shuffled_sound(["only"])


def test_the_signature_names_mouth_band_and_lags() -> None:
    assert signature() == "am|mouth:62-66|env:rms-40ms|band:300-3400|lag:15|min:25|fps:25|v:1"


Clips = dict[str, tuple[np.ndarray, np.ndarray]]  # mouth opening and sound


def scored(clips: Clips, sound_from: Mapping[str, str]) -> float:
    """Mean AM-Corr of the clips with the sound of others."""
    found = [mouth_audio_scores(mouth, clips[sound_from[clip]][1])[AM_CORR.name] for clip, (mouth, _) in clips.items()]
    return float(np.mean([score.value for score in found if score.value is not None]))


@pytest.fixture(scope="module")
def synthetic(corpus: Path) -> Clips:
    """The synthetic corpus, with the true mouth openings."""
    clips = {}
    for clip_id, rows in load_cues(corpus / "truth").groupby("clip_id"):
        actor, _, *rest = str(clip_id).split("/")
        sound = read_sound(corpus.joinpath(actor, "audio", *rest).with_suffix(".m4a"))
        assert is_audible(sound)
        clips[str(clip_id)] = mouth_opening(to_array(rows["normalized"], (68, 3))), sound
    return clips


def test_true_mouths_go_with_their_own_sound_and_not_with_anothers(synthetic: Clips) -> None:
    own = scored(synthetic, {clip: clip for clip in synthetic})
    controls = [scored(synthetic, shuffled_sound(synthetic, seed)) for seed in range(20)]
    assert own > 0.6
    assert max(controls) < 0.5 * own


@pytest.mark.parametrize("frames", [-8, 0, 5])
def test_delaying_a_clips_sound_moves_its_lag(synthetic: Clips, frames: int) -> None:
    for mouth, sound in synthetic.values():
        delayed = np.pad(sound, (640 * 8, 0))[640 * (8 - frames) :]
        own, moved = (mouth_audio_scores(mouth, one)[AM_LAG.name].value for one in (sound, delayed))
        assert own is not None and abs(own) <= 1
        assert moved == own + frames


@pytest.mark.slow
def test_shuffling_lowers_the_correlation_of_real_clips(data: Path, extractor: CueExtractor) -> None:
    """Every real clip whose own sound is to be heard: no shuffle of 100 does as well as the truth."""
    clips: Clips = {}
    for video in [
        *(data / "methods/reference").glob("*.mp4"),
        *(data / "real").glob("*.mp4"),
        *(data / "mead").rglob("*.mp4"),
    ]:
        beside = Path(str(video).replace("/video/front/", "/audio/")).with_suffix(".m4a")
        if not is_audible(read_sound(beside if beside.is_file() else video)):
            continue
        clip = extract_clip(extractor, video)
        times = clip.array("time_s")
        sound = read_sound(beside) if beside.is_file() else read_sound(video, start_s=float(times[0]))
        assert sound is not None
        opening = mouth_opening(clip.array("normalized"))[:, None]
        clips[str(video)] = resample(times, opening, time_grid(times))[:, 0], sound
    own = scored(clips, {clip: clip for clip in clips})
    assert own > max(scored(clips, shuffled_sound(clips, seed)) for seed in range(100))

"""Blinks: found where they are, and not where lids do something else."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from facecues.labels import EMOTIONS
from facecues.metrics.blinks import BLINK_SIGNATURE, Blink, blink_durations, blink_rate, blink_score, detect_blinks
from facecues.models.synth.behavior import manner_of, perform
from facecues.preprocess.extract import CueExtractor
from facecues.preprocess.pupils import eye_openness
from facecues.reasons import ScoreReason
from tests.metrics.tracks import cut, talking, track, without
from tests.models.stand_ins import babble, identity

DIP = np.array([0.8, 0.3, 0.05, 0.4, 0.85])


def eyes(blinks: tuple[int, ...] = (), frames: int = 250, seed: int = 0) -> np.ndarray:
    """(T, 2) openness with blinks whose lowest frame is at the given ones."""
    openness = 0.3 * np.ones(frames)
    for lowest in blinks:
        openness[lowest - 2 : lowest + 3] *= DIP
    noise = np.random.default_rng(seed).normal(0, 0.008, (frames, 2))
    return openness[:, None] + noise


def test_blinks_are_found_where_they_are() -> None:
    assert [(blink.first, blink.last) for blink in detect_blinks(eyes((30, 100, 180)))] == [
        (29, 31),
        (99, 101),
        (179, 181),
    ]
    assert detect_blinks(eyes()) == ()


def test_every_true_blink_of_the_corpus_is_found_and_no_other() -> None:
    for face in range(3):
        rng = np.random.default_rng(face)
        neutral, manner = identity(rng), manner_of(rng)
        for emotion in EMOTIONS:
            made = perform(babble(150, rng), neutral, emotion, 3, manner, rng)
            found = detect_blinks(eye_openness(made.normalized))
            assert len(found) == len(made.blinks)
            for blink, (first, last) in zip(found, made.blinks, strict=True):
                assert blink.first <= first and last <= blink.last


def test_the_blinks_of_a_real_clip_are_found(mead: Path, extractor: CueExtractor) -> None:
    batches: list[pa.RecordBatch] = []
    extractor(mead / "W015/video/front/neutral/level_1/030.mp4", None, batches.append)
    openness = np.concatenate([batch["eye_openness"].flatten().to_numpy() for batch in batches]).reshape(-1, 2)
    # Frames with lids fully down, found by eye over the whole clip.
    assert [
        blink.first <= shut <= blink.last for blink, shut in zip(detect_blinks(openness), (9, 32, 64, 88), strict=True)
    ] == [True] * 4


def test_rate_and_durations() -> None:
    openness = eyes((30, 100, 180))
    assert blink_rate(openness) == pytest.approx(3 / 10 * 60)
    assert blink_rate(openness, fps=50) == pytest.approx(36)
    np.testing.assert_allclose(blink_durations(openness), [0.12] * 3)
    assert blink_durations(eyes()).shape == (0,)


def test_the_size_of_the_eyes_does_not_matter() -> None:
    openness = eyes((30, 100))
    assert detect_blinks(3 * openness) == detect_blinks(openness)


def test_lids_that_follow_the_gaze_or_squint_do_not_blink() -> None:
    lowered = eyes(frames=250)
    lowered[100:130] *= 0.8  # looking down for a second
    squint = eyes((50, 200), frames=250)
    squint[120:] *= 0.5  # narrower from here on
    assert detect_blinks(lowered) == ()
    assert len(detect_blinks(squint)) == 2


def test_eyes_that_stay_shut_do_not_blink() -> None:
    asleep = eyes()
    asleep[100:130] *= 0.1
    assert detect_blinks(asleep) == ()


def test_frames_without_a_face_are_no_blink_and_no_time() -> None:
    openness = eyes((30, 180))
    openness[100:150] = np.nan
    assert len(detect_blinks(openness)) == 2
    assert blink_rate(openness) == pytest.approx(2 / 8 * 60)
    with pytest.raises(ValueError, match="at least one frame"):
        blink_rate(np.full((9, 2), np.nan))


def test_a_clips_score_says_how_much_was_seen() -> None:
    cues = replace(track(talking(250)), eye_openness=eyes((30, 180)).astype(np.float32))
    assert blink_score(cues).value == pytest.approx(12)
    lacking = blink_score(without(cues, slice(100, 150)))
    assert (lacking.n_frames, lacking.coverage, lacking.reason) == (200, 0.8, ScoreReason.NO_FACE)
    early = blink_score(cut(cues, slice(100)), frames=250)
    assert (early.coverage, early.reason) == (0.4, ScoreReason.TOO_SHORT)
    assert early.value == pytest.approx(15)
    short = blink_score(cut(cues, slice(24)))
    assert (short.value, short.reason) == (None, ScoreReason.TOO_SHORT)
    assert BLINK_SIGNATURE.startswith("blinks|")


def test_arrays_that_do_not_fit_are_refused() -> None:
    with pytest.raises(ValueError, match=r"\(T, 2\) or \(T,\), got \(9, 3\)"):
        detect_blinks(np.zeros((9, 3)))


def test_one_series_is_as_good_as_two_eyes() -> None:
    openness = eyes((30,))
    assert detect_blinks(openness.mean(axis=1)) == detect_blinks(openness) == (Blink(29, 31),)

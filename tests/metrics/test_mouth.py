"""Mouth opening: error and correlation."""

import numpy as np
import pytest

from facecues.metrics.mouth import (
    MOUTH_CORRELATION,
    MOUTH_ERROR,
    mouth_opening,
    mouth_opening_correlation,
    mouth_opening_error,
    mouth_scores,
    mouth_signatures,
)
from facecues.preprocess.geometry import rotation_matrix
from facecues.reasons import ScoreReason
from tests.metrics.tracks import FRAMES, cut, held, talking, track, without

ERROR, CORRELATION = MOUTH_ERROR.name, MOUTH_CORRELATION.name
REAL = track(seed=0)


def test_ideal_for_identical() -> None:
    scores = mouth_scores(REAL, REAL)
    assert scores[ERROR].value == MOUTH_ERROR.ideal == 0
    assert scores[CORRELATION].value == pytest.approx(MOUTH_CORRELATION.ideal)
    assert mouth_signatures().keys() == scores.keys()


def test_neither_pose_nor_resolution_opens_a_mouth() -> None:
    points = talking(seed=1)
    turned = 2 * points @ rotation_matrix(np.array([5.0, 20.0, -10.0])).T + 30
    one, other = mouth_scores(track(points), REAL), mouth_scores(track(turned), REAL)
    for name, score in one.items():
        assert other[name].value == pytest.approx(score.value, abs=1e-5)


def test_error_grows_and_correlation_falls_with_noise() -> None:
    opening = mouth_opening(REAL.normalized)
    noise = np.random.default_rng(0).standard_normal(len(opening))
    levels = (0.01, 0.03, 0.1, 0.3)
    errors = [mouth_opening_error(opening + level * noise, opening) for level in levels]
    correlations = [mouth_opening_correlation(opening + level * noise, opening) for level in levels]
    assert errors == sorted(errors)
    assert correlations == sorted(correlations, reverse=True)


def test_a_mouth_half_as_active_still_moves_with_the_sound() -> None:
    opening = mouth_opening(REAL.normalized)
    assert mouth_opening_correlation(opening / 2, opening) == pytest.approx(1)
    assert mouth_opening_error(opening / 2, opening) == pytest.approx(opening.mean() / 2)


def test_a_still_mouth_has_an_error_and_no_correlation() -> None:
    scores = mouth_scores(held(REAL), REAL)
    assert scores[ERROR].value > 0
    assert (scores[CORRELATION].value, scores[CORRELATION].reason) == (None, ScoreReason.CONSTANT)
    with pytest.raises(ValueError, match="constant"):
        mouth_opening_correlation(np.ones(9), np.arange(9.0))


def test_missing_frames_are_penalised_in_the_error_and_left_out_of_the_correlation() -> None:
    lacking = without(track(seed=1), slice(0, 10))
    assert mouth_scores(lacking, REAL)[ERROR].value != mouth_scores(lacking, REAL, missing="exclude")[ERROR].value
    score = mouth_scores(lacking, REAL)[CORRELATION]
    assert (score.n_frames, score.coverage, score.reason) == (FRAMES - 10, 0.75, ScoreReason.NO_FACE)
    hidden = mouth_scores(without(REAL, slice(None)), REAL)
    assert hidden[ERROR].value == pytest.approx(mouth_scores(held(REAL), REAL)[ERROR].value)
    assert hidden[CORRELATION].value is None


@pytest.mark.parametrize("frames", [0, 1, 2])
def test_too_few_frames_have_no_correlation(frames: int) -> None:
    short = cut(REAL, slice(frames))
    assert mouth_scores(short, short)[CORRELATION].reason == ScoreReason.TOO_SHORT


def test_arrays_that_do_not_fit_are_refused() -> None:
    with pytest.raises(ValueError, match=r"\(T, 68, 2\)"):
        mouth_opening(REAL.normalized[:, :20])
    with pytest.raises(ValueError, match=r"\(3,\) and \(4,\)"):
        mouth_opening_error(np.zeros(3), np.zeros(4))
    with pytest.raises(ValueError, match="at least one frame"):
        mouth_opening_error(np.full(3, np.nan), np.zeros(3))
    with pytest.raises(ValueError, match="at least 3 frames"):
        mouth_opening_correlation(np.zeros(2), np.zeros(2))


def test_whole_clips_are_covered_whole_without_a_reason() -> None:
    for score in mouth_scores(track(seed=1), REAL).values():
        assert score.value is not None and (score.coverage, score.reason) == (1.0, None)

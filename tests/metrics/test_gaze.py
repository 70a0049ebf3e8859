"""Gaze: angles, eye contact and counts."""

from dataclasses import replace

import numpy as np
import pytest

from facecues.metrics.distributions import DEGREE_BINS
from facecues.metrics.gaze import (
    EYE_CONTACT,
    EYES,
    GAZE,
    GAZE_METRICS,
    eye_contact_share,
    gaze_counts,
    gaze_error,
    gaze_scores,
    gaze_signatures,
)
from facecues.reasons import ScoreReason
from tests.metrics.tracks import FRAMES, cut, held, track, without

REAL, GENERATED = track(seed=0), track(seed=1)


def test_zero_for_identical_and_symmetric() -> None:
    assert gaze_error(REAL.gaze, REAL.gaze) == 0
    assert gaze_error(REAL.gaze, GENERATED.gaze) == pytest.approx(gaze_error(GENERATED.gaze, REAL.gaze))


@pytest.mark.parametrize("degrees", [1e-6, 1e-3, 1.0, 45.0, 179.0])
def test_small_and_large_angles_are_exact(degrees: float) -> None:
    assert gaze_error([[0.0, degrees]], [[0.0, 0.0]]) == pytest.approx(degrees, rel=1e-6)


def test_yaw_counts_less_where_the_eyes_look_up() -> None:
    assert gaze_error([[60.0, 10.0]], [[60.0, 0.0]]) == pytest.approx(5, abs=0.02)


def test_grows_with_noise() -> None:
    noise = np.random.default_rng(0).standard_normal(REAL.gaze.shape)
    values = [gaze_error(REAL.gaze + level * noise, REAL.gaze) for level in (0, 1, 2, 4)]
    assert values == sorted(values)


def test_eyes_are_measured_apart_and_together() -> None:
    off = replace(REAL, gaze_left=REAL.gaze_left + np.float32([3, 0]))
    scores = gaze_scores(off, REAL)
    assert scores["Gaze-L"].value == pytest.approx(3, rel=1e-4)
    assert scores["Gaze"].value == scores["Gaze-R"].value == 0
    assert scores.keys() == {info.name for info in GAZE_METRICS} == gaze_signatures().keys()


def test_eye_contact_is_the_share_of_frames_near_the_axis() -> None:
    gaze = np.array([[0, 0], [4.9, 0], [0, -4.9], [4, 4], [0, 5.1], [np.nan, np.nan]])
    assert eye_contact_share(gaze) == pytest.approx(3 / 5)
    assert eye_contact_share(gaze, within=6) == 1


def test_hiding_the_eyes_is_as_good_as_staring() -> None:
    hidden, still = gaze_scores(without(REAL, slice(None)), REAL), gaze_scores(held(REAL), REAL)
    assert hidden[GAZE.name].value == pytest.approx(still[GAZE.name].value)
    assert (hidden[EYE_CONTACT.name].value, hidden[EYE_CONTACT.name].reason) == (None, ScoreReason.NO_FACE)
    excluded = gaze_scores(without(REAL, slice(None)), REAL, missing="exclude")
    assert excluded[GAZE.name].value is None


def test_coverage_is_of_the_references_frames() -> None:
    for score in gaze_scores(cut(GENERATED, slice(10)), REAL).values():
        assert (score.n_frames, score.coverage, score.reason) == (10, 0.25, ScoreReason.TOO_SHORT)


def test_every_look_is_counted_once() -> None:
    wild = replace(REAL, gaze=np.linspace([-80, -80], [80, 80], FRAMES).astype(np.float32))
    counts = gaze_counts(without(wild, [0, 1]))
    assert tuple(counts) == EYES
    for count in counts.values():
        assert count.shape == (len(DEGREE_BINS.centers),) * 2
        assert count.sum() == FRAMES - 2
    assert counts["combined"][-1, -1] > 0  # overflow is kept


def test_arrays_that_do_not_fit_are_refused() -> None:
    with pytest.raises(ValueError, match=r"shape \(T, 2\)"):
        gaze_error(np.zeros((3, 3)), np.zeros((3, 3)))
    with pytest.raises(ValueError, match="one length"):
        gaze_error(np.zeros((3, 2)), np.zeros((4, 2)))
    with pytest.raises(ValueError, match="at least one frame"):
        eye_contact_share(np.full((3, 2), np.nan))


def test_whole_clips_are_covered_whole_without_a_reason() -> None:
    for score in gaze_scores(track(seed=1), REAL).values():
        assert score.value is not None and (score.coverage, score.reason) == (1.0, None)

"""The policy for missing frames, on plain numbers."""

import numpy as np
import pytest

from facecues.metrics.contracts import Score
from facecues.metrics.missing import hold_first, mean_score, to_length
from facecues.reasons import ScoreReason

ERRORS = np.array([1.0, np.nan, 3.0, np.nan])
STILL = np.array([0.0, 5.0, 5.0, np.nan])  # the last frame has no real face


def test_excluded_frames_count_for_nothing_and_penalised_ones_as_still() -> None:
    excluded = mean_score(ERRORS, STILL, available=4, missing="exclude")
    assert excluded == Score(2.0, 2, 0.5, ScoreReason.NO_FACE)
    penalised = mean_score(ERRORS, STILL, available=4, missing="penalize")
    assert penalised == Score(3.0, 2, 0.5, ScoreReason.NO_FACE)


@pytest.mark.parametrize(
    ("available", "reason"), [(4, ScoreReason.NO_FACE), (3, ScoreReason.NO_FACE), (2, ScoreReason.TOO_SHORT)]
)
def test_the_reason_is_what_lowered_the_coverage_most(available: int, reason: ScoreReason) -> None:
    errors = np.array([1.0, np.nan, np.nan, np.nan]) if available == 2 else ERRORS
    assert mean_score(errors, STILL, available=available, missing="exclude").reason == reason


def test_full_coverage_has_no_reason_and_no_frame_no_value() -> None:
    assert mean_score(STILL[:3], STILL[:3], available=9, missing="penalize") == Score(10 / 3, 3, 1.0)
    assert mean_score(np.empty(0), np.empty(0), available=0, missing="penalize") == Score(
        None, 0, 0.0, ScoreReason.TOO_SHORT
    )
    nothing = np.full(3, np.nan)
    assert mean_score(nothing, nothing, available=3, missing="penalize") == Score(None, 0, 0.0, ScoreReason.NO_FACE)


def test_the_first_frame_with_a_face_is_held() -> None:
    values = np.array([[np.nan, 0.0], [1.0, 2.0], [3.0, 4.0]])
    np.testing.assert_array_equal(hold_first(values), [[1, 2]] * 3)
    assert np.isnan(hold_first(values[:1])).all()


def test_lengths_are_cut_or_filled_with_nothing() -> None:
    np.testing.assert_array_equal(to_length(np.arange(4.0), 2), [0, 1])
    np.testing.assert_array_equal(to_length(np.arange(2.0), 4), [0, 1, np.nan, np.nan])


@pytest.mark.parametrize(("errors", "still"), [((5, 68, 3), (5, 68, 3)), ((5,), (4,)), ((5, 1), (5,))])
def test_anything_but_one_error_for_each_frame_is_refused(errors: tuple[int, ...], still: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match=r"expected errors and still of \(n,\) frames"):
        mean_score(np.zeros(errors), np.zeros(still), available=5, missing="penalize")

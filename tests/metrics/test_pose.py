"""Head pose: errors, velocity, and how much a head moves."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from facecues.metrics.distributions import DEGREE_BINS
from facecues.metrics.pose import (
    AXES,
    POSE,
    POSE_DIVERSITY,
    POSE_METRICS,
    POSE_RANGE,
    POSE_SPEED,
    POSE_SPEED_GAP,
    POSE_VELOCITY,
    VELOCITY_BINS,
    angular_velocity,
    head_motion,
    pose_counts,
    pose_error,
    pose_scores,
    pose_signatures,
    pose_velocity_error,
    velocity_counts,
)
from facecues.reasons import ScoreReason
from tests.metrics.tracks import FRAMES, cut, held, track, without

REAL, GENERATED = track(seed=0), track(seed=1)
SECOND = np.arange(26)[:, None]


def turning(degrees: np.ndarray) -> np.ndarray:
    """(T, 3): a head that only turns, by these yaws."""
    return np.stack([0 * degrees, degrees, 0 * degrees], axis=1)


def test_zero_for_identical_and_symmetric() -> None:
    assert pose_error(REAL.rotation, REAL.rotation) == pytest.approx(0, abs=1e-6)
    assert pose_velocity_error(REAL.rotation, REAL.rotation) == 0
    for error in (pose_error, pose_velocity_error):
        forth, back = error(REAL.rotation, GENERATED.rotation), error(GENERATED.rotation, REAL.rotation)
        assert forth == pytest.approx(back)


def test_the_error_is_the_angle_between_rotations() -> None:
    one, other = (Rotation.from_euler("ZYX", side.rotation[:, ::-1], degrees=True) for side in (REAL, GENERATED))
    expected = np.degrees((one.inv() * other).magnitude()).mean()
    assert pose_error(REAL.rotation, GENERATED.rotation) == pytest.approx(expected)
    assert pose_error([[0, 20, 0]], [[0, -10, 0]]) == pytest.approx(30)


def test_angles_wrap() -> None:
    one, other = (replace(REAL, rotation=np.tile(np.float32([0, 0, roll]), (FRAMES, 1))) for roll in (179, -179))
    scores = pose_scores(one, other)
    assert scores["Pose-roll"].value == pytest.approx(2)
    assert scores["Pose"].value == pytest.approx(2, abs=1e-3)


def test_velocity_is_in_degrees_per_second() -> None:
    steady, still = turning(2.0 * np.arange(26)), np.zeros((26, 3))
    np.testing.assert_allclose(angular_velocity(steady), np.broadcast_to([0, 50, 0], (25, 3)), atol=1e-9)
    assert pose_velocity_error(steady, still) == pytest.approx(50)
    assert pose_velocity_error(steady, still, fps=50) == pytest.approx(100)


def test_each_axis_is_measured_by_itself() -> None:
    off = REAL.rotation + np.float32([1, -2, 3])
    scores = pose_scores(replace(REAL, rotation=off), REAL)
    np.testing.assert_allclose([scores[f"Pose-{axis}"].value for axis in AXES], [1, 2, 3], rtol=1e-5)
    assert scores.keys() == {info.name for info in POSE_METRICS}
    assert pose_signatures().keys() == scores.keys() | {POSE_SPEED_GAP.name}


def test_grows_with_noise() -> None:
    noise = np.random.default_rng(0).standard_normal(REAL.rotation.shape)
    for error in (pose_error, pose_velocity_error):
        values = [error(REAL.rotation + level * noise, REAL.rotation) for level in (0, 0.5, 1, 2, 4)]
        assert values == sorted(values)


def test_a_head_that_swings_has_range_speed_and_diversity() -> None:
    yaw = 10 * np.sin(2 * np.pi * np.arange(100) / 50)
    swinging = replace(track(np.repeat(REAL.landmarks[:1], 100, axis=0)), rotation=turning(yaw).astype(np.float32))
    motion = head_motion(swinging)
    assert motion[POSE_RANGE.name].value == pytest.approx(np.diff(np.percentile(yaw, [5, 95]))[0] / 3, rel=1e-5)
    assert motion[POSE_DIVERSITY.name].value == pytest.approx(yaw.std() / 3, rel=1e-5)
    assert motion[POSE_SPEED.name].value == pytest.approx(np.abs(np.diff(yaw)).mean() * 25, rel=1e-4)
    for score in head_motion(held(REAL)).values():
        assert score.value == pytest.approx(0, abs=1e-5)


def test_one_slip_of_the_tracker_makes_no_range() -> None:
    slipped = REAL.rotation.copy()
    slipped[20] = 60
    before = head_motion(REAL)[POSE_RANGE.name].value
    after = head_motion(replace(REAL, rotation=slipped))[POSE_RANGE.name].value
    assert after == pytest.approx(before, rel=0.35) and after < 60 / 4


def test_hiding_the_head_is_as_good_as_holding_it_still() -> None:
    hidden, still = pose_scores(without(REAL, slice(None)), REAL), pose_scores(held(REAL), REAL)
    for info in (POSE, POSE_VELOCITY):
        assert hidden[info.name].value == pytest.approx(still[info.name].value, rel=1e-6)
        assert (hidden[info.name].coverage, hidden[info.name].reason) == (0, ScoreReason.NO_FACE)
    for info in (POSE_SPEED, POSE_RANGE, POSE_DIVERSITY):
        assert hidden[info.name].value is None


def test_coverage_is_of_the_references_frames() -> None:
    scores = pose_scores(cut(GENERATED, slice(30)), REAL)
    for name, score in scores.items():
        pairs = name in (POSE_VELOCITY.name, POSE_SPEED.name)
        assert score.n_frames == (29 if pairs else 30), name
        assert score.coverage == (29 / 39 if pairs else 30 / 40)
        assert score.reason == ScoreReason.TOO_SHORT


def test_a_single_frame_has_a_pose_and_no_movement() -> None:
    one = cut(REAL, slice(1))
    scores = pose_scores(one, one)
    assert scores[POSE.name].value == pytest.approx(0, abs=1e-6)
    for info in (POSE_VELOCITY, POSE_SPEED, POSE_RANGE, POSE_DIVERSITY):
        assert (scores[info.name].value, scores[info.name].reason) == (None, ScoreReason.TOO_SHORT)


def test_every_frame_with_a_face_is_counted_once_per_axis() -> None:
    counts = pose_counts(without(REAL, slice(0, 5)))
    assert {axis: (count.shape, count.sum()) for axis, count in counts.items()} == dict.fromkeys(
        AXES, (DEGREE_BINS.centers.shape, FRAMES - 5)
    )


def test_arrays_that_do_not_fit_are_refused() -> None:
    with pytest.raises(ValueError, match=r"\(T, 3\) in degrees, got \(40, 3\) and \(39, 3\)"):
        pose_error(REAL.rotation, REAL.rotation[1:])
    with pytest.raises(ValueError, match="at least one frame"):
        pose_error(np.full((3, 3), np.nan), np.zeros((3, 3)))
    with pytest.raises(ValueError, match="one pair of frames"):
        pose_velocity_error(np.zeros((1, 3)), np.zeros((1, 3)))


def test_whole_clips_are_covered_whole_without_a_reason() -> None:
    for score in pose_scores(track(seed=1), REAL).values():
        assert score.value is not None and (score.coverage, score.reason) == (1.0, None)


def test_turns_are_counted_by_axis_and_direction() -> None:
    counts = velocity_counts(replace(REAL, rotation=turning(-0.2 * np.arange(len(REAL))).astype(np.float32)))
    assert counts.shape == (3, len(VELOCITY_BINS.centers)) and (counts.sum(axis=1) == len(REAL) - 1).all()
    held, turned = (VELOCITY_BINS.centers[np.flatnonzero(axis)] for axis in counts[:2])
    assert np.abs(held).max() < 1  # on the edge of the bins around zero, round-off decides
    assert np.abs(turned + 5).max() <= 0.5

"""Resampling goes by time, makes nothing up, and turns along the shortest way."""

import numpy as np
import pytest

from facecues.resample import resample, resample_rotation, time_grid


def test_at_its_own_times_a_sequence_is_itself() -> None:
    times = np.arange(30) / 25
    values = np.random.default_rng(0).normal(size=(30, 4)).astype(np.float32)
    np.testing.assert_allclose(resample(times, values, times), values, atol=1e-6)
    degrees = np.random.default_rng(1).uniform(-40, 40, (30, 3)).astype(np.float32)
    np.testing.assert_allclose(resample_rotation(times, degrees, times), degrees, atol=1e-3)


def test_a_straight_line_stays_straight_whatever_the_rate() -> None:
    times = np.sort(np.random.default_rng(2).uniform(0, 2, 80))
    at = time_grid(times)
    found = resample(times, (3 * times)[:, None].astype(np.float32), at)
    known = ~np.isnan(found[:, 0])
    assert known.mean() > 0.8
    np.testing.assert_allclose(found[known, 0], 3 * at[known], atol=1e-5)


@pytest.mark.parametrize(("rate", "frames"), [(30.0, 112), (25.0, 95), (24.588, 109), (50.0, 10)])
def test_the_grid_keeps_the_duration_to_one_frame(rate: float, frames: int) -> None:
    times = np.arange(frames) / rate
    at = time_grid(times)
    assert abs(len(at) / 25 - frames / rate) <= 1 / 25
    np.testing.assert_allclose(np.diff(at), 0.04)


def test_a_hole_stays_a_hole_and_a_missing_frame_is_bridged() -> None:
    times = np.arange(20) / 25
    values = np.ones((20, 1), np.float32)
    values[4] = np.nan
    values[10:14] = np.nan
    found = resample(times, values, times)
    assert found[4, 0] == 1.0
    assert np.isnan(found[10:14, 0]).all()
    assert np.isnan(resample(times, np.full((20, 1), np.nan, np.float32), times)).all()


def test_nothing_is_made_up_outside_the_known_times() -> None:
    times = np.arange(5) / 25
    found = resample(times, np.ones((5, 1), np.float32), np.array([-0.04, 0.0, 0.16, 0.2]))
    np.testing.assert_array_equal(np.isnan(found[:, 0]), [True, False, False, True])


def test_rotations_turn_along_the_shortest_way() -> None:
    degrees = np.array([[0, 0, 178.0], [0, 0, -178.0]], np.float32)
    found = resample_rotation(np.array([0.0, 0.04]), degrees, np.array([0.02]))
    assert abs(abs(found[0, 2]) - 180) < 1e-3

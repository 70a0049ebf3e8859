"""Bins and distances of distributions, against SciPy's."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.spatial.distance import jensenshannon
from scipy.stats import wasserstein_distance

from facecues.metrics.distributions import DEGREE_BINS, Bins, jensen_shannon, marginal, total_variation, wasserstein

CENTERS = DEGREE_BINS.centers
counts = arrays(np.int64, len(CENTERS), elements=st.integers(0, 50)).filter(np.any)
DISTANCES = (jensen_shannon, total_variation, lambda p, q: wasserstein(p, q, CENTERS))


@given(counts, counts)
def test_equal_to_scipy(p, q) -> None:
    assert jensen_shannon(p, q) == pytest.approx(np.nan_to_num(jensenshannon(p, q, base=2)) ** 2, abs=1e-9)
    assert wasserstein(p, q, CENTERS) == pytest.approx(wasserstein_distance(CENTERS, CENTERS, p, q), abs=1e-9)


@given(counts, counts)
def test_zero_for_identical_symmetric_and_bounded(p, q) -> None:
    for distance in DISTANCES:
        assert distance(p, 3 * p) == pytest.approx(0, abs=1e-12)
        assert distance(p, q) == pytest.approx(distance(q, p), abs=1e-12)
    assert 0 <= jensen_shannon(p, q) <= 1 + 1e-12
    assert 0 <= total_variation(p, q) <= 1 + 1e-12


def test_known_values() -> None:
    left, right = np.eye(len(CENTERS))[[3, 8]]
    assert jensen_shannon(left, right) == pytest.approx(1)
    assert total_variation(left, right) == 1
    assert wasserstein(left, right, CENTERS) == pytest.approx(5 * DEGREE_BINS.width)


def test_earth_movers_distance_follows_a_shift_and_hardly_minds_the_bins() -> None:
    looks = np.random.default_rng(0).normal(0, 4, (5000, 1))
    for bins in (Bins(width=1), Bins(width=2), Bins(width=3)):
        moved = [wasserstein(bins.count(looks + shift), bins.count(looks), bins.centers) for shift in (0, 3, 6, 12)]
        np.testing.assert_allclose(moved, [0, 3, 6, 12], atol=0.1)


def test_every_value_is_in_one_bin_and_overflow_is_kept() -> None:
    bins = Bins(width=2, limit=4)
    np.testing.assert_array_equal(bins.centers, [-5, -3, -1, 1, 3, 5])
    values = np.array([-90, -4, -2.001, 0, 1.999, 4, 90, np.nan])[:, None]
    np.testing.assert_array_equal(bins.count(values), [1, 2, 0, 2, 0, 2])


def test_marginals_of_joint_counts_are_the_counts_of_each_axis() -> None:
    values = np.random.default_rng(0).normal(0, 15, (200, 2))
    joint = DEGREE_BINS.count(values)
    for axis in (0, 1):
        np.testing.assert_array_equal(marginal(joint, axis), DEGREE_BINS.count(values[:, [axis]]))


@pytest.mark.parametrize("wrong", [np.zeros(4), np.array([1, -1, 2, 0]), np.array([np.nan, 1, 1, 1])])
def test_what_is_no_distribution_is_refused(wrong) -> None:
    for distance in (jensen_shannon, total_variation):
        with pytest.raises(ValueError, match="second"):
            distance(np.ones(4), wrong)


def test_other_bins_are_refused() -> None:
    with pytest.raises(ValueError, match=r"same bins, got \(3,\) and \(4,\)"):
        jensen_shannon(np.ones(3), np.ones(4))
    with pytest.raises(ValueError, match="one axis"):
        wasserstein(np.ones((2, 2)), np.ones((2, 2)), np.arange(4))
    with pytest.raises(ValueError, match=r"shape \(T, axes\)"):
        DEGREE_BINS.count(np.zeros(3))

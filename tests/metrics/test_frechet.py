"""The Fréchet distance is the published value, whatever the partition, the order and the number of samples."""

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.linalg import sqrtm

from facecues.metrics.frechet import (
    FeatureStatistics,
    features_to_statistics,
    frechet_distance,
    frechet_of_features,
    gaussian_frechet_distance,
    merge,
    resampled_frechet_distances,
    small_sample_warning,
)

Features = NDArray[np.float64]
D = 24


def normal(n: int, seed: int, d: int = D) -> Features:
    """Correlated features with a mean of their own."""
    rng = np.random.default_rng(seed)
    return rng.standard_normal((n, d)) @ rng.standard_normal((d, d)) + rng.standard_normal(d)


def published(a: Features, b: Features) -> float:
    """Heusel et al. 2017, equation 6, with SciPy's matrix square root."""
    covariance_a, covariance_b = np.cov(a, rowvar=False), np.cov(b, rowvar=False)
    root = sqrtm(covariance_a @ covariance_b)
    difference = a.mean(axis=0) - b.mean(axis=0)
    return float(difference @ difference + np.trace(covariance_a + covariance_b - 2 * root.real))


def assert_equal(one: FeatureStatistics, other: FeatureStatistics) -> None:
    assert one.count == other.count
    assert (one.rows is None) == (other.rows is None)
    np.testing.assert_allclose(one.total, other.total, rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(one.moments(), other.moments(), rtol=1e-12, atol=1e-12)


def test_means_0_and_1_in_2048_dimensions_are_2048_apart() -> None:
    """tests/test_fid_score.py of mseitzer/pytorch-fid; an identity for covariance, as there a common one."""
    d, identity = 2048, np.eye(2048)
    assert gaussian_frechet_distance(np.zeros(d), identity, np.ones(d), identity) == pytest.approx(2048, abs=1e-6)


def test_one_dimension_has_a_closed_form() -> None:
    """(m1 - m2)² + (s1 - s2)², Dowson and Landau 1982."""
    assert gaussian_frechet_distance([1.0], [[9.0]], [4.0], [[25.0]]) == pytest.approx(3**2 + (3 - 5) ** 2)


@pytest.mark.parametrize(("n", "m"), [(400, 300), (400, D - 5), (D - 5, 400)])
def test_it_equals_the_formula_with_scipys_square_root(n: int, m: int) -> None:
    a, b = normal(n, 1), normal(m, 2)
    assert frechet_of_features(a, b) == pytest.approx(published(a, b), rel=1e-6)


@pytest.mark.parametrize(("n", "m"), [(10, 15), (10, 400)])
def test_few_samples_give_what_their_covariances_give(n: int, m: int) -> None:
    a, b = normal(n, 1), normal(m, 2)
    by_moments = gaussian_frechet_distance(a.mean(0), np.cov(a.T), b.mean(0), np.cov(b.T))
    assert frechet_of_features(a, b) == pytest.approx(by_moments, rel=1e-6)


def test_dead_dimensions_change_nothing() -> None:
    """A ReLU that never fires makes the covariance singular."""
    a, b = normal(100, 1), normal(100, 2)
    dead = np.zeros((100, 3))
    assert frechet_of_features(np.hstack([a, dead]), np.hstack([b, dead])) == pytest.approx(frechet_of_features(a, b))


@pytest.mark.parametrize("n", [5, 50])
def test_sets_that_do_not_vary_are_as_far_apart_as_their_means(n: int) -> None:
    assert frechet_of_features(np.ones((n, D)), np.zeros((n, D))) == pytest.approx(D)


@pytest.mark.parametrize("n", [10, 100])
def test_it_is_zero_for_identical_sets(n: int) -> None:
    a = normal(n, 1)
    assert frechet_of_features(a, a) == pytest.approx(0, abs=1e-6 * np.cov(a.T).trace())


@pytest.mark.parametrize(("n", "m"), [(100, 80), (10, 12), (10, 80)])
def test_it_is_symmetric(n: int, m: int) -> None:
    a, b = normal(n, 1), normal(m, 2)
    assert frechet_of_features(a, b) == pytest.approx(frechet_of_features(b, a), rel=1e-9)


def test_it_grows_with_noise() -> None:
    a = normal(200, 1)
    noise = np.random.default_rng(0).standard_normal(a.shape)
    values = [frechet_of_features(a + scale * noise, a) for scale in (0.0, 0.5, 1.0, 2.0)]
    assert values == sorted(values)
    assert values[-1] > 1


@pytest.mark.parametrize("n", [D - 4, D + 16, 200])
def test_merged_parts_are_the_whole(n: int) -> None:
    a = normal(n, 1)
    parts = [features_to_statistics(part) for part in np.split(a, [3, 4, n // 2])]
    assert_equal(merge(parts), features_to_statistics(a))
    assert_equal(merge([merge(parts[:2]), merge(parts[2:])]), features_to_statistics(a))


@pytest.mark.parametrize("n", [D - 4, 200])
def test_order_changes_nothing(n: int) -> None:
    a, b = normal(n, 1), normal(n, 2)
    shuffled = np.random.default_rng(0).permutation(a)
    assert frechet_of_features(shuffled, b) == pytest.approx(frechet_of_features(a, b), rel=1e-9)


@pytest.mark.parametrize("n", [3, 60])
def test_a_weight_repeats_a_part(n: int) -> None:
    one, two, three = (normal(n, seed) for seed in (1, 2, 3))
    weighted = merge([features_to_statistics(part) for part in (one, two, three)], [2, 0, 1])
    assert_equal(weighted, features_to_statistics(np.concatenate([one, one, three])))


@pytest.mark.parametrize("n", [2, 8, 40])  # samples throughout; in some draws; sums of outer products
def test_a_resample_is_the_distance_of_the_drawn_units(n: int) -> None:
    units = [(normal(n, 2 * i), normal(n + 1, 2 * i + 1)) for i in range(4)]
    draws = np.array([[1, 1, 1, 1], [2, 0, 1, 1], [0, 4, 0, 0]])
    found = resampled_frechet_distances(
        *([features_to_statistics(unit[side]) for unit in units] for side in (0, 1)), draws
    )
    for value, draw in zip(found, draws, strict=True):
        pred, target = (
            np.concatenate([np.tile(unit[side], (times, 1)) for unit, times in zip(units, draw, strict=True)])
            for side in (0, 1)
        )
        assert value == pytest.approx(frechet_of_features(pred, target), rel=1e-6)


def test_float32_features_lose_nothing() -> None:
    a, b = normal(100, 1).astype(np.float32), normal(10, 2).astype(np.float32)
    exact = frechet_of_features(a.astype(np.float64), b.astype(np.float64))
    assert frechet_of_features(a, b) == pytest.approx(exact, rel=1e-12)


@pytest.mark.parametrize(
    ("features", "said"),
    [
        (np.zeros(5), r"\(n, d\)"),
        (np.zeros((0, 5)), "at least 1"),
        (np.array([["a"]]), "numbers"),
        (np.array([[1.0, np.nan], [0.0, 1.0]]), "NaN or infinity in 1 of 2 rows"),
        (np.array([[np.inf, 0.0]]), "NaN or infinity in 1 of 1 rows"),
    ],
)
def test_what_is_no_feature_matrix_is_refused(features: Features, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        features_to_statistics(features)


def test_one_sample_has_no_covariance() -> None:
    with pytest.raises(ValueError, match="at least 2 features of equal dimensions, got 1 of 24"):
        frechet_distance(features_to_statistics(normal(1, 1)), features_to_statistics(normal(9, 2)))


def test_unequal_dimensions_are_refused() -> None:
    with pytest.raises(ValueError, match="got 9 of 24 and 9 of 25 dimensions"):
        frechet_of_features(normal(9, 1), normal(9, 2, D + 1))
    with pytest.raises(ValueError, match=r"got dimensions \[24, 25\]"):
        merge([features_to_statistics(normal(9, 1, d)) for d in (D, D + 1)])
    with pytest.raises(ValueError, match=r"covariances \(d, d\)"):
        gaussian_frechet_distance(np.zeros(2), np.eye(2), np.zeros(3), np.eye(3))


def test_nothing_cannot_be_merged() -> None:
    with pytest.raises(ValueError, match="at least one part"):
        merge([])


@pytest.mark.parametrize("weights", [[1, 1, 1], [0.5, 1], [-1, 1], [0, 0], [np.nan, 1]])
def test_weights_are_whole_numbers_one_per_part(weights: list[float]) -> None:
    parts = [features_to_statistics(normal(9, seed)) for seed in (1, 2)]
    with pytest.raises(ValueError, match="expected"):
        merge(parts, weights)


def test_few_samples_are_warned_of_with_their_number() -> None:
    assert "FID of 500 samples" in (small_sample_warning(500) or "")
    assert "FD-AlexNet of 2047 samples" in (small_sample_warning(2047, "FD-AlexNet") or "")
    assert small_sample_warning(2048) is None

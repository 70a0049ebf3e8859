"""The kernel distance is the published estimator's value, and what saves time does not change it."""

from itertools import permutations, product

import numpy as np
import pytest
from numpy.typing import NDArray

from facecues.metrics.kid import kid

Features = NDArray[np.float64]


def normal(n: int, seed: int, shift: float = 0.0, d: int = 6) -> Features:
    return np.random.default_rng(seed).standard_normal((n, d)) + shift


def published(x: Features, y: Features) -> float:
    """Gretton et al. 2012, equation 3, pair by pair, with the kernel of Bińkowski et al. 2018."""

    def kernel(a: Features, b: Features) -> float:
        return float((a @ b / len(a) + 1) ** 3)

    within = sum(np.mean([kernel(a, b) for a, b in permutations(side, 2)]) for side in (x, y))
    return float(within - 2 * np.mean([kernel(a, b) for a, b in product(x, y)]))


def kid_of_all(x: Features, y: Features) -> float:
    """Fewer samples than a subset has are taken all at once."""
    return kid(x, y).value


def test_it_equals_the_sum_over_pairs() -> None:
    x, y = normal(9, 1), normal(7, 2, 0.5)
    assert kid_of_all(x, y) == pytest.approx(published(x, y), rel=1e-12)


def test_it_is_unbiased() -> None:
    """Its mean over many pairs of sets of one distribution is zero, unlike that of a distance."""
    values = [kid_of_all(normal(20, 2 * i), normal(20, 2 * i + 1)) for i in range(300)]
    assert abs(np.mean(values)) < 3 * np.std(values) / np.sqrt(len(values))
    assert min(values) < 0 < max(values)


def test_it_is_symmetric_and_order_changes_nothing() -> None:
    x, y = normal(30, 1), normal(40, 2, 0.5)
    assert kid_of_all(y, x) == pytest.approx(kid_of_all(x, y), rel=1e-12)
    assert kid_of_all(x[::-1], y) == pytest.approx(kid_of_all(x, y), rel=1e-12)


def test_it_grows_with_the_distance() -> None:
    x = normal(200, 1)
    values = [kid_of_all(normal(200, 2, shift), x) for shift in (0.0, 0.5, 1.0)]
    assert values == sorted(values)


@pytest.mark.parametrize("samples", [25, 100])  # one kernel matrix for all subsets; a matrix for each subset
def test_it_is_the_mean_over_its_subsets(samples: int) -> None:
    x, y = normal(samples, 1), normal(samples + 5, 2, 0.5)
    rng = np.random.RandomState(7)
    values = [
        published(x[rng.choice(len(x), 8, replace=False)], y[rng.choice(len(y), 8, replace=False)]) for _ in range(10)
    ]
    found = kid(x, y, subsets=10, subset_size=8, seed=7)
    assert found.value == pytest.approx(np.mean(values), rel=1e-10)
    assert found.deviation == pytest.approx(np.std(values), rel=1e-10)
    assert found.subsets == "10x8@7"


def test_a_seed_repeats_it() -> None:
    x, y = normal(50, 1), normal(50, 2)
    assert kid(x, y, subset_size=10) == kid(x, y, subset_size=10)
    assert kid(x, y, subset_size=10) != kid(x, y, subset_size=10, seed=1)


def test_too_few_samples_for_a_subset_are_all_taken_and_that_is_said() -> None:
    x, y = normal(50, 1), normal(2000, 2)
    found = kid(x, y)
    assert (found.value, found.deviation, found.subsets) == (kid_of_all(x, y), None, "all")


def test_several_tiles_give_the_value_of_one(monkeypatch: pytest.MonkeyPatch) -> None:
    x, y = normal(50, 1), normal(45, 2, 0.5)
    expected = kid_of_all(x, y)
    monkeypatch.setattr("facecues.metrics.kid._TILE", 16)
    assert kid_of_all(x, y) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize(
    ("x", "y", "said"),
    [
        (normal(1, 1), normal(5, 2), "at least 2 features"),
        (normal(5, 1), normal(5, 2, d=7), r"got shapes \(5, 6\) and \(5, 7\)"),
        (np.full((5, 6), np.nan), normal(5, 2), "finite features_pred"),
        (normal(5, 1), np.zeros(6), "features_target"),
    ],
)
def test_bad_features_are_refused(x: Features, y: Features, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        kid(x, y)


def test_bad_options_are_refused() -> None:
    x = normal(5, 1)
    with pytest.raises(ValueError, match="subset_size >= 2"):
        kid(x, x, subset_size=1)

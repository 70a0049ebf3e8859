"""Intervals against scipy, against all draws there are, and against what they promise on simulated actors."""

from dataclasses import asdict
from itertools import product
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy import stats

from facecues.metrics.statistics import Interval, bootstrap_weights, interval_of_draws, mean_interval, mean_intervals
from tests.benchmarks.statistics_figures import read_eat_results


def simulate(actors: int, datasets: int, rng: np.random.Generator, most: int = 12):
    """(clips, datasets) values of actors that differ as much as their clips do, around 0; and each clip's actor."""
    codes = np.repeat(np.arange(actors), rng.integers(min(3, most), most + 1, actors))
    values = rng.normal(size=(actors, datasets))[codes] + rng.normal(size=(len(codes), datasets))
    return values, [f"A{code:03d}" for code in codes]


def coverage(intervals: tuple[Interval, ...]) -> float:
    return float(np.mean([interval.low <= 0 <= interval.high for interval in intervals]))


def test_t_with_equally_many_clips_is_the_t_interval_of_the_actors_means() -> None:
    values = np.random.default_rng(0).normal(size=(4, 9)) + np.arange(4)[:, None]
    interval = mean_interval(values.ravel(), np.repeat(list("abcd"), 9), method="t")
    expected = stats.ttest_1samp(values.mean(axis=1), 0).confidence_interval()
    assert (interval.low, interval.high) == pytest.approx((expected.low, expected.high), rel=1e-12)


def test_t_with_every_clip_its_own_cluster_is_students() -> None:
    values = np.random.default_rng(0).normal(size=50)
    interval = mean_interval(values, None, method="t")
    expected = stats.ttest_1samp(values, 0).confidence_interval()
    assert (interval.low, interval.high) == pytest.approx((expected.low, expected.high), rel=1e-12)
    assert interval.unit == "clip"
    assert "actors unknown" in interval.note


def test_t_with_unequal_actors_is_the_clustered_formula_by_hand() -> None:
    interval = mean_interval([1, 2, 3, 6, 8], ["a", "a", "b", "b", "b"], method="t")
    error = np.sqrt(2 / 1 * ((1 + 2 - 2 * 4) ** 2 + (3 + 6 + 8 - 3 * 4) ** 2)) / 5
    assert (interval.mean, interval.n, interval.actors) == (4, 5, 2)
    assert interval.high == pytest.approx(4 + stats.t.ppf(0.975, 1) * error)


def test_bootstrap_equals_the_enumeration_of_all_draws() -> None:
    values, actors = simulate(6, 1, np.random.default_rng(3))
    groups = [values[np.array(actors) == name, 0] for name in sorted(set(actors))]
    everything = [np.concatenate([groups[i] for i in draw]).mean() for draw in product(range(6), repeat=6)]
    interval = mean_interval(values[:, 0], actors, method="bootstrap", resamples=200_000)
    assert (interval.low, interval.high) == pytest.approx(np.quantile(everything, [0.025, 0.975]), abs=0.01)


def test_bootstrap_agrees_with_scipy_on_actors_sums_and_counts() -> None:
    values, actors = simulate(40, 1, np.random.default_rng(1))
    _, codes = np.unique(actors, return_inverse=True)
    expected = stats.bootstrap(
        (np.bincount(codes, values[:, 0]), np.bincount(codes)),
        lambda sums, counts, axis: sums.sum(axis) / counts.sum(axis),
        paired=True,
        method="percentile",
        rng=np.random.default_rng(0),
    ).confidence_interval
    interval = mean_interval(values[:, 0], actors)
    assert interval.method == "bootstrap"
    width = expected.high - expected.low
    assert interval.low == pytest.approx(expected.low, abs=0.05 * width)
    assert interval.high == pytest.approx(expected.high, abs=0.05 * width)


def test_95_percent_intervals_of_few_actors_hold_the_truth_95_times_in_100() -> None:
    values, actors = simulate(6, 4000, np.random.default_rng(0), most=3)
    intervals = mean_intervals(values, actors)
    assert {interval.method for interval in intervals} == {"t"}
    assert coverage(intervals) == pytest.approx(0.95, abs=0.01)


def test_intervals_of_many_actors_hold_the_truth_while_clips_as_units_do_not() -> None:
    values, actors = simulate(40, 1000, np.random.default_rng(0))
    intervals = mean_intervals(values, actors, resamples=999)
    assert {interval.method for interval in intervals} == {"bootstrap"}
    assert coverage(intervals) > 0.92
    assert coverage(mean_intervals(values, None, method="t")) < 0.7


def test_published_means_are_reproduced_and_four_actors_make_them_far_less_certain_than_100_clips(data: Path) -> None:
    values, actors = read_eat_results(data / "reference_images" / "eat_result_100.txt")
    over_actors, over_clips = mean_intervals(values, actors), mean_intervals(values, None)
    published = [2.2233482639, 2.4252973677, 1.7991839352, 0.5291717457]
    assert [interval.mean for interval in over_actors] == pytest.approx(published, rel=1e-9)
    assert {(interval.n, interval.actors) for interval in over_actors} == {(100, 4)}
    for one, other in zip(over_actors, over_clips, strict=True):
        assert one.high - one.low > 3 * (other.high - other.low)


@pytest.mark.parametrize("known", [True, False])
def test_the_order_of_clips_and_actors_changes_nothing(known: bool) -> None:
    values, actors = simulate(35, 3, np.random.default_rng(2))
    values[::7, 1] = np.nan
    order = np.random.default_rng(0).permutation(len(values))
    shuffled = [actors[i] for i in order]
    renamed = {name: f"{position}" for position, name in enumerate(reversed(sorted(set(actors))))}
    first = mean_intervals(values, actors if known else None, method="bootstrap")
    for others in (shuffled, [renamed[name] for name in shuffled]) if known else (None,):
        again = mean_intervals(values[order], others, method="bootstrap")
        for one, other in zip(first, again, strict=True):
            assert (one.low, one.high) == pytest.approx((other.low, other.high), rel=1e-9)


def test_a_column_is_the_same_alone_and_among_others() -> None:
    values, actors = simulate(32, 4, np.random.default_rng(4))
    values[np.array(actors) == "A003", 2] = np.nan
    together = mean_intervals(values, actors)
    for column, interval in enumerate(together):
        alone = mean_interval(values[:, column], actors)
        assert (alone.low, alone.high) == pytest.approx((interval.low, interval.high), rel=1e-9)
        assert (alone.n, alone.actors, alone.signature) == (interval.n, interval.actors, interval.signature)
    assert [interval.actors for interval in together] == [32, 32, 31, 32]


def test_the_seed_is_in_the_signature_and_decides() -> None:
    values, actors = simulate(30, 1, np.random.default_rng(5))
    first, again, other = (mean_interval(values[:, 0], actors, seed=seed) for seed in (1, 1, 2))
    assert first == again
    assert first.low != other.low
    assert first.signature == "ci|method:bootstrap|unit:actor|level:0.95|draws:9999|seed:1|v:1"


def test_missing_values_are_left_out_and_counted() -> None:
    interval = mean_interval([1, np.nan, 3, np.nan], ["a", "a", "b", "c"])
    assert (interval.mean, interval.n, interval.actors) == (2, 2, 2)


def test_one_actor_has_no_interval_and_says_why() -> None:
    interval = mean_interval([1, 2, 3], ["M003"] * 3)
    assert (interval.mean, interval.low, interval.high, interval.method) == (2, None, None, None)
    assert interval.note == "one actor: no interval over actors"


def test_no_value_at_all_is_null_with_a_note() -> None:
    interval = mean_interval([np.nan, np.nan], ["a", "b"])
    assert (interval.mean, interval.low, interval.n, interval.note) == (None, None, 0, "no clip with a value")


def test_four_actors_take_the_t_interval_and_the_bootstrap_warns() -> None:
    values, actors = simulate(4, 1, np.random.default_rng(0))
    assert mean_interval(values[:, 0], actors).method == "t"
    assert "35 distinct draws" in mean_interval(values[:, 0], actors, method="bootstrap").note


@settings(max_examples=60, deadline=None)
@given(
    hnp.arrays(np.float64, (12, 2), elements=st.floats(-1e100, 1e100) | st.just(float("nan"))),
    st.none() | st.lists(st.sampled_from("abc"), min_size=12, max_size=12),
    st.sampled_from(["auto", "t", "bootstrap"]),
)
def test_nothing_but_finite_numbers_and_nulls_comes_out(values, actors, method) -> None:
    for interval in mean_intervals(values, actors, method=method, resamples=99):
        assert all(np.isfinite(value) for value in asdict(interval).values() if isinstance(value, float))
        assert (interval.low is None) == (interval.high is None) == (interval.method is None)
        if interval.low is None:
            assert interval.note


def test_weights_are_draws_of_whole_actors() -> None:
    weights = bootstrap_weights(["b", "a", "a", "c"], resamples=50_000, seed=3)
    assert weights.shape == (50_000, 3)
    assert (weights.sum(axis=1) == 3).all()
    assert np.bincount(weights[:, 0]) / 50_000 == pytest.approx(stats.binom.pmf(range(4), 3, 1 / 3), abs=0.01)
    assert np.array_equal(weights, bootstrap_weights(["a", "c", "b"], resamples=50_000, seed=3))


def test_a_set_metric_recomputed_from_weights_has_the_interval_of_the_same_mean() -> None:
    values, actors = simulate(40, 1, np.random.default_rng(6))
    names, codes = np.unique(actors, return_inverse=True)
    sums, counts = np.bincount(codes, values[:, 0]), np.bincount(codes)
    weights = bootstrap_weights(actors)
    draws = (weights @ sums) / (weights @ counts)
    one = interval_of_draws(values.mean(), draws, n=len(values), actors=len(names))
    other = mean_interval(values[:, 0], actors)
    assert (one.low, one.high) == pytest.approx((other.low, other.high), abs=0.05 * (other.high - other.low))
    assert one.signature == other.signature


def test_draws_without_a_value_or_off_the_value_are_told() -> None:
    assert interval_of_draws(1.0, [np.nan, *range(98)], n=9, actors=40).note == "1 of 99 draws of actors have no value"
    assert "lies outside" in interval_of_draws(1.0, [3, 4, 5] * 33, n=9, actors=40).note
    assert interval_of_draws(0.1 + 0.2, [0.3] * 99, n=9, actors=40).note is None
    assert interval_of_draws(1.0, [1.0] * 99, n=9, actors=1).low is None
    with pytest.raises(ValueError, match="finite value"):
        interval_of_draws(float("nan"), [1.0] * 99, n=9, actors=4)

"""Sign flips against scipy and against their promise under the null; Holm against published examples."""

from dataclasses import asdict

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy import stats

from facecues.metrics.statistics import (
    bootstrap_weights,
    comparison_of_draws,
    holm,
    paired_comparison,
    paired_comparisons,
)
from tests.metrics.statistics.test_intervals import simulate


def scipys(a, b) -> float:
    """Exact two-sided p of the mean difference under all sign flips."""
    result = stats.permutation_test(
        (a, b), lambda x, y, axis: np.mean(x - y, axis), permutation_type="samples", n_resamples=np.inf
    )
    return float(result.pvalue)


def test_p_over_actors_is_scipys_exact_permutation_test_of_actors_means() -> None:
    rng = np.random.default_rng(0)
    for shift in (0.0, 0.5, 1.0):
        a, b = rng.normal(size=(2, 9, 5))
        result = paired_comparison(a.ravel() + shift, b.ravel(), np.repeat(list("abcdefghi"), 5))
        assert result.p == pytest.approx(scipys(a.mean(axis=1) + shift, b.mean(axis=1)), rel=1e-12)


def test_p_per_clip_is_scipys_exact_permutation_test_of_clips() -> None:
    a, b = np.random.default_rng(1).normal(size=(2, 12))
    result = paired_comparison(a + 0.4, b, ["x", "y", "z"] * 4)
    assert result.p_clip == pytest.approx(scipys(a + 0.4, b), rel=1e-12)


def test_drawn_flips_approach_all_flips() -> None:
    values, actors = simulate(13, 20, np.random.default_rng(2))
    exact = paired_comparisons(values + 0.3, 0 * values, actors, resamples=9_999)
    drawn = paired_comparisons(values + 0.3, 0 * values, actors, resamples=8_000)
    assert [one.p for one in drawn] == pytest.approx([one.p for one in exact], abs=0.02)
    assert [one.p for one in drawn] != [one.p for one in exact]


@pytest.mark.parametrize(("actors", "resamples"), [(12, 9_999), (25, 999)])
def test_p_is_uniform_under_the_null(actors: int, resamples: int) -> None:
    p: list[float] = []
    for seed in range(20):  # columns of one call share their flips: only calls of other seeds are independent
        values, names = simulate(actors, 100, np.random.default_rng(seed))
        p += [one.p for one in paired_comparisons(values, 0 * values, names, resamples=resamples, seed=seed)]
    assert stats.kstest(p, "uniform").pvalue > 0.05
    assert np.mean(np.array(p) <= 0.05) == pytest.approx(0.05, abs=0.015)


def test_clips_as_units_find_differences_between_equal_methods() -> None:
    """Why p_clip says nothing about other actors: its null is false although the methods are equal on average."""
    values, actors = simulate(12, 200, np.random.default_rng(8))
    compared = paired_comparisons(values, 0 * values, actors, resamples=999)
    assert np.mean([one.p <= 0.05 for one in compared]) < 0.08
    assert np.mean([one.p_clip <= 0.05 for one in compared]) > 0.2


def test_four_actors_are_never_significant_and_the_note_says_so() -> None:
    actors = np.repeat(["M003", "M030", "W009", "W015"], 20)
    result = paired_comparison(np.linspace(5, 6, 80), np.zeros(80), actors)
    assert result.p == 0.125
    assert result.p_clip == pytest.approx(1 / 10_000)
    assert "4 actors: the smallest possible p is 0.125" in result.note
    assert paired_comparison(np.linspace(5, 6, 60), np.zeros(60), np.repeat(list("abcdef"), 10)).note is None


def test_identical_methods_have_difference_0_and_p_1() -> None:
    values, actors = simulate(30, 1, np.random.default_rng(0))
    result = paired_comparison(values[:, 0], values[:, 0], actors)
    assert (result.difference, result.low, result.high, result.p, result.p_clip) == (0, 0, 0, 1, 1)


def test_swapping_the_methods_flips_the_difference_and_keeps_p() -> None:
    values, actors = simulate(20, 2, np.random.default_rng(3))
    one = paired_comparison(values[:, 0], values[:, 1], actors)
    other = paired_comparison(values[:, 1], values[:, 0], actors)
    assert one.difference == -other.difference
    assert (one.p, one.p_clip) == (other.p, other.p_clip)
    assert (one.low, one.high) == pytest.approx((-other.high, -other.low))


def test_the_unit_of_the_metric_changes_no_p() -> None:
    values, actors = simulate(20, 2, np.random.default_rng(9))
    one, other = (paired_comparison(k * values[:, 0], k * values[:, 1], actors) for k in (1, 256))
    assert (one.p, one.p_clip) == (other.p, other.p_clip)
    assert (other.difference, other.low, other.high) == pytest.approx(
        (256 * one.difference, 256 * one.low, 256 * one.high)
    )


def test_only_common_clips_count_and_the_others_are_lost() -> None:
    result = paired_comparison([1, np.nan, 5, 7], [0, 4, np.nan, 3], ["a", "a", "b", "b"])
    assert (result.difference, result.n, result.lost, result.actors) == (2.5, 2, 2, 2)


def test_one_actor_is_compared_clip_by_clip_only() -> None:
    result = paired_comparison([3, 4, 5.5], [1, 1, 1], ["M003"] * 3)
    assert (result.low, result.p, result.p_clip) == (None, None, 0.25)
    assert result.note == "one actor: neither interval nor test over actors"


def test_without_a_common_clip_everything_is_null() -> None:
    result = paired_comparison([1, np.nan], [np.nan, 1], ["a", "b"])
    assert (result.difference, result.p, result.p_clip, result.lost) == (None, None, None, 2)
    assert result.note == "no clip with a value on both sides"


def test_unknown_actors_make_clips_the_unit_and_are_labelled() -> None:
    a, b = np.random.default_rng(4).normal(size=(2, 40))
    result = paired_comparison(a, b, None)
    assert result.unit == "clip"
    assert result.p == result.p_clip
    assert "actors unknown" in result.note


def test_the_order_of_clips_and_the_columns_beside_change_nothing() -> None:
    values, actors = simulate(20, 5, np.random.default_rng(5))
    values[::9, 2] = np.nan
    values[np.array(actors) == "A004", 3] = np.nan
    order = np.random.default_rng(0).permutation(len(values))
    together = paired_comparisons(values + 0.1, 0 * values, actors)
    shuffled = paired_comparisons(values[order] + 0.1, 0 * values[order], [actors[i] for i in order])
    for column, (one, other) in enumerate(zip(together, shuffled, strict=True)):
        alone = paired_comparison(values[:, column] + 0.1, 0 * values[:, column], actors)
        assert (one.p, one.p_clip) == (other.p, other.p_clip) == (alone.p, alone.p_clip)


def test_equal_sums_count_as_equal_in_spite_of_round_off() -> None:
    """0.1 + 0.2 - 0.3 is not 0 in binary: all 8 flips of three thirds of a whole must be compared as numbers."""
    assert paired_comparison([0.1, 0.2, 0.3], [0, 0, 0], list("abc")).p == pytest.approx(2 / 8)
    assert paired_comparison([0.1, 0.2, -0.3], [0, 0, 0], list("abc")).p == 1
    assert paired_comparison([0.1, 0.2, -0.3] * 9, [0] * 27, np.repeat(list("abcdefghi"), 3)).p == 1


@settings(max_examples=60, deadline=None)
@given(
    hnp.arrays(np.float64, (2, 12, 2), elements=st.floats(-4e99, 4e99) | st.just(float("nan"))),
    st.none() | st.lists(st.sampled_from("abc"), min_size=12, max_size=12),
)
def test_nothing_but_finite_numbers_and_nulls_comes_out(values, actors) -> None:
    for result in paired_comparisons(values[0], values[1], actors, resamples=99):
        assert all(np.isfinite(value) for value in asdict(result).values() if isinstance(value, float))
        assert all(0 < p <= 1 for p in (result.p, result.p_clip) if p is not None)
        if result.p is None:
            assert result.note


def drawn(values, resamples: int = 999) -> np.ndarray:
    """Means of (actors,) values in each draw of actors."""
    weights = bootstrap_weights([str(actor) for actor in range(len(values))], resamples)
    return weights @ values / len(values)


def test_a_difference_of_sets_is_tested_by_draws_on_the_other_side_of_zero() -> None:
    values = np.random.default_rng(0).normal(0.3, 1, 12)
    draws = drawn(values)
    found = comparison_of_draws(values.mean(), draws, n=24, actors=12)
    assert found.p == 2 * (1 + (draws <= 0).sum()) / 1000
    assert (found.low, found.high) == pytest.approx(tuple(np.quantile(draws, [0.025, 0.975])))
    assert (found.low <= 0 <= found.high) == (found.p > 0.05)
    other = comparison_of_draws(-values.mean(), -draws, n=24, actors=12)
    assert (other.p, other.difference) == (found.p, -found.difference)


def test_few_actors_are_no_more_significant_by_draws_than_by_signs() -> None:
    for actors in (2, 3, 5):
        far = comparison_of_draws(9.0, drawn(np.full(actors, 9.0)), n=actors, actors=actors)
        assert far.p == 2.0 ** (1 - actors)
    assert comparison_of_draws(9.0, drawn(np.full(20, 9.0)), n=20, actors=20).p == 2 / 1000


def test_equal_sets_have_p_1_and_one_actor_or_a_lost_draw_none() -> None:
    assert comparison_of_draws(0.0, np.zeros(99), n=8, actors=8).p == 1
    assert comparison_of_draws(1.0, np.ones(99), n=8, actors=1).p is None
    lost = comparison_of_draws(1.0, np.append(np.ones(98), np.nan), n=8, actors=8)
    assert lost.p is None and "no value" in lost.note


def test_holm_by_hand() -> None:
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx((0.03, 0.06, 0.06, 0.02))


def test_holm_finds_the_two_of_a_published_example_where_bonferroni_finds_one() -> None:
    """ETH Zürich, Applied Multivariate Statistics, multTesting.R."""
    p = [0.011, 0.02, 0.005, 0.13, 0.04]
    assert [adjusted <= 0.05 for adjusted in holm(p)] == [True, False, True, False, False]


def test_holm_finds_the_three_of_benjamini_and_hochbergs_fifteen() -> None:
    """Benjamini and Hochberg 1995, section 4.1."""
    p = [
        0.0001,
        0.0004,
        0.0019,
        0.0095,
        0.0201,
        0.0278,
        0.0298,
        0.0344,
        0.0459,
        0.3240,
        0.4262,
        0.5719,
        0.6528,
        0.7590,
        1,
    ]
    assert [adjusted <= 0.05 for adjusted in holm(p)] == [True] * 3 + [False] * 12


def test_holm_leaves_out_what_was_not_tested() -> None:
    assert holm([0.02, None, 0.01]) == pytest.approx((0.02, None, 0.02))
    assert holm([]) == ()
    with pytest.raises(ValueError, match="between 0 and 1"):
        holm([1.5])


def test_bad_alpha_is_refused() -> None:
    with pytest.raises(ValueError, match="alpha"):
        paired_comparison([1.0], [2.0], ["a"], alpha=5)

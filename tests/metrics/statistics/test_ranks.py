import numpy as np
import pytest
from scipy import stats

from facecues.metrics.statistics import average_ranks, distinguishable, rank_stability


def test_agreement_is_scipys_with_ties() -> None:
    rng = np.random.default_rng(0)
    x, y = rng.integers(0, 5, (2, 12)).astype(float)
    names = [f"method{number}" for number in range(12)]
    (agreement,) = rank_stability({"mesh": dict(zip(names, x, strict=True)), "fan": dict(zip(names, y, strict=True))})
    assert agreement.spearman == pytest.approx(stats.spearmanr(x, y).statistic)
    assert agreement.kendall == pytest.approx(stats.kendalltau(x, y, variant="b").statistic)
    assert (agreement.first, agreement.second, agreement.methods) == ("mesh", "fan", 12)


def test_the_same_order_agrees_fully_and_the_opposite_not_at_all() -> None:
    column = {"a": 1.0, "b": 2.0, "c": 4.0}
    same, opposite, _ = rank_stability(
        {"x": column, "y": {k: v**3 for k, v in column.items()}, "z": {k: -v for k, v in column.items()}}
    )
    assert (same.spearman, same.kendall, same.reversed) == (pytest.approx(1), pytest.approx(1), ())
    assert (opposite.spearman, opposite.kendall) == pytest.approx((-1, -1))
    assert opposite.reversed == (("a", "b"), ("a", "c"), ("b", "c"))


def test_a_reversal_below_either_floor_is_none() -> None:
    columns = {"x": {"a": 1.0, "b": 1.1, "c": 3.0}, "y": {"a": 2.0, "b": 1.0, "c": 0.5}}
    (agreement,) = rank_stability(columns, floors={"x": 0.5})
    assert agreement.reversed == (("a", "c"), ("b", "c"))
    (agreement,) = rank_stability(columns, floors={"x": 0.5, "y": 0.8})
    assert agreement.reversed == (("a", "c"),)


def test_methods_without_a_value_on_both_sides_are_left_out() -> None:
    (agreement,) = rank_stability({"x": {"a": 1.0, "b": 2.0, "c": None}, "y": {"a": 1.0, "b": 2.0, "d": 0.0}})
    assert (agreement.methods, agreement.spearman) == (2, pytest.approx(1))
    assert agreement.note == "two methods: the order agrees or not, nothing between"


def test_ties_everywhere_or_one_method_give_null_and_a_note() -> None:
    (tied,) = rank_stability({"x": {"a": 1.0, "b": 1.0}, "y": {"a": 1.0, "b": 2.0}})
    assert (tied.spearman, tied.kendall, tied.note) == (None, None, "all methods tied in one column")
    (lonely,) = rank_stability({"x": {"a": 1.0}, "y": {"a": 1.0}})
    assert (lonely.spearman, lonely.note) == (None, "fewer than two methods in common")
    assert rank_stability({"x": {"a": 1.0}}) == ()


def test_average_ranks_follow_each_columns_direction_and_share_ties() -> None:
    ranks = average_ranks([({"a": 1.0, "b": 2.0, "c": 2.0}, "lower"), ({"a": 0.9, "b": 0.8, "c": 0.1}, "higher")])
    assert ranks == {"a": 1.0, "b": 2.25, "c": 2.75}


def test_a_method_with_a_hole_is_ranked_nowhere() -> None:
    ranks = average_ranks([({"a": 1.0, "b": 2.0, "c": 0.0}, "lower"), ({"a": 5.0, "b": 4.0, "c": None}, "higher")])
    assert ranks == {"a": 1.0, "b": 2.0, "c": None}
    assert average_ranks([({"a": None}, "lower")]) == {"a": None}


def test_differences_below_the_floor_are_not_distinguishable() -> None:
    assert [distinguishable(d, 0.5) for d in (0.4, -0.4, 0.5, -0.6)] == [False, False, True, True]
    assert distinguishable(0.4, None) is None


def test_nan_and_unknown_directions_are_refused() -> None:
    with pytest.raises(ValueError, match="finite"):
        rank_stability({"x": {"a": float("nan")}, "y": {}})
    with pytest.raises(ValueError, match="lower or higher"):
        average_ranks([({"a": 1.0}, "up")])  # type: ignore[list-item]

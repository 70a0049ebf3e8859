"""Whole tables: families, winners, floors, and what must never be compared."""

import numpy as np
import pandas as pd
import pytest

from facecues.metrics.statistics import compare_all, holm, mean_interval, paired_comparison, summarise

BETTER = {"M-LD": "lower", "SSIM": "higher", "range": None}
ACTORS = {f"clip{number:02d}": f"A{number % 8}" for number in range(48)}


@pytest.fixture(scope="module")
def scores() -> pd.DataFrame:
    """Three methods in three columns; good is better than fair by twice the noise, poor is far behind."""
    rng = np.random.default_rng(0)
    rows = []
    for metric, better in BETTER.items():
        for method, step in {"good": 0, "fair": 1, "poor": 10}.items():
            for clip in ACTORS:
                value = (1 if better == "lower" else -1) * step + rng.normal() / 2
                rows.append((method, clip, metric, value, f"{metric}|v:1"))
    return pd.DataFrame(rows, columns=["method", "clip_id", "metric", "value", "signature"])


def column(scores: pd.DataFrame, metric: str, method: str) -> pd.Series:
    return scores[(scores.metric == metric) & (scores.method == method)].set_index("clip_id")["value"].sort_index()


def test_every_cell_has_the_interval_of_its_column(scores: pd.DataFrame) -> None:
    cells = summarise(scores, ACTORS)
    assert len(cells) == 9
    values = column(scores, "SSIM", "good")
    alone = mean_interval(values, [ACTORS[clip] for clip in values.index])
    assert cells["SSIM", "good"].mean == pytest.approx(alone.mean)
    assert (cells["SSIM", "good"].low, cells["SSIM", "good"].high) == pytest.approx((alone.low, alone.high))


def test_every_verdict_is_the_pair_on_its_own_with_holm_within_the_column(scores: pd.DataFrame) -> None:
    verdicts = [verdict for verdict in compare_all(scores, ACTORS, better=BETTER) if verdict.metric == "M-LD"]
    assert [(verdict.first, verdict.second) for verdict in verdicts] == [
        ("fair", "good"),
        ("fair", "poor"),
        ("good", "poor"),
    ]
    actors = [ACTORS[clip] for clip in sorted(ACTORS)]
    alone = [
        paired_comparison(column(scores, "M-LD", each.first), column(scores, "M-LD", each.second), actors)
        for each in verdicts
    ]
    assert [verdict.comparison.p for verdict in verdicts] == [one.p for one in alone]
    assert [verdict.comparison.p_clip for verdict in verdicts] == [one.p_clip for one in alone]
    assert tuple(verdict.p for verdict in verdicts) == holm([one.p for one in alone])
    assert {verdict.tests for verdict in verdicts} == {3}


def test_the_better_one_wins_whichever_way_the_metric_points(scores: pd.DataFrame) -> None:
    won = {(each.metric, each.first, each.second): each.winner for each in compare_all(scores, ACTORS, better=BETTER)}
    for metric in ("M-LD", "SSIM"):
        assert won[metric, "fair", "good"] == won[metric, "good", "poor"] == "good"
        assert won[metric, "fair", "poor"] == "fair"
    assert won["range", "fair", "poor"] is None


def test_a_baseline_is_compared_with_all_others_only(scores: pd.DataFrame) -> None:
    verdicts = compare_all(scores, ACTORS, better=BETTER, baseline="good")
    assert [(each.first, each.second) for each in verdicts] == [("fair", "good"), ("poor", "good")] * 3
    assert {each.tests for each in verdicts} == {2}


def test_nobody_wins_below_the_noise_floor(scores: pd.DataFrame) -> None:
    verdicts = compare_all(scores, ACTORS, better=BETTER, floors={"M-LD": 5.0})
    marks = {(each.metric, each.first, each.second): (each.distinguishable, each.winner) for each in verdicts}
    assert marks["M-LD", "fair", "good"] == (False, None)
    assert marks["M-LD", "good", "poor"] == (True, "good")
    assert marks["SSIM", "good", "poor"] == (None, "good")


def test_four_actors_have_winners_for_these_actors_only(scores: pd.DataFrame) -> None:
    four = {clip: f"A{number % 4}" for number, clip in enumerate(ACTORS)}
    verdicts = [each for each in compare_all(scores, four, better=BETTER) if each.metric == "SSIM"]
    assert [each.winner for each in verdicts] == [None] * 3
    assert [each.winner_clip for each in verdicts] == ["good", "fair", "good"]
    assert all("4 actors: the smallest possible p is 0.125" in each.note for each in verdicts)


def test_too_few_actors_for_the_size_of_the_family_are_told(scores: pd.DataFrame) -> None:
    six = {clip: f"A{number % 6}" for number, clip in enumerate(ACTORS)}
    assert {each.note for each in compare_all(scores, six, better=BETTER)} == {
        "6 actors are too few for 3 comparisons at 0.05"
    }
    assert {each.note for each in compare_all(scores, six, better=BETTER, baseline="good")} == {
        "6 actors are too few for 2 comparisons at 0.05"
    }
    assert {each.note for each in compare_all(scores, ACTORS, better=BETTER)} == {None}


def test_the_order_of_rows_changes_nothing(scores: pd.DataFrame) -> None:
    shuffled = scores.sample(frac=1, random_state=0)
    assert compare_all(shuffled, ACTORS, better=BETTER) == compare_all(scores, ACTORS, better=BETTER)
    assert summarise(shuffled, ACTORS) == summarise(scores, ACTORS)


def test_clips_that_a_method_lacks_are_lost_to_its_pairs_only(scores: pd.DataFrame) -> None:
    some = scores[~((scores.method == "poor") & scores.clip_id.isin(["clip00", "clip01"]))]
    some = some.astype({"value": "Float64"})
    some.loc[(some.method == "poor") & (some.clip_id == "clip02"), "value"] = pd.NA
    lost = {(each.first, each.second): each.comparison.lost for each in compare_all(some, ACTORS, better=BETTER)}
    assert lost == {("fair", "good"): 0, ("fair", "poor"): 3, ("good", "poor"): 3}


def test_one_method_alone_gives_no_verdict(scores: pd.DataFrame) -> None:
    assert compare_all(scores[scores.method == "good"], ACTORS, better=BETTER) == ()


def test_what_cannot_be_compared_is_refused(scores: pd.DataFrame) -> None:
    with pytest.raises(ValueError, match="several signatures"):
        mixed = scores.assign(signature=np.where(scores.method == "good", "other|v:1", scores.signature))
        compare_all(mixed, ACTORS, better=BETTER)
    with pytest.raises(ValueError, match="stand twice"):
        compare_all(pd.concat([scores, scores.tail(1)]), ACTORS, better=BETTER)
    with pytest.raises(ValueError, match="No direction for \\['range'\\]"):
        compare_all(scores, ACTORS, better={"M-LD": "lower", "SSIM": "higher"})
    with pytest.raises(ValueError, match=r"baseline 'EAT' is not among the methods \['fair', 'good', 'poor'\]"):
        compare_all(scores, ACTORS, better=BETTER, baseline="EAT")
    with pytest.raises(ValueError, match="1 of 48 clips have no actor, the first is 'clip07'"):
        summarise(scores, {clip: actor for clip, actor in ACTORS.items() if clip != "clip07"})
    with pytest.raises(ValueError, match=r"\['value'\] are missing"):
        summarise(scores.drop(columns="value"), ACTORS)

"""From cells to tables: nothing is left out, means are means, and what is below the noise is said to be."""

import numpy as np
import pandas as pd
import pytest

from facecues.metrics import summaries
from facecues.metrics.contracts import MetricInfo
from facecues.metrics.instruments import Absence
from facecues.metrics.protocols import FACECUES
from facecues.metrics.scoring import Column
from facecues.metrics.sets import SetValue
from facecues.metrics.summaries import COMPARISON_COLUMNS, compare_sets, noise_floors
from facecues.pipelines.evaluation.config import EvaluateConfig
from facecues.pipelines.evaluation.jobs import ClipJob
from facecues.pipelines.evaluation.tables import SCORE_COLUMNS, clips_table, complete_scores
from facecues.reasons import ScoreReason

ERROR = Column(MetricInfo("Error", "an error", "lower", "px", 0.0), "error|v:1", True)
QUALITY = Column(MetricInfo("Quality", "a quality", "higher", "", 1.0), "quality|v:1", True)
ALONE = Column(MetricInfo("Alone", "of one video", None, ""), "alone|v:1", False)
GONE = Column(
    MetricInfo("Gone", "not to be had", "lower", ""),
    "gone|v:1",
    True,
    Absence(ScoreReason.WEIGHTS_MISSING, "put it there"),
)
COLUMNS = {column.info.name: column for column in (ERROR, QUALITY, ALONE, GONE)}
JOBS = [
    ClipJob(f"{actor}/{n}", actor, emotion, None, (), {})
    for actor, emotion in (("M1", "happy"), ("M2", "sad"), ("M3", "happy"), ("M4", "sad"))
    for n in (1, 2)
]
PENALIZE = EvaluateConfig(resamples=199)
EXCLUDE = PENALIZE.model_copy(update={"protocol": FACECUES.with_missing("exclude")})


DRAWS = {"resamples": 199, "seed": 0}


def summarise(frame, columns, jobs, config):
    return summaries.summarise(frame, columns, clips_table(jobs), protocol=config.protocol, **DRAWS)


def compare(frame, columns, jobs):
    return summaries.compare(frame, columns, clips_table(jobs), **DRAWS)


def row(method, clip_id, metric, value):
    found = {"value": value, "n_frames": 10, "coverage": 1.0, "reason": None}
    return {"method": method, "clip_id": clip_id, "metric": metric} | found


def failed(method, clip_id):
    """Of all its metrics at once."""
    return row(method, clip_id, "*", None) | {"n_frames": 0, "coverage": 0.0, "reason": "video_failed"}


def cells(without=()):
    """Of two methods and floors: `good` has errors of 1, 2, …, 8, `bad` ten more."""
    rows = []
    for at, job in enumerate(JOBS, 1):
        for method, error in (("good", at), ("bad", at + 10), ("still", 20.0), ("re-encoded", 0.5)):
            if (method, job.clip_id) not in without:
                rows.append(row(method, job.clip_id, "Error", float(error)))
                rows.append(row(method, job.clip_id, "Quality", 1 - error / 100))
                rows.append(row(method, job.clip_id, "Alone", 3.0))
        rows.append(row("reference", job.clip_id, "Alone", 4.0))
    return rows


def completed(without=(), extra=()):
    return complete_scores([*cells(without), *extra], COLUMNS, JOBS, ("good", "bad"))


def one(frame, **chosen):
    for column, value in chosen.items():
        frame = frame[frame[column] == value]
    assert len(frame) == 1
    return frame.iloc[0]


def test_every_method_clip_and_column_has_a_row_and_floors_what_they_have():
    frame = completed()
    assert list(frame.columns) == SCORE_COLUMNS
    counts = frame.groupby("method").size()
    assert counts.to_dict() == {"good": 32, "bad": 32, "reference": 8, "still": 24, "re-encoded": 24}
    assert frame["value"].dtype == np.float64 and frame["n_frames"].dtype == np.int32
    assert set(frame.loc[frame["metric"] == "Gone", "reason"]) == {"weights_missing"}


def test_order_of_what_came_in_changes_nothing():
    rows = cells()
    shuffled = [rows[at] for at in np.random.default_rng(0).permutation(len(rows))]
    pd.testing.assert_frame_equal(completed(), complete_scores(shuffled, COLUMNS, JOBS, ("good", "bad")))


def test_a_clip_that_is_missing_or_failed_has_null_cells_with_the_reason():
    frame = completed(without=[("good", "M1/1"), ("bad", "M1/2")], extra=[failed("bad", "M1/2")])
    for method, clip_id, reason in (("good", "M1/1", "video_missing"), ("bad", "M1/2", "video_failed")):
        lost = frame[(frame["method"] == method) & (frame["clip_id"] == clip_id)]
        assert list(lost["metric"]) == list(COLUMNS) and set(lost["reason"]) == {reason}
        assert lost["value"].isna().all() and (lost["coverage"] == 0).all() and (lost["n_frames"] == 0).all()


def test_a_reference_of_which_nothing_came_back_failed():
    rows = [each for each in cells() if each["clip_id"] != "M1/1"]
    rows += [failed(method, "M1/1") for method in ("good", "bad", "still")]
    frame = complete_scores(rows, COLUMNS, JOBS, ("good", "bad"))
    assert one(frame, method="reference", clip_id="M1/1", metric="Alone")["reason"] == "video_failed"


def test_means_are_over_clips_by_group_with_intervals_over_actors():
    table = summarise(completed(), COLUMNS, JOBS, PENALIZE)
    everything = one(table, method="good", metric="Error", group="all")
    assert (everything["value"], everything["n_clips"], everything["n_actors"]) == (4.5, 8, 4)
    assert everything["low"] < 4.5 < everything["high"]
    assert one(table, method="good", metric="Error", group="emotion:happy")["value"] == (1 + 2 + 5 + 6) / 4
    actor = one(table, method="good", metric="Error", group="actor:M1")
    assert actor["value"] == 1.5 and pd.isna(actor["low"]) and actor["note"]
    gone = one(table, method="good", metric="Gone", group="all")
    assert pd.isna(gone["value"]) and gone["reason"] == "weights_missing" and gone["n_expected"] == 8


def test_clips_that_are_missing_count_as_nothing_done_or_not_at_all():
    frame = completed(without=[("good", "M1/1")])
    values = {}
    for name, config in (("penalize", PENALIZE), ("exclude", EXCLUDE)):
        found = one(summarise(frame, COLUMNS, JOBS, config), method="good", metric="Error", group="all")
        values[name] = found["value"]
        assert (found["n_clips"], found["n_expected"], found["coverage"]) == (7, 8, 7 / 8)
    assert values == {"penalize": (20 + 35) / 8, "exclude": 35 / 7}


def test_what_one_video_has_alone_knows_no_penalty():
    table = summarise(completed(without=[("good", "M1/1")]), COLUMNS, JOBS, PENALIZE)
    assert one(table, method="good", metric="Alone", group="all")["value"] == 3


def test_methods_are_compared_on_common_clips_and_floors_are_no_methods():
    found = compare(completed(without=[("good", "M1/1")]), COLUMNS, JOBS)
    assert set(found["metric"]) == {"Error", "Quality"}
    assert {frozenset(pair) for pair in found[["first", "second"]].to_numpy()} == {frozenset({"good", "bad"})}
    error = one(found, metric="Error")
    sign = 1 if error["first"] == "good" else -1
    assert error["difference"] * sign == pytest.approx(-10) and error["n_clips"] == 7
    assert error["floor"] == 0.5 and error["distinguishable"]


def test_a_difference_below_the_noise_is_not_distinguishable():
    rows = [row("re-encoded", job.clip_id, "Error", 30.0) for job in JOBS]
    kept = [each for each in cells() if (each["method"], each["metric"]) != ("re-encoded", "Error")]
    frame = complete_scores([*kept, *rows], COLUMNS, JOBS, ("good", "bad"))
    found = compare(frame, COLUMNS, JOBS)
    assert not one(found, metric="Error")["distinguishable"] and one(found, metric="Quality")["distinguishable"]


def test_the_noise_is_how_far_the_real_clips_are_from_ideal():
    floors = noise_floors(completed(), COLUMNS)
    assert floors == {"Error": pytest.approx(0.5), "Quality": pytest.approx(0.005)}


def test_one_method_has_nothing_to_be_compared_with():
    frame = complete_scores([each for each in cells() if each["method"] != "bad"], COLUMNS, JOBS, ("good",))
    assert compare(frame, COLUMNS, JOBS).empty


def test_a_method_whose_every_video_failed_is_in_the_tables_all_the_same():
    lost = [("bad", job.clip_id) for job in JOBS]
    frame = completed(without=lost, extra=[failed("bad", clip_id) for _, clip_id in lost])
    found = one(summarise(frame, COLUMNS, JOBS, EXCLUDE), method="bad", metric="Error", group="all")
    assert pd.isna(found["value"]) and (found["reason"], found["n_clips"], found["coverage"]) == ("video_failed", 0, 0)
    assert compare(frame, COLUMNS, JOBS)["winner"].isna().all()


# Metrics of sets


def set_value(value, draws, name="Distance", better="lower", clips=24):
    info = MetricInfo(name, "of distributions", better, "bit", 0.0)
    return SetValue(info, value, None, None, 100, "distance|v:1", n_clips=clips, n_actors=12, draws=tuple(draws))


def test_sets_are_compared_by_their_paired_draws_and_the_better_side_wins():
    noise = np.random.default_rng(0).normal(0, 1, 999)
    values = {
        "good": [set_value(1.0, 1 + noise)],
        "bad": [set_value(2.0, 2 + noise + 0.1 * np.roll(noise, 1))],
        "alike": [set_value(1.1, 1.1 + np.roll(noise, 7))],
        "still": [set_value(9.0, 9 + noise)],
    }
    found = compare_sets(values, seed=0)
    assert list(found.columns) == list(COMPARISON_COLUMNS) and set(found["test"]) == {"paired bootstrap"}
    assert len(found) == 3  # floors are no methods
    won = found.set_index(["first", "second"])
    assert won.loc[("bad", "good"), "winner"] == "good" and won.loc[("bad", "good"), "p"] == 2 / 1000
    assert won.loc[("bad", "good"), "low"] <= 1 <= won.loc[("bad", "good"), "high"]
    assert pd.isna(won.loc[("alike", "good"), "winner"])
    assert (won["p_holm"] >= won["p"]).all()
    turned = {name: [set_value(-one.value, np.negative(one.draws), better="higher")] for name, (one,) in values.items()}
    assert compare_sets(turned, seed=0).set_index(["first", "second"]).loc[("bad", "good"), "winner"] == "good"


def test_draws_too_few_for_so_many_comparisons_are_told():
    apart = {f"method-{n}": [set_value(float(n), np.full(199, float(n)))] for n in range(5)}
    few = compare_sets(apart, seed=0)
    assert few["winner"].isna().all() and few["note"].str.contains("199 draws are too few for 10 comparisons").all()
    enough = compare_sets({name: [set_value(one.value, one.draws * 3)] for name, (one,) in apart.items()}, seed=0)
    assert enough["winner"].notna().all() and not enough["note"].fillna("").str.contains("too few").any()


def test_sets_of_other_clips_without_draws_or_without_a_better_side_are_not_compared():
    draws = np.zeros(99)
    values = {
        "a": [set_value(1.0, draws), set_value(1.0, (), "Bare"), set_value(1.0, draws, "Told", None)],
        "b": [set_value(2.0, draws, clips=23), set_value(2.0, (), "Bare"), set_value(2.0, draws, "Told", None)],
    }
    found = compare_sets(values, seed=0)
    assert found.empty and list(found.columns) == list(COMPARISON_COLUMNS)

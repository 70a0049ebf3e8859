"""Seeds of one method: one row in tables, which is their mean and says so."""

import numpy as np
import pandas as pd

from facecues.pipelines.evaluation.sides import mean_over_sides, with_methods, with_sides_told
from facecues.pipelines.evaluation.tables import SCORE_COLUMNS

SIDES = {"full": ("full@1", "full@2"), "lstm": ("lstm",)}
ALONE = {"full": ("full",), "lstm": ("lstm",)}


def scores(**values):
    rows = [
        (method, clip_id, "Error", value, 0 if value is None else 10, float(value is not None), None, "error|v:1")
        for clip_id in ("a", "b")
        for method, value in values.items()
    ]
    frame = pd.DataFrame(rows, columns=SCORE_COLUMNS).astype({"value": "float64", "n_frames": "int32"})
    frame.loc[frame["value"].isna(), "reason"] = "no_face"
    return frame


def test_a_value_is_the_mean_of_the_seeds_in_the_order_of_the_methods():
    found = mean_over_sides(scores(**{"reference": 0.0, "full@1": 1.0, "full@2": 2.0, "lstm": 3.0}), SIDES)
    assert found["method"].tolist() == 2 * ["reference", "full", "lstm"]
    assert found["value"].tolist() == 2 * [0.0, 1.5, 3.0]
    assert found["n_frames"].tolist() == 2 * [10, 20, 10] and found["n_frames"].dtype == np.int32
    assert list(found.columns) == SCORE_COLUMNS and found["reason"].isna().all()


def test_a_seed_without_a_value_lowers_the_coverage_and_says_why():
    found = mean_over_sides(scores(**{"full@1": 1.0, "full@2": None, "lstm": None}), SIDES)
    full, lstm = (found[found["method"] == name].iloc[0] for name in ("full", "lstm"))
    assert (full["value"], full["coverage"], full["reason"]) == (1.0, 0.5, "no_face")
    assert np.isnan(lstm["value"]) and lstm["coverage"] == 0


def test_methods_of_one_store_are_left_alone():
    frame, table = scores(full=1.0, lstm=None), pd.DataFrame({"method": ["full", "lstm"], "note": [None, "few"]})
    pd.testing.assert_frame_equal(mean_over_sides(frame, ALONE), frame)
    pd.testing.assert_frame_equal(with_sides_told(table, ALONE), table)
    assert with_methods([{"method": "full"}], ALONE) == [{"method": "full"}]


def test_one_note_says_of_all_methods_with_seeds_how_many():
    sides = {"full": ("full@1", "full@2"), "cut": ("cut@1", "cut@2"), "lstm": ("lstm",)}
    table = pd.DataFrame({"method": ["full", "cut", "lstm"], "note": [None, "few", "few"]})
    told = with_sides_told(table, sides)["note"].tolist()
    assert told == ["full, cut: over 2 seeds", "few; full, cut: over 2 seeds", "few"]


def test_the_first_seed_stands_for_the_method_where_one_has_to_be_shown():
    videos = [{"method": name, "clip_id": "a", "content": name} for name in ("full@1", "full@2", "lstm")]
    shown = with_methods(videos, SIDES)
    assert shown[:3] == videos and shown[3:] == [{"method": "full", "clip_id": "a", "content": "full@1"}]

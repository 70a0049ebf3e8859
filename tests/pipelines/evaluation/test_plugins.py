"""A metric of another distribution, measured in workers, kept in a run, and reported."""

import io

import pandas as pd
import pytest
from rich.console import Console

from facecues.errors import UsageError
from facecues.metrics.contracts import MetricInfo
from facecues.metrics.instruments import NO_PICTURES
from facecues.pipelines.evaluation.command import pairing_of
from facecues.pipelines.evaluation.config import EvaluateConfig
from facecues.pipelines.evaluation.present import render_evaluation
from facecues.pipelines.evaluation.run import evaluate
from facecues.pipelines.reporting import open_runs
from facecues.reports.config import ReportConfig, TableStyle
from facecues.reports.tables.build import build_tables
from tests.pipelines.evaluation.cue_stores import CLIPS, told, truth, write_store
from tests.pipelines.evaluation.trees import of, scores
from tests.plugins import bring

NOD = """
import numpy as np
from facecues.metrics.contracts import MetricInfo, Score
class Nod:
    info = MetricInfo("Nod", "how far the head nods", "higher", "deg", None)
    signature = "nod|v:1"
    def __init__(self, protocol, device): pass
    def score(self, pred, target):
        return Score(float(np.ptp(pred.rotation[:, 0]) - np.ptp(target.rotation[:, 0])), len(target), 1.0)
class Seen(Nod):
    info = MetricInfo("Seen", "what is seen", "lower", "")
    def prepare(self, batch): return batch.pictures
    def compare(self, pred, target): return (pred != target).mean(axis=(1, 2, 3))
"""
ANNOUNCED = {"metrics/nod": "nodding:Nod", "metrics/seen": "nodding:Seen"}
CONFIG = EvaluateConfig(metrics=("nod", "seen"), floors=("still",), resamples=99, set_resamples=0)


def run(root, out, method, **changes):
    config = CONFIG.model_copy(update=changes)
    return evaluate(pairing_of(root / "truth", [f"{method}={root / 'same'}"]), out, config, workers=1)


def test_it_is_measured_kept_and_reported_and_two_versions_share_no_column(site, tmp_path):
    tracks = {clip_id: cues for clip_id, cues in truth().items() if clip_id in CLIPS[:2]}
    for name in ("truth", "same"):
        write_store(tmp_path / name, tracks)
    bring(site, "nodding", ANNOUNCED, {"nodding": NOD})
    summary = run(tmp_path, tmp_path / "first", "one")
    assert summary.plugins == {"Nod": "nodding==1.0"} and summary.absent["Seen"] == NO_PICTURES.sentence
    frame = scores(tmp_path / "first")
    assert of(frame, metric="Nod", method="one")["value"].to_list() == [0, 0]
    assert (of(frame, metric="Nod", method="still")["value"] < 0).all()
    assert set(of(frame, metric="Nod")["signature"]) == {"nod|v:1@nodding==1.0|by:store:by hand"}
    assert told(tmp_path / "first")["columns"]["Nod"]["plugin"] == "nodding==1.0"

    bring(site, "nodding", ANNOUNCED, version="1.1")
    run(tmp_path, tmp_path / "second", "two")
    bring(site, "nodding", {})  # where reports are made, it is not installed
    with pytest.raises(UsageError, match=r"Nod was measured in two ways.*nodding==1\.0.*nodding==1\.1"):
        open_runs([tmp_path / "first", tmp_path / "second"])
    results = open_runs([tmp_path / "second"])[0]
    assert results.metrics["Nod"].info == MetricInfo("Nod", "how far the head nods", "higher", "deg", None)
    config = ReportConfig(tables=(TableStyle(name="main", columns=("Nod",)),))
    (table,) = build_tables(results, config)
    assert [(column.name, column.unit, column.better) for column in table.columns] == [("Nod", "deg", "higher")]
    assert "how far the head nods (Nod)" in table.caption


def test_one_that_fails_costs_its_own_cells_alone_and_is_named(site, tmp_path):
    tracks = {clip_id: cues for clip_id, cues in truth().items() if clip_id in CLIPS[:2]}
    for name in ("truth", "same"):
        write_store(tmp_path / name, tracks)
    source = """
from facecues.metrics.contracts import MetricInfo, Score
class Faulty:
    info, signature = MetricInfo("Faulty", "what fails", "higher", ""), "faulty"
    def __init__(self, protocol, device): pass
    def score(self, pred, target):
        return 1 / 0
"""
    bring(site, "nodding", ANNOUNCED, {"nodding": NOD})
    undisturbed = run(tmp_path, tmp_path / "before", "one", metrics=("nod",))
    bring(site, "faults", {"metrics/faulty": "faulty:Faulty"}, {"faulty": source})
    summary = run(tmp_path, tmp_path / "out", "one", metrics=("nod", "faulty"))
    assert not summary.failed and not undisturbed.faults
    fault = "failed on 2 clips: ZeroDivisionError in faulty.py, line 7: division by zero"
    assert summary.faults == told(tmp_path / "out")["faults"] == {"Faulty": fault}
    assert f"Faulty {fault}" in shown(summary)
    frame, before = scores(tmp_path / "out"), scores(tmp_path / "before")
    own = frame["metric"] == "Faulty"
    assert set(frame[own]["reason"]) == {"metric_failed"} and frame[own]["value"].isna().all()
    pd.testing.assert_frame_equal(frame[~own].reset_index(drop=True), before)


def shown(summary):
    """On a terminal."""
    text = io.StringIO()
    Console(file=text, width=400).print(render_evaluation(summary))
    return text.getvalue()

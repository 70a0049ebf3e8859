"""Whole reports of runs that lack something: they come out, and say what is missing."""

import pandas as pd
import pytest

from facecues.pipelines.report import Wanted, report, settings_of
from tests.reports.fakes import fake_run


def made(root, *, lost=None, **options):
    """A report with quick figures, and all text that its pages show."""
    change = (lambda scores: scores) if lost is None else lost
    fake_run(root / "run", change=change, **options)
    settings = settings_of({"figures": {"kinds": ["ranking", "distributions", "gaze"]}}, name=None, videos="none")
    summary = report(Wanted((root / "run",), settings), root / "report")
    pages = " ".join(path.read_text() for path in sorted((root / "report").glob("*.html")))
    return summary, pages


def without(scores, method, metric):
    """No value, for want of a face."""
    gone = (scores["method"] == method) & (scores["metric"] == metric)
    scores.loc[gone, ["value", "coverage", "n_frames", "reason"]] = [None, 0.0, 0, "no_face"]
    return scores


def test_a_metric_missing_for_one_method_is_an_empty_cell_with_its_reason(tmp_path):
    summary, pages = made(tmp_path, lost=lambda scores: without(scores, "second", "M-LD"))
    cells = {row.name: row.cells[0] for _, row in summary.main.rows()}
    assert cells["second"].value is None and cells["second"].reason == "no_face"
    assert cells["first"].value is not None and cells["first"].rank == 1
    assert "no frame has a face on both sides" in pages


def test_one_actor_has_no_interval_over_actors_and_that_is_said(tmp_path):
    summary, pages = made(tmp_path, actors=1)
    assert all(cell.low is None and not cell.beats for _, row in summary.main.rows() for cell in row.cells)
    assert "one actor: no interval over actors" in pages


def test_one_clip_is_enough(tmp_path):
    summary, _ = made(tmp_path, clips=1, actors=1, emotions=1)
    assert summary.main.columns[0].name == "M-LD" and "ranking" in summary.figures
    assert all(cell.low is None for _, row in summary.main.rows() for cell in row.cells)


def test_one_method_has_nobody_to_beat(tmp_path):
    summary, _ = made(tmp_path, methods=("alone",))
    assert all(cell.rank is None for _, row in summary.main.rows() for cell in row.cells)
    assert any("ranking" in each or "order" in each for each in summary.missing)


@pytest.mark.parametrize("metrics", [("M-LD",), ()])
def test_a_run_without_a_single_value_says_what_is_missing(tmp_path, metrics):
    summary, pages = made(tmp_path, metrics=metrics, lost=emptied)
    assert summary.figures == () and len(summary.missing) == 3
    assert (tmp_path / "report" / "tables" / "main.tex").is_file() and "missing" in pages


def emptied(scores):
    if scores.empty:
        columns = {"method": "str", "clip_id": "str", "metric": "str", "value": "float64", "n_frames": "int32"}
        columns |= {"coverage": "float64", "reason": "object", "signature": "str"}
        return pd.DataFrame({name: pd.Series(dtype=kind) for name, kind in columns.items()})
    for method in scores["method"].unique():
        scores = without(scores, method, "M-LD")
    return scores

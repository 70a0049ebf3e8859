"""Runs as reports read them: joined where they can be compared, refused in one sentence where they cannot."""

import json
import shutil

import numpy as np
import pandas as pd
import pytest

from facecues.errors import UsageError
from facecues.pipelines.report import Wanted, report, settings_of
from facecues.pipelines.reporting import open_runs
from facecues.reports.numbers import rounded
from tests.reports.fakes import fake_run

METRICS = ("M-LD", "SSIM")


@pytest.fixture
def runs(tmp_path):
    """Two runs on the same clips: of methods one and two, and of method three."""
    return [
        fake_run(tmp_path / "a", methods=("one", "two"), metrics=METRICS),
        fake_run(tmp_path / "b", methods=("three",), metrics=METRICS, start=2),
    ]


def change(run, table, **columns):
    path = run / f"{table}.parquet"
    pd.read_parquet(path).assign(**columns).to_parquet(path)


def test_one_run_is_read_as_it_stands(runs):
    results, evidence = open_runs(runs[:1])
    assert results.methods == ("one", "two") and results.limits == ("re-encoded", "still")
    assert list(results.metrics) == ["M-LD", "SSIM"]
    pd.testing.assert_frame_equal(results.summary, pd.read_parquet(runs[0] / "summary.parquet"))
    assert evidence.track("one", "00000") is None and evidence.video("one", "00000") is None


def test_a_metric_of_sets_without_a_value_says_why_in_words(runs):
    summary = pd.read_parquet(runs[0] / "summary.parquet")
    row = summary.iloc[[0]].assign(metric="EmoF1-fer", value=None, low=None, high=None, note=None, reason="no_label")
    pd.concat([summary, row]).to_parquet(runs[0] / "summary.parquet")
    measured = open_runs(runs[:1])[0].metrics["EmoF1-fer"]
    assert measured.of_sets and measured.absent == "the emotions of the clips are not known"


def test_joined_runs_equal_one_run_of_all_methods(runs, tmp_path):
    whole = open_runs([fake_run(tmp_path / "whole", methods=("one", "two", "three"), metrics=METRICS)])[0]
    joined = open_runs(runs)[0]
    assert joined.methods == whole.methods
    order = ["group", "metric", "method"]
    for name, keys in (("summary", order), ("comparisons", ["metric", "first", "second"])):
        frames = [getattr(side, name).sort_values(keys, ignore_index=True) for side in (joined, whole)]
        pd.testing.assert_frame_equal(*frames, check_dtype=False)


def with_sets(run, pairs=(), methods=()):
    """A metric of sets of these methods, and comparisons of pairs with their p, which the first method won."""
    summary, comparisons = (pd.read_parquet(run / f"{name}.parquet") for name in ("summary", "comparisons"))
    own = summary[summary["metric"] == "M-LD"].assign(metric="Gaze-JS", signature="gaze-js|v:1", interval=None)
    rows = pd.DataFrame(
        [
            {"metric": "Gaze-JS", "first": one, "second": other, "difference": -0.1, "low": -0.2, "high": -0.05}
            | {"n_clips": 12, "n_actors": 9, "p": p, "p_holm": p, "winner": one, "test": "paired bootstrap"}
            for one, other, p in pairs
        ]
    )
    pd.concat([summary, own[own["method"].isin(methods)]]).to_parquet(run / "summary.parquet")
    pd.concat([comparisons, rows]).to_parquet(run / "comparisons.parquet")


def with_seeds(run, method, stores):
    """As if the method had several stores: what it is in run.json, videos.parquet and emotions.parquet."""
    header = json.loads((run / "run.json").read_text())
    header["methods"][method]["stores"] = [f"store{at}" for at in range(stores)]
    (run / "run.json").write_text(json.dumps(header))
    videos = pd.read_parquet(run / "videos.parquet")
    own = videos[videos["method"] == method]
    sides = [own.assign(method=f"{method}@{at}", content=f"of seed {at}") for at in range(1, stores + 1)]
    first = own.assign(content="of seed 1")
    pd.concat([videos[videos["method"] != method], first, *sides]).to_parquet(run / "videos.parquet")
    seen = {"classifier": "emotion-x", "intended": "happy", "probability": 0.9, "frames": 10}
    rows = [{"method": method, "clip_id": "00000", "seen": name} | seen for name in ("happy", "sad", "sad")[:stores]]
    pd.DataFrame(rows).to_parquet(run / "emotions.parquet")


def test_comparisons_of_sets_survive_joining_and_are_one_family(tmp_path):
    runs = [
        fake_run(tmp_path / "a", methods=("one", "two"), metrics=METRICS),
        fake_run(tmp_path / "b", methods=("two", "three", "four"), metrics=METRICS, start=1),
    ]
    with_sets(runs[0], [("one", "two", 0.01)], ("one", "two"))
    with_sets(runs[1], [("three", "two", 0.02), ("four", "two", 0.03)], ("two", "three", "four"))
    found = open_runs(runs)[0]
    pairs = found.comparisons[found.comparisons["metric"] == "Gaze-JS"].set_index(["first", "second"])
    assert set(pairs.index) == {("one", "two"), ("three", "two"), ("four", "two")}
    assert pairs["p_holm"].to_list() == pytest.approx([0.03, 0.04, 0.04])
    assert pairs["winner"].to_list() == ["one", "three", "four"] and set(pairs["test"]) == {"paired bootstrap"}
    assert pairs.loc[("one", "two"), ["difference", "low", "high"]].to_list() == [-0.1, -0.2, -0.05]
    with_sets(runs[0], [("five", "two", 0.03)])
    more = open_runs(runs)[0].comparisons.set_index(["metric", "first", "second"]).loc["Gaze-JS"]
    assert more["p_holm"].max() == pytest.approx(0.06) and more["winner"].notna().to_list() == [
        True,
        False,
        False,
        False,
    ]


def test_seeds_survive_joining(runs):
    with_seeds(runs[1], "three", 3)
    found = open_runs(runs)[0]
    assert found.emotions[["method", "seen"]].values.tolist() == [
        ["three", "happy"],
        ["three", "sad"],
        ["three", "sad"],
    ]
    told = found.summary.set_index("method")["note"].astype(str).str.contains("three: over 3 seeds")
    assert told.loc["three"].all() and not told.drop("three").any()


def test_a_method_of_other_seeds_in_two_runs_is_refused(runs, tmp_path):
    for at, stores in enumerate((3, 2)):
        shutil.copytree(runs[1], tmp_path / f"seeds{at}")
        with_seeds(tmp_path / f"seeds{at}", "three", stores)
    assert open_runs([runs[0], tmp_path / "seeds0", tmp_path / "seeds0"])[0].methods == ("one", "two", "three")
    with pytest.raises(UsageError, match="both have a method 'three'"):
        open_runs([tmp_path / "seeds0", tmp_path / "seeds1"])


def test_a_metric_measured_in_two_ways_is_refused_with_both_signatures(runs):
    header = json.loads((runs[1] / "run.json").read_text())
    header["columns"]["M-LD"]["signature"] = "M-LD|fps:30|v:1"
    (runs[1] / "run.json").write_text(json.dumps(header))
    with pytest.raises(UsageError, match=r"M-LD\|v:1.*M-LD\|fps:30\|v:1"):
        open_runs(runs)


def test_other_clips_other_references_and_other_videos_of_one_name_are_refused(runs, tmp_path):
    few = fake_run(tmp_path / "few", methods=("four",), metrics=METRICS, clips=6)
    with pytest.raises(UsageError, match="other clips"):
        open_runs([runs[0], few])
    change(runs[1], "videos", content="changed")
    with pytest.raises(UsageError, match="other reference videos"):
        open_runs(runs)
    twice = shutil.copytree(runs[0], tmp_path / "twice")
    videos = pd.read_parquet(twice / "videos.parquet")
    change(twice, "videos", content=np.where(videos["method"] == "one", "changed", videos["content"]))
    with pytest.raises(UsageError, match="both have a method 'one'"):
        open_runs([runs[0], twice])


def test_a_folder_that_is_no_finished_run_is_refused(tmp_path, runs):
    with pytest.raises(UsageError, match="not a finished evaluation"):
        open_runs([tmp_path / "nowhere"])
    (runs[0] / "scores.parquet").unlink()
    with pytest.raises(UsageError, match=r"no scores\.parquet"):
        open_runs(runs[:1])


def test_without_a_folder_nothing_is_written(runs, tmp_path):
    before = sorted(tmp_path.rglob("*"))
    summary = report(Wanted((runs[0],), settings_of({}, name=None, videos="none")), None)
    assert summary.main.name == "main" and sorted(tmp_path.rglob("*")) == before


def test_a_report_replaces_a_report_and_nothing_else(runs, tmp_path):
    wanted = Wanted((runs[0],), settings_of({"figures": {"kinds": []}}, name=None, videos="none"))
    out = tmp_path / "report"
    report(wanted, out)
    (out / "left.txt").write_text("of the first")
    report(wanted, out)
    assert (out / "index.html").is_file() and not (out / "left.txt").exists()
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("mine")
    with pytest.raises(UsageError, match="neither empty nor a report"):
        report(wanted, tmp_path / "mine")
    assert {path.name for path in tmp_path.iterdir()} == {"a", "b", "report", "mine"}


def test_every_number_of_every_format_is_the_mean_of_the_scores(runs, tmp_path):
    wanted = Wanted((runs[0],), settings_of({"figures": {"kinds": []}}, name=None, videos="none"))
    out = tmp_path / "report"
    main = report(wanted, out).main
    scores = pd.read_parquet(runs[0] / "scores.parquet")
    means = scores.groupby(["method", "metric"])["value"].mean()
    frame = pd.read_parquet(out / "tables" / "main.parquet").set_index("method")
    table = pd.read_csv(out / "tables" / "main.csv").set_index("method")
    texts = [(out / name).read_text() for name in ("tables/main.tex", "tables/main.md", "index.html")]
    columns = {column.name: column for column in main.columns}
    for (method, metric), mean in means.items():
        value = frame.loc[method, metric]
        assert value == table.loc[method, metric] == pytest.approx(mean, rel=1e-12)
        shown = rounded(value, columns[metric].digits)
        assert all(shown in text for text in texts)


def test_a_report_of_one_run_is_the_same_to_the_byte_each_time(runs, tmp_path):
    wanted = Wanted((runs[0],), settings_of({"figures": {"kinds": ["ranking"]}}, name=None, videos="none"))
    made = []
    for name in ("x", "y"):
        report(wanted, tmp_path / name)
        files = sorted(path for path in (tmp_path / name).rglob("*") if path.is_file())
        made.append({str(path.relative_to(tmp_path / name)): path.read_bytes() for path in files})
    assert made[0] == made[1]

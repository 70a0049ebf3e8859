"""Seven published methods against the real clips."""

from pathlib import Path

import pandas as pd
import pytest

from facecues.metrics.cohesion import RELATIONS
from facecues.metrics.protocols import FACECUES
from facecues.metrics.registry import METRICS
from facecues.pipelines.evaluation.config import EvaluateConfig
from tests.pipelines.evaluation.trees import header, of, run, scores

CONFIG = EvaluateConfig(
    protocol=FACECUES.with_pictures(None, 128),
    metrics=("ssim", "psnr", "lpips", "fd-alexnet", "emotion", "fid", "lip-sync"),
    floors=("re-encoded", "still"),
    resamples=999,
    set_resamples=0,
)


@pytest.fixture(scope="module")
def evaluated(data: Path, tmp_path_factory, cluster):
    out = tmp_path_factory.mktemp("real") / "run"
    folders = {path.name: path for path in sorted((data / "methods").iterdir()) if path.name != "reference"}
    summary = run(data / "methods/reference", folders, out, cluster, CONFIG)
    assert len(folders) == 7 and not summary.failed
    return out


@pytest.mark.slow
def test_every_cell_is_there_with_its_signature_and_coverage(evaluated: Path) -> None:
    frame, columns = scores(evaluated), header(evaluated)["columns"]
    methods = header(evaluated)["methods"]
    assert len(frame[frame["method"].isin(methods)]) == 7 * 2 * len(columns)
    absent = {name for name, column in columns.items() if column["absent"]}
    there = frame[frame["method"].isin(methods) & ~frame["metric"].isin(absent)]
    known = there[there["value"].notna()]
    assert known["coverage"].gt(0.5).all() and known["n_frames"].gt(0).all()
    # The clips' emotions are not known, and nothing else is.
    assert set(there.loc[there["value"].isna(), "reason"]) <= {"no_label", "no_audio"}
    assert set(frame.loc[frame["metric"].isin(absent), "reason"]) <= {"weights_missing", "backend_missing"}


@pytest.mark.slow
def test_the_reference_encoded_again_beats_every_method_in_every_comparison(evaluated: Path) -> None:
    summary = of(pd.read_parquet(evaluated / "summary.parquet"), group="all")
    columns, methods = header(evaluated)["columns"], header(evaluated)["methods"]
    compared = []
    for metric, own in summary[summary["value"].notna()].groupby("metric"):
        better = own["better"].iloc[0]
        if pd.isna(better) or (metric in columns and not columns[metric]["pairs"]):
            continue
        values = own.set_index("method")["value"]
        theirs = values[values.index.isin(methods)]
        assert len(theirs) == 7, metric
        sign = 1 if better == "lower" else -1
        beaten = sign * values["re-encoded"] < sign * theirs
        # One number of a whole set is met by chance now and then, by whatever moves.
        least = len(theirs) - 1 if metric in {one.gap.name for one in RELATIONS} else len(theirs)
        assert beaten.sum() >= least, (metric, values.to_dict())
        compared.append(metric)
    assert {"M-LD", "F-LVD", "Mouth", "Pose", "Gaze", "SSIM", "PSNR", "Gaze-JS", "Pose-JS-yaw"} <= set(compared)
    assert {metric.replace("Gaze-L", "Gaze").replace("Gaze-R", "Gaze") for metric in compared} <= METRICS.keys()

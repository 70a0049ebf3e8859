"""What a run leaves behind: every cell, whatever the order, the batches and the number of workers."""

import shutil
from dataclasses import replace

import pandas as pd
import pytest

from facecues.errors import UsageError
from facecues.metrics.registry import METRICS
from facecues.pipelines.evaluation import run
from facecues.pipelines.evaluation.jobs import make_jobs
from facecues.pipelines.evaluation.run import evaluate
from facecues.pipelines.evaluation.work import Workplace, perform
from facecues.pipelines.lockstep import Lockstep
from facecues.pipelines.pairing import pair
from facecues.preprocess.index import build_index
from tests.pipelines.evaluation.trees import (
    CLIPS,
    FIRST,
    QUICK,
    TABLES,
    cell,
    header,
    kept,
    of,
    same_run,
    scores,
    video_of,
)


def test_every_method_clip_and_column_has_a_row(world):
    frame, columns = scores(world.undisturbed), header(world.undisturbed)["columns"]
    for method in ("noisy", "moved"):
        assert set(map(tuple, of(frame, method=method)[["clip_id", "metric"]].to_numpy())) == {
            (clip_id, metric) for clip_id in CLIPS for metric in columns
        }
    alone = {name for name, column in columns.items() if not column["pairs"]}
    assert set(of(frame, method="reference")["metric"]) == alone
    assert set(frame["method"]) == {"reference", "noisy", "moved", "still"}
    signatures = dict(zip(frame["metric"], frame["signature"], strict=True))
    assert signatures == {name: column["signature"] for name, column in columns.items() if name in signatures}


def test_only_the_tables_the_header_and_the_memory_are_left(world):
    assert {path.name for path in world.undisturbed.iterdir()} == {f"{name}.parquet" for name in TABLES} | {
        "run.json",
        "features",
    }
    assert not [path for path in world.undisturbed.rglob("*") if path.suffix in (".tmp", ".hung")]


def test_the_summary_tells_clips_actors_and_coverage(world):
    summary = pd.read_parquet(world.undisturbed / "summary.parquet")
    row = of(summary, method="noisy", metric="F-LD", group="all").iloc[0]
    assert (row["n_clips"], row["n_expected"], row["n_actors"], row["coverage"]) == (3, 3, 2, 1.0)
    assert row["value"] == pytest.approx(of(scores(world.undisturbed), method="noisy", metric="F-LD")["value"].mean())
    assert set(summary["group"]) == {"all", "emotion:happy", "emotion:sad", "actor:M001", "actor:W002"}


def test_doing_nothing_is_worse_than_noise_that_moves_along(world):
    frame = scores(world.undisturbed)
    for metric in ("M-LD", "F-LD", "M-LVD", "F-LVD", "Pose"):
        assert cell(frame, "noisy", FIRST, metric)["value"] < cell(frame, "still", FIRST, metric)["value"]


def test_the_same_videos_have_the_ideal_value_everywhere(world, out):
    config = QUICK.model_copy(update={"metrics": ("ssim", "psnr", "fd-alexnet", "lpips"), "floors": ()})
    world.run(out, config, methods={"same": world.reference})
    own = of(scores(out), method="same", clip_id=FIRST)
    columns = header(out)["columns"]
    compared = 0
    for row in own.to_dict("records"):
        column = columns[row["metric"]]
        if not column["pairs"] or column["absent"] is not None:
            continue
        if row["metric"] == "PSNR":
            assert pd.isna(row["value"]) and row["reason"] == "identical"
            continue
        assert row["value"] == pytest.approx(column["info"]["ideal"], abs=1e-9), row
        assert row["coverage"] == 1, row
        compared += 1
    assert compared >= 15
    sets = pd.read_parquet(out / "summary.parquet")
    for metric in ("Gaze-JS", "Gaze-TV", "Gaze-W1-pitch", "Gaze-L-JS", "Gaze-R-JS", "Pose-JS-yaw"):
        assert of(sets, method="same", metric=metric, group="all")["value"].tolist() == pytest.approx([0.0], abs=1e-9)
    fd = of(sets, method="same", metric="FD-AlexNet")["value"]
    assert fd.empty or fd.iloc[0] == pytest.approx(METRICS["FD-AlexNet"].ideal, abs=1e-3)
    alone = {
        row["metric"]: row["value"] for row in of(scores(out), method="reference", clip_id=FIRST).to_dict("records")
    }
    assert pd.notna(alone["AM-Corr"])
    for metric, value in alone.items():
        assert cell(own, "same", FIRST, metric)["value"] == value or pd.isna(value)


def test_the_number_of_workers_changes_nothing(world, out):
    world.run(out, workers=1)
    same_run(out, world.undisturbed)


def test_the_order_of_methods_and_clips_changes_no_value(world, out):
    pairing = pair(build_index(world.reference), dict(reversed(world.methods.items())))
    turned = replace(pairing, reference=replace(pairing.reference, clips=pairing.reference.clips[::-1]))
    evaluate(turned, out, QUICK, scheduler=world.cluster)
    assert scores(out)["clip_id"].iloc[0] == CLIPS[-1]
    key = ["method", "clip_id", "metric"]
    pd.testing.assert_frame_equal(
        *(scores(each).sort_values(key, ignore_index=True) for each in (out, world.undisturbed))
    )
    numbers = ["group", "metric", "method", "value", "low", "high", "coverage", "n_clips"]
    found, expected = (pd.read_parquet(each / "summary.parquet")[numbers] for each in (out, world.undisturbed))
    pd.testing.assert_frame_equal(found, expected, check_exact=False, rtol=1e-12)


def test_the_names_of_folders_and_the_layout_change_no_value(world, out, tmp_path):
    flat = tmp_path / "flat"
    flat.mkdir()
    for clip_id in CLIPS:
        actor, _, emotion, level, number = clip_id.split("/")
        shutil.copy(
            world.methods["noisy"] / video_of(clip_id),
            flat / f"{actor}_{emotion}_{level.removeprefix('level_')}_{number}.mp4",
        )
    world.run(out, methods={"noisy": flat, "moved": world.methods["moved"]})
    assert (out / "scores.parquet").read_bytes() == (world.undisturbed / "scores.parquet").read_bytes()


def test_the_size_of_a_batch_changes_nothing(world, extractor, tmp_path, monkeypatch):
    job = make_jobs(pair(build_index(world.reference), world.methods), QUICK.made)[0]
    results, memories = [], []
    for instants in (16, 5):
        monkeypatch.setitem(Lockstep.__init__.__kwdefaults__, "instants", instants)
        root = tmp_path / str(instants)
        (root / "staging").mkdir(parents=True)
        results.append(perform(Workplace(root / "features", root / "staging", QUICK, {}), job))
        memories.append({name: (root / "features" / name).read_bytes() for name in kept(root)})
    assert results[0] == results[1]
    assert memories[0] == memories[1]


def test_progress_ends_with_all_clips(world, out):
    events = []
    summary = world.run(out, progress=events.append)
    assert (events[-1].ended, events[-1].total, events[-1].failed) == (3, 3, 0)
    assert (summary.clips, summary.methods, summary.failed, summary.interrupted) == (3, ("noisy", "moved"), (), False)
    assert {one["metric"] for one in summary.as_json()["values"]} >= {"SSIM", "F-LD", "Gaze-JS"}


def test_a_method_named_like_a_row_that_is_always_there_is_refused(world, out):
    for name in ("reference", "still", "re-encoded"):
        with pytest.raises(UsageError, match=f"cannot be called {name}"):
            world.run(out, methods={name: world.methods["noisy"]})
    assert not out.exists()


def test_a_folder_that_holds_something_else_is_refused_and_left_alone(world, out):
    out.mkdir()
    (out / "thesis.txt").write_text("mine")
    with pytest.raises(UsageError, match="neither empty nor an evaluation"):
        world.run(out)
    assert [path.name for path in out.iterdir()] == ["thesis.txt"]
    with pytest.raises(UsageError, match="neither empty nor an evaluation"):
        world.run(out / "thesis.txt")


def test_a_network_without_its_weights_is_a_column_of_nulls_and_a_sentence(world, out):
    config = QUICK.model_copy(update={"metrics": ("ssim", "lip-sync")})
    summary = world.run(out, config, methods={"noisy": world.methods["noisy"]})
    if not header(out)["absent"]:
        pytest.skip("SyncNet's weights are on this machine")
    lost = scores(out)[lambda frame: frame["metric"].str.startswith("LSE-")]
    assert set(lost["method"]) == {"noisy"} and len(lost) == 3 * 5
    assert lost["value"].isna().all() and set(lost["reason"]) == {"weights_missing"}
    told = header(out)["absent"]["syncnet"]
    assert told["reason"] == "weights_missing" and "syncnet" in told["sentence"].lower()
    assert summary.absent["syncnet"] == told["sentence"]
    assert cell(scores(out), "noisy", FIRST, "SSIM")["value"] > 0


def test_a_second_backend_that_cannot_be_had_is_no_row_and_a_sentence(world, out, monkeypatch):
    identified = run._identify
    told = "the weights of face-landmarker are not here"
    monkeypatch.setattr(run, "_identify", lambda *known: replace(identified(*known), no_other_backend=told))
    config = QUICK.model_copy(update={"floors": ("still", "other-backend")})
    summary = world.run(out, config, methods={"noisy": world.methods["noisy"]})
    assert set(scores(out)["method"]) == {"reference", "noisy", "still"} and not summary.failed
    assert summary.absent["other-backend"] == header(out)["no_other_backend"] == told
    assert cell(scores(out), "noisy", FIRST, "SSIM")["value"] > 0


def test_the_clips_and_what_is_known_of_them_stand_in_the_run(world):
    clips = pd.read_parquet(world.undisturbed / "clips.parquet")
    assert clips["clip_id"].to_list() == list(CLIPS)
    assert clips[["actor", "emotion", "level"]].iloc[0].to_list() == ["M001", "happy", 3]


def test_a_classifier_of_cues_judges_videos_by_what_was_watched_of_them(world, out, judge):
    world.begin(out)
    before = kept(out)
    world.run(out, QUICK.model_copy(update={"classifiers": (judge,)}))
    assert before.items() <= kept(out).items()  # nothing is watched again
    frame = of(scores(out), metric="EmoAcc-judge")
    assert set(frame["method"]) == {"reference", "noisy", "moved", "still"}
    assert frame["value"].isin([0.0, 1.0]).all()
    assert set(pd.read_parquet(out / "emotions.parquet")["classifier"]) == {"emotion-judge"}

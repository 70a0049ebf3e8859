"""Cue stores against a store of true cues: the numbers of the metrics themselves, in the files of every run."""

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from facecues.errors import UsageError
from facecues.metrics.cohesion import RELATIONS
from facecues.metrics.gaze import gaze_scores
from facecues.metrics.landmarks import landmark_scores
from facecues.metrics.pose import pose_scores
from facecues.metrics.protocols import FACECUES
from facecues.pipelines.evaluation.command import pairing_of, stores_of
from facecues.pipelines.evaluation.config import EvaluateConfig
from facecues.pipelines.evaluation.run import evaluate
from facecues.pipelines.reporting import open_runs
from facecues.resample import resample, time_grid
from facecues.schema import CLIP_SCHEMA
from tests.metrics.tracks import held, track, without
from tests.pipelines.evaluation.cue_stores import CLIPS, FRAMES, told, truth, write_sounds, write_store
from tests.pipelines.evaluation.trees import cell, of, scores

QUICK = EvaluateConfig(resamples=99, set_resamples=99)
TRUTH = truth()


def noisy(seed):
    """Head and eyes that tremble."""

    def change(cues):
        rng = np.random.default_rng(seed)
        turn, look = rng.normal(0, 2, (len(cues), 3)), rng.normal(0, 2, (len(cues), 2))
        return replace(cues, rotation=cues.rotation + turn.astype("f4"), gaze=cues.gaze + look.astype("f4"))

    return change


METHODS = {
    "same": lambda cues: cues,
    "mute": lambda cues: replace(cues, normalized=held(cues).normalized, landmarks=held(cues).landmarks),
    "first": noisy(1),
    "second": noisy(2),
    "half": lambda cues: without(cues, slice(FRAMES // 2, FRAMES)),
}


@pytest.fixture(scope="module")
def stores(tmp_path_factory):
    """A dataset's folder with sound, the true cues in it, and methods' cues elsewhere."""
    root = tmp_path_factory.mktemp("stores")
    write_sounds(root / "data", TRUTH)
    write_store(root / "data" / "truth", TRUTH, "true")
    for name, change in METHODS.items():
        write_store(root / name, {clip_id: change(cues) for clip_id, cues in TRUTH.items()}, f"made|{name}")
    return root


def run(stores, out, cluster, *methods, config=QUICK, **options):
    named = [method if "=" in method else f"{method}={stores / method}" for method in methods]
    reference = options.pop("reference", stores / "data" / "truth")
    return evaluate(pairing_of(reference, named, **options), out, config, scheduler=cluster)


@pytest.fixture(scope="module")
def done(stores, tmp_path_factory, cluster):
    """A run over all of them, of which `trembling` has two seeds."""
    out = tmp_path_factory.mktemp("runs") / "run"
    seeds = [f"trembling={stores / name}" for name in ("first", "second")]
    return out, run(stores, out, cluster, "same", "mute", "half", *seeds)


def test_scores_are_those_of_the_metrics_on_the_very_cues(done):
    frame = scores(done[0])
    for clip_id, real in TRUTH.items():
        mute = METHODS["mute"](real)
        expected = landmark_scores(mute, real, FACECUES.landmarks) | pose_scores(mute, real) | gaze_scores(mute, real)
        for metric, score in expected.items():
            found = cell(frame, "mute", clip_id, metric)
            assert found["value"] == pytest.approx(score.value, rel=1e-9), metric
            assert (found["n_frames"], found["coverage"]) == (score.n_frames, score.coverage)


def test_true_cues_are_ideal_wherever_they_are_compared(done):
    frame, columns = scores(done[0]), told(done[0])["columns"]
    own = of(frame, method="same")
    compared = own[own["metric"].map(lambda name: columns[name]["pairs"] and columns[name]["absent"] is None)]
    assert len(compared["metric"].unique()) > 10
    for row in compared.to_dict("records"):
        assert row["value"] == pytest.approx(columns[row["metric"]]["info"]["ideal"], abs=1e-6), row["metric"]


def test_what_needs_pictures_is_absent_and_the_floors_that_do_are_not_made(done):
    out, summary = done
    blind = {"SSIM", "PSNR", "LPIPS", "inception", "alexnet", "syncnet", "emotion-fer", "re-encoded", "other-backend"}
    assert blind <= summary.absent.keys()
    assert set(summary.absent.values()) == {"cue stores hold no pictures"}
    frame = scores(out)
    assert set(frame["method"]) == {"reference", "same", "mute", "half", "trembling", "still"}
    assert of(frame, metric="SSIM")["value"].isna().all()
    assert frame.groupby(["method", "clip_id", "metric"]).size().eq(1).all()


def test_sets_emotions_and_cohesion_are_in_the_summary_with_the_reference_beside_them(done):
    table = done[1].table
    for metric in ("Gaze-JS", "Gaze-W1-yaw", "Pose-JS", "Pose-V-W1", *(one.gap.name for one in RELATIONS)):
        rows = of(table, metric=metric, method="same")
        assert set(rows["group"]) == {"all", "emotion:happy", "emotion:sad"}
        assert rows["value"].to_numpy() == pytest.approx(0, abs=1e-12)
    for one in RELATIONS:
        real, same = (of(table, metric=one.info.name, method=name)["value"] for name in ("reference", "same"))
        assert real.to_numpy() == pytest.approx(same.to_numpy()) and len(real) == 3


def test_metrics_of_sets_are_compared_by_draws_of_actors(done):
    found = of(done[1].comparisons, metric="Pose-JS")
    assert set(found["test"]) == {"paired bootstrap"} and len(found) == 6
    assert (found["p_holm"] >= found["p"]).all() and found["p"].min() >= 0.25  # of three actors
    assert set(of(done[1].comparisons, metric="M-LD")["test"]) == {"sign-flip"}


def test_a_frame_without_cues_is_penalised_like_one_of_a_video(done):
    frame = scores(done[0])
    half, still = (cell(frame, name, CLIPS[0], "Pose") for name in ("half", "still"))
    assert half["coverage"] == 0.5 and half["reason"] == "no_face"
    assert 0 < half["value"] < still["value"]


def test_the_mouth_is_held_against_the_sound_of_the_reference(done):
    frame = scores(done[0])
    for clip_id in CLIPS:
        real, same = (cell(frame, name, clip_id, "AM-Corr")["value"] for name in ("reference", "same"))
        assert real == same > 0.5
        assert cell(frame, "mute", clip_id, "AM-Corr")["reason"] == "constant"


def test_a_score_over_seeds_is_their_mean_and_says_so(stores, done, tmp_path, cluster):
    apart = tmp_path / "apart"
    run(stores, apart, cluster, "first", "second")
    one, both = scores(apart), scores(done[0])
    for metric in ("Pose", "Gaze", "Pose-speed-gap"):
        alone = [cell(one, name, CLIPS[1], metric) for name in ("first", "second")]
        mean = cell(both, "trembling", CLIPS[1], metric)
        assert mean["value"] == pytest.approx(np.mean([each["value"] for each in alone]))
        assert mean["n_frames"] == sum(each["n_frames"] for each in alone)
    notes = of(done[1].table, method="trembling")["note"]
    assert notes.str.contains("trembling: over 2 seeds").all()
    assert not of(done[1].table, method="same")["note"].str.contains("seeds").any()
    method = told(done[0])["methods"]["trembling"]
    assert method["stores"] == [str(stores / name) for name in ("first", "second")]
    assert method["signatures"] == ["made|first", "made|second"]


def test_histograms_of_seeds_are_added_up(stores, done, tmp_path, cluster):
    twice = tmp_path / "twice"
    summary = run(stores, twice, cluster, *[f"first={stores / 'first'}"] * 2)
    once = run(stores, tmp_path / "once", cluster, "first")
    for metric in ("Gaze-JS", "Pose-V-W1", "Nod-mouth"):
        one, other = (of(each.table, method="first", metric=metric, group="all") for each in (once, summary))
        assert one["value"].item() == pytest.approx(other["value"].item())
    apart = run(stores, tmp_path / "apart", cluster, "first", "second").table
    alone = [of(apart, method=name, metric="Gaze-JS", group="all")["value"].item() for name in ("first", "second")]
    pooled = of(done[1].table, method="trembling", metric="Gaze-JS", group="all")["value"].item()
    assert 0 < pooled < np.mean(alone)  # the divergence is convex


def test_a_report_finds_cues_of_every_method_and_no_video(done):
    results, evidence = open_runs([done[0]])
    assert results.methods == ("same", "mute", "half", "trembling")
    for method in ("reference", *results.methods, "still"):
        assert len(evidence.track(method, CLIPS[0])) == FRAMES
        assert evidence.video(method, CLIPS[0]) is None
    np.testing.assert_array_equal(evidence.track("trembling", CLIPS[0]).gaze, METHODS["first"](TRUTH[CLIPS[0]]).gaze)
    assert results.metrics["SSIM"].absent == "cue stores hold no pictures"


def test_the_same_command_reads_nothing_anew_and_gives_the_same(stores, tmp_path, cluster):
    out = tmp_path / "run"
    run(stores, out, cluster, "first", "mute")
    tables = {path.name: path.read_bytes() for path in out.glob("*.parquet")}
    kept = {path: path.stat().st_mtime_ns for path in (out / "features").rglob("*.npz")}
    run(stores, out, cluster, "first", "mute")
    assert {path.name: path.read_bytes() for path in out.glob("*.parquet")} == tables
    assert {path: path.stat().st_mtime_ns for path in (out / "features").rglob("*.npz")} == kept


def test_other_takes_are_a_floor_of_stores_too(tmp_path, cluster):
    takes = [f"M001/front/happy/level_3/00{number}" for number in (1, 2)]
    root = write_store(tmp_path / "truth", {clip_id: track(seed=at) for at, clip_id in enumerate(takes)})
    summary = run(tmp_path, tmp_path / "run", cluster, f"a={root}", reference=root)
    assert of(summary.table, method="other-take", metric="Pose", group="all")["value"].item() > 0


def test_cues_at_another_rate_are_compared_at_25_per_second(tmp_path, cluster):
    real = {CLIPS[0]: TRUTH[CLIPS[0]]}
    times, at = np.arange(FRAMES) / 25, time_grid(np.arange(FRAMES) / 25, 50)
    names = type(real[CLIPS[0]]).__slots__
    doubled = {CLIPS[0]: replace(real[CLIPS[0]], **{n: resample(times, getattr(real[CLIPS[0]], n), at) for n in names})}
    root = write_store(tmp_path / "truth", real)
    write_store(tmp_path / "fast", doubled, fps=50)
    run(tmp_path, tmp_path / "run", cluster, "fast", reference=root)
    frame = scores(tmp_path / "run")
    assert cell(frame, "fast", CLIPS[0], "F-LD")["value"] == pytest.approx(0, abs=1e-5)
    assert cell(frame, "fast", CLIPS[0], "Pose")["n_frames"] == FRAMES


def test_clips_that_failed_or_are_missing_cost_themselves(tmp_path, stores, cluster):
    some = {clip_id: (None if at == 0 else TRUTH[clip_id]) for at, clip_id in enumerate(CLIPS[:-1])}
    write_store(tmp_path / "some", some)
    summary = run(stores, tmp_path / "run", cluster, f"some={tmp_path / 'some'}")
    assert summary.failed == (("some", CLIPS[0], "it did not come out"),)
    assert summary.missing == {"some": 1} and summary.extra == {"some": 0}
    frame = scores(tmp_path / "run")
    assert cell(frame, "some", CLIPS[0], "Pose")["reason"] == "video_failed"
    assert cell(frame, "some", CLIPS[-1], "Pose")["reason"] == "video_missing"


def test_a_clip_whose_name_nobody_could_read_has_no_place_in_scores_and_is_named_once(stores, done, tmp_path, cluster):
    root = shutil.copytree(stores / "data" / "truth", tmp_path / "data" / "truth")
    row = {"clip_id": "notes", "video": "notes.mp4", "status": "failed", "reason": "unparsed", "message": "no labels"}
    clips = pq.read_table(root / "clips.parquet").to_pylist()
    pq.write_table(pa.Table.from_pylist([*clips, row], CLIP_SCHEMA), root / "clips.parquet")
    seeds = [f"trembling={stores / name}" for name in ("first", "second")]
    options = {"reference": root, "data": stores / "data"}
    out = tmp_path / "run"
    summary = run(stores, out, cluster, "same", "mute", "half", *seeds, **options)
    for name in ("clips", "scores", "summary", "comparisons"):
        assert (out / f"{name}.parquet").read_bytes() == (done[0] / f"{name}.parquet").read_bytes()
    assert summary.failed == (("reference", "notes", "no labels"),)
    assert (summary.clips, set(summary.missing.values())) == (len(CLIPS), {0})
    (named,) = of(pd.read_parquet(out / "videos.parquet"), clip_id="notes").to_dict("records")
    assert (named["method"], named["status"], named["reason"]) == ("reference", "failed", "unparsed")


def test_a_classifier_of_cues_judges_every_clip_and_the_true_cues_beside_them(stores, tmp_path, cluster, judge):
    config = QUICK.model_copy(update={"classifiers": (judge,)})
    seeds = [f"trembling={stores / name}" for name in ("first", "second")]
    table = run(stores, tmp_path / "run", cluster, "same", *seeds, config=config).table
    accuracy = of(table, metric="EmoAcc-judge", group="all").set_index("method")["value"]
    assert accuracy["same"] == accuracy["reference"] and {"trembling", "still"} <= set(accuracy.index)
    seen = pd.read_parquet(tmp_path / "run" / "emotions.parquet")
    right = (seen["intended"] == seen["seen"]).groupby(seen["method"]).mean()
    assert right["trembling"] == pytest.approx(accuracy["trembling"])
    assert len(of(seen, method="trembling")) == 2 * len(CLIPS) == 2 * len(of(seen, method="same"))
    judged = of(table, metric="EmoF1-judge", method="trembling").iloc[0]
    assert (judged["n_clips"], judged["coverage"]) == (len(CLIPS), 1)
    assert "judge[w:" in judged["signature"] and "by:cues,store:true" in judged["signature"]


def test_without_sound_what_needs_it_says_where_to_name_it(stores, tmp_path, cluster):
    write_store(tmp_path / "alone" / "truth", TRUTH)
    options = {"reference": tmp_path / "alone" / "truth"}
    summary = run(stores, tmp_path / "deaf", cluster, "same", **options)
    assert "--data" in summary.absent["sound"]
    assert of(scores(tmp_path / "deaf"), metric="AM-Corr")["value"].isna().all()
    summary = run(stores, tmp_path / "run", cluster, "same", **options, data=stores / "data")
    assert "sound" not in summary.absent
    assert cell(scores(tmp_path / "run"), "same", CLIPS[0], "AM-Corr")["value"] > 0.5


# What is no pair of stores


def refusal(reference, *methods, **options):
    with pytest.raises(UsageError) as error:
        pairing_of(reference, list(methods), **options)
    assert "\n" not in str(error.value)
    return str(error.value)


def test_videos_and_cues_are_not_compared(stores, tmp_path):
    reference = stores / "data" / "truth"
    assert f"{tmp_path} is no finished cue store" in refusal(reference, f"a={tmp_path}")
    assert "is a cue store, and the reference" in refusal(tmp_path, f"a={reference}")
    assert "--layout" in refusal(reference, f"a={reference}", layout="mead")
    assert "--data" in refusal(tmp_path, f"a={tmp_path}", data=tmp_path)
    assert "holds no sound" in refusal(reference, f"a={reference}", data=tmp_path)


def test_stores_without_a_common_clip_and_seeds_of_other_clips_are_refused(stores, tmp_path):
    reference = stores / "data" / "truth"
    other = write_store(tmp_path / "other", {"M009/front/happy/level_3/001": TRUTH[CLIPS[0]]})
    some = write_store(tmp_path / "some", {clip_id: TRUTH[clip_id] for clip_id in CLIPS[:2]})
    assert "shares no clip" in refusal(reference, f"a={other}")
    assert "hold other clips of the reference, 6 in" in refusal(reference, f"a={reference}", f"a={some}")
    assert "a@1" in refusal(reference, f"a={some}", f"a={some}", f"a@1={some}")


def test_a_name_with_several_stores_is_one_method():
    assert stores_of(["a=x", "b=y", "a=z"]) == {"a": (Path("x"), Path("z")), "b": (Path("y"),)}

"""What is wrong with a video costs that video's own cells."""

import shutil
from pathlib import Path

import pandas as pd
import pytest

from facecues.config import ExtractConfig, Limits
from facecues.pipelines.cluster import connect
from facecues.reasons import Status
from tests.pipelines.evaluation.deadly import Deadly
from tests.pipelines.evaluation.trees import CLIPS, FIRST, QUICK, SHORT, of, read, run, scores, video_of, write
from tests.preprocess.test_extract import EXPECTED

TEXT, EMPTY, GOOD = CLIPS


def assert_lost(frame, method, clip_id):
    own = of(frame, method=method, clip_id=clip_id)
    assert len(own) and own["value"].isna().all()
    assert set(own["reason"]) == {"video_failed"} and (own["coverage"] == 0).all()


def assert_unchanged(frame, world, lost):
    """All rows but those of the given methods and clips are those of the undisturbed run."""
    before = scores(world.undisturbed)
    left = [each[~each[["method", "clip_id"]].apply(tuple, axis=1).isin(lost)] for each in (frame, before)]
    pd.testing.assert_frame_equal(*(each.reset_index(drop=True) for each in left))


def test_videos_that_are_none_cost_their_own_cells(world, tmp_path, out):
    broken = shutil.copytree(world.methods["noisy"], tmp_path / "noisy")
    (broken / video_of(TEXT)).write_text("this is no video")
    (broken / video_of(EMPTY)).write_bytes(b"")
    summary = world.run(out, methods={"noisy": broken, "moved": world.methods["moved"]})
    frame = scores(out)
    assert_lost(frame, "noisy", TEXT)
    assert_lost(frame, "noisy", EMPTY)
    assert_unchanged(frame, world, [("noisy", TEXT), ("noisy", EMPTY)])
    videos = pd.read_parquet(out / "videos.parquet").set_index(["method", "clip_id"])
    assert videos.loc[("noisy", TEXT), "reason"] == "unreadable"
    assert videos.loc[("noisy", EMPTY), ["status", "reason"]].tolist() == ["failed", "empty_file"]
    assert {(method, clip_id) for method, clip_id, _ in summary.failed} == {("noisy", TEXT), ("noisy", EMPTY)}
    row = of(pd.read_parquet(out / "summary.parquet"), method="noisy", metric="SSIM", group="all").iloc[0]
    assert (row["n_clips"], row["n_expected"]) == (1, 3) and row["coverage"] == pytest.approx(1 / 3)


def test_a_video_that_breaks_off_counts_as_far_as_it_goes(world, tmp_path, out):
    broken = shutil.copytree(world.methods["noisy"], tmp_path / "noisy")
    content = (broken / video_of(FIRST)).read_bytes()
    (broken / video_of(FIRST)).write_bytes(content[: len(content) // 2])
    world.run(out, methods={"noisy": broken, "moved": world.methods["moved"]})
    frame = scores(out)
    own = of(frame, method="noisy", clip_id=FIRST, metric="SSIM").iloc[0]
    assert 0 < own["coverage"] < 1 and own["reason"] in ("too_short", "no_face") and own["value"] > 0
    assert_unchanged(frame, world, [("noisy", FIRST)])
    video = of(pd.read_parquet(out / "videos.parquet"), method="noisy", clip_id=FIRST).iloc[0]
    assert video["status"] == "partial"
    sets = of(pd.read_parquet(out / "summary.parquet"), method="noisy", metric="Gaze-JS", group="all").iloc[0]
    assert sets["n_clips"] == 3  # what decodes of it counts there too


@pytest.mark.parametrize("content", [b"this is no video", b""], ids=["text", "empty"])
def test_a_reference_that_is_no_video_costs_its_clip(world, tmp_path, out, content):
    reference = shutil.copytree(world.reference, tmp_path / "reference")
    (reference / video_of(FIRST)).write_bytes(content)
    summary = world.run(out, reference=reference)
    frame = scores(out)
    methods = ("reference", "noisy", "moved", "still")
    for method in methods:
        assert_lost(frame, method, FIRST)
    assert_unchanged(frame, world, [(method, FIRST) for method in methods])
    assert [failure[:2] for failure in summary.failed] == [("reference", FIRST)]


def test_a_reference_that_no_method_has_can_fail_too(world, tmp_path, out):
    reference = shutil.copytree(world.reference, tmp_path / "reference")
    method = shutil.copytree(world.methods["noisy"], tmp_path / "noisy")
    (reference / video_of(FIRST)).write_text("this is no video")
    (method / video_of(FIRST)).unlink()
    summary = world.run(out, reference=reference, methods={"noisy": method})
    assert_lost(scores(out), "reference", FIRST)
    assert set(of(scores(out), method="noisy", clip_id=FIRST)["reason"]) == {"video_missing"}
    assert [failure[:2] for failure in summary.failed] == [("reference", FIRST)]


@pytest.fixture
def lonely():
    """A worker of its own, whose deaths count at once."""
    with connect(1, None) as client:
        client.run_on_scheduler(forgive_nothing)
        yield client


def forgive_nothing(dask_scheduler):
    dask_scheduler.allowed_failures = 0


@pytest.mark.slow
def test_a_video_that_kills_its_worker_costs_its_own_cells(world, out, lonely):
    lonely.register_plugin(Deadly(world.methods["noisy"] / video_of(EMPTY), "die"))
    summary = run(world.reference, world.methods, out, lonely.scheduler.address)
    frame = scores(out)
    assert_lost(frame, "noisy", EMPTY)
    assert_unchanged(frame, world, [("noisy", EMPTY)])
    ((method, clip_id, message),) = summary.failed
    assert (method, clip_id) == ("noisy", EMPTY) and "ended each time" in message
    lonely.unregister_worker_plugin("deadly")
    assert not run(world.reference, world.methods, out, lonely.scheduler.address).failed
    assert (out / "scores.parquet").read_bytes() == (world.undisturbed / "scores.parquet").read_bytes()


@pytest.mark.slow
def test_a_reference_that_kills_its_worker_costs_its_clip(world, out, lonely):
    lonely.register_plugin(Deadly(world.reference / video_of(EMPTY), "die"))
    run(world.reference, {"noisy": world.methods["noisy"]}, out, lonely.scheduler.address)
    frame = scores(out)
    for method in ("reference", "noisy", "still"):
        assert_lost(frame, method, EMPTY)
    lost = [("moved", clip_id) for clip_id in CLIPS]
    assert_unchanged(frame, world, lost + [(method, EMPTY) for method in ("reference", "noisy", "still")])


@pytest.mark.slow
def test_a_video_that_hangs_costs_its_own_cells_and_is_tried_again(world, tmp_path, out, lonely):
    reference = shutil.copytree(world.reference, tmp_path / "reference")
    (reference / video_of(FIRST)).unlink()
    config = QUICK.model_copy(update={"cues": ExtractConfig(limits=Limits(clip_timeout_s=4))})
    methods = {"noisy": world.methods["noisy"]}
    lonely.register_plugin(Deadly(methods["noisy"] / video_of(EMPTY), "hang"))
    summary = run(reference, methods, out, lonely.scheduler.address, config)
    frame = scores(out)
    assert_lost(frame, "noisy", EMPTY)
    lost = [(method, FIRST) for method in ("reference", "noisy", "still")]
    assert_unchanged(frame, world, [("noisy", EMPTY), *(("moved", clip_id) for clip_id in CLIPS), *lost])
    assert [failure[:2] for failure in summary.failed] == [("noisy", EMPTY)]
    assert "no sign of life" in summary.failed[0][2]
    lonely.unregister_worker_plugin("deadly")
    assert not run(reference, methods, out, lonely.scheduler.address, config).failed


@pytest.mark.slow
def test_difficult_files_as_methods_cost_their_own_cells(world, data: Path, tmp_path, cluster, out):
    """A clip for each file in its way difficult, beside a method that has all of them right."""
    frames = read(world.reference / video_of(GOOD), SHORT)
    for name in EXPECTED:
        clip = f"{Path(name).stem}.mp4"
        write(tmp_path / "reference", clip, frames)
        write(tmp_path / "right", clip, frames)
        (tmp_path / "difficult").mkdir(exist_ok=True)
        shutil.copy(data / "difficult" / name, tmp_path / "difficult" / clip)
    methods = {name: tmp_path / name for name in ("difficult", "right")}
    summary = run(tmp_path / "reference", methods, out, cluster)
    frame = scores(out)
    right = of(frame, method="right", metric="F-LD")
    assert (right["value"] == 0).all() and (right["coverage"] == 1).all() and len(right) == len(EXPECTED)
    failed = {Path(name).stem for name, (status, _) in EXPECTED.items() if status == Status.FAILED}
    assert {clip_id for _, clip_id, _ in summary.failed} == failed
    for clip_id in failed:
        assert_lost(frame, "difficult", clip_id)
    lost = of(frame, method="difficult", reason="video_failed")
    assert set(lost["clip_id"]) == failed


@pytest.mark.slow
def test_difficult_files_as_references_leave_no_hole(data: Path, tmp_path, cluster, out):
    """Each against itself: ideal, or null for a reason."""
    chosen = ("made_one_frame.mp4", "made_two_frames.mp4", "no_face.mp4", "made_black_gap.mp4", "made_bitflip.mp4")
    (tmp_path / "reference").mkdir()
    for name in chosen:
        shutil.copy(data / "difficult" / name, tmp_path / "reference" / name)
    config = QUICK.model_copy(update={"floors": ("re-encoded", "still")})
    run(tmp_path / "reference", {"same": tmp_path / "reference"}, out, cluster, config)
    own = of(scores(out), method="same", metric="F-LD").set_index("clip_id")
    assert (own["value"].dropna() == 0).all()
    assert own.loc["no_face", "reason"] == "no_face"
    assert own.loc["made_one_frame", "value"] == 0
    one = of(scores(out), method="same", clip_id="made_one_frame").set_index("metric")
    assert one.loc["F-LVD", "reason"] == "too_short" and one.loc["SSIM", "value"] == 1

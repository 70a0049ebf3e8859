"""Methods that are not as long, as large or as complete as the reference: what is counted, and what is told."""

import shutil

import cv2
import numpy as np
import pandas as pd
import pytest

from facecues.errors import UsageError
from tests.pipelines.evaluation.trees import (
    EXCLUDE,
    FIRST,
    QUICK,
    cell,
    header,
    kept,
    of,
    read,
    run,
    scores,
    video_of,
    write,
)

FRAMES = 12
LOSSLESS = {"crf": 0}  # then a frame is what it is, whatever comes after it
LANDMARKS = ("M-LD", "F-LD", "Mouth", "Pose", "Gaze")


def scaled(frames, width, height):
    return [cv2.resize(frame, (width, height), interpolation=cv2.INTER_AREA) for frame in frames]


@pytest.fixture(scope="module")
def odd(world, tmp_path_factory):
    """One clip many times, and a method that does something else to each of them."""
    root = tmp_path_factory.mktemp("odd")
    frames = read(world.reference / video_of(FIRST), FRAMES)
    black = [np.zeros_like(frame) for frame in frames]
    method = {
        "black": (frames[:6] + black[6:], {}),
        "hidden": (black, {}),
        "early": (frames[:6], {}),
        "long": (frames + frames[:5], LOSSLESS),
        "single": (frames[:1], {}),
        "small": (scaled(frames, 128, 128), {}),
        "wide": (scaled(frames, 256, 128), {}),
        "fast": ([frame for frame in frames for _ in range(2)], {"fps": 50}),
        "right": (frames, LOSSLESS),
    }
    for name, (pictures, options) in method.items():
        write(root / "method", f"{name}.mp4", pictures, **options)
    for name in [*method, "lost"]:
        write(root / "reference", f"{name}.mp4", frames)
    shutil.copy(root / "method/right.mp4", root / "method/extra.mp4")
    return root


@pytest.fixture(scope="module")
def penalized(odd, cluster):
    run(odd / "reference", {"method": odd / "method"}, odd / "penalized", cluster)
    return scores(odd / "penalized")


@pytest.fixture(scope="module")
def excluded(odd, cluster, penalized):
    shutil.copytree(odd / "penalized", odd / "excluded")
    run(odd / "reference", {"method": odd / "method"}, odd / "excluded", cluster, EXCLUDE)
    return scores(odd / "excluded")


def test_no_row_is_missing_and_rules_for_what_is_missing_cost_no_video(odd, penalized, excluded):
    assert len(penalized) == len(excluded)
    assert kept(odd / "penalized").keys() == kept(odd / "excluded").keys()


def test_a_clip_that_the_method_lacks_is_told(odd, penalized):
    lost = of(penalized, method="method", clip_id="lost")
    assert set(lost["metric"]) == set(header(odd / "penalized")["columns"])
    assert lost["value"].isna().all() and set(lost["reason"]) == {"video_missing"} and (lost["coverage"] == 0).all()
    told = header(odd / "penalized")["methods"]["method"]
    assert (told["missing"], told["extra"]) == (["lost"], ["extra"])
    assert "extra" not in set(penalized["clip_id"])


@pytest.mark.parametrize("metric", [*LANDMARKS, "SSIM"])
def test_a_clip_that_the_method_lacks_counts_as_nothing_done_or_not_at_all(odd, penalized, excluded, metric):
    filled = of(penalized, method="method", metric=metric).set_index("clip_id")["value"].copy()
    filled["lost"] = cell(penalized, "still", "lost", metric)["value"]
    left_out = of(excluded, method="method", metric=metric)["value"]
    for name, expected in (("penalized", filled), ("excluded", left_out)):
        summary = pd.read_parquet(odd / name / "summary.parquet")
        row = of(summary, method="method", metric=metric, group="all").iloc[0]
        assert row["value"] == pytest.approx(expected.mean(), rel=1e-12)
        assert row["n_clips"] < row["n_expected"] == 10 and row["coverage"] < 0.9


def test_the_penalty_does_not_depend_on_the_floors_that_are_named(odd, penalized, cluster, tmp_path):
    shutil.copytree(odd / "penalized", tmp_path / "run")
    config = QUICK.model_copy(update={"floors": ()})
    run(odd / "reference", {"method": odd / "method"}, tmp_path / "run", cluster, config)
    assert scores(tmp_path / "run").equals(penalized)
    tables = [pd.read_parquet(folder / "summary.parquet") for folder in (tmp_path / "run", odd / "penalized")]
    pd.testing.assert_frame_equal(*tables)


@pytest.mark.parametrize("metric", LANDMARKS)
def test_frames_without_a_face_count_as_the_first_one_held_or_not_at_all(penalized, excluded, metric):
    half, hidden = cell(penalized, "method", "black", metric), cell(penalized, "method", "hidden", metric)
    assert half["coverage"] == pytest.approx(0.5) and half["reason"] == "no_face"
    assert (hidden["n_frames"], hidden["coverage"], hidden["reason"]) == (0, 0, "no_face")
    assert hidden["value"] == pytest.approx(cell(penalized, "still", "hidden", metric)["value"])
    left_out = cell(excluded, "method", "black", metric)
    assert left_out["value"] < half["value"] < hidden["value"]
    assert (left_out["coverage"], left_out["reason"]) == (half["coverage"], "no_face")
    nothing = cell(excluded, "method", "hidden", metric)
    assert pd.isna(nothing["value"]) and nothing["reason"] == "no_face"


@pytest.mark.parametrize("metric", [*LANDMARKS, "SSIM"])
def test_a_video_that_ends_early_is_compared_as_far_as_it_goes(penalized, excluded, metric):
    one, other = cell(penalized, "method", "early", metric), cell(excluded, "method", "early", metric)
    for row in (one, other):
        assert (row["n_frames"], row["coverage"], row["reason"]) == (6, 0.5, "too_short")
    right, still = (cell(penalized, method, "early", metric)["value"] for method in ("method", "still"))
    if metric == "SSIM":
        assert still < one["value"] < other["value"]
    else:
        assert other["value"] < one["value"] < still
    assert right == one["value"]


def test_what_comes_after_the_reference_is_counted_and_compared_with_nothing(odd, penalized):
    for metric in (*LANDMARKS, "SSIM"):
        long, right = (cell(penalized, "method", clip_id, metric) for clip_id in ("long", "right"))
        assert (long["n_frames"], long["coverage"]) == (FRAMES, 1) and pd.isna(long["reason"])
        assert long["value"] == right["value"], metric
    videos = pd.read_parquet(odd / "penalized/videos.parquet").set_index(["method", "clip_id"])
    assert videos.loc[("method", "long"), "beyond"] == 5
    assert videos.loc[("method", "right"), "beyond"] == videos.loc[("method", "early"), "beyond"] == 0


def test_one_frame_is_compared_and_moves_nowhere(penalized, excluded):
    for frame in (penalized, excluded):
        row = cell(frame, "method", "single", "F-LD")
        assert (row["n_frames"], row["reason"]) == (1, "too_short") and pd.notna(row["value"])
    row = cell(excluded, "method", "single", "F-LVD")
    assert pd.isna(row["value"]) and (row["n_frames"], row["reason"]) == (0, "too_short")


def test_another_size_is_no_loss_and_other_proportions_are_no_picture(penalized):
    for metric in LANDMARKS:
        assert cell(penalized, "method", "small", metric)["coverage"] == 1
        assert cell(penalized, "method", "wide", metric)["coverage"] == 1
    assert cell(penalized, "method", "small", "F-LD")["value"] < cell(penalized, "still", "small", "F-LD")["value"]
    assert cell(penalized, "method", "small", "SSIM")["value"] > 0.9
    for metric in ("SSIM", "PSNR"):
        row = cell(penalized, "method", "wide", metric)
        assert pd.isna(row["value"]) and row["reason"] == "size_mismatch"


def test_another_frame_rate_is_resolved_by_time(penalized):
    for metric in (*LANDMARKS, "SSIM", "PSNR"):
        assert cell(penalized, "method", "fast", metric)["coverage"] == 1
    assert cell(penalized, "method", "fast", "SSIM")["value"] > 0.95
    assert cell(penalized, "method", "fast", "F-LD")["value"] < cell(penalized, "still", "fast", "F-LD")["value"]


def test_a_reference_without_a_face_and_one_of_a_single_frame_leave_no_hole(odd, cluster, out):
    reference = out.parent / "reference"
    for name in ("hidden", "single"):
        reference.mkdir(exist_ok=True)
        shutil.copy(odd / f"method/{name}.mp4", reference / f"{name}.mp4")
    config = QUICK.model_copy(update={"floors": ("re-encoded", "still", "other-take")})
    run(reference, {"same": reference, "other": odd / "reference"}, out, cluster, config)
    frame = scores(out)
    for method in ("same", "other"):
        for metric in LANDMARKS:
            row = cell(frame, method, "hidden", metric)
            assert pd.isna(row["value"]) and row["reason"] == "no_face"
        assert cell(frame, method, "hidden", "SSIM")["coverage"] == 1
    assert cell(frame, "same", "single", "F-LD")["value"] == 0
    assert cell(frame, "same", "single", "F-LVD")["reason"] == "too_short"
    assert cell(frame, "other", "single", "SSIM")["value"] > 0.9


def test_a_method_that_shares_no_clip_or_is_empty_is_refused(world, odd, tmp_path, out):
    with pytest.raises(UsageError, match="Method 'other' shares no clip with the reference"):
        run(world.reference, {"other": odd / "method"}, out)
    (tmp_path / "empty").mkdir()
    with pytest.raises(UsageError, match="Method 'empty': "):
        run(world.reference, {"empty": tmp_path / "empty"}, out)
    assert not out.exists()

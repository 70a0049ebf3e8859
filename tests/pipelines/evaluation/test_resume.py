"""Cut short anywhere and given again, or added to: a run equals one that nothing happened to, and redoes nothing."""

import os
import shutil
import signal
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

import pandas as pd
import psutil
import pytest
import yaml

from facecues.pipelines.atomic import StoreError
from facecues.pipelines.evaluation.config import EvaluateConfig
from tests.pipelines.datasets import REPOSITORY, wait_until
from tests.pipelines.evaluation.trees import (
    CLIPS,
    EXCLUDE,
    FIRST,
    QUICK,
    cell,
    header,
    kept,
    noisy,
    of,
    read,
    same_run,
    scores,
    video_of,
    write,
)
from tests.pipelines.test_resume import kill


@contextmanager
def evaluating(world, out):
    """The command in a process group of its own, which is gone afterwards."""
    config = out.parent / "config.yaml"
    config.write_text(yaml.safe_dump(QUICK.model_dump(mode="json")))
    command = [sys.executable, "-m", "facecues.cli", "evaluate", "--reference", world.reference, "--out", out]
    command += [word for name, folder in world.methods.items() for word in ("--method", f"{name}={folder}")]
    process = subprocess.Popen(
        [*map(str, command), "--config", str(config), "--workers", "2"],
        cwd=REPOSITORY,
        start_new_session=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


@pytest.mark.slow
@pytest.mark.parametrize("files", [0, 2, 15, 30, 36])  # of 36 that the memory holds in the end
def test_a_run_that_was_killed_and_given_again_equals_an_undisturbed_one(world, out, files):
    with evaluating(world, out) as process:
        wait_until(lambda: (out / "features").is_dir() and len(kept(out)) >= files, 120)
        kill(process)
    assert not (out / "run.json").exists()
    before = kept(out)
    world.run(out)
    same_run(out, world.undisturbed)
    after = kept(out)
    assert before.items() <= after.items() and after.keys() == kept(world.undisturbed).keys()


@pytest.mark.slow
def test_ctrl_c_stops_in_order_and_the_same_command_goes_on(world, out):
    with evaluating(world, out) as process:
        wait_until(lambda: (out / "features").is_dir() and kept(out), 120)
        children = psutil.Process(process.pid).children(recursive=True)
        os.killpg(process.pid, signal.SIGINT)
        told, complained = process.communicate(timeout=60)
    assert process.returncode == 130, complained
    assert "Interrupted. What is done is kept" in told and "Traceback" not in complained
    assert not psutil.wait_procs(children, timeout=10)[1]
    assert not (out / "run.json").exists()
    world.run(out)
    same_run(out, world.undisturbed)


@pytest.mark.parametrize("name", ["videos", "run"])
def test_a_crash_while_the_tables_are_written_loses_nothing(world, out, name):
    """`videos`: some tables are there; `run`: all, and no header."""
    shutil.copytree(world.undisturbed / "features", out / "features")
    before = kept(out)
    with pytest.MonkeyPatch.context() as patch:
        if name == "run":
            patch.setattr("facecues.pipelines.evaluation.run._write_header", stop)
        else:
            patch.setattr("pandas.DataFrame.to_parquet", stop_at("videos"))
        with pytest.raises(RuntimeError, match="the power went"):
            world.run(out)
    assert not (out / "run.json").exists()
    world.run(out)
    same_run(out, world.undisturbed)
    assert kept(out) == before


def stop(*args, **options):
    raise RuntimeError("the power went")


def stop_at(name):
    to_parquet = pd.DataFrame.to_parquet

    def write_or_stop(self, path, **options):
        if name in Path(path).name:
            stop()
        to_parquet(self, path, **options)

    return write_or_stop


def test_workers_that_are_killed_cost_nothing(world, out, client):
    def kill_one(event):
        if event.ended == 1 and not killed:
            killed.append(next(iter(client.run(os.getpid).values())))
            os.kill(killed[0], signal.SIGKILL)

    killed = []
    world.run(out, progress=kill_one)
    assert killed
    same_run(out, world.undisturbed)
    client.wait_for_workers(2, timeout=60)


def test_the_same_command_again_watches_nothing(world, out):
    world.begin(out)
    before = kept(out)
    world.run(out)
    assert kept(out) == before
    same_run(out, world.undisturbed)


def test_another_method_costs_just_itself(world, out):
    world.run(out, methods={"noisy": world.methods["noisy"]})
    before = kept(out)
    world.run(out)
    same_run(out, world.undisturbed)
    assert before.items() <= kept(out).items()
    assert len(kept(out)) - len(before) == 3 * (1 + 1 + 2)  # cues, sound and two metrics of each clip


def test_another_clip_costs_just_itself(world, tmp_path, out):
    folders = {"real": world.reference, **world.methods}
    fewer = {name: copy_of(folder, tmp_path / name) for name, folder in folders.items()}
    lost = {name: folder / video_of(FIRST) for name, folder in fewer.items()}
    for path in lost.values():
        path.rename(path.with_suffix(".hidden"))
    real = fewer.pop("real")
    world.run(out, methods=fewer, reference=real)
    assert set(scores(out)["clip_id"]) == set(CLIPS) - {FIRST}
    before = kept(out)
    for path in lost.values():
        path.with_suffix(".hidden").rename(path)
    world.run(out, methods=fewer, reference=real)
    assert (out / "scores.parquet").read_bytes() == (world.undisturbed / "scores.parquet").read_bytes()
    assert before.items() <= kept(out).items()
    assert len(kept(out)) - len(before) == len(kept(world.undisturbed)) / 3


def copy_of(folder, target):
    return shutil.copytree(folder, target, copy_function=os.link)


@pytest.mark.slow
def test_another_metric_costs_just_itself(world, out):
    world.run(out, QUICK.model_copy(update={"metrics": ("ssim",)}))
    assert "PSNR" not in set(scores(out)["metric"])
    before = kept(out)
    world.run(out)
    same_run(out, world.undisturbed)
    assert before.items() <= kept(out).items()
    assert {name.split("/")[0] for name in kept(out).keys() - before.keys()} == {"pair-PSNR"}


@pytest.mark.slow
def test_all_metrics_and_floors_in_two_goes_equal_those_in_one(world, out, tmp_path):
    """Another take, longer or shorter than the clip, is looked at by all networks beside each clip."""
    reference = shutil.copytree(world.reference, tmp_path / "reference")
    take = f"{FIRST[:-1]}2"
    write(reference, video_of(take), read(world.reference / video_of(CLIPS[1])))
    everything = EvaluateConfig(protocol=QUICK.protocol, resamples=99, set_resamples=0)
    world.run(tmp_path / "one", everything, reference=reference)
    fewer = everything.model_copy(update={"metrics": ("lpips", "emotion"), "floors": ("other-take",)})
    world.run(out, fewer, reference=reference, methods={"moved": world.methods["moved"]})
    before = kept(out)
    world.run(out, everything, reference=reference)
    same_run(out, tmp_path / "one")
    assert before.items() <= kept(out).items()
    frame = scores(out)
    assert 0 < cell(frame, "re-encoded", FIRST, "SSIM")["value"] < 1
    assert cell(frame, "other-take", FIRST, "SSIM")["reason"] == "too_short"
    assert cell(frame, "other-take", take, "SSIM")["coverage"] == 1
    assert set(of(frame, method="other-take")["clip_id"]) == {FIRST, take}


def test_other_rules_for_what_is_missing_need_no_video(world, out):
    world.begin(out)
    before = kept(out)
    world.run(out, EXCLUDE)
    assert kept(out) == before
    signatures = set(scores(out)["signature"]), set(scores(world.undisturbed)["signature"])
    assert "|miss:exclude" in "".join(signatures[0]) and "|miss:penalize" not in "".join(signatures[0])
    assert "|miss:penalize" in "".join(signatures[1])


def test_a_method_that_is_no_longer_named_leaves_the_tables_and_stays_in_the_memory(world, out):
    world.begin(out)
    before = kept(out)
    world.run(out, methods={"moved": world.methods["moved"]})
    assert set(scores(out)["method"]) == {"reference", "moved", "still"}
    assert list(header(out)["methods"]) == ["moved"]
    assert kept(out) == before


def test_a_changed_video_is_watched_again_and_no_other(world, tmp_path, out):
    world.begin(out)
    changed = shutil.copytree(world.methods["noisy"], tmp_path / "noisy")
    write(changed, video_of(FIRST), noisy(read(world.reference / video_of(FIRST)), sigma=20))
    before = kept(out)
    world.run(out, methods={"noisy": changed, "moved": world.methods["moved"]})
    new = kept(out).keys() - before.keys()
    assert before.items() <= kept(out).items()
    assert {name.split("/")[0] for name in new} <= {"cues", "sound", "pair-SSIM", "pair-PSNR"}
    assert len([name for name in new if name.startswith("cues")]) == 1
    one, other = scores(out), scores(world.undisturbed)
    assert cell(one, "noisy", FIRST, "SSIM")["value"] < cell(other, "noisy", FIRST, "SSIM")["value"]
    alike = (one["method"] != "noisy") | (one["clip_id"] != FIRST)
    assert one[alike].equals(other[alike])


def test_a_damaged_file_of_the_memory_is_named_and_comes_again_when_deleted(world, out):
    world.begin(out)
    damaged = next((out / "features/pair-SSIM").rglob("*.npz"))
    damaged.write_bytes(damaged.read_bytes()[:100])
    with pytest.raises(StoreError, match=f"{damaged.name} cannot be read .*delete it"):
        world.run(out)
    damaged.unlink()
    world.run(out)
    same_run(out, world.undisturbed)

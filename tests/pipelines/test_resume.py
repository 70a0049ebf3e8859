"""A run that was cut short anywhere, and given again, equals one that was not."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from contextlib import contextmanager

import psutil
import pytest

from facecues.config import ExtractConfig, Limits
from facecues.pipelines.ledger import Ledger
from facecues.pipelines.runner import Runner
from facecues.pipelines.store import Store, staged_file
from tests.pipelines.datasets import REPOSITORY, clips_with_frames, contents, make_dataset, rows, run, wait_until, write

FIRST = "M003/front/angry/level_1/001"


@contextmanager
def running(dataset, store):
    """A run in a process group of its own, which is gone afterwards."""
    command = [sys.executable, "-m", "tests.pipelines.run_stub", str(dataset), str(store)]
    process = subprocess.Popen(
        command, cwd=REPOSITORY, start_new_session=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def ended(store):
    """How many clips the ledger knows to have ended."""
    ledger = store / ".state/ledger.jsonl"
    return ledger.read_bytes().count(b"\n") if ledger.exists() else 0


def kill(process):
    """SIGKILL for the main process; its workers have to end by themselves."""
    children = psutil.Process(process.pid).children(recursive=True)
    assert len(children) >= 2
    process.kill()
    process.wait()
    _, alive = psutil.wait_procs(children, timeout=10)
    assert not alive


@pytest.fixture
def undisturbed(dataset, tmp_path, cluster):
    run(dataset, tmp_path / "undisturbed", cluster)
    return contents(tmp_path / "undisturbed")


@pytest.mark.parametrize("clips", [2, 12])
def test_a_run_that_was_killed_and_given_again_equals_an_undisturbed_one(tmp_path, store, cluster, clips):
    dataset = make_dataset(tmp_path / "mead", says="sleep=0.05")
    with running(dataset, store) as process:
        wait_until(lambda: ended(store) >= clips)
        kill(process)
    assert not (store / "clips.parquet").exists()
    summary = run(dataset, store, cluster)
    assert clips <= summary.skipped < 20
    run(dataset, tmp_path / "undisturbed", cluster)
    assert contents(store) == contents(tmp_path / "undisturbed")


def test_a_worker_that_is_killed_in_the_middle_of_a_clip_costs_nothing(dataset, tmp_path, store, cluster):
    write(dataset, FIRST, f"frames=50 die_once={tmp_path}/died")
    assert run(dataset, store, cluster).ok == 20
    assert (tmp_path / "died").exists()
    run(dataset, tmp_path / "undisturbed", cluster)
    assert contents(store) == contents(tmp_path / "undisturbed")


def test_ctrl_c_stops_in_order_and_the_same_command_goes_on(tmp_path, store, cluster):
    dataset = make_dataset(tmp_path / "mead", says="sleep=0.1")
    with running(dataset, store) as process:
        wait_until(lambda: ended(store) >= 3)
        children = psutil.Process(process.pid).children(recursive=True)
        os.killpg(process.pid, signal.SIGINT)
        told, complained = process.communicate(timeout=30)
    assert process.returncode == 0
    assert complained == ""
    assert told == "interrupted"
    assert not psutil.wait_procs(children, timeout=5)[1]
    assert 3 <= run(dataset, store, cluster).skipped < 20
    run(dataset, tmp_path / "undisturbed", cluster)
    assert contents(store) == contents(tmp_path / "undisturbed")


def test_a_second_ctrl_c_stops_at_once(tmp_path, store):
    dataset = make_dataset(tmp_path / "mead", says="hang")
    with running(dataset, store) as process:
        wait_until(lambda: list(store.glob(".state/staging-*/*.hung")))
        children = psutil.Process(process.pid).children(recursive=True)
        os.killpg(process.pid, signal.SIGINT)
        time.sleep(0.3)
        assert process.poll() is None  # it is closing the workers, which takes them a while
        os.killpg(process.pid, signal.SIGINT)
        process.wait(timeout=2)
        assert not psutil.wait_procs(children, timeout=10)[1]
    assert process.returncode == -signal.SIGINT


@pytest.mark.parametrize(
    "method",
    [
        Store.write_rows,  # all merged, clips.parquet not written
        Store.write_header,
        Ledger.clear,  # clips.parquet written, and the ledger still says the same
        Store.remove_staging,
    ],
)
def test_a_crash_at_the_end_loses_nothing(dataset, store, cluster, undisturbed, method):

    def crash(self, *args):
        if args != (None,):  # not the header at the beginning
            raise RuntimeError("the power went")
        method(self, *args)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(f"{method.__module__}.{method.__qualname__}", crash)
        with pytest.raises(RuntimeError):
            run(dataset, store, cluster)
    before = rows(store) if (store / "clips.parquet").exists() else None
    summary = run(dataset, store, cluster)
    assert (summary.skipped, summary.frames) == (20, 0)
    assert before is None or rows(store) == before
    assert contents(store) == undisturbed


def test_a_crash_between_two_clips_of_a_group_loses_only_these(dataset, store, cluster, undisturbed):
    append = Ledger.append

    def crash(self, row):
        if row["clip_id"].endswith("004"):
            raise RuntimeError("the power went")
        append(self, row)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Ledger, "append", crash)
        with pytest.raises(RuntimeError):
            run(dataset, store, cluster)
    assert list(store.glob(".state/staging-*/*.parquet"))
    run(dataset, store, cluster)
    assert contents(store) == undisturbed


def test_a_crash_between_a_merge_and_the_end_of_what_was_staged_loses_nothing(dataset, store, cluster, undisturbed):
    kept, add = store.parent / "kept", Runner.add
    kept.mkdir()

    def keep(self, jobs, *, urgent=False):
        if urgent:  # a merge, which deletes what it merged
            staging = next(store.glob(".state/staging-*"))
            for clip, key in jobs[0].staged.items():
                shutil.copy(staged_file(staging, clip, key), kept)
        add(self, jobs, urgent=urgent)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Runner, "add", keep)
        patch.setattr(Store, "write_rows", stop)
        with pytest.raises(RuntimeError):
            run(dataset, store, cluster)
    assert len(list(kept.iterdir())) == 20
    shutil.copytree(kept, next(store.glob(".state/staging-*")), dirs_exist_ok=True)
    assert run(dataset, store, cluster).skipped == 20
    assert contents(store) == undisturbed


def run_all_but_the_end(dataset, store, cluster):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Store, "write_rows", stop)
        with pytest.raises(RuntimeError):
            run(dataset, store, cluster)


def test_a_torn_ledger_line_is_forgotten(dataset, store, cluster, undisturbed):
    run_all_but_the_end(dataset, store, cluster)
    ledger = store / ".state/ledger.jsonl"
    ledger.write_bytes(ledger.read_bytes()[:-40])
    assert run(dataset, store, cluster).skipped == 19
    assert contents(store) == undisturbed


def test_a_ledger_that_was_deleted_costs_time_only(dataset, store, cluster, undisturbed):
    run_all_but_the_end(dataset, store, cluster)
    (store / ".state/ledger.jsonl").unlink()
    assert run(dataset, store, cluster).skipped == 0
    assert contents(store) == undisturbed


def stop(*args):
    raise RuntimeError("the power went")


def test_what_ended_before_a_crash_counts_for_any_later_run(dataset, store, cluster, undisturbed):
    run_all_but_the_end(dataset, store, cluster)
    hidden = shutil.move(dataset / "M003", dataset.parent / "M003")
    run(dataset, store, cluster)
    shutil.move(hidden, dataset / "M003")
    assert contents(store) == undisturbed


def test_a_clip_that_failed_before_a_crash_has_no_frames_afterwards(dataset, store, cluster):
    run(dataset, store, cluster)
    write(dataset, FIRST, "refuse")
    add = Runner.add
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Runner, "add", lambda self, jobs, urgent=False: stop() if urgent else add(self, jobs))
        with pytest.raises(RuntimeError):
            run(dataset, store, cluster)
    shutil.rmtree(dataset / "M003")
    run(dataset, store, cluster)
    assert rows(store)[FIRST]["status"] == "failed"
    assert FIRST not in clips_with_frames(store)


def test_leftovers_of_a_killed_run_are_cleared_away(dataset, store, cluster, undisturbed):
    strays = [
        store / ".state/staging-of-old/unknown.parquet",
        store / ".state/staging-of-old/unknown.hung",
        store / "frames/actor=M003/view=front/.angry_level_1.parquet.0123.tmp",
        store / ".clips.parquet.0123.tmp",
    ]
    run(dataset, store, cluster)
    for stray in strays:
        stray.parent.mkdir(exist_ok=True)
        stray.write_text("x")
    run(dataset, store, cluster)
    assert contents(store) == undisturbed


def test_a_clip_that_hangs_times_out_and_costs_that_clip_alone(dataset, store, cluster):
    write(dataset, FIRST, "hang_native")
    write(dataset, "M003/front/angry/level_1/002", "hang")
    summary = run(dataset, store, cluster, config=ExtractConfig(limits=Limits(clip_timeout_s=0.2)))
    assert (summary.ok, summary.failed) == (18, 2)
    assert {failure.reason for failure in summary.failures} == {"timeout"}
    assert summary.seconds < 20


def test_a_clip_that_always_kills_its_worker_costs_that_clip_alone(dataset, store, cluster):
    write(dataset, FIRST, "frames=50 die")
    summary = run(dataset, store, cluster)
    assert (summary.ok, summary.failed) == (19, 1)
    assert [(failure.clip_id, failure.reason) for failure in summary.failures] == [(FIRST, "worker_died")]
    assert len(clips_with_frames(store)) == 19
    assert json.loads((store / "store.json").read_text())["counts"]["failed"] == 1

import os
import signal
import time
from functools import partial
from pathlib import Path
from types import SimpleNamespace

import pytest
from distributed import KilledWorker

from facecues.pipelines.runner import Outcome, Runner, WorkerDied


def work(job):
    """`job` is what to do: a number to double, or a word."""
    if job == "raise":
        raise ValueError("as asked")
    if job == "die":
        os.kill(os.getpid(), signal.SIGKILL)
    if isinstance(job, Path):  # as if it had sat beside a deadly job each time, at first
        if job.exists():
            return "survived"
        job.touch()
        raise KilledWorker("job", SimpleNamespace(address="nowhere"), 3)
    return 2 * job


def test_every_job_has_one_outcome(client):
    outcomes = list(run(client, range(50)))
    assert sorted(outcome.job for outcome in outcomes) == list(range(50))
    assert all(outcome == Outcome(outcome.job, 2 * outcome.job) for outcome in outcomes)


def run(client, jobs, **options):
    runner = Runner(client, work, **options)
    runner.add(jobs)
    return runner


def test_no_jobs_have_no_outcomes(client):
    assert list(run(client, [])) == []


def test_jobs_are_drawn_as_there_is_room(client):
    drawn = []

    def jobs():
        for job in range(100):
            drawn.append(job)
            yield job

    most = 0
    for ended, _ in enumerate(run(client, jobs(), window=8)):
        most = max(most, len(drawn) - ended)
    assert len(drawn) == 100
    assert most <= 16  # 8 with Dask, and up to 8 that ended together


def test_an_error_is_the_outcome_of_its_job_alone(client):
    outcomes = {outcome.job: outcome for outcome in run(client, [1, "raise", 2])}
    assert outcomes[1].result == 2
    assert outcomes[2].result == 4
    assert isinstance(outcomes["raise"].error, ValueError)
    assert outcomes["raise"].result is None


def test_jobs_added_meanwhile_run_too_and_urgent_ones_first(client):
    runner = run(client, range(40), window=4)
    order = []
    for outcome in runner:
        order.append(outcome.job)
        if outcome.job == 3:
            runner.add([1000], urgent=True)
            runner.add([2000])
    assert sorted(order) == [*range(40), 1000, 2000]
    assert order.index(1000) < 20
    assert order.index(2000) > 35  # two workers: the last few may change places


def test_a_job_that_kills_its_worker_takes_no_other_with_it(client):
    outcomes = {outcome.job: outcome for outcome in run(client, [1, 2, "die", 3, 4, 5, 6])}
    assert isinstance(outcomes.pop("die").error, WorkerDied)
    assert {job: outcome.result for job, outcome in outcomes.items()} == {job: 2 * job for job in range(1, 7)}


def test_a_job_that_dask_gives_up_has_another_chance(client, tmp_path):
    unlucky = tmp_path / "given up once"
    outcomes = {outcome.job: outcome.result for outcome in run(client, [1, unlucky, 2])}
    assert outcomes == {1: 2, unlucky: "survived", 2: 4}


def test_what_is_left_behind_is_cancelled(client, tmp_path):
    runner = Runner(client, partial(note, tmp_path))
    runner.add(range(200))
    for _ in runner:
        break
    time.sleep(0.5)
    begun = len(list(tmp_path.iterdir()))
    time.sleep(0.5)
    assert len(list(tmp_path.iterdir())) == begun < 100


def test_nothing_is_cancelled_where_all_has_ended(client, monkeypatch):
    """A client that connects while Dask tells everybody of a cancellation fails."""
    cancelled = []
    monkeypatch.setattr(client, "cancel", cancelled.append)
    list(run(client, range(5)))
    assert cancelled == []


def note(folder, job):
    (folder / str(job)).touch()
    time.sleep(0.02)


def test_the_scheduler_keeps_nothing_of_what_ended(client):
    list(run(client, range(20)))
    deadline = time.monotonic() + 5
    while client.run_on_scheduler(count_tasks):
        assert time.monotonic() < deadline
        time.sleep(0.05)


def count_tasks(dask_scheduler):
    return len(dask_scheduler.tasks)


@pytest.mark.parametrize("window", [1, 2, 1000])
def test_the_window_changes_no_result(client, window):
    assert sorted(outcome.result for outcome in run(client, range(20), window=window)) == list(range(0, 40, 2))

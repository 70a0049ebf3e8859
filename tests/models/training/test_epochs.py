"""What all trainings share: when they stop, what they keep, and how fast they learn."""

from types import SimpleNamespace

import pytest
import torch
from pydantic import BaseModel

from facecues.models.training.epochs import Course, Means, Step, run_epochs
from facecues.models.training.files import LOG, read_log
from facecues.models.training.steps import rate_at

CPU = torch.device("cpu")


class Weights(BaseModel):
    near: float = 2.0
    far: float = 0.5


def course(losses, kept, *, epochs=20, patience=2, at=0):
    """One whose held-out losses are given, and which notes after which epochs it keeps its weights."""
    told = iter(losses[at:])
    epoch_now = []
    return Course(
        settings=SimpleNamespace(epochs=epochs, patience=patience, learning_rate=0.5, seed=3),
        steps=2,
        warm_up=0.1,
        batches=lambda epoch, rng: epoch_now.append(epoch) or rng.random(2),
        step=lambda batch, rate, epoch: {"drawn": float(torch.rand(())), "batch": batch, "rate": rate, "epoch": epoch},
        validate=lambda: {"total": next(told)},
        keep=lambda: kept.append(epoch_now[-1]),
    )


def test_it_stops_where_nothing_gets_better_and_keeps_the_best(tmp_path):
    kept = []
    trained = run_epochs(course([5, 3, 4, 2, 2, 2, 1], kept), tmp_path, {}, CPU)
    assert kept == [1, 2, 4] and trained.best == 4
    assert [line["epoch"] for line in trained.log] == [1, 2, 3, 4, 5, 6]
    assert read_log(tmp_path / LOG, 99) == trained.log


def test_it_goes_on_where_it_stopped_and_does_nothing_where_it_had_ended(tmp_path):
    losses, kept = [5, 3, 4, 2, 2, 2], []
    first = course(losses[:3], kept)
    with pytest.raises(StopIteration):  # no fourth loss
        run_epochs(first, tmp_path, {}, CPU)
    trained = run_epochs(course(losses, kept, at=3), tmp_path, {}, CPU)
    assert (trained.resumed, trained.best, len(trained.log)) == (3, 4, 6)
    again = run_epochs(course([], kept), tmp_path, {}, CPU)
    assert (again.resumed, again.best, again.log) == (6, 4, trained.log)


def test_a_restart_draws_what_would_have_been_drawn(tmp_path):
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    for run in (whole, parts):
        run.mkdir()
    losses = [5, 4, 3, 2]
    expected = run_epochs(course(losses, [], epochs=4), whole, {}, CPU)
    with pytest.raises(StopIteration):
        run_epochs(course(losses[:2], [], epochs=4), parts, {}, CPU)
    found = run_epochs(course(losses, [], epochs=4, at=2), parts, {}, CPU)
    terms = [[line["train"] for line in trained.log] for trained in (expected, found)]
    assert terms[0] == terms[1] and terms[0][0]["drawn"] != terms[0][1]["drawn"]
    assert terms[0][0]["batch"] != terms[0][1]["batch"]


def test_every_batch_is_learnt_from_with_its_rate_and_told_of_while_the_parts_learn(tmp_path):
    part, told = torch.nn.Dropout().eval(), []
    trained = run_epochs(course([2, 1], [], epochs=2), tmp_path, {"part": part}, CPU, told.append)
    assert told == [Step(epoch, 2, step, 2) for epoch in (1, 2) for step in (1, 2)]
    assert part.training and [line["train"]["epoch"] for line in trained.log] == [1, 2]
    rates = [0.5 * rate_at(step / 4, 0.1) for step in (1, 2, 3, 4)]
    assert [line["train"]["rate"] for line in trained.log] == pytest.approx([sum(rates[:2]) / 2, sum(rates[2:]) / 2])
    assert [line["learning_rate"] for line in trained.log] == [rates[1], rates[3]]


def test_the_number_of_threads_and_the_random_state_are_left_as_they_were(tmp_path):
    torch.manual_seed(3)
    expected = torch.rand(3)
    torch.manual_seed(3)
    threads = torch.get_num_threads()
    run_epochs(course([1.0] * 9, []), tmp_path, {}, CPU)
    assert torch.equal(torch.rand(3), expected) and torch.get_num_threads() == threads


def test_the_rate_rises_then_falls_to_a_little():
    rates = [rate_at(share, 0.1) for share in (0.01, 0.1, 0.5, 1.0, 1.1)]
    assert rates[0] == pytest.approx(0.1)
    assert rates[1] > 0.95 and 0.4 < rates[2] < 0.6
    assert rates[3] == rates[4] == pytest.approx(0.02)


def test_a_term_that_some_batches_lack_is_a_mean_over_the_others():
    means = Means()
    means.add({"near": 1.0, "far": torch.tensor(4.0)})
    means.add({"near": 3.0})
    assert means.terms() == {"near": 2.0, "far": 4.0}
    assert means.weighted(Weights())["total"] == 2 * 2.0 + 0.5 * 4.0

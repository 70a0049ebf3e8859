"""Epochs of any training: run, held against held-out clips, logged, kept, and gone on with after a restart.

Whatever an epoch draws comes from the seed and its number, so that a training that is cut short goes on from the last
epoch that ended, on the same curve.
"""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, Protocol, TypeVar

import numpy as np
import torch
from pydantic import BaseModel
from torch import Tensor, nn

from facecues.models.training.files import LOG, Parts, Progress, load_last, read_log, save_last, write_log
from facecues.models.training.steps import rate_at

Batch = TypeVar("Batch")
Terms = dict[str, float]


@dataclass(frozen=True, slots=True)
class Step:
    """How far a training is.

    Attributes:
        epoch: that is under way, from 1. epochs: in all.
        step, steps: batches of this epoch.
    """

    epoch: int
    epochs: int
    step: int
    steps: int


Tell = Callable[[Step], None]


@dataclass(frozen=True, slots=True)
class Trained:
    """What a training came to: its log, the best epoch, and whether it had been finished before."""

    log: list[dict[str, Any]]
    best: int
    resumed: int


class Settings(Protocol):
    """What every training is told.

    Attributes:
        epochs: at most. patience: epochs without a better one, before it stops.
        learning_rate: the highest.
        seed: of all that is drawn.
    """

    @property
    def epochs(self) -> int: ...
    @property
    def patience(self) -> int: ...
    @property
    def learning_rate(self) -> float: ...
    @property
    def seed(self) -> int: ...


@dataclass(frozen=True, slots=True)
class Course(Generic[Batch]):
    """How a training goes.

    Attributes:
        settings: of it.
        steps: batches of an epoch.
        warm_up: share of all steps in which the learning rate rises.
        batches: draws those of the epoch of this number, from 1.
        step: learns from a batch at a learning rate, in the epoch of this number, and gives the batch's terms.
        validate: terms on what is held out, `total` among them.
        keep: writes the weights, after an epoch that did better than all before it.
    """

    settings: Settings
    steps: int
    warm_up: float
    batches: Callable[[int, np.random.Generator], Iterable[Batch]]
    step: Callable[[Batch, float, int], Terms]
    validate: Callable[[], Terms]
    keep: Callable[[], None]

    def rate(self, step: int) -> float:
        """Learning rate of a step, counted from 1 over all epochs."""
        return self.settings.learning_rate * rate_at(step / (self.settings.epochs * self.steps), self.warm_up)


def run_epochs(
    course: Course[Any], run: Path, parts: Parts, device: torch.device, progress: Tell | None = None
) -> Trained:
    """Trains to the end, or to where the held-out clips have had no better loss for some epochs.

    Args:
        course: of the training.
        run: folder, which exists; a training in it is gone on with, on the same curve.
        parts: all that changes in training.
        device: that they are on.
        progress: called after each batch.

    Raises:
        UsageError: the folder holds a damaged training.
        FacecuesError: from `course`; what was finished is kept.
    """
    done = load_last(run, parts)
    resumed, log = done.epoch, read_log(run / LOG, done.epoch)
    while not done.ended:
        epoch, started = done.epoch + 1, time.monotonic()
        with torch.random.fork_rng(), one_thread(device):
            terms = _run_epoch(course, epoch, parts, progress)
            held_out = course.validate()
        better = held_out["total"] < done.best_loss
        if better:
            course.keep()
        best, loss = (epoch, held_out["total"]) if better else (done.best, done.best_loss)
        ended = epoch == course.settings.epochs or epoch - best >= course.settings.patience
        done = Progress(epoch=epoch, best=best, best_loss=loss, ended=ended)
        rate, seconds = course.rate(epoch * course.steps), round(time.monotonic() - started, 2)
        log.append({"epoch": epoch, "learning_rate": rate, "train": terms, "held_out": held_out, "seconds": seconds})
        write_log(run / LOG, log)
        save_last(run, parts, done)
    return Trained(log, done.best, resumed)


def _run_epoch(course: Course[Any], epoch: int, parts: Parts, progress: Tell | None) -> Terms:
    """Mean terms of the epoch of this number."""
    rng = np.random.default_rng([course.settings.seed, epoch])
    torch.manual_seed(int(rng.integers(2**31)))
    for part in parts.values():
        if isinstance(part, nn.Module):
            part.train()
    means = Means()
    for step, batch in enumerate(course.batches(epoch, rng), 1):
        means.add(course.step(batch, course.rate((epoch - 1) * course.steps + step), epoch))
        if progress is not None:
            progress(Step(epoch, course.settings.epochs, step, course.steps))
    return means.terms()


class Means:
    """Means of terms, each over the batches that have it."""

    def __init__(self) -> None:
        self._said: dict[str, list[float]] = {}

    def add(self, terms: Mapping[str, float | Tensor]) -> None:
        """Those of a batch."""
        for name, value in terms.items():
            self._said.setdefault(name, []).append(float(value))

    def terms(self) -> Terms:
        """What they come to."""
        return {name: float(np.mean(values)) for name, values in self._said.items()}

    def weighted(self, weights: BaseModel) -> Terms:
        """The same, and their `total`; the weights have the terms' names."""
        terms = self.terms()
        return terms | {"total": sum(getattr(weights, name) * value for name, value in terms.items())}


@contextmanager
def one_thread(device: torch.device) -> Iterator[None]:
    """On a CPU sums over several threads are rounded as the threads come, and no two trainings are alike."""
    before = torch.get_num_threads()
    torch.set_num_threads(1 if device.type == "cpu" else before)
    try:
        yield
    finally:
        torch.set_num_threads(before)

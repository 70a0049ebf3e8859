"""Epochs of any training: run, held against held-out clips, logged, kept, and gone on with after a restart."""

import math
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from pydantic import BaseModel
from torch import Tensor, nn

from facecues.models.training.files import LOG, Parts, Progress, load_last, read_log, save_last, write_log

_LEAST_RATE: Final = 0.02  # of the learning rate, at the end

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


@dataclass(frozen=True, slots=True)
class Course:
    """How a training goes.

    Attributes:
        epoch: runs the one of this number, from 1, and gives its mean terms. Whatever it draws comes from the number.
        validate: terms on what is held out, `total` among them.
        keep: writes the weights, after an epoch that did better than all before it.
        epochs: at most. patience: epochs without a better one, before it stops.
        rate: learning rate at the end of an epoch.
    """

    epoch: Callable[[int], Terms]
    validate: Callable[[], Terms]
    keep: Callable[[], None]
    epochs: int
    patience: int
    rate: Callable[[int], float]


def run_epochs(course: Course, run: Path, parts: Parts, device: torch.device) -> Trained:
    """Trains to the end, or to where the held-out clips have had no better loss for some epochs.

    Args:
        course: of the training.
        run: folder, which exists; a training in it is gone on with, on the same curve.
        parts: all that changes in training.
        device: that they are on.

    Raises:
        UsageError: the folder holds a damaged training.
        FacecuesError: from `course`; what was finished is kept.
    """
    done = load_last(run, parts)
    resumed, log = done.epoch, read_log(run / LOG, done.epoch)
    while not done.ended:
        epoch, started = done.epoch + 1, time.monotonic()
        with torch.random.fork_rng(), one_thread(device):
            terms = course.epoch(epoch)
            held_out = course.validate()
        better = held_out["total"] < done.best_loss
        if better:
            course.keep()
        best, loss = (epoch, held_out["total"]) if better else (done.best, done.best_loss)
        ended = epoch == course.epochs or epoch - best >= course.patience
        done = Progress(epoch=epoch, best=best, best_loss=loss, ended=ended)
        rate, seconds = course.rate(epoch), round(time.monotonic() - started, 2)
        log.append({"epoch": epoch, "learning_rate": rate, "train": terms, "held_out": held_out, "seconds": seconds})
        write_log(run / LOG, log)
        save_last(run, parts, done)
    return Trained(log, done.best, resumed)


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


def rate_at(share: float, warm_up: float) -> float:
    """Of the learning rate, after a share of the training: rises over `warm_up` of it, then falls as a cosine."""
    rising = min(1.0, share / warm_up)
    falling = _LEAST_RATE + (1 - _LEAST_RATE) * 0.5 * (1 + math.cos(math.pi * min(1.0, share)))
    return min(rising, falling)


def descend(optimizer: torch.optim.Optimizer, loss: Tensor, rate: float, norm: float) -> None:
    """A step with a gradient that is no longer than `norm`."""
    for group in optimizer.param_groups:
        group["lr"] = rate
    optimizer.zero_grad()
    loss.backward()  # type: ignore[no-untyped-call]
    nn.utils.clip_grad_norm_([one for group in optimizer.param_groups for one in group["params"]], norm)
    optimizer.step()


@contextmanager
def one_thread(device: torch.device) -> Iterator[None]:
    """On a CPU sums over several threads are rounded as the threads come, and no two trainings are alike."""
    before = torch.get_num_threads()
    torch.set_num_threads(1 if device.type == "cpu" else before)
    try:
        yield
    finally:
        torch.set_num_threads(before)

"""What the training of both emotion classifiers shares: who is held out, the loop, and the judging."""

import copy
import math
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from facecues.errors import FacecuesError, UsageError
from facecues.labels import EMOTIONS
from facecues.models.emotion.config import Fitting
from facecues.models.emotion.log import Epoch

_LONGEST_STEP = 1.0  # norm of a gradient
_WARM_UP = 0.15  # of all steps

Batch = tuple[tuple[Tensor, ...], Tensor]
"""What a network takes, and (B,) int64 classes."""


def choose_actors(actors: Collection[str], share: float, seed: int) -> tuple[str, ...]:
    """Draws a share of the actors to hold out, at least one and not all; sorted.

    Raises:
        UsageError: nobody would be left to learn from.
    """
    names = sorted(set(actors))
    if len(names) < 2:
        raise UsageError(
            f"Training an emotion classifier takes clips of two or more actors, so that one can be held out; got "
            f"{len(names)} ({', '.join(names) or 'none'}): extract more."
        )
    count = min(len(names) - 1, max(1, round(share * len(names))))
    chosen = np.random.default_rng([seed, 1]).choice(len(names), count, replace=False)
    return tuple(names[at] for at in sorted(chosen))


@dataclass(frozen=True, slots=True, eq=False)
class Sides:
    """Indices of the clips to learn from, and of those to judge by; emotions learnt, in the order of EMOTIONS."""

    learn: NDArray[np.intp]
    test: NDArray[np.intp]
    emotions: tuple[str, ...]


def take_sides(actors: Sequence[str], emotions: Sequence[str], held_out: Collection[str]) -> Sides:
    """Parts clips by actor. Held-out clips of an emotion that nobody else shows are on neither side.

    Raises:
        UsageError: one side is empty, or there are fewer than two emotions to learn.
    """
    outside = np.isin(np.asarray(actors, str), list(held_out))
    shown = np.asarray(emotions, str)
    learnt = tuple(name for name in EMOTIONS if name in shown[~outside])
    sides = Sides(np.flatnonzero(~outside), np.flatnonzero(outside & np.isin(shown, learnt)), learnt)
    if not (len(sides.learn) and len(sides.test)):
        judges = ", ".join(sorted(held_out)) or "no one"
        raise UsageError(
            "An emotion classifier learns from some actors and is judged by others of the same emotions; got "
            f"{len(sides.learn)} clips to learn from, and {len(sides.test)} of {judges} to judge by: "
            "extract more actors, or hold out others."
        )
    if len(learnt) < 2:
        raise UsageError(
            f"Training an emotion classifier takes clips of two or more emotions; there is only {learnt[0]}."
        )
    return sides


def draw(count: int, fitting: Fitting, rng: np.random.Generator) -> Iterator[NDArray[np.intp]]:
    """The batches of an epoch: indices below `count`, in full batches, none more than once oftener than another."""
    steps = steps_of(count, fitting)
    rounds = -(-steps * fitting.batch // count)
    order = np.concatenate([rng.permutation(count) for _ in range(rounds)])
    for step in range(steps):
        yield order[step * fitting.batch : (step + 1) * fitting.batch]


def steps_of(count: int, fitting: Fitting) -> int:
    """How many batches an epoch has."""
    return max(fitting.least_steps, round(count / fitting.batch))


def fit(
    network: nn.Module,
    batches: Callable[[], Iterator[Batch]],
    judge: Callable[[], tuple[float, float]],
    *,
    steps: int,
    fitting: Fitting,
    progress: Callable[[Epoch], None] | None,
) -> tuple[tuple[Epoch, ...], int]:
    """Trains a network; at the end it has the weights of its best epoch and is in evaluation mode.

    Args:
        network: whose last layer gives logits.
        batches: the next epoch's.
        judge: cross-entropy and accuracy on what is held out, called in evaluation mode without gradients.
        steps: batches in an epoch.
        fitting: how.
        progress: called after each epoch.

    Returns:
        All epochs, and the number of the best one.

    Raises:
        FacecuesError: the loss is no number any more.
    """
    optimizer = torch.optim.AdamW(network.parameters(), lr=fitting.learning_rate, weight_decay=fitting.weight_decay)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, fitting.learning_rate, total_steps=steps * fitting.epochs, pct_start=_WARM_UP
    )
    began, epochs = time.monotonic(), list[Epoch]()
    best, weights = 0, copy.deepcopy(network.state_dict())
    for number in range(1, fitting.epochs + 1):
        network.train()
        losses = []
        for inputs, labels in batches():
            loss = cross_entropy(network(*inputs), labels)
            optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            nn.utils.clip_grad_norm_(network.parameters(), _LONGEST_STEP)
            optimizer.step()
            schedule.step()
            losses.append(loss.item())
        network.eval()
        with torch.inference_mode():
            held_out_loss, accuracy = judge()
        loss_mean = float(np.mean(losses))
        if not math.isfinite(loss_mean + held_out_loss):
            raise FacecuesError(
                f"The loss of the emotion classifier is {loss_mean} in epoch {number}, {held_out_loss} on held-out "
                "actors: lower learning_rate, or look for absurd cues in the store."
            )
        epochs.append(
            Epoch(
                epoch=number,
                loss=loss_mean,
                held_out_loss=held_out_loss,
                held_out_accuracy=accuracy,
                seconds=round(time.monotonic() - began, 2),
            )
        )
        if progress is not None:
            progress(epochs[-1])
        if not best or held_out_loss < epochs[best - 1].held_out_loss:
            best, weights = number, copy.deepcopy(network.state_dict())
        if number - best >= fitting.patience:
            break
    network.load_state_dict(weights)
    return tuple(epochs), best


def judged(probabilities: NDArray[np.floating], labels: NDArray[np.int64]) -> tuple[float, float]:
    """Mean cross-entropy and accuracy of (N, classes) probabilities."""
    right = probabilities[np.arange(len(labels)), labels]
    return float(-np.log(np.maximum(right, 1e-12)).mean()), float((probabilities.argmax(axis=1) == labels).mean())


def confusion(probabilities: NDArray[np.floating], labels: NDArray[np.int64]) -> tuple[tuple[int, ...], ...]:
    """How many of (N, classes) probabilities see what (column) in what (row)."""
    counts = np.zeros((probabilities.shape[1],) * 2, np.int64)
    np.add.at(counts, (labels, probabilities.argmax(axis=1)), 1)
    return tuple(tuple(row) for row in counts.tolist())

"""How well simple statistics of cues tell emotions across actors: multinomial logistic regression on clip features."""

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray

Floats = NDArray[np.float64]

PENALTY = 0.03  # of the squared weights, in clips


def clip_features(stream: NDArray[np.floating]) -> Floats:
    """A (T, ...) cue stream as (3 D,): of each number the mean, the log deviation and the log mean speed."""
    flat = np.asarray(stream, np.float64).reshape(len(stream), -1)
    speed = np.abs(np.diff(flat, axis=0)).mean(axis=0)
    return np.concatenate([flat.mean(axis=0), np.log(flat.std(axis=0) + 1e-4), np.log(speed + 1e-4)])


def accuracy_across_actors(
    streams: Sequence[Floats], labels: NDArray[np.intp], actors: NDArray[np.intp], held_out: int = 2
) -> float:
    """Share of clips told right, each by a classifier that never saw its actor.

    Args:
        streams: (clips, D) features of each cue stream that may be used; each counts alike, whatever its D.
        labels: (clips,) classes from 0.
        actors: (clips,).
        held_out: actors per fold.
    """
    names = np.unique(actors)
    right = 0
    for fold in range(0, len(names), held_out):
        test = np.isin(actors, names[fold : fold + held_out])
        x = np.concatenate([_standardize(stream, ~test) for stream in streams], axis=1)
        right += int((_fit_predict(x[~test], labels[~test], x[test]) == labels[test]).sum())
    return right / len(labels)


def _standardize(stream: Floats, train: NDArray[np.bool_]) -> Floats:
    """By the training clips; (clips, D) whose rows have a norm of about 1."""
    scaled = (stream - stream[train].mean(axis=0)) / (stream[train].std(axis=0) + 1e-6)
    return np.clip(scaled, -4, 4) / np.sqrt(stream.shape[1])


def _fit_predict(train: Floats, labels: NDArray[np.intp], test: Floats) -> NDArray[np.intp]:
    x, x_test = torch.from_numpy(train), torch.from_numpy(test)
    y = torch.from_numpy(labels)
    classes = int(labels.max()) + 1
    weights = torch.zeros(x.shape[1], classes, dtype=x.dtype, requires_grad=True)
    bias = torch.zeros(classes, dtype=x.dtype, requires_grad=True)
    solver = torch.optim.LBFGS([weights, bias], max_iter=200, line_search_fn="strong_wolfe")

    def loss() -> torch.Tensor:
        solver.zero_grad()
        value = torch.nn.functional.cross_entropy(x @ weights + bias, y) + PENALTY * (weights**2).sum() / len(y)
        value.backward()
        return value

    solver.step(loss)  # type: ignore[no-untyped-call]
    with torch.no_grad():
        return np.asarray((x_test @ weights + bias).argmax(dim=1).numpy())

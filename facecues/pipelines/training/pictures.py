"""Pictures of how a classifier or a generator was trained: its curves, and what it takes for what."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from facecues.models.emotion.log import TrainingLog
from facecues.reports.figures.style import look_of, new_figure, one_look

_DARK = 0.6  # share from which on white is better read than black


@one_look()
def draw_training(log: TrainingLog, title: str) -> Figure:
    """Losses and accuracy by epoch, and the confusion of held-out actors' clips."""
    figure = new_figure("page", 62)
    losses, shares, matrix = figure.subplots(1, 3)
    epochs = [one.epoch for one in log.epochs]
    for at, (name, values) in enumerate(
        (("training", [one.loss for one in log.epochs]), ("held-out actors", [one.held_out_loss for one in log.epochs]))
    ):
        look = look_of(at)
        losses.plot(epochs, values, color=look.color, linestyle=look.linestyle, label=name)
    losses.set_title("cross-entropy")
    losses.set_ylim(bottom=0)
    losses.legend()
    look = look_of(1)
    shares.plot(epochs, [one.held_out_accuracy for one in log.epochs], color=look.color, linestyle=look.linestyle)
    shares.axhline(1 / len(log.classes), color="#999999", linewidth=0.6, linestyle=":")
    shares.annotate("chance", (epochs[0], 1 / len(log.classes)), xytext=(2, 2), textcoords="offset points", fontsize=6)
    shares.set_ylim(0, 1.02)
    shares.set_title("accuracy on held-out actors")
    for axis in (losses, shares):
        axis.axvline(log.best, color="#999999", linewidth=0.6, linestyle=":")
        axis.set_xlabel("epoch (dotted: the one that was kept)")
    _draw_matrix(matrix, log)
    figure.suptitle(f"{title}: {log.accuracy['together']:.1%} of {log.held_out_clips} clips")
    return figure


@one_look()
def draw_curves(log: Sequence[Mapping[str, Any]], best: int) -> Figure:
    """Each term of a generator's loss by epoch: what is learnt from, with the teacher and running freely, and what is
    held out."""
    names = [name for name in log[0]["held_out"] if name != "total"]
    names += [name for name in ("emotion",) if name in log[0]["train"]]
    figure = new_figure("page", 50)
    epochs = [one["epoch"] for one in log]
    for axis, name in zip(figure.subplots(1, len(names)), names, strict=True):
        for at, (label, side, key) in enumerate(
            (("teacher", "train", name), ("held-out actors", "held_out", name), ("free", "train", f"free_{name}"))
        ):
            values = [one[side].get(key, np.nan) for one in log]
            look = look_of(at)
            if not np.isnan(values).all():
                axis.plot(epochs, values, color=look.color, linestyle=look.linestyle, label=label)
        axis.axvline(best, color="#999999", linewidth=0.6, linestyle=":")
        axis.set_title(name)
        axis.set_xlabel("epoch")
    figure.axes[0].legend()
    return figure


def _draw_matrix(axis: Axes, log: TrainingLog) -> None:
    counts = np.array(log.confusion)
    share = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    axis.imshow(share, cmap="Blues", vmin=0, vmax=1)
    for (row, column), count in np.ndenumerate(counts):
        color = "white" if share[row, column] > _DARK else "black"
        axis.text(column, row, str(count), ha="center", va="center", fontsize=5, color=color)
    axis.set_xticks(range(len(log.classes)), log.classes, rotation=45, ha="right")
    axis.set_yticks(range(len(log.classes)), log.classes)
    axis.set_title("clips: true (row), seen (column)")

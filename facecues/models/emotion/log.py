"""What is kept of the training of an emotion classifier. Needs no PyTorch."""

from pydantic import BaseModel, ConfigDict


class Epoch(BaseModel):
    """How one pass over the training clips went.

    Attributes:
        epoch: from 1.
        loss: mean cross-entropy while learning.
        held_out_loss, held_out_accuracy: of clips of held-out actors, after it.
        seconds: since the training began.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    epoch: int
    loss: float
    held_out_loss: float
    held_out_accuracy: float
    seconds: float


class TrainingLog(BaseModel):
    """What became of a training.

    Attributes:
        held_out: actors that nothing was learnt from. What follows the epochs is measured on their clips.
        clips, held_out_clips: learnt from, and not.
        epochs: in order.
        best: number of the epoch whose weights were kept.
        accuracy: share of clips told right, by what is seen: "together" and, of the cue classifier, each cue alone.
        classes: of the confusion's rows and columns.
        confusion: clips by true (row) and seen (column) emotion, everything seen together.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    held_out: tuple[str, ...]
    clips: int
    held_out_clips: int
    epochs: tuple[Epoch, ...]
    best: int
    accuracy: dict[str, float]
    classes: tuple[str, ...]
    confusion: tuple[tuple[int, ...], ...]

    @property
    def recalls(self) -> dict[str, float]:
        """Share of an emotion's clips told right, of the emotions that occur."""
        rows = zip(self.classes, self.confusion, strict=True)
        return {name: row[self.classes.index(name)] / sum(row) for name, row in rows if sum(row)}

"""What a training tells: how far it is, and at its end what was learnt from and what it came to."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from rich.console import RenderableType
from rich.markup import escape
from rich.table import Table

from facecues.models.training.epochs import Tell

Progress = Callable[[str, int, int], None]
"""Called with what is done, how much of it, and of how much."""


def each_step(tell: Progress) -> Tell:
    """Tells of every step which epoch it is in, and how far that is."""
    return lambda step: tell(f"epoch {step.epoch} of {step.epochs}", step.step, step.steps)


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainSummary:
    """What a run has done, whatever it trains.

    Attributes:
        out: absolute.
        clips: learnt from. held_out: actors, or clips where there is one actor, to stop early on.
        left_out: clips that could not be learnt from, by reason.
        epochs, best: of the training; 0 where there is none.
        resumed: epochs that an earlier run had made.
        parameters: of what was trained.
        seconds: of this run, wall time.
    """

    out: Path
    clips: int
    held_out: tuple[str, ...]
    left_out: Mapping[str, int]
    epochs: int = 0
    best: int = 0
    resumed: int = 0
    parameters: int = 0
    seconds: float = 0.0

    def tabulate(self, name: str, learnt_from: str, found: Mapping[str, str] | None = None) -> RenderableType:
        """For a terminal.

        Args:
            name: of what was trained.
            learnt_from: how much, in words.
            found: how well it does, in words, by the name of what is measured.
        """
        table = Table(box=None, show_header=False, padding=(0, 2, 0, 0))
        table.add_row("learnt from", f"{learnt_from}; held out: {', '.join(self.held_out)}")
        for reason, count in self.left_out.items():
            table.add_row("left out", f"{count} clips: {reason}")
        if self.epochs:
            before = f", {self.resumed} of them before" if self.resumed else ""
            table.add_row("epochs", f"{self.epochs}{before}; the best is {self.best}")
            for measure, words in (found or {}).items():
                table.add_row(measure, words)
            table.add_row("parameters", f"{self.parameters:,}")
        table.add_row("time", str(timedelta(seconds=round(self.seconds))))
        table.add_row(name, escape(str(self.out)))
        return table

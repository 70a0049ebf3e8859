"""What a run tells while it goes, and at its end."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from rich.markup import escape
from rich.table import Table

_EXAMPLES: Final = 3  # failed clips that a table shows


@dataclass(frozen=True, slots=True)
class Event:
    """How far a run is.

    Attributes:
        total: clips of the index.
        settled: those that needed nothing.
        ended: those that have ended in this run.
        failed: of the ended ones.
        frames: extracted in this run.
        seconds: since the first clip was given out.
    """

    total: int
    settled: int
    ended: int
    failed: int
    frames: int
    seconds: float

    @property
    def done(self) -> int:
        """Clips that need no more work."""
        return self.settled + self.ended

    @property
    def frames_per_s(self) -> float:
        """Frames per second since the beginning of this run."""
        return self.frames / self.seconds if self.seconds > 0 else 0.0

    @property
    def left_s(self) -> float | None:
        """Seconds to go at the pace of this run, None before it has one."""
        return (self.total - self.done) * self.seconds / self.ended if self.ended else None


@dataclass(frozen=True, slots=True)
class Failure:
    """A clip without frames, and why."""

    clip_id: str
    reason: str
    message: str | None


@dataclass(frozen=True, slots=True)
class ExtractSummary:
    """What a run has done.

    Attributes:
        store: absolute.
        clips: of the index.
        ok, partial, failed: how they stand in the store now; together fewer than `clips` after an interruption.
        skipped: those that needed nothing because an earlier run had finished them.
        frames: extracted in this run.
        seconds: of this run, wall time.
        failures: the failed clips of the index, by clip_id.
        interrupted: by Ctrl-C or SIGTERM; the same command goes on where this run stopped.
    """

    store: Path
    clips: int
    ok: int = 0
    partial: int = 0
    failed: int = 0
    skipped: int = 0
    frames: int = 0
    seconds: float = 0.0
    failures: tuple[Failure, ...] = ()
    interrupted: bool = False


def add_outcome(table: Table, failures: Sequence[Failure], *, interrupted: bool) -> None:
    """The last rows of what a terminal shows of a run: some of its failures, and how to go on."""
    for failure in failures[:_EXAMPLES]:
        table.add_row(f"[red]{failure.reason}[/]", escape(f"{failure.clip_id}: {failure.message}"))
    if len(failures) > _EXAMPLES:
        table.add_row("", f"… and {len(failures) - _EXAMPLES} more failures")
    if interrupted:
        table.add_row("interrupted", "What is done is kept: give the same command again to go on.")

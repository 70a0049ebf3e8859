"""Shows how far a run is: a live bar on a terminal, a line now and then in a log."""

import time
from datetime import timedelta
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from facecues.pipelines.events import Event

_LINE_EVERY_S = 30.0


class ProgressDisplay:
    """Shows the events it is called with, inside its `with` block.

    Args:
        console: where to; None: standard error.
        every_s: seconds between two lines where the console is no terminal.
    """

    def __init__(self, console: Console | None = None, every_s: float = _LINE_EVERY_S) -> None:
        self._console = console or Console(stderr=True)
        self._every_s = every_s
        self._bar: Progress | None = None
        if self._console.is_terminal:
            columns = BarColumn(), MofNCompleteColumn(), TextColumn("clips  {task.fields[rest]}")
            self._bar = Progress(*columns, console=self._console)
            self._task = self._bar.add_task("", total=None, rest="")
        self._next_line = time.monotonic() + every_s
        self._last: Event | None = None

    def __enter__(self) -> Self:
        if self._bar is not None:
            self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._bar is not None:
            self._bar.stop()
        elif self._last is not None:
            self._line(self._last)

    def __call__(self, event: Event) -> None:
        """Shows how far the run is now."""
        self._last = event
        if self._bar is not None:
            self._bar.update(self._task, completed=event.done, total=event.total, rest=_rest(event))
        elif time.monotonic() >= self._next_line:
            self._next_line = time.monotonic() + self._every_s
            self._line(event)

    def _line(self, event: Event) -> None:
        self._console.print(f"{event.done}/{event.total} clips  {_rest(event)}", highlight=False, soft_wrap=True)


class StepDisplay:
    """Shows the steps of something that takes half a minute, inside its `with` block: what is done now, and how far.

    Args:
        console: where to; None: standard error.
        every_s: seconds between two lines where the console is no terminal.
    """

    def __init__(self, console: Console | None = None, every_s: float = _LINE_EVERY_S) -> None:
        self._console = console or Console(stderr=True)
        columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn()
        self._bar = Progress(*columns, console=self._console, transient=True, disable=not self._console.is_terminal)
        self._task = self._bar.add_task("", total=None)
        self._every_s = every_s
        self._next_line = time.monotonic() + every_s

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._bar.stop()

    def __call__(self, what: str, done: int, total: int) -> None:
        """Shows that `done` of `total` parts of `what` are done."""
        self._bar.update(self._task, description=escape(what), completed=done, total=total)
        if not self._console.is_terminal and time.monotonic() >= self._next_line:
            self._next_line = time.monotonic() + self._every_s
            self._console.print(f"{what} {done}/{total}", highlight=False, markup=False, soft_wrap=True)


def _rest(event: Event) -> str:
    parts = [f"{event.frames_per_s:.0f} frames/s", f"{event.failed} failed"]
    if event.left_s is not None and event.done < event.total:
        parts.append(f"{timedelta(seconds=round(event.left_s))} left")
    return "  ".join(parts)

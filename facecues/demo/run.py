"""Runs public commands of a demo, two at a time, and says how far they are."""

import os
import signal
import subprocess
import sys
import time
from collections import deque
from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from facecues.demo.contracts import Step
from facecues.errors import FacecuesError
from facecues.pipelines.interrupt import interruptible

_LOG: Final = "log.jsonl"  # of a training, a line an epoch
_AT_ONCE: Final = 2
_LOOK_S: Final = 0.3  # between two looks at what runs
_TOLD: Final = 15  # lines of a log that are shown of a command that failed
_PATIENCE_S: Final = 60.0  # that a command has to end in after Ctrl-C


class DemoStopped(FacecuesError):
    """A command failed, and said why."""


def run_steps(steps: Sequence[Step], logs: Path, console: Console) -> None:
    """Echoes commands and runs them.

    Args:
        steps: a single one writes to the terminal; several run two at a time.
        logs: folder that the output of several goes to; made if need be.
        console: what is written to.

    Raises:
        DemoStopped: one failed that is needed.
        KeyboardInterrupt: by Ctrl-C or SIGTERM; those that ran were told so, and have ended.
    """
    for step in steps:
        console.print(f"$ {step.command}", highlight=False, markup=False, soft_wrap=True)
    alone = len(steps) == 1
    if not alone:
        logs.mkdir(exist_ok=True)
    waiting, running = deque(steps), list[_Running]()
    with interruptible(), _Bars(steps, console) as bars:
        try:
            while waiting or running:
                while waiting and len(running) < _AT_ONCE:
                    step = waiting.popleft()
                    running.append(_start(step, None if alone else logs / f"{step.name}.log"))
                time.sleep(_LOOK_S)
                bars.look(one.step for one in running)
                for one in [one for one in running if one.process.poll() is not None]:
                    running.remove(one)
                    _check(one, console)
                    bars.done(one.step)
        finally:
            _end(running)
    for step in steps:
        if step.told:
            console.print((logs / f"{step.name}.log").read_text(encoding="utf-8"), highlight=False, markup=False)


@dataclass(frozen=True, slots=True, eq=False)
class _Running:
    step: Step
    process: subprocess.Popen[bytes]
    log: Path | None


def _start(step: Step, log: Path | None) -> _Running:
    """Starts a command: in a process group of its own, so that Ctrl-C comes to it once, from here."""
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}  # two at a time, or with workers of its own
    command = [sys.executable, "-m", "facecues.cli", *step.arguments]
    with ExitStack() as stack:
        out = None if log is None else stack.enter_context(log.open("wb"))
        both = None if out is None else subprocess.STDOUT
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=out, stderr=both, env=environment, process_group=0
        )
    return _Running(step, process, log)


def _check(done: _Running, console: Console) -> None:
    if not done.process.returncode:
        return
    if done.log is None:
        raise DemoStopped("The demo stops here: the command above says why.")
    told = done.log.read_text(encoding="utf-8", errors="replace").splitlines()[-_TOLD:]
    if not done.step.needed and done.process.returncode > 0:
        console.print(f"without {done.step.name}: {told[-1]}", highlight=False, markup=False, soft_wrap=True)
        return
    raise DemoStopped("\n".join([f"The demo stops at {done.step.command}", *told, f"All that it said: {done.log}"]))


def _end(running: Iterable[_Running]) -> None:
    """Tells commands to end in order, and waits until they have."""
    for one in running:
        one.process.send_signal(signal.SIGINT)
    for one in running:
        try:
            one.process.wait(_PATIENCE_S)
        except subprocess.TimeoutExpired:
            one.process.kill()
            one.process.wait()


class _Bars:
    """A bar for each command of a stage with several: of a training, how many epochs it has; of others, none or all."""

    def __init__(self, steps: Sequence[Step], console: Console) -> None:
        columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn()
        self._several = len(steps) > 1
        self._progress = Progress(*columns, console=console, disable=not (self._several and console.is_terminal))
        self._console = console
        self._tasks = {
            step.name: self._progress.add_task(step.name, total=step.epochs or 1, start=False) for step in steps
        }

    def __enter__(self) -> "_Bars":
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def look(self, steps: Iterable[Step]) -> None:
        """Reads how far trainings are."""
        for step in steps:
            self._progress.start_task(self._tasks[step.name])
            if step.epochs:
                log = Path(step.arguments[-1]) / _LOG
                self._progress.update(self._tasks[step.name], completed=_lines(log))

    def done(self, step: Step) -> None:
        """Says that a command has ended."""
        self._progress.update(self._tasks[step.name], completed=step.epochs or 1)
        self._progress.stop_task(self._tasks[step.name])
        if self._several and not self._console.is_terminal:
            self._console.print(f"done: {step.name}", highlight=False, markup=False)


def _lines(log: Path) -> int:
    try:
        return log.read_bytes().count(b"\n")
    except OSError:
        return 0

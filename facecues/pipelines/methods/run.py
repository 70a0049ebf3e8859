"""Another's method over the clips of a store: its program is run for each, and what it wrote is taken over."""

import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from itertools import islice
from pathlib import Path
from uuid import uuid4

from distributed import Client
from filelock import FileLock, Timeout
from rich.console import RenderableType
from rich.markup import escape
from rich.table import Table

from facecues.errors import UsageError
from facecues.pipelines.atomic import leftovers, writing
from facecues.pipelines.cluster import connect
from facecues.pipelines.events import Event, Failure, add_outcome
from facecues.pipelines.generation.config import GenerateConfig
from facecues.pipelines.generation.plan import make_order
from facecues.pipelines.generation.videos import video_of
from facecues.pipelines.interrupt import interruptible
from facecues.pipelines.methods.config import Declared, Program
from facecues.pipelines.methods.work import Job, Made, Workshop, make
from facecues.pipelines.runner import Outcome, Runner, WorkerDied
from facecues.preprocess.layouts import Clip
from facecues.reasons import ClipReason

LOGS = "logs"
_SCRATCH = "scratch-"  # no dot: Wav2Lip takes what follows the first dot of a path for its suffix


@dataclass(frozen=True, slots=True)
class MethodSummary:
    """What a run has done.

    Attributes:
        method: its key.
        out: absolute; videos in the dataset's layout, and logs.
        clips: that were asked for.
        ok, failed: how they stand now; together fewer than `clips` after an interruption.
        skipped: clips whose video was there, of the same declaration and inputs.
        frames: of videos, made in this run.
        seconds: of this run, wall time.
        failures: clips without a video, by clip_id.
        interrupted: by Ctrl-C or SIGTERM; the same command goes on where this run stopped.
    """

    method: str
    out: Path
    clips: int
    ok: int = 0
    failed: int = 0
    skipped: int = 0
    frames: int = 0
    seconds: float = 0.0
    failures: tuple[Failure, ...] = ()
    interrupted: bool = False

    def table(self) -> RenderableType:
        """For a terminal."""
        table = Table(box=None, show_header=False, padding=(0, 2, 0, 0))
        there = f", {self.skipped} of them there before" if self.skipped else ""
        table.add_row("clips", f"{self.clips}: {self.ok} with videos, {self.failed} failed{there}")
        table.add_row("made", f"{self.frames} frames in {timedelta(seconds=round(self.seconds))}")
        table.add_row("videos", escape(str(self.out)))
        table.add_row("logs", escape(str(self.out / LOGS)))
        add_outcome(table, self.failures, interrupted=self.interrupted)
        return table


def generate_method(
    settings: GenerateConfig,
    declared: Declared,
    store: Path,
    out: Path,
    *,
    workers: int | None = None,
    scheduler: str | None = None,
    progress: Callable[[Event], None] | None = None,
) -> MethodSummary:
    """Makes a method's videos of the clips of a store, in the dataset's layout, and keeps what its program prints.

    Give the same command again to go on after an interruption of any kind. A video is made again when the declaration
    or one of its inputs has changed.

    Args:
        settings: which clips, with which label, sound and reference; seed, size and device are not for programs.
        declared: a method with `run`.
        store: cues of the dataset, which tell which frame is a portrait.
        out: directory, made if need be.
        workers: processes on this machine; None: one for each core.
        scheduler: address of a Dask cluster to use instead; its workers must see all paths as this process does.
        progress: called in this thread as clips end.

    Raises:
        UsageError: nothing can be made of this, or the folder is another run's at the moment; nothing was touched.
        FacecuesError: the folder cannot be written, or the cluster is gone; what is finished is kept.
    """
    if declared.method.run is None:
        raise UsageError(
            f"Method {declared.key!r} is declared with `videos`, which are there already: "
            f"evaluate them with --method {declared.named}."
        )
    if settings.renderer is not None:
        raise UsageError(f"A renderer draws cues, and {declared.title} makes videos itself: leave --renderer out.")
    out = out.absolute()
    order, index = make_order(settings, declared.key, store, out)
    started = time.monotonic()
    with _prepared(out, index.clips) as scratch:
        workshop = Workshop(declared, order, out, out / LOGS, scratch)
        run = _Run(workshop, index.clips, progress)
        with suppress(KeyboardInterrupt), interruptible(), connect(workers, scheduler) as client:
            run.over(client)
    return replace(run.summary, seconds=time.monotonic() - started)


@contextmanager
def _prepared(out: Path, clips: tuple[Clip, ...]) -> Iterator[Path]:
    """A folder for what programs are given and write, which no other run has. What killed runs left is taken away."""
    with writing(out):
        (out / LOGS).mkdir(parents=True, exist_ok=True)
        try:
            lock = FileLock(out / LOGS / ".lock").acquire(timeout=0)
        except Timeout:
            raise UsageError(f"{out} is being written by another run: wait for it, or stop it.") from None
    with lock:
        with writing(out):
            for folder in out.glob(f"{_SCRATCH}*"):
                shutil.rmtree(folder, ignore_errors=True)
            for folder in {video_of(out, clip.video).parent for clip in clips}:
                for file in leftovers(folder):
                    file.unlink(missing_ok=True)
            scratch = out / f"{_SCRATCH}{uuid4().hex[:12]}"
            scratch.mkdir()
        try:
            yield scratch
        finally:
            shutil.rmtree(scratch, ignore_errors=True)


class _Run:
    """Gives clips out as there are GPUs, or places, for them, and takes note of how they end."""

    def __init__(self, workshop: Workshop, clips: tuple[Clip, ...], progress: Callable[[Event], None] | None) -> None:
        self._workshop = workshop
        self._progress = progress
        self._clips = clips
        self._failures = [
            Failure(clip.clip_id, str(clip.problem), clip.message) for clip in clips if clip.problem is not None
        ]
        self._left = iter([clip for clip in clips if clip.problem is None])
        self._frames = self._ok = self._skipped = 0
        self._interrupted = True
        self._started = time.monotonic()

    @property
    def summary(self) -> MethodSummary:
        return MethodSummary(
            method=self._workshop.declared.key,
            out=self._workshop.out,
            clips=len(self._clips),
            ok=self._ok,
            failed=len(self._failures),
            skipped=self._skipped,
            frames=self._frames,
            failures=tuple(sorted(self._failures, key=lambda one: one.clip_id)),
            interrupted=self._interrupted,
        )

    def over(self, client: Client) -> None:
        """Runs the program for all clips. When this ends early, so do the programs that are running."""
        runner = Runner[Job, Made](client, partial(make, self._workshop))
        try:
            for gpu in _places(self._workshop.program, len(self._clips)):
                runner.add(self._next(gpu))
            for outcome in runner:
                self._take(outcome)
                runner.add(self._next(outcome.job.gpu))
                self._tell()
            self._interrupted = False
        finally:
            self._withdraw()

    def _next(self, gpu: str | None) -> list[Job]:
        """The next clip for a GPU that is free; nothing when none is left."""
        return [Job(clip, gpu) for clip in islice(self._left, 1)]

    def _take(self, outcome: Outcome[Job, Made]) -> None:
        clip_id = outcome.job.clip.clip_id
        if isinstance(outcome.error, WorkerDied):
            message = "its worker process ended each time, at last with no other clip beside it"
            self._failures.append(Failure(clip_id, str(ClipReason.WORKER_DIED), message))
        elif outcome.error is not None:
            raise outcome.error
        elif outcome.result is not None and outcome.result.failure is not None:
            self._failures.append(outcome.result.failure)
        elif outcome.result is not None:
            self._ok += 1
            self._skipped += outcome.result.frames == 0
            self._frames += outcome.result.frames

    def _tell(self) -> None:
        if self._progress is not None:
            done = self._ok + len(self._failures)
            seconds = time.monotonic() - self._started
            self._progress(
                Event(len(self._clips), self._skipped, done - self._skipped, len(self._failures), self._frames, seconds)
            )

    def _withdraw(self) -> None:
        """Takes the folders of jobs away, at once: each worker ends a program whose folder is not there."""
        gone = self._workshop.scratch.with_name(f"{_SCRATCH}{uuid4().hex[:12]}")
        with suppress(OSError):
            self._workshop.scratch.rename(gone)
        shutil.rmtree(gone, ignore_errors=True)


def _places(program: Program, clips: int) -> list[str | None]:
    """One for each program that may run at a time: the GPU it gets. With neither GPUs nor a number, workers decide."""
    gpus: tuple[str | None, ...] = program.gpus or (None,)
    count = program.at_once or len(program.gpus) or clips
    return [gpus[at % len(gpus)] for at in range(count)]

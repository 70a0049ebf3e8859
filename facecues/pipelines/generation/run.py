"""Clips of a store generated anew: a store of cues and, with a renderer, videos."""

import shutil
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from pathlib import Path

from distributed import Client
from rich.console import RenderableType
from rich.markup import escape
from rich.table import Table

from facecues.cues import load_clips
from facecues.pipelines.atomic import leftovers, writing
from facecues.pipelines.cluster import connect
from facecues.pipelines.events import Event, ExtractSummary, Failure, add_outcome
from facecues.pipelines.extract import extract
from facecues.pipelines.generation.config import GenerateConfig, Order
from facecues.pipelines.generation.cues import Generation
from facecues.pipelines.generation.people import table_rows
from facecues.pipelines.generation.plan import make_order
from facecues.pipelines.generation.videos import Rendered, Studio, render, video_of
from facecues.pipelines.interrupt import interruptible
from facecues.pipelines.rows import Row
from facecues.pipelines.runner import Outcome, Runner, WorkerDied
from facecues.pipelines.store import inspect
from facecues.reasons import ClipReason

CUES = "cues"
_MARKS = ".rendering"


@dataclass(frozen=True, slots=True)
class GenerateSummary:
    """What a run has done.

    Attributes:
        out: absolute.
        cues: the store in it.
        clips: that were asked for.
        ok, failed: how their cues stand now.
        skipped: clips whose cues were there.
        frames: of cues, made in this run.
        seconds: of this run, wall time.
        failures: clips without cues, and clips without a video, by clip_id.
        videos: how many there are now; None without a renderer.
        rendered: frames of videos, made in this run.
        interrupted: by Ctrl-C or SIGTERM; the same command goes on where this run stopped.
    """

    out: Path
    cues: Path
    clips: int
    ok: int = 0
    failed: int = 0
    skipped: int = 0
    frames: int = 0
    seconds: float = 0.0
    failures: tuple[Failure, ...] = ()
    videos: int | None = None
    rendered: int = 0
    interrupted: bool = False

    def table(self) -> RenderableType:
        """For a terminal."""
        table = Table(box=None, show_header=False, padding=(0, 2, 0, 0))
        there = f", {self.skipped} of them there before" if self.skipped else ""
        table.add_row("clips", f"{self.clips}: {self.ok} with cues, {self.failed} failed{there}")
        table.add_row("made", f"{self.frames} frames in {timedelta(seconds=round(self.seconds))}")
        table.add_row("cues", escape(str(self.cues)))
        if self.videos is not None:
            table.add_row("videos", f"{self.videos} in {escape(str(self.out))}, {self.rendered} frames of them new")
        add_outcome(table, self.failures, interrupted=self.interrupted)
        return table


def generate(
    settings: GenerateConfig,
    generator: str,
    store: Path,
    out: Path,
    *,
    workers: int | None = None,
    scheduler: str | None = None,
    progress: Callable[[Event], None] | None = None,
) -> GenerateSummary:
    """Generates clips of a store from their sound: OUT/cues and, with a renderer, videos in the dataset's layout.

    Give the same command again to go on after an interruption of any kind. A renderer can be added later. Labels in
    OUT/cues are the source's, so that clips can be compared; another one that was to be shown is in the signature.

    Args:
        settings: which clips, and how.
        generator: "still", or the folder of a run.
        store: cues of the dataset.
        out: directory, made if need be.
        workers: processes on this machine; None: one for each core.
        scheduler: address of a Dask cluster to use instead; its workers must see all paths as this process does.
        progress: called in this thread as clips end, first over their cues, then over their videos.

    Raises:
        UsageError: nothing can be made of this, or the folder is another generation's; nothing was touched.
        FacecuesError: the folder cannot be written, or the cluster is gone; what is finished is kept.
    """
    out = out.absolute()
    inspect(out / CUES)
    order, index = make_order(settings, generator, store, out)
    started = time.monotonic()
    summary = GenerateSummary(out, out / CUES, len(index.clips), interrupted=True)
    with suppress(KeyboardInterrupt), interruptible(), connect(workers, scheduler) as client:
        address = client.scheduler_info()["address"]
        made = extract(index, out / CUES, order, scheduler=address, build=Generation, progress=progress)
        summary = _with_cues(summary, made)
        if settings.renderer is not None and not made.interrupted:
            asked = {clip.clip_id for clip in index.clips}
            summary = _Rendering(client, order, summary, progress).run(asked)
    return replace(summary, seconds=time.monotonic() - started)


def _with_cues(summary: GenerateSummary, made: ExtractSummary) -> GenerateSummary:
    return replace(
        summary,
        ok=made.ok,
        failed=made.failed,
        skipped=made.skipped,
        frames=made.frames,
        failures=made.failures,
        interrupted=made.interrupted,
    )


class _Rendering:
    """Makes the videos that are not there yet."""

    def __init__(
        self, client: Client, order: Order, summary: GenerateSummary, progress: Callable[[Event], None] | None
    ) -> None:
        self._summary = summary
        self._progress = progress
        self._studio = Studio(order, summary.cues, summary.out, summary.out / _MARKS)
        self._runner = Runner[Row, Rendered](client, partial(render, self._studio))
        self._failures: list[Failure] = []
        self._frames = self._ended = 0

    def run(self, asked: set[str]) -> GenerateSummary:
        """Renders clips that have cues; one that was interrupted keeps its finished videos."""
        clips = table_rows(load_clips(self._summary.cues)) if self._summary.ok else []
        clips = [clip for clip in clips if clip["clip_id"] in asked]
        self._tidy(clips)
        started = time.monotonic()
        interrupted = True
        with suppress(KeyboardInterrupt):
            self._runner.add(clips)
            for outcome in self._runner:
                self._take(outcome)
                if self._progress is not None:
                    seconds = time.monotonic() - started
                    self._progress(Event(len(clips), 0, self._ended, len(self._failures), self._frames, seconds))
            shutil.rmtree(self._studio.marks, ignore_errors=True)
            interrupted = False
        return replace(
            self._summary,
            failures=tuple(sorted((*self._summary.failures, *self._failures), key=lambda one: one.clip_id)),
            videos=self._ended - len(self._failures),
            rendered=self._frames,
            interrupted=interrupted,
        )

    def _tidy(self, clips: list[Row]) -> None:
        """Takes away what a run that was killed left, and makes room for marks."""
        with writing(self._summary.out):
            for folder in {video_of(self._summary.out, clip["video"]).parent for clip in clips}:
                for file in leftovers(folder):
                    file.unlink(missing_ok=True)
            self._studio.marks.mkdir(exist_ok=True)

    def _take(self, outcome: Outcome[Row, Rendered]) -> None:
        if isinstance(outcome.error, WorkerDied):
            message = "its worker process ended each time, at last with no other clip beside it"
            self._failures.append(Failure(outcome.job["clip_id"], str(ClipReason.WORKER_DIED), message))
        elif outcome.error is not None:
            raise outcome.error
        elif outcome.result is not None:
            self._frames += outcome.result.frames
            if outcome.result.failure is not None:
                self._failures.append(outcome.result.failure)
        self._ended += 1

"""Videos to cues: every clip of an index into a store, over as many processes as there are."""

import os
import time
from collections.abc import Callable
from contextlib import closing, suppress
from functools import cached_property, partial
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
from distributed import Client, KilledWorker

from facecues.config import ExtractConfig
from facecues.errors import FacecuesError, UsageError
from facecues.pipelines.cluster import connect
from facecues.pipelines.events import Event, ExtractSummary, Failure
from facecues.pipelines.groups import recover
from facecues.pipelines.interrupt import interruptible
from facecues.pipelines.ledger import Ledger
from facecues.pipelines.plan import ClipJob, make_plan
from facecues.pipelines.rows import Row, failed_row, look_up, newest, touched_row, with_paths_of
from facecues.pipelines.runner import Outcome, Runner, WorkerDied
from facecues.pipelines.store import Header, Store, group_of, inspect, open_store
from facecues.pipelines.work import Build, Identity, MergeJob, Workplace, identify, perform
from facecues.preprocess.extract import build_extractor
from facecues.preprocess.index import Index
from facecues.preprocess.layouts import Clip
from facecues.reasons import ClipReason, Status

Job = ClipJob | MergeJob


def extract(
    index: Index,
    store: Path,
    config: ExtractConfig,
    *,
    workers: int | None = None,
    scheduler: str | None = None,
    verify_content: bool = False,
    build: Build = build_extractor,
    progress: Callable[[Event], None] | None = None,
) -> ExtractSummary:
    """Extracts the clips of an index that the store does not have yet.

    Give the same command again to go on after an interruption of any kind, or to add what has changed: the
    store is then what one undisturbed run would have made, row for row. Clips of the store that the index
    does not have stay.

    Args:
        index: what to extract.
        store: directory, made if need be.
        config: what the cues are made with.
        workers: processes on this machine; None: one for each core.
        scheduler: address of a Dask cluster to use instead. Its workers must see the dataset and the store
            under the same paths as this process does.
        verify_content: read every video to see whether it has changed, instead of trusting size and times.
        build: makes the extractor, once per worker; goes there by pickle, so it has to be importable there.
        progress: called in this thread as clips end.

    Returns:
        How the clips stand now. After Ctrl-C or SIGTERM, `interrupted` is set; nothing that is done is lost.

    Raises:
        UsageError: no such store can be, or it is another's; nothing was touched.
        StoreError: the store cannot be read or written; what is finished is kept.
        FacecuesError: the extractor cannot be had, or the cluster is gone; what is finished is kept.
    """
    root = Path(os.path.abspath(store))
    inspect(root)
    summary = ExtractSummary(root, len(index.clips), interrupted=True)
    with suppress(KeyboardInterrupt), interruptible(), connect(workers, scheduler) as client:
        identity = _identify(client, build, config)
        header = Header(
            signature=identity.signature,
            layout=index.layout,
            config=config.model_dump(mode="json"),
            weights=identity.weights,
            packages=identity.packages,
        )
        with open_store(root, header) as opened, closing(Ledger(opened.ledger)) as ledger:
            workplace = Workplace(index.root, opened.frames, opened.staging, build, config, identity.signature)
            runner = Runner[Job, Row | None](client, partial(perform, workplace))
            summary = _Run(index, opened, ledger, runner, progress).run(verify_content)
    return summary


def _identify(client: Client, build: Build, config: ExtractConfig) -> Identity:
    """Loads the extractor in a worker, where alone its devices and weights have to be."""
    try:
        identity: Identity = client.submit(identify, build, config, pure=False).result()
    except KilledWorker as error:
        raise FacecuesError("Loading the extractor ends the worker process each time: is memory short?") from error
    except (ImportError, RuntimeError) as error:
        # A worker that cannot import raises ImportError; a scheduler that cannot, RuntimeError because of one.
        missing = error if isinstance(error, ImportError) else error.__cause__
        if not isinstance(missing, ImportError):
            raise
        raise UsageError(
            f"The Dask cluster cannot load the extractor ({missing}): "
            "install the same facecues for its scheduler and for all its workers."
        ) from error
    return identity


class _Run:
    """Hands out the jobs of one run, takes note of how they end, and closes the books."""

    def __init__(
        self,
        index: Index,
        store: Store,
        ledger: Ledger,
        runner: Runner[Job, Row | None],
        progress: Callable[[Event], None] | None,
    ) -> None:
        self._index = index
        self._store = store
        self._ledger = ledger
        self._runner = runner
        self._progress = progress
        self._rows, self._groups = recover(store, store.read_rows(), ledger.earlier())
        self._settled = self._ended = self._failed = self._frames = 0
        self._started = time.monotonic()

    def run(self, verify_content: bool) -> ExtractSummary:
        """Extracts what is not finished."""
        interrupted = False
        try:
            self._hand_out(verify_content)
            for outcome in self._runner:
                self._take(outcome)
            self._finish()
        except KeyboardInterrupt:
            interrupted = True
        return self._summary(interrupted)

    def _hand_out(self, verify_content: bool) -> None:
        there = self._store.groups() | self._groups.keys()
        plan = make_plan(self._index.clips, self._rows, there, verify_content=verify_content)
        self._settled = plan.settled
        for clip in plan.refused:
            assert clip.problem is not None
            self._note(failed_row(clip, clip.problem, clip.message, self._store.header.signature))
            self._groups[group_of(clip)].ended(clip.clip_id, None)
        for job in plan.jobs:
            self._groups[job.group].outstanding += 1
        self._runner.add(plan.jobs)
        for group in list(self._groups):
            self._merge_if_complete(group)
        self._tell()

    def _take(self, outcome: Outcome[Job, Row | None]) -> None:
        """Takes note of a job that has ended; raises what is not one clip's fault."""
        job, row = outcome.job, outcome.result
        if isinstance(outcome.error, WorkerDied) and isinstance(job, ClipJob):
            message = "its worker process ended each time, at last with no other clip beside it"
            row = failed_row(job.clip, ClipReason.WORKER_DIED, message, self._store.header.signature)
        elif outcome.error is not None:
            raise outcome.error
        if isinstance(job, MergeJob):
            return
        group = self._groups[job.group]
        if row is None:
            self._note(touched_row(self._known(job.clip), job.clip))
        else:
            self._note(row)
            self._frames += row["frames"] or 0
            group.ended(job.clip.clip_id, row["content_key"])
        group.outstanding -= 1
        self._merge_if_complete(job.group)
        self._tell()

    def _note(self, row: Row) -> None:
        self._ledger.append(row)
        self._ended += 1
        self._failed += row["status"] == Status.FAILED

    def _known(self, clip: Clip) -> Row:
        row: Row = self._rows.slice(self._places[clip.clip_id], 1).to_pylist()[0]
        return row

    @cached_property
    def _places(self) -> dict[str, int]:
        return {clip: at for at, clip in enumerate(self._rows["clip_id"].to_pylist())}

    def _merge_if_complete(self, path: str) -> None:
        group = self._groups[path]
        if group.outstanding == 0:
            if group.staged or group.dropped:
                self._ledger.sync()  # the merge deletes what is staged: by then the disk must know of it
                self._runner.add([MergeJob(path, group.staged, frozenset(group.dropped))], urgent=True)
            del self._groups[path]

    def _finish(self) -> None:
        """Writes clips.parquet, now that the frames are in place, and only then forgets the ledger."""
        self._rows = with_paths_of(newest(self._rows, self._ledger.added()), self._index.clips)
        self._store.write_rows(self._rows)
        frames = pc.sum(self._rows["frames"]).as_py() or 0
        self._store.write_header({"clips": len(self._rows), **_statuses(self._rows), "frames": frames})
        self._ledger.clear()
        self._store.remove_staging()

    def _tell(self) -> None:
        if self._progress is not None:
            clips, seconds = len(self._index.clips), time.monotonic() - self._started
            self._progress(Event(clips, self._settled, self._ended, self._failed, self._frames, seconds))

    def _summary(self, interrupted: bool) -> ExtractSummary:
        clip_ids = pa.array((clip.clip_id for clip in self._index.clips), pa.string())
        rows = look_up(newest(self._rows, self._ledger.added()), clip_ids)
        failed = rows.filter(pc.equal(rows["status"], Status.FAILED.value))
        return ExtractSummary(
            self._store.root,
            len(clip_ids),
            **_statuses(rows),
            skipped=self._settled,
            frames=self._frames,
            seconds=time.monotonic() - self._started,
            failures=tuple(Failure(**one) for one in failed.select(["clip_id", "reason", "message"]).to_pylist()),
            interrupted=interrupted,
        )


def _statuses(rows: pa.Table) -> dict[str, int]:
    """How many clips are ok, partial and failed."""
    counts = {one["values"]: one["counts"] for one in rows["status"].value_counts().to_pylist()}
    return {status.value: counts.get(status.value, 0) for status in Status}

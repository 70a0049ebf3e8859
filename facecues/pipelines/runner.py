"""Runs one function over many jobs on a Dask cluster, whatever the jobs do to its workers."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from itertools import chain, count, islice, repeat
from typing import Generic, TypeVar
from uuid import uuid4

from dask.typing import Key
from distributed import Client, Future, KilledWorker, as_completed
from distributed.client import ClosedClientError

from facecues.errors import FacecuesError

Job = TypeVar("Job")
Result = TypeVar("Result")

# Jobs that Dask knows of at a time: enough for 500 worker threads, little enough to weigh nothing.
WINDOW = 1024

_GONE = "The Dask scheduler is gone; what is finished is kept: give the same command again."


class WorkerDied(FacecuesError):
    """The worker died each time this job ran, at last with no other job beside it."""


@dataclass(frozen=True, slots=True)
class Outcome(Generic[Job, Result]):
    """How a job ended: with a result, or with an error (then `result` is None)."""

    job: Job
    result: Result | None = None
    error: Exception | None = None


class Runner(Generic[Job, Result]):
    """Iterate over it to run the jobs; they end in any order, and more may be added meanwhile.

    Dask gives a job up after `distributed.scheduler.allowed-failures` deaths of workers, and counts every job
    that was waiting in a worker that died. So a job that Dask gives up is a suspect only: when all others have
    ended, it runs once more with nothing beside it, and only if that kills its workers too is it `WorkerDied`.

    Args:
        client: of the cluster. The function and the jobs go there by pickle.
        function: what is to be done with a job. An exception it raises is that job's outcome.
    """

    def __init__(self, client: Client, function: Callable[[Job], Result], window: int = WINDOW) -> None:
        self._client = client
        self._function = function
        self._window = window
        self._waiting: Iterator[Job] = iter(())
        self._urgent: list[Job] = []
        self._suspects: deque[Job] = deque()
        self._running: dict[Key, Job] = {}
        self._alone: Key | None = None  # the suspect that is running
        self._completed = as_completed(loop=client.loop)
        # Keys of one group, so that Dask keeps what waits at the scheduler: the death of a worker then
        # concerns the job it runs and the next one, not all that wait.
        self._keys: Iterator[Key] = zip(repeat(f"job-{uuid4().hex}"), count())

    def add(self, jobs: Iterable[Job], *, urgent: bool = False) -> None:
        """Adds jobs, before or during the iteration. They are drawn as there is room; urgent ones go first."""
        if urgent:
            self._urgent.extend(jobs)
        else:
            self._waiting = chain(self._waiting, jobs)

    def __iter__(self) -> Iterator[Outcome[Job, Result]]:
        """Runs the jobs.

        Raises:
            FacecuesError: the scheduler is gone.
        """
        try:
            while self._fill():
                for future, result in self._next_batch():
                    outcome = self._judge(future, result)
                    if outcome is not None:
                        yield outcome
        except OSError as error:
            raise FacecuesError(_GONE) from error
        finally:
            left = list(self._completed.futures)
            # Dask tells every client of a cancellation, even of nothing, and one that is just connecting fails by it.
            if left:
                with suppress(OSError, ClosedClientError):
                    self._client.cancel(left)

    def _fill(self) -> bool:
        """Gives Dask what there is room for; whether anything is running then."""
        if self._alone is None:
            self._submit(self._urgent, priority=1)
            self._urgent = []
            room = self._window - len(self._running)
            if room >= self._window // 4:  # many at once cost Dask less than one by one
                self._submit(list(islice(self._waiting, room)))
            if not self._running and self._suspects:
                (self._alone,) = self._submit([self._suspects.popleft()])
        return bool(self._running)

    def _submit(self, jobs: list[Job], priority: int = 0) -> list[Key]:
        keys = list(islice(self._keys, len(jobs)))
        if jobs:
            self._running |= zip(keys, jobs, strict=True)
            self._completed.update(self._client.map(self._function, jobs, key=keys, pure=False, priority=priority))
        return keys

    def _next_batch(self) -> Iterator[tuple[Future[Result], Result | None]]:
        """Jobs that have ended, and their results; None for those without one."""
        futures = self._completed.next_batch()
        if self._client.status == "closed":
            raise FacecuesError(_GONE)
        results = self._client.gather(dict(enumerate(futures)), errors="skip")
        return ((future, results[at]) for at, future in enumerate(futures))

    def _judge(self, future: Future[Result], result: Result | None) -> Outcome[Job, Result] | None:
        """The outcome of a job that has ended; None where it is to run once more."""
        job = self._running.pop(future.key)
        was_alone, self._alone = future.key == self._alone, None
        if future.status == "finished":
            return Outcome(job, result)
        if future.status != "error":
            raise FacecuesError(_GONE)
        error = future.exception()
        if not isinstance(error, KilledWorker):
            return Outcome(job, error=error)
        if was_alone:
            return Outcome(job, error=WorkerDied(str(error)))
        self._suspects.append(job)
        return None

"""Dask clusters: one on this machine, or one that the user has."""

import gc
import logging
import os
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing import resource_tracker
from time import monotonic
from typing import TYPE_CHECKING, cast

import dask
from dask.system import CPU_COUNT
from distributed import Client, LocalCluster
from distributed.versions import VersionMismatchWarning

from facecues.errors import FacecuesError, UsageError
from facecues.pipelines.interrupt import interrupts_blocked

if TYPE_CHECKING:
    from distributed.client import VersionsDict

_log = logging.getLogger(__name__)

# Set before a worker imports anything. There are as many workers as cores, so each has one native thread.
_ENVIRON = "distributed.nanny.pre-spawn-environ"
_OF_WORKERS = {
    **dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS"), "1"),
    # Dask has every worker give freed memory back at once, which costs 4 % in page faults, frame after frame.
    "MALLOC_TRIM_THRESHOLD_": str(2**28),
    "MALLOC_MMAP_THRESHOLD_": str(2**28),
    "DASK_LOGGING__DISTRIBUTED": "critical",  # the death of a worker is told once, by the clip's row
}
_SETTINGS = {
    "distributed.scheduler.allowed-failures": 3,  # with 0, whatever waits beside a deadly clip is lost
    "distributed.scheduler.work-stealing": False,  # clips wait at the scheduler: there is nothing to steal
    "distributed.scheduler.active-memory-manager.start": False,  # results are one row each
    "distributed.scheduler.worker-ttl": None,  # native code may hold the interpreter lock; the watchdog ends it
    "distributed.deploy.lost-worker-timeout": "1s",  # then a nanny that is gone makes room for another
    "distributed.worker.profile.enabled": False,
    "distributed.diagnostics.nvml": False,
    # The self-observation of every process; as often as Dask has it, 4 % of a core.
    "distributed.admin.tick.interval": "1s",
    "distributed.admin.system-monitor.interval": "5s",
} | {f"{_ENVIRON}.{name}": value for name, value in _OF_WORKERS.items()}
_CONNECT_S = 5
_TEND_S, _STRANDED_S = 2.0, 60.0


@contextmanager
def connect(workers: int | None, scheduler: str | None) -> Iterator[Client]:
    """A client of a cluster on this machine, or with `scheduler` of an existing one.

    The local cluster is made of nannied processes with one thread each, so that a process that dies costs the
    job it runs. It listens on 127.0.0.1 only, because Dask speaks pickle, and ends when this process ends,
    however that comes about. Its processes are deaf to Ctrl-C, which is this process's to handle.

    Args:
        workers: processes of the local cluster; None: one for each core that this process may use.
        scheduler: address of an existing cluster, such as tcp://10.0.0.1:8786.

    Raises:
        UsageError: both are given, `workers` is not positive, the address is none or nobody answers there, or
            the Dask there is another version.
    """
    if scheduler is not None:
        if workers is not None:
            raise UsageError("Name either a number of workers or a scheduler, whose workers are all used; not both.")
        with _existing(scheduler) as client:
            yield client
        return
    if workers is not None and workers < 1:
        raise UsageError(f"Expected one worker or more, got {workers}.")
    resource_tracker.ensure_running()  # started later, it would let the signals through again
    with dask.config.set(_SETTINGS), _environ_restored():
        with interrupts_blocked():
            cluster = LocalCluster(
                n_workers=workers or CPU_COUNT,
                threads_per_worker=1,
                processes=True,
                host="127.0.0.1",
                scheduler_kwargs={"dashboard": False, "dashboard_address": "127.0.0.1:0"},
                memory_limit=0,  # else Dask pauses and ends workers at an equal share of the memory
                silence_logs=logging.CRITICAL,
            )
        started = len(cluster.worker_spec)
        with cluster, Client(cluster, set_as_default=False) as client, _kept_at(started, cluster, client):
            yield client


@contextmanager
def _kept_at(workers: int, cluster: LocalCluster, client: Client) -> Iterator[None]:
    """Replaces nannies that gave up, and gives up too when no worker can be kept alive.

    A nanny brings its worker back each time, but for one case: a worker that dies in the moment between its first job
    and the word to its nanny that it is up counts as one that cannot start, and the nanny ends. A clip that always
    kills its worker finds that moment sooner or later, and without workers a run would wait for ever.

    Raises:
        FacecuesError: there was no worker for a minute; the client is closed.
    """
    ended, stranded = threading.Event(), threading.Event()

    def tend() -> None:
        seen = monotonic()
        while not ended.wait(_TEND_S):
            cluster.scale(workers)
            if cluster.scheduler_info["workers"]:
                seen = monotonic()
            elif monotonic() - seen > _STRANDED_S:
                stranded.set()
                client.close()
                return

    tending = threading.Thread(target=tend, name="keeps the workers' number", daemon=True)
    tending.start()
    try:
        yield
    except FacecuesError as error:
        if stranded.is_set():
            raise FacecuesError(
                f"No worker process has lived for {_STRANDED_S:g} s: is memory short? "
                "What is finished is kept: give the same command again."
            ) from error
        raise
    finally:
        ended.set()
        tending.join()


@contextmanager
def _existing(address: str) -> Iterator[Client]:
    refusal = None
    try:
        with warnings.catch_warnings(action="ignore", category=VersionMismatchWarning):
            client = Client(address, timeout=_CONNECT_S, set_as_default=False)
    except (OSError, ValueError) as error:
        refusal = str(error)
    if refusal is not None:
        gc.collect()  # closes the client that came to nothing, which later, amid another's start, would block both
        raise UsageError(
            f"No Dask scheduler answers at {address} ({refusal}): expected an address such as tcp://10.0.0.1:8786."
        )
    with client:
        _refuse_other_versions(client, address)
        if not client.nthreads():
            _log.warning("%s has no workers yet: waiting for the first", address)
        yield client


def _refuse_other_versions(client: Client, address: str) -> None:
    versions = cast("VersionsDict", client.get_versions())
    here = versions["client"]["packages"]
    for place, found in {f"the scheduler {address}": versions["scheduler"], **versions["workers"]}.items():
        for package in ("python", "dask", "distributed"):
            there = found["packages"][package]
            # Of Python, the minor version decides.
            if there.split(".")[:2] != here[package].split(".")[:2] if package == "python" else there != here[package]:
                raise UsageError(
                    f"Here is {package} {here[package]}, and {place} has {there}: install the same versions."
                )


@contextmanager
def _environ_restored() -> Iterator[None]:
    """Takes back what nannies set in this process for the sake of their workers."""
    before = {name: os.environ.get(name) for name in dask.config.get(_ENVIRON)}
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value

"""Ends a process that hangs, even one that hangs in native code."""

import faulthandler
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from facecues.pipelines.atomic import writing


@contextmanager
def watchdog(marker: Path, limit_s: float) -> Iterator[None]:
    """Ends this process when the block takes too long; `has_fired` then tells the next process that tries.

    The clock is a native thread (faulthandler's) that needs no interpreter lock. It writes the stack to
    `marker` before it ends the process, so the marker is empty as long as nothing was wrong. There is one
    clock per process: blocks must not overlap.

    Args:
        marker: a file to make; removed when the block ends in time.
        limit_s: wall time, seconds.

    Raises:
        StoreError: the marker cannot be made.
    """
    with writing(marker):
        file = marker.open("wb")
    with file:
        faulthandler.dump_traceback_later(limit_s, exit=True, file=file)
        try:
            yield
        finally:
            faulthandler.cancel_dump_traceback_later()
    marker.unlink(missing_ok=True)


def has_fired(marker: Path) -> bool:
    """Whether a watchdog with this marker ended its process."""
    return marker.exists() and marker.stat().st_size > 0

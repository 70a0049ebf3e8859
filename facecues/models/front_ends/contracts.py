"""What a front end is, and the windows that it makes of sound: all at once, or in constant memory."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from facecues.preprocess.sound import Sound, check_sound
from facecues.resample import SAMPLES_PER_FRAME

Float32 = NDArray[np.float32]
Int64 = NDArray[np.int64]

# Rows are always made so many at a time, in the same places: then a stream has the very bytes that the whole has,
# whatever a matrix product's rounding makes of the number of its rows.
BLOCK: Final = 400

_LEAST_VARIANCE: Final = 1e-4  # below it a number stands still, as in silence


@dataclass(frozen=True, slots=True)
class FrontEnd:
    """Sound to rows of numbers, and which of them a model hears at each video frame.

    Frame t is seen at t / 25 s, and its window is rows[starts[t] : starts[t] + steps]. There are as many windows as
    frames: sound that is shorter is followed by silence, sound that is longer is cut.

    Attributes:
        name: one of FRONT_ENDS.
        signature: names everything that changes the numbers.
        steps: rows of a window.
        size: numbers in a row.
        starts: T frames to (T,) int64, never decreasing.
        block: (N,) sound, a first row and where the sound is cut, in samples, to (BLOCK, size) float32 rows.
        even: whether each number is standardised over its clip, so that rooms, microphones and loudness matter less.
    """

    name: str
    signature: str
    steps: int
    size: int
    starts: Callable[[int], Int64]
    block: Callable[[Sound, int, int], Float32]
    even: bool = False

    def rows(self, sound: Sound, frames: int) -> Float32:
        """All rows that the windows of a clip lie in.

        Args:
            sound: (N,) floating point in [-1, 1], 16 kHz; sample n is heard at n / 16000 s.
            frames: T > 0.

        Returns:
            (starts[T - 1] + steps, size) float32.

        Raises:
            ValueError: not one channel of finite samples, or no frames.
        """
        return np.concatenate(list(self.blocks(sound, frames)))

    def blocks(self, sound: Sound, frames: int) -> Iterator[Float32]:
        """The same, BLOCK rows at a time. Standardised ones are made twice, so that none has to be held."""
        check_sound(sound)
        if frames < 1:
            raise ValueError(f"frames should be 1 or more, got {frames}")
        starts, end = self.starts(frames), frames * SAMPLES_PER_FRAME
        assert len(starts) == frames  # a window for each frame: the recipes themselves do not keep this
        count = int(starts[-1]) + self.steps

        def raw() -> Iterator[Float32]:
            for first in range(0, count, BLOCK):
                yield self.block(sound[:end], first, end)[: count - first]

        if not self.even:
            yield from raw()
            return
        total = squares = np.zeros(self.size)
        for rows in raw():
            total = total + rows.sum(axis=0, dtype=np.float64)
            squares = squares + np.square(rows, dtype=np.float64).sum(axis=0)
        mean = total / count
        deviation = np.sqrt(np.maximum(squares / count - mean**2, _LEAST_VARIANCE))
        for rows in raw():
            yield ((rows - mean) / deviation).astype(np.float32)


def windows(front_end: FrontEnd, sound: Sound, frames: int) -> Float32:
    """The windows of a clip's frames, (T, steps, size) float32. Arguments and errors as for `FrontEnd.rows`."""
    rows = front_end.rows(sound, frames)
    return rows[_indices(front_end, front_end.starts(frames))]


def stream(front_end: FrontEnd, sound: Sound, frames: int, chunk: int) -> Iterator[Float32]:
    """The same windows, to the last bit, with no more rows in memory than one chunk and one block need.

    Args:
        front_end: which.
        sound, frames: as for `FrontEnd.rows`.
        chunk: frames at a time.

    Yields:
        (n, steps, size) float32; n is `chunk`, and less at the end.
    """
    if chunk < 1:
        raise ValueError(f"chunk should be 1 frame or more, got {chunk}")
    blocks, starts = front_end.blocks(sound, frames), front_end.starts(frames)
    rows, first = next(blocks), 0  # what is held, and the number of its first row
    for start in range(0, frames, chunk):
        wanted = starts[start : start + chunk]
        rows, first = rows[wanted[0] - first :], int(wanted[0])
        while len(rows) < wanted[-1] - first + front_end.steps:
            rows = np.concatenate([rows, next(blocks)])
        yield rows[_indices(front_end, wanted - first)]


def excerpt(sound: Sound, start: int, stop: int) -> Sound:
    """(stop - start,) samples; before and after the sound it is silent."""
    found = sound[max(start, 0) : max(stop, 0)]
    before = min(max(-start, 0), stop - start)
    return np.pad(found, (before, stop - start - before - len(found)))


def _indices(front_end: FrontEnd, starts: Int64) -> Int64:
    return starts[:, None] + np.arange(front_end.steps)

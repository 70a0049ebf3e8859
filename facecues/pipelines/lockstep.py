"""A reference and the videos of several methods, watched side by side, a few instants at a time.

Each video is decoded once and every frame serves every metric; what is held is one batch per video.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, fields
from itertools import islice
from typing import Protocol

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from facecues.cues import to_array
from facecues.errors import ClipError, FacecuesError, sentence_of
from facecues.metrics.contracts import Batch, CueTrack
from facecues.preprocess.watch import Shot, Watched
from facecues.reasons import ClipReason
from facecues.resample import resample, resample_rotation, time_grid

_INSTANTS = 16  # at a time: 3 MB of pictures per video at 256 pixels
TRACKS = tuple(field.name for field in fields(CueTrack))
_POINTS = ("landmarks", "normalized")


@dataclass(frozen=True, slots=True, eq=False)
class View:
    """One video's batch of a round.

    Attributes:
        batch: a row for every instant of the round; black, and NaN, where nothing is shown.
        shown: (n,) bool: the rows that count.
    """

    batch: Batch
    shown: NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Round:
    """A few neighbouring instants of the reference, and what the methods show at the same.

    Attributes:
        first: the instant of the first row: row i is (first + i) / 25 s, for each video from its own beginning.
        reference: n instants.
        methods: n instants each, by name; without the methods that have ended or failed.
    """

    first: int
    reference: View
    methods: Mapping[str, View]


class Source(Protocol):
    """Shots of a method, at the reference's pace."""

    def take(self, reference: Sequence[Shot]) -> list[Shot]:
        """The next shots, for the instants of the reference's; fewer, or none, from the end on."""
        ...

    def count_rest(self) -> int:
        """Runs to the end and counts the shots that were left."""
        ...


class Still:
    """A method that does nothing: it holds the reference's first picture with a face. The floor of a table.

    Nothing is decoded for it. As long as the reference has shown no face, it shows nothing. One serves one clip.
    """

    def __init__(self) -> None:
        self._held: Shot | None = None

    def take(self, reference: Sequence[Shot]) -> list[Shot]:
        """See Source."""
        return [self._shot(shot) for shot in reference]

    def count_rest(self) -> int:
        """It ends with the reference."""
        return 0

    def _shot(self, shot: Shot) -> Shot:
        if self._held is None and shot.picture is not None and not np.isnan(shot.landmarks).any():
            self._held = shot
        if self._held is None:
            return Shot(shot.k, None, np.full((68, 3), np.nan, np.float32))
        return Shot(shot.k, self._held.picture, self._held.landmarks)


class Lockstep:
    """Iterates over the rounds of one clip; once.

    The instants are the reference's. What a method shows after them is watched and counted, and compared with nothing.
    A method whose video fails costs itself alone; a failure of the reference ends the clip.

    Attributes:
        failed: why a method's video failed, by name; what the rounds had of it is to be thrown away.
        beyond: instants that a method shows after the reference's last, by name, of those that did not fail; at the
            end.
    """

    def __init__(
        self, reference: Watched, methods: Mapping[str, Watched | Still], *, instants: int = _INSTANTS
    ) -> None:
        """`instants`: how many a round has at most; it changes no number.

        Raises:
            ValueError: less than one instant, or pictures made by another rule than the reference's.
        """
        if instants < 1:
            raise ValueError(f"a round needs one instant or more, not {instants}")
        for name, method in methods.items():
            if isinstance(method, Watched) and method.pictures != reference.pictures:
                raise ValueError(f"pictures of {name!r} are {method.pictures}, the reference's {reference.pictures}")
        self._size = reference.pictures.size
        self.failed: dict[str, ClipError] = {}
        self.beyond: dict[str, int] = {}
        self._reference = reference
        self._methods = methods
        self._instants = instants

    def __iter__(self) -> Iterator[Round]:
        """Raises ClipError when the reference fails."""
        with ExitStack() as stack:
            shots = stack.enter_context(closing(self._reference.shots()))
            running: dict[str, Source] = {}
            for name, method in self._methods.items():
                running[name] = (
                    method if isinstance(method, Still) else _File(stack.enter_context(closing(method.shots())))
                )
            while taken := list(islice(shots, self._instants)):
                views = self._views(running, taken)
                yield Round(taken[0].k, _view(taken, len(taken), self._size), views)
            for name, source in running.items():
                with self._isolated(name):
                    self.beyond[name] = source.count_rest()

    def _views(self, running: dict[str, Source], reference: Sequence[Shot]) -> dict[str, View]:
        """What the methods show; takes those that have nothing more to show out of `running`."""
        views = {}
        for name, source in list(running.items()):
            taken: list[Shot] = []
            with self._isolated(name):
                taken = source.take(reference)
            if taken:
                views[name] = _view(taken, len(reference), self._size)
                continue
            del running[name]
            if name not in self.failed:
                self.beyond[name] = 0
        return views

    @contextmanager
    def _isolated(self, name: str) -> Iterator[None]:
        """Keeps what a method's video does from the others."""
        try:
            yield
        except ClipError as error:
            self.failed[name] = error
        except FacecuesError:
            raise
        except Exception as error:  # noqa: BLE001 - the isolation boundary: one video's fault stays its own
            self.failed[name] = ClipError(ClipReason.INTERNAL_ERROR, sentence_of(error))


def cue_track(rows: pa.Table) -> CueTrack:
    """Rows of CUE_SCHEMA, at a video's own frames, to its cues at 25 fps.

    Holes without a face are bridged as `facecues.resample` does; the shots in them have no landmarks all the same.
    """
    times_s = rows["time_s"].to_numpy()
    at_s = time_grid(times_s)
    tracks = {}
    for name in TRACKS:
        values = to_array(rows[name], (68, 3) if name in _POINTS else None)
        tracks[name] = (resample_rotation if name == "rotation" else resample)(times_s, values, at_s)
    return CueTrack(**tracks)


def still_track(reference: CueTrack) -> CueTrack:
    """The cues of `Still`: the reference's, held from the first instant with a face on; NaN before it."""
    faces = np.flatnonzero(reference.has_face)
    start = int(faces[0]) if len(faces) else len(reference)
    tracks = {}
    for name in TRACKS:
        values = getattr(reference, name)
        tracks[name] = np.full_like(values, np.nan)
        tracks[name][start:] = values[start : start + 1]
    return CueTrack(**tracks)


class _File:
    """Shots of a video file."""

    def __init__(self, shots: Iterator[Shot]) -> None:
        self._shots = shots

    def take(self, reference: Sequence[Shot]) -> list[Shot]:
        return list(islice(self._shots, len(reference)))

    def count_rest(self) -> int:
        return sum(1 for _ in self._shots)


def _view(shots: Sequence[Shot], n: int, size: int) -> View:
    """A batch of n instants of size x size pixels; the shots are those of the first ones."""
    pictures = np.zeros((n, size, size, 3), np.uint8)
    landmarks = np.full((n, 68, 3), np.nan, np.float32)
    shown = np.zeros(n, bool)
    for row, shot in enumerate(shots):
        landmarks[row] = shot.landmarks
        if shot.picture is not None:
            pictures[row], shown[row] = shot.picture, True
    return View(Batch(pictures, landmarks), shown)

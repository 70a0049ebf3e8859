"""One video, decoded once and tracked once: its pictures at 25 instants a second, and its cues at the end.

    file ─ Decoder ─ LandmarkBackend.track ┬─ every frame ─▶ cue_batch ─▶ rows of cues, Account    (at the end)
                                           └─ the frame nearest to each instant ─▶ Shot            (as they come)

Instants are k / 25 s from the first frame's time stamp on, as far as the last one's. The frame that shows an instant is
the one with the larger share in the interpolated cues (facecues.resample), so that one rule serves both: the nearest
in time, the earlier of two that are equally near. 25 fps thus pass unchanged, of 30 and 60 fps some frames are left
out, and those of a slow video are repeated. An instant in a hole of more than `MAX_GAP_S` between two frames shows
nothing. A damaged frame shows nothing either: what the decoder made up in its place counts as a hole.
"""

import hashlib
from collections.abc import Generator, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from facecues.config import ExtractConfig, Limits
from facecues.errors import ClipError
from facecues.preprocess.contracts import ClipReport, GazeBackend, LandmarkBackend
from facecues.preprocess.decode import Decoder
from facecues.preprocess.extract import cue_signature
from facecues.preprocess.gaze import gaze_backend
from facecues.preprocess.landmarks import landmark_backend
from facecues.preprocess.observe import CueRows, observe, report_on
from facecues.preprocess.pictures import PictureOptions, make_picture
from facecues.preprocess.video import Frame
from facecues.reasons import ClipReason
from facecues.resample import FPS, resample, time_grid
from facecues.schema import CUE_SCHEMA


@dataclass(frozen=True, slots=True, eq=False)
class Shot:
    """What a video shows at instant k / 25 s.

    Attributes:
        k: counts from 0, without gaps.
        picture: (S, S, 3) uint8 RGB; None where nothing is shown, or no face to crop to.
        landmarks: (68, 3) float32, pixels of the picture, of the very frame that it shows; NaN without a face.
    """

    k: int
    picture: NDArray[np.uint8] | None
    landmarks: NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Account:
    """What is known of a video that was watched to its end.

    Attributes:
        report: as `facecues extract` would report it.
        damaged: frames with errors that the decoder concealed.
        instants: how many shots there were.
        sha256: of the file's bytes.
    """

    report: ClipReport
    damaged: int
    instants: int
    sha256: str


class Watcher:
    """Opens videos. One instance serves many, also several at a time in one thread.

    Attributes:
        signature: names everything that changes the cues and the pictures.
        cue_signature: the cues alone.
    """

    def __init__(
        self, landmarks: LandmarkBackend, gaze: GazeBackend, limits: Limits, pictures: PictureOptions | None = None
    ) -> None:
        self.landmarks, self.gaze, self.limits = landmarks, gaze, limits
        self.pictures = pictures or PictureOptions()
        self.cue_signature = cue_signature(landmarks, gaze)
        self.signature = f"{self.cue_signature}|pictures:{self.pictures.signature}"

    def open(self, video: Path, audio: Path | None = None) -> "Watched":
        """A video to be watched once. Nothing is read yet.

        Args:
            video: the file.
            audio: the sound file beside it, for the account alone; None: the container's own sound.
        """
        return Watched(self, video, audio)


def build_watcher(config: ExtractConfig, pictures: PictureOptions | None = None) -> Watcher:
    """Loads the backends of a configuration; the weights are fetched when they are not here.

    Raises:
        WeightsMissingError, BackendUnavailableError: one sentence that says what is needed.
    """
    cv2.setNumThreads(1)  # one native thread per worker
    return Watcher(landmark_backend(config), gaze_backend(config), config.limits, pictures)


class Watched:
    """One video being watched.

    Memory does not grow with the clip but for its rows of cues, 2 kB a frame.

    Attributes:
        video: the file.
        pictures: how its pictures are made.
        size: (width, height) of the first displayed frame, pixels; (0, 0) before it.
        cues: at the end: rows of CUE_SCHEMA at the video's own frames, those that `facecues extract` would store.
        account: at the end; None before it, and for good when the video fails.
    """

    def __init__(self, watcher: Watcher, video: Path, audio: Path | None) -> None:
        self.video = video
        self.pictures = watcher.pictures
        self.size = (0, 0)
        self.cues = CUE_SCHEMA.empty_table()
        self.account: Account | None = None
        self._watcher = watcher
        self._audio = audio

    def shots(self) -> Generator[Shot, None, None]:
        """Decodes the video; once, and from its beginning. A generator that is closed lets go of the file.

        Raises:
            ClipError: nothing, or no more, can be had of this video; what came before is to be thrown away.
        """
        sha256 = content_hash(self.video)
        instants = 0
        batches: list[pa.RecordBatch] = []
        rows = CueRows(self._watcher.gaze, batches.append)
        with Decoder(self.video, self._watcher.limits) as decoder:
            for k, seen in _by_instant(self._seen(decoder, rows)):
                instants = k + 1
                yield _shot(k, seen, self.pictures)
        rows.flush()
        self.cues = pa.Table.from_batches(batches, CUE_SCHEMA)
        report = report_on(decoder, self._audio, rows.with_face, rows.faces_seen)
        self.account = Account(report, decoder.damaged, instants, sha256)

    def _seen(self, decoder: Decoder, rows: CueRows) -> Iterator["_Seen"]:
        for tracked, observed in observe(decoder, self._watcher.landmarks, self._watcher.gaze):
            self.size = (decoder.width, decoder.height)
            rows.add(observed, tracked.faces_seen)
            yield _Seen(tracked.frame, tracked.face.landmarks if tracked.face else None)


def content_hash(video: Path) -> str:
    """sha256 of a file's bytes, hexadecimal.

    Raises:
        ClipError: UNREADABLE.
    """
    try:
        with video.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise ClipError(ClipReason.UNREADABLE, f"the file cannot be read: {error.strerror}") from error


@dataclass(slots=True)
class _Seen:
    """A frame that may be asked for its picture, several times where frames are repeated."""

    frame: Frame
    landmarks: NDArray[np.float32] | None
    made: tuple[NDArray[np.uint8] | None, NDArray[np.float32]] | None = None


def _shot(k: int, seen: _Seen | None, options: PictureOptions) -> Shot:
    if seen is None:
        return Shot(k, None, np.full((68, 3), np.nan, np.float32))
    if seen.made is None:
        seen.made = make_picture(seen.frame, seen.landmarks, options)
    return Shot(k, *seen.made)


def _by_instant(frames: Iterable[_Seen]) -> Iterator[tuple[int, _Seen | None]]:
    """Every instant, and which frame shows it; at most two frames are held."""
    start_s = end_s = 0.0
    k = 0
    before: _Seen | None = None
    for index, one in enumerate(frames):
        end_s = one.frame.time_s
        if index == 0:
            start_s = end_s
        if one.frame.damaged:
            continue
        for shown in _shown([before, one] if before else [one], start_s + k / FPS, end_s):
            yield k, shown
            k += 1
        before = one
    for shown in _shown([before] if before else [], start_s + k / FPS, end_s):  # under damaged frames at the end
        yield k, shown
        k += 1


def _shown(frames: list[_Seen], next_s: float, until_s: float) -> Iterator[_Seen | None]:
    """Which of two neighbouring frames shows each instant from next_s to until_s, by its share in what is between."""
    at_s = time_grid(np.array([next_s, until_s]))
    if not frames:
        yield from [None] * len(at_s)
        return
    times_s = np.array([one.frame.time_s for one in frames])
    for share in resample(times_s, np.arange(len(frames), dtype=np.float32), at_s):
        yield None if np.isnan(share) else frames[int(share > 0.5)]

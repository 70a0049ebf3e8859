"""Streaming decode of one clip: displayed orientation, presentation times, limits, and an account of what was lost."""

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from time import monotonic
from types import TracebackType
from typing import Any

import av
import av.error
from av.container import InputContainer
from av.packet import Packet
from av.video.stream import VideoStream

from facecues.config import Limits
from facecues.errors import ClipError
from facecues.preprocess.audio import AudioAccount
from facecues.preprocess.video import Frame
from facecues.reasons import ClipReason


class Decoder:
    """Opens a video, checks it against the limits, and yields its frames once.

    Memory does not grow with the clip. A packet that does not decode is counted and the next one is tried, so that one
    damaged spot costs its own frames alone.

    Attributes:
        width, height: displayed size of the first frame, pixels; before it, of the container.
        declared: frames the container promises, 0 when it does not say.
        decoded, damaged: frames so far, and those of them with concealed errors.
        discarded: frames that the container's edit list hides from the presentation.
        lost: packets that gave an error instead of a frame.
        times_invented: a time stamp was missing or did not increase and was made up from the nominal rate.
        audio: account of the sound inside the container, None without a stream.

    Raises:
        ClipError: UNREADABLE, NO_VIDEO, TOO_LARGE or TIMEOUT.
    """

    def __init__(self, path: Path, limits: Limits) -> None:
        self._deadline = monotonic() + limits.clip_timeout_s
        self._limits = limits
        self._container = _open(path)
        try:
            self._video = _video_stream(self._container, path)
            self.declared = int(self._video.frames)
            self.width, self.height = self._video.width, self._video.height
            self._check_declared()
        except ClipError:
            self._container.close()
            raise
        self._video.thread_type = "NONE"  # one native thread per worker
        sound = self._container.streams.audio
        self._sound = sound[0] if sound else None
        self.audio = AudioAccount(self._sound) if self._sound is not None else None
        self.decoded = self.damaged = self.discarded = self.lost = 0
        self.times_invented = False
        self.first_s = self.end_s = self._last_s = 0.0

    def __enter__(self) -> "Decoder":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._container.close()

    def __iter__(self) -> Iterator[Frame]:
        for packet in self._packets():
            if packet.stream is self._sound:
                self._count_sound(packet)
                continue
            self.discarded += packet.is_discard
            try:
                pictures = packet.decode()
            except av.error.FFmpegError:
                self.lost += 1
                continue
            for picture in pictures:
                assert isinstance(picture, av.VideoFrame)
                yield self._frame(picture)
        if not self.decoded:
            raise ClipError(ClipReason.NO_VIDEO, "the video stream holds not one frame that decodes")

    @property
    def duration_s(self) -> float:
        """Presented length: from the first time stamp to the end of the last frame, seconds."""
        return self.end_s - self.first_s

    @property
    def declared_s(self) -> float:
        """Length that the container promises for the video stream, seconds; 0 when it does not say."""
        if self._video.duration and self._video.time_base:
            return float(self._video.duration * self._video.time_base)
        return 0.0

    def _packets(self) -> "Iterator[Packet[Any]]":
        """Packets of picture and sound until the file ends, properly or not."""
        streams = [self._video] if self._sound is None else [self._video, self._sound]
        try:
            yield from self._container.demux(streams)
        except av.error.FFmpegError:
            self.lost += 1

    def _frame(self, picture: av.VideoFrame) -> Frame:
        step = picture.duration * picture.time_base if picture.duration and picture.time_base else None
        step_s = float(step or 1 / (self._video.average_rate or Fraction(25)))
        time_s = picture.time
        if time_s is None or (self.decoded and time_s <= self._last_s):
            self.times_invented = True
            time_s = self._last_s + step_s if self.decoded else 0.0
        frame = Frame(picture, self.decoded, time_s, turns=round(picture.rotation / 90) % 4)
        if not self.decoded:
            self.first_s = time_s
            self.width, self.height = frame.width, frame.height
        self._last_s, self.end_s = time_s, time_s + step_s
        self.decoded += 1
        self.damaged += frame.damaged
        self._check_running(frame)
        return frame

    def _count_sound(self, packet: "Packet[Any]") -> None:
        assert self.audio is not None
        try:
            for frame in packet.decode():
                assert isinstance(frame, av.AudioFrame)
                self.audio.add(frame)
        except av.error.FFmpegError:
            self.audio.damaged += 1

    def _check_declared(self) -> None:
        self._check("pixels per frame", self.width * self.height, self._limits.max_pixels)
        self._check("frames", self.declared, self._limits.max_frames)
        self._check("seconds", self.declared_s, self._limits.max_seconds)

    def _check_running(self, frame: Frame) -> None:
        # A header can lie, and the picture size can change in the middle.
        self._check("pixels per frame", frame.width * frame.height, self._limits.max_pixels)
        self._check("frames", self.decoded, self._limits.max_frames)
        self._check("seconds", self.end_s - self.first_s, self._limits.max_seconds)
        if monotonic() > self._deadline:
            raise ClipError(
                ClipReason.TIMEOUT,
                f"stopped after {self._limits.clip_timeout_s:g} s at frame {self.decoded};"
                " raise --clip-timeout if the clip is worth it",
            )

    @staticmethod
    def _check(what: str, value: float, limit: float) -> None:
        if value > limit:
            option = {"pixels per frame": "--max-pixels", "frames": "--max-frames", "seconds": "--max-seconds"}
            raise ClipError(ClipReason.TOO_LARGE, f"{value:g} {what}, over the limit of {limit:g} ({option[what]})")


def _open(path: Path) -> InputContainer:
    try:
        if path.stat().st_size == 0:
            raise ClipError(ClipReason.EMPTY_FILE, "the file is empty")
        return av.open(str(path), metadata_errors="ignore")
    except (av.error.FFmpegError, OSError) as error:
        raise ClipError(ClipReason.UNREADABLE, f"does not open as a video: {_words(error)}") from error


def _video_stream(container: InputContainer, path: Path) -> VideoStream:
    for stream in container.streams.video:
        if not stream.disposition & av.stream.Disposition.attached_pic and stream.codec_context is not None:
            return stream
    raise ClipError(ClipReason.NO_VIDEO, f"{path.name} holds no video stream")


def _words(error: Exception) -> str:
    """The error without its number and path, which say nothing to a reader of a table."""
    return str(getattr(error, "strerror", None) or error)

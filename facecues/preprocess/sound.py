"""A clip's sound as samples: one channel at 16 kHz, in time with the pictures."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TypeGuard

import av
import av.error
import numpy as np
from av.audio.frame import AudioFrame
from av.audio.resampler import AudioResampler
from av.container import InputContainer
from numpy.typing import NDArray

from facecues.config import Limits
from facecues.errors import ClipError
from facecues.reasons import ClipReason
from facecues.resample import AUDIO_RATE

Sound = NDArray[np.float32]

# Time stamps are rounded, in Matroska to whole milliseconds. What is off by less continues the sound; what is off by
# more, and the shortest packet of speech is 20 ms, is a hole or an overlap.
_SLACK = AUDIO_RATE * 5 // 1000


def read_sound(path: Path, *, start_s: float = 0.0, max_seconds: float = Limits().max_seconds) -> Sound | None:
    """The first audio stream of a video or audio file, decoded by presentation time.

    A stream that starts later is preceded by zeros, one that starts earlier loses its beginning, and packets that do
    not decode leave zeros in their place; so sample n is heard at start_s + n / 16000, whatever became of the others.
    Channels are averaged. Samples pass through 16 bits, which is what SyncNet and its kind are given elsewhere.

    Args:
        path: of the file.
        start_s: presentation time of the first sample, seconds: for a video's own sound, that of its first frame.
        max_seconds: longer sound is refused, since it is held in memory.

    Returns:
        (N,) float32 in [-1, 1], 16 kHz; None where no stream, or nothing of it from start_s on, decodes.

    Raises:
        ClipError: NO_AUDIO, when the file does not open; TOO_LARGE, when it lasts longer than max_seconds.
    """
    try:
        with av.open(str(path), metadata_errors="ignore") as container:  # whatever a title is encoded in
            samples = _in_time(_resampled(_frames(container)), start_s, int(max_seconds * AUDIO_RATE))
    except (av.error.FFmpegError, OSError) as error:
        raise ClipError(ClipReason.NO_AUDIO, f"the sound of {path.name} cannot be read: {error}") from error
    return samples.astype(np.float32) / np.float32(32768) if len(samples) else None


def is_audible(sound: Sound | None) -> TypeGuard[Sound]:
    """Whether there is sound, and not digital silence only."""
    return sound is not None and bool(sound.any())


def check_sound(sound: Sound) -> None:
    """Refuses what is not one channel of finite samples.

    Raises:
        ValueError: another shape or type, no samples, or values that are not finite.
    """
    if sound.ndim != 1 or not len(sound) or not np.issubdtype(sound.dtype, np.floating):
        raise ValueError(f"sound should be (N,) floating point in [-1, 1] with N > 0, got {sound.shape} {sound.dtype}")
    if not np.isfinite(sound).all():
        raise ValueError("sound should be finite, and it holds NaN or infinite samples")


def _frames(container: InputContainer) -> Iterator[AudioFrame]:
    """What decodes of the first audio stream, until the file ends, properly or not."""
    stream = next((one for one in container.streams.audio if one.codec_context is not None), None)
    if stream is None:
        return
    packets = container.demux(stream)
    while True:
        try:
            packet = next(packets, None)
        except (av.error.FFmpegError, IndexError):  # truncated; or PyAV, where damage makes a stream appear on the way
            return
        if packet is None:
            return
        try:
            frames = packet.decode()
        except av.error.FFmpegError:
            continue
        yield from frames


def _resampled(frames: Iterable[AudioFrame]) -> Iterator[AudioFrame]:
    """The frames as 16-bit integers, one channel, 16 kHz. Damage can change the format in the middle of a stream."""
    resampler, kind = None, None
    for frame in frames:
        if resampler is None or kind != (frame.format.name, frame.layout.name, frame.sample_rate):
            yield from _rest(resampler)
            # To 16 bits, libswresample averages the channels; to floats it would add them, 3 dB louder.
            resampler = AudioResampler(format="s16", layout="mono", rate=AUDIO_RATE)
            kind = (frame.format.name, frame.layout.name, frame.sample_rate)
        yield from resampler.resample(frame)
    yield from _rest(resampler)


def _rest(resampler: AudioResampler | None) -> Iterator[AudioFrame]:
    """What a resampler has held back."""
    if resampler is not None:
        yield from (frame for frame in resampler.resample(None) if frame is not None)  # None when it had nothing to do


def _in_time(frames: Iterable[AudioFrame], start_s: float, limit: int) -> NDArray[np.int16]:
    """Lays the frames where their time stamps say, on zeros; sample 0 at start_s."""
    pieces: list[tuple[int, NDArray[np.int16]]] = []
    end = 0
    for frame in frames:
        begin = end if frame.time is None else round((frame.time - start_s) * AUDIO_RATE)
        if pieces and abs(begin - end) < _SLACK:
            begin = end
        end = begin + frame.samples
        if end > limit:
            raise ClipError(
                ClipReason.TOO_LARGE, f"sound of {end / AUDIO_RATE:g} s, over the limit of {limit / AUDIO_RATE:g} s"
            )
        pieces.append((begin, frame.to_ndarray()[0].astype(np.int16, copy=False)))
    samples = np.zeros(max([0, *(begin + len(piece) for begin, piece in pieces)]), np.int16)
    for begin, piece in pieces:
        samples[max(begin, 0) : max(begin + len(piece), 0)] = piece[max(-begin, 0) :]
    return samples

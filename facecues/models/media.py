"""Frames and sound into files, and pictures out of them.

Video is H.264 and AAC, exactly in step, with one frame in memory at a time.
"""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from fractions import Fraction
from itertools import chain
from pathlib import Path
from typing import Literal

import av
import av.error
import cv2
import numpy as np
from av.audio.stream import AudioStream
from av.container import OutputContainer
from av.video.reformatter import ColorPrimaries, ColorRange, Colorspace, ColorTrc, VideoReformatter
from av.video.stream import VideoStream
from numpy.typing import NDArray

from facecues.errors import FacecuesError, UsageError
from facecues.resample import AUDIO_RATE, FPS

_AUDIO_BITS = 64_000  # per second; speech in one channel

Picture = NDArray[np.uint8]
Sound = NDArray[np.float32]
Preset = Literal["medium", "veryfast"]


def write_video(
    path: Path,
    frames: Iterable[Picture],
    *,
    fps: int = FPS,
    audio: Sound | None = None,
    audio_rate: int = AUDIO_RATE,
    metadata: Mapping[str, str] | None = None,
    crf: int = 18,
    preset: Preset = "medium",
) -> int:
    """Writes an mp4: H.264, 4:2:0, BT.709, and AAC when there is sound. Same input, same bytes.

    Frame t is shown at t / fps, and the sound begins at 0. On an error the unfinished file is removed.

    Args:
        path: of the file, whatever its suffix.
        frames: (H, W, 3) uint8 RGB each, all of one even size; drawn one by one.
        fps: frames per second.
        audio: (N,) float32 in [-1, 1], one channel, or None.
        audio_rate: samples per second.
        metadata: title, comment, …, for any player to show.
        crf: constant rate factor of x264, 0 (lossless but for the colours) to 51.
        preset: of x264: how long it looks for ways to make the file small.

    Returns:
        How many frames were written.

    Raises:
        UsageError: no frames, or frames or sound of another shape or type.
        FacecuesError: the file cannot be written.
    """
    pictures = iter(frames)
    first = next(pictures, None)
    if first is None:
        raise UsageError(f"A video needs one frame or more, and none came for {path.name}.")
    _check_picture(first, first.shape)
    if audio is not None:
        _check_sound(audio)
    count, reformatter = 0, VideoReformatter()  # one for all frames: it takes longer to make than to use
    with _writing(path, "mp4", metadata) as container:
        video = _video_stream(container, first.shape, fps, crf, preset)
        sound = _audio_stream(container, audio_rate) if audio is not None else None
        for picture in chain([first], pictures):
            _check_picture(picture, first.shape)
            container.mux(video.encode(_to_yuv(picture, count, fps, reformatter)))
            if sound is not None and audio is not None:  # in step, so that the muxer has nothing to hold back
                _encode(container, sound, audio, count * audio_rate // fps, (count + 1) * audio_rate // fps)
            count += 1
        container.mux(video.encode())
        if sound is not None and audio is not None:
            _encode(container, sound, audio, count * audio_rate // fps, len(audio))
            container.mux(sound.encode())
    return count


def write_audio(path: Path, audio: Sound, rate: int = AUDIO_RATE, *, metadata: Mapping[str, str] | None = None) -> None:
    """Writes an m4a: AAC, one channel. On an error the unfinished file is removed.

    Args:
        path: of the file, whatever its suffix.
        audio: (N,) float32 in [-1, 1].
        rate: samples per second.
        metadata: title, comment, …, for any player to show.

    Raises:
        UsageError: sound of another shape or type.
        FacecuesError: the file cannot be written.
    """
    _check_sound(audio)
    with _writing(path, "ipod", metadata) as container:  # FFmpeg's name for m4a
        stream = _audio_stream(container, rate)
        _encode(container, stream, audio, 0, len(audio))
        container.mux(stream.encode())


def read_picture(path: Path) -> Picture:
    """A picture as displayed: (H, W, 3) uint8 RGB, or (H, W, 4) RGBA where it has transparent parts to it.

    Raises:
        UsageError: no such file, or no picture that OpenCV reads.
    """
    try:
        content = np.frombuffer(path.read_bytes(), np.uint8)
    except OSError as error:
        raise UsageError(f"The picture {path} cannot be read: {error.strerror}.") from error
    stored = cv2.imdecode(content, cv2.IMREAD_UNCHANGED) if len(content) else None
    if stored is not None and stored.dtype == np.uint8 and stored.ndim == 3 and stored.shape[2] == 4:
        return stored[..., [2, 1, 0, 3]].astype(np.uint8)
    # Turned as EXIF says, 8 bits, three channels.
    shown = cv2.imdecode(content, cv2.IMREAD_COLOR) if stored is not None else None
    if shown is None:
        raise UsageError(f"{path} is no picture that can be read: give a JPEG or a PNG.")
    return shown[..., ::-1].astype(np.uint8)


def usual_portrait() -> Picture:
    """scikit-image's public-domain photograph of Eileen Collins, (512, 512, 3) uint8 RGB.

    Raises:
        UsageError: scikit-image is not installed.
    """
    try:
        from skimage import data
    except ImportError as error:
        raise UsageError(
            "The usual portrait comes with scikit-image: pip install 'facecues[demo]', or give a portrait."
        ) from error
    return np.asarray(data.astronaut(), np.uint8)  # type: ignore[no-untyped-call]


@contextmanager
def _writing(path: Path, kind: str, metadata: Mapping[str, str] | None) -> Iterator[OutputContainer]:
    """An open container. The index goes to the front, so that players can begin before they have all."""
    done = False
    try:
        with av.open(str(path), "w", format=kind, container_options={"movflags": "+faststart"}) as container:
            container.metadata.update(metadata or {})
            yield container
        done = True
    except (av.error.FFmpegError, OSError) as error:
        raise FacecuesError(f"Cannot write {path}: {error.strerror or error}; name a place that can be.") from error
    finally:
        if not done and path.is_file():
            path.unlink()


def _video_stream(
    container: OutputContainer, shape: tuple[int, ...], fps: int, crf: int, preset: Preset
) -> VideoStream:
    stream = container.add_stream("libx264", rate=fps, options={"crf": str(crf), "preset": preset})
    stream.height, stream.width = shape[:2]
    stream.pix_fmt = "yuv420p"
    context = stream.codec_context
    context.time_base = Fraction(1, fps)
    context.thread_count = 1  # workers are as many as cores; and bytes that do not depend on the machine
    context.colorspace, context.color_range = Colorspace.ITU709, ColorRange.MPEG
    context.color_primaries, context.color_trc = ColorPrimaries.BT709, ColorTrc.BT709
    return stream


def _audio_stream(container: OutputContainer, rate: int) -> AudioStream:
    stream = container.add_stream("aac", rate=rate, layout="mono")
    stream.codec_context.bit_rate = _AUDIO_BITS
    stream.codec_context.thread_count = 1
    return stream


def _to_yuv(picture: Picture, index: int, fps: int, reformatter: VideoReformatter) -> av.VideoFrame:
    rgb = av.VideoFrame.from_ndarray(np.ascontiguousarray(picture), format="rgb24")
    yuv = reformatter.reformat(rgb, format="yuv420p", dst_colorspace=Colorspace.ITU709, dst_color_range=ColorRange.MPEG)
    yuv.pts, yuv.time_base = index, Fraction(1, fps)
    return yuv


def _encode(container: OutputContainer, stream: AudioStream, audio: Sound, start: int, end: int) -> None:
    """Samples start to end, as many of them as there are."""
    samples = audio[start:end]
    if len(samples):
        frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(samples[None]), format="fltp", layout="mono")
        frame.sample_rate, frame.pts, frame.time_base = stream.rate, start, Fraction(1, stream.rate)
        container.mux(stream.encode(frame))


def _check_picture(picture: Picture, shape: tuple[int, ...]) -> None:
    if picture.dtype != np.uint8 or picture.ndim != 3 or picture.shape[2] != 3:
        raise UsageError(f"A frame should be (H, W, 3) uint8 RGB, not {picture.shape} {picture.dtype}.")
    if picture.shape[0] % 2 or picture.shape[1] % 2 or not picture.size:
        height, width = picture.shape[:2]
        raise UsageError(f"A frame's sides should be even, for 4:2:0 colours, not {width}x{height}: crop or pad it.")
    if picture.shape != shape:
        raise UsageError(f"All frames should have the size of the first, {shape}, and one has {picture.shape}.")


def _check_sound(audio: Sound) -> None:
    if audio.dtype != np.float32 or audio.ndim != 1 or not len(audio):
        raise UsageError(f"Sound should be (N,) float32 in [-1, 1] with N > 0, not {audio.shape} {audio.dtype}.")
    if not np.isfinite(audio).all():
        raise UsageError("Sound should be (N,) float32 in [-1, 1], and it holds values that are not finite.")

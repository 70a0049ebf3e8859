"""Videos into a report's folder, such that any browser plays them."""

import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from fractions import Fraction
from math import inf
from pathlib import Path
from typing import Final

import av
import av.error
import numpy as np
import pandas as pd
from av.audio.stream import AudioStream
from av.container import InputContainer, OutputContainer
from av.video.stream import VideoStream

from facecues.metrics.floors import REFERENCE
from facecues.reports.config import ReportConfig
from facecues.reports.names import safe_name
from facecues.reports.results import Evidence, Progress, Results
from facecues.reports.site.words import in_words, said

_COPIED: Final = 640  # pixels in height up to which a video is taken as it is
_HEIGHT: Final = 480  # pixels in height of what is written anew
_CRF: Final = "20"  # not seen beside the original at this size
_SOUND_RATE: Final = 48_000
_PLAYED_SOUND: Final = frozenset({"aac", "mp3"})
_SPREAD: Final = 4  # clips that are shown for being ordinary


@dataclass(frozen=True, slots=True)
class Brought:
    """What came of a report's videos.

    Attributes:
        clips: that were chosen, in the order of the results.
        files: (method, clip id) → address below the folder.
        missing: (method, clip id) → one sentence.
    """

    clips: tuple[str, ...]
    files: Mapping[tuple[str, str], str]
    missing: Mapping[tuple[str, str], str]


def bring_videos(
    results: Results,
    evidence: Evidence,
    config: ReportConfig,
    metrics: Sequence[str],
    folder: Path,
    *,
    progress: Progress,
) -> Brought:
    """Copies or transcodes the videos of the chosen clips to folder/videos/CLIP/METHOD.mp4.

    A video that cannot be had costs only itself; where cues alone were evaluated, none is missed.

    Args:
        metrics: names, the main one first; they choose the clips.
    """
    clips = choose_clips(results, config, metrics)
    told = _told(results)
    files: dict[tuple[str, str], str] = {}
    missing: dict[tuple[str, str], str] = {}
    sides = () if results.cues_alone else (REFERENCE, *results.methods)
    wanted = [(method, clip) for clip in clips for method in sides]
    for done, (method, clip) in enumerate(wanted):
        progress("videos", done, len(wanted))
        source = evidence.video(method, clip)
        if source is None:
            missing[method, clip] = told.get((method, clip), "The video is not there any more, or never was.")
            continue
        address = f"videos/{safe_name(clip)}/{safe_name(method)}.mp4"
        try:
            bring(source, folder / address, evidence.sound(method, clip))
        except (av.error.FFmpegError, OSError, ValueError) as error:  # one video's fault is not the report's
            words = getattr(error, "strerror", None) or error
            missing[method, clip] = told.get((method, clip), f"The video cannot be read: {words}.")
        else:
            files[method, clip] = address
    progress("videos", len(wanted), len(wanted))
    return Brought(clips, files, missing)


def choose_clips(results: Results, config: ReportConfig, metrics: Sequence[str]) -> tuple[str, ...]:
    """Clips with videos, in the order of the results: all, none, or what is most worth seeing.

    "some" takes the worst and the best clip of every metric by the mean over methods, then a few spread over all
    clips, then the worst of every method.
    """
    clips = [str(clip) for clip in results.clips["clip_id"]]
    if config.videos == "none":
        return ()
    if config.videos == "all":
        return tuple(clips)
    chosen: dict[str, None] = {}
    for clip in _worth_seeing(results, metrics, clips):
        if len(chosen) == config.most_videos:
            break
        chosen[clip] = None
    return tuple(clip for clip in clips if clip in chosen)


def bring(source: Path, target: Path, beside: Path | None = None) -> None:
    """One video, byte for byte where browsers play it as it is, else as H.264 and AAC with the same times.

    Args:
        source, target: files.
        beside: holds the sound of a silent video; both begin at once.

    Raises:
        av.error.FFmpegError, OSError, ValueError: it cannot be read or written.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    unfinished, heard = target.with_suffix(".part"), target.with_suffix(".heard")
    try:
        with av.open(str(source), metadata_errors="ignore") as container:
            silent = not container.streams.audio
            if not _plays(container):
                _transcode(container, unfinished)
        if not unfinished.exists():
            shutil.copyfile(source, unfinished)
        if silent and beside is not None:
            with suppress(
                av.error.FFmpegError, ValueError
            ):  # a sound that cannot be read costs itself, not the pictures
                _add_sound(unfinished, beside, heard)
                heard.replace(unfinished)
        unfinished.replace(target)
    finally:
        for left in (unfinished, heard):
            left.unlink(missing_ok=True)


def _worth_seeing(results: Results, metrics: Sequence[str], clips: Sequence[str]) -> Iterator[str]:
    known = set(clips)
    scores = results.scores
    scores = scores[scores["method"].isin(results.methods) & scores["value"].notna() & scores["clip_id"].isin(known)]
    by_metric = {metric: scores[scores["metric"] == metric] for metric in metrics}
    for metric, rows in by_metric.items():
        yield from _ends(results, metric, rows.groupby("clip_id", sort=True)["value"].mean())
    yield from clips[:: max(1, len(clips) // _SPREAD)]
    for metric, rows in by_metric.items():
        for _, own in rows.groupby("method", sort=True):
            yield from _ends(results, metric, own.set_index("clip_id")["value"])[:1]


def _ends(results: Results, metric: str, values: "pd.Series[float]") -> list[str]:
    """The worst and the best clip; of a description the highest and the lowest."""
    if values.empty:
        return []
    highest, lowest = str(values.idxmax()), str(values.idxmin())
    return [lowest, highest] if results.metrics[metric].info.better == "higher" else [highest, lowest]


def _told(results: Results) -> dict[tuple[str, str], str]:
    """What the evaluation said about videos that it could not read, as sentences."""
    rows = results.videos[results.videos["status"] == "failed"]
    told = {}
    for method, clip, reason, message in zip(
        rows["method"], rows["clip_id"], rows["reason"], rows["message"], strict=True
    ):
        words = said(message) or in_words(said(reason))
        told[str(method), str(clip)] = f"{words[:1].upper()}{words[1:].rstrip('.')}."
    return told


def _plays(container: InputContainer) -> bool:
    """Every browser that plays H.264 at all plays it as it is."""
    video = _video(container)
    brand = container.metadata.get("major_brand", "").strip()
    return (
        "mp4" in container.format.name
        and brand != "qt"
        and video.codec_context.name == "h264"
        and video.codec_context.pix_fmt == "yuv420p"
        and 0 < video.codec_context.height <= _COPIED
        and all(sound.codec_context.name in _PLAYED_SOUND for sound in container.streams.audio)
    )


def _video(container: InputContainer) -> VideoStream:
    for stream in container.streams.video:
        if not stream.disposition & av.stream.Disposition.attached_pic and stream.codec_context is not None:
            return stream
    raise ValueError("it holds no pictures")


def _transcode(container: InputContainer, target: Path) -> None:
    video = _video(container)
    video.thread_type = "NONE"
    sound = container.streams.audio[0] if container.streams.audio else None
    rate = video.average_rate or Fraction(25)
    with av.open(str(target), "w", format="mp4", container_options={"movflags": "+faststart"}) as output:
        writer = _Writer(output, rate, with_sound=sound is not None)
        for packet in container.demux([video] if sound is None else [video, sound]):
            try:
                frames = packet.decode()
            except av.error.FFmpegError:  # a damaged spot costs its own frames
                continue
            for frame in frames:
                if isinstance(frame, av.VideoFrame):
                    writer.picture(frame)
                elif isinstance(frame, av.AudioFrame):
                    writer.sound(frame)
        writer.finish()


def _add_sound(video: Path, sound: Path, target: Path) -> None:
    """The pictures as they are coded, and the sound as AAC, as long as the pictures.

    Raises:
        av.error.FFmpegError, ValueError: there is no sound, or it cannot be read.
    """
    with (
        av.open(str(video)) as shown,
        av.open(str(sound), metadata_errors="ignore") as heard,
        av.open(str(target), "w", format="mp4", container_options={"movflags": "+faststart"}) as output,
    ):
        source = _video(shown)
        pictures = output.add_stream_from_template(source)
        aac = output.add_stream("aac", rate=_SOUND_RATE, layout="stereo")
        aac.codec_context.thread_count = 1
        for packet in shown.demux(source):
            if packet.dts is not None:
                packet.stream = pictures
                output.mux(packet)
        resampler = av.AudioResampler(format="fltp", layout="stereo", rate=_SOUND_RATE)
        end_s = _seconds(shown)
        for frame in heard.decode(_first_sound(heard)):
            if (frame.time or 0.0) >= end_s:
                break
            for part in resampler.resample(frame):
                output.mux(aac.encode(part))
        output.mux(aac.encode())


def _first_sound(container: InputContainer) -> AudioStream:
    if not container.streams.audio:
        raise ValueError("it holds no sound")
    return container.streams.audio[0]


def _seconds(container: InputContainer) -> float:
    return inf if container.duration is None else container.duration / av.time_base


class _Writer:
    """Pictures and sound at their own times, counted from the first picture."""

    _TICKS: Final = Fraction(1, 90_000)  # divides by all usual rates

    def __init__(self, output: OutputContainer, rate: Fraction, *, with_sound: bool) -> None:
        self._output = output
        self._rate = rate
        self._video: VideoStream | None = None
        self._sound: AudioStream | None = None
        self._resampler = av.AudioResampler(format="fltp", layout="stereo", rate=_SOUND_RATE)
        self._early: list[av.AudioFrame] = []
        self._origin_s = 0.0
        self._last = -1
        if with_sound:
            self._sound = output.add_stream("aac", rate=_SOUND_RATE, layout="stereo")
            self._sound.codec_context.thread_count = 1

    def picture(self, frame: av.VideoFrame) -> None:
        if frame.rotation % 360:
            frame = _upright(frame)
        if self._video is None:
            self._origin_s = frame.time or 0.0
            self._video = self._open(frame)
            for early in self._early:
                self.sound(early)
        usual = self._last + round(1 / self._rate / self._TICKS) if self._last >= 0 else 0
        pts = usual if frame.time is None else round((frame.time - self._origin_s) / self._TICKS)
        pts = pts if pts > self._last else usual
        self._last = pts
        shown = frame.reformat(width=self._video.width, height=self._video.height, format="yuv420p")
        shown.pts, shown.time_base = pts, self._TICKS
        self._output.mux(self._video.encode(shown))

    def sound(self, frame: av.AudioFrame) -> None:
        if self._sound is None:
            return
        if self._video is None:  # the origin is not known yet
            self._early.append(frame)
            return
        for part in self._resampler.resample(frame):
            time_s = (part.time or 0.0) - self._origin_s
            if time_s >= 0:
                part.pts, part.time_base = round(time_s * _SOUND_RATE), Fraction(1, _SOUND_RATE)
                self._output.mux(self._sound.encode(part))

    def finish(self) -> None:
        if self._video is None:
            raise ValueError("not one of its frames can be decoded")
        self._output.mux(self._video.encode())
        if self._sound is not None:
            self._output.mux(self._sound.encode())

    def _open(self, frame: av.VideoFrame) -> VideoStream:
        height = min(_HEIGHT, frame.height) // 2 * 2
        width = max(2, round(frame.width * height / frame.height / 2) * 2)
        stream = self._output.add_stream("libx264", rate=self._rate, options={"crf": _CRF, "preset": "veryfast"})
        stream.width, stream.height, stream.pix_fmt = width, max(2, height), "yuv420p"
        stream.codec_context.time_base = self._TICKS
        stream.codec_context.thread_count = 1
        return stream


def _upright(frame: av.VideoFrame) -> av.VideoFrame:
    """The frame as displayed: its container says by how many quarter turns it is coded turned."""
    turned = np.rot90(frame.to_ndarray(format="rgb24"), round(frame.rotation / 90) % 4)
    upright = av.VideoFrame.from_ndarray(np.ascontiguousarray(turned, np.uint8), format="rgb24")
    upright.pts, upright.time_base = frame.pts, frame.time_base
    return upright

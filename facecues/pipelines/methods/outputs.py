"""What a program wrote: found, looked at in full, and taken over without encoding its pictures again."""

from collections.abc import Iterator, Mapping
from heapq import merge
from pathlib import Path
from typing import Any, Literal

import av
import av.error
from av.container import InputContainer, OutputContainer
from av.packet import Packet

from facecues.config import Limits
from facecues.errors import ClipError
from facecues.models.media import write_audio
from facecues.pipelines.methods.command import ProgramError, Trouble
from facecues.preprocess.decode import Decoder
from facecues.preprocess.sound import Sound

_AUDIO_CODECS = ("aac", "mp3")  # that every player knows in an mp4


def check_video(video: Path, limits: Limits) -> int:
    """Decodes a video from its first frame to its last.

    Returns:
        How many frames it has.

    Raises:
        ProgramError: BROKEN_OUTPUT: it is no video, over a limit, or something in it does not decode.
    """
    try:
        with Decoder(video, limits) as decoder:
            for _ in decoder:
                pass
    except ClipError as error:
        raise ProgramError(Trouble.BROKEN_OUTPUT, f"its video {video.name}: {error.message}") from error
    if decoder.lost or decoder.damaged or decoder.decoded < decoder.declared - decoder.discarded:
        raise ProgramError(
            Trouble.BROKEN_OUTPUT,
            f"its video {video.name} is damaged: of {decoder.declared or 'its'} frames {decoder.decoded} decode, "
            f"{decoder.damaged} of them with errors",
        )
    return decoder.decoded


def take_over(video: Path, target: Path, sound: Sound, metadata: Mapping[str, str], scratch: Path) -> None:
    """Writes an mp4 with the very pictures of a video, packet by packet, and with sound.

    The sound is the video's own, as it is, where it has some that any player knows in an mp4; else the given one.

    Args:
        video: of the program.
        target: file to write.
        sound: that the program was given; it begins with the pictures.
        metadata: title, comment, …
        scratch: folder for a file of the sound.

    Raises:
        ProgramError: BROKEN_OUTPUT: an mp4 cannot hold its pictures.
        OSError: the target cannot be written.
    """
    spoken = video
    if not _has_sound(video):
        spoken = scratch / "sound.m4a"
        write_audio(spoken, sound)
    try:
        with (
            av.open(str(video), metadata_errors="ignore") as pictures,
            av.open(str(spoken), metadata_errors="ignore") as heard,
            av.open(str(target), "w", format="mp4", container_options={"movflags": "+faststart"}) as written,
        ):
            written.metadata.update(metadata)
            packets = [_copied(pictures, "video", written), _copied(heard, "audio", written)]
            for packet in merge(*packets, key=_seconds):  # in step, so that the muxer has nothing to hold back
                written.mux(packet)
    except (av.error.FFmpegError, ValueError) as error:
        if isinstance(error, OSError):  # the disk's, not the video's
            raise
        raise ProgramError(
            Trouble.BROKEN_OUTPUT,
            f"its video {video.name} does not go into an mp4 as it is ({error}): have the program write H.264",
        ) from error


def _has_sound(video: Path) -> bool:
    with av.open(str(video), metadata_errors="ignore") as container:
        stream = container.streams.best("audio")
        return stream is not None and stream.codec_context is not None and stream.codec_context.name in _AUDIO_CODECS


def _copied(
    source: InputContainer, kind: Literal["video", "audio"], written: OutputContainer
) -> "Iterator[Packet[Any]]":
    """The packets of a file's best stream, on their way into a new stream, which is there at once."""
    stream = source.streams.best(kind)
    assert stream is not None
    target = written.add_stream_from_template(stream)

    def packets() -> "Iterator[Packet[Any]]":
        for packet in source.demux(stream):
            if packet.dts is not None:
                packet.stream = target
                yield packet

    return packets()


def _seconds(packet: "Packet[Any]") -> float:
    assert packet.dts is not None and packet.time_base is not None
    return float(packet.dts * packet.time_base)

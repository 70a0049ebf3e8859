"""An account of a clip's sound: rate, true end, silence. The samples themselves are not kept here."""

from pathlib import Path

import av
import av.error
import numpy as np
from av.audio.frame import AudioFrame
from av.audio.stream import AudioStream

from facecues.errors import ClipError
from facecues.reasons import ClipReason


class AudioAccount:
    """Adds up decoded audio frames.

    Attributes:
        rate: samples per second.
        end_s: presentation time at which the last sample ends, seconds.
        silent: every sample so far is exactly zero.
        damaged: packets that did not decode.
    """

    def __init__(self, stream: AudioStream) -> None:
        self.rate = int(stream.rate)
        self.end_s = 0.0
        self.silent = True
        self.damaged = 0

    def add(self, frame: AudioFrame) -> None:
        """Counts one decoded frame."""
        if frame.time is not None:
            self.end_s = max(self.end_s, frame.time + frame.samples / frame.sample_rate)
        else:
            self.end_s += frame.samples / frame.sample_rate
        # Once a sound is heard the question is settled; the samples of a long clip are not looked at again.
        if self.silent:
            self.silent = not any(np.asarray(memoryview(plane)).any() for plane in frame.planes)


def account_of_file(path: Path) -> AudioAccount | None:
    """Reads the first audio stream of a file to its end; None when it holds no sound.

    Raises:
        ClipError: NO_AUDIO, when the file does not open.
    """
    try:
        with av.open(str(path), metadata_errors="ignore") as container:
            if not container.streams.audio:
                return None
            stream = container.streams.audio[0]
            account = AudioAccount(stream)
            for packet in container.demux(stream):
                try:
                    for frame in packet.decode():
                        account.add(frame)
                except av.error.FFmpegError:
                    account.damaged += 1
            return account
    except (av.error.FFmpegError, OSError) as error:
        raise ClipError(ClipReason.NO_AUDIO, f"the audio file {path.name} does not open: {error}") from error

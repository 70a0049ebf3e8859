"""What an extraction and an evaluation have in common: decode, track, observe, and report at the end."""

from collections import deque
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path

import pyarrow as pa

from facecues.errors import ClipError
from facecues.preprocess.audio import AudioAccount, account_of_file
from facecues.preprocess.contracts import ClipReport, GazeBackend, LandmarkBackend, Tracked
from facecues.preprocess.cues import Observed, cue_batch
from facecues.preprocess.decode import Decoder
from facecues.preprocess.remarks import remarks_on
from facecues.preprocess.video import Frame
from facecues.reasons import FrameReason

_CHUNK = 256  # frames whose cues are computed and written together
_AHEAD = 8  # frames decoded in one go: 25 MB at 1080p


def observe(decoder: Decoder, landmarks: LandmarkBackend, gaze: GazeBackend) -> Iterator[tuple[Tracked, Observed]]:
    """Decodes and tracks a video once. Each frame comes with what `cue_batch` needs of it; the frame itself is
    the caller's to let go of."""
    for tracked in landmarks.track(_ahead(decoder)):
        frame, face = tracked.frame, tracked.face
        reason = None
        if face is None:
            reason = FrameReason.DECODE_ERROR if frame.damaged else FrameReason.NO_FACE
        picture = gaze.observe(frame, face) if face is not None else None
        yield tracked, Observed(frame.index, frame.time_s, reason, face, picture)


class CueRows:
    """Turns observed frames into rows of CUE_SCHEMA, a chunk at a time; nothing grows with the clip.

    Attributes:
        with_face: frames with a face, so far.
        faces_seen: most faces seen at once.
    """

    def __init__(self, gaze: GazeBackend, sink: Callable[[pa.RecordBatch], None]) -> None:
        self.with_face = self.faces_seen = 0
        self._gaze = gaze
        self._sink = sink
        self._chunk: list[Observed] = []

    def add(self, observed: Observed, faces_seen: int) -> None:
        """Takes the next frame."""
        self.with_face += observed.face is not None
        self.faces_seen = max(self.faces_seen, faces_seen)
        self._chunk.append(observed)
        if len(self._chunk) == _CHUNK:
            self.flush()

    def flush(self) -> None:
        """Passes on what is left; to be called at the end."""
        if self._chunk:
            self._sink(cue_batch(self._chunk, self._gaze))
            self._chunk = []


def report_on(decoder: Decoder, audio: Path | None, with_face: int, faces_seen: int) -> ClipReport:
    """The measured columns of a clip.

    Args:
        decoder: spent.
        audio: the sound file beside the video, None: there is none.
        with_face: frames with a face.
        faces_seen: most faces seen at once.
    """
    sound, sound_problem = _sound(audio, decoder)
    coverage = with_face / decoder.decoded
    status, reason, message = remarks_on(decoder, sound, sound_problem, coverage, faces_seen)
    return ClipReport(
        status=status,
        reason=reason,
        message=message,
        frames=decoder.decoded,
        fps=decoder.decoded / decoder.duration_s if decoder.duration_s > 0 else None,
        width=decoder.width,
        height=decoder.height,
        duration_s=decoder.duration_s,
        audio_in_video=decoder.audio is not None,
        audio_rate=sound.rate if sound else None,
        coverage=coverage,
    )


def _sound(audio: Path | None, decoder: Decoder) -> tuple[AudioAccount | None, str | None]:
    """The clip's sound, from the file beside it or from the container, and what is wrong with the file."""
    if audio is None:
        return decoder.audio, None
    try:
        account = account_of_file(audio)
    except ClipError as error:
        return decoder.audio, error.message
    if account is None:
        return decoder.audio, f"{audio.name} holds no sound"
    return account, None


def _ahead(decoder: Decoder) -> Iterator[Frame]:
    """Frames in their order, decoded a few at a time: the decoder and the networks crowd each other out of the caches,
    and taking turns less often gains 7 %."""
    frames = iter(decoder)
    while few := deque(islice(frames, _AHEAD)):
        while few:
            yield few.popleft()  # and let go of it

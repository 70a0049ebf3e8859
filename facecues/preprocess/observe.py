"""What an extraction and an evaluation have in common: decode, track, observe, and report at the end."""

from collections import deque
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path

import numpy as np
import pyarrow as pa

from facecues.errors import ClipError
from facecues.preprocess.audio import AudioAccount, account_of_file
from facecues.preprocess.contracts import ClipReport, Face, GazeBackend, LandmarkBackend, Tracked
from facecues.preprocess.cues import Observed, cue_batch
from facecues.preprocess.decode import Decoder
from facecues.preprocess.remarks import remarks_on
from facecues.preprocess.video import Frame
from facecues.reasons import ClipReason, FrameReason

_CHUNK = 256  # frames whose cues are computed and written together
_AHEAD = 8  # frames decoded in one go: 25 MB at 1080p
_POINTS = (("box", (4,)), ("landmarks", (68, 3)), ("irises", (2, 3)))  # of a Face
_EACH = "expected one Tracked for each frame, in order"


def observe(decoder: Decoder, landmarks: LandmarkBackend, gaze: GazeBackend) -> Iterator[tuple[Tracked, Observed]]:
    """Decodes and tracks a video once. Each frame comes with what `cue_batch` needs of it; the frame itself is
    the caller's to let go of.

    Raises:
        ClipError: of the decoder; or INTERNAL_ERROR, when the backend does not give what its contract says.
    """
    for tracked in _held_to_contract(landmarks, decoder):
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


def _held_to_contract(backend: LandmarkBackend, decoder: Decoder) -> Iterator[Tracked]:
    """What a backend gives, one for each frame: a gap, or points of another shape, would pass for a measurement."""
    frames = _ahead(decoder)
    given = 0
    for tracked in backend.track(frames):
        if not isinstance(tracked, Tracked):
            raise _broken(backend, f"gave {type(tracked).__name__}: expected Tracked, a frame with its face or None")
        if tracked.frame.index != given:
            raise _broken(backend, f"gave frame {tracked.frame.index} in the place of frame {given}: {_EACH}")
        if tracked.face is not None:
            _require_shapes(backend, tracked.face)
        given += 1
        yield tracked
    left = sum(1 for _ in frames)
    if left or given != decoder.decoded:
        raise _broken(backend, f"gave {given} of {decoder.decoded} frames: {_EACH}")


def _require_shapes(backend: LandmarkBackend, face: Face) -> None:
    for name, shape in _POINTS:
        points = getattr(face, name)
        if np.shape(points) != shape and not (name == "irises" and points is None):
            raise _broken(backend, f"gave {name} {np.shape(points)}: expected {shape}")


def _broken(backend: LandmarkBackend, how: str) -> ClipError:
    return ClipError(ClipReason.INTERNAL_ERROR, f"the landmark backend {backend.signature} {how}")


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

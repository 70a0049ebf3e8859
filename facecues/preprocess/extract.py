"""One clip to its cues: decode once, touch each frame once, keep nothing that grows with the clip."""

from collections import deque
from collections.abc import Callable, Iterator, Mapping
from itertools import islice
from pathlib import Path

import cv2
import pyarrow as pa

from facecues.config import ExtractConfig, Limits
from facecues.errors import ClipError
from facecues.preprocess.audio import AudioAccount, account_of_file
from facecues.preprocess.contracts import ClipReport, GazeBackend, LandmarkBackend
from facecues.preprocess.cues import Observed, cue_batch
from facecues.preprocess.decode import Decoder
from facecues.preprocess.gaze import gaze_backend
from facecues.preprocess.landmarks import landmark_backend
from facecues.preprocess.remarks import remarks_on
from facecues.preprocess.template import TEMPLATE_HASH
from facecues.preprocess.video import Frame
from facecues.reasons import FrameReason
from facecues.weights import REGISTRY, sha256_of

_CHUNK = 256  # frames whose cues are computed and written together
_AHEAD = 8  # frames decoded in one go: 25 MB at 1080p
_VERSION = 1  # raise when the cues change for a reason that no other part of the signature names


class CueExtractor:
    """The ClipExtractor of `facecues extract`. One instance serves many clips, one after the other.

    Attributes:
        signature: names everything that changes the cues.
        weights: sha256 of the weights in use, by name.
    """

    def __init__(
        self, landmarks: LandmarkBackend, gaze: GazeBackend, limits: Limits, weights: Mapping[str, str]
    ) -> None:
        self.weights = weights
        self._landmarks = landmarks
        self._gaze = gaze
        self._limits = limits
        self.signature = (
            f"cues|landmarks:{landmarks.signature}|gaze:{gaze.signature}|template:{TEMPLATE_HASH}|v:{_VERSION}"
        )

    def __call__(self, video: Path, audio: Path | None, sink: Callable[[pa.RecordBatch], None]) -> ClipReport:
        """See ClipExtractor."""
        with_face = several = 0
        with Decoder(video, self._limits) as decoder:
            for chunk in _chunks(self._observe(decoder)):
                observed = [one for one, _ in chunk]
                with_face += sum(one.face is not None for one in observed)
                several = max(several, *(seen for _, seen in chunk))
                sink(cue_batch(observed, self._gaze))
        sound, sound_problem = _sound(audio, decoder)
        coverage = with_face / decoder.decoded
        status, reason, message = remarks_on(decoder, sound, sound_problem, coverage, several)
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

    def _observe(self, decoder: Decoder) -> Iterator[tuple[Observed, int]]:
        for tracked in self._landmarks.track(_ahead(decoder)):
            frame, face = tracked.frame, tracked.face
            reason = None
            if face is None:
                reason = FrameReason.DECODE_ERROR if frame.damaged else FrameReason.NO_FACE
            picture = self._gaze.observe(frame, face) if face is not None else None
            yield Observed(frame.index, frame.time_s, reason, face, picture), tracked.faces_seen


def build_extractor(config: ExtractConfig) -> CueExtractor:
    """Loads the backends of a configuration; the weights are fetched when they are not here.

    Raises:
        WeightsMissingError, BackendUnavailableError: one sentence that says what is needed.
    """
    cv2.setNumThreads(1)  # one native thread per worker
    landmarks, gaze = landmark_backend(config), gaze_backend(config)
    used = {config.landmarks, f"l2cs ({config.l2cs_bins} bins)" if config.gaze == "l2cs" else config.gaze}
    hashes = {name: sha256_of(name) for name, weight in REGISTRY.items() if used.intersection(weight.unlocks)}
    return CueExtractor(landmarks, gaze, config.limits, hashes)


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


def _chunks(items: Iterator[tuple[Observed, int]]) -> Iterator[list[tuple[Observed, int]]]:
    while chunk := list(islice(items, _CHUNK)):
        yield chunk

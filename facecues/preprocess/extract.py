"""One clip to its cues: decode once, touch each frame once, keep nothing that grows with the clip."""

from collections.abc import Callable, Mapping
from pathlib import Path

import cv2
import pyarrow as pa

from facecues.config import ExtractConfig, Limits
from facecues.preprocess.contracts import ClipReport, GazeBackend, LandmarkBackend
from facecues.preprocess.decode import Decoder
from facecues.preprocess.gaze import gaze_backend
from facecues.preprocess.landmarks import landmark_backend
from facecues.preprocess.observe import CueRows, observe, report_on
from facecues.preprocess.template import TEMPLATE_HASH
from facecues.weights import REGISTRY, sha256_of

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
        self.signature = cue_signature(landmarks, gaze)

    def __call__(self, video: Path, audio: Path | None, sink: Callable[[pa.RecordBatch], None]) -> ClipReport:
        """See ClipExtractor."""
        rows = CueRows(self._gaze, sink)
        with Decoder(video, self._limits) as decoder:
            for tracked, observed in observe(decoder, self._landmarks, self._gaze):
                rows.add(observed, tracked.faces_seen)
        rows.flush()
        return report_on(decoder, audio, rows.with_face, rows.faces_seen)


def cue_signature(landmarks: LandmarkBackend, gaze: GazeBackend) -> str:
    """Names everything that changes the cues."""
    return f"cues|landmarks:{landmarks.signature}|gaze:{gaze.signature}|template:{TEMPLATE_HASH}|v:{_VERSION}"


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

"""A trained classifier of cues as an instrument: it judges a clip as a whole, and needs no picture."""

from pathlib import Path

import numpy as np

from facecues.metrics.contracts import CueTrack, Float32
from facecues.models.emotion.folder import load_cue_classifier


class CueEmotionClassifier:
    """An emotion classifier on cues. See CueNetwork.

    Attributes:
        classes: what each column stands for, in the names of facecues.labels.EMOTIONS.
    """

    def __init__(self, folder: Path, device: str = "cpu") -> None:
        """`folder`: one that `facecues train emotion` wrote.

        Raises:
            UsageError, WeightsMissingError, BackendUnavailableError: as `load_cue_classifier`.
        """
        self._classifier = load_cue_classifier(folder, device)
        self.name = self._classifier.name
        self.signature = self._classifier.signature
        self.classes = self._classifier.classes

    def of_track(self, track: CueTrack) -> Float32:
        """(T, classes) float32 probabilities, the same at every instant; NaN where there is no face."""
        seen = self._classifier.probabilities(track.normalized, track.gaze, track.rotation)
        return np.where(track.has_face[:, None], seen, np.float32(np.nan))

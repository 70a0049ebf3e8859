"""facecues: data pipelines and evaluation for emotional talking-face video."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from facecues.cues import load_clips, load_cues, to_array
    from facecues.dataset import CueDataset

__version__ = "0.1.0"

# Public names and where they live. Looked up when first used: importing facecues stays fast and free of torch.
_PUBLIC = {
    "CueDataset": "facecues.dataset",
    "load_clips": "facecues.cues",
    "load_cues": "facecues.cues",
    "to_array": "facecues.cues",
}
__all__ = ["CueDataset", "__version__", "load_clips", "load_cues", "to_array"]


def __getattr__(name: str) -> Any:
    if name not in _PUBLIC:
        raise AttributeError(f"module 'facecues' has no attribute {name!r}")
    return getattr(import_module(_PUBLIC[name]), name)

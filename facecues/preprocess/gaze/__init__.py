"""Gaze backends behind one interface (facecues.preprocess.contracts.GazeBackend)."""

from facecues.config import ExtractConfig
from facecues.preprocess.contracts import GazeBackend


def gaze_backend(config: ExtractConfig) -> GazeBackend:
    """Loads the backend that a configuration names. Only that one's libraries are imported."""
    if config.gaze == "iris":
        from facecues.preprocess.gaze.iris import IrisGaze

        return IrisGaze()
    from facecues.preprocess.gaze.l2cs import L2CSGaze

    return L2CSGaze(config)

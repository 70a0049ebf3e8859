"""Gaze backends behind one interface (facecues.preprocess.contracts.GazeBackend)."""

from facecues import plugins
from facecues.config import ExtractConfig
from facecues.preprocess.contracts import GazeBackend


def gaze_backend(config: ExtractConfig) -> GazeBackend:
    """Loads the backend that a configuration names. Only that one's libraries are imported.

    A plugin of group `facecues.gaze` is called with the configuration.
    """
    if config.gaze == "iris":
        from facecues.preprocess.gaze.iris import IrisGaze

        return IrisGaze()
    if config.gaze == "l2cs":
        from facecues.preprocess.gaze.l2cs import L2CSGaze

        return L2CSGaze(config)
    made: GazeBackend = plugins.make("gaze", config.gaze, config)
    return made

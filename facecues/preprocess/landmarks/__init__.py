"""Landmark backends behind one interface (facecues.preprocess.contracts.LandmarkBackend)."""

from facecues import plugins
from facecues.config import ExtractConfig
from facecues.preprocess.contracts import LandmarkBackend


def landmark_backend(config: ExtractConfig) -> LandmarkBackend:
    """Loads the backend that a configuration names. Only that one's libraries are imported.

    A plugin of group `facecues.landmarks` is called with the configuration.
    """
    if config.landmarks == "facemesh":
        from facecues.preprocess.landmarks.facemesh import FaceMeshBackend

        return FaceMeshBackend()
    if config.landmarks == "face-landmarker":
        from facecues.preprocess.landmarks.face_landmarker import FaceLandmarkerBackend

        return FaceLandmarkerBackend()
    if config.landmarks == "face-alignment":
        from facecues.preprocess.landmarks.fan import FaceAlignmentBackend

        return FaceAlignmentBackend(config)
    made: LandmarkBackend = plugins.make("landmarks", config.landmarks, config)
    return made

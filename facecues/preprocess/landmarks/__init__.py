"""Landmark backends behind one interface (facecues.preprocess.contracts.LandmarkBackend)."""

from facecues.config import ExtractConfig
from facecues.preprocess.contracts import LandmarkBackend


def landmark_backend(config: ExtractConfig) -> LandmarkBackend:
    """Loads the backend that a configuration names. Only that one's libraries are imported."""
    if config.landmarks == "facemesh":
        from facecues.preprocess.landmarks.facemesh import FaceMeshBackend

        return FaceMeshBackend()
    if config.landmarks == "face-landmarker":
        from facecues.preprocess.landmarks.face_landmarker import FaceLandmarkerBackend

        return FaceLandmarkerBackend()
    from facecues.preprocess.landmarks.fan import FaceAlignmentBackend

    return FaceAlignmentBackend(config)

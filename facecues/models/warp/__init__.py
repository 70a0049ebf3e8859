"""The `warp` renderer: a portrait moved by landmarks, gaze and pose, without any trained generator."""

from facecues.models.warp.head import Rest, WarpHead, rest_of

__all__ = ["Rest", "WarpHead", "rest_of"]

"""The `warp` renderer: a portrait moved by landmarks, gaze and pose, without any trained generator."""

from facecues.models.warp.head import WarpHead

__all__ = ["WarpHead"]

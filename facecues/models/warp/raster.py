"""Triangles to texture coordinates per pixel, through OpenCV's software rasteriser."""

import cv2
import numpy as np
from numpy.typing import NDArray

# The rasteriser has a perspective camera. Far away and narrow it is the weak perspective that cues are defined in.
_DISTANCE = 100.0
_SETTINGS = cv2.TriangleRasterizeSettings()
_SETTINGS.setCullingMode(cv2.RASTERIZE_CULLING_NONE)
_SETTINGS.setShadingType(cv2.RASTERIZE_SHADING_SHADED)
_CAMERA = np.eye(4, dtype=np.float32)


class Rasterizer:
    """Draws one mesh, whose vertices move, into square maps of texture coordinates.

    Args:
        faces: (F, 3) int32 vertex numbers.
        texture: (V, 2) where each vertex lies in the texture, pixels.
        texture_size: width, height of the texture, pixels.
        size: side of the map, pixels.
    """

    def __init__(
        self, faces: NDArray[np.int32], texture: NDArray[np.float64], texture_size: tuple[int, int], size: int
    ) -> None:
        self._faces = np.ascontiguousarray(faces, np.int32)
        self._size = size
        self._extent = np.array([*texture_size, 1.0], np.float32)
        colors = np.zeros((len(texture), 3), np.float32)
        colors[:, :2] = (texture + 0.5) / self._extent[:2]  # colours must lie in 0..1
        self._colors = colors
        self._buffer = np.zeros((size, size, 3), np.float32)

    def __call__(self, vertices: NDArray[np.float64]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Maps for cv2.remap: columns and rows of the texture for every pixel.

        Args:
            vertices: (V, 3) pixels of the map, z away from the camera in the same scale. The nearest one is seen.
        """
        depth = -(_DISTANCE + vertices[:, 2] / self._size)
        points = np.empty((len(vertices), 3), np.float32)
        points[:, 0] = -depth * ((vertices[:, 0] + 0.5) * (2 / self._size) - 1)
        points[:, 1] = -depth * (1 - (vertices[:, 1] + 0.5) * (2 / self._size))
        points[:, 2] = depth
        cv2.triangleRasterizeColor(
            points, self._faces, self._colors, self._buffer, _CAMERA, np.pi / 2, _DISTANCE / 2, 2 * _DISTANCE, _SETTINGS
        )
        columns, rows, _ = cv2.split(self._buffer)
        return columns * self._extent[0] - np.float32(0.5), rows * self._extent[1] - np.float32(0.5)

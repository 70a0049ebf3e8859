"""Rotated square regions of interest, and the way between their pixels and the frame's."""

from dataclasses import dataclass
from math import atan2, cos, sin

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Roi:
    """A square in the frame. `angle` in radians, from the frame's x axis to the square's, clockwise as seen."""

    x: float
    y: float
    side: float
    angle: float

    def matrix(self, size: int) -> NDArray[np.float64]:
        """(2, 3): pixel of a size x size patch -> frame pixel.

        The patch's pixel 0 lies on the square's edge and its step is side / size: MediaPipe's corner-aligned
        sampling, without which the points move by about one percent of the patch.
        """
        step = self.side / size
        c, s = cos(self.angle) * step, sin(self.angle) * step
        half = size / 2
        return np.array([[c, -s, self.x - half * c + half * s], [s, c, self.y - half * s - half * c]], np.float64)

    def to_frame(self, points: NDArray[np.float32], size: int) -> NDArray[np.float32]:
        """(n, 3) patch pixels -> (n, 3) frame pixels; z is scaled alike and keeps its direction."""
        matrix = self.matrix(size).astype(np.float32)
        out = np.empty_like(points)
        out[:, :2] = points[:, :2] @ matrix[:, :2].T + matrix[:, 2]
        out[:, 2] = points[:, 2] * np.float32(self.side / size)
        return out


def angle_of(start: NDArray[np.float32], end: NDArray[np.float32]) -> float:
    """Direction of start -> end in the frame, radians."""
    return atan2(float(end[1] - start[1]), float(end[0] - start[0]))


def box_of(points: NDArray[np.float32]) -> NDArray[np.float32]:
    """Bounds of (n, 2 or more) points: x0, y0, x1, y1."""
    return np.concatenate([points[:, :2].min(axis=0), points[:, :2].max(axis=0)])


def overlap(one: NDArray[np.float32], other: NDArray[np.float32]) -> float:
    """Intersection over union of two boxes, 0 to 1."""
    width = min(one[2], other[2]) - max(one[0], other[0])
    height = min(one[3], other[3]) - max(one[1], other[1])
    if width <= 0 or height <= 0:
        return 0.0
    both = float(width * height)
    return both / (area(one) + area(other) - both)


def area(box: NDArray[np.float32]) -> float:
    """Square pixels of a box."""
    return float((box[2] - box[0]) * (box[3] - box[1]))

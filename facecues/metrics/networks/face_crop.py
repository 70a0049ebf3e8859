"""Upright crops of faces for networks that see a face alone, placed by the 68 landmarks."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from facecues.metrics.contracts import Batch, Float32, Float64, Pictures

_WARP = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP


def has_face(batch: Batch) -> NDArray[np.bool_]:
    """Which frames of a batch have a face, (n,) bool."""
    return np.asarray(np.isfinite(batch.landmarks).all(axis=(1, 2)))


@dataclass(frozen=True, slots=True)
class FaceCrop:
    """A rectangle about a face, in units of the spread of its points, and the picture it becomes.

    The spread is the root mean square distance of the 68 points, x and y, from their mean: unlike the extent of the
    points it does not hang on one jaw point, and unlike the distance of the eyes it hardly shrinks in a turned head.

    Attributes:
        width, height: sides, spreads.
        lift: how far the centre lies above the mean of the points, spreads.
        size: side of the picture, pixels. A rectangle that is not square is stretched.
    """

    width: float
    height: float
    lift: float
    size: int

    @property
    def signature(self) -> str:
        """What of it changes the numbers."""
        return f"box:{self.width:g}x{self.height:g}+{self.lift:g},in:{self.size}"

    def rectangles(self, landmarks: Float32) -> Float64:
        """Left, top, right and bottom edge, pixels: (n, 68, 2 or 3) -> (n, 4) float64."""
        points = landmarks[..., :2].astype(np.float64)
        centre = points.mean(axis=1)
        spread = np.sqrt(((points - centre[:, None]) ** 2).sum(axis=2).mean(axis=1))[:, None]
        centre = centre - spread * [0.0, self.lift]
        half = spread * [self.width / 2, self.height / 2]
        return np.concatenate([centre - half, centre + half], axis=1)

    def cut(self, pictures: Pictures, landmarks: Float32) -> Pictures:
        """Crops, bilinearly and without a low-pass; beyond the picture its border goes on.

        Args:
            pictures: (n, h, w, channels) uint8.
            landmarks: (n, 68, 2 or 3), pixels of the pictures, no NaN.

        Returns:
            (n, size, size, channels) uint8.
        """
        made = [self._cut_one(*pair) for pair in zip(pictures, self.rectangles(landmarks), strict=True)]
        return np.stack(made) if made else np.empty((0, self.size, self.size, pictures.shape[3]), np.uint8)

    def _cut_one(self, picture: NDArray[np.uint8], rectangle: Float64) -> NDArray[np.uint8]:
        """One crop. The outer edges of the rectangle's and the crop's pixels meet, as when one resizes."""
        corner, step = rectangle[:2], (rectangle[2:] - rectangle[:2]) / self.size
        start = corner + (step - 1) / 2
        matrix = np.array([[step[0], 0.0, start[0]], [0.0, step[1], start[1]]])
        crop = cv2.warpAffine(
            np.ascontiguousarray(picture), matrix, (self.size, self.size), flags=_WARP, borderMode=cv2.BORDER_REPLICATE
        )
        return crop.reshape(self.size, self.size, picture.shape[2]).astype(np.uint8, copy=False)

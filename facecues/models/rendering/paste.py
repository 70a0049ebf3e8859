"""Frames of a face, put back into the picture that it was cut from."""

from dataclasses import dataclass
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from facecues.models.rendering.contracts import Picture

_EDGE: Final = 0.08  # of the crop's side, over which it fades into the picture


@dataclass(frozen=True, slots=True, eq=False)
class Setting:
    """A picture and the place of the face in it.

    Attributes:
        picture: (H, W, 3) uint8 RGB, both sides even.
    """

    picture: Picture
    _to_picture: NDArray[np.float64]  # (2, 3) frame to picture, pixels
    _weight: NDArray[np.float32]  # (H, W, 1)

    @classmethod
    def of(cls, portrait: NDArray[Any], crop: NDArray[np.float64], size: int) -> "Setting":
        """The whole portrait as the setting.

        Args:
            portrait: (H, W, 3) uint8 RGB; an odd last row or column is left away, for 4:2:0 colours.
            crop: (2, 3) portrait to frame, pixels.
            size: side of the frames.
        """
        height, width = (side - side % 2 for side in portrait.shape[:2])
        back = np.asarray(cv2.invertAffineTransform(crop), np.float64)
        weight = cv2.warpAffine(_fading(size), back, (width, height), flags=cv2.INTER_LINEAR)
        return cls(np.ascontiguousarray(portrait[:height, :width]), back, weight[..., None].astype(np.float32))

    def place(self, frame: Picture) -> Picture:
        """(H, W, 3) uint8: the picture with the frame in its place, its edge faded."""
        height, width = self.picture.shape[:2]
        placed = cv2.warpAffine(
            frame, self._to_picture, (width, height), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
        )
        mixed = self.picture + self._weight * (placed.astype(np.float32) - self.picture)
        return np.rint(mixed).astype(np.uint8)


def _fading(size: int) -> NDArray[np.float32]:
    """(size, size): 1 inside, down to 0 at the edge."""
    ramp = np.minimum(np.arange(size) + 0.5, size - 0.5 - np.arange(size)) / (_EDGE * size)
    soft = np.clip(ramp, 0, 1)
    soft = soft * soft * (3 - 2 * soft)
    return np.outer(soft, soft).astype(np.float32)

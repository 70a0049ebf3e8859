"""What makes one portrait into several people: other proportions, other colours."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

Float64 = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Look:
    """Changes of a face. All zero, and not mirrored: the portrait itself.

    Attributes:
        breadth, length: of the head, share added.
        jaw: breadth at the jaw, share added there.
        lower_face: length from nose to chin, share added there.
        nose: breadth of the nose, share added there.
        lightness, red_green, blue_yellow: added in CIELAB, units of L*, a*, b*.
        contrast: share added to the spread of L*.
        mirrored: left and right swapped.
    """

    breadth: float = 0.0
    length: float = 0.0
    jaw: float = 0.0
    lower_face: float = 0.0
    nose: float = 0.0
    lightness: float = 0.0
    red_green: float = 0.0
    blue_yellow: float = 0.0
    contrast: float = 0.0
    mirrored: bool = False

    def reshape(self, points: Float64) -> Float64:
        """(..., 3) points of the head frame, template units, in the new proportions."""
        x, y, z = points[..., 0], points[..., 1], points[..., 2]
        in_face = np.exp(-0.5 * (np.maximum(np.hypot(x, y - 0.4) - 1.0, 0) / 0.4) ** 2)  # leave the room alone
        at_jaw = np.exp(-0.5 * ((y - 1.0) / 0.35) ** 2)
        at_nose = np.exp(-0.5 * ((y - 0.42) / 0.18) ** 2 - 0.5 * (x / 0.22) ** 2)
        below_nose = np.clip(y - 0.5, 0.0, 0.9)
        wide = 1 + in_face * (self.breadth + self.jaw * at_jaw) + self.nose * at_nose
        tall = y * (1 + in_face * self.length) + in_face * self.lower_face * below_nose
        return np.stack([x * wide, tall, z], axis=-1)

    def recolor(self, image: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """(H, W, 3) uint8 RGB in the new colours."""
        lab = cv2.cvtColor(image.astype(np.float32) / 255, cv2.COLOR_RGB2LAB)
        light = lab[..., 0]
        # Black and white stay what they are.
        lighter = (light - 50) * (1 + self.contrast) + 50 + self.lightness * np.sin(np.pi * light / 100)
        shifted = np.dstack([lighter, lab[..., 1] + self.red_green, lab[..., 2] + self.blue_yellow])
        rgb = cv2.cvtColor(shifted.astype(np.float32), cv2.COLOR_LAB2RGB)
        return np.clip(np.rint(rgb * 255), 0, 255).astype(np.uint8)


def look_of(rng: np.random.Generator) -> Look:
    """A person drawn at random."""
    small = rng.normal(0.0, 1.0, 9).clip(-1.8, 1.8)
    return Look(
        breadth=0.035 * small[0],
        length=0.03 * small[1],
        jaw=0.05 * small[2],
        lower_face=0.06 * small[3],
        nose=0.08 * small[4],
        lightness=9.0 * small[5],
        red_green=3.5 * small[6],
        blue_yellow=6.0 * small[7],
        contrast=0.06 * small[8],
        mirrored=bool(rng.random() < 0.5),
    )

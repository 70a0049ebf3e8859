"""What every renderer can do: read a portrait, and let it follow cues."""

from collections.abc import Iterator
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from facecues.models.cue_generator.contracts import Reference
from facecues.models.warp.portrait import Place
from facecues.sequences import Cues

Picture = NDArray[np.uint8]


class Head(Protocol):
    """A portrait, ready to be moved.

    Attributes:
        size: side of the frames, pixels.
        reference: the portrait itself as the one who speaks; it looks at the camera.
        crop: (2, 3) float64, pixels of the portrait to those of the frames.
    """

    @property
    def size(self) -> int: ...
    @property
    def reference(self) -> Reference: ...
    @property
    def crop(self) -> NDArray[np.float64]: ...

    def render(self, cues: Cues, reference: Reference) -> Iterator[Picture]:
        """Frames of the portrait, moved as the cues move away from the reference.

        Args:
            cues: T frames; may be a piece of a longer performance, whose pieces come one after the other.
            reference: that the cues were made for.

        Yields:
            (size, size, 3) uint8 RGB.
        """
        ...


class Renderer(Protocol):
    """Makes heads of portraits.

    Attributes:
        signature: names everything that changes the pictures, the weights' hash among it.
    """

    @property
    def signature(self) -> str: ...

    def prepare(self, portrait: NDArray[Any], size: int, near: Place | None = None) -> Head:
        """Reads a portrait.

        Args:
            portrait: (H, W), (H, W, 3) or (H, W, 4) uint8, RGB or RGBA, of one face.
            size: side of the frames, 256 or 512 pixels.
            near: x, y of the face, pixels, where it is known: then there may be others.

        Raises:
            UsageError: another size, another kind of picture, no face in it, or several.
        """
        ...

"""The renderer that needs no weights: facecues.models.warp, led by cues."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from facecues.models.cue_generator.contracts import Reference
from facecues.models.rendering.contracts import Picture
from facecues.models.rendering.lead import lead, reference_at
from facecues.models.warp import WarpHead
from facecues.models.warp.portrait import Place
from facecues.preprocess.landmarks.facemesh import FaceMeshBackend
from facecues.sequences import Cues

WARP: Final = "warp"
_VERSION: Final = 1  # raise when the same cues give other pictures


@dataclass(frozen=True, slots=True, eq=False)
class LedHead:
    """A warped portrait."""

    head: WarpHead

    @property
    def size(self) -> int:
        """Side of the frames, pixels."""
        return self.head.size

    @property
    def crop(self) -> NDArray[np.float64]:
        """(2, 3) portrait to frame, pixels."""
        return self.head.crop

    @property
    def reference(self) -> Reference:
        """The portrait as the one who speaks."""
        return reference_at(self.head.neutral, self.head.pose)

    def render(self, cues: Cues, reference: Reference) -> Iterator[Picture]:
        """See the contract."""
        yield from self.head.render(lead(self.head.neutral, self.head.pose, cues, reference))


class WarpRenderer:
    """See `facecues.models.rendering.contracts.Renderer`."""

    signature = f"{WARP}|lead:{_VERSION}"

    @cached_property
    def _backend(self) -> FaceMeshBackend:
        return FaceMeshBackend()

    def prepare(self, portrait: NDArray[Any], size: int, near: Place | None = None) -> LedHead:
        """See the contract."""
        return LedHead(WarpHead.prepare(portrait, size, near=near, backend=self._backend))

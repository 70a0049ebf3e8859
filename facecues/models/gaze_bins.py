"""Gaze as classes: each axis is cut into equal bins, and an angle is the expectation over them.

Classifying gaze and regressing the expectation is L2CS-Net's (Abdelrahman et al., "L2CS-Net: Fine-Grained Gaze
Estimation in Unconstrained Environments", 2022), after Hopenet (Ruiz et al., CVPR workshops 2018), which does so with
head pose. `MPII` and `GAZE360` have the constants of its code, Ahmednull/L2CS-Net. `MEAD` is this project's own: the
talking-face paper (arXiv 2406.07895) is said to discretise gaze, but no number of its bins is public.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final, Literal, NamedTuple

import numpy as np
from array_api_compat import array_namespace, device
from numpy.typing import NDArray

Array = Any  # numpy.ndarray or torch.Tensor
Float64 = NDArray[np.float64]

MISSING: Final = -1
"""Class of an angle that is NaN."""


class Encoded(NamedTuple):
    """classes: int64, `MISSING` where there was NaN. clamped: how many were outside the range."""

    classes: NDArray[np.int64]
    clamped: int


@dataclass(frozen=True, slots=True)
class GazeBins:
    """Equal bins of one axis of gaze.

    Attributes:
        name: of this choice of bins.
        count: of bins.
        width: of a bin, degrees.
        low: where the first bin begins, degrees.
        decodes: which point of a bin stands for it. The left edge is half a bin too low for angles that lie anywhere
            in their bin; L2CS-Net's regression loss makes up for it in training, so its checkpoints need it.
    """

    name: str
    count: int
    width: float
    low: float
    decodes: Literal["left edge", "center"] = "center"

    @property
    def high(self) -> float:
        """Where the last bin ends, degrees."""
        return self.low + self.count * self.width

    @property
    def edges(self) -> Float64:
        """(count + 1,) degrees."""
        return self.low + self.width * np.arange(self.count + 1, dtype=np.float64)

    @property
    def centers(self) -> Float64:
        """(count,) degrees."""
        return self.edges[:-1] + self.width / 2

    @property
    def levels(self) -> Float64:
        """(count,) degrees: the angle that stands for each bin when decoded."""
        return self.centers if self.decodes == "center" else self.edges[:-1]

    def encode(self, values: NDArray[Any]) -> Encoded:
        """Classes of angles; one on an edge belongs to the bin above it.

        Args:
            values: degrees, any shape. What lies outside [low, high) goes into the nearest bin, and is counted.
        """
        values = np.asarray(values, np.float64)
        missing = np.isnan(values)
        known = np.where(missing, self.low, values)
        classes = np.clip(np.searchsorted(self.edges, known, side="right") - 1, 0, self.count - 1)
        outside = ((known < self.low) | (known >= self.high)) & ~missing
        return Encoded(np.where(missing, MISSING, classes).astype(np.int64), int(outside.sum()))

    def one_hot(self, classes: NDArray[np.int64]) -> NDArray[np.float32]:
        """Classes of any shape to (…, count) float32; zeros throughout where one is `MISSING`.

        Raises:
            ValueError: a class that is neither one of these bins nor `MISSING`.
        """
        classes = np.asarray(classes)
        if classes.size and (classes.min() < MISSING or classes.max() >= self.count):
            raise ValueError(
                f"expected classes 0 to {self.count - 1}, or {MISSING} where gaze is missing, "
                f"got {classes.min()} to {classes.max()}"
            )
        hot: NDArray[np.bool_] = classes[..., None] == np.arange(self.count)
        return hot.astype(np.float32)

    def decode(self, probabilities: Array) -> Array:
        """Expected angle, degrees: the sum of `levels` times their probabilities.

        Args:
            probabilities: (…, count), NumPy or Torch, adding up to one along the last axis; the answer (…) is of the
                same library and type, and differentiable.

        Raises:
            ValueError: another number of bins.
        """
        if probabilities.shape[-1] != self.count:
            raise ValueError(f"expected {self.count} probabilities along the last axis, got {probabilities.shape[-1]}")
        xp = array_namespace(probabilities)
        levels = xp.asarray(self.levels, dtype=probabilities.dtype, device=device(probabilities))
        return xp.sum(probabilities * levels, axis=-1)


MPII: Final = GazeBins("mpii", count=28, width=3.0, low=-42.0, decodes="left edge")
GAZE360: Final = GazeBins("gaze360", count=90, width=4.0, low=-180.0, decodes="left edge")
MEAD: Final = GazeBins("mead", count=40, width=1.5, low=-30.0)

GAZE_BINS: Final[Mapping[str, GazeBins]] = MappingProxyType({bins.name: bins for bins in (MEAD, MPII, GAZE360)})

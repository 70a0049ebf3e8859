"""Clips grouped by the actor they show. One partition serves standard errors, draws and sign flips alike."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from facecues.metrics.contracts import Float64

Unit = Literal["actor", "clip"]

_LARGEST: Final = 1e100  # the squares of larger values overflow


@dataclass(frozen=True, slots=True, eq=False)
class Clusters:
    """A partition of n clips into G clusters.

    Attributes:
        names: (G,) sorted; of the actors, or the clips' positions where actors are unknown.
        codes: (n,) each clip's position in `names`.
        unit: what one cluster is.
    """

    names: tuple[str, ...]
    codes: NDArray[np.intp]
    unit: Unit

    def __len__(self) -> int:
        return len(self.names)

    def sum(self, columns: Float64) -> Float64:
        """(n, m) values per clip to (G, m) sums per cluster."""
        sums = np.zeros((len(self), columns.shape[1]))
        np.add.at(sums, self.codes, columns)
        return sums


def group_clips(actors: Sequence[str] | None, clips: int) -> Clusters:
    """The partition of clips by actor.

    Args:
        actors: (clips,) actor of each clip; None where actors are not known at all: each clip is then a cluster.
        clips: number of clips.

    Raises:
        ValueError: there is no clip, the lengths differ, or a single actor is missing.
    """
    if clips == 0:
        raise ValueError("Statistics need at least one clip, got none.")
    if actors is None:
        return Clusters(tuple(map(str, range(clips))), np.arange(clips), "clip")
    if len(actors) != clips:
        raise ValueError(f"Expected one actor per clip, got {len(actors)} actors for {clips} clips.")
    named = list(actors)
    missing = [position for position, actor in enumerate(named) if bool(pd.isna(actor)) or not str(actor)]
    if missing:
        raise ValueError(
            f"Every clip needs its actor, but {len(missing)} of {clips} have none, the first at position {missing[0]}; "
            "pass actors=None if actors are unknown and each clip may count as independent."
        )
    names, codes = np.unique(np.asarray(named, dtype=str), return_inverse=True)
    return Clusters(tuple(map(str, names)), codes, "actor")


def value_columns(values: ArrayLike) -> Float64:
    """Values per clip and metric as (n, m) float64, NaN where missing.

    Raises:
        ValueError: another number of dimensions, or a value that is infinite or as good as that.
    """
    columns = np.asarray(values, dtype=np.float64)
    if columns.ndim != 2:
        raise ValueError(f"Expected a (clips, metrics) matrix, got shape {columns.shape}.")
    if (np.abs(columns) > _LARGEST).any():
        raise ValueError(
            f"Expected finite values up to {_LARGEST:g}, or NaN where missing, got an infinite or larger one."
        )
    return columns


def value_column(values: ArrayLike) -> Float64:
    """One metric's values as an (n, 1) matrix."""
    column = np.asarray(values, dtype=np.float64)
    if column.ndim != 1:
        raise ValueError(f"Expected one value per clip, shape (clips,), got shape {column.shape}.")
    return column[:, None]

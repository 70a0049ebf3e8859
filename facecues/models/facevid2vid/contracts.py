"""What the parts of stage 2 hand to each other."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from torch import Tensor


class HeadPose(NamedTuple):
    """What the head pose and expression estimator says of pictures.

    Attributes:
        rotation: (B, 3) yaw, pitch, roll, degrees, in the generator's own convention.
        translation: (B, 3) of all keypoints, in [-1, 1] units of the picture.
        expression: (B, K, 3) of each keypoint, the same units.
    """

    rotation: Tensor
    translation: Tensor
    expression: Tensor


class Generated(NamedTuple):
    """What the generator makes.

    Attributes:
        picture: (B, 3, H, W) RGB in [0, 1].
        mask: (B, K + 1, D, h, w) share of each motion.
        occlusion: (B, 1, h, w) in [0, 1]; 0 where nothing of the source is seen.
    """

    picture: Tensor
    mask: Tensor
    occlusion: Tensor


@dataclass(frozen=True, slots=True, eq=False)
class FacePictures:
    """Frames of clips, cut to the face by one box per clip, so that a head that moves still moves in it.

    Attributes:
        pictures: (N, S, S, 3) uint8 RGB; may be a memory map.
        points: (N, 70, 3) float32: 68 relocated landmarks and two pupils, right eye first, in crop units: x and y from
            -1 (centre of the first pixel) to 1 (of the last one), z in the same scale.
        rotation: (N, 3) float32 pitch, yaw, roll, degrees, as in the store.
        starts: (clips + 1,) int64: clip c has the rows starts[c] to starts[c + 1].
        clips: rows of clips.parquet.
    """

    pictures: NDArray[np.uint8]
    points: NDArray[np.float32]
    rotation: NDArray[np.float32]
    starts: NDArray[np.int64]
    clips: pd.DataFrame


def crop_units(points: NDArray[np.floating], side: int) -> NDArray[np.float32]:
    """(…, 3) pixels of a square picture of that side, to the units of `FacePictures.points`."""
    return (points * (2 / (side - 1)) - [1, 1, 0]).astype(np.float32)

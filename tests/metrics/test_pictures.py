"""Comparing pictures frame by frame: a metric gives one value for each."""

import numpy as np
import pytest

from facecues.metrics.contracts import Batch
from facecues.metrics.pictures import compare_batches, compare_pictures

PICTURES = np.zeros((3, 8, 8, 3), np.uint8)


class Flat:
    """Means of whole batches where means of frames are meant."""

    def prepare(self, batch):
        return batch.pictures.mean()

    def compare(self, pred, target):
        return pred - target


def test_one_value_for_several_frames_is_refused():
    batch = Batch(PICTURES, np.full((3, 68, 3), np.nan, np.float32))
    with pytest.raises(ValueError, match=r"^compare gave values \(\): expected \(3,\), one for each frame$"):
        compare_batches(Flat(), batch, 0.0)
    with pytest.raises(ValueError, match=r"expected \(3,\)"):
        compare_pictures(Flat(), PICTURES, PICTURES)

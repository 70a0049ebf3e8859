import numpy as np

from facecues.models.facevid2vid.contracts import crop_units


def test_crop_units_are_minus_one_and_one_at_the_outermost_pixels() -> None:
    np.testing.assert_allclose(crop_units(np.array([[0, 0, 0], [63, 63, 63.0]]), 64), [[-1, -1, 0], [1, 1, 2]])

"""Properties of PSNR. Published values are in tests/parity."""

import math

import numpy as np
import pytest

from facecues.metrics.psnr import ATVGNET, Psnr, PsnrOptions, psnr
from tests.metrics.pictures import BAD_PAIRS, batch_of, noisy, scene

OPTIONS = [PsnrOptions(), PsnrOptions(color="grey"), ATVGNET]


def test_infinite_for_identical_pictures_and_for_them_alone():
    a = scene()
    b = a.copy()
    b[1, 0, 0, 0] ^= 1
    assert np.isinf(psnr(a, b)).tolist() == [True, False, True]


def test_identical_pictures_get_the_value_that_the_options_give_them():
    assert psnr(scene(1)[0], scene(1)[0], PsnrOptions(identical=100)) == 100
    assert psnr(scene(), scene(), ATVGNET).tolist() == [100] * 3


def test_known_value_for_a_known_difference():
    dark = np.zeros((16, 16, 3), np.uint8)
    assert psnr(dark, np.full_like(dark, 255)) == 0
    assert float(psnr(dark + 7, dark)) == pytest.approx(20 * math.log10(255 / 7), abs=1e-12)
    one = dark.copy()
    one[3, 4, 1] = 9
    assert float(psnr(one, dark)) == pytest.approx(10 * math.log10(255**2 * dark.size / 81), abs=1e-12)


@pytest.mark.parametrize("options", OPTIONS[:2])
def test_symmetric(options):
    a, b = scene(), noisy(scene(), 20)
    assert np.array_equal(psnr(a, b, options), psnr(b, a, options))


@pytest.mark.parametrize("options", OPTIONS[:2])
def test_falls_with_added_noise(options):
    values = [psnr(noisy(scene(1), sigma), scene(1), options)[0] for sigma in (1, 2, 5, 10, 20, 40)]
    assert all(np.diff(values) < 0)


@pytest.mark.parametrize("options", OPTIONS)
def test_batch_size_and_order_change_nothing(options):
    a, b = scene(11), noisy(scene(11), 15)
    whole = psnr(a, b, options)
    assert whole.tolist() == [float(psnr(x, y, options)) for x, y in zip(a, b, strict=True)]
    assert np.array_equal(psnr(a[::-1], b[::-1], options), whole[::-1])


def test_atvgnet_wraps_differences_around_and_the_default_does_not():
    dark = np.zeros((8, 8, 3), np.uint8)
    assert psnr(dark, dark + 16, ATVGNET) == 100  # 240 squared is a multiple of 256: taken for identical
    assert float(psnr(dark, dark + 16, PsnrOptions(color="grey"))) == pytest.approx(20 * math.log10(255 / 16))


def test_what_was_prepared_once_serves_every_comparison():
    metric, target = Psnr(), scene()
    reference = metric.prepare(batch_of(target))
    for sigma in (5, 10):
        pred = noisy(target, sigma)
        assert np.array_equal(metric.compare(metric.prepare(batch_of(pred)), reference), psnr(pred, target))


def test_list_of_frames_will_do():
    a, b = scene(), noisy(scene(), 20)
    assert np.array_equal(psnr(list(a), list(b)), psnr(a, b))


@pytest.mark.parametrize("pair", BAD_PAIRS.values(), ids=BAD_PAIRS)
def test_other_shapes_and_types_are_refused(pair):
    with pytest.raises(ValueError, match="expected"):
        psnr(*pair)


def test_signature_names_colour_and_the_quirks():
    assert Psnr().signature == "psnr|color:channels|range:255|v:1"
    assert Psnr(ATVGNET).signature == "psnr|color:grey|range:255|diff:wrapped|identical:100.0|v:1"

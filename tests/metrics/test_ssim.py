"""Properties of SSIM. Equality with scikit-image and with published values is in tests/parity."""

import numpy as np
import pytest

from facecues.metrics.ssim import SSIM, Ssim, SsimOptions, ssim
from tests.metrics.pictures import BAD_PAIRS, batch_of, noisy, scene

OPTIONS = [(window, color) for window in ("gaussian", "uniform") for color in ("channels", "grey")]


@pytest.mark.parametrize(("window", "color"), OPTIONS)
def test_one_for_identical_pictures(window, color):
    assert ssim(scene(), scene(), window=window, color=color) == pytest.approx([1.0] * 3, abs=1e-15)
    assert SSIM.ideal == 1.0


def test_one_for_identical_flat_pictures():
    flat = np.full((20, 20, 3), 77, np.uint8)
    assert ssim(flat, flat) == pytest.approx(1.0, abs=1e-12)


@pytest.mark.parametrize(("window", "color"), OPTIONS)
def test_symmetric(window, color):
    a, b = scene(), noisy(scene(), 20)
    assert np.array_equal(ssim(a, b, window=window, color=color), ssim(b, a, window=window, color=color))


@pytest.mark.parametrize(("window", "color"), OPTIONS)
def test_falls_with_added_noise(window, color):
    values = [ssim(noisy(scene(1), sigma), scene(1), window=window, color=color)[0] for sigma in (0, 2, 5, 10, 20, 40)]
    assert all(np.diff(values) < 0)


def test_negative_where_one_picture_is_the_negative_of_the_other():
    assert ssim(255 - scene(1), scene(1))[0] < 0


@pytest.mark.parametrize(("window", "color"), OPTIONS)
def test_batch_size_and_order_change_nothing(window, color):
    a, b = scene(11), noisy(scene(11), 15)
    whole = ssim(a, b, window=window, color=color)
    assert whole.shape == (11,)
    assert whole.tolist() == [float(ssim(x, y, window=window, color=color)) for x, y in zip(a, b, strict=True)]
    assert np.array_equal(ssim(a[::-1], b[::-1], window=window, color=color), whole[::-1])


def test_what_was_prepared_once_serves_every_comparison():
    metric, target = Ssim(), scene()
    reference = metric.prepare(batch_of(target))
    for sigma in (5, 10):
        pred = noisy(target, sigma)
        assert np.array_equal(metric.compare(metric.prepare(batch_of(pred)), reference), ssim(pred, target))


def test_pictures_that_are_no_contiguous_memory_are_compared_alike():
    a, b = scene(), noisy(scene(), 15)
    assert np.array_equal(ssim(a[:, :, ::-1], b[:, :, ::-1]), ssim(a[:, :, ::-1].copy(), b[:, :, ::-1].copy()))


@pytest.mark.parametrize("pair", BAD_PAIRS.values(), ids=BAD_PAIRS)
def test_other_shapes_and_types_are_refused(pair):
    with pytest.raises(ValueError, match="expected"):
        ssim(*pair)


@pytest.mark.parametrize(("window", "least"), [("gaussian", 11), ("uniform", 7)])
def test_picture_smaller_than_the_window_is_refused(window, least):
    small = np.zeros((least - 1, 40, 3), np.uint8)
    with pytest.raises(ValueError, match=f"at least {least} x {least} pixels, got {least - 1} x 40"):
        ssim(small, small, window=window)
    assert ssim(*[np.zeros((least, least, 3), np.uint8)] * 2, window=window) == pytest.approx(1)


def test_unknown_window_is_refused_with_the_allowed_ones():
    with pytest.raises(ValueError, match="'gaussian' or 'uniform'"):
        ssim(scene(), scene(), window="box")


def test_signature_names_window_covariance_and_colour():
    assert Ssim().signature == "ssim|win:gaussian-11-1.5|cov:population|color:channels|range:255|v:1"
    assert len({Ssim(SsimOptions(window=window, color=color)).signature for window, color in OPTIONS}) == 4

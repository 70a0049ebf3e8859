import numpy as np
import pytest

from facecues.models.gaze_bins import GAZE360, GAZE_BINS, MEAD, MISSING, MPII

ALL = pytest.mark.parametrize("bins", GAZE_BINS.values(), ids=GAZE_BINS)


@ALL
def test_bins_cover_a_range_around_straight_ahead(bins):
    assert bins.low == -bins.high
    assert len(bins.edges) == bins.count + 1
    np.testing.assert_allclose(np.diff(bins.edges), bins.width)


@ALL
def test_a_class_decodes_to_its_level(bins):
    classes = np.arange(bins.count)
    np.testing.assert_allclose(bins.decode(bins.one_hot(classes).astype(np.float64)), bins.levels)


@ALL
def test_an_angle_lies_inside_its_bin(bins):
    angles = np.random.default_rng(0).uniform(bins.low, bins.high, (50, 2))
    classes, clamped = bins.encode(angles)
    assert clamped == 0
    assert (bins.edges[classes] <= angles).all()
    assert (angles < bins.edges[classes + 1]).all()


def test_centers_are_never_more_than_half_a_bin_off():
    angles = np.random.default_rng(0).uniform(-30, 30, 500)
    decoded = MEAD.decode(MEAD.one_hot(MEAD.encode(angles).classes))
    assert np.abs(decoded - angles).max() <= MEAD.width / 2 + 1e-5
    assert abs((decoded - angles).mean()) < 0.1


@pytest.mark.parametrize("bins", [MPII, GAZE360], ids=["mpii", "gaze360"])
def test_left_edges_are_half_a_bin_low_on_average(bins):
    angles = np.linspace(-40, 40, 8001)
    error = bins.decode(bins.one_hot(bins.encode(angles).classes)) - angles
    assert error.mean() == pytest.approx(-bins.width / 2, abs=0.05)


def test_decoding_equals_the_formulas_of_the_source():
    probabilities = np.random.default_rng(0).dirichlet(np.ones(28), 7)
    np.testing.assert_allclose(MPII.decode(probabilities), 3 * (probabilities * np.arange(28)).sum(-1) - 42)
    probabilities = np.random.default_rng(0).dirichlet(np.ones(90), 7)
    np.testing.assert_allclose(GAZE360.decode(probabilities), 4 * (probabilities * np.arange(90)).sum(-1) - 180)
    probabilities = np.random.default_rng(0).dirichlet(np.ones(40), 7)
    np.testing.assert_allclose(MEAD.decode(probabilities), 1.5 * ((probabilities * np.arange(40)).sum(-1) + 0.5) - 30)


def test_what_is_out_of_range_is_clamped_and_counted():
    classes, clamped = MEAD.encode(np.array([-90.0, -30.0, 29.999, 30.0, 90.0, np.nan]))
    assert classes.tolist() == [0, 0, 39, 39, 39, MISSING]
    assert clamped == 3


def test_a_missing_angle_has_no_class():
    classes, clamped = MEAD.encode(np.array([[np.nan, 0.0]]))
    assert clamped == 0
    assert MEAD.one_hot(classes).sum(-1).tolist() == [[0.0, 1.0]]


def test_classes_that_do_not_exist_are_refused():
    with pytest.raises(ValueError, match="expected classes 0 to 39"):
        MEAD.one_hot(np.array([40]))
    with pytest.raises(ValueError, match="expected 40 probabilities"):
        MEAD.decode(np.ones((3, 28)))


def test_torch_decodes_alike_and_has_a_gradient():
    torch = pytest.importorskip("torch")
    logits = torch.zeros(2, MEAD.count, requires_grad=True)
    angle = MEAD.decode(logits.softmax(-1))
    np.testing.assert_allclose(angle.detach().numpy(), 0, atol=1e-5)
    angle.sum().backward()
    np.testing.assert_allclose(logits.grad.numpy()[0], MEAD.levels / MEAD.count, rtol=1e-4)

"""The terms of the loss: zero for the truth, and blind to what does not count."""

import numpy as np
import pytest
import torch

from facecues.models.cue_generator.config import LossWeights
from facecues.models.cue_generator.losses import cue_losses
from facecues.models.cue_generator.network import POSE, SHAPE, CueNetwork, Frame, Heads
from tests.models.cue_generator.material import small

BATCH, FRAMES = 2, 6


def drawn(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def network(variant="full") -> CueNetwork:
    return CueNetwork(small(variant).network, 28, 13)


def truth() -> Frame:
    return Frame(*(drawn(BATCH, FRAMES, size, seed=size) for size in (SHAPE, 2, POSE)))


def heads(true: Frame, net: CueNetwork) -> Heads:
    """What would be said by one who knows."""
    classes = torch.from_numpy(net.bins.encode(true.gaze.numpy()).classes)
    sure = 200 * torch.nn.functional.one_hot(classes, net.bins.count).float()
    if net.config.gaze == "regression":
        sure = true.gaze[..., None] / 10
    return Heads(true, sure[..., 0, :], sure[..., 1, :], true.pose, torch.full_like(true.pose, -4.0))


def terms(said, true, net, valid=None, *, forced=True, weights=None):
    valid = torch.ones(BATCH, FRAMES) if valid is None else valid
    return cue_losses(net, said, true, valid, weights or LossWeights(gaze_expectation=0), forced=forced)


@pytest.mark.parametrize("variant", ["full", "lstm"])
def test_the_truth_costs_nothing(variant) -> None:
    net, true = network(variant), truth()
    found = terms(heads(true, net), true, net)
    assert found["landmarks"] == found["velocity"] == 0
    assert float(found["gaze"]) == pytest.approx(0, abs=1e-5)
    if variant == "lstm":
        assert found["pose"] == 0


def test_frames_without_cues_do_not_count() -> None:
    net, true = network(), truth()
    valid = torch.ones(BATCH, FRAMES)
    valid[:, 4:] = 0
    absurd = Frame(*(torch.cat([one[:, :4], 100 + one[:, 4:]], dim=1) for one in true))
    said = heads(true, net)._replace(pose=true.pose + 0.1)
    one, other = (terms(said, each, net, valid) for each in (true, absurd))
    assert {name: float(value) for name, value in one.items()} == pytest.approx(
        {name: float(value) for name, value in other.items()}
    )


def test_the_mouth_weighs_more() -> None:
    net, true = network(), truth()

    def cost(point) -> float:
        shape = true.shape.clone()
        shape[..., 3 * point] += 1
        return float(terms(heads(true._replace(shape=shape), net), true, net)["landmarks"])

    assert cost(50) == pytest.approx(LossWeights().mouth * cost(3), rel=1e-4)


@pytest.mark.parametrize("distance", ["absolute", "squared"])
def test_another_face_at_rest_costs_no_motion_but_less_movement_does(distance) -> None:
    net, true = network(), truth()
    weights = LossWeights(motion=1.0, distance=distance)
    valid = torch.ones(BATCH, FRAMES)
    valid[:, 4:] = 0

    def cost(shape) -> float:
        return float(terms(heads(true._replace(shape=shape), net), true, net, valid, weights=weights)["motion"])

    assert cost(true.shape + drawn(BATCH, 1, SHAPE)) == pytest.approx(0, abs=1e-5)
    assert cost(0.5 * true.shape) > 0.05
    assert "motion" not in terms(heads(true, net), true, net)


def test_drawn_cues_are_not_held_against_the_truth_and_neither_are_lids() -> None:
    net, true = network(), truth()
    shape = true.shape.clone()
    shape[..., 3 * 36 : 3 * 48] += 5
    said = heads(true, net)._replace(frame=true._replace(shape=shape), pose=true.pose + 3)
    free, forced = (terms(said, true, net, forced=flag) for flag in (False, True))
    assert free["landmarks"] == 0 and free.keys() == {"landmarks", "velocity"}
    assert all(forced[name] > 0 for name in ("landmarks", "pose"))


def test_the_pose_is_least_costly_at_the_error_s_own_deviation() -> None:
    net, true = network(), truth()
    error = 0.3 * drawn(BATCH, FRAMES, POSE, seed=9)
    best = float(error.square().mean().sqrt().log())

    def cost(log_sigma) -> float:
        said = heads(true, net)._replace(pose=true.pose + error, log_sigma=torch.full_like(error, log_sigma))
        # Weights of the terms follow the deviation, so costs are compared at one weight.
        return float(terms(said, true, net)["pose"] / np.exp(min(log_sigma, 0)))

    assert cost(best) < min(cost(best - 0.4), cost(best + 0.4))


def test_gaze_next_to_its_bin_costs_less_than_far_from_it_by_the_expectation() -> None:
    net, true = network(), truth()
    weights = LossWeights(gaze_expectation=1.0)

    def cost(shift) -> float:
        moved = Frame(true.shape, true.gaze + shift * net.bins.width, true.pose)
        said = heads(moved, net)
        return float(terms(said._replace(frame=true), true, net, weights=weights)["gaze"])

    assert cost(0) < cost(1) < cost(4)

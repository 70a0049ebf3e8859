"""Losses of stage 2: each is zero where it should be, and sees what it is for."""

import numpy as np
import pytest
import torch
from scipy.spatial.transform import Rotation

from facecues.models.facevid2vid.contracts import HeadPose
from facecues.models.facevid2vid.discriminator import Judgement
from facecues.models.facevid2vid.losses import (
    GUIDES,
    Bend,
    adversarial,
    discriminating,
    draw_bend,
    equivariance,
    expression,
    feature_matching,
    generator_degrees,
    guidance,
    head_pose,
    keypoint_prior,
    mouth,
    perceptual,
)
from facecues.preprocess.geometry import rotation_matrix

CPU = torch.device("cpu")


def judged(verdict, *features) -> Judgement:
    return Judgement([torch.full((2, 3, 4, 4), value) for value in features], torch.full((2, 1, 3, 3), verdict))


def pictures(seed=0, side=32):
    return torch.rand(2, 3, side, side, generator=torch.Generator().manual_seed(seed))


def test_the_perceptual_loss_is_zero_for_identical_pictures_and_adds_up_layers_and_sizes() -> None:
    def look(seen):
        return [seen, 2 * seen]

    true, made = pictures(), pictures() + 0.5
    assert perceptual(look, true, true, 4, 1) == 0
    assert perceptual(look, made, true, 1, 1) == pytest.approx(0.5 + 1.0, rel=1e-5)
    assert perceptual(look, made, true, 3, 1) == pytest.approx(3 * 1.5, rel=1e-5)


def test_pictures_that_the_perceptual_network_is_too_large_for_are_left_out() -> None:
    def look(seen):
        assert min(seen.shape[2:]) >= 16
        return [seen]

    assert perceptual(look, pictures() + 1, pictures(), 4, 16) == pytest.approx(2.0, rel=1e-5)


def test_the_perceptual_loss_teaches_what_is_made_and_not_what_is_true() -> None:
    true, made = pictures().requires_grad_(), pictures(1).requires_grad_()
    perceptual(lambda seen: [seen.square()], made, true, 1, 1).backward()
    assert made.grad is not None and made.grad.abs().sum() > 0 and true.grad is None


def test_hinge_losses_are_zero_beyond_the_margin_and_pull_apart_within() -> None:
    assert discriminating(judged(1.5), judged(-1.0)) == 0
    assert discriminating(judged(0.0), judged(0.0)) == 2
    assert adversarial(judged(3.0)) == -3


def test_feature_matching_is_the_mean_difference_of_each_block() -> None:
    assert feature_matching(judged(0.0, 1.0, 2.0), judged(5.0, 1.0, 2.0)) == 0
    assert feature_matching(judged(0.0, 1.0, 2.0), judged(0.0, 1.5, 0.0)) == pytest.approx(2.5)


def test_a_bend_of_no_size_changes_neither_points_nor_pictures() -> None:
    still = Bend(torch.eye(2, 3).expand(2, 2, 3), torch.zeros(2, 25))
    points = torch.rand(2, 7, 2) * 2 - 1
    torch.testing.assert_close(still.points(points), points)
    torch.testing.assert_close(still.pictures(pictures()), pictures(), atol=1e-5, rtol=0)


def test_keypoints_that_move_with_the_picture_are_equivariant() -> None:
    """A bright spot is its own keypoint: it is found where the bend has it, and nowhere else."""
    torch.manual_seed(0)
    bend = draw_bend(1, CPU)
    line = torch.linspace(-1, 1, 129)
    y, x = torch.meshgrid(line, line, indexing="ij")
    spot = torch.tensor([0.2, -0.3])
    picture = torch.exp(-((x - spot[0]) ** 2 + (y - spot[1]) ** 2) / 0.01)[None, None]
    bent = bend.pictures(picture)[0, 0]
    found = torch.stack([(bent * x).sum(), (bent * y).sum()]) / bent.sum()
    true, of_bent = (torch.cat([one, torch.zeros(1)]).view(1, 1, 3) for one in (spot, found))
    assert (found - spot).abs().max() > 0.01, "the bend does nothing"
    assert equivariance(true, of_bent, bend) < 0.003
    assert equivariance(true, true, bend) > 0.01


def test_the_prior_pushes_crowded_keypoints_apart_and_draws_their_depth() -> None:
    apart = torch.tensor([[[-0.5, 0.0, 0.33], [0.5, 0.0, 0.33]]])
    assert keypoint_prior(apart) == pytest.approx(0, abs=1e-6)
    crowded = torch.full((1, 2, 3), 0.33)
    assert keypoint_prior(crowded) == pytest.approx(0.2)
    assert keypoint_prior(apart + torch.tensor([0, 0, 1.0])) == pytest.approx(1.0)


def test_the_mouth_s_loss_sees_pixels_about_the_mouth_alone() -> None:
    points = torch.zeros(1, 70, 3)
    points[:, 36, 0], points[:, 45, 0], points[:, 48:68, 1] = -0.31, 0.31, 0.4  # 0.31 about (0, 0.4)
    true, side = torch.zeros(1, 3, 41, 41), 20  # pixels from 0 to 1
    made = true.clone()
    made[:, :, side + 8, side] = 1.0
    inside = sum((x / side) ** 2 + ((y - 8) / side) ** 2 < 0.31**2 for x in range(-20, 21) for y in range(-20, 21))
    assert mouth(made, true, points) == pytest.approx(1 / inside)
    made = true.clone()
    made[:, :, side + 8, side + 7] = 1.0
    assert mouth(made, true, points) == 0


def test_guidance_is_the_distance_of_the_first_keypoints_from_their_landmarks() -> None:
    points = torch.rand(2, 70, 3)
    for count in (3, 10, 15):
        keypoints = torch.rand(2, count, 3)
        keypoints[:, :10, :2] = points[:, GUIDES[:count], :2]
        assert guidance(keypoints, points) == 0
        assert guidance(keypoints + 0.5, points) == pytest.approx(0.5)
        closed = keypoints.clone()
        closed[:, 0, 1] += 0.3  # one lid: one of a guide's two coordinates, and of an opening's
        assert guidance(closed, points) == pytest.approx(0.15 / min(count, 10) + 0.15)


def test_head_pose_is_compared_in_degrees_and_expression_measured_by_its_size() -> None:
    pose = HeadPose(torch.tensor([[1.0, 2.0, 3.0]]), torch.zeros(1, 3), torch.full((1, 4, 3), -0.1))
    assert head_pose(pose, torch.tensor([[1.0, 2.0, 6.0]])) == 1
    assert expression(pose) == pytest.approx(1.2)


@pytest.mark.parametrize(
    ("store", "hopenet"),
    [
        ((10, 0, 0), (0, -10, 0)),  # nose down: negative pitch
        ((0, 10, 0), (10, 0, 0)),  # nose toward image left: positive yaw
        ((0, 0, 10), (0, 0, 10)),  # clockwise: positive roll
    ],
)
def test_a_single_angle_keeps_its_size_and_takes_hopenets_sign(store, hopenet) -> None:
    np.testing.assert_allclose(generator_degrees(np.array([store], np.float32)), [hopenet], atol=1e-4)


def test_three_angles_together_mean_the_same_head_in_both_conventions() -> None:
    store = np.random.default_rng(0).uniform(-60, 60, (50, 3)).astype(np.float32)
    yaw, pitch, roll = generator_degrees(store).T.astype(np.float64)
    same = Rotation.from_euler("XYZ", np.column_stack([-pitch, yaw, roll]), degrees=True).as_matrix()
    np.testing.assert_allclose(same, rotation_matrix(store.astype(np.float64)), atol=1e-5)


def test_a_mirrored_head_has_yaw_and_roll_negated() -> None:
    store = np.array([[10, 20, -30], [5, -40, 12]], np.float32)
    np.testing.assert_allclose(
        generator_degrees(store * [[1, -1, -1]]), generator_degrees(store) * [[-1, 1, -1]], atol=1e-3
    )

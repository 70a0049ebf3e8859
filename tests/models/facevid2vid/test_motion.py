"""Keypoints turn and shift as the formulas say, and the picture's volume follows them."""

import numpy as np
import pytest
import torch
from scipy.spatial.transform import Rotation

from facecues.models.facevid2vid.config import MotionConfig
from facecues.models.facevid2vid.contracts import HeadPose
from facecues.models.facevid2vid.head_pose import degrees, place, rotation_matrices
from facecues.models.facevid2vid.keypoints import expectation
from facecues.models.facevid2vid.motion import DenseMotion, heatmaps, identity_grid, sample

KEYPOINTS, CHANNELS, SIZES = 3, 4, (4, 6, 8)
VOLUME = torch.zeros(1, 1, *SIZES)


def drawn(*shape, seed=0) -> torch.Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def dense_motion() -> DenseMotion:
    torch.manual_seed(0)
    config = MotionConfig(width=4, max_width=8, blocks=1, compress=2, kernel=3)
    return DenseMotion(config, CHANNELS, SIZES[0], KEYPOINTS).eval()


@pytest.mark.parametrize(("convention", "about_xyz"), [("new", [1, 0, 2]), ("beta", [2, 1, 0])])
def test_angles_turn_about_the_axes_of_the_convention(convention, about_xyz):
    rotation = torch.tensor([[20.0, -10.0, 5.0], [-40.0, 15.0, -20.0]])
    radians = rotation.numpy()[:, about_xyz] / 180 * 3.14
    expected = Rotation.from_euler("XYZ", radians).as_matrix()
    np.testing.assert_allclose(rotation_matrices(rotation, convention), expected, atol=1e-6)


def test_placing_changes_nothing_that_was_handed_in():
    canonical = drawn(2, KEYPOINTS, 3)
    pose = HeadPose(drawn(2, 3), drawn(2, 3, seed=1), drawn(2, KEYPOINTS, 3, seed=2))
    kept = [one.clone() for one in (canonical, *pose)]
    first, second = place(canonical, pose, "new"), place(canonical, pose, "new")
    assert torch.equal(first, second)
    assert all(torch.equal(one, before) for one, before in zip((canonical, *pose), kept, strict=True))


def test_keypoints_are_turned_then_shifted():
    canonical, shift, expression = drawn(1, KEYPOINTS, 3), drawn(2, 3, seed=1), drawn(2, KEYPOINTS, 3, seed=2)
    placed = place(canonical, HeadPose(torch.tensor([[30.0, 0, 0], [0, 0, 0]]), shift, expression), "new")
    torch.testing.assert_close(placed[1], canonical[0] + shift[1] + expression[1])
    turned = canonical[0] @ rotation_matrices(torch.tensor([[30.0, 0, 0]]), "new")[0].T
    torch.testing.assert_close(placed[0], turned + shift[0] + expression[0])


@pytest.mark.parametrize("chosen", [0, 33, 65])
def test_a_sure_bin_is_its_first_angle(chosen):
    logits = torch.full((1, 66), -1e4)
    logits[0, chosen] = 0
    assert degrees(logits).item() == 3 * chosen - 99


def test_all_in_one_voxel_is_that_voxels_place():
    share = torch.zeros(1, 1, *SIZES)
    share[0, 0, 1, 2, 3] = 1
    expected = identity_grid(share)[1, 2, 3]
    torch.testing.assert_close(expectation(share)[0, 0], expected)
    assert expected.tolist() == pytest.approx([2 * 3 / 7 - 1, 2 * 2 / 5 - 1, 2 * 1 / 3 - 1])


def test_a_heatmap_falls_off_with_the_squared_distance():
    keypoints = drawn(2, KEYPOINTS, 3) * 0.3
    distance = (identity_grid(VOLUME) - keypoints[:, :, None, None, None]).square().sum(-1)
    torch.testing.assert_close(heatmaps(keypoints, VOLUME), torch.exp(-0.5 * distance / 0.01))


def test_keypoints_that_stay_move_nothing():
    keypoints = drawn(2, KEYPOINTS, 3) * 0.3
    motion = dense_motion()(drawn(2, CHANNELS, *SIZES), keypoints, keypoints)
    torch.testing.assert_close(motion.deformation, identity_grid(VOLUME).expand(2, -1, -1, -1, -1))


def test_the_deformation_is_the_mix_of_the_motions():
    source, driving = drawn(2, KEYPOINTS, 3) * 0.3, drawn(2, KEYPOINTS, 3, seed=1) * 0.3
    motion = dense_motion()(drawn(2, CHANNELS, *SIZES), source, driving)
    still = identity_grid(VOLUME).expand(2, 1, -1, -1, -1, -1)
    moving = still - driving[:, :, None, None, None] + source[:, :, None, None, None]
    mixed = (motion.mask[..., None] * torch.cat([still, moving], dim=1)).sum(1)
    torch.testing.assert_close(motion.deformation, mixed)
    torch.testing.assert_close(motion.mask.sum(1), torch.ones(2, *SIZES))


def test_the_network_sees_each_motion_tried_and_its_heat():
    network = dense_motion()
    seen: list[torch.Tensor] = []
    network.hourglass.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0]))
    appearance = drawn(1, CHANNELS, *SIZES)
    source, driving = drawn(1, KEYPOINTS, 3) * 0.3, drawn(2, KEYPOINTS, 3, seed=1) * 0.3
    network(appearance, source, driving)
    small = torch.relu(network.norm(network.compress(appearance)))
    heat = heatmaps(driving, VOLUME) - heatmaps(source, VOLUME)
    for at in range(KEYPOINTS):
        shift = (source - driving)[:, at, None, None, None]
        part = seen[0][:, 3 * (at + 1) : 3 * (at + 2)]
        torch.testing.assert_close(part[:, 0], heat[:, at])
        torch.testing.assert_close(part[:, 1:], sample(small, identity_grid(VOLUME) + shift))
    assert seen[0][:, 0].abs().max() == 0


def test_what_is_at_a_source_keypoint_comes_to_the_driving_one():
    volume = torch.zeros(1, 1, 8, 16, 16)
    source, driving = (identity_grid(volume)[at] for at in ((3, 5, 5), (5, 9, 7)))
    near = (identity_grid(volume) - source).square().sum(-1)
    volume[0, 0] = torch.exp(-near / 0.1)
    moved = sample(volume, (identity_grid(volume) + source - driving)[None])[0, 0]
    found = np.array(np.unravel_index(moved.argmax().item(), moved.shape))
    # The sampling's grid is wider than the voxels' by a share of 1 / size.
    assert np.abs(found - (5, 9, 7)).max() <= 1

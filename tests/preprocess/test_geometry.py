"""Pose and normalisation: exact, equal in NumPy and Torch, and with the signs of the design."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.spatial.transform import Rotation
from skimage.transform import SimilarityTransform

from facecues.points import MIRROR, STABLE
from facecues.preprocess import geometry as geo
from facecues.preprocess.landmarks.mesh68 import MESH_TO_68
from facecues.preprocess.pupils import eyeballs, pupils_in_head, relocate_with_pupils
from facecues.preprocess.template import TEMPLATE

FLIP = np.array([-1.0, 1.0, 1.0])
angles = st.floats(-75, 75)


def posed(pitch: float, yaw: float, roll: float, scale: float = 200.0) -> geo.Similarity:
    rotation = geo.rotation_matrix(np.array([pitch, yaw, roll]))
    return geo.Similarity(rotation, np.array(scale), np.array([640.0, 360.0, 12.0]))


@given(arrays(np.float64, (4, 3), elements=angles), st.floats(1, 2000))
@settings(max_examples=50, deadline=None)
def test_normalise_recovers_the_pose_of_a_moved_template(degrees: np.ndarray, scale: float) -> None:
    pose = geo.Similarity(geo.rotation_matrix(degrees), np.full(4, scale), np.ones((4, 3)) * [9, -5, 2])
    found = geo.normalize(geo.relocate(np.broadcast_to(TEMPLATE, (4, 68, 3)), pose))
    np.testing.assert_allclose(found.points, np.broadcast_to(TEMPLATE, (4, 68, 3)), atol=1e-9)
    np.testing.assert_allclose(geo.rotation_degrees(found.pose.rotation), degrees, atol=1e-6)


def test_relocation_inverts_normalisation_of_any_points() -> None:
    landmarks = np.random.default_rng(0).normal(size=(7, 68, 3)) * 300
    found = geo.normalize(landmarks)
    np.testing.assert_allclose(geo.relocate(found.points, found.pose), landmarks, atol=1e-9)


def test_umeyama_equals_scikit_image_also_where_a_reflection_would_fit_better() -> None:
    rng = np.random.default_rng(1)
    source = rng.normal(size=(20, 13, 3))
    target = rng.normal(size=(20, 13, 3))  # unrelated: the best orthogonal map is a reflection half of the time
    found = geo.umeyama(source, target)
    for index in range(20):
        expected = SimilarityTransform.from_estimate(source[index], target[index])
        np.testing.assert_allclose(found.scale[index], expected.scale, rtol=1e-10)
        np.testing.assert_allclose(found.scale[index] * found.rotation[index], expected.params[:3, :3], atol=1e-10)
        np.testing.assert_allclose(found.translation[index], expected.params[:3, 3], atol=1e-10)


def test_torch_and_numpy_agree() -> None:
    landmarks = np.random.default_rng(2).normal(size=(5, 68, 3)) * 200
    gaze = np.random.default_rng(3).uniform(-30, 30, (5, 2, 2))
    expected = geo.normalize(landmarks)
    found = geo.normalize(torch.from_numpy(landmarks))
    np.testing.assert_allclose(found.points.numpy(), expected.points, atol=1e-10)
    np.testing.assert_allclose(
        relocate_with_pupils(found.points, found.pose, torch.from_numpy(gaze)).numpy(),
        relocate_with_pupils(expected.points, expected.pose, gaze),
        atol=1e-9,
    )


def test_gradients_flow_through_relocation() -> None:
    points = torch.from_numpy(TEMPLATE.copy()).requires_grad_()
    degrees = torch.tensor([5.0, -3.0, 2.0], dtype=torch.float64, requires_grad=True)
    pose = geo.Similarity(geo.rotation_matrix(degrees), torch.tensor(100.0), torch.zeros(3, dtype=torch.float64))
    geo.relocate(points, pose).square().sum().backward()
    assert points.grad is not None and torch.isfinite(points.grad).all()
    assert degrees.grad is not None and torch.isfinite(degrees.grad).all()


@given(arrays(np.float64, (3,), elements=angles))
@settings(max_examples=50, deadline=None)
def test_rotation_matrix_is_roll_after_yaw_after_pitch(degrees: np.ndarray) -> None:
    pitch, yaw, roll = degrees
    expected = Rotation.from_euler("z", roll, degrees=True) * Rotation.from_euler("y", yaw, degrees=True)
    expected = expected * Rotation.from_euler("x", pitch, degrees=True)
    np.testing.assert_allclose(geo.rotation_matrix(degrees), expected.as_matrix(), atol=1e-12)
    np.testing.assert_allclose(geo.rotation_degrees(geo.rotation_matrix(degrees)[None])[0], degrees, atol=1e-9)


def test_positive_pitch_turns_the_nose_down_yaw_to_image_left_and_roll_clockwise() -> None:
    nose = np.array([0.0, 0.0, -1.0])
    assert (geo.rotation_matrix(np.array([20.0, 0, 0])) @ nose)[1] > 0
    assert (geo.rotation_matrix(np.array([0, 20.0, 0])) @ nose)[0] < 0
    crown = geo.rotation_matrix(np.array([0, 0, 20.0])) @ np.array([0.0, -1.0, 0.0])
    assert crown[0] > 0  # clockwise: the top of the head moves to image right


def test_gaze_vector_is_the_design_formula_and_is_inverted() -> None:
    degrees = np.random.default_rng(4).uniform(-80, 80, (50, 2))
    pitch_yaw_zero = np.concatenate([degrees, np.zeros((50, 1))], axis=1)
    expected = geo.rotation_matrix(pitch_yaw_zero) @ np.array([0.0, 0.0, -1.0])
    np.testing.assert_allclose(geo.gaze_vector(degrees), expected, atol=1e-12)
    np.testing.assert_allclose(geo.gaze_degrees(3 * expected), degrees, atol=1e-9)


def test_eyes_straight_ahead_in_the_head_share_the_heads_direction() -> None:
    head = np.array([12.0, -25.0, 0.0])
    in_head = geo.gaze_in_head(head[:2], geo.rotation_matrix(head))
    np.testing.assert_allclose(in_head, 0, atol=1e-9)


def test_template_is_symmetric_frontal_and_in_its_unit() -> None:
    np.testing.assert_array_equal(TEMPLATE[list(MIRROR)] * FLIP, TEMPLATE)
    np.testing.assert_allclose(TEMPLATE[45] - TEMPLATE[36], [1, 0, 0], atol=1e-4)
    np.testing.assert_allclose(TEMPLATE[36] + TEMPLATE[45], 0, atol=1e-4)
    assert TEMPLATE[30, 2] < TEMPLATE[27, 2] < 0 < TEMPLATE[0, 2]  # nose toward the camera, ears away
    found = geo.normalize(TEMPLATE[None])
    np.testing.assert_allclose(geo.rotation_degrees(found.pose.rotation), 0, atol=1e-9)


def test_mirroring_negates_yaw_and_roll_and_swaps_left_and_right() -> None:
    rng = np.random.default_rng(5)
    landmarks = geo.relocate(TEMPLATE + rng.normal(size=(68, 3)) * 0.02, posed(8, -14, 5))
    mirrored = landmarks[list(MIRROR)] * FLIP + [1279, 0, 0]
    here, there = geo.normalize(landmarks[None]), geo.normalize(mirrored[None])
    np.testing.assert_allclose(
        geo.rotation_degrees(there.pose.rotation), geo.rotation_degrees(here.pose.rotation) * [1, -1, -1], atol=1e-9
    )
    np.testing.assert_allclose(there.points, here.points[:, list(MIRROR)] * FLIP, atol=1e-9)


def test_only_the_stable_points_decide_the_pose() -> None:
    landmarks = geo.relocate(TEMPLATE, posed(3, 9, -4))
    talking = landmarks.copy()
    rest = [i for i in range(68) if i not in STABLE]
    talking[rest] += np.random.default_rng(6).normal(size=(len(rest), 3)) * 20
    np.testing.assert_allclose(geo.fit_pose(talking).rotation, geo.fit_pose(landmarks).rotation, atol=1e-12)


def test_pupils_move_as_the_design_says_and_mirror() -> None:
    rest = pupils_in_head(TEMPLATE, np.zeros((2, 2)))
    looking = pupils_in_head(TEMPLATE, np.array([[10.0, 15.0], [10.0, 15.0]]))
    assert (looking[:, 1] > rest[:, 1]).all()  # positive pitch looks down
    assert (looking[:, 0] < rest[:, 0]).all()  # positive yaw toward image left
    mirrored = pupils_in_head(TEMPLATE, np.array([[10.0, -15.0], [10.0, -15.0]]))
    np.testing.assert_allclose(mirrored[::-1] * FLIP, looking, atol=1e-4)
    centres, radii = eyeballs(TEMPLATE)
    np.testing.assert_allclose(np.linalg.norm(looking - centres, axis=-1), radii, atol=1e-12)


def test_relocation_with_pupils_has_70_points_right_eye_first() -> None:
    pose = posed(0, 0, 0)
    points = relocate_with_pupils(TEMPLATE, pose, np.zeros((2, 2)))
    assert points.shape == (70, 3)
    assert points[68, 0] < points[69, 0]
    np.testing.assert_allclose(points[:68], geo.relocate(TEMPLATE, pose))


def test_the_mesh_table_is_a_mirror_image_of_itself() -> None:
    assert len(set(MESH_TO_68.tolist())) == 68
    np.testing.assert_array_equal(np.sort(MIRROR), np.arange(68))
    np.testing.assert_array_equal(np.array(MIRROR)[list(MIRROR)], np.arange(68))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_precision_of_the_answer_is_that_of_the_question(dtype: type) -> None:
    found = geo.normalize(geo.relocate(TEMPLATE, posed(1, 2, 3)).astype(dtype)[None])
    assert found.points.dtype == found.pose.rotation.dtype == found.pose.scale.dtype == dtype

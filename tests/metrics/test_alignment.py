"""Alignment: what it takes out, and whose numbers it gives."""

import numpy as np
import pytest

from facecues.metrics.alignment import eye_distance, to_crop, to_target, to_template
from facecues.preprocess.geometry import normalize, rotation_matrix
from facecues.preprocess.pictures import EAT_POINTS, EAT_TEMPLATE
from facecues.preprocess.template import TEMPLATE
from tests.metrics.tracks import talking

FACE = talking(seed=0)


def test_the_template_alignment_is_the_stores_normalisation() -> None:
    np.testing.assert_allclose(to_template(FACE), normalize(FACE).points, atol=1e-12)


@pytest.mark.parametrize("dims", [2, 3])
def test_a_similarity_is_undone(dims: int) -> None:
    turn = rotation_matrix(np.array([0.0, 0.0, 30.0] if dims == 2 else [10.0, -15.0, 30.0]))[:dims, :dims]
    face = FACE[..., :dims]
    elsewhere = 1.7 * face @ turn.T + 12.0
    np.testing.assert_allclose(to_target(elsewhere, face), face, atol=1e-9)


def test_in_the_plane_a_mirrored_face_is_not_turned_over() -> None:
    face = np.repeat(TEMPLATE[None, :, :2], 2, axis=0)
    mirrored = face * np.array([-1.0, 1.0])
    assert np.abs(to_target(mirrored, face) - face).max() > 0.1


def test_the_crop_equals_scikit_images_similarity() -> None:
    transform = pytest.importorskip("skimage.transform")
    for face, ours in zip(FACE, to_crop(FACE), strict=True):
        # As the published code does: from the template to the frame, then backwards.
        fit = transform.estimate_transform("similarity", EAT_TEMPLATE, face[EAT_POINTS, :2])
        np.testing.assert_allclose(ours, fit.inverse(face[:, :2]), atol=1e-9)


def test_faces_in_the_crop_are_where_the_template_has_them() -> None:
    crop = to_crop(FACE)
    assert np.abs(crop[:, EAT_POINTS] - EAT_TEMPLATE).mean() < 4
    assert (crop[:, 17:68] > 0).all() and (crop[:, 17:68] < 128).all()


def test_the_eye_distance_is_of_the_frames_with_a_face() -> None:
    faces = np.repeat(TEMPLATE[None], 3, axis=0) * np.array([1.0, 3.0, 1.0])[:, None, None]
    faces[2] = np.nan
    assert eye_distance(faces) == pytest.approx(2)
    assert np.isnan(eye_distance(faces[2:]))

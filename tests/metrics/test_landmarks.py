"""Landmark distances: what changes them, and what must not."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from facecues.metrics.alignment import to_template
from facecues.metrics.landmark_options import ATVGNET, EAT, FACECUES, LANDMARK_PROTOCOLS, LandmarkOptions
from facecues.metrics.landmarks import (
    landmark_distance,
    landmark_infos,
    landmark_scores,
    landmark_velocity_distance,
)
from facecues.preprocess.geometry import rotation_matrix
from facecues.reasons import ScoreReason
from tests.metrics.tracks import FRAMES, LIPS, cut, held, talking, track, without

REAL = talking(seed=0)
GENERATED = talking(seed=1)
ALL = [*LANDMARK_PROTOCOLS.values(), LandmarkOptions(align="similarity"), LandmarkOptions(align="none", unit="px")]
BOTH = (landmark_distance, landmark_velocity_distance)
M_LD, M_LVD = "M-LD", "M-LVD"
EXCLUDE = LandmarkOptions(missing="exclude")


def moved(points: np.ndarray, degrees: tuple[float, ...], scale: float, shift: tuple[float, ...]) -> np.ndarray:
    return scale * points @ rotation_matrix(np.array(degrees)).T + np.array(shift)


@pytest.mark.parametrize("options", ALL)
@pytest.mark.parametrize("distance", BOTH)
@pytest.mark.parametrize("points", ["mouth", "face"])
def test_zero_for_identical(distance, points, options) -> None:
    assert distance(REAL, REAL, points=points, options=options) == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize("align", ["none", "center"])
@pytest.mark.parametrize("distance", BOTH)
def test_symmetric_in_pixels(distance, align) -> None:
    options = LandmarkOptions(align=align, unit="px")
    assert distance(GENERATED, REAL, options=options) == pytest.approx(distance(REAL, GENERATED, options=options))


angle = st.floats(-25, 25)


@settings(max_examples=15, deadline=None)
@given(degrees=st.tuples(angle, angle, angle), scale=st.floats(0.3, 4), shift=st.tuples(*[st.floats(-200, 200)] * 3))
def test_moving_the_generated_head_changes_nothing_that_is_aligned(degrees, scale, shift) -> None:
    elsewhere = moved(GENERATED, degrees, scale, shift)
    for options in (FACECUES, LandmarkOptions(align="similarity"), LandmarkOptions(align="similarity", unit="px")):
        for distance in BOTH:
            expected = distance(GENERATED, REAL, options=options)
            assert distance(elsewhere, REAL, options=options) == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("align", ["none", "center", "similarity", "template"])
@pytest.mark.parametrize("distance", BOTH)
def test_in_eye_distances_the_resolution_changes_nothing(distance, align) -> None:
    options = LandmarkOptions(align=align)
    expected = distance(GENERATED, REAL, options=options)
    assert distance(GENERATED * 2.5, REAL * 2.5, options=options) == pytest.approx(expected, rel=1e-9)


def test_in_pixels_of_the_crop_neither_resolution_nor_place_changes_anything() -> None:
    whole = EAT.model_copy(update={"rounded": False})
    pred, real = GENERATED[..., :2], REAL[..., :2]
    expected = landmark_distance(pred, real, options=whole)
    assert landmark_distance(pred * 3 + 40, real * 3 + 40, options=whole) == pytest.approx(expected, rel=1e-9)


def test_aligning_to_the_template_a_second_time_changes_nothing() -> None:
    once = to_template(GENERATED)
    np.testing.assert_allclose(to_template(once), once, atol=1e-12)


@pytest.mark.parametrize("options", [FACECUES, EAT, ATVGNET, LandmarkOptions(align="similarity")])
@pytest.mark.parametrize("distance", BOTH)
def test_grows_with_noise(distance, options) -> None:
    noise = np.random.default_rng(0).standard_normal(REAL.shape)
    values = [distance(REAL + level * noise, REAL, points="face", options=options) for level in (0, 1, 2, 4, 8)]
    assert values == sorted(values) and values[0] < values[1]


def test_pixels_count_as_pixels() -> None:
    apart = REAL.copy()
    apart[:, LIPS, 0] += 3.0
    pixels = LandmarkOptions(align="none", unit="px")
    assert landmark_distance(apart, REAL, options=pixels) == pytest.approx(3)
    assert landmark_distance(apart, REAL, points="face", options=pixels) == pytest.approx(3 * 20 / 68)
    total = LandmarkOptions(align="none", unit="px", over_points="sum")
    assert landmark_distance(apart, REAL, options=total) == pytest.approx(60)
    assert landmark_velocity_distance(apart, REAL, options=pixels) == pytest.approx(0)
    eyes = np.linalg.norm(REAL[:, 36] - REAL[:, 45], axis=-1).mean()
    assert landmark_distance(apart, REAL, options=LandmarkOptions(align="none")) == pytest.approx(3 / eyes)


def test_velocities_are_over_true_pairs_and_divided_by_their_number() -> None:
    pred, real = np.zeros((6, 68, 3)), np.zeros((6, 68, 3))
    pred[:, :, 0] = np.array([0, 1, 3, 100, 104, 109])[:, None]
    pred[3] = np.nan
    pixels = LandmarkOptions(align="none", unit="px")
    assert landmark_velocity_distance(pred, real, options=pixels) == pytest.approx((1 + 2 + 5) / 3)


def test_a_clip_scores_what_its_arrays_do() -> None:
    pred, real = track(GENERATED), track(REAL)
    scores = landmark_scores(pred, real)
    assert list(scores) == [info.name for info in landmark_infos()]
    for name, distance, points in (
        ("M-LD", landmark_distance, "mouth"),
        ("F-LD", landmark_distance, "face"),
        ("M-LVD", landmark_velocity_distance, "mouth"),
        ("F-LVD", landmark_velocity_distance, "face"),
    ):
        assert scores[name].value == pytest.approx(distance(pred.landmarks, real.landmarks, points=points))
        assert (scores[name].coverage, scores[name].reason) == (1.0, None)
    assert scores[M_LD].n_frames == FRAMES
    assert scores[M_LVD].n_frames == FRAMES - 1


def test_hiding_the_whole_face_is_as_good_as_doing_nothing() -> None:
    real = track(REAL)
    hidden = landmark_scores(without(real, slice(None)), real)
    still = landmark_scores(held(real), real)
    for name, score in hidden.items():
        assert score.value == pytest.approx(still[name].value, rel=1e-6)
        assert (score.n_frames, score.coverage, score.reason) == (0, 0.0, ScoreReason.NO_FACE)
        assert landmark_scores(without(real, slice(None)), real, EXCLUDE)[name].value is None


def test_a_penalised_frame_gets_the_error_of_the_still_frame_at_that_time() -> None:
    pred, real = track(GENERATED), track(REAL)
    gone = [5, 6, 30]
    score = landmark_scores(without(pred, gone), real)[M_LD]
    there = [frame for frame in range(FRAMES) if frame not in gone]
    of_there = landmark_scores(cut(pred, there), cut(real, there))[M_LD].value * len(there)
    of_gone = landmark_scores(cut(held(real), gone), cut(real, gone))[M_LD].value * len(gone)
    assert score.value == pytest.approx((of_there + of_gone) / FRAMES, rel=1e-3)  # eye distances of parts differ
    assert (score.n_frames, score.coverage, score.reason) == (len(there), len(there) / FRAMES, ScoreReason.NO_FACE)


def test_frames_without_a_real_face_lower_the_coverage_and_count_for_nobody() -> None:
    pred, real = track(GENERATED), track(REAL)
    lacking = without(real, slice(10, 20))
    assert landmark_scores(pred, lacking)[M_LD] == landmark_scores(without(pred, slice(10, 20)), lacking)[M_LD]
    score = landmark_scores(pred, lacking)[M_LVD]
    assert (score.n_frames, score.coverage) == (FRAMES - 12, (FRAMES - 12) / (FRAMES - 1))


def test_a_video_that_ends_early_lacks_frames_and_one_that_runs_on_is_cut() -> None:
    pred, real = track(GENERATED), track(REAL)
    early = landmark_scores(cut(pred, slice(30)), real)
    assert early[M_LD].reason == ScoreReason.TOO_SHORT
    assert early[M_LD].coverage == 30 / FRAMES
    assert early[M_LD].value == landmark_scores(without(pred, slice(30, None)), real)[M_LD].value
    assert landmark_scores(pred, cut(real, slice(30)))[M_LD].coverage == 1


def test_a_single_frame_has_a_distance_and_no_velocity() -> None:
    one = cut(track(REAL), slice(1))
    scores = landmark_scores(one, one)
    assert scores[M_LD].value == pytest.approx(0)
    assert (scores[M_LVD].value, scores[M_LVD].reason) == (None, ScoreReason.TOO_SHORT)
    with pytest.raises(ValueError, match="one pair of frames"):
        landmark_velocity_distance(REAL[:1], REAL[:1])


@pytest.mark.parametrize("options", ALL)
def test_nothing_to_compare_gives_null_with_a_reason(options) -> None:
    real = track(REAL)
    for pred, target in ((real, without(real, slice(None))), (real, cut(real, slice(0)))):
        for score in landmark_scores(pred, target, options).values():
            assert score.value is None and score.coverage == 0 and score.reason is not None


def test_no_video_at_all_is_penalised_in_full() -> None:
    real = track(REAL)
    score = landmark_scores(cut(real, slice(0)), real)[M_LD]
    assert score.value == pytest.approx(landmark_scores(held(real), real)[M_LD].value, rel=1e-6)
    assert (score.coverage, score.reason) == (0, ScoreReason.TOO_SHORT)


def test_a_collapsed_face_counts_as_none() -> None:
    flat = REAL.copy()
    flat[3] = 7.0
    real = track(REAL)
    score = landmark_scores(replace(real, landmarks=flat.astype(np.float32)), real)[M_LD]
    assert (score.n_frames, score.reason) == (FRAMES - 1, ScoreReason.NO_FACE)


@pytest.mark.parametrize(
    ("pred", "target", "match"),
    [
        (REAL[:, :67], REAL, r"expected \(T, 68, 2\) or \(T, 68, 3\) landmarks, got \(40, 67, 3\)"),
        (REAL[0], REAL[0], r"got \(68, 3\)"),
        (REAL[:10], REAL, "10 and 40 frames"),
        (REAL[..., :2], REAL[..., :2], r"dims=2"),
        (np.full_like(REAL, np.nan), REAL, "at least one frame"),
        (np.full_like(REAL, np.inf), REAL, "infinite"),
    ],
)
def test_arrays_that_do_not_fit_are_refused(pred, target, match) -> None:
    with pytest.raises(ValueError, match=match):
        landmark_distance(pred, target)


def test_flat_points_have_distances_of_their_own() -> None:
    flat = LandmarkOptions(dims=2)
    value = landmark_distance(GENERATED[..., :2], REAL[..., :2], options=flat)
    turned = moved(GENERATED, (0, 0, 20), 2, (5, 5, 0))[..., :2]
    assert landmark_distance(turned, REAL[..., :2], options=flat) == pytest.approx(value, rel=1e-9)
    with pytest.raises(ValueError, match="same axes"):
        landmark_distance(GENERATED[..., :2], REAL, options=flat)


def test_options_that_contradict_each_other_are_refused() -> None:
    for wrong in (
        {"crop": "eat128"},
        {"unit": "px"},
        {"gaps": "skip"},
        {"lengths": "linspace"},
        {"crop": "eat128", "dims": 2, "align": "similarity", "unit": "px"},
        {"colour": "red"},
    ):
        with pytest.raises(ValidationError):
            LandmarkOptions(**wrong)


def test_signatures_tell_whatever_differs() -> None:
    signatures = [options.signature(info.name) for options in ALL for info in landmark_infos(options)]
    assert len(set(signatures)) == len(signatures)
    assert FACECUES.signature("M-LD").startswith("m-ld|pts:48-67|dim:3d|align:template@")
    assert "slip:mouth" in EAT.signature("F-LVD") and "slip" not in FACECUES.signature("F-LVD")
    assert {info.unit for info in landmark_infos(EAT)} == {"px@128"}

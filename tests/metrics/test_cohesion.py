"""How cues go together: relations that are known come out, and what is none of them changes nothing."""

from dataclasses import replace

import numpy as np
import pytest

from facecues.metrics.cohesion import (
    RELATIONS,
    cohesion_signatures,
    correlation,
    lid_gaze_sums,
    nod_mouth_sums,
    slope,
)
from facecues.metrics.registry import METRICS
from facecues.points import LOWER_INNER_LIP
from tests.metrics.tracks import held, track, without

FRAMES = 100
FOLLOWING = 0.02  # of the eyes' opening, per degree


def wandering(seed: int, step: float = 0.8) -> np.ndarray:
    """(T,) what moves all the time, and comes back."""
    rng = np.random.default_rng(seed)
    return 8 * np.tanh(np.cumsum(rng.normal(0, step, FRAMES)) / 8)


def face(seed: int = 0, *, following: float = FOLLOWING, nod: float = 0.0, opening: np.ndarray | None = None):
    """A head that holds still but for nods on the mouth, eyes that wander up and down, and lids that follow them."""
    base = held(track(seed=seed))
    count = -(-FRAMES // len(base))
    base = replace(base, **{name: np.tile(getattr(base, name).T, count).T[:FRAMES] for name in type(base).__slots__})
    mouth = wandering(seed + 100) if opening is None else opening
    normalized = base.normalized.copy()
    normalized[:, LOWER_INNER_LIP, 1] += (0.3 + 0.01 * mouth).astype(np.float32)
    pitch = wandering(seed)
    return replace(
        base,
        normalized=normalized,
        rotation=np.stack([nod * mouth, *np.zeros((2, FRAMES))], axis=1).astype(np.float32),
        gaze=np.stack([pitch + nod * mouth, np.zeros(FRAMES)], axis=1).astype(np.float32),
        eye_openness=np.repeat(0.3 * (1 - following * pitch)[:, None], 2, axis=1).astype(np.float32),
    )


def test_the_slope_of_lids_that_follow_the_gaze_comes_out_in_percent_per_degree():
    cues = face()
    usual = np.median(1 - FOLLOWING * wandering(0))
    assert slope(lid_gaze_sums(cues)) == pytest.approx(-100 * FOLLOWING / usual, rel=0.01)
    assert slope(lid_gaze_sums(face(following=0.0))) == pytest.approx(0, abs=1e-6)


def test_a_head_that_nods_with_the_eyes_fixed_in_it_is_no_gaze():
    still, nodding = (lid_gaze_sums(face(nod=nod)) for nod in (0.0, 1.0))
    np.testing.assert_allclose(nodding, still, rtol=1e-3)


def test_blinks_have_no_say():
    cues = face()
    blinking, hidden = cues.eye_openness.copy(), cues.eye_openness.copy()
    for start in (20, 55, 80):
        blinking[start : start + 5] *= np.float32([0.5, 0.3, 0.05, 0.3, 0.5])[:, None]
        hidden[start - 2 : start + 7] = np.nan
    found, expected = (lid_gaze_sums(replace(cues, eye_openness=lids)) for lids in (blinking, hidden))
    np.testing.assert_array_equal(found, expected)
    assert slope(found) == pytest.approx(slope(lid_gaze_sums(cues)), rel=0.1)


@pytest.mark.parametrize("nod", [2.0, 0.3])
def test_a_head_that_nods_on_the_mouth_correlates_with_it_however_far(nod):
    assert correlation(nod_mouth_sums(face(nod=nod))) == pytest.approx(1, abs=1e-4)
    assert correlation(nod_mouth_sums(face(nod=-nod))) == pytest.approx(-1, abs=1e-4)


def test_where_the_head_goes_meanwhile_is_no_nod():
    cues = face(nod=1.0)
    drifting = cues.rotation + np.float32([[20, 0, 0]]) * np.linspace(0, 1, FRAMES, dtype=np.float32)[:, None]
    assert correlation(nod_mouth_sums(replace(cues, rotation=drifting))) > 0.95


def test_a_head_that_moves_by_itself_does_not_correlate_over_many_clips():
    apart = [replace(face(seed), rotation=face(seed + 50, nod=1.0).rotation) for seed in range(30)]
    assert abs(correlation(sum(nod_mouth_sums(cues) for cues in apart))) < 0.15


def test_sums_of_clips_add_up_to_those_of_the_set_in_any_order():
    each = np.stack([nod_mouth_sums(face(seed, nod=1.0)) for seed in range(4)])
    assert each.sum(axis=0)[0] == 4 * FRAMES
    np.testing.assert_allclose(each[::-1].sum(axis=0), each[:2].sum(axis=0) + each[2:].sum(axis=0), rtol=1e-12)
    by_clip = slope(np.stack([lid_gaze_sums(face(seed)) for seed in range(4)]))
    assert by_clip.min() <= slope(sum(lid_gaze_sums(face(seed)) for seed in range(4))) <= by_clip.max()


def test_frames_without_a_face_are_left_out():
    cues = without(face(nod=1.0), slice(40, 60))
    assert nod_mouth_sums(cues)[0] == lid_gaze_sums(cues)[0] == FRAMES - 20
    assert correlation(nod_mouth_sums(cues)) == pytest.approx(1, abs=0.01)


@pytest.mark.parametrize("relation", RELATIONS, ids=lambda one: one.info.name)
def test_what_holds_still_or_is_too_short_or_hidden_has_no_relation(relation):
    moving = face(nod=1.0)
    for cues in (held(moving), without(moving, slice(0, FRAMES)), without(moving, slice(20, FRAMES))):
        assert np.isnan(relation.value(relation.sums(cues)))


def test_every_metric_is_registered_and_has_a_signature_of_its_own():
    names = [info.name for one in RELATIONS for info in (one.info, one.gap)]
    signatures = cohesion_signatures()
    assert list(signatures) == names and len(set(signatures.values())) == len(names)
    assert set(names) <= METRICS.keys()

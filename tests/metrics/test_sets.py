"""Metrics of sets, from what is kept per clip: any order gives the same, and a null has its reason."""

import numpy as np
import pytest

from facecues.metrics.emotion import emotion_signature
from facecues.metrics.sets import ClipOfSet, emotion_values, frechet_and_kernel

CLIPS = [
    ClipOfSet(f"{actor}/{emotion}", actor, emotion) for actor in ("M1", "M2", "M3") for emotion in ("happy", "sad")
]
CLASSES = ("happy", "sad")


def features_of(clip, shift=0.0):
    """(40, 8) of a clip, generated and real; the latter `shift` away."""
    rng = np.random.default_rng(CLIPS.index(clip))
    real = rng.normal(size=(40, 8)).astype(np.float32)
    return real + np.float32(shift), real


def fd(clips=CLIPS, load=features_of, network="alexnet", **options):
    return {one.info.name: one for one in frechet_and_kernel(network, "net|a", clips, load, **options)}


def test_features_against_themselves_have_no_distance():
    assert fd(resamples=0)["FD-AlexNet"].value == pytest.approx(0, abs=1e-6)


def test_the_distance_is_the_squared_shift_of_the_means():
    found = fd(load=lambda clip: features_of(clip, 0.5), resamples=99)["FD-AlexNet"]
    assert found.value == pytest.approx(8 * 0.25, rel=1e-4)
    assert found.low <= found.value <= found.high + 1e-9 and found.n_frames == 240
    assert "2048" in found.note or "few" in found.note  # a warning under 2048 samples


def test_the_order_of_clips_changes_nothing():
    one, other = (fd(clips, lambda clip: features_of(clip, 0.5)) for clips in (CLIPS, CLIPS[::-1]))
    assert one == other


def test_instants_that_show_nothing_do_not_count():
    def with_holes(clip):
        pred, real = features_of(clip, 0.5)
        holes = np.full((7, 8), np.nan, np.float32)
        return np.concatenate([holes, pred]), real

    one, other = (fd(load=load, resamples=0)["FD-AlexNet"] for load in (with_holes, lambda c: features_of(c, 0.5)))
    assert one.value == pytest.approx(other.value, rel=1e-12) and one.n_frames == other.n_frames


def test_an_actor_without_a_face_leaves_the_others():
    def one_gone(clip):
        pred, real = features_of(clip, 0.5)
        return (np.full_like(pred, np.nan) if clip.actor == "M2" else pred), real

    alone = [clip for clip in CLIPS if clip.actor != "M2"]
    assert fd(load=one_gone)["FD-AlexNet"] == fd(alone, lambda clip: features_of(clip, 0.5))["FD-AlexNet"]


def test_nothing_to_see_is_a_null_with_its_reason():
    def nothing(clip):
        pred, real = features_of(clip)
        return np.full_like(pred, np.nan), real

    found = fd(load=nothing)["FD-AlexNet"]
    assert (found.value, found.reason, found.n_frames) == (None, "no_face", 0)
    single = fd(CLIPS[:1], lambda clip: tuple(side[:1] for side in features_of(clip)))["FD-AlexNet"]
    assert (single.value, single.reason) == (None, "too_short")


def test_one_actor_has_no_interval_and_says_so():
    found = fd(CLIPS[:2], lambda clip: features_of(clip, 0.5))["FD-AlexNet"]
    assert (found.low, found.high) == (None, None) and "one actor" in found.note


def test_inception_gives_fid_and_kid_and_alexnet_neither():
    assert set(fd(network="inception", resamples=0)) == {"FID", "KID"}
    assert set(fd(resamples=0)) == {"FD-AlexNet"}
    assert "net:net,a" in fd(resamples=0)["FD-AlexNet"].signature


# Emotions


def emotions(videos, real, missing="penalize"):
    values, counts = emotion_values("emotion-x", "net", CLASSES, videos=videos, real=real, missing=missing)
    return {one.info.name: one for one in values}, counts


def saying(emotion, frames=5):
    return np.tile(np.float32([0.9, 0.1] if emotion == "happy" else [0.1, 0.9]), (frames, 1))


def test_all_right_is_one_and_the_ratio_is_to_the_real_clips():
    right = [(each, saying(each)) for each in CLASSES]
    half = [("happy", saying("happy")), ("sad", saying("happy"))]
    found, counts = emotions(right, half)
    assert found["EmoF1-x"].value == 1 and found["EmoAcc/real-x"].value == 2
    assert counts.compute().accuracy == 1
    assert found["EmoF1-x"].signature == emotion_signature("net", CLASSES, "penalize")


@pytest.mark.parametrize(
    ("videos", "missing", "reason"),
    [
        ([], "penalize", "no_label"),
        ([("angry", saying("sad"))], "penalize", "unknown_class"),
        ([("sad", np.full((3, 2), np.nan, np.float32))], "exclude", "no_face"),
    ],
)
def test_no_video_to_judge_is_a_null_with_its_reason(videos, missing, reason):
    found, _ = emotions(videos, [("sad", saying("sad"))], missing)
    for one in found.values():
        assert (one.value, one.reason) == (None, reason)


def test_no_right_real_clip_is_no_ratio_and_says_so():
    found, _ = emotions([("sad", saying("sad"))], [("sad", saying("happy"))])
    assert (found["EmoAcc/real-x"].value, found["EmoAcc/real-x"].reason) == (None, "no_reference")
    assert found["EmoF1-x"].value is not None and found["EmoF1-x"].reason is None

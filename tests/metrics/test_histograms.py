"""Histograms per emotion: weighting, merging, distances, and what drives them."""

import numpy as np
import pytest

from facecues.metrics.distributions import DEGREE_BINS
from facecues.metrics.histograms import (
    ClipCounts,
    EmotionHistograms,
    emotion_distances,
    histogram_distances,
    histogram_signature,
)


def corpus(seed: int = 0, *, emotion: float = 0.0, actor: float = 0.0, clips: int = 6) -> list[ClipCounts]:
    """Three actors, two emotions: looks drift aside by so many degrees with the emotion, and with the actor."""
    rng = np.random.default_rng(seed)
    made = []
    for who in range(3):
        for what, name in enumerate(("fear", "happy")):
            for take in range(clips):
                looks = rng.normal((0, who * actor + what * emotion), 4, (rng.integers(20, 60), 2))
                made.append(ClipCounts(f"M{who}/{name}/{take}", f"M{who}", name, DEGREE_BINS.count(looks)))
    return made


def counted(clip_id: str, actor: str, emotion: str, counts: list[int]) -> ClipCounts:
    return ClipCounts(clip_id, actor, emotion, np.array(counts))


def test_each_clip_of_an_actor_and_each_actor_counts_as_much() -> None:
    histograms = EmotionHistograms(
        [
            counted("a", "M1", "sad", [100, 0]),
            counted("b", "M1", "sad", [0, 1]),
            counted("c", "W1", "sad", [0, 7]),
            counted("d", "W1", "sad", [0, 0]),  # no face: counts for nothing
            counted("e", "W1", "happy", [5, 5]),
        ]
    )
    np.testing.assert_allclose(histograms.fractions("sad"), [0.25, 0.75])
    assert histograms.emotions == ("happy", "sad") and len(histograms) == 5


def test_parts_in_any_order_merge_to_the_whole() -> None:
    clips = corpus(emotion=3)
    whole = EmotionHistograms(clips)
    parts = [EmotionHistograms(clips[start::5]) for start in (3, 1, 4, 0, 2)]
    merged = EmotionHistograms()
    for part in parts:
        merged.merge(part)
    for emotion in whole.emotions:
        np.testing.assert_array_equal(merged.fractions(emotion), whole.fractions(emotion))
    assert merged.permutation_test(19) == whole.permutation_test(19)


def test_zero_for_identical_and_growing_with_the_difference() -> None:
    real = EmotionHistograms(corpus())
    for distances in emotion_distances(real, real).values():
        assert (distances.js, distances.tv, *distances.js_axes, *distances.w1_axes) == pytest.approx((0,) * 6)
    for field in ("js", "tv"):
        found = [emotion_distances(EmotionHistograms(corpus(actor=by)), real) for by in (0, 2, 4, 8)]
        apart = [np.mean([getattr(one, field) for one in of_emotion.values()]) for of_emotion in found]
        assert apart == sorted(apart)


def test_distances_per_axis_tell_where_the_difference_is() -> None:
    looks = np.random.default_rng(0).normal(0, 3, (4000, 2))
    aside = DEGREE_BINS.count(looks + np.array([0, 6]))
    distances = histogram_distances(aside, DEGREE_BINS.count(looks))
    assert distances.w1_axes == pytest.approx((0, 6), abs=0.1)
    assert distances.js_axes[0] == 0 and distances.js_axes[1] > 0.3
    assert distances.js >= distances.js_axes[1]  # the joint knows at least as much


def test_only_emotions_on_both_sides_are_compared() -> None:
    clips = corpus()
    happy = EmotionHistograms([clip for clip in clips if clip.emotion == "happy"])
    assert list(emotion_distances(happy, EmotionHistograms(clips))) == ["happy"]
    assert emotion_distances(happy, EmotionHistograms()) == {}


def test_permutation_finds_emotion_and_is_not_misled_by_actors() -> None:
    assert EmotionHistograms(corpus(emotion=4)).permutation_test(199).p_value <= 0.01
    p_values = [EmotionHistograms(corpus(seed, actor=8)).permutation_test(99).p_value for seed in range(30)]
    assert 0.3 < np.mean(p_values) < 0.7
    assert np.mean(np.array(p_values) <= 0.1) < 0.3


def test_the_null_is_what_actors_and_chance_give_alone() -> None:
    test = EmotionHistograms(corpus(emotion=4, actor=8)).permutation_test(99, seed=1)
    assert test.statistic > test.null > 0
    assert test.shuffles == 99
    assert test == EmotionHistograms(corpus(emotion=4, actor=8)).permutation_test(99, seed=1)


def test_what_cannot_be_counted_is_refused() -> None:
    histograms = EmotionHistograms([counted("a", "M1", "sad", [1, 2])])
    with pytest.raises(ValueError, match="a second time"):
        histograms.update(counted("a", "M1", "sad", [1, 2]))
    with pytest.raises(ValueError, match=r"shape \(2,\), got \(3,\)"):
        histograms.update(counted("b", "M1", "sad", [1, 2, 3]))
    with pytest.raises(ValueError, match="expected one of sad, got 'angry'"):
        histograms.fractions("angry")
    with pytest.raises(ValueError, match="two emotions"):
        histograms.permutation_test()


def test_signatures_name_bins_and_eye() -> None:
    assert histogram_signature("Gaze-JS", "left") == (
        "gaze-js|of:left|bins:2deg±30|agg:clip,actor,emotion|fps:25|miss:exclude|v:1"
    )

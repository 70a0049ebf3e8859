"""Emotion accuracy: videos from frames, sets from videos."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from facecues.labels import EMOTIONS
from facecues.metrics.contracts import Score
from facecues.metrics.emotion import (
    EMOTION_ACCURACY,
    EMOTION_ACCURACY_RATIO,
    EMOTION_MACRO_F1,
    EmotionCounts,
    accuracy_ratio,
    emotion_score,
    emotion_signature,
    video_probabilities,
)
from facecues.reasons import ScoreReason

FER = ("angry", "disgusted", "fear", "happy", "sad", "surprised", "neutral")
NO_FACE = np.full((4, len(FER)), np.nan)


def video(emotion: str, frames: int = 4, classes: tuple[str, ...] = FER, sure: float = 0.6) -> np.ndarray:
    """Frames that a classifier takes for an emotion."""
    rest = (1 - sure) / (len(classes) - 1)
    return np.tile(np.where(np.array(classes) == emotion, sure, rest), (frames, 1)).astype(np.float32)


def counts_of(*pairs: tuple[str, str | None], classes: tuple[str, ...] = FER) -> EmotionCounts:
    """Counts over (intended, seen) pairs; None: no face."""
    counts = EmotionCounts.empty(classes)
    for intended, seen in pairs:
        frames = np.full((4, len(classes)), np.nan) if seen is None else video(seen, classes=classes)
        counts = counts.update(frames, intended)
    return counts


def test_a_video_is_the_mean_of_its_frames_and_not_their_majority() -> None:
    frames = np.concatenate([video("sad", 3, sure=0.3), video("happy", 2, sure=0.9)])
    assert FER[int(video_probabilities(frames).argmax())] == "happy"
    np.testing.assert_allclose(video_probabilities(frames), frames.mean(axis=0), atol=1e-7)
    assert emotion_score(frames, "happy", FER).value == 1.0
    assert emotion_score(frames, "sad", FER).value == 0.0


def test_frames_without_a_face_are_left_out_and_lower_the_coverage() -> None:
    frames = np.concatenate([NO_FACE, video("sad", 12)])
    np.testing.assert_array_equal(video_probabilities(frames), video_probabilities(video("sad", 12)))
    score = emotion_score(frames, "sad", FER)
    assert (score.value, score.n_frames, score.coverage, score.reason) == (1.0, 12, 0.75, ScoreReason.NO_FACE)


def test_a_longer_video_is_cut_and_a_shorter_one_covers_less() -> None:
    long = np.concatenate([video("sad", 10), video("happy", 30)])
    assert emotion_score(long, "sad", FER, expected=10) == emotion_score(long[:10], "sad", FER)
    short = emotion_score(video("sad", 12), "sad", FER, expected=24)
    assert (short.n_frames, short.coverage, short.reason) == (12, 0.5, ScoreReason.TOO_SHORT)


def test_the_order_of_frames_changes_nothing() -> None:
    frames = np.random.default_rng(0).dirichlet(np.ones(7), 50)
    assert emotion_score(frames, "fear", FER) == emotion_score(frames[::-1], "fear", FER)


def test_without_any_face_there_is_no_value_or_a_wrong_one_as_asked() -> None:
    assert video_probabilities(NO_FACE) is None
    assert video_probabilities(NO_FACE[:0]) is None
    assert emotion_score(NO_FACE, "sad", FER, missing="exclude") == Score(None, 0, 0.0, ScoreReason.NO_FACE)
    assert emotion_score(NO_FACE, "sad", FER, missing="penalize") == Score(0.0, 0, 0.0, ScoreReason.NO_FACE)
    assert emotion_score(NO_FACE[:0], "sad", FER) == Score(None, 0, 0.0, ScoreReason.TOO_SHORT)
    assert emotion_score(NO_FACE, "contempt", FER).value is None


def test_an_emotion_that_is_unknown_or_not_labelled_is_said_and_not_scored() -> None:
    unknown = emotion_score(video("sad"), "contempt", FER)
    assert (unknown.value, unknown.n_frames, unknown.reason) == (None, 4, ScoreReason.UNKNOWN_CLASS)
    assert emotion_score(video("sad"), None, FER).reason is ScoreReason.NO_LABEL


def test_all_right_is_ideal() -> None:
    result = counts_of(*[(one, one) for one in FER]).compute()
    assert result.accuracy == EMOTION_ACCURACY.ideal
    assert result.macro_f1 == EMOTION_MACRO_F1.ideal
    assert accuracy_ratio(result, result) == EMOTION_ACCURACY_RATIO.ideal
    assert result.recalls == dict.fromkeys(sorted(FER), 1.0)


def test_accuracy_f1_chance_and_majority_by_hand() -> None:
    result = counts_of(("sad", "sad"), ("sad", "sad"), ("sad", "angry"), ("happy", "sad"), ("happy", "happy")).compute()
    assert result.videos == 5
    assert result.accuracy == pytest.approx(3 / 5)
    # sad: 2 right, 3 intended, 3 seen; happy: 1 right, 2 intended, 1 seen; angry: seen once, never intended
    assert result.macro_f1 == pytest.approx((2 * 2 / 6 + 2 * 1 / 3 + 0) / 3)
    assert result.recalls == {"happy": 0.5, "sad": pytest.approx(2 / 3)}
    assert result.majority == pytest.approx(3 / 5)
    assert result.chance == pytest.approx(1 / 7)


def test_unknown_classes_are_excluded_from_accuracy_but_stay_in_the_matrix() -> None:
    pairs = (("sad", "sad"), ("happy", "sad"))
    with_contempt = counts_of(*pairs, ("contempt", "sad"), ("contempt", None))
    plain, result = counts_of(*pairs).compute(), with_contempt.compute()
    assert (result.accuracy, result.macro_f1, result.videos) == (plain.accuracy, plain.macro_f1, 2)
    assert result.excluded == {"contempt": 2}
    assert plain.excluded == {}
    assert with_contempt.confusion[EMOTIONS.index("contempt"), EMOTIONS.index("sad")] == 1
    knows_all = counts_of(*pairs, ("contempt", "contempt"), classes=EMOTIONS).compute()
    assert (knows_all.videos, knows_all.excluded, knows_all.chance) == (3, {}, 1 / 8)


def test_a_video_without_a_face_is_excluded_or_wrong_as_asked() -> None:
    counts = counts_of(("sad", "sad"), ("sad", None))
    excluded = counts.compute("exclude")
    assert (excluded.videos, excluded.accuracy, excluded.without_face) == (1, 1.0, 1)
    penalized = counts.compute("penalize")
    assert (penalized.videos, penalized.accuracy, penalized.without_face) == (2, 0.5, 1)
    assert penalized.macro_f1 == pytest.approx(2 / 3)


def test_without_videos_there_is_no_accuracy_and_no_ratio() -> None:
    nothing, wrong = EmotionCounts.empty(FER).compute(), counts_of(("sad", "happy")).compute()
    assert (nothing.accuracy, nothing.macro_f1, nothing.majority, nothing.videos) == (None, None, None, 0)
    assert counts_of(("contempt", "sad")).compute().accuracy is None
    right = counts_of(("sad", "sad")).compute()
    assert accuracy_ratio(nothing, right) is None
    assert accuracy_ratio(right, nothing) is None
    assert accuracy_ratio(right, wrong) is None
    assert accuracy_ratio(wrong, right) == 0.0


PAIRS = st.lists(st.tuples(st.sampled_from(EMOTIONS), st.sampled_from([*FER, None])), max_size=12)


@settings(max_examples=50, deadline=None)
@given(PAIRS, st.integers(0, 12), st.sampled_from(["exclude", "penalize"]))
def test_any_split_in_any_order_gives_the_whole(pairs, cut: int, missing) -> None:
    whole = counts_of(*pairs)
    first, second = counts_of(*pairs[:cut]), counts_of(*pairs[cut:][::-1])
    for merged in (first.merge(second), second.merge(first)):
        np.testing.assert_array_equal(merged.confusion, whole.confusion)
        np.testing.assert_array_equal(merged.without_face, whole.without_face)
        assert merged.compute(missing) == whole.compute(missing)


@settings(max_examples=50, deadline=None)
@given(PAIRS, st.sampled_from(["exclude", "penalize"]))
def test_the_mean_of_scores_is_the_accuracy_of_the_set(pairs, missing) -> None:
    videos = [(intended, NO_FACE if seen is None else video(seen)) for intended, seen in pairs]
    scores = [emotion_score(frames, intended, FER, missing=missing) for intended, frames in videos]
    values = [score.value for score in scores if score.value is not None]
    assert counts_of(*pairs).compute(missing).accuracy == (pytest.approx(np.mean(values)) if values else None)


def test_updating_leaves_what_was_there() -> None:
    counts = EmotionCounts.empty(FER)
    counts.update(video("sad"), "sad")
    assert counts.confusion.sum() == 0


def test_wrong_shapes_names_and_rows_are_refused() -> None:
    counts = EmotionCounts.empty(FER)
    for frames in (video("sad")[:, 1:], video("sad")[0]):
        with pytest.raises(ValueError, match=r"shape \(frames, 7\)"):
            emotion_score(frames, "sad", FER)
        with pytest.raises(ValueError, match=r"shape \(frames, 7\)"):
            counts.update(frames, "sad")
    partly = video("sad")
    partly[0, 0] = np.nan
    for bad in (partly, video("sad") * 2, -video("sad")):
        with pytest.raises(ValueError, match="rows of probabilities"):
            video_probabilities(bad)
    with pytest.raises(ValueError, match="got 'anger'"):
        emotion_score(video("sad"), "anger", FER)
    with pytest.raises(ValueError, match="each once"):
        EmotionCounts.empty(("sad", "sad"))
    with pytest.raises(ValueError, match="expected counts over"):
        counts.merge(EmotionCounts.empty(EMOTIONS))


def test_the_signature_names_the_network_and_the_classes_that_are_left_out() -> None:
    signature = emotion_signature("emotion-fer[w:59534287]", FER)
    assert signature == (
        "emotion-accuracy|net:emotion-fer[w:59534287]|level:video|agg:mean-probability|classes:7|without:contempt|"
        "miss:penalize|v:1"
    )
    assert "without" not in emotion_signature("x", EMOTIONS)
    assert emotion_signature("x", FER, "exclude") != emotion_signature("x", FER)

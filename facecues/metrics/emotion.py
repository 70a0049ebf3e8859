"""Emotion accuracy: does a classifier see in a video the emotion that was asked for?

probabilities per frame ─ video_probabilities ─▶ one row per video ─▶ emotion_score: right or wrong, for scores.parquet
                                                                   └▶ EmotionCounts: the confusion matrix of a set
Published values for one method range from 14 to 75 %: the classifier decides, not the generator. So its name and its
weights stand in the signature, and its accuracy on the real clips stands beside every accuracy.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final, cast

import numpy as np
from numpy.typing import NDArray

from facecues.labels import EMOTIONS
from facecues.metrics.contracts import Float64, MetricInfo, Score
from facecues.metrics.missing import Missing, is_present, make_score, to_length
from facecues.metrics.signature import make_signature
from facecues.reasons import ScoreReason

EMOTION_ACCURACY: Final = MetricInfo("EmoAcc", "emotion accuracy per video", "higher", "", 1.0)
EMOTION_MACRO_F1: Final = MetricInfo("EmoF1", "macro F1 of emotions per video", "higher", "", 1.0)
EMOTION_ACCURACY_RATIO: Final = MetricInfo(
    "EmoAcc/real", "emotion accuracy over that on the real clips", "higher", "", 1.0
)


def video_probabilities(frames: NDArray[np.floating]) -> Float64 | None:
    """The mean over frames: what a classifier says of a whole video.

    Args:
        frames: (T, classes) probabilities, a row of NaN where there is no face.

    Returns:
        (classes,) float64; None where no frame has a face.

    Raises:
        ValueError: another shape, or rows that are no probabilities.
    """
    rows = np.asarray(frames, np.float64)
    if rows.ndim != 2 or not rows.shape[1]:
        raise ValueError(f"expected probabilities of shape (frames, classes), got {rows.shape}")
    seen = rows[~np.isnan(rows).all(axis=1)]
    if not len(seen):
        return None
    if not (np.isfinite(seen).all() and (seen >= 0).all() and np.allclose(seen.sum(axis=1), 1, atol=1e-3)):
        raise ValueError("expected rows of probabilities that sum to 1, or rows of NaN for frames without a face")
    return cast(Float64, seen.mean(axis=0))


def emotion_score(
    frames: NDArray[np.floating],
    emotion: str | None,
    classes: Sequence[str],
    expected: int | None = None,
    *,
    missing: Missing = "penalize",
) -> Score:
    """Whether the likeliest class of a video is the intended emotion: 1.0 or 0.0, so that the mean is the accuracy.

    Args:
        frames: (T, classes) probabilities of the video's frames, NaN where there is no face.
        emotion: the intended one, in the names of facecues.labels.EMOTIONS; None where it is not known.
        classes: of the columns, in the same names.
        expected: frames that the reference has; what the video has beyond them is cut. T unless given.
        missing: `penalize` takes a video without any face for wrong, `exclude` gives it no value.

    Returns:
        The value is None also with NO_LABEL, and with UNKNOWN_CLASS where the classifier has no such class.

    Raises:
        ValueError: shapes, names or rows other than expected.
    """
    _check(classes, emotion)
    total = len(frames) if expected is None else expected
    mean = _checked_mean(frames[:total], classes)
    shown = is_present(to_length(frames, total))
    value = 0.0 if missing == "penalize" else None
    if mean is not None:
        value = float(classes[int(mean.argmax())] == emotion)
    score = make_score(value, shown, available=len(frames))
    if emotion is None:
        return replace(score, value=None, reason=ScoreReason.NO_LABEL)
    if emotion not in classes:
        return replace(score, value=None, reason=ScoreReason.UNKNOWN_CLASS)
    return score


def emotion_signature(network: str, classes: Sequence[str], missing: Missing = "penalize") -> str:
    """The signature of accuracies with a classifier; `network` is the signature of the classifier."""
    unknown = [one for one in EMOTIONS if one not in classes]
    parts = {
        "net": network,
        "level": "video",
        "agg": "mean-probability",
        "classes": len(classes),
        "without": "-".join(unknown) or None,
        "miss": missing,
    }
    return make_signature("emotion-accuracy", parts)


@dataclass(frozen=True, slots=True)
class EmotionResult:
    """Of a set of videos.

    Attributes:
        videos: judged: labelled, of a class that the classifier knows, with a face (or without, where that counts).
        accuracy: share of them with the intended emotion; None without any.
        macro_f1: mean F1 of the classes that were intended or seen among them, as scikit-learn's default.
        recalls: share of right ones by intended emotion, of those that occur.
        chance: of a guess among the classes that the classifier knows.
        majority: of the constant answer that is right most often; None without any.
        excluded: videos by emotion that the classifier does not know.
        without_face: labelled videos of known classes without any face.
    """

    videos: int
    accuracy: float | None
    macro_f1: float | None
    recalls: dict[str, float]
    chance: float
    majority: float | None
    excluded: dict[str, int]
    without_face: int


@dataclass(frozen=True, slots=True, eq=False)
class EmotionCounts:
    """Counts over videos that any split, subset or order adds up to the same.

    Attributes:
        classes: that the classifier knows.
        confusion: (8, 8) int64, [intended, seen], both in the order of facecues.labels.EMOTIONS. It holds the videos of
            unknown classes too: what they are taken for is of interest, though no accuracy counts them.
        without_face: (8,) int64 videos by intended emotion that have no frame with a face.
    """

    classes: tuple[str, ...]
    confusion: NDArray[np.int64]
    without_face: NDArray[np.int64]

    @classmethod
    def empty(cls, classes: Sequence[str]) -> "EmotionCounts":
        """No video yet.

        Raises:
            ValueError: classes that are not names of emotions, or twice the same.
        """
        _check(classes, None)
        n = len(EMOTIONS)
        return cls(tuple(classes), np.zeros((n, n), np.int64), np.zeros(n, np.int64))

    def update(self, frames: NDArray[np.floating], emotion: str) -> "EmotionCounts":
        """With one more video: its (T, classes) probabilities and its intended emotion.

        Raises:
            ValueError: as emotion_score.
        """
        _check(self.classes, emotion)
        mean = _checked_mean(frames, self.classes)
        confusion, without_face = self.confusion.copy(), self.without_face.copy()
        intended = EMOTIONS.index(emotion)
        if mean is None:
            without_face[intended] += 1
        else:
            confusion[intended, EMOTIONS.index(self.classes[int(mean.argmax())])] += 1
        return EmotionCounts(self.classes, confusion, without_face)

    def merge(self, other: "EmotionCounts") -> "EmotionCounts":
        """Both sets together.

        Raises:
            ValueError: the two classifiers know different classes.
        """
        if self.classes != other.classes:
            raise ValueError(f"expected counts over the classes {self.classes}, got {other.classes}")
        return EmotionCounts(self.classes, self.confusion + other.confusion, self.without_face + other.without_face)

    def compute(self, missing: Missing = "penalize") -> EmotionResult:
        """Accuracy, macro F1 and what stands beside them; `missing` as in emotion_score."""
        known = np.array([one in self.classes for one in EMOTIONS])
        confusion = np.where(known[:, None], self.confusion, 0)
        faceless = np.where(known, self.without_face, 0)
        intended = confusion.sum(axis=1) + (faceless if missing == "penalize" else 0)
        right, seen, videos = confusion.diagonal(), confusion.sum(axis=0), int(intended.sum())
        present = intended + seen > 0
        unknown = self.confusion.sum(axis=1) + self.without_face
        return EmotionResult(
            videos=videos,
            accuracy=float(right.sum() / videos) if videos else None,
            macro_f1=float((2 * right[present] / (intended + seen)[present]).mean()) if videos else None,
            recalls={EMOTIONS[i]: float(right[i] / intended[i]) for i in np.flatnonzero(intended)},
            chance=1 / len(self.classes),
            majority=float(intended.max() / videos) if videos else None,
            excluded={EMOTIONS[i]: int(unknown[i]) for i in np.flatnonzero(~known & (unknown > 0))},
            without_face=int(faceless.sum()),
        )


def accuracy_ratio(method: EmotionResult, real: EmotionResult) -> float | None:
    """A method's accuracy over the same classifier's on the real clips of the same set.

    Returns:
        None where either has no accuracy, or where that on the real clips is zero.
    """
    if method.accuracy is None or not real.accuracy:
        return None
    return method.accuracy / real.accuracy


def _checked_mean(frames: NDArray[np.floating], classes: Sequence[str]) -> Float64 | None:
    if np.ndim(frames) != 2 or np.shape(frames)[1] != len(classes):
        raise ValueError(f"expected probabilities of shape (frames, {len(classes)}), got {np.shape(frames)}")
    return video_probabilities(frames)


def _check(classes: Sequence[str], emotion: str | None) -> None:
    if not classes or len(set(classes)) < len(classes) or not set(classes) <= set(EMOTIONS):
        raise ValueError(f"expected classes out of {', '.join(EMOTIONS)}, each once, got {', '.join(classes)}")
    if emotion is not None and emotion not in EMOTIONS:
        raise ValueError(f"expected one of {', '.join(EMOTIONS)}, got {emotion!r}; see facecues.labels.parse_emotion")

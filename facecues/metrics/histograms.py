"""Histograms per emotion that are kept per clip, so that any part, split or permutation is made without a video.

Update, merge, compute: counts go in clip by clip, sets of clips are joined, and what is computed depends on the set
alone, not on the order or the parts in which it came.
"""

from collections import defaultdict
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from facecues.metrics.contracts import Float64
from facecues.metrics.distributions import (
    DEGREE_BINS,
    Bins,
    Counts,
    jensen_shannon,
    marginal,
    spread,
    total_variation,
    wasserstein,
)
from facecues.metrics.signature import make_signature
from facecues.resample import FPS


@dataclass(frozen=True, slots=True, eq=False)
class ClipCounts:
    """Frames of one clip per bin. `counts` may have any number of axes."""

    clip_id: str
    actor: str
    emotion: str
    counts: Counts


@dataclass(frozen=True, slots=True)
class Distances:
    """Of two histograms.

    Attributes:
        js: Jensen-Shannon divergence of the joint histograms, bits.
        tv: their total variation.
        js_axes, w1_axes: per axis: Jensen-Shannon divergence in bits, Wasserstein-1 distance in degrees.
    """

    js: float
    tv: float
    js_axes: tuple[float, ...]
    w1_axes: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Permutation:
    """Does emotion, not actor, drive the difference between the emotions?

    Attributes:
        statistic: Jensen-Shannon divergence among the emotions' histograms, bits.
        null: its mean with labels shuffled within each actor: what actors and chance alone give.
        p_value: share of shuffles with at least the statistic, the observed order among them.
        shuffles: how many.
    """

    statistic: float
    null: float
    p_value: float
    shuffles: int


class EmotionHistograms:
    """A set of clips' histograms. Fractions are per clip first, then the mean per actor, then over actors."""

    def __init__(self, clips: Collection[ClipCounts] = ()) -> None:
        self._clips: dict[str, ClipCounts] = {}
        for clip in clips:
            self.update(clip)

    def update(self, clip: ClipCounts) -> Self:
        """Adds a clip. One without any frame is kept, and counts for nothing.

        Raises:
            ValueError: the clip is there already, or its bins are others than the other clips'.
        """
        if clip.clip_id in self._clips:
            raise ValueError(f"expected each clip once, got {clip.clip_id} a second time")
        shape = next((known.counts.shape for known in self._clips.values()), clip.counts.shape)
        if clip.counts.shape != shape:
            raise ValueError(f"expected counts of shape {shape}, got {clip.counts.shape} for {clip.clip_id}")
        self._clips[clip.clip_id] = clip
        return self

    def merge(self, other: "EmotionHistograms") -> Self:
        """Adds another set's clips. Raises as `update` does."""
        for clip in other:
            self.update(clip)
        return self

    def __iter__(self) -> Iterator[ClipCounts]:
        """In the order of clip ids, so that sums come out the same to the last bit."""
        return (self._clips[clip_id] for clip_id in sorted(self._clips))

    def __len__(self) -> int:
        return len(self._clips)

    @property
    def emotions(self) -> tuple[str, ...]:
        """Those with at least one frame, sorted."""
        return tuple(sorted({clip.emotion for clip in self if clip.counts.any()}))

    def fractions(self, emotion: str) -> Float64:
        """The emotion's histogram, in fractions that add up to one.

        Raises:
            ValueError: no clip of this emotion has a frame.
        """
        of_actor: dict[str, list[Float64]] = defaultdict(list)
        for clip in self:
            if clip.emotion == emotion and clip.counts.any():
                of_actor[clip.actor].append(clip.counts / clip.counts.sum())
        if not of_actor:
            raise ValueError(f"expected one of {', '.join(self.emotions) or 'no emotion at all'}, got {emotion!r}")
        return np.asarray(np.mean([np.mean(of_actor[actor], axis=0) for actor in sorted(of_actor)], axis=0))

    def permutation_test(self, shuffles: int = 999, seed: int = 0) -> Permutation:
        """Shuffles the labels within each actor. Actors with one emotion only take part, but cannot change anything.

        Raises:
            ValueError: no actor has clips of two emotions.
        """
        clips = [clip for clip in self if clip.counts.any()]
        actors = np.array([clip.actor for clip in clips])
        emotions = np.array([clip.emotion for clip in clips])
        groups = [np.flatnonzero(actors == actor) for actor in np.unique(actors)]
        if not any(len(set(emotions[group])) > 1 for group in groups):
            raise ValueError("expected an actor with clips of at least two emotions, got none: nothing can be shuffled")
        # (bins, clips), sparse because a clip of a few seconds leaves most bins empty.
        columns = csr_array(np.stack([clip.counts.ravel() / clip.counts.sum() for clip in clips], axis=1))
        weights = _weights(actors, emotions)
        rng = np.random.default_rng(seed)

        def shuffled() -> NDArray[np.intp]:
            order = np.arange(len(clips))
            for group in groups:
                order[group] = rng.permutation(group)
            return order

        statistic = spread((columns @ weights.T).T)
        null = np.array([spread((columns @ weights[:, shuffled()].T).T) for _ in range(shuffles)])
        # A shuffle that only renames equals the observed order but for round-off.
        reached = int((null >= statistic - 1e-12).sum())
        return Permutation(statistic, float(null.mean()), (1 + reached) / (1 + shuffles), shuffles)


def histogram_distances(pred: NDArray[Any], target: NDArray[Any], bins: Bins = DEGREE_BINS) -> Distances:
    """Distances of two histograms over the same bins on every axis."""
    axes = range(np.ndim(target))
    sides = [(marginal(pred, axis), marginal(target, axis)) for axis in axes]
    return Distances(
        jensen_shannon(pred, target),
        total_variation(pred, target),
        tuple(jensen_shannon(*side) for side in sides),
        tuple(wasserstein(*side, bins.centers) for side in sides),
    )


def emotion_distances(
    pred: EmotionHistograms, target: EmotionHistograms, bins: Bins = DEGREE_BINS
) -> dict[str, Distances]:
    """How far each emotion's histogram is from the reference's, for the emotions that both sides have."""
    common = [emotion for emotion in target.emotions if emotion in pred.emotions]
    return {one: histogram_distances(pred.fractions(one), target.fractions(one), bins) for one in common}


def histogram_signature(metric: str, what: str, bins: Bins = DEGREE_BINS) -> str:
    """Of a distance of histograms per emotion; `what`: "left", "right", "combined", "pitch", "yaw", "roll", "turns"."""
    parts = {"of": what, "bins": bins.signature, "agg": "clip,actor,emotion", "fps": FPS, "miss": "exclude"}
    return make_signature(metric, parts)


def _weights(actors: NDArray[Any], emotions: NDArray[Any]) -> Float64:
    """(emotions, clips): what a clip weighs in the mean over actors of the mean over clips."""
    weights = np.zeros((len(np.unique(emotions)), len(actors)))
    for row, emotion in zip(weights, np.unique(emotions), strict=True):
        of_emotion = emotions == emotion
        speakers = np.unique(actors[of_emotion])
        for actor in speakers:
            chosen = of_emotion & (actors == actor)
            row[chosen] = 1 / (len(speakers) * chosen.sum())
    return weights

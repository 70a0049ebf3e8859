"""Metrics of whole sets of clips: Fréchet and kernel distances, emotions; facecues.metrics.cue_sets has the others.

Each is computed from what is kept per clip, so that any subset, split or bootstrap is made without a video.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from facecues.metrics import frechet, kid
from facecues.metrics.contracts import Float32, MetricInfo
from facecues.metrics.emotion import (
    EMOTION_ACCURACY_RATIO,
    EMOTION_MACRO_F1,
    EmotionCounts,
    EmotionResult,
    accuracy_ratio,
    emotion_signature,
)
from facecues.metrics.frechet import FeatureStatistics, features_to_statistics, merge
from facecues.metrics.instruments import EMOTION
from facecues.metrics.missing import Missing
from facecues.metrics.signature import make_signature
from facecues.metrics.statistics import bootstrap_weights, interval_of_draws
from facecues.reasons import ScoreReason
from facecues.resample import FPS

RESAMPLES: Final = 1_999
_MOST_DRAWS: Final = {"inception": 99, "alexnet": 199}  # each takes long: with 2048 features and many frames, a second
_MOST_ROWS: Final = 20_000  # of features in memory for the kernel distance, evenly spread over the clips


@dataclass(frozen=True, slots=True)
class ClipOfSet:
    """A clip that a method and the reference both have.

    Attributes:
        clip_id: its name.
        actor: None where it is not known; then each clip stands for itself.
        emotion: None where it is not known.
    """

    clip_id: str
    actor: str | None
    emotion: str | None

    @property
    def unit(self) -> str:
        """What is drawn as a whole when clips are resampled."""
        return self.actor or self.clip_id


@dataclass(frozen=True, slots=True)
class SetValue:
    """A metric of a set of clips.

    Attributes:
        info: the metric.
        value: None where it cannot be had; `note` says why.
        low, high: ends of the 95 % interval over actors; None where it cannot be had.
        n_frames: of the smaller side.
        signature: everything that changes the value.
        note: what has to stand beside it.
        group: "all" or, for a value of one emotion, "emotion:happy".
        n_clips, n_expected, n_actors: clips that made it, of how many of the reference, of how many actors.
        reason: why there is no value, of facecues.reasons.ScoreReason.
        draws: the value for every draw of actors, NaN where there is none; empty without draws. Equal actors, number
            and seed give equal draws, so that two methods' may be subtracted.
    """

    info: MetricInfo
    value: float | None
    low: float | None
    high: float | None
    n_frames: int
    signature: str
    note: str | None = None
    group: str = "all"
    n_clips: int = 0
    n_expected: int = 0
    n_actors: int = 0
    reason: str | None = None
    draws: tuple[float, ...] = field(default=(), repr=False)


Load = Callable[[ClipOfSet], tuple[Float32, Float32]]
"""Features of a clip, generated and real, (n, d) each; rows of NaN where nothing is shown."""


def frechet_and_kernel(
    network: str, signature: str, clips: Sequence[ClipOfSet], load: Load, *, resamples: int = RESAMPLES, seed: int = 0
) -> list[SetValue]:
    """FID and KID on Inception, FD-AlexNet on AlexNet; one actor's features in memory at a time, but for KID's.

    Args:
        network: "inception" or "alexnet".
        signature: of the network and of the pictures.
        clips: that both sides have.
        load: their features.
        resamples: draws of actors for the interval; 0 for none.
        seed: of the draws.
    """
    info = frechet.FID if network == "inception" else frechet.FD_ALEXNET
    sides: tuple[list[FeatureStatistics], list[FeatureStatistics]] = ([], [])
    rows: tuple[list[Float32], list[Float32]] = ([], [])
    for of_actor in _by_unit(clips).values():
        loaded = [load(clip) for clip in of_actor]
        for side in (0, 1):
            shown = np.concatenate([_shown(both[side]) for both in loaded])
            sides[side].append(features_to_statistics(shown) if len(shown) else _NOTHING)
            if network == "inception":
                rows[side].append(shown)
    kept = [at for at, both in enumerate(zip(*sides, strict=True)) if min(one.count for one in both) > 0]
    pred, target = ([side[at] for at in kept] for side in sides)
    frames = min(sum(one.count for one in side) for side in (pred, target)) if kept else 0
    name = make_signature(
        info.name, {"net": signature.replace("|", ","), "frames": "all", "fps": FPS, "miss": "exclude"}
    )
    if frames < 2:
        reason = ScoreReason.TOO_SHORT if frames else ScoreReason.NO_FACE
        return [SetValue(info, None, None, None, frames, name, "fewer than two frames on one side", reason=str(reason))]
    value = frechet.frechet_distance(merge(pred), merge(target))
    low, high, note = _interval(
        value,
        len(kept),
        min(resamples, _MOST_DRAWS[network]),
        seed,
        lambda draws: frechet.resampled_frechet_distances(pred, target, draws),
    )
    warning = frechet.small_sample_warning(frames, info.name)
    found = [SetValue(info, value, low, high, frames, name, _notes(warning, note))]
    if network == "inception":
        both = [np.concatenate(side) for side in rows]
        stride = max(1, -(-max(map(len, both)) // _MOST_ROWS))
        kernel = kid.kid(*(side[::stride] for side in both))
        parts = {"net": signature.replace("|", ","), "subsets": kernel.subsets, "every": stride, "fps": FPS}
        found.append(
            SetValue(kid.KID, kernel.value, None, None, frames, make_signature("kid", parts | {"miss": "exclude"}))
        )
    return found


def emotion_values(
    name: str,
    network: str,
    classes: tuple[str, ...],
    *,
    videos: Iterable[tuple[str, Float32]],
    real: Iterable[tuple[str, Float32]],
    missing: Missing,
) -> tuple[list[SetValue], EmotionCounts]:
    """Macro F1, and the accuracy's ratio to that on the real clips; and the confusions.

    Args:
        name: of the classifier among the networks.
        network: its signature.
        classes: that it knows.
        videos: (intended emotion, (T, classes) probabilities) of the method's labelled clips.
        real: the same of the real clips.
        missing: `penalize` counts a video without a face as wrong.
    """
    generated, reference = (_counts(classes, side) for side in (videos, real))
    ours, theirs = generated.compute(missing), reference.compute(missing)
    signature = emotion_signature(network.replace("|", ","), classes, missing)
    label = name.removeprefix(EMOTION)
    left_out = f"without {', '.join(sorted(ours.excluded))}" if ours.excluded else None
    # Videos were judged and there is no ratio: the real clips have no accuracy, or none above zero.
    values = (
        (EMOTION_MACRO_F1, ours.macro_f1, None),
        (EMOTION_ACCURACY_RATIO, accuracy_ratio(ours, theirs), ScoreReason.NO_REFERENCE if ours.videos else None),
    )
    return [
        SetValue(
            replace(info, name=f"{info.name}-{label}"),
            value,
            None,
            None,
            ours.videos,
            signature,
            left_out,
            reason=None if value is not None else str(reason or _why_none(ours)),
        )
        for info, value, reason in values
    ], generated


def _why_none(result: EmotionResult) -> ScoreReason:
    """Why not one video was judged."""
    if result.without_face:
        return ScoreReason.NO_FACE
    return ScoreReason.UNKNOWN_CLASS if result.excluded else ScoreReason.NO_LABEL


_NOTHING: Final = FeatureStatistics(0, np.zeros(1), None, None)


def _by_unit(clips: Sequence[ClipOfSet]) -> dict[str, list[ClipOfSet]]:
    """In the order of the units' names, and of the clips' within."""
    units: dict[str, list[ClipOfSet]] = defaultdict(list)
    for clip in sorted(clips, key=lambda clip: (clip.unit, clip.clip_id)):
        units[clip.unit].append(clip)
    return units


def _shown(features: Float32) -> Float32:
    return np.asarray(features[~np.isnan(features).any(axis=1)])


def _interval(
    value: float, units: int, resamples: int, seed: int, draw: Callable[[NDArray[np.int64]], NDArray[np.float64]]
) -> tuple[float | None, float | None, str | None]:
    if not resamples or units < 2:
        return None, None, "one actor: no interval" if units < 2 else None
    weights = bootstrap_weights([str(unit) for unit in range(units)], resamples, seed)
    # Of few actors there are few different draws: of four, 35.
    distinct, which = np.unique(weights, axis=0, return_inverse=True)
    found = interval_of_draws(value, draw(distinct)[which], n=units, actors=units, seed=seed)
    return found.low, found.high, found.note


def _counts(classes: tuple[str, ...], videos: Iterable[tuple[str, Float32]]) -> EmotionCounts:
    counts = EmotionCounts.empty(classes)
    for emotion, frames in videos:
        counts = counts.update(frames, emotion)
    return counts


def _notes(*notes: str | None) -> str | None:
    return "; ".join(note for note in notes if note) or None

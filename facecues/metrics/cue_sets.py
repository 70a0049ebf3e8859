"""Metrics of whole sets of clips that cues alone give: distributions of gaze and head pose, and how cues go together.

Each is computed from what is kept per clip, so that any subset, split or bootstrap is made without a video.
"""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from facecues.metrics import gaze, pose
from facecues.metrics.cohesion import RELATIONS, Relation, Sums, cohesion_signatures
from facecues.metrics.contracts import CueTrack, Float64, MetricInfo
from facecues.metrics.distributions import (
    DEGREE_BINS,
    Counts,
    jensen_shannon_of_rows,
    total_variation_of_rows,
    wasserstein_of_rows,
)
from facecues.metrics.histograms import ClipCounts, EmotionHistograms, histogram_signature
from facecues.metrics.sets import RESAMPLES, ClipOfSet, SetValue
from facecues.metrics.statistics import bootstrap_weights, interval_of_draws
from facecues.reasons import ScoreReason

_NO_LABEL: Final = "any"  # stands for the emotion where labels are unknown
# Histograms of the three axes of head pose, and of its turns, one beside the other.
_HEAD: Final = "pitch,yaw,roll"
_TURNS: Final = "turns"
_GAZE_SUFFIX: Final[Mapping[str, str]] = {"combined": "", "left": "-L", "right": "-R"}  # in names of metrics
_BLOCK: Final = 1024  # draws at a time, to bound memory

GAZE_EMOTION_P: Final = MetricInfo(
    "Gaze-emotion-p", "share of label shuffles within actors that set emotions' gaze as far apart", None, ""
)


Tracks = Callable[[ClipOfSet], tuple[Sequence[CueTrack], CueTrack]]
"""Cues of a clip: generated, one or several times over (a generator's seeds), and real."""


def gaze_and_pose(
    clips: Sequence[ClipOfSet], tracks: Tracks, *, by: str, resamples: int = RESAMPLES, seed: int = 0
) -> list[SetValue]:
    """Distances of gaze's and head pose's distributions per emotion, their mean over emotions, and whether emotion
    or actor makes the generated gaze differ.

    Args:
        clips: that both sides have.
        tracks: their cues; several generated ones of a clip are counted together.
        by: signature of what read them.
        resamples, seed: as for `frechet_and_kernel`.
    """
    counts: dict[str, tuple[list[ClipCounts], list[ClipCounts]]] = defaultdict(lambda: ([], []))
    frames = [0, 0]
    for clip in clips:
        pred, real = tracks(clip)
        for side, several in enumerate((pred, (real,))):
            frames[side] += sum(int(track.has_face.sum()) for track in several)
            for name, each in _counted(several).items():
                counts[name][side].append(ClipCounts(clip.clip_id, clip.unit, clip.emotion or _NO_LABEL, each))
    found = []
    for name, sides in counts.items():
        generated, target = (EmotionHistograms(side) for side in sides)
        found += _distances(name, generated, target, min(frames), by=by, resamples=resamples, seed=seed)
    if counts:
        found += _permutation(EmotionHistograms(counts["combined"][0]), min(frames), by)
    return found


def cohesion(
    clips: Sequence[ClipOfSet], tracks: Tracks, *, by: str, resamples: int = RESAMPLES, seed: int = 0
) -> list[SetValue]:
    """How gaze and lids, head and mouth go together, per emotion and their mean over emotions, and how far that is
    from the real clips'. See facecues.metrics.cohesion.

    Args:
        clips, tracks, by, resamples, seed: as for `gaze_and_pose`.
    """
    if not clips:
        return []
    emotions = sorted({clip.emotion or _NO_LABEL for clip in clips})
    units = sorted({clip.unit for clip in clips})
    sums = np.zeros((len(RELATIONS), 2, len(units), len(emotions), 4))
    for clip in clips:
        pred, real = tracks(clip)
        at = units.index(clip.unit), emotions.index(clip.emotion or _NO_LABEL)
        for side, several in enumerate((pred, (real,))):
            for track in several:
                sums[:, side, *at] += np.stack([one.sums(track) for one in RELATIONS])
    draws = np.empty((0, len(units)), np.int64)
    if resamples and len(units) > 1:
        draws = bootstrap_weights(units, resamples, seed)
    weights = np.concatenate([np.ones((1, len(units))), draws])
    found = []
    for relation, both in zip(RELATIONS, sums, strict=True):
        frames = int(both[..., 0].sum(axis=(1, 2)).min())
        for info, values in _related(relation, both, weights):
            base = SetValue(info, None, None, None, frames, f"{cohesion_signatures()[info.name]}|by:{by}")
            means = _mean_known(values)
            whole = _or_still(base, means[0])
            if len(draws) and whole.value is not None:
                whole = _with_draws(whole, means[1:], len(clips), len(units), seed)
            found.append(whole)
            for emotion, value in zip(emotions, values[0], strict=True):
                if emotion != _NO_LABEL:
                    found.append(replace(_or_still(base, value), group=f"emotion:{emotion}"))
    return found


def _counted(tracks: Sequence[CueTrack]) -> Mapping[str, Counts]:
    counted = [_counted_once(track) for track in tracks]
    return {name: np.sum([each[name] for each in counted], axis=0) for name in counted[0]}


def _counted_once(track: CueTrack) -> dict[str, Counts]:
    head = pose.pose_counts(track)
    whole = {_HEAD: np.stack([head[axis] for axis in pose.AXES]), _TURNS: pose.velocity_counts(track)}
    return {**gaze.gaze_counts(track), **head, **whole}


def _distances(
    what: str, pred: EmotionHistograms, target: EmotionHistograms, frames: int, *, by: str, resamples: int, seed: int
) -> list[SetValue]:
    common = [emotion for emotion in target.emotions if emotion in pred.emotions]
    if not common:
        return []
    of_emotion = _compared(what, *(np.stack([side.fractions(one) for one in common]) for side in (pred, target)))
    mean = of_emotion.mean(axis=0)  # each emotion as much as the others
    units = sorted({clip.actor for clip in target})
    draws = None
    if resamples and len(units) > 1:
        distinct, which = np.unique(bootstrap_weights(units, resamples, seed), axis=0, return_inverse=True)
        draws = _resampled(what, _of_units(pred, units), _of_units(target, units), distinct)[which]
    found = []
    for at, info in enumerate(_columns(what)):
        signature = f"{_signature(info, what)}|by:{by}"
        whole = SetValue(info, float(mean[at]), None, None, frames, signature)
        found.append(whole if draws is None else _with_draws(whole, draws[:, at], len(target), len(units), seed))
        for emotion, value in zip(common, of_emotion[:, at], strict=True):
            if emotion != _NO_LABEL:
                found.append(SetValue(info, float(value), None, None, frames, signature, group=f"emotion:{emotion}"))
    return found


def _with_draws(whole: SetValue, draws: Float64, clips: int, actors: int, seed: int) -> SetValue:
    """With its interval over actors."""
    assert whole.value is not None
    interval = interval_of_draws(whole.value, draws, n=clips, actors=actors, seed=seed)
    drawn = tuple(map(float, draws))
    return replace(whole, low=interval.low, high=interval.high, note=interval.note, draws=drawn)


def _of_units(side: EmotionHistograms, units: Sequence[str]) -> dict[str, list[Float64 | None]]:
    """Each unit's histogram by emotion; None where it has none."""
    found: dict[str, list[Float64 | None]] = {}
    for at, unit in enumerate(units):
        own = EmotionHistograms([clip for clip in side if clip.actor == unit])
        for emotion in own.emotions:
            found.setdefault(emotion, [None] * len(units))[at] = own.fractions(emotion)
    return found


def _resampled(
    what: str,
    pred: Mapping[str, list[Float64 | None]],
    target: Mapping[str, list[Float64 | None]],
    weights: NDArray[np.int64],
) -> Float64:
    """(draws, columns): the means over emotions, NaN where a draw has no emotion on both sides."""
    common = sorted(pred.keys() & target.keys())
    blocks = []
    for block in np.split(weights, range(_BLOCK, len(weights), _BLOCK)):
        values = np.full((len(block), len(common), len(_columns(what))), np.nan)
        for at, emotion in enumerate(common):
            generated, real = _weighted(pred[emotion], block), _weighted(target[emotion], block)
            known = generated.any(axis=_bin_axes(generated)) & real.any(axis=_bin_axes(real))
            values[known, at] = _compared(what, generated[known], real[known])
        blocks.append(_mean_known(values))
    return np.concatenate(blocks)


def _weighted(fractions: Sequence[Float64 | None], draws: NDArray[np.int64]) -> Float64:
    """(draws, …, bins) sums over the units drawn; 0 where those have none."""
    shape = next(each.shape for each in fractions if each is not None)
    there = np.stack([np.zeros(shape) if each is None else each for each in fractions])
    # Not by BLAS, whose sums depend on the machine.
    return np.asarray(np.einsum("du,u...->d...", draws, there))


def _bin_axes(histograms: Float64) -> tuple[int, ...]:
    """All but the first."""
    return tuple(range(1, histograms.ndim))


def _columns(what: str) -> tuple[MetricInfo, ...]:
    """What is said of two histograms of this kind."""
    if what == _HEAD:
        return (pose.POSE_JS_MEAN,)
    if what == _TURNS:
        return (pose.POSE_V_W1,)
    if what in pose.AXES:
        return (pose.POSE_JS[pose.AXES.index(what)],)
    infos = (gaze.GAZE_JS, gaze.GAZE_TV, *gaze.GAZE_W1)
    return tuple(replace(info, name=info.name.replace("Gaze", f"Gaze{_GAZE_SUFFIX[what]}", 1)) for info in infos)


def _compared(what: str, pred: Float64, target: Float64) -> Float64:
    """(n, columns): a value for each of `_columns`, of (n, …, bins) histograms, whatever each of them adds up to."""
    if what == _TURNS:
        p, q = (np.moveaxis(side / side.sum(axis=-1, keepdims=True), 1, 0) for side in (pred, target))
        of_axes = [wasserstein_of_rows(*axis, pose.VELOCITY_BINS.centers) for axis in zip(p, q, strict=True)]
        return np.asarray(np.mean(of_axes, axis=0)[:, None])
    axes = _bin_axes(pred)
    p, q = (side / side.sum(axis=axes, keepdims=True) for side in (pred, target))
    flat = p.reshape(len(p), -1), q.reshape(len(q), -1)
    # Of axes of head pose that hold equally many frames, the divergence of all together is the mean of theirs.
    found = [jensen_shannon_of_rows(*flat)]
    if what in _GAZE_SUFFIX:
        found.append(total_variation_of_rows(*flat))
        for axis in axes:
            others = tuple(other for other in axes if other != axis)
            found.append(wasserstein_of_rows(p.sum(axis=others), q.sum(axis=others), DEGREE_BINS.centers))
    return np.stack(found, axis=-1)


def _signature(info: MetricInfo, what: str) -> str:
    bins = pose.VELOCITY_BINS if what == _TURNS else DEGREE_BINS
    return histogram_signature(info.name, what, bins)


def _permutation(pred: EmotionHistograms, frames: int, by: str) -> list[SetValue]:
    signature = f"{histogram_signature(GAZE_EMOTION_P.name, 'combined')}|shuffles:999@0|by:{by}"
    try:
        found = pred.permutation_test()
    except ValueError as error:
        reason = str(ScoreReason.NO_LABEL)
        return [SetValue(GAZE_EMOTION_P, None, None, None, frames, signature, str(error), reason=reason)]
    note = f"{found.statistic:.3f} bits between emotions, {found.null:.3f} with shuffled labels"
    return [SetValue(GAZE_EMOTION_P, found.p_value, None, None, frames, signature, note)]


def _related(relation: Relation, sums: Sums, weights: Float64) -> list[tuple[MetricInfo, Float64]]:
    """Both metrics of a relation, (draws, emotions) each, of (2, units, emotions, 4) sums; NaN where nothing moves."""
    pred, real = (relation.value(np.einsum("du,uek->dek", weights, side)) for side in sums)
    return [(relation.info, pred), (relation.gap, np.abs(pred - real))]


def _mean_known(values: Float64) -> Float64:
    """(draws, …) means of (draws, emotions, …) over the emotions that have a value; NaN where none has."""
    known = ~np.isnan(values)
    total = np.where(known, values, 0).sum(axis=1)
    return np.asarray(np.divide(total, known.sum(axis=1), out=np.full(total.shape, np.nan), where=known.any(axis=1)))


def _or_still(base: SetValue, value: float) -> SetValue:
    """With the value, or with the reason why there is none."""
    if not np.isnan(value):
        return replace(base, value=float(value))
    return replace(base, reason=str(ScoreReason.CONSTANT if base.n_frames else ScoreReason.NO_FACE))

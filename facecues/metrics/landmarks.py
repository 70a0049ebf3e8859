"""Landmark distance and landmark velocity distance: M-LD, F-LD, M-LVD and F-LVD.

    LD  = mean over frames t and points i of | A(p_ti) - A(q_ti) |
    LVD = the same of differences p_t - p_(t-1), over pairs of neighbouring frames with a face on both sides

p is the generated face, q the real one, A the alignment. Published code differs from this in many ways, which
facecues.metrics.landmark_options names.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from facecues.metrics.alignment import centred, eye_distance, to_crop, to_target, to_template
from facecues.metrics.contracts import CueTrack, Float64, MetricInfo, Score
from facecues.metrics.landmark_options import FACECUES, INDEX, Align, LandmarkOptions, Points
from facecues.metrics.missing import hold_first, is_present, mean_of_present, mean_score, to_length

M_LD: Final = MetricInfo("M-LD", "mouth landmark distance", "lower", "iod", 0.0)
F_LD: Final = MetricInfo("F-LD", "face landmark distance", "lower", "iod", 0.0)
M_LVD: Final = MetricInfo("M-LVD", "mouth landmark velocity distance", "lower", "iod", 0.0)
F_LVD: Final = MetricInfo("F-LVD", "face landmark velocity distance", "lower", "iod", 0.0)

_ErrorsOf = Callable[[Float64, Float64, Points, LandmarkOptions], Float64]


def landmark_infos(options: LandmarkOptions = FACECUES) -> tuple[MetricInfo, ...]:
    """The four metrics, with the unit that they have under these options."""
    return tuple(replace(info, unit=options.unit_name) for info in (M_LD, F_LD, M_LVD, F_LVD))


def landmark_distance(
    pred: NDArray[Any], target: NDArray[Any], *, points: Points = "mouth", options: LandmarkOptions = FACECUES
) -> float:
    """Mean distance of two tracks of landmarks.

    Args:
        pred: (T, 68, 2 or 3) generated face, frame pixels. A frame with a NaN has no face and is left out.
        target: (T, 68, 2 or 3) real face, likewise.
        points: the mouth's 20 points or all 68.
        options: alignment, unit and the rest; `LANDMARK_PROTOCOLS` has published ones. `missing` does not matter here.

    Raises:
        ValueError: other shapes, infinite coordinates, or no frame with a face on both sides.
    """
    return _mean_of(_position_errors, pred, target, points, options)


def landmark_velocity_distance(
    pred: NDArray[Any], target: NDArray[Any], *, points: Points = "mouth", options: LandmarkOptions = FACECUES
) -> float:
    """Mean distance of two tracks' landmark velocities, per frame.

    Arguments as for `landmark_distance`.

    Raises:
        ValueError: other shapes, infinite coordinates, or no two neighbouring frames with a face on both sides.
    """
    return _mean_of(_velocity_errors, pred, target, points, options)


def landmark_scores(pred: CueTrack, target: CueTrack, options: LandmarkOptions = FACECUES) -> dict[str, Score]:
    """M-LD, F-LD, M-LVD and F-LVD of one clip, by name.

    The coverage counts frames (pairs) in which both sides have a face; penalised ones are none of them.
    """
    frames = len(target)
    real = target.landmarks.astype(np.float64)
    generated = pred.landmarks.astype(np.float64)
    if options.lengths == "common":
        generated = to_length(generated, frames)
    still = hold_first(real)
    scores = {}
    for info, errors_of, points in _METRICS:
        shorter = int(errors_of is _velocity_errors)
        errors, of_still = (
            to_length(errors_of(side, real, points, options), max(frames - shorter, 0)) for side in (generated, still)
        )
        scores[info.name] = mean_score(errors, of_still, available=len(pred) - shorter, missing=options.missing)
    return scores


def _mean_of(
    errors_of: _ErrorsOf, pred: NDArray[Any], target: NDArray[Any], points: Points, options: LandmarkOptions
) -> float:
    errors = errors_of(*_checked(pred, target, options), points, options)
    return mean_of_present(errors, "one pair of frames" if errors_of is _velocity_errors else "one frame")


def _checked(pred: NDArray[Any], target: NDArray[Any], options: LandmarkOptions) -> tuple[Float64, Float64]:
    sides = tuple(np.asarray(side, np.float64) for side in (pred, target))
    for name, side in zip(("pred", "target"), sides, strict=True):
        if side.ndim != 3 or side.shape[1] != 68 or side.shape[2] not in (2, 3):
            raise ValueError(f"{name}: expected (T, 68, 2) or (T, 68, 3) landmarks, got {side.shape}")
        if side.shape[2] < options.dims:
            raise ValueError(f"{name}: {options.dims} axes are to count, got {side.shape}; use LandmarkOptions(dims=2)")
        if np.isinf(side).any():
            raise ValueError(
                f"{name}: expected finite coordinates, or NaN in frames without a face, got an infinite one"
            )
    if sides[0].shape[2] != sides[1].shape[2]:
        raise ValueError(f"expected the same axes on both sides, got {sides[0].shape} and {sides[1].shape}")
    if len(sides[0]) != len(sides[1]) and options.lengths == "common":
        raise ValueError(
            f"expected tracks of one length, got {len(sides[0])} and {len(sides[1])} frames; pair them first"
        )
    return sides[0], sides[1]


def _position_errors(pred: Float64, target: Float64, points: Points, options: LandmarkOptions) -> Float64:
    """(T,) distance in each frame; NaN where one side has no face."""
    pred, target, unit = _placed(pred, target, points, options.align, options)
    return _distances(pred, target, options) / unit


def _velocity_errors(pred: Float64, target: Float64, points: Points, options: LandmarkOptions) -> Float64:
    """(T - 1,) distance of the movements into each frame but the first; NaN where there is no such pair."""
    if points == "face" and options.face_velocity == "mouth":
        return _velocity_errors(pred, target, "mouth", options) * (len(INDEX["mouth"]) / len(INDEX["face"]))
    pred, target, unit = _placed(pred, target, points, options.align_of_velocity, options)
    kept = np.flatnonzero(is_present(pred) & is_present(target))
    earlier, later = kept[:-1], kept[1:]
    if options.gaps == "break":
        together = later - earlier == 1
        earlier, later = earlier[together], later[together]
    errors = np.full(max(len(target) - 1, 0), np.nan)
    errors[later - 1] = _distances(pred[later] - pred[earlier], target[later] - target[earlier], options) / unit
    return errors * (len(later) / len(kept)) if options.velocity_per == "frame" and kept.size else errors


def _placed(
    pred: Float64, target: Float64, points: Points, align: Align, options: LandmarkOptions
) -> tuple[Float64, Float64, float]:
    """The chosen points of both sides in common coordinates, and what to divide distances by."""
    if options.lengths == "linspace":
        frames = min(len(pred), len(target))
        pred, target = _thinned(pred, frames), _thinned(target, frames)
    if options.crop == "eat128":
        pred, target = _where_finite(to_crop, pred), _where_finite(to_crop, target)
    if options.rounded:
        pred, target = np.rint(pred), np.rint(target)
    if align == "template":
        pred, target = _where_finite(to_template, pred), _where_finite(to_template, target)
    elif align == "similarity":
        pred = _where_finite(to_target, pred, target)
    pred, target = pred[..., : options.dims], target[..., : options.dims]
    unit = eye_distance(target) if options.unit == "iod" else 1.0
    pred, target = pred[:, INDEX[points]], target[:, INDEX[points]]
    return (centred(pred), centred(target), unit) if align == "center" else (pred, target, unit)


def _thinned(points: Float64, frames: int) -> Float64:
    """`frames` of T frames, evenly spaced, each at or before its due time."""
    return points[np.linspace(0, len(points), frames, endpoint=False).astype(np.intp)]


def _distances(pred: Float64, target: Float64, options: LandmarkOptions) -> Float64:
    distances = np.linalg.norm(pred - target, axis=-1)
    return np.asarray(distances.sum(axis=-1) if options.over_points == "sum" else distances.mean(axis=-1))


def _where_finite(place: Callable[..., Float64], points: Float64, *others: Float64) -> Float64:
    """`place` on the frames in which every side has a face; the rest is NaN."""
    valid = np.logical_and.reduce([is_present(side) for side in (points, *others)])
    placed = place(*(side[valid] for side in (points, *others)))
    out = np.full((len(points), *placed.shape[1:]), np.nan)
    out[valid] = placed
    return out


_METRICS: Final[tuple[tuple[MetricInfo, _ErrorsOf, Points], ...]] = (
    (M_LD, _position_errors, "mouth"),
    (F_LD, _position_errors, "face"),
    (M_LVD, _velocity_errors, "mouth"),
    (F_LVD, _velocity_errors, "face"),
)

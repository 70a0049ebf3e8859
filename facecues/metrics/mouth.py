"""How far the mouth is open, against the real one's: what lip sync looks like without a network."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from facecues.metrics.alignment import eye_distance
from facecues.metrics.contracts import CueTrack, Float64, MetricInfo, Score
from facecues.metrics.missing import Missing, hold_first, make_score, mean_score, to_length
from facecues.metrics.signature import make_signature
from facecues.points import LOWER_INNER_LIP, UPPER_INNER_LIP
from facecues.reasons import ScoreReason
from facecues.resample import FPS

MOUTH_ERROR: Final = MetricInfo("Mouth", "mouth opening error", "lower", "iod", 0.0)
MOUTH_CORRELATION: Final = MetricInfo("Mouth-corr", "mouth opening correlation", "higher", "", 1.0)

_FEWEST = 3  # frames; two points always lie on a line
_STILL = 1e-6  # units of the opening: below float32 round-off of landmarks nothing moves


def mouth_signatures(missing: Missing = "penalize") -> Mapping[str, str]:
    """Signatures by the metric's name. A correlation has no error to penalise: it is of the frames compared."""
    parts = {"pts": f"{UPPER_INNER_LIP}-{LOWER_INNER_LIP}", "dim": "3d", "fps": FPS}
    return {
        MOUTH_ERROR.name: make_signature(MOUTH_ERROR.name, {**parts, "unit": "iod", "miss": missing}),
        MOUTH_CORRELATION.name: make_signature(MOUTH_CORRELATION.name, {**parts, "miss": "exclude"}),
    }


def mouth_opening(landmarks: NDArray[Any]) -> Float64:
    """(T,) distance of the inner lips' middles, in the unit of (T, 68, 2 or 3) landmarks; NaN where there is no face.

    Raises:
        ValueError: another shape.
    """
    landmarks = np.asarray(landmarks, np.float64)
    if landmarks.ndim != 3 or landmarks.shape[1] != 68 or landmarks.shape[2] not in (2, 3):
        raise ValueError(f"expected (T, 68, 2) or (T, 68, 3) landmarks, got {landmarks.shape}")
    return np.asarray(np.linalg.norm(landmarks[:, LOWER_INNER_LIP] - landmarks[:, UPPER_INNER_LIP], axis=-1))


def mouth_opening_error(pred: NDArray[Any], target: NDArray[Any]) -> float:
    """Mean absolute difference of two (T,) openings over the frames that have both.

    Raises:
        ValueError: other shapes, or no frame that has both.
    """
    pred, target = _both(pred, target)
    if not len(pred):
        raise ValueError("expected at least one frame with an opening on both sides, got none")
    return float(np.abs(pred - target).mean())


def mouth_opening_correlation(pred: NDArray[Any], target: NDArray[Any]) -> float:
    """Pearson's correlation of two (T,) openings over the frames that have both.

    Raises:
        ValueError: other shapes, fewer than three frames that have both, or a mouth that does not move.
    """
    pred, target = _both(pred, target)
    if len(pred) < _FEWEST:
        raise ValueError(f"expected at least {_FEWEST} frames with an opening on both sides, got {len(pred)}")
    if _is_still(pred) or _is_still(target):
        raise ValueError("expected openings that change, got a constant one, which correlates with nothing")
    return float(np.clip(np.corrcoef(pred, target)[0, 1], -1, 1))


def mouth_scores(pred: CueTrack, target: CueTrack, *, missing: Missing = "penalize") -> dict[str, Score]:
    """Error and correlation of the opening of one clip, by name: pose-normalised, over the real clip's eye distance."""
    unit = eye_distance(target.normalized)
    real = mouth_opening(target.normalized) / unit
    generated = to_length(mouth_opening(pred.normalized) / unit, len(target))
    errors, of_still = (np.abs(side - real) for side in (generated, hold_first(real)))
    return {
        MOUTH_ERROR.name: mean_score(errors, of_still, available=len(pred), missing=missing),
        MOUTH_CORRELATION.name: _correlation_score(generated, real, available=len(pred)),
    }


def _correlation_score(pred: Float64, target: Float64, *, available: int) -> Score:
    compared = ~np.isnan(pred) & ~np.isnan(target)
    nothing = make_score(None, compared, available=available)
    if nothing.n_frames < _FEWEST:
        return nothing
    if _is_still(pred[compared]) or _is_still(target[compared]):
        return replace(nothing, reason=ScoreReason.CONSTANT)
    return make_score(mouth_opening_correlation(pred, target), compared, available=available)


def _is_still(opening: Float64) -> bool:
    return bool(np.ptp(opening) <= _STILL)


def _both(pred: NDArray[Any], target: NDArray[Any]) -> tuple[Float64, Float64]:
    pred, target = np.asarray(pred, np.float64), np.asarray(target, np.float64)
    if pred.ndim != 1 or pred.shape != target.shape:
        raise ValueError(f"expected two openings of one shape (T,), got {pred.shape} and {target.shape}")
    both = ~np.isnan(pred) & ~np.isnan(target)
    return pred[both], target[both]

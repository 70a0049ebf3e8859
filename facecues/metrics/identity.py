"""Is it still the same person? Embeddings of a video's faces against the mean embedding of the reference video.

Called CSIM in papers, mostly with ArcFace. Embeddings have scales of their own, so each has columns under its own name.
"""

from collections.abc import Callable
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from facecues.metrics.contracts import Float64, MetricInfo, Score
from facecues.metrics.missing import is_present, make_score, to_length
from facecues.metrics.signature import make_signature
from facecues.reasons import ScoreReason

Measure = Literal["cosine", "distance"]


def identity_info(embedding: str, measure: Measure = "cosine") -> MetricInfo:
    """What a table says about an embedding's column, such as ID-dlib or ID-dlib-dist."""
    if measure == "cosine":
        return MetricInfo(f"ID-{embedding}", f"cosine of {embedding} face embeddings", "higher", "", 1.0)
    return MetricInfo(f"ID-{embedding}-dist", f"distance of {embedding} face embeddings", "lower", "", 0.0)


ID_DLIB: Final = identity_info("dlib")
ID_DLIB_DISTANCE: Final = identity_info("dlib", "distance")


def identity_signature(network: str, measure: Measure = "cosine") -> str:
    """The signature of a measure with an embedding; `network` is the signature of the embedding."""
    parts = {"net": network, "measure": measure, "against": "reference-mean", "miss": "exclude"}
    return make_signature("identity", parts)


def identity_similarity(pred: NDArray[np.floating], target: NDArray[np.floating]) -> Score:
    """Mean cosine between the embedding of each frame and the mean direction of the reference's.

    Args:
        pred: (T, d) embeddings of the video's frames, a row of NaN where there is no face.
        target: (T', d) of the reference's frames. What `pred` has beyond T' frames is cut.

    Returns:
        -1 to 1; None where either side has no face at all.

    Raises:
        ValueError: other shapes, or a row that is infinite, in part NaN, or all zero.
    """
    return _score(pred, target, _mean_cosine)


def identity_distance(pred: NDArray[np.floating], target: NDArray[np.floating]) -> Score:
    """Mean Euclidean distance between the embedding of each frame and the mean of the reference's.

    For embeddings that were trained on this distance, as dlib's was. Arguments and errors are identity_similarity's.
    """
    return _score(pred, target, _mean_distance)


def _score(
    pred: NDArray[np.floating], target: NDArray[np.floating], measure: Callable[[Float64, Float64], float]
) -> Score:
    ours, theirs = _faces(pred[: len(target)]), _faces(target)
    if ours.shape[1] != theirs.shape[1]:
        raise ValueError(f"expected embeddings of one network, got {ours.shape[1]} and {theirs.shape[1]} dimensions")
    if not len(theirs):
        return Score(None, 0, 0.0, ScoreReason.NO_FACE)
    value = measure(ours, theirs) if len(ours) else None
    return make_score(value, is_present(to_length(pred, len(target))), available=len(pred))


def _mean_cosine(ours: Float64, theirs: Float64) -> float:
    mean = _unit(_unit(theirs).mean(axis=0))
    return float(np.clip(_unit(ours) @ mean, -1, 1).mean())


def _mean_distance(ours: Float64, theirs: Float64) -> float:
    return float(np.linalg.norm(ours - theirs.mean(axis=0), axis=1).mean())


def _faces(rows: NDArray[np.floating]) -> Float64:
    """The rows with a face, checked."""
    values = np.asarray(rows, np.float64)
    if values.ndim != 2 or not values.shape[1]:
        raise ValueError(f"expected embeddings of shape (frames, dimensions), got {values.shape}")
    seen = values[~np.isnan(values).all(axis=1)]
    if not np.isfinite(seen).all() or not seen.any(axis=1).all():
        raise ValueError("expected finite embeddings that are not zero, or rows of NaN for frames without a face")
    return np.asarray(seen)


def _unit(vectors: Float64) -> Float64:
    return np.asarray(vectors / np.linalg.norm(vectors, axis=-1, keepdims=True))

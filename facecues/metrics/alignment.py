"""Landmarks of two faces into coordinates in which they can be compared.

Everything here takes frames of 68 points with two axes (x, y) or three, all of them finite, and gives float64.
"""

import numpy as np
from numpy.typing import NDArray

from facecues.metrics.contracts import Float64
from facecues.points import LEFT_OUTER_CORNER, RIGHT_OUTER_CORNER, STABLE
from facecues.preprocess.geometry import Similarity, relocate, to_head, umeyama
from facecues.preprocess.pictures import EAT_POINTS, EAT_TEMPLATE
from facecues.preprocess.template import TEMPLATE

_STABLE = list(STABLE)


def to_template(points: Float64) -> Float64:
    """(T, 68, d) in template units: each frame's stable points fitted to the template, the head's pose taken out."""
    placed: Float64 = to_head(points, _fit(TEMPLATE[_STABLE, : points.shape[-1]], points[:, _STABLE]))
    return placed


def to_target(points: Float64, target: Float64) -> Float64:
    """(T, 68, d) moved by one similarity per frame, which fits their stable points to those of `target`."""
    placed: Float64 = relocate(points, _fit(points[:, _STABLE], target[:, _STABLE]))
    return placed


def to_crop(points: Float64) -> Float64:
    """(T, 68, 2) in pixels of the 128 x 128 crop of ATVGnet and EAT: nose and eyes fitted to a fixed template.

    Source: code/utils_crop.py, crop_and_align, in yuangan/evaluation_eat. There the crop is drawn, written as a video
    and searched for landmarks again; here the landmarks of the frame are moved into it.
    """
    flat = points[..., :2]
    cropped: Float64 = to_head(flat, _fit(EAT_TEMPLATE, flat[:, EAT_POINTS]))
    return cropped


def centred(points: Float64) -> Float64:
    """(T, n, d) minus the mean of each frame's points."""
    return np.asarray(points - points.mean(axis=1, keepdims=True))


def eye_distance(points: NDArray[np.floating]) -> float:
    """The mean distance of the outer eye corners over the frames of (T, 68, d) that have a face; NaN if none has."""
    distances = np.linalg.norm(points[:, LEFT_OUTER_CORNER] - points[:, RIGHT_OUTER_CORNER], axis=-1)
    valid = distances[distances > 0]  # neither NaN nor a collapsed face
    return float(valid.mean()) if valid.size else float("nan")


def _fit(source: Float64, target: Float64) -> Similarity:
    """The similarity from source to target, (T, n, d) or (n, d), for each frame. No fit (NaN) where points coincide."""
    source, target = np.broadcast_arrays(source, target)
    with np.errstate(divide="ignore", invalid="ignore"):
        fit = umeyama(source, target) if source.shape[-1] == 3 else _fit_plane(source, target)
    return fit._replace(scale=np.where(fit.scale > 0, fit.scale, np.nan))


def _fit_plane(source: Float64, target: Float64) -> Similarity:
    """Umeyama's fit in the plane, where the best rotation and scale are one complex factor."""
    source_mean, target_mean = source.mean(axis=-2, keepdims=True), target.mean(axis=-2, keepdims=True)
    from_, to = (
        np.ascontiguousarray(p).view(np.complex128)[..., 0] for p in (source - source_mean, target - target_mean)
    )
    factor = (np.conj(from_) * to).sum(axis=-1) / (np.abs(from_) ** 2).sum(axis=-1)
    scale = np.abs(factor)
    cos, sin = factor.real / scale, factor.imag / scale
    rotation = np.stack([np.stack([cos, -sin], axis=-1), np.stack([sin, cos], axis=-1)], axis=-2)
    moved = scale[..., None] * (rotation @ source_mean[..., 0, :, None])[..., 0]
    return Similarity(rotation, scale, target_mean[..., 0, :] - moved)

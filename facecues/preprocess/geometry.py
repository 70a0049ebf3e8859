"""Head pose and normalised points: one definition for NumPy and Torch.

Every function takes arrays of either library and answers in the same; shapes may have any leading axes. The frame is
DESIGN's: pixels, x right, y down, z away from the camera.

    landmarks = scale * R @ normalized + translation          R = Rz(roll) @ Ry(yaw) @ Rx(pitch)
"""

from typing import Any, NamedTuple

import numpy as np
from array_api_compat import array_namespace, device
from scipy.spatial.transform import Rotation

from facecues.points import STABLE
from facecues.preprocess.template import TEMPLATE

Array = Any  # numpy.ndarray or torch.Tensor


class Similarity(NamedTuple):
    """rotation: (..., 3, 3), scale: (...), translation: (..., 3)."""

    rotation: Array
    scale: Array
    translation: Array


class Normalized(NamedTuple):
    """points: (..., N, 3) template units; pose: head to frame."""

    points: Array
    pose: Similarity


def umeyama(source: Array, target: Array) -> Similarity:
    """Least-squares similarity that takes source to target.

    Source: Umeyama, "Least-squares estimation of transformation parameters between two point patterns",
    IEEE PAMI 13(4), 1991, equations 38 to 43.

    Args:
        source: (..., N, 3) points.
        target: (..., N, 3) points, same unit as the result's translation.

    Returns:
        Similarity with proper rotations: target ~ scale * R @ source + translation.
    """
    xp = array_namespace(source, target)
    source_mean = xp.mean(source, axis=-2, keepdims=True)
    target_mean = xp.mean(target, axis=-2, keepdims=True)
    centred = source - source_mean
    covariance = _transpose(xp, target - target_mean) @ centred / source.shape[-2]
    u, singular, vt = xp.linalg.svd(covariance)
    # A reflection would fit better than any rotation: turn the weakest axis back.
    sign = xp.where(xp.linalg.det(u) * xp.linalg.det(vt) < 0, -1.0, 1.0)
    sign = xp.astype(sign, singular.dtype)
    flip = xp.stack([xp.ones_like(sign), xp.ones_like(sign), sign], axis=-1)
    rotation = (u * flip[..., None, :]) @ vt
    variance = xp.sum(centred * centred, axis=(-2, -1)) / source.shape[-2]
    scale = xp.sum(singular * flip, axis=-1) / variance
    translation = target_mean[..., 0, :] - scale[..., None] * _apply(xp, rotation, source_mean)[..., 0, :]
    return Similarity(rotation, scale, translation)


def fit_pose(landmarks: Array) -> Similarity:
    """Head pose of (..., 68, 3) landmarks in frame pixels: template to frame, fitted to the stable points alone."""
    xp = array_namespace(landmarks)
    template = xp.asarray(TEMPLATE[list(STABLE)], dtype=landmarks.dtype, device=device(landmarks))
    stable = xp.asarray(np.array(STABLE), device=device(landmarks))
    target = xp.take(landmarks, stable, axis=-2)
    return umeyama(xp.broadcast_to(template, target.shape), target)


def normalize(landmarks: Array) -> Normalized:
    """Takes the head out of (..., 68, 3) landmarks: what remains is identity and expression, template units."""
    pose = fit_pose(landmarks)
    return Normalized(to_head(landmarks, pose), pose)


def to_head(points: Array, pose: Similarity) -> Array:
    """(..., N, 3) frame pixels to (..., N, 3) template units: R^T (p - translation) / scale."""
    xp = array_namespace(points)
    moved = points - pose.translation[..., None, :]
    return _apply(xp, _transpose(xp, pose.rotation), moved) / pose.scale[..., None, None]


def relocate(points: Array, pose: Similarity) -> Array:
    """(..., N, 3) template units to (..., N, 3) frame pixels: scale R p + translation. Inverts `to_head`."""
    xp = array_namespace(points)
    return pose.scale[..., None, None] * _apply(xp, pose.rotation, points) + pose.translation[..., None, :]


def rotation_matrix(degrees: Array) -> Array:
    """(..., 3) pitch, yaw, roll in degrees to (..., 3, 3) matrices Rz(roll) @ Ry(yaw) @ Rx(pitch)."""
    xp = array_namespace(degrees)
    radians = degrees * (np.pi / 180)
    (cp, cy, cr), (sp, sy, sr) = ([f(radians)[..., i] for i in range(3)] for f in (xp.cos, xp.sin))
    rows = (
        (cr * cy, cr * sy * sp - sr * cp, cr * sy * cp + sr * sp),
        (sr * cy, sr * sy * sp + cr * cp, sr * sy * cp - cr * sp),
        (-sy, cy * sp, cy * cp),
    )
    return xp.stack([xp.stack(row, axis=-1) for row in rows], axis=-2)


def rotation_degrees(matrices: Array) -> Array:
    """(n, 3, 3) NumPy rotation matrices to (n, 3) pitch, yaw, roll in degrees. Inverts `rotation_matrix` for
    yaw within +-90 degrees."""
    roll_yaw_pitch = Rotation.from_matrix(matrices).as_euler("ZYX", degrees=True)
    return np.ascontiguousarray(roll_yaw_pitch[..., ::-1])


def gaze_vector(degrees: Array) -> Array:
    """(..., 2) pitch, yaw in degrees to (..., 3) unit vectors Ry(yaw) Rx(pitch) (0, 0, -1)."""
    xp = array_namespace(degrees)
    radians = degrees * (np.pi / 180)
    pitch, yaw = radians[..., 0], radians[..., 1]
    return xp.stack([-xp.sin(yaw) * xp.cos(pitch), xp.sin(pitch), -xp.cos(yaw) * xp.cos(pitch)], axis=-1)


def gaze_degrees(vectors: Array) -> Array:
    """(..., 3) directions of any length to (..., 2) pitch, yaw in degrees."""
    xp = array_namespace(vectors)
    x, y, z = vectors[..., 0], vectors[..., 1], vectors[..., 2]
    pitch = xp.atan2(y, xp.sqrt(x * x + z * z))
    return xp.stack([pitch, xp.atan2(-x, -z)], axis=-1) * (180 / np.pi)


def gaze_in_head(degrees: Array, rotation: Array) -> Array:
    """Camera-frame gaze (..., 2) seen from a head of rotation (..., 3, 3): R^T g, in degrees."""
    xp = array_namespace(degrees)
    vector = gaze_vector(degrees)
    return gaze_degrees((_transpose(xp, rotation) @ vector[..., None])[..., 0])


def _transpose(xp: Any, matrices: Array) -> Array:
    return xp.matrix_transpose(matrices)


def _apply(xp: Any, matrices: Array, points: Array) -> Array:
    """(..., 3, 3) on each of (..., N, 3)."""
    return points @ _transpose(xp, matrices)

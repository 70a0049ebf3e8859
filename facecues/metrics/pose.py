"""Head pose against the real head's, and how much a head moves at all.

Rotations are (T, 3) pitch, yaw, roll in degrees, as stored (facecues.preprocess.geometry).
"""

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from facecues.metrics.contracts import CueTrack, Float64, MetricInfo, Score
from facecues.metrics.distributions import DEGREE_BINS, Bins, Counts
from facecues.metrics.missing import Missing, hold_first, is_present, make_score, mean_of_present, mean_score, to_length
from facecues.metrics.signature import make_signature
from facecues.preprocess.geometry import rotation_matrix
from facecues.resample import FPS

AXES: Final = ("pitch", "yaw", "roll")

POSE: Final = MetricInfo("Pose", "head angle error", "lower", "deg", 0.0)
POSE_AXES: Final = tuple(MetricInfo(f"Pose-{axis}", f"head {axis} error", "lower", "deg", 0.0) for axis in AXES)
POSE_VELOCITY: Final = MetricInfo("Pose-V", "head angular velocity error", "lower", "deg/s", 0.0)
POSE_SPEED: Final = MetricInfo("Pose-speed", "head speed", None, "deg/s")
POSE_RANGE: Final = MetricInfo("Pose-range", "head range, mean of the axes", None, "deg")
POSE_DIVERSITY: Final = MetricInfo("Pose-div", "head diversity, mean of the axes", None, "deg")
POSE_METRICS: Final = (POSE, *POSE_AXES, POSE_VELOCITY, POSE_SPEED, POSE_RANGE, POSE_DIVERSITY)
POSE_SPEED_GAP: Final = MetricInfo("Pose-speed-gap", "difference from the real head's speed", "lower", "deg/s", 0.0)

POSE_JS_MEAN: Final = MetricInfo(
    "Pose-JS", "Jensen-Shannon divergence of head angles per emotion, mean of the axes", "lower", "bit", 0.0
)
POSE_JS: Final = tuple(
    MetricInfo(f"Pose-JS-{axis}", f"Jensen-Shannon divergence of head {axis} per emotion", "lower", "bit", 0.0)
    for axis in AXES
)
POSE_V_W1: Final = MetricInfo(
    "Pose-V-W1",
    "Wasserstein-1 distance of head angular velocity per emotion, mean of the axes",
    "lower",
    "deg/s",
    0.0,
)
VELOCITY_BINS: Final = Bins(width=1.0, limit=90.0)  # degrees per second: heads that speak seldom turn faster

_RANGE = (5, 95)  # percentiles: one frame in which the tracker slips does not make a range


def pose_signatures(missing: Missing = "penalize") -> Mapping[str, str]:
    """Signatures by the metric's name. What describes one head alone has no error to penalise."""
    alone = (POSE_SPEED, POSE_SPEED_GAP, POSE_RANGE, POSE_DIVERSITY)
    return {
        info.name: make_signature(
            info.name,
            {
                "pct": "{}-{}".format(*_RANGE) if info == POSE_RANGE else None,
                "fps": FPS,
                "miss": "exclude" if info in alone else missing,
            },
        )
        for info in (*POSE_METRICS, POSE_SPEED_GAP)
    }


def pose_error(pred: NDArray[Any], target: NDArray[Any]) -> float:
    """Mean angle in degrees by which two (T, 3) tracks of rotations differ; frames with a NaN are left out.

    Raises:
        ValueError: other shapes, or no frame with a face on both sides.
    """
    return mean_of_present(angle_between(*_checked(pred, target)))


def pose_velocity_error(pred: NDArray[Any], target: NDArray[Any], *, fps: float = FPS) -> float:
    """Mean length of the difference of two (T, 3) tracks' angular velocities, degrees per second.

    Raises:
        ValueError: other shapes, or no two neighbouring frames with a face on both sides.
    """
    pred, target = _checked(pred, target)
    errors = np.linalg.norm(angular_velocity(pred, fps=fps) - angular_velocity(target, fps=fps), axis=-1)
    return mean_of_present(errors, "one pair of frames")


def pose_scores(pred: CueTrack, target: CueTrack, *, missing: Missing = "penalize") -> dict[str, Score]:
    """All of `POSE_METRICS` of one clip, by name."""
    frames = len(target)
    real = target.rotation.astype(np.float64)
    generated, still = to_length(pred.rotation, frames), hold_first(real)
    scores = {}
    angles = (angle_between(side, real) for side in (generated, still))
    scores[POSE.name] = mean_score(*angles, available=len(pred), missing=missing)
    for axis, info in enumerate(POSE_AXES):
        turns = (np.abs(_wrapped(side - real))[:, axis] for side in (generated, still))
        scores[info.name] = mean_score(*turns, available=len(pred), missing=missing)
    velocity = angular_velocity(real)
    slips = (np.linalg.norm(angular_velocity(side) - velocity, axis=-1) for side in (generated, still))
    scores[POSE_VELOCITY.name] = mean_score(*slips, available=len(pred) - 1, missing=missing)
    return scores | head_motion(pred, frames=frames)


def head_motion(track: CueTrack, *, frames: int | None = None) -> dict[str, Score]:
    """Speed, range and diversity of one head, by name: they describe, and are to be held against the real head's.

    Range is between the 5th and 95th percentile, diversity the standard deviation over time, both per axis, then their
    mean. (The code behind SadTalker's "Diversity" was never released.)

    Args:
        track: generated or real.
        frames: that the reference has; the track's own unless given.
    """
    rotation = to_length(track.rotation, len(track) if frames is None else frames)
    speeds = np.linalg.norm(angular_velocity(rotation), axis=-1)
    speed = mean_score(speeds, np.full_like(speeds, np.nan), available=len(track) - 1, missing="exclude")
    valid = is_present(rotation)
    extent = diversity = None
    if valid.sum() > 1:
        # Unwrapped, so that a head at ±180 degrees does not jump.
        angles = np.unwrap(rotation[valid], axis=0, period=360)
        low, high = np.percentile(angles, _RANGE, axis=0)
        extent, diversity = float((high - low).mean()), float(angles.std(axis=0).mean())
    return {
        POSE_SPEED.name: speed,
        POSE_RANGE.name: make_score(extent, valid, available=len(track)),
        POSE_DIVERSITY.name: make_score(diversity, valid, available=len(track)),
    }


def pose_counts(track: CueTrack, bins: Bins = DEGREE_BINS) -> dict[str, Counts]:
    """Frames per bin of pitch, yaw and roll, each by itself: one clip's share of a histogram per emotion."""
    return {axis: bins.count(track.rotation[:, [index]]) for index, axis in enumerate(AXES)}


def velocity_counts(track: CueTrack, bins: Bins = VELOCITY_BINS) -> Counts:
    """(3, bins) pairs of neighbouring frames by angular velocity about x, y and z: one clip's share, as above."""
    velocity = angular_velocity(track.rotation)
    return np.stack([bins.count(velocity[:, [axis]]) for axis in range(3)])


def angle_between(pred: NDArray[Any], target: NDArray[Any]) -> Float64:
    """(T,) angle in degrees of the turn from one rotation to the other; NaN where either is."""
    return np.asarray(np.linalg.norm(_turns(target, pred), axis=-1))


def angular_velocity(rotation: NDArray[Any], *, fps: float = FPS) -> Float64:
    """(T - 1, 3) rotation vectors between neighbours, degrees per second, camera frame; NaN where one is missing."""
    return _turns(rotation[:-1], rotation[1:]) * fps


def _turns(start: NDArray[Any], end: NDArray[Any]) -> Float64:
    """(n, 3) rotation vectors in degrees that take start to end."""
    turns = np.full((len(start), 3), np.nan)
    valid = is_present(start) & is_present(end)
    if valid.any():
        before, after = (Rotation.from_matrix(rotation_matrix(side[valid].astype(np.float64))) for side in (start, end))
        turns[valid] = np.degrees((after * before.inv()).as_rotvec())
    return turns


def _wrapped(degrees: Float64) -> Float64:
    """To -180 up to 180."""
    return (degrees + 180) % 360 - 180


def _checked(pred: NDArray[Any], target: NDArray[Any]) -> tuple[Float64, Float64]:
    pred, target = np.asarray(pred, np.float64), np.asarray(target, np.float64)
    if pred.ndim != 2 or pred.shape[1] != 3 or pred.shape != target.shape:
        raise ValueError(f"expected two tracks of one shape (T, 3) in degrees, got {pred.shape} and {target.shape}")
    return pred, target

"""Common rates, and cues at them, by time. Stored cues stay at the clip's own frames; who needs one rate resamples."""

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

FPS = 25
AUDIO_RATE = 16_000  # samples per second, wherever sound is looked at
SAMPLES_PER_FRAME = AUDIO_RATE // FPS
# Two valid frames further apart than this leave a hole between them: 2.5 frames at 25 per second.
MAX_GAP_S = 0.1
_SLACK_S = 5e-4  # time bases are rounded, in Matroska to whole milliseconds


def time_grid(times_s: NDArray[np.float64], fps: float = FPS) -> NDArray[np.float64]:
    """Instants k / fps from the first to the last time stamp, seconds; starts at the first stamp."""
    if not times_s.size:
        return np.empty(0)
    count = int(np.floor((times_s[-1] - times_s[0] + _SLACK_S) * fps)) + 1
    return np.asarray(times_s[0] + np.arange(count) / fps)


def resample(
    times_s: NDArray[np.float64],
    values: NDArray[np.float32],
    at_s: NDArray[np.float64],
    *,
    max_gap_s: float = MAX_GAP_S,
) -> NDArray[np.float32]:
    """Linear interpolation between neighbouring valid frames.

    Args:
        times_s: (n,) increasing, seconds.
        values: (n, ...) NaN where a frame is missing.
        at_s: (m,) increasing, seconds.
        max_gap_s: across wider holes nothing is made up.

    Returns:
        (m, ...) float32, NaN where there is no valid neighbour on both sides.
    """
    valid, before, after, weight = _neighbours(times_s, values, at_s, max_gap_s)
    out = np.full((len(at_s), *values.shape[1:]), np.nan, np.float32)
    share = weight.reshape(-1, *([1] * (values.ndim - 1)))
    out[valid] = values[before] * (1 - share) + values[after] * share
    return out


def resample_rotation(
    times_s: NDArray[np.float64],
    degrees: NDArray[np.float32],
    at_s: NDArray[np.float64],
    *,
    max_gap_s: float = MAX_GAP_S,
) -> NDArray[np.float32]:
    """As `resample`, for (n, 3) pitch, yaw, roll in degrees: along the shortest turn, not along the angles."""
    valid, before, after, weight = _neighbours(times_s, degrees, at_s, max_gap_s)
    out = np.full((len(at_s), 3), np.nan, np.float32)
    if valid.any():
        start = Rotation.from_euler("ZYX", degrees[before][:, ::-1], degrees=True)
        end = Rotation.from_euler("ZYX", degrees[after][:, ::-1], degrees=True)
        step = (start.inv() * end).as_rotvec() * weight[:, None]
        out[valid] = (start * Rotation.from_rotvec(step)).as_euler("ZYX", degrees=True)[:, ::-1]
    return out


def _neighbours(
    times_s: NDArray[np.float64], values: NDArray[np.float32], at_s: NDArray[np.float64], max_gap_s: float
) -> tuple[NDArray[np.bool_], NDArray[np.intp], NDArray[np.intp], NDArray[np.float64]]:
    """Which instants can be had, and for those: the frames around each and the share of the later one."""
    usable = np.flatnonzero(~np.isnan(values.reshape(len(values), -1)).any(axis=1))
    empty = np.empty(0, np.intp)
    if not usable.size:
        return np.zeros(len(at_s), bool), empty, empty, np.empty(0)
    known = times_s[usable]
    right = np.clip(np.searchsorted(known, at_s), 0, len(known) - 1)
    left = np.maximum(right - 1, 0)
    around = (known[left] <= at_s) & (at_s <= known[right]) & (known[right] - known[left] <= max_gap_s + _SLACK_S)
    # Beside a hole, or at an end, a frame still answers for its own instant.
    nearest = np.where(np.abs(at_s - known[left]) < np.abs(known[right] - at_s), left, right)
    on_frame = np.abs(known[nearest] - at_s) <= _SLACK_S
    left, right = (np.where(around, side, nearest) for side in (left, right))
    valid = around | on_frame
    left, right = left[valid], right[valid]
    span = known[right] - known[left]
    weight = np.where(span > 0, (at_s[valid] - known[left]) / np.where(span > 0, span, 1.0), 0.0)
    return valid, usable[left], usable[right], np.clip(weight, 0.0, 1.0)

"""What becomes of frames without a face: the one place where per-frame errors turn into a clip's score.

`exclude` leaves them out. `penalize` gives a frame in which only the generated face is missing the error that the
clip's first real frame, held still, has at that time: hiding the face then never beats doing nothing. A frame without a
real face counts for nobody. Either way the coverage says how many frames were really compared.
"""

from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from facecues.metrics.contracts import Float64, Score
from facecues.reasons import ScoreReason

Missing = Literal["penalize", "exclude"]


def is_present(values: NDArray[Any]) -> NDArray[np.bool_]:
    """(T,) whether each of (T, ...) frames is without NaN."""
    return np.asarray(~np.isnan(values).any(axis=tuple(range(1, values.ndim))))


def mean_of_present(values: Float64, what: str = "one frame") -> float:
    """The mean of (n,) values, of which NaN ones have no face.

    Raises:
        ValueError: there is not one; the message says that at least `what` was expected.
    """
    present = values[~np.isnan(values)]
    if not present.size:
        raise ValueError(f"expected at least {what} with a face on every side, got none in {len(values)}")
    return float(present.mean())


def to_length(values: NDArray[Any], frames: int) -> Float64:
    """(T, ...) to (frames, ...) float64: a longer one is cut, a shorter one goes on without a face (NaN)."""
    out = np.full((frames, *values.shape[1:]), np.nan)
    out[: len(values)] = values[:frames]
    return out


def hold_first(values: Float64) -> Float64:
    """The first valid row of (T, ...), held still for T frames; NaN if there is none."""
    present = np.flatnonzero(is_present(values))
    if not present.size:
        return np.full_like(values, np.nan)
    return np.broadcast_to(values[present[0]], values.shape)


def mean_score(errors: Float64, still: Float64, *, available: int, missing: Missing) -> Score:
    """The mean over a clip's frames, or pairs of frames.

    Args:
        errors: (n,) one for each frame (pair) of the reference; NaN where one side has no face.
        still: (n,) the same for the reference's first frame held still; NaN where the real face is missing.
        available: how many of the n the generated video is long enough for.
        missing: what counts where `errors` is NaN.

    Raises:
        ValueError: not one value for each frame.
    """
    if errors.ndim != 1 or still.shape != errors.shape:
        raise ValueError(f"expected errors and still of (n,) frames, got {errors.shape} and {still.shape}")
    compared = ~np.isnan(errors)
    counted = np.where(compared, errors, still) if missing == "penalize" else errors
    counted = counted[~np.isnan(counted)]
    return make_score(float(counted.mean()) if counted.size else None, compared, available=available)


def make_score(value: float | None, compared: NDArray[np.bool_], *, available: int) -> Score:
    """A score with its coverage, and what lowered that most.

    Args:
        value: of the clip; None where too few frames are left for one.
        compared: (n,) which of the reference's frames (pairs) the generated video has, with faces.
        available: how many of the n it is long enough for.
    """
    expected, used = len(compared), int(compared.sum())
    if not expected:
        return Score(None, 0, 0.0, ScoreReason.TOO_SHORT)
    if used == expected:
        return Score(value, used, 1.0, None if value is not None else ScoreReason.TOO_SHORT)
    cut = expected - min(max(available, 0), expected)
    reason = ScoreReason.TOO_SHORT if 2 * cut > expected - used else ScoreReason.NO_FACE
    return Score(value, used, used / expected, reason)

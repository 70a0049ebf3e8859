"""Where generated eyes look, against the real ones: frame by frame, and as distributions per emotion.

Gaze is (T, 2) pitch, yaw in degrees, camera frame, as stored. The estimator is the same on both sides, so that its bias
partly cancels. Adams and Kleck (Emotion 5(1), 2005) expect direct gaze with anger and joy, averted gaze with fear and
sadness; actors who read from a prompter need not comply, which is what the permutation test is for.
"""

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from facecues.metrics.contracts import CueTrack, Float64, MetricInfo, Score
from facecues.metrics.distributions import DEGREE_BINS, Bins, Counts
from facecues.metrics.missing import Missing, hold_first, make_score, mean_of_present, mean_score, to_length
from facecues.metrics.signature import make_signature
from facecues.preprocess.geometry import gaze_vector
from facecues.resample import FPS

GAZE: Final = MetricInfo("Gaze", "gaze angular error", "lower", "deg", 0.0)
GAZE_LEFT: Final = MetricInfo("Gaze-L", "left eye's gaze angular error", "lower", "deg", 0.0)
GAZE_RIGHT: Final = MetricInfo("Gaze-R", "right eye's gaze angular error", "lower", "deg", 0.0)
EYE_CONTACT: Final = MetricInfo("Eye-contact", "share of frames that look at the camera", None, "")
GAZE_METRICS: Final = (GAZE, GAZE_LEFT, GAZE_RIGHT, EYE_CONTACT)

GAZE_JS: Final = MetricInfo("Gaze-JS", "Jensen-Shannon divergence of gaze per emotion", "lower", "bit", 0.0)
GAZE_TV: Final = MetricInfo("Gaze-TV", "total variation of gaze per emotion", "lower", "", 0.0)
GAZE_W1: Final = tuple(
    MetricInfo(f"Gaze-W1-{axis}", f"Wasserstein-1 distance of gaze {axis} per emotion", "lower", "deg", 0.0)
    for axis in ("pitch", "yaw")
)

EYES: Final = ("left", "right", "combined")
CONTACT_DEGREES: Final = 5.0


def gaze_signatures(missing: Missing = "penalize") -> Mapping[str, str]:
    """Signatures of `GAZE_METRICS` by name."""
    paired = (GAZE, GAZE_LEFT, GAZE_RIGHT)
    parts = {"frame": "camera", "fps": FPS}
    contact = {"frame": "camera", "within": f"{CONTACT_DEGREES:g}deg", "fps": FPS, "miss": "exclude"}
    return {info.name: make_signature(info.name, {**parts, "miss": missing}) for info in paired} | {
        EYE_CONTACT.name: make_signature(EYE_CONTACT.name, contact)
    }


def gaze_error(pred: NDArray[Any], target: NDArray[Any]) -> float:
    """Mean angle in degrees between two (T, 2) tracks of gaze; frames with a NaN are left out.

    Raises:
        ValueError: other shapes, or no frame with gaze on both sides.
    """
    pred, target = _checked(pred), _checked(target)
    if pred.shape != target.shape:
        raise ValueError(f"expected two tracks of one length, got {pred.shape} and {target.shape}")
    return mean_of_present(gaze_angle(pred, target))


def eye_contact_share(gaze: NDArray[Any], within: float = CONTACT_DEGREES) -> float:
    """Share of the frames of (T, 2) gaze that are less than `within` degrees off the camera axis, 0 to 1.

    Raises:
        ValueError: another shape, or no frame with gaze.
    """
    return mean_of_present(_contact(_checked(gaze), within))


def gaze_scores(pred: CueTrack, target: CueTrack, *, missing: Missing = "penalize") -> dict[str, Score]:
    """`GAZE_METRICS` of one clip, by name."""
    frames = len(target)
    scores = {}
    for info, track, reference in (
        (GAZE, pred.gaze, target.gaze),
        (GAZE_LEFT, pred.gaze_left, target.gaze_left),
        (GAZE_RIGHT, pred.gaze_right, target.gaze_right),
    ):
        real = reference.astype(np.float64)
        errors = (gaze_angle(side, real) for side in (to_length(track, frames), hold_first(real)))
        scores[info.name] = mean_score(*errors, available=len(pred), missing=missing)
    return scores | {EYE_CONTACT.name: eye_contact(pred, frames=frames)}


def eye_contact(track: CueTrack, *, frames: int | None = None) -> Score:
    """Eye contact of one clip, generated or real. `frames`: that the reference has; the track's own unless given."""
    contact = _contact(to_length(track.gaze, len(track) if frames is None else frames), CONTACT_DEGREES)
    valid = ~np.isnan(contact)
    return make_score(float(contact[valid].mean()) if valid.any() else None, valid, available=len(track))


def gaze_counts(track: CueTrack, bins: Bins = DEGREE_BINS) -> dict[str, Counts]:
    """Frames per bin of (pitch, yaw) for each of `EYES`: one clip's share of a histogram per emotion."""
    return {
        eye: bins.count(gaze) for eye, gaze in zip(EYES, (track.gaze_left, track.gaze_right, track.gaze), strict=True)
    }


def gaze_angle(pred: NDArray[Any], target: NDArray[Any]) -> Float64:
    """(T,) angle in degrees between directions; NaN where either is."""
    one, other = (gaze_vector(side.astype(np.float64)) for side in (pred, target))
    # Exact for small angles too, where the arc cosine of a dot product is not.
    angle: Float64 = np.arctan2(np.linalg.norm(np.cross(one, other), axis=-1), (one * other).sum(axis=-1))
    return np.degrees(angle)


def _contact(gaze: Float64, within: float) -> Float64:
    """(T,) 1 where the eyes meet the camera, 0 where they do not, NaN where there are none."""
    angles = gaze_angle(gaze, np.zeros_like(gaze))
    return np.where(np.isnan(angles), np.nan, angles < within)


def _checked(gaze: NDArray[Any]) -> Float64:
    gaze = np.asarray(gaze, np.float64)
    if gaze.ndim != 2 or gaze.shape[1] != 2:
        raise ValueError(f"expected gaze of shape (T, 2), pitch and yaw in degrees, got {gaze.shape}")
    return gaze

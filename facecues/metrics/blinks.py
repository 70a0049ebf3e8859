"""Blinks, from how far the eyes are open."""

from typing import Any, Final, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from facecues.metrics.contracts import CueTrack, Float64, MetricInfo, Score
from facecues.metrics.missing import is_present, make_score, to_length
from facecues.metrics.signature import make_signature
from facecues.resample import FPS

BLINK_RATE: Final = MetricInfo("Blinks", "blink rate", None, "1/min")

# Shares of the eye's usual opening. A blink starts and ends where the lids pass _LEFT, and goes below _DOWN, which
# lids that follow a lowered gaze do not: they come down by 0.017 per degree (see facecues.models.synth.behavior).
_DOWN: Final = 0.6
_LEFT: Final = 0.75
_USUAL_S: Final = 3.0  # the usual opening is the median over so long around a frame: it follows squints and gaze
_LONGEST_S: Final = 0.6  # longer closed eyes are no blink; spontaneous blinks take 0.1 to 0.4 s
_FEWEST: Final = FPS  # frames with a face, below which a rate says nothing

BLINK_SIGNATURE: Final = make_signature(
    BLINK_RATE.name,
    {
        "left": _LEFT,
        "down": _DOWN,
        "usual": f"{_USUAL_S:g}s",
        "longest": f"{_LONGEST_S:g}s",
        "fps": FPS,
        "miss": "exclude",
    },
)


class Blink(NamedTuple):
    """First and last frame."""

    first: int
    last: int

    @property
    def frames(self) -> int:
        return self.last - self.first + 1


def detect_blinks(eye_openness: NDArray[Any], *, fps: float = FPS) -> tuple[Blink, ...]:
    """Every time the lids come down and up again; one that the clip's beginning or end cuts off counts too.

    Args:
        eye_openness: (T, 2) or (T,) height over width of the eyes' opening; NaN where there is no face, which ends a
            blink.
        fps: frames per second.

    Raises:
        ValueError: another shape.
    """
    openness = np.asarray(eye_openness, np.float64)
    if openness.ndim not in (1, 2) or (openness.ndim == 2 and openness.shape[1] != 2):
        raise ValueError(f"expected eye openness of shape (T, 2) or (T,), got {openness.shape}")
    if openness.ndim == 2:
        openness = openness.mean(axis=1)
    share = openness / _usual(openness, fps)
    edges = np.flatnonzero(np.diff(np.concatenate([[False], share < _LEFT, [False]]).astype(int)))
    spans = (Blink(int(first), int(after) - 1) for first, after in zip(edges[::2], edges[1::2], strict=True))
    return tuple(
        blink
        for blink in spans
        if share[blink.first : blink.last + 1].min() < _DOWN and blink.frames <= _LONGEST_S * fps
    )


def blink_rate(eye_openness: NDArray[Any], *, fps: float = FPS) -> float:
    """Blinks per minute of the frames with a face. Arguments as for `detect_blinks`.

    Raises:
        ValueError: another shape, or no frame with a face.
    """
    blinks = detect_blinks(eye_openness, fps=fps)
    openness = np.asarray(eye_openness, np.float64)
    frames = int(is_present(openness).sum())
    if not frames:
        raise ValueError(f"expected at least one frame with a face, got none in {len(openness)}")
    return len(blinks) * 60 * fps / frames


def blink_durations(eye_openness: NDArray[Any], *, fps: float = FPS) -> Float64:
    """(blinks,) seconds each. Arguments and errors as for `detect_blinks`."""
    return np.array([blink.frames / fps for blink in detect_blinks(eye_openness, fps=fps)])


def blink_score(track: CueTrack, *, frames: int | None = None) -> Score:
    """Blink rate of one clip: it describes, and is to be held against the real clip's.

    Args:
        track: generated or real.
        frames: that the reference has; the track's own unless given.
    """
    openness = to_length(track.eye_openness, len(track) if frames is None else frames)
    valid = is_present(openness)
    rate = blink_rate(openness) if valid.sum() >= _FEWEST else None
    return make_score(rate, valid, available=len(track))


def _usual(openness: Float64, fps: float) -> Float64:
    """The median around each frame."""
    window = pd.Series(openness).rolling(round(_USUAL_S * fps), center=True, min_periods=1)
    return window.median().to_numpy(np.float64)

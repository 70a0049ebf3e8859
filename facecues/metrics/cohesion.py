"""Do gaze and lids, head and mouth go together as they do in real faces, or is each made by itself?

Upper lids follow the gaze up and down (Becker and Fuchs, "Lid-eye coordination during vertical gaze changes in man and
monkey", J. Neurophysiol. 60(4), 1988), and heads nod with speech (Busso, Deng, Grimm, Neumann and Narayanan, "Rigid
head motion in expressive speech animation", IEEE TASLP 15(3), 2007). One clip of a few seconds is too short for either.
So sums of squares and products are kept per clip and added up over a set: slope and correlation are of the sum,
which any part, split or bootstrap gives again. Slow changes (an expression that comes, a head that turns away) are no
relation: what counts is how far each frame is from the mean of the second around it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from facecues.metrics.blinks import detect_blinks
from facecues.metrics.contracts import CueTrack, Float64, MetricInfo
from facecues.metrics.mouth import mouth_opening
from facecues.metrics.signature import make_signature
from facecues.preprocess.geometry import gaze_in_head, rotation_matrix
from facecues.resample import FPS

LID_GAZE: Final = MetricInfo("Lid-gaze", "change of the eyes' opening per degree of lowered gaze", None, "%/deg")
LID_GAZE_GAP: Final = MetricInfo(
    "Lid-gaze-gap", "difference from the real clips in how lids follow the gaze, per emotion", "lower", "%/deg", 0.0
)
NOD_MOUTH: Final = MetricInfo("Nod-mouth", "correlation of the head's pitch with the mouth's opening", None, "")
NOD_MOUTH_GAP: Final = MetricInfo(
    "Nod-mouth-gap", "difference from the real clips in how heads nod with the mouth, per emotion", "lower", "", 0.0
)

_AROUND: Final = FPS  # frames: the second around a frame
_BESIDE: Final = 2  # frames on either side of a blink in which the lids are on their way
_FEWEST: Final = FPS  # frames of a set, below which a relation says nothing
_STILL: Final = 1e-10  # mean square of what does not move: round-off of float32

Sums = Float64
"""(..., 4) of one relation: frames, and the sums of x², xy and y² over them. They add up over clips."""


def lid_gaze_sums(track: CueTrack) -> Sums:
    """(4,) of gaze pitch in the head frame, degrees, and of the eyes' opening in percent of the clip's median.

    Frames of blinks are left out, and two on either side, in which the lids are on their way.
    """
    gaze = gaze_in_head(track.gaze.astype(np.float64), rotation_matrix(track.rotation.astype(np.float64)))[:, 0]
    opening = track.eye_openness.astype(np.float64).mean(axis=1)
    for blink in detect_blinks(opening):
        opening[max(0, blink.first - _BESIDE) : blink.last + 1 + _BESIDE] = np.nan
    known = opening[~np.isnan(opening)]
    usual = np.median(known) if known.size else np.nan
    return _sums(gaze, 100 * opening / usual if usual > 0 else np.full_like(opening, np.nan))


def nod_mouth_sums(track: CueTrack) -> Sums:
    """(4,) of the mouth's opening, template units, and of the head's pitch, degrees."""
    return _sums(mouth_opening(track.normalized), track.rotation[:, 0].astype(np.float64))


def slope(sums: Sums) -> Float64:
    """(...) least-squares change of y per unit of x; NaN where x does not move, or in too few frames."""
    return _where_moving(sums, sums[..., 2], sums[..., 1], sums[..., 1])


def correlation(sums: Sums) -> Float64:
    """(...) Pearson's; NaN where either does not move, or in too few frames."""
    return _where_moving(
        sums, sums[..., 2], np.sqrt(sums[..., 1] * sums[..., 3]), np.minimum(sums[..., 1], sums[..., 3])
    )


@dataclass(frozen=True, slots=True)
class Relation:
    """Two cues that go together.

    Attributes:
        info: what describes one set of clips.
        gap: its absolute difference from the reference's.
        sums: of one clip.
        value: of a set's sums.
    """

    info: MetricInfo
    gap: MetricInfo
    sums: Callable[[CueTrack], Sums]
    value: Callable[[Sums], Float64]


RELATIONS: Final = (
    Relation(LID_GAZE, LID_GAZE_GAP, lid_gaze_sums, slope),
    Relation(NOD_MOUTH, NOD_MOUTH_GAP, nod_mouth_sums, correlation),
)


def cohesion_signatures() -> Mapping[str, str]:
    """Signatures of all metrics of `RELATIONS`, by name."""
    parts = {"around": f"{_AROUND / FPS:g}s", "agg": "frame,emotion", "fps": FPS, "miss": "exclude"}
    blinks = {"blinks": f"without±{_BESIDE}"}
    return {
        info.name: make_signature(info.name, (blinks if one.info == LID_GAZE else {}) | parts)
        for one in RELATIONS
        for info in (one.info, one.gap)
    }


def _sums(x: NDArray[Any], y: NDArray[Any]) -> Sums:
    known = ~(np.isnan(x) | np.isnan(y))
    x, y = (_from_around(np.where(known, side, np.nan))[known] for side in (x, y))
    return np.array([known.sum(), (x * x).sum(), (x * y).sum(), (y * y).sum()], np.float64)


def _from_around(values: Float64) -> Float64:
    """(T,) how far each frame is from the mean of the second around it."""
    around = pd.Series(values).rolling(_AROUND, center=True, min_periods=1).mean()
    return np.asarray(values - around.to_numpy(np.float64))


def _where_moving(sums: Sums, above: Float64, below: Float64, least: Float64) -> Float64:
    frames = sums[..., 0]
    moving = (frames >= _FEWEST) & (least > _STILL * frames)
    return np.asarray(np.divide(above, below, out=np.full(frames.shape, np.nan), where=moving))

"""Lip sync by SyncNet: LSE-D, LSE-C and the offset, from the features of windows of pictures and of sound.

For windows i and shifts k of the sound, D_k is the mean over i of |v_i - a_(i+k)|. LSE-D is the least D_k, LSE-C the
median of all D_k less the least, the offset is -k there (calc_pdist and evaluate in SyncNetInstance.py of
joonson/syncnet_python). Both depend on crop and codec, and a generator can beat the real clips: so they are read
beside those of the real clips, as a difference from them.
"""

from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
from numpy.typing import ArrayLike

from facecues.metrics.contracts import Float32, Float64, MetricInfo, Score
from facecues.metrics.signature import make_signature
from facecues.reasons import ScoreReason
from facecues.resample import FPS

LSE_D: Final = MetricInfo("LSE-D", "lip sync error, distance", "lower", "")
LSE_C: Final = MetricInfo("LSE-C", "lip sync error, confidence", "higher", "")
LSE_OFFSET: Final = MetricInfo("LSE-Offset", "offset of the sound by SyncNet", None, "frames")
LSE_D_GAP: Final = MetricInfo("LSE-D-Gap", "LSE-D, difference from the real clip", "lower", "", 0.0)
LSE_C_GAP: Final = MetricInfo("LSE-C-Gap", "LSE-C, difference from the real clip", "lower", "", 0.0)

MAX_SHIFT: Final = 15  # frames
_EPS: Final = 1e-6  # that torch's pairwise_distance, and so the original, adds to each difference

Outside = Literal["zeros", "exclude"]
"""What a window meets where a shift leads out of the sound: "zeros", as in the original and in whatever is published;
or nothing: the mean is over windows that meet sound. Zeros leave LSE-D nearly as it is, but distort LSE-C of short
clips: of 100 windows, 15 meet them at the outermost shift."""


@dataclass(frozen=True, slots=True)
class LipSync:
    """How a clip's pictures and sound go together.

    Attributes:
        distance: LSE-D, the mean distance at the best shift.
        confidence: LSE-C, by how much that is less than the median over all shifts.
        offset: frames by which the sound is early: what is seen at t is heard at t - offset.
        n_windows: of pictures.
    """

    distance: float
    confidence: float
    offset: int
    n_windows: int


def signature(network: str, outside: Outside = "zeros") -> str:
    """Names what changes the numbers; `network` is the signature of the features."""
    return make_signature("lse", {"net": network, "shifts": MAX_SHIFT, "outside": outside, "fps": FPS})


def sync_distances(
    pictures: ArrayLike, sound: ArrayLike, *, max_shift: int = MAX_SHIFT, outside: Outside = "zeros"
) -> Float64:
    """D_k for shifts k of the sound from -max_shift to max_shift.

    Args:
        pictures: (n, d) features of windows of pictures.
        sound: (n, d) features of the windows' sound.
        max_shift: frames to either side.
        outside: see `Outside`.

    Returns:
        (2 max_shift + 1,) float64.

    Raises:
        ValueError: other or unequal shapes, values that are not finite, no windows or, with outside="exclude", so few
            that some shift leaves less than half of them.
    """
    seen, heard = np.asarray(pictures, np.float64), np.asarray(sound, np.float64)
    if seen.ndim != 2 or seen.shape != heard.shape:
        raise ValueError(f"expected features of pictures and of sound, (n, d) each, got {seen.shape} and {heard.shape}")
    if not (np.isfinite(seen).all() and np.isfinite(heard).all()):
        raise ValueError("expected finite features: leave out the windows that have none, got NaN or infinite values")
    count = len(seen)
    least = 2 * max_shift + 1 if outside == "exclude" else 1
    if max_shift < 0 or count < least:
        raise ValueError(f"expected {least} windows or more, for shifts of 0 or more, got {count} and {max_shift}")
    padded = np.pad(heard, ((max_shift, max_shift), (0, 0)))
    curve = np.empty(2 * max_shift + 1)
    for column in range(len(curve)):
        distance = np.linalg.norm(seen - padded[column : column + count] + _EPS, axis=1)
        shift = column - max_shift
        inside = slice(max(0, -shift), count - max(0, shift))
        curve[column] = distance.mean() if outside == "zeros" else distance[inside].mean()
    return curve


def lip_sync(
    pictures: ArrayLike, sound: ArrayLike, *, max_shift: int = MAX_SHIFT, outside: Outside = "zeros"
) -> LipSync:
    """LSE-D, LSE-C and the offset of one clip. Arguments and errors as `sync_distances`."""
    curve = sync_distances(pictures, sound, max_shift=max_shift, outside=outside)
    best = int(curve.argmin())
    least = float(curve[best])
    return LipSync(least, float(np.median(curve)) - least, max_shift - best, len(np.asarray(pictures)))


def lip_sync_scores(
    pictures: Float32, sound: Float32 | None, *, expected: int | None = None, outside: Outside = "zeros"
) -> dict[str, Score]:
    """One clip's LSE-D, LSE-C and LSE-Offset, by name, over the windows that pictures and sound both have.

    As in the original, a clip of T frames has T - 5 windows, the last that there could be left out. A clip has no
    score when there are so few that some shift finds no sound, or with outside="exclude" for less than half of them.

    Args:
        pictures: (T - 4, 1024) of `SyncNetFeatures.features`.
        sound: (S - 5, 1024) of `SyncNetFeatures.of_sound`, S whole frames of sound; None where there is none.
        expected: frames that the reference has, T unless told: what is longer is cut, what is shorter has less
            coverage.
        outside: see `Outside`.

    Raises:
        ValueError: features of unequal width, or not finite.
    """
    possible = max(0, len(pictures) - 1)
    windows = possible if expected is None else max(0, expected - 5)
    possible = min(possible, windows)
    names = (LSE_D.name, LSE_C.name, LSE_OFFSET.name)
    count = 0 if sound is None else min(possible, len(sound))
    if sound is None or count <= (MAX_SHIFT if outside == "zeros" else 2 * MAX_SHIFT):
        reason = ScoreReason.NO_AUDIO if sound is None else ScoreReason.TOO_SHORT
        return dict.fromkeys(names, Score(None, 0, 0.0, reason))
    found = lip_sync(pictures[:count], sound[:count], outside=outside)
    values = (found.distance, found.confidence, float(found.offset))
    ends_first = ScoreReason.NO_AUDIO if possible - count > windows - possible else ScoreReason.TOO_SHORT
    lost = ends_first if count < windows else None
    return {name: Score(value, count, count / windows, lost) for name, value in zip(names, values, strict=True)}


def gap(pred: Score, target: Score) -> Score:
    """By how much a clip's score differs from that of the real clip: |LSE - LSE_real|.

    Null where one of both is, with that one's reason, the generated clip's first.
    """
    if pred.value is None or target.value is None:
        return Score(None, 0, 0.0, pred.reason if pred.value is None else target.reason)
    return Score(abs(pred.value - target.value), pred.n_frames, pred.coverage, pred.reason)

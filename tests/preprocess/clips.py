"""One clip through the default extractor, as arrays, for the tests on real clips."""

from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from facecues.cues import to_array
from facecues.points import LOWER_INNER_LIP, MIRROR, UPPER_INNER_LIP
from facecues.preprocess.contracts import ClipReport
from facecues.preprocess.extract import CueExtractor


@dataclass
class Clip:
    """report: of the extractor; table: CUE_SCHEMA rows."""

    report: ClipReport
    table: pa.Table

    def array(self, column: str) -> NDArray[np.float32]:
        """(T, 68, 3) for points, (T, length) for vectors, (T,) for numbers; NaN where null."""
        kind = self.table.schema.field(column).type
        if pa.types.is_fixed_size_list(kind):
            return to_array(self.table[column], (68, 3) if kind.list_size == 204 else None)
        return self.table[column].to_numpy().astype(np.float64)


def extract_clip(extractor: CueExtractor, video: Path, audio: Path | None = None) -> Clip:
    batches: list[pa.RecordBatch] = []
    report = extractor(video, audio, batches.append)
    return Clip(report, pa.Table.from_batches(batches))


class Agreement(NamedTuple):
    """Two forms of one take: at `shift_s` the mouth openings correlate best, and the points are `distance` apart."""

    correlation: float
    shift_s: float
    distance: float


def same_take(one: Clip, other: Clip) -> Agreement:
    """Compares normalised points by time, over shifts of the second clip within 0.1 s."""
    times, other_times = one.array("time_s"), other.array("time_s")
    points = other.array("normalized").reshape(-1, 204)

    def at(shift: float) -> Agreement:
        inside = (times >= other_times[0] + shift) & (times <= other_times[-1] + shift)
        there = np.stack([np.interp(times[inside], other_times + shift, column) for column in points.T], axis=1)
        there = there.reshape(-1, 68, 3)
        here = one.array("normalized")[inside]
        correlation = np.corrcoef(mouth_opening(here), mouth_opening(there))[0, 1]
        return Agreement(float(correlation), shift, float(np.linalg.norm(here - there, axis=-1).mean()))

    return max((at(shift) for shift in np.arange(-0.1, 0.1001, 0.005)), key=lambda found: found.correlation)


def mouth_opening(points: NDArray[np.float32]) -> NDArray[np.float32]:
    """Distance of the inner lips, (T,) of (T, 68, 3)."""
    return np.linalg.norm(points[:, UPPER_INNER_LIP] - points[:, LOWER_INNER_LIP], axis=-1)


class MirrorError(NamedTuple):
    """What is left when a mirrored clip is mirrored back: median absolute degrees, mean template units."""

    pitch: float
    yaw: float
    roll: float
    gaze_yaw: float
    gaze_yaw_per_eye: float
    points: float


def mirror_error(here: Clip, there: Clip) -> MirrorError:
    """Compares a clip with its left-right flipped twin, frame by frame."""
    rotation = np.median(np.abs(here.array("rotation") - there.array("rotation") * [1, -1, -1]), axis=0)

    def gaze(one: str, other: str) -> float:
        return float(np.median(np.abs(here.array(one)[:, 1] + there.array(other)[:, 1])))

    points = there.array("normalized")[:, list(MIRROR)] * [-1, 1, 1]
    return MirrorError(
        *(float(angle) for angle in rotation),
        gaze_yaw=gaze("gaze", "gaze"),
        gaze_yaw_per_eye=max(gaze("gaze_right", "gaze_left"), gaze("gaze_left", "gaze_right")),
        points=float(np.linalg.norm(here.array("normalized") - points, axis=-1).mean()),
    )

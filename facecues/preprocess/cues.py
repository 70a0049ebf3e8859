"""A chunk of tracked frames to rows of the cue store: normalisation, gaze, Arrow."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from facecues.errors import ClipError
from facecues.preprocess.contracts import Face, GazeAngles, GazeBackend
from facecues.preprocess.geometry import (
    Similarity,
    fit_pose,
    rotation_degrees,
    rotation_matrix,
    to_head,
)
from facecues.preprocess.pupils import eye_openness
from facecues.reasons import ClipReason, FrameReason
from facecues.schema import CUE_SCHEMA


@dataclass(slots=True)
class Observed:
    """What is kept of one frame once its picture is gone."""

    index: int
    time_s: float
    reason: FrameReason | None
    face: Face | None
    picture: NDArray[np.uint8] | None  # what the gaze backend asked to keep


def cue_batch(observed: Sequence[Observed], gaze: GazeBackend) -> pa.RecordBatch:
    """Rows of CUE_SCHEMA for frames in order; frames without a face get nulls and their reason."""
    faces = [one.face for one in observed if one.face is not None]
    has_face = np.array([one.face is not None for one in observed])
    values = _cues([one.picture for one in observed if one.face is not None], faces, gaze) if faces else {}
    return cue_rows(
        [one.index for one in observed],
        [one.time_s for one in observed],
        [one.reason and str(one.reason) for one in observed],
        has_face,
        values,
    )


def cue_rows(
    indices: Sequence[int],
    times_s: Sequence[float],
    reasons: Sequence[str | None],
    has_face: NDArray[np.bool_],
    values: Mapping[str, NDArray[np.float32]],
) -> pa.RecordBatch:
    """Rows of CUE_SCHEMA out of arrays.

    Args:
        indices, times_s, reasons: of the T frames.
        has_face: (T,) bool.
        values: the other columns, (n, ...) over the n frames with a face; one that is missing is null.
    """
    columns: dict[str, pa.Array] = {
        "frame": pa.array(indices, pa.int32()),
        "time_s": pa.array(times_s, pa.float64()),
        "reason": pa.array(reasons, pa.string()),
    }
    for field in CUE_SCHEMA:
        if field.name not in columns:
            columns[field.name] = _column(field.type, values.get(field.name), has_face)
    return pa.RecordBatch.from_arrays([columns[name] for name in CUE_SCHEMA.names], schema=CUE_SCHEMA)


def _cues(
    pictures: Sequence[NDArray[np.uint8] | None], faces: Sequence[Face], gaze: GazeBackend
) -> dict[str, NDArray[np.float32]]:
    """Columns over the n frames with a face, (n,) or (n, length)."""
    landmarks = np.stack([face.landmarks for face in faces]).astype(np.float32)
    exact = fit_pose(landmarks.astype(np.float64))
    degrees, scale, translation = (
        value.astype(np.float32) for value in (rotation_degrees(exact.rotation), exact.scale, exact.translation)
    )
    # Normalise with the pose as stored, after rounding: what is stored then fits together to float32 round-off.
    stored = Similarity(
        rotation_matrix(degrees.astype(np.float64)), scale.astype(np.float64), translation.astype(np.float64)
    )
    angles = _angles(gaze, pictures, faces, stored)
    return {
        "score": np.array([face.score for face in faces]),
        "box": np.stack([face.box for face in faces]),
        "landmarks": landmarks.reshape(-1, 204),
        "normalized": to_head(landmarks.astype(np.float64), stored).reshape(-1, 204),
        "rotation": degrees,
        "translation": translation,
        "scale": scale,
        "gaze_left": angles.left,
        "gaze_right": angles.right,
        "gaze": angles.combined,
        "eye_openness": eye_openness(landmarks),
    }


def _angles(
    gaze: GazeBackend, pictures: Sequence[NDArray[np.uint8] | None], faces: Sequence[Face], pose: Similarity
) -> GazeAngles:
    """Of n faces, each side (n, 2): one row for all would be spread over them in silence."""
    angles = gaze.angles(pictures, faces, pose)
    if not isinstance(angles, GazeAngles):
        came, expected = type(angles).__name__, "GazeAngles"
    else:
        shapes = {np.shape(side) for side in (angles.left, angles.right, angles.combined)}
        if shapes == {(len(faces), 2)}:
            return angles
        came, expected = f"angles {sorted(shapes)}", f"({len(faces)}, 2) for the left eye, the right one and both"
    raise ClipError(ClipReason.INTERNAL_ERROR, f"the gaze backend {gaze.signature} gave {came}: expected {expected}")


def _column(kind: pa.DataType, values: NDArray[np.float32] | None, has_face: NDArray[np.bool_]) -> pa.Array:
    """Spreads values over the frames with a face; every other frame, and every NaN, is null."""
    length = kind.list_size if pa.types.is_fixed_size_list(kind) else 1
    spread = np.full((len(has_face), length), np.nan, np.float32)
    if values is not None:
        spread[has_face] = values.reshape(-1, length)
    missing = np.isnan(spread).any(axis=1)
    if not pa.types.is_fixed_size_list(kind):
        return pa.array(spread[:, 0], kind, mask=missing)
    spread[missing] = 0.0  # under a null; keeps the files free of NaN
    return pa.FixedSizeListArray.from_arrays(pa.array(spread.ravel()), type=kind, mask=pa.array(missing))

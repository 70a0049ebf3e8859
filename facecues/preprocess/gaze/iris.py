"""Backend `iris`: gaze from where the iris sits in the eye. Needs no network of its own.

Each eye is a ball fixed in the head (facecues.preprocess.pupils). The iris centre lies on it, so its place in the
picture, measured from the projected ball centre in ball radii, is the x and y of the gaze direction. The head's pose
enters through the ball centre, which the pose carries along: the result is in the camera frame.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from facecues.errors import UsageError
from facecues.preprocess.contracts import Face, Float64, GazeAngles
from facecues.preprocess.geometry import Similarity, gaze_degrees, relocate, to_head
from facecues.preprocess.pupils import EYE_MODEL, eyeballs
from facecues.preprocess.video import Frame

_MAX_SINE = np.sin(np.radians(60.0))  # beyond this angle the iris is out of sight and the reading is noise


class IrisGaze:
    """GazeBackend over the irises that a landmark backend gives."""

    signature = f"iris[{EYE_MODEL}]"

    def observe(self, frame: Frame, face: Face) -> NDArray[np.uint8] | None:
        """Nothing of the picture is kept."""
        return None

    def angles(
        self,
        observations: Sequence[NDArray[np.uint8] | None],
        faces: Sequence[Face],
        pose: Similarity,
    ) -> GazeAngles:
        """See GazeBackend. Eyes are weighted by their width in the picture, so that the nearer one leads."""
        landmarks = np.stack([face.landmarks for face in faces]).astype(np.float64)
        irises = np.stack([_given(face.irises) for face in faces]).astype(np.float64)
        directions = eye_directions(landmarks, irises, pose)
        seen = np.linalg.norm(landmarks[:, [36, 42], :2] - landmarks[:, [39, 45], :2], axis=-1)  # (n, 2) pixels
        both = (directions * seen[..., None]).sum(axis=1)
        per_eye = gaze_degrees(directions)
        return GazeAngles(left=per_eye[:, 1], right=per_eye[:, 0], combined=gaze_degrees(both))


def eye_directions(landmarks: Float64, irises: Float64, pose: Similarity) -> Float64:
    """Unit gaze vectors in the camera frame.

    Args:
        landmarks: (n, 68, 3) frame pixels.
        irises: (n, 2, 3) centres, right eye first, frame pixels; z is not used.
        pose: head to frame.

    Returns:
        (n, 2, 3), right eye first.
    """
    centres, radii = eyeballs(to_head(landmarks, pose))
    balls = relocate(centres, pose)
    xy = (irises - balls)[..., :2] / (radii * pose.scale[:, None])[..., None]
    length = np.linalg.norm(xy, axis=-1, keepdims=True)
    xy = xy * np.minimum(1.0, _MAX_SINE / np.maximum(length, 1e-9))
    depth = -np.sqrt(1.0 - (xy**2).sum(axis=-1, keepdims=True))
    return np.concatenate([xy, depth], axis=-1)


def _given(points: NDArray[np.float32] | None) -> NDArray[np.float32]:
    if points is None:
        raise UsageError("gaze 'iris' needs irises, which this landmark backend does not give: use gaze 'l2cs'")
    return points

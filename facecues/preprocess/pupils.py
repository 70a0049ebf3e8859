"""The eyes in the head: two balls, fixed to the eye corners, and where the pupils are when they look somewhere.

The same model reads gaze off irises (facecues.preprocess.gaze.iris) and puts pupils back for rendering, so that the two
invert each other.
"""

from typing import Any

from array_api_compat import array_namespace

from facecues.points import (
    LEFT_INNER_CORNER,
    LEFT_OUTER_CORNER,
    RIGHT_INNER_CORNER,
    RIGHT_OUTER_CORNER,
)
from facecues.preprocess.geometry import Similarity, gaze_in_head, gaze_vector, relocate

Array = Any

# All in widths of the eye (the distance of its corners, about 30 mm).
EYEBALL_RADIUS = 0.40  # 12 mm
# How far behind the corners the ball's centre is: hardly at all, the outer corner lies as far back. Fitted on real
# clips: eyes that keep to the camera while the head turns are read as still, see docs/accuracy.md.
EYEBALL_DEPTH = 0.04
# How far above them: the canthal line runs below the pupil. Fitted on real clips, where people look at the camera; to
# the side nothing was left to fit.
REST_UP = 0.075
EYE_MODEL = f"r:{EYEBALL_RADIUS},depth:{EYEBALL_DEPTH},up:{REST_UP}"


def eyeballs(normalized: Array) -> tuple[Array, Array]:
    """Ball centres (..., 2, 3) and radii (..., 2) of (..., 68, 3) points, template units, right eye first."""
    xp = array_namespace(normalized)

    def corner(index: int) -> Array:
        return normalized[..., index, :]

    outer = xp.stack([corner(RIGHT_OUTER_CORNER), corner(LEFT_OUTER_CORNER)], axis=-2)
    inner = xp.stack([corner(RIGHT_INNER_CORNER), corner(LEFT_INNER_CORNER)], axis=-2)
    span = outer - inner
    width = xp.sqrt(xp.sum(span * span, axis=-1))
    offset = xp.stack([xp.zeros_like(width), -REST_UP * width, EYEBALL_DEPTH * width], axis=-1)
    return (outer + inner) / 2 + offset, EYEBALL_RADIUS * width


def pupils_in_head(normalized: Array, gaze: Array) -> Array:
    """Pupil centres (..., 2, 3), template units, right eye first.

    Args:
        normalized: (..., 68, 3) template units.
        gaze: (..., 2, 2) right and left eye, pitch and yaw in degrees, head frame.
    """
    centres, radii = eyeballs(normalized)
    return centres + radii[..., None] * gaze_vector(gaze)


def relocate_with_pupils(normalized: Array, pose: Similarity, gaze: Array) -> Array:
    """Puts expression, pose and gaze together: (..., 70, 3) frame pixels, the right pupil at 68, the left at 69.

    Args:
        normalized: (..., 68, 3) template units.
        pose: head to frame.
        gaze: (..., 2, 2) right and left eye, pitch and yaw in degrees, camera frame.
    """
    xp = array_namespace(normalized, gaze)
    in_head = gaze_in_head(gaze, pose.rotation[..., None, :, :])
    points = xp.concat([normalized, pupils_in_head(normalized, in_head)], axis=-2)
    return relocate(points, pose)


def eye_openness(landmarks: Array) -> Array:
    """Lid distance over eye width, about 0 for closed and 0.3 for open eyes; (..., 2), right eye first.

    Source: the eye aspect ratio of Soukupova and Cech, "Real-Time Eye Blink Detection using Facial Landmarks", 2016,
    here over three axes so that a turned head does not narrow the eye.

    Args:
        landmarks: (..., 68, 3), any unit.
    """
    xp = array_namespace(landmarks)

    def distance(one: int, other: int) -> Array:
        gap = landmarks[..., one, :] - landmarks[..., other, :]
        return xp.sqrt(xp.sum(gap * gap, axis=-1))

    def ratio(first: int) -> Array:
        return (distance(first + 1, first + 5) + distance(first + 2, first + 4)) / (2 * distance(first, first + 3))

    return xp.stack([ratio(36), ratio(42)], axis=-1)

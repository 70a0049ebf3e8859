"""A portrait's own face, led by cues: whose displacements, turns and looks it takes over."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from facecues.models.cue_generator.contracts import Reference
from facecues.preprocess.geometry import Similarity, rotation_degrees, rotation_matrix
from facecues.preprocess.pupils import relocate_with_pupils
from facecues.sequences import Cues

Float64 = NDArray[np.float64]


def reference_at(neutral: NDArray[Any], pose: Similarity) -> Reference:
    """A portrait as the one who is to speak; it looks at the camera, as who is portrayed mostly does.

    Args:
        neutral: (68, 3) its face at rest, template units.
        pose: head to frame, as in the portrait.
    """
    return Reference(
        normalized=neutral.astype(np.float32),
        rotation=rotation_degrees(pose.rotation[None])[0].astype(np.float32),
        translation=np.asarray(pose.translation, np.float32),
        scale=float(pose.scale),
        gaze=np.zeros(2, np.float32),
    )


def lead(neutral: Float64, pose: Similarity, cues: Cues, reference: Reference) -> Float64:
    """Points of the portrait's own face, moved as the cues move away from the reference.

    Displacements are added to the portrait's face at rest; the head turns, shifts and grows from where it is in the
    portrait. So a reference that was read off the portrait gives the portrait back. Gaze is the camera's, as it is.

    Args:
        neutral: (68, 3) the portrait's face at rest, template units.
        pose: head to frame, as in the portrait, which shows who the reference is.
        cues: T frames.
        reference: that the cues were made for.

    Returns:
        (T, 70, 3) pixels of the portrait's frame, 68 points and two pupils, right eye first.
    """
    normalized, rotation, translation, scale, gaze = (
        np.asarray(value, np.float64)
        for value in (cues.normalized, cues.rotation, cues.translation, cues.scale, cues.gaze)
    )
    turned = rotation_matrix(rotation) @ rotation_matrix(np.asarray(reference.rotation, np.float64)).T
    enlarged = float(pose.scale) / reference.scale
    placed = Similarity(
        turned @ pose.rotation,
        scale * enlarged,
        pose.translation + (translation - reference.translation) * enlarged,
    )
    face = neutral + (normalized - reference.normalized)
    return np.asarray(relocate_with_pupils(face, placed, np.repeat(gaze[:, None], 2, axis=1)))

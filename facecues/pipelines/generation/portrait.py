"""A portrait that is led by cues: whose displacements, turns and looks it takes over, keeping its own face."""

import numpy as np
from numpy.typing import NDArray

from facecues.models.cue_generator.contracts import Reference
from facecues.models.warp import WarpHead
from facecues.preprocess.geometry import Similarity, rotation_degrees, rotation_matrix
from facecues.preprocess.pupils import relocate_with_pupils
from facecues.sequences import Cues

RENDERER = "warp|lead:1"  # raise the number when the same cues give other pictures


def reference_of_head(head: WarpHead) -> Reference:
    """A portrait as the one who is to speak; it looks at the camera, as who is portrayed mostly does."""
    return Reference(
        normalized=head.neutral.astype(np.float32),
        rotation=rotation_degrees(head.pose.rotation[None])[0].astype(np.float32),
        translation=np.asarray(head.pose.translation, np.float32),
        scale=float(head.pose.scale),
        gaze=np.zeros(2, np.float32),
    )


def lead(head: WarpHead, cues: Cues, reference: Reference) -> NDArray[np.float64]:
    """Points of the portrait's own face, moved as the cues move away from the reference.

    Displacements are added to the portrait's face at rest; the head turns, shifts and grows from where it is in the
    portrait. So a reference that was read off the portrait gives the portrait back. Gaze is the camera's, as it is.

    Args:
        head: of the portrait, which shows who the reference is.
        cues: T frames.
        reference: that the cues were made for.

    Returns:
        (T, 70, 3) pixels of the portrait's frame, for `WarpHead.render`.
    """
    normalized, rotation, translation, scale, gaze = (
        np.asarray(value, np.float64)
        for value in (cues.normalized, cues.rotation, cues.translation, cues.scale, cues.gaze)
    )
    turned = rotation_matrix(rotation) @ rotation_matrix(np.asarray(reference.rotation, np.float64)).T
    enlarged = float(head.pose.scale) / reference.scale
    pose = Similarity(
        turned @ head.pose.rotation,
        scale * enlarged,
        head.pose.translation + (translation - reference.translation) * enlarged,
    )
    face = head.neutral + (normalized - reference.normalized)
    return np.asarray(relocate_with_pupils(face, pose, np.repeat(gaze[:, None], 2, axis=1)))

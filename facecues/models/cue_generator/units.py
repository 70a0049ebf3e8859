"""Cues in the units of the network, and back.

The pose is that of the camera, but for where and how large the head is, which is told from the reference: translation
in its eye distances, and the logarithm of the change of scale. So a portrait's size in pixels does not matter.
"""

from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from facecues.models.cue_generator.contracts import Reference
from facecues.models.cue_generator.network import POSE, SHAPE, CueNetwork, Frame
from facecues.sequences import Cues

Float32 = NDArray[np.float32]

# Least deviation of each number of the pose in training: what never moves should not be blown up.
LEAST: Final = np.array([0.1, 0.1, 0.1, 0.002, 0.002, 0.002, 0.001], np.float32)


def raw_pose(cues: Cues, translation: Float32, scale: Float32) -> Float32:
    """(T, 7) pitch, yaw, roll in degrees; translation from the reference's, in its scale; log of the scale's ratio.

    Args:
        cues: of T frames.
        translation: (3,) or (T, 3), of the reference. scale: () or (T,), likewise.
    """
    moved = (cues.translation - translation) / np.asarray(scale)[..., None]
    larger = np.log(cues.scale / scale)
    return np.concatenate([cues.rotation, moved, larger[:, None]], axis=1).astype(np.float32)


def to_frame(network: CueNetwork, displacement: Tensor, gaze: Tensor, pose: Tensor) -> Frame:
    """Cues to the network's units.

    Args:
        network: whose units.
        displacement: (…, 68, 3) template units. gaze: (…, 2) degrees. pose: (…, 7) as `raw_pose` makes it.
    """
    shape = displacement.flatten(-2) / network.shape_unit
    return Frame(shape, gaze, (pose - network.pose_mean) / network.pose_std)


def to_cues(network: CueNetwork, frame: Frame, reference: Reference) -> Cues:
    """Frames (T, …) of one clip, back as cues of the reference's head."""
    base = reference.normalized if network.config.reference else network.mean_face.numpy(force=True)
    shape = (frame.shape * network.shape_unit).float().numpy(force=True)
    pose = (frame.pose * network.pose_std + network.pose_mean).float().numpy(force=True)
    scale = np.float32(reference.scale)
    return Cues(
        normalized=base + shape.reshape(-1, 68, 3),
        rotation=pose[:, :3].copy(),
        translation=np.asarray(reference.translation + scale * pose[:, 3:6], np.float32),
        scale=np.asarray(scale * np.exp(pose[:, 6]), np.float32),
        gaze=frame.gaze.float().numpy(force=True),
    )


def fit_units(network: CueNetwork, faces: Float32, displacement: Float32, pose: Float32, move: Float32) -> None:
    """Sets the network's units.

    Args:
        network: to be set.
        faces: (N, 68, 3) template units, all frames of training.
        displacement: (n, 68, 3) of some of them from their references.
        pose: (n, 7) as `raw_pose` makes it.
        move: (m, 7) differences of poses of neighbouring frames.
    """
    with torch.no_grad():
        network.mean_face.copy_(torch.from_numpy(faces.mean(axis=0)))
        network.shape_unit.fill_(float(np.sqrt(np.mean(np.square(displacement)))))
        network.pose_mean.copy_(torch.from_numpy(pose.mean(axis=0)))
        network.pose_std.copy_(torch.from_numpy(np.maximum(pose.std(axis=0), LEAST)))
        network.pose_move.copy_(torch.from_numpy(np.maximum(move.std(axis=0), LEAST / 10)) / network.pose_std)
    assert displacement.reshape(len(displacement), -1).shape[1] == SHAPE and pose.shape[1] == POSE

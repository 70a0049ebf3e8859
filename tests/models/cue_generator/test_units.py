"""Units: there and back is where one was; a portrait's size and place do not matter."""

import numpy as np
import torch

from facecues.models.cue_generator.contracts import Reference
from facecues.models.cue_generator.network import CueNetwork
from facecues.models.cue_generator.units import fit_units, raw_pose, to_cues, to_frame
from facecues.preprocess.geometry import Similarity, normalize, relocate, rotation_matrix
from facecues.preprocess.template import TEMPLATE
from facecues.sequences import Cues
from tests.models.cue_generator.material import small

RNG = np.random.default_rng(0)


def random(*shape, size=1.0):
    return (size * RNG.normal(size=shape)).astype(np.float32)


CUES = Cues(
    (TEMPLATE + random(9, 68, 3, size=0.02)).astype(np.float32),
    random(9, 3, size=5),
    np.array([90, 80, 2], np.float32) + random(9, 3),
    np.exp(random(9, size=0.05)) * np.float32(70),
    random(9, 2, size=6),
)
REFERENCE = Reference(TEMPLATE.astype(np.float32), random(3), np.array([88, 81, 0], np.float32), 66.0, random(2))


def network() -> CueNetwork:
    net = CueNetwork(small().network, 28, 13)
    pose = raw_pose(CUES, REFERENCE.translation, np.float32(REFERENCE.scale))
    moved = CUES.normalized - REFERENCE.normalized
    fit_units(net, CUES.normalized, moved, pose, np.diff(pose, axis=0))
    return net


def frame_of(net, cues, reference):
    pose = raw_pose(cues, reference.translation, np.float32(reference.scale))
    moved = cues.normalized - reference.normalized
    return to_frame(net, *(torch.from_numpy(one) for one in (moved, cues.gaze, pose)))


def test_there_and_back() -> None:
    net = network()
    back = to_cues(net, frame_of(net, CUES, REFERENCE), REFERENCE)
    for name in ("normalized", "rotation", "translation", "scale", "gaze"):
        np.testing.assert_allclose(getattr(back, name), getattr(CUES, name), rtol=1e-4, atol=1e-4)


def test_training_clips_have_unit_deviation() -> None:
    frame = frame_of(network(), CUES, REFERENCE)
    np.testing.assert_allclose(frame.pose.std(dim=0, correction=0), 1, atol=0.05)
    np.testing.assert_allclose(float(frame.shape.square().mean().sqrt()), 1, atol=1e-3)


def test_a_portrait_twice_as_large_elsewhere_says_the_same() -> None:
    net = network()
    larger = Cues(CUES.normalized, CUES.rotation, 2 * CUES.translation + 7, 2 * CUES.scale, CUES.gaze)
    other = Reference(
        REFERENCE.normalized, REFERENCE.rotation, 2 * REFERENCE.translation + 7, 2 * REFERENCE.scale, REFERENCE.gaze
    )
    one, two = frame_of(net, CUES, REFERENCE), frame_of(net, larger, other)
    torch.testing.assert_close(one.pose, two.pose, rtol=1e-3, atol=1e-3)


def test_reassembly_inverts_the_normalisation() -> None:
    """Generated cues to relocated landmarks, normalised again, are the cues."""
    net = network()
    cues = to_cues(net, frame_of(net, CUES, REFERENCE), REFERENCE)
    rotation = rotation_matrix(cues.rotation.astype(np.float64))
    pose = Similarity(rotation, cues.scale.astype(np.float64), cues.translation.astype(np.float64))
    stable_again = normalize(relocate(cues.normalized.astype(np.float64), pose))
    landmarks = relocate(stable_again.points, stable_again.pose)
    np.testing.assert_allclose(landmarks, relocate(cues.normalized.astype(np.float64), pose), atol=1e-9)

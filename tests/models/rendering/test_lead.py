"""A portrait is led by cues: its own face, moved as somebody else's."""

from types import SimpleNamespace

import numpy as np
import pytest

from facecues.models.cue_generator.contracts import Reference
from facecues.models.rendering.lead import lead, reference_at
from facecues.preprocess.geometry import Similarity, relocate, rotation_degrees, rotation_matrix
from facecues.preprocess.pupils import relocate_with_pupils
from facecues.preprocess.template import TEMPLATE
from facecues.sequences import Cues


def led(head, cues, reference):
    return lead(head.neutral, head.pose, cues, reference)


@pytest.fixture
def head():
    """Where a portrait's face is, turned a little."""
    pose = Similarity(rotation_matrix(np.array([4.0, -12.0, 3.0])), np.float64(58), np.array([120.0, 110.0, 5.0]))
    return SimpleNamespace(neutral=TEMPLATE + 0.01, pose=pose)


def held(reference, frames=1):
    parts = (reference.normalized, reference.rotation, reference.translation, reference.scale, reference.gaze)
    return Cues(*(np.tile(np.asarray(part, np.float32), (frames, *([1] * np.ndim(part)))) for part in parts))


def reference():
    """Somebody in a large frame, elsewhere, seen from the side."""
    face = (1.05 * TEMPLATE).astype(np.float32)
    return Reference(
        face, np.array([-5, 20, 0], np.float32), np.array([900, 500, 0], np.float32), 210.0, np.zeros(2, np.float32)
    )


def test_cues_that_stay_with_the_reference_give_the_portrait_back(head):
    points = led(head, held(reference(), 2), reference())
    both_eyes = np.zeros((2, 2))
    assert np.allclose(points, relocate_with_pupils(head.neutral, head.pose, both_eyes), atol=1e-3)


def test_a_head_as_its_own_reference_is_in_its_own_place(head):
    own = reference_at(head.neutral, head.pose)
    assert np.allclose(rotation_degrees(head.pose.rotation[None])[0], own.rotation, atol=1e-4)
    assert np.allclose(led(head, held(own), own)[0, :68], relocate(head.neutral, head.pose), atol=1e-3)


def test_displacement_shift_size_and_turn_are_taken_over_in_the_portraits_own_measure(head):
    who = reference()
    cues = held(who)
    cues.normalized[0, 8, 1] += 0.1
    moved = led(head, cues, who)[0] - led(head, held(who), who)[0]
    expected = 58 * head.pose.rotation @ [0, 0.1, 0]
    assert np.allclose(moved[8], expected, atol=1e-3) and np.abs(np.delete(moved, 8, axis=0)).max() < 1e-9
    cues = held(who)
    cues.translation[0, 0] += 21  # a tenth of an eye distance
    shifted = led(head, cues, who)[0] - led(head, held(who), who)[0]
    assert np.allclose(shifted, [5.8, 0, 0], atol=1e-3)
    cues = held(who)
    cues.scale[:] *= 2
    face = led(head, cues, who)[0, :68]
    assert np.allclose(face - head.pose.translation, 2 * 58 * head.neutral @ head.pose.rotation.T, atol=1e-3)
    cues = held(who)
    cues.rotation[0] = rotation_degrees((rotation_matrix(np.array([0.0, 0, 9])) @ rotation_matrix(who.rotation))[None])
    face = led(head, cues, who)[0, :68] - head.pose.translation
    turned = (led(head, held(who), who)[0, :68] - head.pose.translation) @ rotation_matrix(np.array([0.0, 0, 9])).T
    assert np.allclose(face, turned, atol=1e-3)

"""What backends give is held to their contract: a gap or another shape never passes for a measurement."""

from dataclasses import replace

import numpy as np
import pytest

from facecues.config import Limits
from facecues.errors import ClipError
from facecues.preprocess.contracts import GazeAngles
from facecues.preprocess.extract import CueExtractor
from facecues.preprocess.gaze.iris import IrisGaze
from facecues.reasons import ClipReason
from tests.preprocess.watching import Template, numbered, watcher_of

FRAMES = 20
WHO = "the landmark backend template gave "


class Changed(Template):
    """Gives what it is told to make of what a Template gives."""

    def __init__(self, change):
        super().__init__()
        self._change = change

    def track(self, frames):
        return self._change(super().track(frames))


class Looking:
    """GazeBackend that gives what it is told to."""

    signature = "looking"

    def __init__(self, given):
        self._given = given

    def observe(self, frame, face):
        return None

    def angles(self, observations, faces, pose):
        return self._given


@pytest.fixture
def video(write_video):
    return write_video(numbered(range(1, FRAMES + 1)))


def with_face(**changes):
    return lambda given: (replace(one, face=replace(one.face, **changes)) for one in given)


def extracted(video, landmarks, gaze=None):
    return CueExtractor(landmarks, gaze or IrisGaze(), Limits(), {})(video, None, lambda batch: None)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (
            lambda given: (one for one in given if one.frame.index < 15),
            "15 of 20 frames: expected one Tracked for each",
        ),
        (lambda given: (next(given) for _ in range(3)), "3 of 20 frames"),  # it stops, and leaves frames undecoded
        (lambda given: (one for one in given if one.frame.index != 4), "frame 5 in the place of frame 4"),
        (lambda given: (one for each in given for one in (each, each)), "frame 0 in the place of frame 1"),
        (lambda given: (one.face for one in given), "Face: expected Tracked, a frame with its face or None"),
        (with_face(landmarks=np.zeros((68, 2))), r"landmarks \(68, 2\): expected \(68, 3\)"),
        (with_face(irises=np.zeros((2, 2))), r"irises \(2, 2\): expected \(2, 3\)"),
        (with_face(box=None), r"box \(\): expected \(4,\)"),
    ],
)
def test_what_breaks_the_contract_of_landmarks_fails_the_clip_in_one_sentence(video, change, words):
    for read in (
        lambda backend: extracted(video, backend),
        lambda backend: list(watcher_of(backend).open(video).shots()),
    ):
        with pytest.raises(ClipError, match=WHO + words) as told:
            read(Changed(change))
        assert told.value.reason == ClipReason.INTERNAL_ERROR


def test_a_backend_may_look_ahead_and_give_other_floats(video):
    def late(given):
        yield from list(given)

    whole = extracted(video, Template())
    assert extracted(video, Changed(late)) == whole
    landmarks = np.arange(204.0).reshape(68, 3) ** 1.5
    assert extracted(video, Changed(with_face(landmarks=landmarks))).coverage == whole.coverage == 1


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (np.zeros((FRAMES, 2)), "ndarray: expected GazeAngles"),
        (GazeAngles(*[np.zeros((1, 2))] * 3), r"angles \[\(1, 2\)\]: expected \(20, 2\) for the left eye"),
    ],
)
def test_what_breaks_the_contract_of_gaze_fails_the_clip_in_one_sentence(video, given, words):
    with pytest.raises(ClipError, match="the gaze backend looking gave " + words):
        extracted(video, Template(), Looking(given))

"""What renderers give is held to their contract, and told in one sentence: no video only looks finished."""

from types import SimpleNamespace

import numpy as np
import pytest

from facecues.errors import ClipError, UsageError
from facecues.models.rendering.checked import prepare
from facecues.models.rendering.lead import reference_at
from facecues.preprocess.geometry import Similarity
from facecues.preprocess.template import TEMPLATE
from facecues.reasons import ClipReason

SIZE, CUES = 256, range(4)  # of cues, only their number matters here
PORTRAIT = np.zeros((8, 8, 3), np.uint8)
FRAME = np.zeros((SIZE, SIZE, 3), np.uint8)
REFERENCE = reference_at(TEMPLATE, Similarity(np.eye(3), np.float64(58), np.array([128.0, 112.0, 0.0])))


def frames(cues, reference):
    return [FRAME] * len(cues)


def painter(*, without=None, **changes):
    head = {"size": SIZE, "crop": np.eye(2, 3), "reference": REFERENCE, "render": frames} | changes
    head.pop(without, None)
    return SimpleNamespace(signature="cardboard", prepare=lambda portrait, size, near=None: SimpleNamespace(**head))


def test_a_head_as_it_should_be_passes_as_it_is():
    head = prepare(painter(), PORTRAIT, SIZE)
    assert head.size == SIZE and head.reference is REFERENCE and np.array_equal(head.crop, np.eye(2, 3))
    assert all(frame is FRAME for frame in head.render(CUES, REFERENCE))


@pytest.mark.parametrize(
    ("renderer", "words"),
    [
        *((painter(without=name), f"gave a head without `{name}`") for name in ("size", "crop", "reference", "render")),
        (painter(size=128), "gave a head of size 128: expected 256"),
        (painter(crop=np.eye(3)), r"gave a crop \(3, 3\): expected \(2, 3\)"),
        (painter(reference=TEMPLATE), "gave a reference of type ndarray: expected Reference"),
        (SimpleNamespace(signature="cardboard", prepare=lambda portrait, size: 0), "failed: TypeError in checked.py"),
    ],
)
def test_a_head_that_breaks_the_contract_is_told_in_one_sentence(renderer, words):
    with pytest.raises(ClipError, match=f"^The renderer cardboard {words}") as told:
        prepare(renderer, PORTRAIT, SIZE)
    assert told.value.reason == ClipReason.INTERNAL_ERROR


@pytest.mark.parametrize(
    ("render", "words"),
    [
        (lambda cues, reference: [FRAME[:, :100]] * 4, r"gave a frame \(256, 100, 3\) uint8: expected \(256, 256, 3\)"),
        (lambda cues, reference: [FRAME / 255] * 4, r"gave a frame \(256, 256, 3\) float64: expected .* uint8"),
        (lambda cues, reference: [None] * 4, r"gave a frame \(\) NoneType"),
        (lambda cues, reference: [FRAME] * 3, "gave 3 frames: expected 4, one for each of the cues"),
        (lambda cues, reference: [FRAME] * 5, "gave more frames than the 4 of the cues"),
        (lambda cues, reference: [FRAME, 1 / 0], "failed: ZeroDivisionError in test_checked.py, line"),
    ],
)
def test_frames_that_break_the_contract_are_told_in_one_sentence(render, words):
    head = prepare(painter(render=render), PORTRAIT, SIZE)
    with pytest.raises(ClipError, match=f"^The renderer cardboard {words}"):
        list(head.render(CUES, REFERENCE))


def test_what_a_renderer_refuses_itself_stays_as_it_is():
    def refuse(*_, **__):
        raise UsageError("two faces")

    with pytest.raises(UsageError, match=r"^two faces$"):
        prepare(SimpleNamespace(signature="cardboard", prepare=refuse), PORTRAIT, SIZE)

"""The trained renderer: in bounded pieces, the same frames whatever the pieces, in place and of the asked size."""

from dataclasses import replace

import cv2
import numpy as np
import pytest
import torch
from skimage import data as pictures

from facecues.errors import UsageError, WeightsMissingError
from facecues.models.facevid2vid.config import facevid2vid_config
from facecues.models.facevid2vid.model import FaceVid2Vid
from facecues.models.keypoint_mapper.checkpoint import OpenedMapper
from facecues.models.keypoint_mapper.config import NetworkConfig
from facecues.models.keypoint_mapper.network import KeypointMapper
from facecues.models.rendering import facevid2vid as rendering
from facecues.models.rendering.facevid2vid import FaceVid2VidRenderer
from facecues.models.rendering.warp import WarpRenderer
from facecues.models.warp.portrait import read_portrait
from facecues.sequences import Cues

SIZE = 256


def opened(side=32, **network):
    """A mapper and a generator, whose weights were drawn; the mapper moves something."""
    torch.manual_seed(0)
    changes = {"size": side, "keypoints": 5, "generator": {"motion": {"blocks": 2}}}
    generator = FaceVid2Vid(facevid2vid_config("tiny", changes)).eval()
    with torch.no_grad():  # as they are drawn, weights make a grey picture
        generator.generator.final.weight *= 200
    mapper = KeypointMapper(NetworkConfig(hidden=32, **network), 5).eval()
    mapper.unit.fill_(0.3)
    mapper.driving.std.fill_(0.05)
    torch.nn.init.normal_(mapper.layers[-1].weight)
    return OpenedMapper(mapper, generator, "mapper[w:0]|generator[w:0]")


@pytest.fixture(scope="module")
def head():
    try:
        return FaceVid2VidRenderer(opened()).prepare(pictures.astronaut(), SIZE)
    except WeightsMissingError as error:
        pytest.skip(str(error))


def with_mapper(head, **network):
    return replace(head, _opened=opened(**network))


def speech(head, frames):
    """The portrait as it is, but that it opens its mouth and looks around."""
    own = head.reference
    parts = (own.normalized, own.rotation, own.translation, own.scale, own.gaze)
    cues = Cues(*(np.tile(np.asarray(part, np.float32), (frames, *([1] * np.ndim(part)))) for part in parts))
    time = np.linspace(0, 5, frames, dtype=np.float32)
    cues.normalized[:, 6:11, 1] += 0.1 * np.sin(time)[:, None] ** 2
    cues.rotation[:, 1] += 10 * np.sin(time)
    return cues


def frames_of(head, cues):
    return np.stack(list(head.render(cues, head.reference)))


def test_every_frame_comes_in_the_asked_size(head):
    made = frames_of(head, speech(head, 3))
    assert made.shape == (3, SIZE, SIZE, 3) and made.dtype == np.uint8
    assert made.std() > 20 and np.abs(made[0].astype(int) - made[1]).mean() > 1


@pytest.mark.parametrize("window", [0, 2])
def test_pieces_in_memory_do_not_change_the_frames(head, monkeypatch, window):
    head = with_mapper(head, window=window)
    whole = frames_of(head, speech(head, 13))
    monkeypatch.setattr(rendering, "_MAPPED", 5)
    monkeypatch.setattr(rendering, "_GENERATED", 2)
    pieces = frames_of(head, speech(head, 13))
    assert np.abs(whole.astype(int) - pieces).max() <= 1


def test_memory_is_bounded_whatever_the_length(head, monkeypatch):
    seen = []
    generate = FaceVid2Vid.generate

    def watched(self, appearance, source, driving):
        seen.append((len(appearance), len(driving)))
        return generate(self, appearance, source, driving)

    monkeypatch.setattr(FaceVid2Vid, "generate", watched)
    stream = head.render(speech(head, 5000), head.reference)
    for _ in range(20):
        next(stream)
    assert seen == [(1, 8)] * 3  # no more than was asked for, and the portrait encoded once


def test_a_performance_in_pieces_is_the_performance(head):
    cues = speech(head, 10)
    pieces = np.concatenate([frames_of(head, cues[:4]), frames_of(head, cues[4:])])
    assert np.abs(frames_of(head, cues).astype(int) - pieces).max() <= 1


def test_it_has_the_crop_and_the_reference_of_the_warp(head):
    warped = WarpRenderer().prepare(pictures.astronaut(), SIZE)
    assert np.allclose(head.crop, warped.crop)
    for one, other in zip(
        (head.reference.normalized, head.reference.rotation, head.reference.translation, head.reference.scale),
        (warped.reference.normalized, warped.reference.rotation, warped.reference.translation, warped.reference.scale),
        strict=True,
    ):
        assert np.allclose(one, other, atol=1e-4)


def test_points_are_told_in_the_units_of_the_training():
    corners = np.array([[-0.5, -0.5, 0.0], [255.5, 255.5, 25.6]])  # of a picture of 256 pixels
    found = rendering._to_crop_units(corners, 256, 64).numpy()
    assert np.allclose(found[:, :2], [[-64 / 63] * 2, [64 / 63] * 2])  # half a pixel beyond the first and last centre
    assert found[1, 2] == pytest.approx(25.6 / 4 * 2 / 63)


def test_pupils_are_put_where_a_store_has_them():
    seen = read_portrait(pictures.astronaut(), SIZE)
    points = rendering._points_of(seen)
    assert np.allclose(points[:68], seen.landmarks)
    assert np.linalg.norm(points[68:, :2] - seen.irises, axis=1).max() < 2  # pixels; both eyes look one way
    for eye, corners in ((68, (36, 39)), (69, (42, 45))):
        assert points[corners[0], 0] < points[eye, 0] < points[corners[1], 0]


def test_a_still_mapper_draws_the_portrait_from_its_own_keypoints(head):
    still = with_mapper(head, output="direct")
    still._opened.network.unit.zero_()
    made = frames_of(still, speech(still, 3))
    assert np.array_equal(made[0], made[1]) and np.array_equal(made[0], made[2])
    with torch.inference_mode():
        once = still._opened.generator.generate(still._appearance, still._keypoints, still._keypoints).picture
    small = (once[0].permute(1, 2, 0) * 255).round().byte().numpy()
    assert np.abs(made[0].astype(int) - cv2.resize(small, (SIZE, SIZE), interpolation=cv2.INTER_CUBIC)).max() <= 1


def test_cues_that_are_missing_and_other_sizes_are_refused(head):
    cues = speech(head, 4)
    cues.gaze[2] = np.nan
    with pytest.raises(UsageError, match="1 of 4 frames lack a cue"):
        next(head.render(cues, head.reference))
    with pytest.raises(UsageError, match="256 or 512 pixels here, not 64"):
        FaceVid2VidRenderer(opened()).prepare(pictures.astronaut(), 64)


def test_the_signature_names_mapper_and_generator():
    assert FaceVid2VidRenderer(opened()).signature == "facevid2vid:1|mapper[w:0]|generator[w:0]"

"""The whole: pictures in, keypoints and pictures out, whatever the batch; each network answers for what it is for."""

import pytest
import torch

from facecues.errors import UsageError
from facecues.models.facevid2vid.blocks import Reduction
from facecues.models.facevid2vid.config import facevid2vid_config
from facecues.models.facevid2vid.discriminator import Discriminator
from facecues.models.facevid2vid.generator import move_picture
from facecues.models.facevid2vid.model import FaceVid2Vid
from facecues.models.facevid2vid.motion import identity_grid

POSED = {"posed": True, "he_estimator": {"stem": 16, "widths": (32, 64), "blocks": (1, 1)}}
SPADE = {"generator": {"decoder": "spade"}}
PLAIN = {"generator": {"detail": False}}


def tiny(values=None) -> FaceVid2Vid:
    torch.manual_seed(0)
    return FaceVid2Vid(facevid2vid_config("tiny", values)).eval()


def pictures(model: FaceVid2Vid, count: int) -> torch.Tensor:
    size = model.config.size
    return torch.rand(count, 3, size, size, generator=torch.Generator().manual_seed(1))


@pytest.mark.parametrize(
    "values", [None, POSED, SPADE, PLAIN, POSED | {"rotation": "beta", "kp_detector": {"reduction": 1}}]
)
@torch.inference_mode()
def test_shapes_and_ranges(values):
    model = tiny(values)
    size, count = model.config.size, model.config.keypoints
    given = pictures(model, 2)
    canonical, pose = model.canonical(given), model.estimate(given)
    assert canonical.shape == (2, count, 3) and canonical.abs().max() <= 1
    assert [tuple(one.shape) for one in pose] == [(2, 3), (2, 3), (2, count, 3)]
    torch.testing.assert_close(model.keypoints(given), model.place(canonical, pose))
    appearance = model.encode(given)
    made = model.generate(appearance, canonical, model.keypoints(given))
    depth, height, width = appearance.shape[2:]
    assert made.picture.shape == (2, 3, size, size) and 0 <= made.picture.min() <= made.picture.max() <= 1
    assert made.mask.shape == (2, count + 1, depth, height, width)
    assert made.occlusion.shape == (2, 1, height, width) and 0 <= made.occlusion.min() <= made.occlusion.max() <= 1


@pytest.mark.parametrize("values", [None, SPADE, PLAIN])
@torch.inference_mode()
def test_one_portrait_serves_all_frames_in_any_batch(values):
    # In double precision, as SPADE's instance norm of features that are even yet makes much of their rounding.
    model = tiny(values).double()
    given = pictures(model, 2).double()
    driving, appearance, source = model.keypoints(given), model.encode(given[:1]), model.keypoints(given[:1])
    together = model.generate(appearance, source, driving).picture
    repeated = model.generate(appearance.expand(2, -1, -1, -1, -1), source.expand(2, -1, -1), driving).picture
    alone = torch.cat([model.generate(appearance, source, one[None]).picture for one in driving])
    torch.testing.assert_close(together, repeated, rtol=0, atol=1e-7)
    torch.testing.assert_close(together, alone, rtol=0, atol=1e-7)


@pytest.mark.parametrize("values", [None, POSED, SPADE, PLAIN])
def test_every_weight_learns_from_the_picture(values):
    model = tiny(values).train()
    given = pictures(model, 4)
    source, driving = model.keypoints(given), model.keypoints(given.flip(0))
    model.generate(model.encode(given), source, driving).picture.square().mean().backward()
    assert [name for name, one in model.named_parameters() if one.grad is None] == []


@torch.inference_mode()
def test_detail_that_is_not_moved_or_painted_over_is_the_picture():
    model = tiny({"generator": {"detail": True}})
    model.generator.final.bias[3] = -1e4
    given = pictures(model, 2)
    keypoints = model.keypoints(given)
    made = model.generate(model.encode(given), keypoints, keypoints).picture
    torch.testing.assert_close(made, given, rtol=0, atol=1e-4)


@torch.inference_mode()
def test_a_picture_moves_by_the_mean_over_depth():
    given = torch.rand(1, 3, 17, 17, generator=torch.Generator().manual_seed(0))
    still = identity_grid(torch.zeros(1, 1, 2, 17, 17))
    # Two pixels of sixteen from one end to the other, at one depth alone: one pixel.
    one, other = still[0] + torch.tensor([2 * 2 / 16, 0, 0]), still[1]
    moved = move_picture(given, torch.stack([one, other])[None].expand(3, -1, -1, -1, -1))
    assert moved.shape == (3, 3, 17, 17)
    torch.testing.assert_close(moved[2, :, :, :-1], given[0, :, :, 1:], rtol=0, atol=1e-5)


@pytest.mark.parametrize(("layer", "angle"), [("fc_roll", 0), ("fc_pitch", 1), ("fc_yaw", 2)])
@torch.inference_mode()
def test_the_layers_of_yaw_and_roll_have_each_others_names(layer, angle):
    model = tiny(POSED)
    given = pictures(model, 1)
    before = model.estimate(given).rotation[0]
    model.he_estimator.get_submodule(layer).bias[65] += 10
    moved = (model.estimate(given).rotation[0] - before).abs()
    assert moved[angle] > 1 and moved.count_nonzero() == 1


@torch.inference_mode()
def test_without_a_pose_keypoints_are_where_the_detector_finds_them():
    model = tiny({"posed": False})
    given = pictures(model, 2)
    assert not hasattr(model, "he_estimator") and torch.equal(model.keypoints(given), model.kp_detector(given))


@torch.inference_mode()
def test_keypoints_keep_their_precision_under_bfloat16():
    model = tiny(POSED)
    given = pictures(model, 2)
    canonical, pose = model.canonical(given), model.estimate(given)
    with torch.autocast("cpu", torch.bfloat16):
        mixed = model.generate(model.encode(given), canonical, model.keypoints(given))
        assert {one.dtype for one in (model.canonical(given), *model.estimate(given))} == {torch.float32}
        placed = model.place(canonical, pose)
    assert torch.equal(placed, model.place(canonical, pose))
    exact = model.generate(model.encode(given), canonical, model.keypoints(given))
    torch.testing.assert_close(mixed.picture.float(), exact.picture, rtol=0, atol=0.05)


def test_a_reduction_keeps_what_is_even_and_takes_every_nth_pixel():
    reduction = Reduction(3, 4)
    assert reduction.weight.shape == (3, 1, 13, 13)
    small = reduction(torch.full((1, 3, 64, 64), 0.5))
    assert small.shape == (1, 3, 16, 16)
    torch.testing.assert_close(small[:, :, 2:-2, 2:-2], torch.full((1, 3, 12, 12), 0.5))


def test_the_discriminator_judges_patches():
    config = facevid2vid_config("tiny")
    judgement = Discriminator(config.discriminator)(torch.rand(2, 3, config.size, config.size))
    assert len(judgement.features) == config.discriminator.blocks
    assert judgement.verdict.shape == (2, 1, *judgement.features[-1].shape[2:])


def test_tiny_is_small():
    assert sum(one.numel() for one in tiny().parameters()) < 2_000_000


@pytest.mark.parametrize(
    ("preset", "values", "message"),
    [
        ("huge", {}, "There is no face-vid2vid 'huge'; use one of vox-256, vox-256-spade, vox-256-beta, tiny"),
        ("tiny", {"size": 100}, "size must be a multiple of"),
        ("tiny", {"generator": {"motion": {"sizes": 3}}}, "generator.motion.sizes"),
        ("tiny", {"generator": 3}, "generator"),
        ("tiny", {"he_estimator": {"blocks": [1]}}, "as many blocks as widths"),
        ("tiny", {"generator": {"detail": True, "depth": 5}}, "detail needs a depth that divides"),
        ("vox-256", {"rotation": "old"}, "'new' or 'beta'"),
    ],
)
def test_what_does_not_fit_is_refused_in_one_sentence(preset, values, message):
    with pytest.raises(UsageError, match=message) as refusal:
        facevid2vid_config(preset, values)
    assert "\n" not in str(refusal.value)

"""The mapper's network: where it begins, what it is told, and what it cannot know."""

import numpy as np
import pytest
import torch

from facecues.errors import UsageError
from facecues.models.keypoint_mapper.config import mapper_config
from facecues.models.keypoint_mapper.network import KeypointMapper
from facecues.preprocess.geometry import Similarity, fit_pose, relocate, rotation_matrix, to_head
from tests.models.keypoint_mapper.material import ALL, DEPTH, FOUND, NEARER, SMALL, clips

NEAR = 1e-5


def pairs(count=200):
    made = clips()
    drawn = made.draw(np.arange(12), count, 1, np.random.default_rng(0))
    frames = drawn.frames[:, 0]
    return made.points[frames], made.points[drawn.sources], made.keypoints[drawn.sources], made.keypoints[frames]


def fitted(variant="full", *, drawn=True, **changes):
    """A network in its units; `drawn`: whose last layer says something."""
    config = mapper_config(variant, {"network": SMALL["network"] | changes}).network
    torch.manual_seed(0)
    network = KeypointMapper(config, len(FOUND))
    network.fit(*pairs())
    if drawn:
        torch.nn.init.normal_(network.layers[-1].weight)
    return network.eval()


def moved(points, degrees=(0.0, 0.0, 0.0), shift=(0.0, 0.0, 0.0), larger=1.0):
    """The same faces with their heads turned, shifted and enlarged."""
    pose = fit_pose(points[..., :68, :])
    turn = torch.from_numpy(rotation_matrix(np.asarray(degrees, float))).float()
    new = Similarity(turn @ pose.rotation, pose.scale * larger, pose.translation + torch.tensor(shift))
    return relocate(to_head(points, pose), new)


@pytest.mark.parametrize("variant", ALL)
def test_every_variant_says_keypoints_of_every_frame(variant):
    driving, source, keypoints, _ = pairs(6)
    out = fitted(variant)(driving.view(2, 3, 70, 3), source[:2], keypoints[:2])
    assert out.shape == (2, 3, len(FOUND), 3) and out.isfinite().all()


def test_an_untrained_direct_mapper_leaves_the_source_where_it_is():
    driving, source, keypoints, _ = pairs()
    out = fitted("direct", drawn=False)(driving[:, None], source, keypoints)
    assert torch.equal(out[:, 0], keypoints)


def test_an_untrained_factored_mapper_turns_shifts_and_enlarges_as_the_head_does():
    _, source, keypoints, _ = pairs()
    network = fitted(drawn=False)
    still = network(source[:, None], source, keypoints)[:, 0]
    assert torch.allclose(still, keypoints, atol=NEAR)
    shifted = network(moved(source, shift=(0.1, -0.2, 0))[:, None], source, keypoints)[:, 0]
    assert torch.allclose(shifted, keypoints + torch.tensor([0.1, -0.2, 0]), atol=NEAR)
    origin = fit_pose(source[:, :68]).translation[:, None, :2]
    tilted = network(moved(source, (0, 0, 90), larger=2.0)[:, None], source, keypoints)[:, 0]
    across = 2 * (keypoints[..., :2] - origin) @ torch.tensor([[0.0, 1.0], [-1.0, 0.0]])
    assert torch.allclose(tilted[..., :2] - origin, across, atol=NEAR)


def test_a_factored_mapper_finds_out_how_deep_keypoints_are():
    _, source, _, _ = pairs()
    driving = moved(source, np.random.default_rng(0).normal(0, 10, (len(source), 3)))
    origin = fit_pose(source[:, :68]).translation[:, None] * torch.tensor([0, 0, 1])
    own = torch.tensor([[1, 1, DEPTH], [0, 0, NEARER]])
    keypoints, target = ((points[:, FOUND] - origin) * own[0] + own[1] for points in (source, driving))
    network = fitted(drawn=False)
    network.fit(driving, source, keypoints, target)
    assert network.depth.tolist() == pytest.approx([1 / DEPTH, -NEARER / DEPTH], abs=1e-3)
    out = network(driving[:, None], source, keypoints)[:, 0]
    assert torch.allclose(out[..., :2], target[..., :2], atol=1e-4) and torch.equal(out[..., 2], keypoints[..., 2])


def test_without_irises_a_look_changes_nothing_and_with_them_it_does():
    driving, source, keypoints, _ = pairs(4)
    looking = driving.clone()
    looking[:, 68:, 0] += 0.05
    for variant, same in (("full", False), ("no-irises", True), ("landmarks-only", True)):
        network = fitted(variant)
        both = [network(each[:, None], source, keypoints) for each in (driving, looking)]
        assert torch.allclose(*both, atol=NEAR) is same


def test_without_the_pose_a_turn_changes_nothing_and_with_it_it_does():
    driving, source, keypoints, _ = pairs(4)
    turned = moved(driving, (5, 10, -5), (0.05, 0, 0), 1.1)
    for pose, same in ((True, False), (False, True)):
        network = fitted("direct", pose=pose)
        both = [network(each[:, None], source, keypoints) for each in (driving, turned)]
        assert torch.allclose(*both, atol=1e-3) is same


def test_landmarks_only_knows_nothing_of_the_source():
    driving, source, keypoints, _ = pairs(4)
    network = fitted("landmarks-only")
    out = network(driving[:, None], source, keypoints)
    assert torch.equal(out, network(driving[:, None], source.flip(0), keypoints.flip(0)))


def test_a_window_sees_its_frames_and_no_others():
    made = clips()
    points, keypoints = made.points[None, :9].clone(), made.keypoints[:1]
    other = points.clone()
    other[:, 4, 8, 1] += 0.1
    for window in (0, 2):
        network = fitted(window=window)
        changed = (network(points, points[:, 0], keypoints) - network(other, points[:, 0], keypoints)).abs()
        seen = changed.amax(dim=(0, 2, 3)) > NEAR
        assert seen.nonzero().flatten().tolist() == list(range(4 - window, 5 + window))


def test_what_never_moved_in_training_is_not_blown_up():
    _, source, keypoints, _ = pairs()
    network = fitted("direct")
    network.fit(source, source, keypoints, keypoints)
    driving = source.clone()
    driving[:, 62, 0] += 0.005
    features, _ = network._features(driving[:, None], source, keypoints)
    assert network.driving(features).abs().max() < 4


def test_a_mapper_that_is_not_told_the_pose_or_the_source_cannot_be_factored():
    for unknown in ({"pose": False}, {"source": False}):
        with pytest.raises(UsageError, match="output 'factored' needs the pose and the source"):
            mapper_config("full", {"network": unknown})


def test_a_configuration_undoes_no_variant():
    config = mapper_config("no-pose", {"network": {"pose": True, "hidden": 32}}).network
    assert (config.pose, config.output, config.hidden) == (False, "direct", 32)


def test_an_unknown_variant_is_refused_with_those_there_are():
    with pytest.raises(UsageError, match="no variant 'best'; use one of full, direct, no-irises, no-pose"):
        mapper_config("best")

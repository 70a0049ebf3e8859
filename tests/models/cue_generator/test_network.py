"""The network: nothing from the future, pieces equal the whole, and each variant lacks what it is named after."""

import numpy as np
import pytest
import torch

from facecues.models.cue_generator.config import VARIANTS, generator_config
from facecues.models.cue_generator.network import POSE, SHAPE, CueNetwork, Draw, Frame, Inputs
from tests.models.cue_generator.material import SMALL, small

BATCH, FRAMES = 2, 12


def network(variant="full", **changes) -> CueNetwork:
    torch.manual_seed(0)
    return CueNetwork(small(variant, network=changes).network, steps=28, size=13).eval()


def inputs(seed=0, frames=FRAMES) -> Inputs:
    drawn = torch.Generator().manual_seed(seed)
    windows = torch.randn(BATCH, frames, 28, 13, generator=drawn)
    return Inputs(windows, torch.tensor([0, 4]), torch.tensor([1.0, 3.0]), torch.randn(BATCH, 68, 3, generator=drawn))


def truth(seed=1) -> Frame:
    drawn = torch.Generator().manual_seed(seed)
    sizes = (SHAPE, 2, POSE)
    return Frame(*(torch.randn(BATCH, FRAMES, size, generator=drawn) for size in sizes))


def expected() -> Draw:
    return Draw(gaze=False, pose=False)


@pytest.mark.parametrize("variant", VARIANTS)
def test_every_variant_says_cues_of_every_frame(variant) -> None:
    net = network(variant)
    for heads in (net.run(inputs())[0], net.learn(inputs(), truth())):
        assert heads.frame.shape.shape == (BATCH, FRAMES, SHAPE)
        assert heads.frame.gaze.shape == (BATCH, FRAMES, 2)
        assert heads.pose.shape == heads.log_sigma.shape == (BATCH, FRAMES, POSE)
        assert all(torch.isfinite(one).all() for one in (*heads.frame, *heads[1:]))


@pytest.mark.parametrize("variant", VARIANTS)
def test_pieces_of_a_clip_are_the_whole(variant) -> None:
    net, whole = network(variant), inputs()

    def drawn() -> Draw:
        return Draw(generator=torch.Generator().manual_seed(7))

    with torch.inference_mode():
        once, _ = net.run(whole, draw=drawn())
        draw, state, parts = drawn(), None, []
        for start in range(0, FRAMES, 5):
            heads, state = net.run(Inputs(whole.windows[:, start : start + 5], *whole[1:]), state, draw)
            parts.append(heads.frame)
    for at, each in enumerate(once.frame):
        torch.testing.assert_close(torch.cat([part[at] for part in parts], dim=1), each, rtol=1e-4, atol=1e-5)


def test_nothing_is_known_of_later_sound() -> None:
    net, first = network(), inputs()
    later = Inputs(first.windows.clone(), *first[1:])
    later.windows[:, 8:] += 1
    with torch.inference_mode():
        one, other = (net.run(each, draw=expected())[0].frame.shape for each in (first, later))
    torch.testing.assert_close(one[:, :8], other[:, :8])
    assert not torch.allclose(one[:, 8:], other[:, 8:])


@pytest.mark.parametrize("variant", ["full", "separate-decoders", "gaze-regression"])
def test_the_teacher_and_free_running_agree_where_the_truth_is_what_was_said(variant) -> None:
    net = network(variant)
    with torch.inference_mode():
        free, _ = net.run(inputs(), draw=expected())
        forced = net.learn(inputs(), free.frame)
    for one, other in zip(free[1:], forced[1:], strict=True):
        torch.testing.assert_close(one, other, rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(free.frame.shape, forced.frame.shape, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize(
    ("variant", "what"),
    [("no-reference", "reference"), ("lstm", "emotion"), ("full", "reference"), ("full", "emotion")],
)
def test_what_a_variant_does_not_get_changes_nothing(variant, what) -> None:
    net, one = network(variant), inputs()
    other = one._replace(**{what: {"reference": one.reference + 1, "emotion": 7 - one.emotion}[what]})
    with torch.inference_mode():
        shapes = [net.run(each, draw=expected())[0].frame.shape for each in (one, other)]
    assert torch.equal(*shapes) == (variant != "full")


def test_separate_decoders_know_only_their_own_cue() -> None:
    net, true = network("separate-decoders"), truth()
    other = true._replace(pose=true.pose + 1)
    with torch.inference_mode():
        one, two = (net.learn(inputs(), each) for each in (true, other))
    torch.testing.assert_close(one.frame.shape, two.frame.shape)
    torch.testing.assert_close(one.pitch, two.pitch)
    assert not torch.allclose(one.pose, two.pose)


def test_a_shared_state_lets_lids_and_eyes_know_the_head() -> None:
    net, true = network(), truth()
    moved = true.pose.clone()
    moved[:, -1] += 1  # the last instant only: nothing is fed back of it
    with torch.inference_mode():
        one, two = (net.learn(inputs(), true._replace(pose=pose)) for pose in (true.pose, moved))
    assert not torch.allclose(one.pitch[:, -1], two.pitch[:, -1])
    assert not torch.allclose(one.frame.shape[:, -1], two.frame.shape[:, -1])
    torch.testing.assert_close(one.frame.shape[:, :-1], two.frame.shape[:, :-1])


def test_the_same_seed_draws_the_same_and_another_one_something_else() -> None:
    net = network()

    def draw(seed) -> Frame:
        with torch.inference_mode():
            return net.run(inputs(), draw=Draw(generator=torch.Generator().manual_seed(seed)))[0].frame

    assert all(torch.equal(*each) for each in zip(draw(3), draw(3), strict=True))
    assert not torch.allclose(draw(3).gaze, draw(4).gaze)
    assert not torch.allclose(draw(3).pose, draw(4).pose)


def test_eyes_keep_still_within_a_bin() -> None:
    net = network()
    with torch.no_grad():  # as if sure to stay
        for head in (net.pitch_head, net.yaw_head):
            head[-1].weight.zero_()
            head[-1].bias.zero_()
            head[-1].bias[-1] = 100.0
    with torch.inference_mode():
        gaze = net.run(inputs(frames=30), draw=Draw(generator=torch.Generator().manual_seed(0)))[0].frame.gaze
    moves = gaze[:, 1:] != gaze[:, :-1]
    # Between two centres the hat is on both; so eyes may settle once, and then stay.
    assert moves[:, 10:].float().mean() < 0.5
    assert (gaze[:, 1:] - gaze[:, :-1]).abs().max() <= 2 * net.bins.width


@pytest.mark.parametrize("bins", ["mead", "mpii", "gaze360"])
def test_gaze_is_drawn_within_the_bins(bins) -> None:
    net = network(gaze_bins=bins)
    with torch.inference_mode():
        gaze = net.run(inputs(), draw=Draw(generator=torch.Generator().manual_seed(0)))[0].frame.gaze
    assert gaze.min() >= net.bins.low and gaze.max() <= net.bins.high


def test_drawn_gaze_has_the_frequencies_that_the_head_says() -> None:
    net = network("no-autoregression")
    said = torch.randn(1, net.bins.count, generator=torch.Generator().manual_seed(0)).expand(40_000, -1)
    state = net._begin(torch.zeros(40_000, 1))
    with torch.inference_mode():
        gaze = net._take_gaze(said, state.past, Draw(generator=torch.Generator().manual_seed(1)), 0)
    counts = np.bincount(net.bins.encode(gaze.numpy()).classes, minlength=net.bins.count) / len(gaze)
    np.testing.assert_allclose(counts, said[0].softmax(-1).numpy(), atol=0.006)


def test_a_head_that_strays_is_drawn_home_after_a_while_and_not_before() -> None:
    net = network()
    with torch.no_grad():  # a head that knows nothing, and wanders
        net.pose_head.weight.zero_()
        net.pose_head.bias.zero_()
    long = inputs(frames=600)

    def walk(pull) -> torch.Tensor:
        draw = Draw(generator=torch.Generator().manual_seed(0), pull=pull, after=50)
        with torch.inference_mode():
            return net.run(long, draw=draw)[0].frame.pose

    free, held = walk(0.0), walk(0.02)
    torch.testing.assert_close(free[:, :51], held[:, :51])
    assert held[:, 300:].abs().mean() < 0.7 * free[:, 300:].abs().mean()


def test_levels_lie_on_a_line() -> None:
    net = network()
    low, middle, high = net.emotion(torch.tensor([3, 3, 3]), torch.tensor([1.0, 2.0, 3.0]))
    torch.testing.assert_close(middle, (low + high) / 2)


def test_ablations_are_about_as_large_as_the_full_model() -> None:
    count = {
        name: sum(one.numel() for one in CueNetwork(generator_config(name).network, 28, 13).parameters())
        for name in VARIANTS
    }
    assert all(0.75 < size / count["full"] < 1.25 for size in count.values()), count
    assert SMALL["network"]["hidden"] < generator_config().network.hidden

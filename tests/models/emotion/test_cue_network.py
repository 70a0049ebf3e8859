"""The cue classifier: what it may look at, and what must not change what it says."""

import numpy as np
import pytest
import torch
from pydantic import ValidationError

from facecues.models.emotion.config import STREAMS, CueClassifierConfig
from facecues.models.emotion.cue_network import CueClassifier

ARCHITECTURES = ("gru", "conv")
SHAPES = {"landmarks": (68, 3), "gaze": (2,), "pose": (3,)}


@pytest.fixture(params=ARCHITECTURES)
def network(request) -> CueClassifier:
    return make(request.param)


def make(architecture="gru", streams=STREAMS) -> CueClassifier:
    torch.manual_seed(0)
    return CueClassifier(CueClassifierConfig(architecture=architecture, streams=streams, hidden=16)).eval()


def cues(clips=3, frames=21, seed=0) -> list[torch.Tensor]:
    """Landmarks, gaze and pose."""
    generator = torch.Generator().manual_seed(seed)
    return [torch.randn(clips, frames, *shape, generator=generator) for shape in SHAPES.values()]


def all_of(values: list[torch.Tensor]) -> torch.Tensor:
    return torch.ones(values[0].shape[:2], dtype=torch.bool)


def test_logits_are_of_eight_emotions_for_each_clip(network) -> None:
    values = cues()
    assert network(*values, all_of(values)).shape == (3, 8)


@pytest.mark.parametrize("frames", [20, 21])
def test_padding_changes_nothing_whatever_stands_in_it(network, frames) -> None:
    values = cues(frames=frames)
    padded = [torch.cat([one, torch.full_like(one[:, :7], torch.nan)], dim=1) for one in values]
    mask = torch.arange(frames + 7).expand(3, -1) < frames
    torch.testing.assert_close(network(*padded, mask), network(*values, all_of(values)))


def test_a_batch_is_judged_as_its_clips_are_alone(network) -> None:
    values = cues()
    mask = torch.arange(21).expand(3, -1) < torch.tensor([[21], [8], [13]])
    together = network(*values, mask)
    for clip, frames in enumerate((21, 8, 13)):
        alone = [one[clip : clip + 1, :frames] for one in values]
        torch.testing.assert_close(together[clip : clip + 1], network(*alone, all_of(alone)))


def test_a_masked_frame_in_the_middle_does_not_count(network) -> None:
    values, others = cues(), cues(seed=1)
    mask = all_of(values)
    mask[:, 9:12] = False
    expected = network(*values, mask)
    for one, other in zip(values, others, strict=True):
        one[:, 9:12] = 100 * other[:, 9:12]
    values[1][:, 10] = torch.nan
    torch.testing.assert_close(network(*values, mask), expected)


def test_a_clip_without_a_frame_is_judged_by_nothing(network) -> None:
    values, others = cues(), cues(seed=1)
    nothing = torch.zeros(3, 21, dtype=torch.bool)
    torch.testing.assert_close(network(*values, nothing), network(*others, nothing))


def test_gradients_reach_every_stream_and_every_frame_that_counts(network) -> None:
    values = [one.requires_grad_() for one in cues()]
    mask = torch.arange(21).expand(3, -1) < 15
    network(*values, mask).square().sum().backward()
    for one in values:
        reached = one.grad.flatten(2).abs().amax(dim=2) > 0
        torch.testing.assert_close(reached, mask)


def test_gradients_are_numbers_where_cues_are_not(network) -> None:
    values = cues()
    values[1][:, 5] = torch.nan
    values = [one.requires_grad_() for one in values]
    mask = all_of(values)
    mask[:, 5] = False
    network(*values, mask).sum().backward()
    assert all(one.grad.isfinite().all() for one in values)


@pytest.mark.parametrize("architecture", ARCHITECTURES)
@pytest.mark.parametrize("at", range(3))
def test_a_variant_of_one_stream_sees_no_other(architecture, at) -> None:
    network = make(architecture, (STREAMS[at],))
    values, others = cues(), cues(seed=1)
    expected = network(*values, all_of(values))
    others[at] = values[at]
    torch.testing.assert_close(network(*others, all_of(values)), expected)
    assert set(network.streams) == {STREAMS[at]}


def test_a_stream_that_is_not_kept_is_not_seen(network) -> None:
    values, others = cues(), cues(seed=1)
    keep = torch.tensor([[True, False, True]]).expand(3, -1)
    expected = network(*values, all_of(values), keep)
    assert not torch.allclose(expected, network(*values, all_of(values)))
    values[1] = others[1]
    torch.testing.assert_close(network(*values, all_of(values), keep), expected)


def test_some_streams_are_left_out_in_training_but_never_all() -> None:
    torch.manual_seed(0)
    kept = CueClassifier(CueClassifierConfig(drop_stream=0.3))._some_streams(4000, torch.device("cpu"))
    assert kept.any(dim=1).all()
    left_out = 1 - kept.float().mean(dim=0)
    # By chance all three would be left out in 0.3^3 of the clips: then one of them stays.
    torch.testing.assert_close(left_out, torch.full((3,), 0.3 - 0.3**3 / 3), atol=0.03, rtol=0)


def test_units_do_not_matter_once_scales_are_fitted(network) -> None:
    values = cues()
    frames = [one.flatten(0, 1) for one in values]
    network.fit_scales(*frames)
    expected = network(*values, all_of(values))
    network.fit_scales(*(1000 * one + 7 for one in frames))
    moved = [1000 * one + 7 for one in values]
    torch.testing.assert_close(network(*moved, all_of(values)), expected, rtol=1e-3, atol=1e-4)


def test_scales_leave_out_frames_without_cues_and_are_in_the_state(network) -> None:
    values = [one.flatten(0, 1) for one in cues()]
    values[1] = torch.cat([values[1], torch.full((1, 2), torch.nan)])
    network.fit_scales(*values)
    state = network.state_dict()
    np.testing.assert_allclose(state["streams.gaze.mean"], values[1][:-1].mean(dim=0), rtol=1e-5)
    assert all(one.isfinite().all() for one in state.values())


def test_evaluation_is_the_same_each_time_and_training_is_not(network) -> None:
    values = cues()
    torch.testing.assert_close(network(*values, all_of(values)), network(*values, all_of(values)), rtol=0, atol=0)
    network.train()
    assert not torch.equal(network(*values, all_of(values)), network(*values, all_of(values)))


@pytest.mark.cuda
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_gradients_in_evaluation_mode_are_those_of_the_cpu(architecture) -> None:
    network, found = make(architecture), []
    for device in ("cpu", "cuda"):
        values = [one.to(device).requires_grad_() for one in cues()]
        network.to(device)(*values, all_of(values).to(device)).square().sum().backward()
        found.append(values[0].grad.cpu())
    torch.testing.assert_close(*found, rtol=1e-3, atol=1e-5)


@pytest.mark.parametrize(
    "wrong", [{"streams": ()}, {"streams": ("gaze", "gaze")}, {"architecture": "lstm"}, {"drop_stream": 1.0}]
)
def test_configurations_that_mean_nothing_are_refused(wrong) -> None:
    with pytest.raises(ValidationError):
        CueClassifierConfig(**wrong)


def test_streams_stand_in_one_order() -> None:
    assert CueClassifierConfig(streams=("pose", "landmarks")).streams == ("landmarks", "pose")

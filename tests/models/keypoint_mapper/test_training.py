"""Training of the mapper: it learns what it is told, is reproducible, and a restart continues the same curve."""

import json
from dataclasses import replace

import numpy as np
import pytest
import torch

from facecues.errors import FacecuesError
from facecues.models.keypoint_mapper.checkpoint import WEIGHTS
from facecues.models.keypoint_mapper.data import MapperClips
from facecues.models.keypoint_mapper.training import MapperTrainer
from facecues.models.training.files import LOG
from tests.models.keypoint_mapper.material import (
    FOUND,
    HELD_OUT,
    LEARN,
    blind,
    clips,
    description,
    generator,
    small,
)


def trainer(config=None, perceptual=None):
    return MapperTrainer(clips(), LEARN, HELD_OUT, generator(), config or small(), perceptual=perceptual)


def losses(run):
    lines = [json.loads(line) for line in (run / LOG).read_text().splitlines()]
    return [{name: line[name] for name in ("epoch", "train", "held_out")} for line in lines]


def errors(network):
    """(K,) of a person it has not seen, and of leaving the source as it is."""
    made, found, still = clips(), [], []
    for clip in HELD_OUT:
        pieces = made.whole(int(clip))
        source, target = made.keypoints[pieces.sources], made.keypoints[pieces.frames]
        with torch.inference_mode():
            out = network.eval()(made.points[pieces.frames], made.points[pieces.sources], source)
        found.append((out - target).abs().mean(dim=(0, 1, 3)))
        still.append((source[:, None] - target).abs().mean(dim=(0, 1, 3)))
    return torch.stack(found).mean(dim=0), torch.stack(still).mean(dim=0)


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A folder, and the network that was trained into it."""
    folder, one = tmp_path_factory.mktemp("run"), trainer()
    one.train(folder, description(small()))
    return folder, one.network


def test_a_mapper_drives_somebody_it_has_not_seen_better_than_not_at_all(run):
    found, still = errors(run[1])
    assert found.mean() < 0.4 * still.mean()


@pytest.mark.slow
def test_what_a_mapper_is_not_told_it_misses(tmp_path):
    found = {}
    for variant in ("full", "no-irises", "no-pose", "landmarks-only"):
        config = small(variant, train={"epochs": 6})
        (tmp_path / variant).mkdir()
        one = trainer(config)
        one.train(tmp_path / variant, description(config))
        found[variant] = errors(one.network)[0]
    pupil = FOUND.index(68)
    assert found["no-irises"][pupil] > 1.3 * found["full"][pupil]
    assert found["no-pose"].mean() > 2 * found["full"].mean()
    assert found["landmarks-only"].mean() > 2 * found["full"].mean()


def test_the_same_seed_gives_the_same_curve_and_another_one_another(run, tmp_path):
    for name, seed in (("same", 0), ("other", 1)):
        (tmp_path / name).mkdir()
        config = small(train={"seed": seed})
        trainer(config).train(tmp_path / name, description(config))
    first, _ = run
    assert losses(tmp_path / "same") == losses(first) != losses(tmp_path / "other")


class _Stop(Exception):
    pass


def test_a_restart_continues_the_same_curve(run, tmp_path):
    def stop(step):
        if (step.epoch, step.step) == (3, 10):
            raise _Stop

    with pytest.raises(_Stop):
        trainer().train(tmp_path, description(small()), stop)
    assert len(losses(tmp_path)) == 2
    done = trainer().train(tmp_path, description(small()))
    first, _ = run
    assert done.resumed == 2 and losses(tmp_path) == losses(first)
    assert (tmp_path / WEIGHTS).read_bytes() == (first / WEIGHTS).read_bytes()


def test_a_loss_that_is_no_number_stops_the_training_with_its_clips(tmp_path):
    made = MapperClips(clips().faces, blind(), torch.device("cpu"))
    made.keypoints = clips().keypoints.clone()
    bad = made.faces.starts[3]
    made.keypoints[bad : made.faces.starts[4]] = torch.nan
    training = trainer()
    training._clips = made
    with pytest.raises(FacecuesError, match=rf"nan in epoch 1, on the clips .*{made.faces.clips['clip_id'][3]}"):
        training.train(tmp_path, description(small()))


def test_a_clip_of_one_frame_has_no_velocity_and_all_else():
    faces = replace(clips().faces, starts=np.array([0, 50, 51, 100]), clips=clips().faces.clips[:3])
    made = MapperClips(faces, blind(), torch.device("cpu"))
    made.keypoints = clips().keypoints
    for held_out, names in (([1], {"keypoints", "total"}), ([1, 2], {"keypoints", "velocity", "total"})):
        one = MapperTrainer(made, np.array([0]), np.array(held_out), generator(), small())
        assert set(one.validate()) == names


def test_the_terms_of_pictures_reach_the_mapper_through_the_frozen_generator(tmp_path):
    seen = []

    def perceptual(made, true):
        seen.append((made.shape, true.shape))
        return (made.mean(dim=(2, 3)) - true.mean(dim=(2, 3))).abs().mean()

    config = small(loss={"image": 10.0, "perceptual": 10.0}, train={"epochs": 1, "steps": 2})
    training = trainer(config, perceptual=perceptual)
    frozen = {name: value.clone() for name, value in training._generator.state_dict().items()}
    training.train(tmp_path, description(config))
    (line,) = losses(tmp_path)
    assert {"keypoints", "velocity", "image", "perceptual", "total"} == set(line["held_out"])
    assert set(seen) == {(torch.Size([2, 3, 32, 32]),) * 2}
    after = training._generator.state_dict()
    assert all(torch.equal(value, after[name]) for name, value in frozen.items())
    torch.nn.init.normal_(training.network.layers[-1].weight, std=0.1)
    training.network.zero_grad()
    terms = training._terms(clips().draw(LEARN, 4, 4, np.random.default_rng(0)))
    terms["image"].backward()
    assert training.network.layers[0].weight.grad.abs().sum() > 0


def test_a_perceptual_term_without_a_network_is_refused():
    with pytest.raises(ValueError, match="no callable for it"):
        trainer(small(loss={"perceptual": 1.0}))

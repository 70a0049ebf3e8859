"""Training of a generator: it learns, is reproducible, goes on where it stopped; less memory changes nothing."""

import json

import numpy as np
import pytest
import torch

from facecues.errors import FacecuesError, UsageError
from facecues.models.facevid2vid.checkpoint import WEIGHTS, load_facevid2vid
from facecues.models.facevid2vid.generator import move_picture
from facecues.models.facevid2vid.motion import identity_grid
from facecues.models.facevid2vid.pairs import reconstruct
from facecues.models.facevid2vid.training import Trainer
from facecues.models.facevid2vid.training_config import Description, read_training, training_config
from facecues.models.training.files import LOG
from tests.models.facevid2vid.pictures import SIDE, faces

LEARN, HELD_OUT = np.arange(4), np.arange(4, 6)
NETWORK = {
    "size": SIDE,
    "keypoints": 3,
    "posed": True,
    "kp_detector": {"reduction": 2, "width": 4, "max_width": 8, "blocks": 2, "depth": 4},
    "he_estimator": {"stem": 4, "widths": (8, 8), "blocks": (1, 1)},
    "generator": {
        "width": 4,
        "halvings": 2,
        "channels": 4,
        "depth": 4,
        "blocks": 1,
        "motion": {"width": 4, "max_width": 8, "blocks": 2, "compress": 1},
    },
    "discriminator": {"width": 2, "max_width": 4, "blocks": 2},
}
ALL = {"adversarial": 1.0, "matching": 1.0, "equivariance": 1.0}


def small(**parts):
    train = {"epochs": 2, "guided": 0.0, "steps": 3, "batch": 2, "validated": 4} | parts.pop("train", {})
    return training_config("tiny", {"network": NETWORK, "train": train, **parts})


def look(pictures):
    """What stands in for a perceptual network: edges."""
    return [pictures.diff(dim=2), pictures.diff(dim=3)]


def trainer(config=None, **options) -> Trainer:
    return Trainer(faces(), LEARN, HELD_OUT, config or small(), features=look, **options)


def train(folder, config=None, progress=None, **options):
    config = config or small()
    folder.mkdir(exist_ok=True)
    described = Description(config=config, data="data", parameters=0)
    return trainer(config, **options).train(folder, described, progress)


def losses(run) -> list[dict]:
    lines = [json.loads(line) for line in (run / LOG).read_text().splitlines()]
    return [{name: line[name] for name in ("epoch", "train", "held_out")} for line in lines]


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("run")
    train(folder, small(loss=ALL))
    return folder


def test_the_loss_falls(tmp_path) -> None:
    trained = train(tmp_path / "run", small(train={"epochs": 2, "steps": 15, "learning_rate": 1e-2}))
    for side in ("train", "held_out"):
        assert trained.log[-1][side]["guidance"] < trained.log[0][side]["guidance"]


def test_a_run_is_opened_as_a_model_by_its_folder(run) -> None:
    model = load_facevid2vid(run, "cpu")
    assert model.config == small().network and not model.training
    described = read_training(run)
    assert described is not None and described.config == small(loss=ALL)


def test_every_term_is_in_the_log_and_those_of_the_discriminator_in_training_alone(run) -> None:
    terms = {"picture", "mouth", "perceptual", "equivariance", "prior", "guidance", "pose", "expression"}
    for line in losses(run):
        assert set(line["train"]) == terms | {"adversarial", "matching", "judge"}
        assert set(line["held_out"]) == terms | {"total"}


def test_the_same_seed_gives_the_same_curve_and_another_one_another(run, tmp_path) -> None:
    for name, seed in (("same", 0), ("other", 1)):
        train(tmp_path / name, small(loss=ALL, train={"seed": seed}))
    assert losses(tmp_path / "same") == losses(run)
    assert losses(tmp_path / "other") != losses(run)


class _Stop(Exception):
    pass


def test_a_restart_in_the_middle_gives_the_same_losses_and_weights(run, tmp_path) -> None:
    def stop(step) -> None:
        if (step.epoch, step.step) == (2, 2):
            raise _Stop

    with pytest.raises(_Stop):
        train(tmp_path, small(loss=ALL), stop)
    assert train(tmp_path, small(loss=ALL)).resumed == 1
    assert losses(tmp_path) == losses(run)
    assert (tmp_path / WEIGHTS).read_bytes() == (run / WEIGHTS).read_bytes()


def test_checkpointing_changes_memory_and_nothing_else(run, tmp_path) -> None:
    train(tmp_path, small(loss=ALL, train={"checkpointing": True}))
    assert losses(tmp_path) == losses(run)
    assert (tmp_path / WEIGHTS).read_bytes() == (run / WEIGHTS).read_bytes()


def test_mixed_precision_trains(tmp_path) -> None:
    trained = train(tmp_path, small(loss=ALL, train={"bf16": True}))
    assert np.isfinite(trained.log[-1]["held_out"]["total"])


def test_a_loss_that_is_no_number_stops_with_the_clips(tmp_path) -> None:
    broken = trainer()
    with torch.no_grad():
        next(broken.model.generator.parameters()).fill_(float("nan"))
    with pytest.raises(FacecuesError, match=r"loss is nan in epoch 1, on the clips A\d/front.*lower learning_rate"):
        broken.train(tmp_path, Description(config=small(), data="data", parameters=0))


def test_a_training_can_begin_with_the_weights_of_a_run(run) -> None:
    begun = trainer(small(), init=run).model.state_dict()
    for name, value in load_facevid2vid(run, "cpu").state_dict().items():
        torch.testing.assert_close(begun[name], value)


def test_weights_of_another_network_are_refused(run) -> None:
    other = training_config("tiny", {"network": NETWORK | {"keypoints": 4}})
    with pytest.raises(UsageError, match="has another network"):
        trainer(other, init=run)


def test_guided_epochs_teach_keypoints_alone(tmp_path) -> None:
    before = {name: value.clone() for name, value in trainer().model.generator.state_dict().items()}
    guided = trainer(small(train={"guided": 0.5}))
    trained = guided.train(tmp_path, Description(config=small(), data="data", parameters=0))
    assert set(trained.log[0]["train"]) == {"prior", "guidance", "pose", "expression"}
    assert "picture" in trained.log[1]["train"] and "picture" in trained.log[0]["held_out"]
    only_guided = trainer(small(train={"guided": 0.9}))
    (tmp_path / "only").mkdir()
    only_guided.train(tmp_path / "only", Description(config=small(), data="data", parameters=0))
    for name, value in only_guided.model.generator.state_dict().items():
        torch.testing.assert_close(value, before[name])


def test_pose_cannot_be_learnt_where_keypoints_are_not_told_from_it() -> None:
    with pytest.raises(UsageError, match=r"loss.pose and loss.expression have to be 0 where network.posed is not set"):
        training_config("tiny", {"network": NETWORK | {"posed": False}, "loss": {"pose": 1.0}})


def test_guidance_without_a_weight_cannot_come_first() -> None:
    with pytest.raises(UsageError, match=r"train.guided needs a weight of loss.guidance"):
        small(train={"guided": 0.5}, loss={"guidance": 0.0})


def test_detail_moves_a_picture_without_losing_any_of_it_where_it_stands_still() -> None:
    pictures = torch.rand(2, 3, 16, 16)
    still = identity_grid(torch.zeros(1, 1, 4, 4, 4)).expand(2, -1, -1, -1, -1)
    torch.testing.assert_close(move_picture(pictures, still), pictures, atol=1e-5, rtol=0)
    aside = still + torch.tensor([2 * 3 / 15, 0, 0])
    torch.testing.assert_close(move_picture(pictures, aside)[..., :13], pictures[..., 3:], atol=1e-4, rtol=0)


def test_reconstruct_makes_pictures_and_darkens_what_the_source_does_not_show(run) -> None:
    pictures = faces().pictures
    made, seen = reconstruct(load_facevid2vid(run, "cpu"), pictures[0], pictures[1])
    assert made.shape == seen.shape == (SIDE, SIDE, 3) and made.dtype == seen.dtype == np.uint8
    assert np.all(seen <= made) and np.any(seen < made)


def test_a_preset_brings_its_own_weights_and_told_values_win() -> None:
    assert training_config("vox-256").loss.matching == 10 and training_config("vox-256").loss.judged
    tiny = training_config("tiny", {"loss": {"prior": 3.0}})
    assert (tiny.loss.matching, tiny.loss.prior, tiny.network.size) == (0, 3, 64)
    assert tiny.network.generator.detail and not training_config("vox-256").network.generator.detail
    with pytest.raises(UsageError, match="no face-vid2vid 'huge'"):
        training_config("huge")
    for values in ({"train": {"epoch": 3}}, {"trian": {}}, {"train": 3}):
        with pytest.raises(UsageError, match=r"train\.epoch|trian|train"):
            training_config("tiny", values)

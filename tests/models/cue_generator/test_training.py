"""Training: it learns, it is reproducible, and a restart continues the same curve."""

import json

import numpy as np
import pytest
import torch

from facecues.errors import FacecuesError, UsageError
from facecues.models.cue_generator.checkpoint import NETWORK
from facecues.models.cue_generator.config import VARIANTS, generator_config
from facecues.models.cue_generator.contracts import CHUNK, CueGenerator, Request, join
from facecues.models.cue_generator.generator import load
from facecues.models.cue_generator.reference import best_reference
from facecues.models.cue_generator.registry import open_generator
from facecues.models.cue_generator.training import Trainer
from facecues.models.training.files import LOG
from tests.models.cue_generator.material import material, small, voice

LEARN, HELD_OUT = np.arange(12), np.arange(12, 18)


def trainer(config=None) -> Trainer:
    return Trainer(material(), LEARN, HELD_OUT, config or small())


def losses(run) -> list[dict]:
    lines = [json.loads(line) for line in (run / LOG).read_text().splitlines()]
    return [{name: line[name] for name in ("epoch", "train", "held_out")} for line in lines]


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("run")
    trainer(small(train={"epochs": 3})).train(folder, "data")
    return folder


def request(frames=40, **changes) -> Request:
    clips = material()
    values = {"emotion": "happy", "level": 3, "seed": 0} | changes
    sound = voice(clips.sequences[0].normalized)
    return Request(sound, frames, reference=best_reference(clips.sequences, 13), **values)


def test_the_loss_falls(run) -> None:
    found = losses(run)
    assert found[-1]["held_out"]["total"] < found[0]["held_out"]["total"]
    assert found[-1]["train"]["classifier"] < found[0]["train"]["classifier"]


def test_the_same_seed_gives_the_same_curve_and_another_one_another(run, tmp_path) -> None:
    for name, seed in (("same", 0), ("other", 1)):
        (tmp_path / name).mkdir()
        trainer(small(train={"epochs": 3, "seed": seed})).train(tmp_path / name, "data")
    assert losses(tmp_path / "same") == losses(run)
    assert losses(tmp_path / "other") != losses(run)


class _Stop(Exception):
    pass


@pytest.mark.parametrize("at", [(2, 2), (3, 1)])
def test_a_restart_in_the_middle_gives_the_same_losses_and_weights(run, tmp_path, at) -> None:
    def stop(step) -> None:
        if (step.epoch, step.step) == at:
            raise _Stop

    with pytest.raises(_Stop):
        trainer(small(train={"epochs": 3})).train(tmp_path, "data", stop)
    trained = trainer(small(train={"epochs": 3})).train(tmp_path, "data")
    assert trained.resumed == at[0] - 1
    assert losses(tmp_path) == losses(run)
    assert (tmp_path / NETWORK).read_bytes() == (run / NETWORK).read_bytes()


def test_a_finished_training_is_not_trained_again(run) -> None:
    before = (run / NETWORK).read_bytes()
    trained = trainer(small(train={"epochs": 3})).train(run, "data")
    assert trained.resumed == len(trained.log) == 3
    assert (run / NETWORK).read_bytes() == before


def test_a_loss_that_is_no_number_stops_with_the_clips(tmp_path) -> None:
    broken = trainer()
    with torch.no_grad():
        next(broken.network.shape_head.parameters()).fill_(float("nan"))
    with pytest.raises(FacecuesError, match=r"loss is nan in epoch 1, on the clips A\d/.*absurd cues"):
        broken.train(tmp_path, "data")


def test_training_stops_early_when_held_out_actors_do_no_better(tmp_path) -> None:
    config = small(train={"epochs": 12, "patience": 2, "learning_rate": 1.0})
    trained = trainer(config).train(tmp_path, "data")
    assert len(trained.log) == min(12, trained.best + 2)


def test_a_damaged_checkpoint_is_refused_in_one_sentence(run, tmp_path) -> None:
    for file in run.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    (tmp_path / "last.safetensors").write_bytes(b"cut short")
    with pytest.raises(UsageError, match="cannot be gone on with"):
        trainer(small(train={"epochs": 3})).train(tmp_path, "data")


@pytest.mark.parametrize("variant", VARIANTS)
def test_every_variant_trains_and_generates(variant, tmp_path) -> None:
    trainer(small(variant, train={"epochs": 1})).train(tmp_path, "data")
    made = join(load(tmp_path).stream(request()))
    assert len(made) == 40 and made.valid.all()


def test_a_run_is_a_generator_by_its_folder(run) -> None:
    generator: CueGenerator = open_generator(str(run))
    assert "w:" in generator.signature and generator.name == "network"
    chunks = list(generator.stream(request(CHUNK + 20)))
    assert [len(chunk) for chunk in chunks] == [CHUNK, 20]
    assert join(chunks).valid.all()


def test_the_same_request_gives_the_same_cues_and_another_seed_variety(run) -> None:
    generator = load(run)
    one, same, other = (join(generator.stream(request(seed=seed))) for seed in (5, 5, 6))
    np.testing.assert_array_equal(one.gaze, same.gaze)
    np.testing.assert_array_equal(one.normalized, same.normalized)
    assert np.abs(one.rotation - other.rotation).max() > 0.01


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"emotion": "bored"}, "Unknown emotion 'bored'; use one of angry, contempt"),
        ({"level": 4}, "Unknown level 4; use one of 1, 2, 3"),
        ({"frames": 0}, "one frame or more, not 0"),
    ],
)
def test_a_request_that_cannot_be_answered_is_refused_at_once(run, changes, sentence) -> None:
    with pytest.raises(UsageError, match=sentence):
        load(run).stream(request(**changes))


def test_silence_and_a_fifth_of_a_second_are_answered(run) -> None:
    asked = request(5)
    for sound in (np.zeros(3200, np.float32), asked.sound[:3200]):
        made = join(load(run).stream(Request(sound, 5, "sad", 1, asked.reference)))
        assert len(made) == 5 and made.valid.all()


def test_one_configuration_serves_all_variants_and_undoes_none() -> None:
    everything = {"network": {"feedback": 8, "reference": 8, "hidden": 32}, "loss": {"emotion": 0.5}}
    for name, changes in VARIANTS.items():
        config = generator_config(name, everything)
        for part, values in changes.items():
            for option, value in values.items():
                assert getattr(getattr(config, part), option) == value, (name, option)
        assert config.network.hidden == 32
    assert generator_config("full", everything).loss.emotion == 0.5


def test_a_variant_that_does_not_exist_is_refused() -> None:
    with pytest.raises(UsageError, match="no variant 'huge'; use one of full, no-classifier"):
        generator_config("huge")
    with pytest.raises(UsageError, match=r"train\.epochs"):
        generator_config("full", {"train": {"epochs": 0}})

"""`facecues train keypoints` as a pipeline: from a store and a generator to a run that renders; resumed, refused."""

import json
import shutil

import cv2
import numpy as np
import pytest
import torch

from facecues.errors import UsageError, WeightsMissingError
from facecues.models.facevid2vid.checkpoint import WEIGHTS as GENERATOR_WEIGHTS
from facecues.models.facevid2vid.checkpoint import save_facevid2vid
from facecues.models.keypoint_mapper.config import mapper_config
from facecues.models.media import usual_portrait
from facecues.models.rendering.registry import open_renderer
from facecues.pipelines.training.keypoints import train_keypoints
from facecues.pipelines.training.material import Source
from facecues.sequences import read_sequences
from tests.models.keypoint_mapper.material import generator as drawn_generator

FILES = {"mapper.json", "mapper.safetensors", "last.safetensors", "last.json", "log.jsonl", "curves.png"}


@pytest.fixture(autouse=True)
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def small(variant="full", **parts):
    base = {
        "loss": {"image": 0.0, "perceptual": 0.0},
        "network": {"hidden": 32, "blocks": 1},
        "train": {"frames": 8, "epochs": 2, "steps": 5, "batch": 4, "piece": 4, "pictures": 2},
    }
    return mapper_config(variant, {part: base.get(part, {}) | parts.get(part, {}) for part in base | parts})


@pytest.fixture(scope="module")
def generator(tmp_path_factory):
    folder = tmp_path_factory.mktemp("generators") / "generator"
    save_facevid2vid(drawn_generator(), folder)
    return folder


@pytest.fixture(scope="module")
def source(corpus, tmp_path_factory):
    return Source(corpus / "truth", cache=tmp_path_factory.mktemp("faces"))


@pytest.fixture(scope="module")
def trained(source, generator, tmp_path_factory):
    return train_keypoints(source, generator, tmp_path_factory.mktemp("runs") / "full", small())


def contents(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def losses(run):
    lines = [json.loads(line) for line in (run / "log.jsonl").read_text().splitlines()]
    return [{name: line[name] for name in ("epoch", "train", "held_out")} for line in lines]


def test_a_store_and_a_generator_become_a_run(trained) -> None:
    assert set(contents(trained.out)) == FILES
    assert (trained.clips, trained.frames, len(trained.held_out), trained.left_out) == (3, 24, 1, {})
    assert (trained.epochs, trained.resumed) == (2, 0) and trained.error > 0
    described = json.loads((trained.out / "mapper.json").read_text())
    assert described["kind"] == "keypoint_mapper" and described["parameters"] == trained.parameters
    assert cv2.imread(str(trained.out / "curves.png")).std() > 10


def test_a_run_lets_a_portrait_follow_cues(trained, source) -> None:
    renderer = open_renderer(str(trained.out))
    head = renderer.prepare(usual_portrait(), 256)
    sequences = read_sequences(source.store, _clips(source))
    made = np.stack(list(head.render(sequences[0][:4], head.reference)))
    assert made.shape == (4, 256, 256, 3) and "mapper[w:" in renderer.signature


def _clips(source):
    from facecues.cues import load_clips

    return load_clips(source.store).iloc[:1]


def test_the_same_command_again_trains_nothing(source, generator, trained) -> None:
    before = contents(trained.out)
    again = train_keypoints(source, generator, trained.out, small())
    assert (again.epochs, again.resumed, again.best) == (2, 2, trained.best)
    after = contents(trained.out)
    assert all(after[name] == before[name] for name in FILES - {"curves.png"})


class _Interrupt(Exception):
    pass


def test_a_restart_in_the_middle_gives_the_same_log_and_weights(source, generator, trained, tmp_path) -> None:
    def stop(what, done, total) -> None:
        if what == "epoch 2 of 2":
            raise _Interrupt

    with pytest.raises(_Interrupt):
        train_keypoints(source, generator, tmp_path / "run", small(), progress=stop)
    resumed = train_keypoints(source, generator, tmp_path / "run", small())
    assert resumed.resumed == 1 and losses(tmp_path / "run") == losses(trained.out)
    weights = [(run / "mapper.safetensors").read_bytes() for run in (tmp_path / "run", trained.out)]
    assert weights[0] == weights[1]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"train": {"learning_rate": 0.5}}, r"with train.learning_rate = 0.001, now it is 0.5"),
        ({"variant": "no-pose"}, r"with network.pose = True, now it is False"),
    ],
    ids=["training", "variant"],
)
def test_another_configuration_in_the_same_folder_is_refused_with_both(
    source, generator, trained, changes, words
) -> None:
    before = contents(trained.out)
    with pytest.raises(UsageError, match=words):
        train_keypoints(source, generator, trained.out, small(**changes))
    assert contents(trained.out) == before


def test_other_pictures_and_another_generator_in_the_same_folder_are_refused(
    source, generator, trained, corpus, tmp_path
) -> None:
    before = contents(trained.out)
    less = Source(source.store, split="W002", cache=source.cache)
    with pytest.raises(UsageError, match=r"trained on other pictures \([0-9a-f]{16}, now [0-9a-f]{16}\)"):
        train_keypoints(less, generator, trained.out, small())
    other = drawn_generator()
    torch.nn.init.zeros_(other.generator.final.weight)
    save_facevid2vid(other, tmp_path / "other")
    with pytest.raises(UsageError, match=r"for a generator with the weights [0-9a-f]{8}, this one has [0-9a-f]{8}"):
        train_keypoints(source, tmp_path / "other", trained.out, small())
    assert contents(trained.out) == before


def test_a_folder_with_something_else_and_a_missing_or_broken_generator_are_refused(
    source, generator, tmp_path
) -> None:
    (tmp_path / "taken").mkdir()
    (tmp_path / "taken/notes.txt").write_text("mine")
    with pytest.raises(UsageError, match="taken holds something else than a mapper"):
        train_keypoints(source, generator, tmp_path / "taken", small())
    with pytest.raises(WeightsMissingError, match=r"There is no generator .*nowhere"):
        train_keypoints(source, tmp_path / "nowhere", tmp_path / "run", small())
    broken = shutil.copytree(generator, tmp_path / "broken")
    (broken / GENERATOR_WEIGHTS).write_bytes(b"weights")
    with pytest.raises(WeightsMissingError, match="is no file of plain tensors"):
        train_keypoints(source, broken, tmp_path / "run", small())
    with pytest.raises(UsageError, match="--device cpu, cuda"):
        train_keypoints(source, generator, tmp_path / "run", small(), device="abacus")
    assert not (tmp_path / "run").exists()


def test_terms_of_pictures_are_learnt_from_too(source, generator, tmp_path) -> None:
    config = small(loss={"image": 10.0}, train={"epochs": 1, "steps": 2})
    train_keypoints(source, generator, tmp_path / "run", config)
    (line,) = losses(tmp_path / "run")
    assert set(line["train"]) == {"keypoints", "velocity", "image"}

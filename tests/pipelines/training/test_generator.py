"""`facecues train generator` as a pipeline: from a store with videos to a run that opens; gone on with, begun from
another, refused, with parts missing."""

import json
import shutil

import cv2
import numpy as np
import pytest
import torch
from matplotlib.image import imread
from PIL import Image

from facecues.cues import load_clips
from facecues.errors import BackendUnavailableError, UsageError
from facecues.models.facevid2vid.checkpoint import load_facevid2vid
from facecues.models.facevid2vid.training_config import training_config
from facecues.pipelines.training.face_pictures import NOT_THERE
from facecues.pipelines.training.generator import perceptual_features, train_generator
from facecues.pipelines.training.material import Source
from tests.models.facevid2vid.test_training import NETWORK, losses

FILES = {
    *("facevid2vid.json", "facevid2vid.safetensors", "training.json", "last.safetensors", "last.json"),
    *("log.jsonl", "curves.png", "validation"),
}


def small(**parts):
    loss = {"perceptual": 0.0} | parts.pop("loss", {})
    train = {"epochs": 2, "steps": 2, "batch": 2, "validated": 6, "per_clip": 4} | parts.pop("train", {})
    return training_config("tiny", {"network": NETWORK, "loss": loss, "train": train, **parts})


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    return tmp_path_factory.mktemp("faces")


@pytest.fixture(scope="module")
def source(corpus, cache):
    return Source(corpus / "truth", cache=cache)


@pytest.fixture(scope="module")
def trained(source, tmp_path_factory):
    return train_generator(source, tmp_path_factory.mktemp("runs") / "run", small())


def contents(folder):
    return {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_store_becomes_a_run_that_opens(trained) -> None:
    assert {path.name for path in trained.out.iterdir()} == FILES
    assert (trained.clips, trained.pictures, trained.left_out) == (3, 12, {})
    assert trained.held_out in {("M001",), ("W002",)}
    assert (trained.epochs, trained.resumed) == (2, 0) and trained.best in {1, 2}
    assert trained.parameters == json.loads((trained.out / "training.json").read_text())["parameters"]
    assert load_facevid2vid(trained.out, "cpu").config == small().network
    assert cv2.imread(str(trained.out / "curves.png")).std() > 10


def test_strips_show_held_out_clips_and_say_that_they_are_synthetic(trained) -> None:
    strips = sorted((trained.out / "validation").iterdir())
    assert len(strips) == 3 and all(strip.name.startswith(trained.held_out[0]) for strip in strips)
    for strip in strips:
        picture = imread(strip)
        assert picture.shape[:2] == (256, 4 * 256) and picture.std() > 0.1
        with Image.open(strip) as opened:
            assert "synthetic" in opened.text["Title"]


def test_the_same_command_again_trains_nothing(source, trained) -> None:
    before = contents(trained.out)
    again = train_generator(source, trained.out, small())
    assert (again.epochs, again.resumed, again.best) == (2, 2, trained.best)
    assert contents(trained.out) == before


def test_a_training_can_begin_with_a_run(source, trained, tmp_path) -> None:
    tuned = train_generator(source, tmp_path / "tuned", small(), init=trained.out)
    assert losses(tuned.out)[0]["train"] != losses(trained.out)[0]["train"]
    with pytest.raises(UsageError, match=r"was trained from the weights .*, now from None"):
        train_generator(source, tmp_path / "tuned", small())


def test_another_configuration_or_folder_is_refused_before_any_work(source, trained, tmp_path) -> None:
    with pytest.raises(UsageError, match=r"trained with train\.steps = 2, now it is 3"):
        train_generator(source, trained.out, small(train={"steps": 3}))
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(UsageError, match="holds something else than a training"):
        train_generator(source, tmp_path, small())
    with pytest.raises(UsageError, match=r"--init .* holds no generator"):
        train_generator(source, tmp_path / "out", small(), init=tmp_path)
    with pytest.raises((UsageError, BackendUnavailableError), match="cuda:99"):
        train_generator(source, tmp_path / "out", small(), device="cuda:99")
    assert not (tmp_path / "out").exists()


def test_other_pictures_than_before_are_refused(source, corpus, cache, trained) -> None:
    with pytest.raises(UsageError, match="was trained on other pictures"):
        train_generator(Source(corpus / "truth", "W002", cache=cache), trained.out, small())


def test_clips_without_a_video_are_counted(corpus, tmp_path) -> None:
    copy = shutil.copytree(corpus, tmp_path / "corpus", ignore=shutil.ignore_patterns(".state"))
    (copy / load_clips(copy / "truth")["video"][0]).unlink()
    summary = train_generator(Source(copy / "truth"), tmp_path / "run", small(train={"epochs": 1}))
    assert summary.left_out == {NOT_THERE: 1}


def test_perceptual_features_see_a_difference_and_carry_its_gradient() -> None:
    features, least = perceptual_features("alexnet", "cpu")
    made = torch.rand(1, 3, max(least, 32), max(least, 32), requires_grad=True)
    seen = features(made)
    assert [one.shape[1] for one in seen] == [64, 192, 384, 256, 256]
    torch.stack([one.mean() for one in seen]).sum().backward()
    assert made.grad is not None and made.grad.abs().sum() > 0


def test_the_perceptual_term_teaches(source, tmp_path) -> None:
    summary = train_generator(source, tmp_path / "run", small(loss={"perceptual": 1.0}, train={"epochs": 1}))
    assert np.isfinite(losses(summary.out)[0]["held_out"]["perceptual"])

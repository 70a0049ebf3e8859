"""What is typed, as a configuration: the command line over the file over the defaults, and refusals in one sentence."""

from pathlib import Path

import pytest

from facecues.errors import UsageError
from facecues.metrics.floors import FLOORS
from facecues.metrics.instruments import DEFAULT_GROUPS, GROUPS
from facecues.metrics.protocols import EAT, FACECUES
from facecues.pipelines.evaluation.command import methods_of, settings_of
from facecues.pipelines.evaluation.config import EvaluateConfig

NOTHING = {
    **dict.fromkeys(("protocol", "missing", "crop", "size", "metrics", "classifiers", "floors", "device", "seed")),
    "cues": {"landmarks": None, "gaze": None, "device": None},
}


def settings(file=None, **typed):
    return settings_of(file or {}, **(NOTHING | typed))


def test_nothing_typed_is_the_default():
    assert settings() == EvaluateConfig()
    assert settings().metrics == DEFAULT_GROUPS and settings().floors == tuple(FLOORS)


def test_what_is_typed_beats_the_file_and_the_file_the_default():
    file = {"seed": 3, "metrics": ["ssim"], "resamples": 500, "cues": {"landmarks": "face-landmarker"}}
    config = settings(file, seed=7, metrics="psnr,lpips", cues=NOTHING["cues"] | {"gaze": "iris"})
    assert (config.seed, config.metrics, config.resamples) == (7, ("psnr", "lpips"), 500)
    assert (config.cues.landmarks, config.cues.gaze) == ("face-landmarker", "iris")


def test_a_configuration_written_down_is_read_again():
    config = EvaluateConfig(protocol=EAT, metrics=("ssim",), floors=("still",), seed=5)
    assert settings(config.model_dump(mode="json")) == config


def test_protocols_by_name_and_what_is_changed_of_them():
    assert settings(protocol="eat").protocol == EAT
    assert settings({"protocol": "eat"}).protocol == EAT
    changed = settings(missing="exclude", crop="face", size=128).protocol
    assert (changed.missing, changed.landmarks.missing) == ("exclude", "exclude")
    assert (changed.pictures.crop, changed.pictures.size) == ("face", 128)
    assert changed.with_missing("penalize").with_pictures("frame", 256) == FACECUES


def test_all_and_none_are_words():
    assert settings(metrics="all").metrics == tuple(GROUPS)
    assert settings(metrics="default,identity").metrics == (*DEFAULT_GROUPS, "identity")
    assert settings(floors="none", missing="exclude").made == ()


def test_the_penalty_needs_the_first_frame_held_still():
    assert settings(floors="none").made == ("still",)
    assert settings(floors="re-encoded").made == ("re-encoded", "still")
    assert settings(floors="still").made == ("still",)


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ({"protocol": "lrs"}, ["'lrs'", "facecues", "eat", "atvgnet"]),
        ({"metrics": "ssim,fvd"}, ["fvd", "ssim", "lip-sync"]),
        ({"metrics": ""}, ["--metrics"]),
        ({"floors": "still,ceiling"}, ["ceiling", "still", "other-take"]),
        ({"missing": "drop"}, ["penalize", "exclude", "drop"]),
        ({"protocol": "eat", "missing": "penalize"}, ["eat", "--missing"]),
        ({"crop": "mouth"}, ["mouth", "frame", "face"]),
        ({"size": 0}, ["0"]),
        ({"classifiers": [Path("nowhere")]}, ["nowhere", "train emotion"]),
        ({"cues": {"landmarks": "dlib"}}, ["facemesh", "dlib"]),
        ({"seed": "many"}, ["seed", "many"]),
    ],
    ids=str,
)
def test_what_cannot_be_is_refused_with_what_can(typed, words):
    with pytest.raises(UsageError) as error:
        settings(**typed)
    for word in words:
        assert word in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    "file", [{"metric": ["ssim"]}, {"protocol": {"nme": 1}}, {"resamples": 3}, {"set_resamples": 9}, {"cues": {"x": 1}}]
)
def test_a_file_with_what_nobody_knows_is_refused(file):
    with pytest.raises(UsageError):
        settings(file)


def test_methods_are_names_and_folders():
    assert methods_of(["a=one", "b=two=three"]) == {"a": Path("one"), "b": Path("two=three")}


@pytest.mark.parametrize("text", ["folder", "=folder", "name=", ""])
def test_another_form_of_method_is_refused(text):
    with pytest.raises(UsageError, match="--method takes NAME=FOLDER"):
        methods_of([text])


def test_a_name_that_is_given_twice_is_refused():
    with pytest.raises(UsageError, match="--method a is given twice"):
        methods_of(["a=one", "a=two"])

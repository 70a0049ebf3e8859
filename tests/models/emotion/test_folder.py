"""Cue classifiers on disk: what is read back is what was written, and a broken folder says so in one sentence."""

import json

import numpy as np
import pytest
import torch

from facecues.errors import UsageError, WeightsMissingError
from facecues.labels import EMOTIONS
from facecues.models.emotion.config import DESCRIPTION, STREAMS, WEIGHTS, CueClassifierConfig
from facecues.models.emotion.cue_network import CueClassifier
from facecues.models.emotion.folder import classifier_files, load_cue_classifier
from tests.models.emotion.performers import act

CONFIG = CueClassifierConfig(architecture="conv", hidden=16)


@pytest.fixture
def folder(tmp_path):
    return write(tmp_path / "judge")


def write(folder, config=CONFIG, classes=EMOTIONS, seed=0):
    folder.mkdir()
    torch.manual_seed(seed)
    for name, content in classifier_files(CueClassifier(config).eval(), classes).items():
        (folder / name).write_bytes(content)
    return folder


def cues(frames=40):
    clip = act("happy", np.random.default_rng(0), frames)
    return clip.normalized, clip.gaze, clip.rotation


def refuses(folder, kind, says):
    with pytest.raises(kind, match=says) as caught:
        load_cue_classifier(folder)
    assert "\n" not in str(caught.value)
    assert str(folder) in str(caught.value)


@pytest.mark.parametrize("architecture", ["gru", "conv"])
def test_what_is_read_is_what_was_written(tmp_path, architecture) -> None:
    config = CueClassifierConfig(architecture=architecture, streams=("landmarks", "pose"), hidden=16)
    loaded = load_cue_classifier(write(tmp_path / "judge", config))
    torch.manual_seed(0)
    expected = CueClassifier(config).eval()
    for name, value in expected.state_dict().items():
        assert torch.equal(loaded.network.state_dict()[name], value)
    assert (loaded.classes, loaded.streams) == (EMOTIONS, ("landmarks", "pose"))
    assert loaded.signature.startswith("emotion-judge[w:")
    assert loaded.signature.endswith(f",cue-{architecture}:landmarks+pose,fps:25]")


def test_a_clip_becomes_probabilities(folder) -> None:
    found = load_cue_classifier(folder).probabilities(*cues())
    assert found.shape == (8,)
    assert found.dtype == np.float32
    assert found.sum() == pytest.approx(1, abs=1e-6)


def test_only_what_was_learnt_is_seen(tmp_path) -> None:
    loaded = load_cue_classifier(write(tmp_path / "judge", classes=("angry", "sad")))
    found = loaded.probabilities(*cues())
    assert loaded.classes == ("angry", "sad")
    assert found.shape == (2,)
    assert found.sum() == pytest.approx(1, abs=1e-6)


def test_frames_without_a_cue_do_not_count_and_a_clip_without_frames_has_no_answer(folder) -> None:
    loaded = load_cue_classifier(folder)
    normalized, gaze, rotation = cues()
    expected = loaded.probabilities(normalized[:30], gaze[:30], rotation[:30])
    gaze[30:] = np.nan
    np.testing.assert_allclose(loaded.probabilities(normalized, gaze, rotation), expected, atol=1e-6)
    gaze[:] = np.nan
    assert np.isnan(loaded.probabilities(normalized, gaze, rotation)).all()
    assert np.isnan(loaded.probabilities(normalized[:0], gaze[:0], rotation[:0])).all()


def test_a_cue_that_is_not_looked_at_may_be_missing(tmp_path) -> None:
    loaded = load_cue_classifier(write(tmp_path / "judge", CueClassifierConfig(streams=("pose",), hidden=16)))
    normalized, gaze, rotation = cues()
    expected = loaded.probabilities(normalized, gaze, rotation)
    np.testing.assert_array_equal(loaded.probabilities(normalized, gaze * np.nan, rotation), expected)


def test_other_weights_have_another_signature(folder, tmp_path) -> None:
    other = write(tmp_path / "elsewhere", seed=1).rename(tmp_path / "other")
    assert load_cue_classifier(folder).signature != load_cue_classifier(other).signature


def test_cues_of_other_shapes_are_refused(folder) -> None:
    normalized, gaze, rotation = cues()
    with pytest.raises(ValueError, match=r"expected gaze of shape \(40, 2\), got \(39, 2\)"):
        load_cue_classifier(folder).probabilities(normalized, gaze[1:], rotation)


def test_an_empty_folder_is_refused(tmp_path) -> None:
    refuses(tmp_path, UsageError, "holds no cue classifier, for emotion.json does not read .No such file")


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"network": "mini-xception"}, "network: Input should be 'cue-gru' or 'cue-conv'"),
        ({"classes": ["sad", "angry"]}, "classes: .*in this order, got sad, angry"),
        ({"classes": ["sad"]}, "classes: .*two or more"),
        ({"hidden": 10**9}, "hidden: Input should be less than"),
        ({"more": 1}, "more: Extra inputs"),
    ],
)
def test_descriptions_of_something_else_are_refused(folder, change, says) -> None:
    described = json.loads((folder / DESCRIPTION).read_text())
    (folder / DESCRIPTION).write_text(json.dumps(described | change))
    refuses(folder, UsageError, says)


def test_a_description_that_is_cut_off_is_refused(folder) -> None:
    path = folder / DESCRIPTION
    path.write_bytes(path.read_bytes()[:20])
    refuses(folder, UsageError, "Invalid JSON")


def test_missing_cut_off_and_foreign_weights_are_refused(folder, tmp_path) -> None:
    path = folder / WEIGHTS
    whole = path.read_bytes()
    path.write_bytes(whole[:-100])
    refuses(folder, WeightsMissingError, "no file of plain tensors")
    path.write_bytes(b"")
    refuses(folder, WeightsMissingError, "no file of plain tensors")
    other = write(tmp_path / "narrow", CueClassifierConfig(architecture="conv", streams=STREAMS[:2], hidden=16))
    path.write_bytes((other / WEIGHTS).read_bytes())
    refuses(folder, WeightsMissingError, "does not hold the weights for the cue classifier")
    path.unlink()
    refuses(folder, WeightsMissingError, "emotion.safetensors is missing")

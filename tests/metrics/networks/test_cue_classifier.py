"""A cue classifier as an instrument: what it says of a clip stands wherever there is a face."""

import numpy as np
import pytest

from tests.metrics.tracks import track, without

torch = pytest.importorskip("torch")

from facecues.errors import UsageError, WeightsMissingError  # noqa: E402
from facecues.labels import EMOTIONS  # noqa: E402
from facecues.metrics.emotion import emotion_score  # noqa: E402
from facecues.metrics.networks.cue_classifier import CueEmotionClassifier  # noqa: E402
from facecues.metrics.networks.emotion_classifiers import reads_cues  # noqa: E402
from facecues.models.emotion.config import CueClassifierConfig  # noqa: E402
from facecues.models.emotion.cue_network import CueClassifier  # noqa: E402
from facecues.models.emotion.folder import classifier_files  # noqa: E402


@pytest.fixture(params=["gru", "conv"])
def folder(request, tmp_path):
    """A classifier that has learnt nothing."""
    torch.manual_seed(0)
    path = tmp_path / "judge"
    path.mkdir()
    network = CueClassifier(CueClassifierConfig(architecture=request.param, hidden=8))
    for name, content in classifier_files(network, EMOTIONS).items():
        (path / name).write_bytes(content)
    return path


def test_one_opinion_of_the_clip_stands_at_every_instant_with_a_face(folder):
    classifier, cues = CueEmotionClassifier(folder), without(track(), slice(5, 9))
    rows = classifier.of_track(cues)
    assert rows.shape == (len(cues), 8) and rows.dtype == np.float32
    assert np.isnan(rows[5:9]).all() and not np.isnan(np.delete(rows, range(5, 9), axis=0)).any()
    assert len(np.unique(rows[cues.has_face], axis=0)) == 1
    assert rows[0].sum() == pytest.approx(1, abs=1e-5)
    best = EMOTIONS[int(rows[0].argmax())]
    score = emotion_score(rows, best, classifier.classes)
    assert (score.value, score.n_frames) == (1.0, len(cues) - 4)


def test_a_clip_without_a_face_has_no_opinion(folder):
    cues = without(track(), slice(None))
    assert np.isnan(CueEmotionClassifier(folder).of_track(cues)).all()


def test_the_signature_names_the_weights_and_the_folder_names_the_classifier(folder):
    classifier = CueEmotionClassifier(folder)
    assert classifier.name == "emotion-judge" and "judge[w:" in classifier.signature
    assert "|" not in classifier.signature
    weights = folder / "emotion.safetensors"
    weights.write_bytes(weights.read_bytes()[:-4] + b"\0\0\0\1")
    assert CueEmotionClassifier(folder).signature != classifier.signature


def test_what_is_missing_is_said(folder, tmp_path):
    (folder / "emotion.safetensors").unlink()
    with pytest.raises(WeightsMissingError, match="train it anew"):
        CueEmotionClassifier(folder)
    with pytest.raises(UsageError, match="no cue classifier"):
        CueEmotionClassifier(tmp_path)


def test_only_a_folder_that_says_so_reads_cues(folder, tmp_path):
    assert reads_cues(folder)
    assert not reads_cues(tmp_path)
    for content in ('{"network": "mini-xception"}', "[]", "{", "{}"):
        (tmp_path / "emotion.json").write_text(content)
        assert not reads_cues(tmp_path)

"""The emotiefflib classifier around a stand-in network: what it feeds it, and what it makes of the answer.

The published file is not on PyPI; where it is (FACECUES_WEIGHTS), it is loaded too.
"""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from facecues import weights
from facecues.errors import WeightsMissingError
from facecues.labels import EMOTIONS
from facecues.metrics.contracts import Batch
from tests.metrics.networks.faces import batch_of, part
from tests.metrics.networks.onnx_files import write_mean_classifier

pytest.importorskip("onnxruntime")
from facecues.metrics.networks.emotiefflib import EmotiEffLibClassifier

NAME = "emotion-emotiefflib"
RNG = np.random.default_rng(0)
WEIGHT, BIAS = RNG.normal(size=(3, 8)), RNG.normal(size=8)


@pytest.fixture(scope="module")
def classifier(tmp_path_factory: pytest.TempPathFactory) -> EmotiEffLibClassifier:
    return EmotiEffLibClassifier(write_mean_classifier(tmp_path_factory.mktemp("onnx") / "net.onnx", WEIGHT, BIAS))


def test_its_classes_are_the_eight_of_mead(classifier: EmotiEffLibClassifier) -> None:
    assert classifier.classes == EMOTIONS


def test_the_network_sees_rgb_with_imagenet_mean_and_spread(classifier: EmotiEffLibClassifier) -> None:
    batch = batch_of(1)
    color = np.array([200, 90, 30], np.uint8)
    flat = Batch(np.broadcast_to(color, batch.pictures.shape).copy(), batch.landmarks)
    seen = (color / 255 - [0.485, 0.456, 0.406]) / [0.229, 0.224, 0.225]
    odds = np.exp(seen @ WEIGHT + BIAS)
    # The stand-in adds up 50,176 numbers in float32.
    np.testing.assert_allclose(classifier.features(flat)[0], odds / odds.sum(), atol=5e-4)


def test_features_are_probabilities_and_nan_where_there_is_no_face(classifier: EmotiEffLibClassifier) -> None:
    features = classifier.features(batch_of(4, faceless=(1,)))
    assert features.shape == (4, 8) and features.dtype == np.float32
    assert np.isnan(features).all(axis=1).tolist() == [False, True, False, False]
    np.testing.assert_allclose(features[[0, 2, 3]].sum(axis=1), 1, atol=1e-6)
    assert np.isnan(classifier.features(batch_of(2, faceless=(0, 1)))).all()


def test_batch_size_and_order_change_nothing(classifier: EmotiEffLibClassifier) -> None:
    batch = batch_of(5)
    whole = classifier.features(batch)
    single = np.concatenate([classifier.features(part(batch, slice(i, i + 1))) for i in range(5)])
    np.testing.assert_allclose(single, whole, atol=1e-6)
    np.testing.assert_allclose(classifier.features(part(batch, [4, 2, 0, 1, 3])), whole[[4, 2, 0, 1, 3]], atol=1e-6)


def test_another_network_and_no_network_are_refused(tmp_path: Path) -> None:
    with pytest.raises(WeightsMissingError, match=r"small\.onnx is no ONNX network for pictures of 224 x 224"):
        EmotiEffLibClassifier(write_mean_classifier(tmp_path / "small.onnx", WEIGHT, BIAS, side=64))
    with pytest.raises(WeightsMissingError, match=r"expected 8 classes, got an output of \(1, 7\)"):
        EmotiEffLibClassifier(write_mean_classifier(tmp_path / "seven.onnx", WEIGHT[:, :7], BIAS[:7]))
    page = tmp_path / "page.onnx"
    page.write_bytes(b"<html>not found</html>")
    with pytest.raises(WeightsMissingError, match="no ONNX network"):
        EmotiEffLibClassifier(page)


def test_missing_weights_say_what_to_get_and_from_where(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("FACECUES_CACHE", str(tmp_path))
    monkeypatch.delenv("FACECUES_WEIGHTS", raising=False)
    monkeypatch.setitem(weights.REGISTRY, NAME, replace(weights.REGISTRY[NAME], sources=()))  # no network in tests
    with pytest.raises(WeightsMissingError, match=r"enet_b0_8_best_vgaf\.onnx .*sb-ai-lab/EmotiEffLib"):
        EmotiEffLibClassifier()


def test_the_published_network_loads() -> None:
    if weights.status(NAME).state != "ready":
        pytest.skip("EmotiEffLib's ONNX file is not here")
    features = EmotiEffLibClassifier().features(batch_of(2))
    np.testing.assert_allclose(features.sum(axis=1), 1, atol=1e-5)

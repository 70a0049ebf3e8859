"""Properties of LPIPS and of the features that it shares, on random backbones with the published heads' loader."""

import sys
from pathlib import Path

import numpy as np
import pytest

from facecues import weights
from facecues.errors import BackendUnavailableError, WeightsMissingError
from tests.metrics.pictures import BAD_PAIRS, batch_of, noisy, scene

torch = pytest.importorskip("torch")
from facecues.metrics.lpips import lpips  # noqa: E402
from facecues.metrics.networks import backbone as networks  # noqa: E402
from facecues.metrics.networks.alexnet import AlexNetFeatures, alexnet  # noqa: E402
from facecues.metrics.networks.backbone import Observer, load_imagenet  # noqa: E402
from facecues.metrics.networks.lpips import Lpips  # noqa: E402
from facecues.metrics.networks.vgg16 import vgg16  # noqa: E402
from facecues.metrics.pictures import LPIPS, LPIPS_VGG  # noqa: E402

BUILDERS = {"alex": alexnet, "vgg": vgg16}
CHANNELS = {"alex": (64, 192, 384, 256, 256), "vgg": (64, 128, 256, 512, 512)}


def write_heads(folder: Path, net: str) -> Path:
    """Random heads in a file of the published layout."""
    torch.manual_seed(1)
    path = folder / f"heads_{net}.pth"
    torch.save({f"lin{i}.model.1.weight": torch.rand(1, count, 1, 1) for i, count in enumerate(CHANNELS[net])}, path)
    return path


@pytest.fixture(params=BUILDERS)
def metric(request, tmp_path, monkeypatch) -> Lpips:
    """LPIPS on seeded random weights: every property holds whatever the weights."""
    paths = {f"lpips-{request.param}": write_heads(tmp_path, request.param)}
    monkeypatch.setattr(weights, "locate", paths.__getitem__)
    torch.manual_seed(0)
    return Lpips(request.param, observer=Observer(BUILDERS[request.param]()))


def compare(metric: Lpips, pred: np.ndarray, target: np.ndarray) -> np.ndarray:
    return metric.compare(metric.prepare(batch_of(pred)), metric.prepare(batch_of(target)))


def test_zero_for_identical_pictures(metric):
    assert compare(metric, scene(), scene()).tolist() == [0.0] * 3
    assert metric.info.ideal == 0.0


def test_symmetric(metric):
    a, b = scene(), noisy(scene(), 20)
    assert np.array_equal(compare(metric, a, b), compare(metric, b, a))


def test_grows_with_added_noise(metric):
    values = [compare(metric, noisy(scene(1), sigma), scene(1))[0] for sigma in (0, 5, 10, 20, 40)]
    assert all(np.diff(values) > 0)


def test_batch_size_and_order_change_nothing(metric):
    a, b = scene(5), noisy(scene(5), 15)
    whole = compare(metric, a, b)
    assert whole.tolist() == [float(compare(metric, a[i : i + 1], b[i : i + 1])[0]) for i in range(5)]
    assert np.array_equal(compare(metric, a[::-1], b[::-1]), whole[::-1])


def test_one_pass_serves_the_distance_and_the_features(tmp_path, monkeypatch):
    monkeypatch.setattr(weights, "locate", {"lpips-alex": write_heads(tmp_path, "alex")}.__getitem__)
    network, passes = alexnet(), []
    network.register_forward_hook(lambda *_: passes.append(1))
    observer = Observer(network)
    metric, features, batch = Lpips(observer=observer), AlexNetFeatures(observer), batch_of(scene(2))
    first = features.features(batch)
    look = metric.prepare(batch)
    assert len(passes) == 2  # one for each frame
    assert features.features(batch) is first
    assert metric.compare(look, look).tolist() == [0, 0]
    assert len(passes) == 2


def test_networks_with_other_weights_do_not_share_a_pass():
    batch = batch_of(scene(1))
    one, other = AlexNetFeatures(Observer(alexnet())), AlexNetFeatures(Observer(alexnet()))
    assert one.signature != other.signature
    assert not np.array_equal(one.features(batch), other.features(batch))


def test_features_are_the_mean_of_the_last_layer():
    network = alexnet()
    features = AlexNetFeatures(Observer(network))
    pictures = scene(2)
    x = torch.from_numpy(pictures).permute(0, 3, 1, 2).float() / 127.5 - 1
    x = (x - torch.tensor([-0.030, -0.088, -0.188]).view(3, 1, 1)) / torch.tensor([0.458, 0.448, 0.450]).view(3, 1, 1)
    with torch.no_grad():
        expected = network(x)[-1].mean(dim=(2, 3)).numpy()
    found = features.features(batch_of(pictures))
    assert found.shape == (2, 256)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, expected, atol=1e-6)
    assert features.context == 0


@pytest.mark.parametrize("net", BUILDERS)
def test_every_tap_follows_a_relu_and_has_the_channels_of_its_head(net):
    network = BUILDERS[net]()
    assert all(isinstance(network.features[tap], torch.nn.ReLU) for tap in network.taps)
    smallest = torch.zeros(1, 3, network.least, network.least)
    assert [one.shape[1] for one in network(smallest)] == list(CHANNELS[net])
    with pytest.raises(RuntimeError):
        network(smallest[:, :, 1:, 1:])


@pytest.mark.parametrize("pair", BAD_PAIRS.values(), ids=BAD_PAIRS)
def test_other_shapes_and_types_are_refused(pair, metric, monkeypatch):
    monkeypatch.setattr(sys.modules[lpips.__module__], "_usual", lambda _: metric)
    with pytest.raises(ValueError, match="expected"):
        lpips(*pair)


def test_picture_too_small_for_the_network_is_refused():
    small = np.zeros((1, 30, 64, 3), np.uint8)
    with pytest.raises(ValueError, match="alexnet needs pictures of at least 31 x 31 pixels, got 30 x 64"):
        AlexNetFeatures(Observer(alexnet())).features(batch_of(small))


def test_unknown_net_is_refused_with_the_allowed_ones():
    with pytest.raises(ValueError, match="expected net 'alex' or 'vgg', got 'squeeze'"):
        Lpips("squeeze")


def test_signature_names_net_version_and_weights(metric):
    net = {LPIPS: "alex", LPIPS_VGG: "vgg"}[metric.info]
    assert metric.signature == f"lpips|net:{net}|heads:0.1|w:{metric._observer.digest}|v:1"


def test_torchvisions_own_file_gives_the_same_network(tmp_path, monkeypatch):
    torch.manual_seed(3)
    original = alexnet()
    path = tmp_path / "alexnet-owt-7be5be79.pth"
    torch.save(original.state_dict() | {"classifier.1.weight": torch.zeros(2, 2)}, path)

    def locate(name: str) -> Path:
        if name == "alexnet-torchvision":
            return path
        raise WeightsMissingError(f"{name} is not here")

    monkeypatch.setattr(weights, "locate", locate)
    assert Observer(load_imagenet(alexnet(), "AlexNet_0")).digest == Observer(original).digest


def test_archives_of_arrays_give_the_network_that_they_were_made_from(tmp_path, monkeypatch):
    torch.manual_seed(4)
    original = alexnet()
    convolutions = [layer for layer in original.features if isinstance(layer, torch.nn.Conv2d)]
    content = {
        f"Conv_{i}": {"kernel": one.weight.detach().numpy().transpose(2, 3, 1, 0), "bias": one.bias.detach().numpy()}
        for i, one in enumerate(convolutions)
    }
    monkeypatch.setattr(weights, "locate", lambda _: tmp_path)
    monkeypatch.setattr(networks, "read_arrays", lambda _: {"AlexNet_0": content})
    assert Observer(load_imagenet(alexnet(), "AlexNet_0")).digest == Observer(original).digest


def test_weights_that_cannot_be_had_are_named(monkeypatch):
    def refuse(name: str) -> Path:
        raise WeightsMissingError(f"{name} is not here")

    monkeypatch.setattr(weights, "locate", refuse)
    with pytest.raises(WeightsMissingError, match=r"^alexnet is not here$"):
        load_imagenet(alexnet(), "AlexNet_0")


def test_without_pytorch_the_message_says_what_to_install(monkeypatch):
    for name in ("facecues.metrics.networks.lpips", "facecues.metrics.networks.alexnet"):
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(BackendUnavailableError, match=r"pip install 'facecues\[torch\]'"):
        __import__("facecues.metrics.networks.lpips")
    with pytest.raises(BackendUnavailableError, match="AlexNet needs PyTorch"):
        __import__("facecues.metrics.networks.alexnet")

"""The l2cs backend against torchvision's ResNet-50 and Pillow's resizing, which the original is made of."""

from collections.abc import Iterator

import av
import cv2
import numpy as np
import pytest

from facecues.config import ExtractConfig
from facecues.preprocess.contracts import Face
from facecues.preprocess.video import Frame

torch = pytest.importorskip("torch")
from facecues.preprocess.gaze.l2cs import L2CSGaze, doubled  # noqa: E402
from facecues.preprocess.gaze.resnet50 import L2CSNet  # noqa: E402
from tests.parity.torchvision_package import torchvision_package  # noqa: E402

RNG = np.random.default_rng(0)


@pytest.fixture(scope="module")
def torchvision_network() -> "Iterator[torch.nn.Module]":
    """torchvision's ResNet-50, seeded random weights, batch norm with statistics of its own."""
    with torchvision_package() as torchvision:
        torch.manual_seed(0)
        network = torchvision.models.resnet50(weights=None).eval()
        for module in network.modules():
            if isinstance(module, torch.nn.BatchNorm2d):
                module.running_mean.normal_(0, 0.1)
                module.running_var.uniform_(0.5, 1.5)
        yield network


def test_its_parameters_have_torchvisions_names_shapes_and_order(torchvision_network: "torch.nn.Module") -> None:
    theirs = {key: value.shape for key, value in torchvision_network.state_dict().items() if not key.startswith("fc.")}
    ours = {key: value.shape for key, value in L2CSNet(90).state_dict().items()}
    assert list(ours)[: len(theirs)] == list(theirs)
    assert ours == theirs | {
        "fc_yaw_gaze.weight": (90, 2048),
        "fc_yaw_gaze.bias": (90,),
        "fc_pitch_gaze.weight": (90, 2048),
        "fc_pitch_gaze.bias": (90,),
        "fc_finetune.weight": (3, 2051),
        "fc_finetune.bias": (3,),
    }


def test_it_has_the_original_s_entries_and_parameters() -> None:
    """Counted on Ahmednull/L2CS-Net, l2cs/model.py, instantiated with ResNet-50 and 90 bins."""
    network = L2CSNet(90)
    assert len(network.state_dict()) == 324
    assert sum(parameter.numel() for parameter in network.parameters()) == 23_883_008


def test_features_equal_torchvisions(torchvision_network: "torch.nn.Module") -> None:
    weights = {k: v for k, v in torchvision_network.state_dict().items() if not k.startswith("fc.")}
    ours = L2CSNet(90).eval()
    assert not ours.load_state_dict(weights, strict=False).unexpected_keys
    torchvision_network.fc = torch.nn.Identity()
    x = torch.randn(2, 3, 224, 224, generator=torch.Generator().manual_seed(0))
    with torch.inference_mode():
        expected, found = torchvision_network(x), ours.features(x)
    assert expected.std() > 0.01
    assert torch.allclose(found, expected, rtol=1e-5, atol=1e-5)


def test_the_picture_is_doubled_as_pillow_does_it() -> None:
    image = pytest.importorskip("PIL.Image")
    picture = RNG.integers(0, 256, (224, 224, 3), np.uint8)
    expected = np.asarray(image.fromarray(picture).resize((448, 448), image.Resampling.BILINEAR))
    found = doubled(torch.from_numpy(picture).permute(2, 0, 1)[None].float())
    assert np.array_equal(found[0].permute(1, 2, 0).numpy(), expected)


@pytest.mark.parametrize("box", [(700.4, 200.9, 1100.2, 660.8), (-30.0, -20.0, 90.6, 140.2)])
def test_the_crop_is_the_slice_of_the_box_resized_by_opencv(box: tuple[float, ...]) -> None:
    picture = RNG.integers(0, 256, (1080, 1920, 3), np.uint8)
    frame = Frame(av.VideoFrame.from_ndarray(picture, "rgb24"), 0, 0.0)
    face = Face(1.0, np.array(box, np.float32), np.zeros((68, 3), np.float32))
    x0, y0, x1, y1 = (max(int(edge), 0) for edge in box)
    expected = cv2.resize(picture[y0:y1, x0:x1], (224, 224))
    assert np.array_equal(L2CSGaze(ExtractConfig(gaze="l2cs"), L2CSNet(90)).observe(frame, face), expected)

"""FID and KID equal those of torch-fidelity, torchmetrics and pytorch-fid, all with the same random Inception."""

import importlib
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from facecues.metrics.frechet import fid_of_pictures, frechet_of_features, gaussian_frechet_distance
from facecues.metrics.kid import kid

torch = pytest.importorskip("torch")
from facecues.metrics.networks.inception import Inception, InceptionFeatures, resized  # noqa: E402
from tests.metrics.random_inception import crops, random_inception  # noqa: E402
from tests.parity.torchvision_package import torchvision_package  # noqa: E402

Pictures = NDArray[np.uint8]


@pytest.fixture(scope="module", autouse=True)
def _torchvision() -> Iterator[None]:
    """All three peers import torchvision."""
    with torchvision_package():
        yield


@pytest.fixture(scope="module")
def network() -> Inception:
    return random_inception()


@pytest.fixture(scope="module")
def inception(network: Inception) -> InceptionFeatures:
    return InceptionFeatures(network=network)


@pytest.fixture(scope="module")
def weights(network: Inception, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("weights") / "inception.pth"
    torch.save(network.state_dict(), path)
    return path


@pytest.fixture(scope="module")
def target(astronaut: Pictures) -> Pictures:
    return crops(astronaut, 5, 256, seed=1)


@pytest.fixture(scope="module")
def pred(astronaut: Pictures) -> Pictures:
    return crops(astronaut, 6, 256, seed=2, blur=3)


def folder_of(pictures: Pictures, folder: Path) -> Path:
    folder.mkdir()
    for index, picture in enumerate(pictures):
        cv2.imwrite(str(folder / f"{index:03}.png"), picture[..., ::-1])
    return folder


def tensor(pictures: Pictures) -> "torch.Tensor":
    return torch.from_numpy(pictures).permute(0, 3, 1, 2).contiguous()


def peer(module: str) -> ModuleType:
    pytest.importorskip(module.partition(".")[0])
    return importlib.import_module(module)


def test_fid_and_kid_equal_torch_fidelitys_from_picture_files_to_values(
    inception: InceptionFeatures, weights: Path, pred: Pictures, target: Pictures, tmp_path: Path
) -> None:
    theirs = peer("torch_fidelity").calculate_metrics(
        input1=str(folder_of(pred, tmp_path / "pred")),
        input2=str(folder_of(target, tmp_path / "target")),
        feature_extractor="inception-v3-compat",
        feature_extractor_weights_path=str(weights),
        fid=True,
        kid=True,
        kid_subsets=10,
        kid_subset_size=4,
        cuda=False,
        cache=False,
        save_cpu_ram=True,  # no processes for reading
        verbose=False,
    )
    assert theirs["frechet_inception_distance"] > 1
    assert fid_of_pictures(pred, target, inception) == pytest.approx(theirs["frechet_inception_distance"], rel=1e-5)
    ours = kid(inception.of_pictures(pred), inception.of_pictures(target), subsets=10, subset_size=4)
    assert ours.value == pytest.approx(theirs["kernel_inception_distance_mean"], rel=1e-4)
    assert ours.deviation == pytest.approx(theirs["kernel_inception_distance_std"], rel=1e-3)


def test_the_network_has_the_names_and_shapes_of_the_public_file(weights: Path) -> None:
    """torch-fidelity loads the public file strictly, so its names and shapes are the file's."""
    network = extractor(weights)
    theirs = {name: tuple(entry.shape) for name, entry in network.state_dict().items()}
    ours = {name: tuple(entry.shape) for name, entry in Inception().state_dict().items()}
    assert ours == theirs


@pytest.mark.parametrize("size", [(299, 299), (180, 320), (640, 360)])
def test_features_equal_torch_fidelitys_at_any_size(
    inception: InceptionFeatures, weights: Path, astronaut: Pictures, size: tuple[int, int]
) -> None:
    picture = cv2.resize(astronaut, size)[None].astype(np.uint8)
    with torch.inference_mode():
        (theirs,) = extractor(weights)(tensor(picture))
    np.testing.assert_allclose(inception.of_pictures(picture), theirs, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("size", [(64, 64), (256, 256), (299, 299), (540, 960)])
def test_resizing_equals_torch_fidelitys_to_the_bit(size: tuple[int, int]) -> None:
    like_tensorflow = peer("torch_fidelity.interpolate_compat_tensorflow").interpolate_bilinear_2d_like_tensorflow1x
    x = torch.randint(0, 256, (2, *size, 3), generator=torch.Generator().manual_seed(0)).float()
    theirs = like_tensorflow(x.permute(0, 3, 1, 2), size=(299, 299), align_corners=False)
    assert torch.equal(resized(x), theirs.permute(0, 2, 3, 1))


def test_default_kid_equals_torch_fidelitys_on_the_same_features() -> None:
    features = peer("torch_fidelity.metric_kid").kid_features_to_metric
    rng = np.random.default_rng(0)
    pred, target = rng.standard_normal((1200, 16)) + 0.3, rng.standard_normal((1100, 16))
    theirs = features(torch.from_numpy(pred), torch.from_numpy(target), verbose=False)
    ours = kid(pred, target)
    assert ours.value == pytest.approx(theirs["kernel_inception_distance_mean"], rel=1e-9)
    assert ours.deviation == pytest.approx(theirs["kernel_inception_distance_std"], rel=1e-7)


def test_the_formula_equals_pytorch_fids() -> None:
    formula = peer("pytorch_fid.fid_score").calculate_frechet_distance
    rng = np.random.default_rng(0)
    sets = [rng.standard_normal((500, 64)) * rng.uniform(0.1, 3, 64) + shift for shift in (0, 0.2)]
    statistics = [one for features in sets for one in (features.mean(axis=0), np.cov(features, rowvar=False))]
    try:
        theirs = formula(*statistics)
    except TypeError as error:
        pytest.skip(f"pytorch-fid's call of sqrtm does not suit this SciPy: {error}")
    assert gaussian_frechet_distance(*statistics) == pytest.approx(theirs, rel=1e-6)


@pytest.mark.slow
def test_fid_equals_torchmetrics(inception: InceptionFeatures, weights: Path, pred: Pictures, target: Pictures) -> None:
    metric = peer("torchmetrics.image.fid").FrechetInceptionDistance(
        feature=2048, feature_extractor_weights_path=str(weights), antialias=False
    )
    metric.update(tensor(target), real=True)
    metric.update(tensor(pred), real=False)
    assert fid_of_pictures(pred, target, inception) == pytest.approx(float(metric.compute()), rel=1e-4)


@pytest.mark.slow
def test_fid_equals_pytorch_fids_on_the_same_input(
    network: Inception, inception: InceptionFeatures, pred: Pictures, target: Pictures, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its preprocessing is another one: it samples centred, and scales by 255 where TensorFlow's graph takes 128.

    Given this module's resized pictures, scaled so that its own scaling ends in the same input, it gives the same FID.
    """
    module = peer("pytorch_fid.inception")
    monkeypatch.setattr(module, "load_state_dict_from_url", lambda *_, **__: network.state_dict())
    theirs = module.InceptionV3([3]).eval()
    features = []
    for pictures in (pred, target):
        x = resized(torch.from_numpy(pictures).float()).permute(0, 3, 1, 2)
        with torch.inference_mode():
            features.append(theirs(x / 256)[0].flatten(1).numpy())
    assert fid_of_pictures(pred, target, inception) == pytest.approx(frechet_of_features(*features), rel=1e-4)


def extractor(weights: Path) -> "torch.nn.Module":
    module = peer("torch_fidelity.feature_extractor_inceptionv3")
    return module.FeatureExtractorInceptionV3("inception-v3-compat", ["2048"], str(weights))

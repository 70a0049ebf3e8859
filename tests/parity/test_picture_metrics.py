"""SSIM, PSNR and LPIPS against scikit-image, the package lpips, and numbers that others published.

Published values: the official column of chaofengc/IQA-PyTorch, ResultsCalibra/results_official.csv; scikit-image's
tests/metrics/test_structural_similarity.py.
"""

from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from skimage import data as images
from skimage.metrics import peak_signal_noise_ratio, structural_similarity

from facecues.errors import WeightsMissingError
from facecues.metrics.psnr import ATVGNET, PsnrOptions, psnr
from facecues.metrics.ssim import ssim
from tests.metrics.pictures import noisy, scene

torch = pytest.importorskip("torch")
from facecues.metrics.lpips import lpips  # noqa: E402
from facecues.metrics.networks.alexnet import imagenet_alexnet  # noqa: E402
from facecues.metrics.networks.lpips import Lpips  # noqa: E402
from facecues.metrics.networks.vgg16 import imagenet_vgg16  # noqa: E402
from tests.parity.lpips_package import like, lpips_package  # noqa: E402

Picture = NDArray[np.uint8]

RNG = np.random.default_rng(0)
PAIRS = {
    "noise": tuple(RNG.integers(0, 256, (2, 97, 61, 3), np.uint8)),
    "blobs": (scene(1)[0], noisy(scene(1)[0], 15)),
    "flat": (np.full((40, 50, 3), 10, np.uint8), np.full((40, 50, 3), 12, np.uint8)),
    "portrait": (images.astronaut(), noisy(images.astronaut(), 10)),
    "negative": (images.cat(), 255 - images.cat()),
}
GAUSSIAN = {"gaussian_weights": True, "sigma": 1.5, "use_sample_covariance": False, "data_range": 255}


def read(path: Path) -> Picture:
    return np.asarray(cv2.cvtColor(cv2.imread(str(path)), cv2.COLOR_BGR2RGB), np.uint8)


@pytest.fixture(scope="module", params=["I03", "I06"])
def published(request: pytest.FixtureRequest, data: Path) -> tuple[Picture, Picture, dict[str, str]]:
    """A distorted picture, its original, and what is printed of them."""
    folder = data / "reference_images"
    values = {
        "I03": {"PSNR": "21.11", "SSIM": "0.6993", "LPIPS": "0.7237"},
        "I06": {"PSNR": "27.01", "SSIM": "0.9989", "LPIPS": "0.05079"},
    }
    dist, ref = (read(folder / f"iqa_{side}_dir_{request.param}.bmp") for side in ("dist", "ref"))
    return dist, ref, values[request.param]


def printed(value: float, like: str) -> str:
    """With as many digits as the other."""
    return f"{float(value):.{len(like.partition('.')[2])}f}"


@pytest.fixture(params=["alex", "vgg"])
def with_real_weights(request: pytest.FixtureRequest) -> Lpips:
    try:
        return Lpips(request.param)
    except WeightsMissingError as error:
        pytest.skip(str(error))


# --- scikit-image ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("pair", PAIRS.values(), ids=PAIRS)
def test_ssim_equals_scikit_image(pair):
    assert float(ssim(*pair)) == pytest.approx(structural_similarity(*pair, channel_axis=-1, **GAUSSIAN), abs=1e-12)


@pytest.mark.parametrize("pair", PAIRS.values(), ids=PAIRS)
def test_ssim_of_the_published_evaluations_equals_scikit_images_default(pair):
    assert float(ssim(*pair, window="uniform")) == pytest.approx(
        structural_similarity(*pair, channel_axis=-1), abs=1e-12
    )


@pytest.mark.parametrize("pair", PAIRS.values(), ids=PAIRS)
def test_psnr_equals_scikit_image(pair):
    assert float(psnr(*pair)) == pytest.approx(peak_signal_noise_ratio(*pair, data_range=255), abs=1e-12)


def test_values_that_scikit_image_tests_itself_with():
    camera = images.camera()
    grey = np.random.RandomState(5).randn(*camera.shape)
    pair = [
        np.repeat(one[..., None], 3, axis=2) for one in (camera, np.clip(camera + 20 * grey, 0, 255).astype(np.uint8))
    ]
    for color in ("channels", "grey"):
        assert float(ssim(*pair, color=color)) == pytest.approx(0.357959091663361, abs=1e-3)
        assert float(ssim(*pair, window="uniform", color=color)) == pytest.approx(0.3674518327910367, abs=1e-3)


def test_frames_of_real_videos(data: Path) -> None:
    videos = [cv2.VideoCapture(str(data / "methods" / name / "comp_1.mp4")) for name in ("reference", "float")]
    pair = [np.asarray(video.read()[1], np.uint8) for video in videos]
    assert float(ssim(*pair)) == pytest.approx(structural_similarity(*pair, channel_axis=-1, **GAUSSIAN), abs=1e-12)
    assert float(psnr(*pair)) == pytest.approx(peak_signal_noise_ratio(*pair), abs=1e-12)


# --- published numbers ----------------------------------------------------------------------------------------


def test_psnr_is_the_published_one_in_all_its_digits(published):
    dist, ref, values = published
    assert printed(psnr(dist, ref), values["PSNR"]) == values["PSNR"]


def test_ssim_of_rounded_grey_is_the_published_one(published):
    dist, ref, values = published
    assert float(ssim(dist, ref, color="grey")) == pytest.approx(float(values["SSIM"]), abs=1e-3)


def test_lpips_is_the_published_one_in_all_its_digits(published):
    dist, ref, values = published
    try:
        found = lpips(dist, ref)
    except WeightsMissingError as error:
        pytest.skip(str(error))
    assert printed(found, values["LPIPS"]) == values["LPIPS"]


# --- ATVGnet's evaluation -------------------------------------------------------------------------------------


@pytest.mark.parametrize("pair", PAIRS.values(), ids=PAIRS)
def test_psnr_with_atvgnets_quirks_is_what_its_arithmetic_gives(pair):
    a, b = (cv2.cvtColor(one[..., ::-1].copy(), cv2.COLOR_BGR2GRAY) for one in pair)  # OpenCV's pictures are BGR
    assert a.dtype == np.uint8  # so differences and squares below are, too
    error = np.mean((a - b) ** 2)
    assert float(psnr(*pair, ATVGNET)) == pytest.approx(20 * np.log10(255 / np.sqrt(error)), abs=1e-12)
    assert float(psnr(*pair, PsnrOptions(color="grey"))) == pytest.approx(peak_signal_noise_ratio(a, b), abs=1e-12)


# --- the package lpips ----------------------------------------------------------------------------------------


def of_package(peer: "torch.nn.Module", *pair: Picture) -> float:
    """As its README says: RGB in [-1, 1]."""
    x, y = (torch.from_numpy(one).permute(2, 0, 1)[None].float() / 127.5 - 1 for one in pair)
    with torch.no_grad():
        return peer(x, y).item()


@pytest.mark.filterwarnings("ignore::UserWarning:torchvision")  # lpips 0.1.4 calls torchvision in an old way
def test_lpips_equals_the_package_on_the_same_weights(with_real_weights):
    metric = with_real_weights
    net, observer = {"LPIPS": ("alex", imagenet_alexnet), "LPIPS-VGG": ("vgg", imagenet_vgg16)}[metric.info.name]
    portrait = np.ascontiguousarray(PAIRS["portrait"][0][:160, 150:320])
    with lpips_package() as package:
        peer = like(package, net, observer("cpu")._backbone)
        for pair in (PAIRS["noise"], PAIRS["blobs"], PAIRS["flat"], (portrait, noisy(portrait, 5))):
            # Both compute in float32, whose rounding of the features is what `abs` allows for where they hardly differ.
            assert float(lpips(*pair, net)) == pytest.approx(of_package(peer, *pair), rel=2e-6, abs=1e-7)

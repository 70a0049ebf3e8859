"""SSIM, PSNR and LPIPS of 256 x 256 frames on one thread, against scikit-image and the package lpips.

Each is measured twice: one method against a reference, and METHODS of them against the same one, where what was
prepared of the reference serves all. The others have no such thing and start anew for every pair.
"""

from collections.abc import Callable, Iterator
from time import perf_counter
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from pytest_benchmark.fixture import BenchmarkFixture
from skimage import data as images
from skimage.metrics import peak_signal_noise_ratio, structural_similarity

from facecues.errors import WeightsMissingError
from facecues.metrics.contracts import PictureMetric
from facecues.metrics.psnr import Psnr
from facecues.metrics.ssim import Ssim, SsimOptions
from tests.metrics.pictures import batch_of, noisy

torch = pytest.importorskip("torch")
from facecues.metrics.networks.alexnet import imagenet_alexnet  # noqa: E402
from facecues.metrics.networks.lpips import Lpips  # noqa: E402
from facecues.metrics.networks.vgg16 import imagenet_vgg16  # noqa: E402
from tests.parity.lpips_package import like, lpips_package  # noqa: E402

Pictures = NDArray[np.uint8]
Other = Callable[[Pictures, Pictures], float]  # one frame of each side

METHODS = 3
FRAMES = 8
ROUNDS = 5  # at least
SECONDS = 4.0  # of rounds, so that the best of them are undisturbed where something else runs on the machine


@pytest.fixture(scope="module", autouse=True)
def _one_thread() -> Iterator[None]:
    threads = torch.get_num_threads(), cv2.getNumThreads()
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    yield
    torch.set_num_threads(threads[0])
    cv2.setNumThreads(threads[1])


@pytest.fixture(scope="module")
def clips() -> list[Pictures]:
    """The reference, and METHODS clips to compare with it: (FRAMES, 256, 256, 3) each."""
    portrait = cv2.resize(images.astronaut(), (256, 256), interpolation=cv2.INTER_AREA)
    reference = np.stack([np.roll(portrait, shift, axis=1) for shift in range(FRAMES)])
    return [reference, *(noisy(reference, 8, seed) for seed in range(METHODS))]


def race(benchmark: BenchmarkFixture, metric: PictureMetric[Any], other: Other, clips: list[Pictures]) -> float:
    """How many times as fast ours is for one method; everything goes into `extra_info`.

    The two take turns, and the best round of each counts.
    """
    reference, *methods = clips

    def ours(methods: list[Pictures]) -> list[float]:
        target = metric.prepare(batch_of(reference))
        return [float(v) for one in methods for v in metric.compare(metric.prepare(batch_of(one)), target)]

    def theirs() -> list[float]:
        return [other(a, b) for a, b in zip(methods[0], reference, strict=True)]

    np.testing.assert_allclose(ours(methods[:1]), theirs(), rtol=1e-5)  # the same values, and warm
    one, several, their = [], [], []
    end = perf_counter() + SECONDS
    while len(one) < ROUNDS or perf_counter() < end:
        for times, work in ((one, lambda: ours(methods[:1])), (several, lambda: ours(methods)), (their, theirs)):
            start = perf_counter()
            work()
            times.append(perf_counter() - start)
    benchmark.pedantic(ours, (methods[:1],), rounds=ROUNDS)
    ratio, shared = min(their) / min(one), min(their) * METHODS / min(several)
    benchmark.extra_info |= {
        "ms per frame, ours": round(min(one) / len(reference) * 1e3, 3),
        "ms per frame, theirs": round(min(their) / len(reference) * 1e3, 3),
        "times as fast": round(ratio, 2),
        "times as fast, reference shared": round(shared, 2),
    }
    return ratio


def test_ssim_is_twice_as_fast_as_scikit_image(benchmark: BenchmarkFixture, clips: list[Pictures]) -> None:
    def other(a: Pictures, b: Pictures) -> float:
        options = {"gaussian_weights": True, "sigma": 1.5, "use_sample_covariance": False}
        return float(structural_similarity(a, b, channel_axis=-1, data_range=255, **options))

    assert race(benchmark, Ssim(), other, clips) >= 2


def test_uniform_ssim_is_twice_as_fast_as_scikit_image(benchmark: BenchmarkFixture, clips: list[Pictures]) -> None:
    metric = Ssim(SsimOptions(window="uniform"))
    assert race(benchmark, metric, lambda a, b: float(structural_similarity(a, b, channel_axis=-1)), clips) >= 2


def test_psnr_is_three_times_as_fast_as_scikit_image(benchmark: BenchmarkFixture, clips: list[Pictures]) -> None:
    assert race(benchmark, Psnr(), lambda a, b: float(peak_signal_noise_ratio(a, b)), clips) >= 3


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::UserWarning:torchvision")  # lpips 0.1.4 calls torchvision in an old way
@pytest.mark.parametrize("net", ["alex", "vgg"])
def test_lpips_is_no_slower_than_the_package(benchmark: BenchmarkFixture, clips: list[Pictures], net: Any) -> None:
    try:
        metric = Lpips(net)
    except WeightsMissingError as error:
        pytest.skip(str(error))
    frames = FRAMES if net == "alex" else 2
    with lpips_package() as package:
        peer = like(package, net, {"alex": imagenet_alexnet, "vgg": imagenet_vgg16}[net]("cpu")._backbone)

        def other(a: Pictures, b: Pictures) -> float:
            with torch.inference_mode():
                x, y = (torch.from_numpy(one).permute(2, 0, 1)[None].float() / 127.5 - 1 for one in (a, b))
                return float(peer(x, y))

        assert race(benchmark, metric, other, [clip[:frames] for clip in clips]) >= 0.9

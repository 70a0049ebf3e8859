"""The Fréchet distance: against the usual way, scipy.linalg.sqrtm, and per draw of a bootstrap. All on one thread."""

import multiprocessing
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import cache
from time import perf_counter

import numpy as np
import pytest
from numpy.typing import NDArray
from pytest_benchmark.fixture import BenchmarkFixture
from scipy.linalg import sqrtm

from facecues.metrics.frechet import (
    features_to_statistics,
    frechet_of_features,
    gaussian_frechet_distance,
    resampled_frechet_distances,
)

D = 2048
ENOUGH, FEW = 3000, 500  # samples a side
ACTORS = 24

Gaussians = tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]


@pytest.fixture(scope="module")
def one_thread() -> Iterator[ProcessPoolExecutor]:
    """A fresh process: a BLAS reads its number of threads when it is loaded."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
            patch.setenv(name, "1")
        with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as process:
            yield process


@cache
def features(samples: int, d: int, seed: int) -> NDArray[np.float32]:
    """Of decaying variances, as networks' features are."""
    rng = np.random.default_rng(seed)
    return (rng.standard_normal((samples, d)) * np.geomspace(1, 0.01, d) + seed / 10).astype(np.float32)


@cache
def gaussians() -> Gaussians:
    one, other = (features(ENOUGH, D, seed).astype(np.float64) for seed in (1, 2))
    return one.mean(axis=0), np.cov(one, rowvar=False), other.mean(axis=0), np.cov(other, rowvar=False)


def seconds_of_sqrtm() -> tuple[float, float]:
    """Value and seconds of the published formula with SciPy's square root."""
    mean_one, covariance_one, mean_other, covariance_other = gaussians()
    started = perf_counter()
    root = np.trace(sqrtm(covariance_one @ covariance_other)).real
    difference = mean_one - mean_other
    value = difference @ difference + np.trace(covariance_one) + np.trace(covariance_other) - 2 * root
    return float(value), perf_counter() - started


def ours() -> float:
    return gaussian_frechet_distance(*gaussians())


def of_few() -> float:
    return frechet_of_features(features(FEW, D, 1), features(FEW, D, 2))


def seconds_per_draw(d: int, frames: int, draws: int = 3) -> float:
    """Of actors, each with so many frames a side."""
    sides = (
        [features_to_statistics(actor) for actor in np.split(features(frames * ACTORS, d, seed), ACTORS)]
        for seed in (1, 2)
    )
    weights = np.random.default_rng(0).multinomial(ACTORS, np.ones(ACTORS) / ACTORS, size=draws)
    started = perf_counter()
    resampled_frechet_distances(*sides, weights)
    return (perf_counter() - started) / draws


@pytest.mark.slow
def test_it_is_eight_times_faster_than_sqrtm_with_the_same_value(
    benchmark: BenchmarkFixture, one_thread: ProcessPoolExecutor
) -> None:
    theirs, seconds = one_thread.submit(seconds_of_sqrtm).result()
    value = benchmark.pedantic(lambda: one_thread.submit(ours).result(), rounds=3, warmup_rounds=1)
    ratio = seconds / benchmark.stats.stats.median
    benchmark.extra_info |= {
        "times faster than sqrtm": round(ratio, 1),
        "seconds": round(benchmark.stats.stats.median, 3),
    }
    assert value == pytest.approx(theirs, rel=1e-6)
    assert ratio >= 8


def test_few_samples_take_a_fraction_of_a_second(benchmark: BenchmarkFixture, one_thread: ProcessPoolExecutor) -> None:
    benchmark.pedantic(lambda: one_thread.submit(of_few).result(), rounds=5, warmup_rounds=1)
    benchmark.extra_info["seconds"] = round(benchmark.stats.stats.median, 3)
    assert benchmark.stats.stats.median < 0.5


@pytest.mark.slow
@pytest.mark.parametrize(("d", "frames"), [(256, 100), (2048, 20), (2048, 100)])
def test_seconds_per_draw_of_actors(
    benchmark: BenchmarkFixture, one_thread: ProcessPoolExecutor, d: int, frames: int
) -> None:
    seconds = benchmark.pedantic(lambda: one_thread.submit(seconds_per_draw, d, frames).result(), rounds=1)
    benchmark.extra_info["seconds per draw"] = round(seconds, 3)
    assert seconds > 0

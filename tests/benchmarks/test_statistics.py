"""Seconds that the statistics of a table take, and whether intervals keep their promise.

Times are processor seconds of all threads together, so that a second core cannot help.
"""

import time
from collections.abc import Callable
from statistics import median

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray
from pytest_benchmark.fixture import BenchmarkFixture

from facecues.metrics.statistics import compare_all, mean_intervals
from tests.benchmarks.statistics_figures import coverage

RESAMPLES = 10_000
METRICS = 20

on_one_core = pytest.mark.benchmark(timer=time.process_time)


def make_values(clips: int, actors: int = 60) -> tuple[NDArray[np.float64], list[str]]:
    """(clips, METRICS) with one value in fifty missing, and each clip's actor."""
    rng = np.random.default_rng(0)
    values = rng.normal(size=(clips, METRICS))
    values[rng.random(values.shape) < 0.02] = np.nan
    return values, [f"A{number % actors:02d}" for number in range(clips)]


def by_loop(values: NDArray[np.float64], actors: list[str], resamples: int) -> NDArray[np.float64]:
    """The usual way: gather the drawn actors' clips and average them, draw after draw."""
    names, codes = np.unique(actors, return_inverse=True)
    groups = [values[codes == code] for code in range(len(names))]
    rng = np.random.default_rng(0)
    draws = [rng.integers(0, len(groups), len(groups)) for _ in range(resamples)]
    means = [np.nanmean(np.concatenate([groups[code] for code in draw]), axis=0) for draw in draws]
    return np.quantile(means, [0.025, 0.975], axis=0)


def seconds(work: Callable[[], object], rounds: int = 3) -> float:
    taken = []
    for _ in range(rounds):
        start = time.process_time()
        work()
        taken.append(time.process_time() - start)
    return median(taken)


@on_one_core
@pytest.mark.parametrize("known", [True, False], ids=["60 actors", "each clip its own"])
def test_10000_resamples_of_1000_clips_and_20_metrics_under_2_s(benchmark: BenchmarkFixture, known: bool) -> None:
    values, actors = make_values(1000)
    units = actors if known else None
    benchmark.pedantic(
        lambda: mean_intervals(values, units, method="bootstrap", resamples=RESAMPLES), rounds=5, warmup_rounds=1
    )
    benchmark.extra_info["seconds of processor"] = round(benchmark.stats.stats.median, 3)
    assert benchmark.stats.stats.median < 2


def test_faster_than_gathering_clips_draw_by_draw(benchmark: BenchmarkFixture) -> None:
    values, actors = make_values(1000)
    share = 50  # of the draws, or the loop takes too long
    usual = share * seconds(lambda: by_loop(values, actors, RESAMPLES // share))
    ours = seconds(lambda: mean_intervals(values, actors, method="bootstrap", resamples=RESAMPLES))
    benchmark.pedantic(lambda: None, rounds=1)  # the ratio counts here, not a time
    benchmark.extra_info["times faster"] = round(usual / ours)
    assert usual > 20 * ours


def test_ten_times_the_clips_of_the_same_actors_cost_little_more(benchmark: BenchmarkFixture) -> None:
    few, many = make_values(1000), make_values(10_000)
    times = [seconds(lambda each=each: mean_intervals(*each, method="bootstrap"), rounds=5) for each in (few, many)]
    benchmark.pedantic(lambda: None, rounds=1)
    benchmark.extra_info["seconds ratio"] = round(times[1] / times[0], 2)
    assert times[1] < 5 * times[0]


@on_one_core
def test_a_table_of_7_methods_and_20_metrics_all_pairs(benchmark: BenchmarkFixture) -> None:
    values = np.random.default_rng(0).normal(size=(7, 1000, METRICS))
    index = pd.MultiIndex.from_product(
        [
            [f"method{i}" for i in range(7)],
            [f"clip{i:04d}" for i in range(1000)],
            [f"metric{i}" for i in range(METRICS)],
        ],
        names=["method", "clip_id", "metric"],
    )
    scores = pd.Series(values.ravel(), index, name="value").reset_index()
    actors = {f"clip{i:04d}": f"A{i % 60:02d}" for i in range(1000)}
    better = {f"metric{i}": "lower" for i in range(METRICS)}
    verdicts = benchmark.pedantic(lambda: compare_all(scores, actors, better=better), rounds=3)
    benchmark.extra_info["seconds of processor"] = round(benchmark.stats.stats.median, 2)
    assert len(verdicts) == 21 * METRICS
    assert benchmark.stats.stats.median < 10


@pytest.mark.slow
@pytest.mark.parametrize("actors", [4, 10, 30])
def test_intervals_over_actors_hold_the_truth_and_those_over_clips_do_not(
    benchmark: BenchmarkFixture, actors: int
) -> None:
    figures = coverage(actors)
    benchmark.pedantic(lambda: None, rounds=1)
    benchmark.extra_info |= figures
    assert figures["t over actors"] > 0.91
    assert figures["clips counted as independent"] < 0.6

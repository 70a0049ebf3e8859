"""Indexing at the size of the whole of MEAD: 281,400 videos and 40,200 audio files, all empty.

Run with `pytest tests/benchmarks/test_index_scale.py`.
"""

import multiprocessing
import os
import time
from pathlib import Path

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from facecues.labels import EMOTIONS, VIEWS, levels_of, nominal_clips
from facecues.preprocess.index import build_index
from tests.benchmarks.measured import peak_mb

ACTORS = [f"{gender}{number:03d}" for gender in "MW" for number in range(1, 31)]
CLIPS = len(ACTORS) * len(VIEWS) * 670

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def whole_mead(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("mead")
    for actor in ACTORS:
        for emotion in EMOTIONS:
            for level in levels_of(emotion):
                place, count = f"{emotion}/level_{level}", nominal_clips(emotion)
                for view in VIEWS:
                    _fill(root / actor / "video" / view / place, count, ".mp4")
                _fill(root / actor / "audio" / place, count, ".m4a")
    return root


def _fill(folder: Path, count: int, suffix: str) -> None:
    folder.mkdir(parents=True)
    handle = os.open(folder, os.O_RDONLY)
    try:
        for number in range(1, count + 1):
            os.close(os.open(f"{number:03d}{suffix}", os.O_CREAT | os.O_WRONLY, dir_fd=handle))
    finally:
        os.close(handle)


def _measure(root: Path, answers: "multiprocessing.SimpleQueue[tuple[int, float, float]]") -> None:
    before = peak_mb()
    start = time.perf_counter()
    index = build_index(root)
    seconds = time.perf_counter() - start
    answers.put((len(index.clips), seconds, peak_mb() - before))


def test_the_whole_of_mead_is_indexed_in_20_s_and_600_mb(benchmark: BenchmarkFixture, whole_mead: Path) -> None:
    clips, seconds, megabytes = benchmark.pedantic(_in_a_process, args=(whole_mead,), rounds=1)
    benchmark.extra_info |= {"clips": clips, "seconds": round(seconds, 1), "MB": round(megabytes)}
    assert clips == CLIPS == 281_400
    assert seconds < 20
    assert megabytes < 600


def _in_a_process(whole_mead: Path) -> tuple[int, float, float]:
    """Clips, seconds, MB."""
    context = multiprocessing.get_context("spawn")  # a process of its own, so that its peak memory is the index's
    answers: multiprocessing.SimpleQueue[tuple[int, float, float]] = context.SimpleQueue()
    process = context.Process(target=_measure, args=(whole_mead, answers))
    process.start()
    process.join(120)
    assert process.exitcode == 0
    return answers.get()


def test_the_time_of_an_index(benchmark: BenchmarkFixture, whole_mead: Path) -> None:
    index = benchmark.pedantic(build_index, args=(whole_mead,), rounds=2)
    benchmark.extra_info |= {"clips": len(index.clips), "seconds": round(benchmark.stats.stats.min, 1)}
    assert len(index.clips) == CLIPS

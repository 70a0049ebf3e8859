"""Extraction against decoding alone, and its memory against the length of a clip.

Ratios are taken within one run, because absolute times mean little on shared machines. Figures that
docs/performance.md quotes are `extra_info` of the benchmarks. The long clip lasts five minutes, and half an hour with
`FACECUES_LONG_CLIP_MINUTES=30`, which takes eight minutes on 2 cores.
"""

import json
import multiprocessing
import os
import shutil
import subprocess
import sys
from pathlib import Path
from time import perf_counter

import av
import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from facecues.config import ExtractConfig
from facecues.pipelines.extract import extract
from facecues.preprocess.index import build_index
from tests.benchmarks.media import looped, repeated

WORKERS = 2
LONG_CLIP_MINUTES = int(os.environ.get("FACECUES_LONG_CLIP_MINUTES", "5"))
TIMES = 24  # each clip so often: long enough that starting the workers does not count


def decode_alone(path: Path) -> int:
    """What a plain PyAV loop does: every frame decoded, none looked at, one thread."""
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        stream.thread_type = "NONE"
        return sum(1 for _ in container.decode(stream))


def decoding_rate(root: Path) -> float:
    """Frames per second of WORKERS processes that only decode."""
    clips = sorted(root.iterdir())
    with multiprocessing.get_context("spawn").Pool(WORKERS) as pool:
        pool.map(decode_alone, clips[:WORKERS], chunksize=1)  # import PyAV, warm the page cache
        start = perf_counter()
        frames = sum(pool.imap_unordered(decode_alone, clips))
        return frames / (perf_counter() - start)


def extraction_rate(root: Path, store: Path) -> float:
    """Frames per second of a whole `extract`, workers' start and merging included."""
    start = perf_counter()
    summary = extract(build_index(root, "folder"), store, ExtractConfig(), workers=WORKERS)
    assert summary.failed == 0
    return summary.frames / (perf_counter() - start)


@pytest.mark.slow
def test_extraction_against_decoding_alone(benchmark: BenchmarkFixture, mead: Path, tmp_path: Path) -> None:
    root = repeated(sorted(mead.rglob("*.mp4")), tmp_path / "clips", TIMES)
    rounds: list[tuple[float, float]] = []

    def one_round() -> None:
        store = tmp_path / "store"
        shutil.rmtree(store, ignore_errors=True)
        rounds.append((decoding_rate(root), extraction_rate(root, store)))

    benchmark.pedantic(one_round, rounds=3, iterations=1)
    ratios = sorted(extraction / decoding for decoding, extraction in rounds)
    benchmark.extra_info |= {
        "decoding_fps": [round(decoding) for decoding, _ in rounds],
        "extraction_fps": [round(extraction) for _, extraction in rounds],
        "ratio": [round(ratio, 3) for ratio in ratios],
    }
    assert ratios[1] >= 0.4


def peak_megabytes(root: Path, store: Path) -> float:
    """Largest resident size of any process of one `facecues extract`, MB."""
    script = (
        "import json, resource, subprocess, sys\n"
        "done = subprocess.run([sys.executable, '-m', 'facecues.cli', 'extract', *sys.argv[1:], '--workers', '1'])\n"
        "print(json.dumps([done.returncode, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024]))"
    )
    command = [sys.executable, "-c", script, str(root), str(store), "--layout", "folder"]
    answer = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    code, peak = json.loads(answer.splitlines()[-1])
    assert code == 0, answer
    return float(peak)


@pytest.mark.slow
def test_memory_does_not_grow_with_the_clip(benchmark: BenchmarkFixture, data: Path, tmp_path: Path) -> None:
    clip = data / "mead_crop256/M030_front_sad_level3_001.mp4"
    looped(clip, tmp_path / "short/clip.mp4", 30)
    looped(clip, tmp_path / "long/clip.mp4", LONG_CLIP_MINUTES * 60)
    short = peak_megabytes(tmp_path / "short", tmp_path / "store-short")
    long = benchmark.pedantic(peak_megabytes, args=(tmp_path / "long", tmp_path / "store-long"), rounds=1)
    benchmark.extra_info |= {
        "30 seconds, MB": round(short),
        "long clip, MB": round(long),
        "long clip, minutes": LONG_CLIP_MINUTES,
    }
    assert long - short <= 100

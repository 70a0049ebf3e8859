"""`facecues evaluate` against the usual way of computing the same values, and where its time goes.

Ours has WORKERS processes of one thread. The usual way is measured twice: one process, with as many threads as each
package takes by itself, and WORKERS processes of one thread that share the clips, which hardly anybody does, and which
is faster. Ours also finds landmarks and computes all else that the machine's weights allow; the usual way SSIM, PSNR,
LPIPS and FID alone. Inception's public weights cannot be had everywhere: all have the same random ones.
"""

import cProfile
import multiprocessing
import pstats
import shutil
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack, contextmanager
from itertools import islice
from pathlib import Path
from typing import Any

import av
import numpy as np
import pandas as pd
import pytest
from distributed import Client
from pytest_benchmark.fixture import BenchmarkFixture

from facecues.metrics import instruments
from facecues.models.media import write_video
from facecues.pipelines.cluster import connect
from facecues.pipelines.evaluation.config import EvaluateConfig
from facecues.pipelines.evaluation.jobs import make_jobs
from facecues.pipelines.evaluation.run import evaluate
from facecues.pipelines.evaluation.set_values import perform_sets, set_jobs
from facecues.pipelines.evaluation.work import Workplace, identify, perform
from facecues.pipelines.pairing import Pairing, pair
from facecues.preprocess.index import build_index

torch = pytest.importorskip("torch")
from facecues.metrics.networks.inception import Inception, InceptionFeatures  # noqa: E402
from tests.benchmarks.usual_evaluation import (  # noqa: E402
    LOADING,
    REFERENCE,
    Usual,
    evaluate_as_usual,
    fid_as_usual,
)
from tests.metrics.random_inception import random_inception  # noqa: E402

WORKERS = 2
CLIPS, FRAMES = 2, 24  # of 256 x 256 pixels
METHODS = {"fine": 28, "middling": 36, "coarse": 44}  # CRF of the reference's frames written once more
ROUNDS = 2
# No rows that the usual way has nothing to set against, and no intervals.
PLAIN = EvaluateConfig(floors=(), set_resamples=0, resamples=99)

FIRST = list(METHODS)[:1]
Videos = dict[str, list[Path]]
Values = dict[tuple[str, str, str], float]

# Functions whose time, with all that they call, is a step's.
STEPS: dict[str, list[tuple[str, str]]] = {
    "decoding": [("decode.py", "__iter__")],
    "landmarks and gaze": [("tracker.py", "follow"), ("iris.py", "observe"), ("cues.py", "cue_batch")],
    "pictures of 256 pixels": [("preprocess/pictures.py", "make_picture")],
    "SSIM": [("ssim.py", "prepare"), ("ssim.py", "compare")],
    "PSNR": [("psnr.py", "prepare"), ("psnr.py", "compare")],
    "AlexNet, for LPIPS and FD-AlexNet": [("backbone.py", "_look")],
    "LPIPS's distances": [("networks/lpips.py", "compare")],
    "Inception, for FID and KID": [("inception.py", "features")],
    "emotion": [("mini_xception_classifier.py", "features"), ("emotiefflib.py", "features")],
    "sound": [("kept.py", "listen")],
    "scores per clip": [("scoring.py", "alone_scores"), ("scoring.py", "pair_scores")],
    "metrics of sets": [("set_values.py", "perform_sets")],
}


@pytest.fixture(scope="module")
def one_thread_each() -> Iterator[list[ProcessPoolExecutor]]:
    """WORKERS processes."""
    with ExitStack() as stack:
        with pytest.MonkeyPatch.context() as patch:  # a BLAS reads its number of threads when it is loaded
            for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
                patch.setenv(name, "1")
            started = [stack.enter_context(one_process()) for _ in range(WORKERS)]
        yield started


@contextmanager
def one_process() -> Iterator[ProcessPoolExecutor]:
    """With everything imported that the usual way needs."""
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as process:
        process.submit(fid_as_usual, *np.zeros((2, 2, 4), np.float32)).result()
        yield process


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("weights") / "inception.pth"
    torch.save(random_inception().state_dict(), path)
    return path


@pytest.fixture(scope="module")
def videos(corpus: Path, tmp_path_factory: pytest.TempPathFactory) -> Videos:
    """By method: the beginnings of clips of the synthetic corpus, written as badly as the method does."""
    root = tmp_path_factory.mktemp("methods")
    found: Videos = defaultdict(list)
    for number, clip in enumerate(sorted(corpus.rglob("*.mp4"))[:CLIPS]):
        with av.open(str(clip)) as container:
            frames = [
                np.asarray(frame.to_ndarray(format="rgb24"), np.uint8)
                for frame in islice(container.decode(video=0), FRAMES)
            ]
        for method, crf in {REFERENCE: 18, **METHODS}.items():
            path = root / method / f"clip{number}.mp4"
            path.parent.mkdir(exist_ok=True)
            noise = np.random.default_rng(number).normal(0, 0.1, FRAMES * 640).astype(np.float32)
            write_video(path, frames, crf=crf, audio=noise)
            found[method].append(path)
    return found


def pairing_of(videos: Videos, methods: Sequence[str]) -> Pairing:
    reference = build_index(videos[REFERENCE][0].parent, "folder")
    return pair(reference, {name: videos[name][0].parent for name in methods})


def take_weights(weights: Path) -> None:
    """Lets this process evaluate with given weights of Inception, and imports what that takes."""
    network = Inception()
    network.load_state_dict(torch.load(weights, weights_only=True))
    instruments._NETWORKS = {  # type: ignore[misc]
        **instruments._NETWORKS,
        "inception": lambda device: InceptionFeatures(device, network),
    }
    identify(PLAIN)


def ours(client: Client, videos: Videos, methods: Sequence[str], run: Path, number: int) -> tuple[float, Values]:
    """Seconds of a whole run, loading and statistics included, and its values by method, metric and clip.

    Another seed is another configuration, for which workers load their networks anew.
    """
    config = PLAIN.model_copy(update={"seed": number})
    pairing = pairing_of(videos, methods)
    shutil.rmtree(run, ignore_errors=True)
    started = time.perf_counter()
    summary = evaluate(pairing, run, config, scheduler=client.scheduler_info()["address"])
    seconds = time.perf_counter() - started
    assert not summary.failed
    scores = pd.read_parquet(run / "scores.parquet")
    values = dict(
        zip(zip(scores["method"], scores["metric"], scores["clip_id"], strict=True), scores["value"], strict=True)
    )
    table = summary.table[(summary.table["group"] == "all") & (summary.table["metric"] == "FID")]
    return seconds, values | {(row.method, "FID", ""): row.value for row in table.itertuples()}


def usual(
    processes: list[ProcessPoolExecutor], videos: Videos, folder: Path, weights: Path
) -> tuple[float, float, Values]:
    """Seconds for all methods and for the first alone, and the values."""
    shutil.rmtree(folder, ignore_errors=True)
    count = len(processes)
    shares = [{method: files[k::count] for method, files in videos.items()} for k in range(count)]
    futures = [
        process.submit(evaluate_as_usual, share, folder / str(k), weights)
        for k, (process, share) in enumerate(zip(processes, shares, strict=True))
    ]
    done = [future.result() for future in futures]
    values = {key: value for one in done for key, value in one.values.items()}
    for method in METHODS:
        sides = [np.concatenate([one.features[method][side] for one in done]) for side in (0, 1)]
        values[method, "FID", ""] = fid_as_usual(*sides)
    several, first = (max(counted_s(one, names) for one in done) for names in (list(METHODS), FIRST))
    return several, first, values


def counted_s(usual: Usual, methods: Sequence[str]) -> float:
    """Without loading the networks, and without the Fréchet distance: with more clips they would count for less."""
    return sum(
        each for (method, step), each in usual.wall_s.items() if method in (REFERENCE, *methods) and step != LOADING
    )


def assert_equal(found: Values, expected: Values, methods: Sequence[str]) -> None:
    """All values of the usual way that concern these methods."""
    compared = {key: value for key, value in expected.items() if key[0] in methods}
    assert len(compared) == len(methods) * (3 * CLIPS + 1)
    for key, value in compared.items():
        assert found[key] == pytest.approx(value, rel=1e-4 if key[1] == "FID" else 1e-5), key


@pytest.mark.slow
def test_evaluate_is_twice_as_fast_as_one_package_after_the_other(
    benchmark: BenchmarkFixture,
    one_thread_each: list[ProcessPoolExecutor],
    videos: Videos,
    weights: Path,
    tmp_path: Path,
) -> None:
    several, one = f"{len(METHODS)} methods", "1 method"
    seconds: dict[tuple[str, str], list[float]] = defaultdict(list)
    # The process first: as long as there are workers, whatever starts here is told to take one thread.
    with one_process() as alone, connect(WORKERS, None) as client:
        client.run(take_weights, weights)

        def one_round() -> None:
            number = len(seconds["ours", several])
            for methods, what in ((list(METHODS), several), (FIRST, one)):
                seconds_ours, values = ours(client, videos, methods, tmp_path / what, number)
                seconds["ours", what].append(seconds_ours)
                found.append((values, methods))
            for way, processes in (("one process", [alone]), (f"{WORKERS} processes", one_thread_each)):
                *seconds_usual, expected = usual(processes, videos, tmp_path / "png", weights)
                for each, what in zip(seconds_usual, (several, one), strict=True):
                    seconds[way, what].append(each)
                for values, methods in found:
                    assert_equal(values, expected, methods)

        found: list[tuple[Values, list[str]]] = []
        benchmark.pedantic(one_round, rounds=ROUNDS)
    best = {key: min(each) for key, each in seconds.items()}  # the round that was disturbed least
    ratios = {(way, what): round(each / best["ours", what], 2) for (way, what), each in best.items()}
    benchmark.extra_info |= {
        "seconds": {", ".join(key): [round(s, 1) for s in each] for key, each in seconds.items()},
        "ours, several methods, s": round(best["ours", several], 1),
        "one process, several methods, s": round(best["one process", several], 1),
        "over one process, several methods": ratios["one process", several],
        "over one process, one method": ratios["one process", one],
        "over processes, several methods": ratios[f"{WORKERS} processes", several],
        "over processes, one method": ratios[f"{WORKERS} processes", one],
    }
    assert ratios["one process", several] >= 2


def profiled(videos: Videos, weights: Path, run: Path) -> dict[str, float]:
    """Milliseconds of processor per frame of a video, by step, of all that a worker does."""
    take_weights(weights)
    identity = identify(PLAIN)
    workplace = Workplace(run / "features", run, PLAIN, identity.absent, identity.no_other_backend)
    jobs = make_jobs(pairing_of(videos, list(METHODS)), ())
    perform(workplace, jobs[0])  # loads and warms everything
    profile = cProfile.Profile(time.thread_time)
    with profile:
        rows = [row for job in jobs[1:] for row in perform(workplace, job).videos]
        for each in set_jobs(jobs[1:], rows):
            perform_sets(workplace, identity, each)
    stats: Any = pstats.Stats(profile)
    return shares_of(stats.stats, stats.total_tt, frames=len(rows) * FRAMES)


def shares_of(stats: Mapping[tuple[str, int, str], Any], total: float, frames: int) -> dict[str, float]:
    seconds = {
        step: sum(
            entry[3]
            for (file, _, function), entry in stats.items()
            if any(file.endswith(f"/{name}") and function == wanted for name, wanted in functions)
        )
        for step, functions in STEPS.items()
    }
    seconds["landmarks and gaze"] -= seconds["decoding"]  # which `follow` asks for its frames
    seconds["everything else"] = total - sum(seconds.values())
    return {step: 1e3 * each / frames for step, each in [*seconds.items(), ("all", total)]}


@pytest.mark.slow
def test_where_the_time_goes(benchmark: BenchmarkFixture, videos: Videos, weights: Path, tmp_path: Path) -> None:
    with connect(1, None) as client:
        found = benchmark.pedantic(lambda: client.submit(profiled, videos, weights, tmp_path).result(), rounds=1)
    whole = found["all"]
    benchmark.extra_info |= {step: round(ms, 3) for step, ms in found.items()}  # ms
    assert all(ms >= 0 for ms in found.values())
    assert sum(found.values()) == pytest.approx(2 * whole)

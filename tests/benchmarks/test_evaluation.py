"""`facecues evaluate` against the usual way of computing the same values, and where its time goes.

Both sides have WORKERS processes of one thread each. Ours computes all that the machine's weights allow of landmarks,
gaze, pose, emotion and sound besides, and finds its landmarks; the usual way computes SSIM, PSNR, LPIPS and FID alone.
Inception's public weights cannot be had everywhere: both sides have the same random ones, and the same work.
"""

import cProfile
import multiprocessing
import pstats
import shutil
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack
from itertools import islice
from pathlib import Path
from statistics import median
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
CLIPS, FRAMES = 4, 16  # of 256 x 256 pixels
METHODS = {"fine": 28, "middling": 36, "coarse": 44}  # CRF of the reference's frames written once more
ROUNDS = 2
# No rows that the usual way has nothing to set against, and no intervals.
PLAIN = EvaluateConfig(floors=(), set_resamples=0, resamples=99)

Videos = dict[str, list[Path]]

# Functions whose time, with all that they call, is a step's; `without` is taken out, for it has its own line.
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
    "sound": [("watching.py", "_listen")],
    "scores per clip": [("scoring.py", "alone_scores"), ("scoring.py", "pair_scores")],
    "metrics of sets": [("set_values.py", "perform_sets")],
    "files of features": [("memory.py", "save"), ("memory.py", "load")],
}


@pytest.fixture(scope="module")
def one_thread() -> Iterator[None]:
    """For processes started meanwhile: a BLAS reads its number of threads when it is loaded."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
            patch.setenv(name, "1")
        yield


@pytest.fixture(scope="module")
def processes(one_thread: None) -> Iterator[list[ProcessPoolExecutor]]:
    """WORKERS of them."""
    with ExitStack() as stack:
        spawn = multiprocessing.get_context("spawn")
        yield [stack.enter_context(ProcessPoolExecutor(1, spawn)) for _ in range(WORKERS)]


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
            frames = [frame.to_ndarray(format="rgb24") for frame in islice(container.decode(video=0), FRAMES)]
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


def ours(client: Client, videos: Videos, methods: Sequence[str], run: Path, number: int) -> dict[str, Any]:
    """Seconds of a whole run, and its values. Each round loads its networks: another seed is another configuration."""
    shutil.rmtree(run, ignore_errors=True)
    config = PLAIN.model_copy(update={"seed": number})
    started, spent = time.perf_counter(), processor_s(client)
    summary = evaluate(pairing_of(videos, methods), run, config, scheduler=client.scheduler.address)
    seconds = {"wall": time.perf_counter() - started, "processor": processor_s(client) - spent}
    assert not summary.failed
    return seconds | {"scores": pd.read_parquet(run / "scores.parquet"), "table": summary.table}


def processor_s(client: Client) -> float:
    return float(sum(client.run(time.process_time).values()) + time.process_time())


def usual(
    processes: list[ProcessPoolExecutor], videos: Videos, folder: Path, weights: Path
) -> tuple[dict[str, float], list[Usual]]:
    """Seconds for all methods and for the first alone, and what came of each process's share of the clips."""
    shutil.rmtree(folder, ignore_errors=True)
    shares = [{method: files[k::WORKERS] for method, files in videos.items()} for k in range(WORKERS)]
    futures = [
        process.submit(evaluate_as_usual, share, folder / str(k), weights)
        for k, (process, share) in enumerate(zip(processes, shares, strict=True))
    ]
    done = [future.result() for future in futures]
    first = {REFERENCE, next(iter(METHODS))}
    return {
        "wall": max(counted(one.wall_s, videos) for one in done),
        "processor": sum(counted(one.processor_s, videos) for one in done),
        "wall, 1 method": max(counted(one.wall_s, first) for one in done),
        "processor, 1 method": sum(counted(one.processor_s, first) for one in done),
    }, done


def counted(seconds: Mapping[tuple[str, str], float], methods: Any) -> float:
    """Without loading, which many clips would outweigh."""
    return sum(each for (method, step), each in seconds.items() if method in methods and step != LOADING)


def assert_equal(found: Mapping[str, Any], usual: list[Usual], methods: Sequence[str]) -> None:
    scores = found["scores"].set_index(["method", "metric", "clip_id"])["value"]
    table = found["table"][found["table"]["group"] == "all"].set_index(["method", "metric"])["value"]
    theirs = {key: value for one in usual for key, value in one.values.items() if key[0] in methods}
    assert len(theirs) == len(methods) * 3 * CLIPS
    for key, value in theirs.items():
        assert scores[key] == pytest.approx(value, rel=1e-5), key
    for method in methods:
        sides = [np.concatenate([one.features[method][side] for one in usual]) for side in (0, 1)]
        assert table[method, "FID"] == pytest.approx(fid_as_usual(*sides), rel=1e-4)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::UserWarning")  # of lpips and torch-fidelity about torchvision
def test_evaluate_is_twice_as_fast_as_one_package_after_the_other(
    benchmark: BenchmarkFixture, processes: list[ProcessPoolExecutor], videos: Videos, weights: Path, tmp_path: Path
) -> None:
    first = list(METHODS)[:1]
    rounds: list[dict[str, float]] = []
    with connect(WORKERS, None) as client:
        client.run(take_weights, weights)
        for process in processes:
            process.submit(fid_as_usual, *np.zeros((2, 2, 4), np.float32)).result()  # imports everything

        def one_round() -> None:
            theirs, values = usual(processes, videos, tmp_path / "png", weights)
            several = ours(client, videos, list(METHODS), tmp_path / "several", len(rounds))
            one = ours(client, videos, first, tmp_path / "one", len(rounds))
            assert_equal(several, values, list(METHODS))
            assert_equal(one, values, first)
            found = {f"{what}, {len(METHODS)} methods": theirs[what] / several[what] for what in ("wall", "processor")}
            found |= {f"{what}, 1 method": theirs[f"{what}, 1 method"] / one[what] for what in ("wall", "processor")}
            rounds.append(found | {"seconds, ours": several["wall"], "seconds, usual": theirs["wall"]})

        benchmark.pedantic(one_round, rounds=ROUNDS)
    ratios = {name: [round(one[name], 2) for one in rounds] for name in rounds[0]}
    benchmark.extra_info |= ratios
    assert median(ratios[f"wall, {len(METHODS)} methods"]) >= 2
    assert median(ratios[f"processor, {len(METHODS)} methods"]) >= 2


def profiled(videos: Videos, weights: Path, run: Path) -> dict[str, float]:
    """Milliseconds of processor per frame of a video, by step, of one worker's work on everything."""
    take_weights(weights)
    torch.set_num_threads(1)
    identity = identify(PLAIN)
    workplace = Workplace(run / "features", run, PLAIN, identity.absent, identity.no_other_backend)
    jobs = make_jobs(pairing_of(videos, list(METHODS)), ())
    perform(workplace, jobs[-1])  # loads and warms everything
    profile = cProfile.Profile(time.process_time)
    with profile:
        rows = [row for job in jobs[:-1] for row in perform(workplace, job).videos]
        for each in set_jobs(jobs[:-1], rows):
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
def test_where_the_time_goes(
    benchmark: BenchmarkFixture, processes: list[ProcessPoolExecutor], videos: Videos, weights: Path, tmp_path: Path
) -> None:
    found = benchmark.pedantic(lambda: processes[0].submit(profiled, videos, weights, tmp_path).result(), rounds=1)
    whole = found["all"]
    benchmark.extra_info |= {step: f"{ms:.2f} ms, {100 * ms / whole:.1f} %" for step, ms in found.items()}
    assert all(ms >= 0 for ms in found.values())
    assert sum(found.values()) == pytest.approx(2 * whole)

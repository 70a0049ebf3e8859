"""Frames per second of each renderer at each size, and memory whatever the length."""

import os
import subprocess
import sys

import numpy as np
import pytest
import torch
from pytest_benchmark.fixture import BenchmarkFixture
from skimage import data as pictures

from facecues.models.facevid2vid.config import PRESETS, facevid2vid_config
from facecues.models.facevid2vid.model import FaceVid2Vid
from facecues.models.keypoint_mapper.checkpoint import OpenedMapper
from facecues.models.keypoint_mapper.config import NetworkConfig
from facecues.models.keypoint_mapper.network import KeypointMapper
from facecues.models.rendering.contracts import Head, Renderer
from facecues.models.rendering.facevid2vid import FaceVid2VidRenderer
from facecues.models.rendering.warp import WarpRenderer
from facecues.sequences import Cues

FRAMES = {"warp": 50, "tiny": 50}  # of the others few, as a frame takes seconds on a CPU
MORE_MB = 60
NO_CUDA = pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
_MEASURE = """
import sys
from tests.benchmarks.measured import peak_mb
from tests.benchmarks.test_rendering import renderer, still
head = renderer(sys.argv[1]).prepare(__import__("skimage.data").data.astronaut(), 256)
for part in range(int(sys.argv[2])):
    for frame in head.render(still(head, 250), head.reference):
        pass
print(round(peak_mb()))
"""


def renderer(name: str, device: str = "cpu") -> Renderer:
    """`warp`, or face-vid2vid with weights that were drawn: they take as long as trained ones."""
    torch.set_num_threads(1)
    if name == "warp":
        return WarpRenderer()
    torch.manual_seed(0)
    generator = FaceVid2Vid(facevid2vid_config(name)).eval().to(device)
    mapper = KeypointMapper(NetworkConfig(), generator.config.keypoints).eval().to(device)
    return FaceVid2VidRenderer(OpenedMapper(mapper, generator, name))


def still(head: Head, frames: int) -> Cues:
    """The portrait as it is."""
    own = head.reference
    parts = (own.normalized, own.rotation, own.translation, own.scale, own.gaze)
    return Cues(*(np.tile(np.asarray(part, np.float32), (frames, *([1] * np.ndim(part)))) for part in parts))


@pytest.mark.parametrize("size", [256, 512])
@pytest.mark.parametrize("name", ["warp", *PRESETS])
@pytest.mark.parametrize("device", ["cpu", pytest.param("cuda", marks=[pytest.mark.cuda, NO_CUDA])])
def test_frames_per_second(benchmark: BenchmarkFixture, name: str, size: int, device: str) -> None:
    frames = FRAMES.get(name, 2) if device == "cpu" else 250
    head = renderer(name, device).prepare(pictures.astronaut(), size)
    cues = still(head, frames)
    quick = name in FRAMES or device == "cuda"
    benchmark.pedantic(
        lambda: sum(1 for _ in head.render(cues, head.reference)), rounds=3 if quick else 1, warmup_rounds=int(quick)
    )
    benchmark.extra_info["frames per second"] = round(frames / benchmark.stats.stats.median, 2)


@pytest.mark.parametrize("name", ["warp", "tiny"])
def test_memory_does_not_grow_with_the_length(benchmark: BenchmarkFixture, name: str) -> None:
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}

    def peak(pieces: int) -> int:
        return int(subprocess.check_output([sys.executable, "-c", _MEASURE, name, str(pieces)], env=environment))

    short, long = benchmark.pedantic(lambda: (peak(1), peak(8)), rounds=1)
    benchmark.extra_info |= {"10 seconds, MB": short, "80 seconds, MB": long, "more, MB": long - short}
    assert long < short + MORE_MB, f"{short} MB for 10 s, {long} MB for 80 s"

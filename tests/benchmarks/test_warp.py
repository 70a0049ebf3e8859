"""Frames per second of the warp renderer on one core."""

import cv2
import numpy as np
import pytest
from pytest_benchmark.fixture import BenchmarkFixture
from skimage import data as pictures

from facecues.models.warp import WarpHead
from tests.models.test_warp import place

FRAMES = 50


@pytest.mark.parametrize(("size", "needed"), [(256, 100), (512, 30)])
def test_frames_per_second(benchmark: BenchmarkFixture, size: int, needed: int) -> None:
    cv2.setNumThreads(1)
    head = WarpHead.prepare(pictures.astronaut(), size)
    turning = np.column_stack([np.linspace(a, b, FRAMES) for a, b in ((-15, 15), (20, -20), (10, -10))])
    landmarks = place(head, turning)
    benchmark.pedantic(lambda: sum(1 for _ in head.render(landmarks)), rounds=5, warmup_rounds=1)
    rate = FRAMES / benchmark.stats.stats.median
    benchmark.extra_info["frames per second"] = round(rate)
    assert rate >= needed

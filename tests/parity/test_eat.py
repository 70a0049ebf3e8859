"""The protocol `eat` against what evaluation_eat computes and has published.

`published` says again what code/test_lmd.py of yuangan/evaluation_eat does with landmarks of its crop, frame by frame
and point by point. `eat_result_100.txt` is that code's own output for 100 clips.
"""

import math
from pathlib import Path

import numpy as np
import pytest

from facecues.metrics.landmark_options import EAT, FACECUES
from facecues.metrics.landmarks import landmark_distance, landmark_scores, landmark_velocity_distance
from tests.metrics.tracks import talking, track

NAMES = ("M-LD", "F-LD", "M-LVD", "F-LVD")
IN_THE_CROP = EAT.model_copy(update={"crop": "none"})  # for landmarks that are there already


def distance(one: np.ndarray, other: np.ndarray) -> float:
    """Sum over points."""
    return sum(math.dist(p, q) for p, q in zip(one, other, strict=True))


def published(pred: np.ndarray, real: np.ndarray) -> dict[str, float]:
    """What the code says of two (T, 68, 2) tracks of whole pixels, deviations included."""
    frames = min(len(pred), len(real))
    pred, real = (side[[int(frame * len(side) / frames) for frame in range(frames)]] for side in (pred, real))
    mouth = face = mouth_moves = 0.0
    last, used = None, 0
    for p, q in zip(pred, real, strict=True):
        if np.isnan(p).any() or np.isnan(q).any():
            continue
        mouth += distance(p[48:] - p[48:].mean(axis=0), q[48:] - q[48:].mean(axis=0))
        face += distance(p - p.mean(axis=0), q - q.mean(axis=0))
        if last is not None:
            mouth_moves += distance(p[48:] - last[0][48:], q[48:] - last[1][48:])
        last, used = (p, q), used + 1
    sums = (mouth / 20, face / 68, mouth_moves / 20, mouth_moves / 68)
    return {name: total / used for name, total in zip(NAMES, sums, strict=True)}


def ours(pred: np.ndarray, real: np.ndarray) -> dict[str, float]:
    return {
        f"{points[0].upper()}-{kind}": distance(pred, real, points=points, options=IN_THE_CROP)
        for kind, distance in (("LD", landmark_distance), ("LVD", landmark_velocity_distance))
        for points in ("mouth", "face")
    }


def whole_pixels(seed: int, frames: int = 40) -> np.ndarray:
    return np.rint(talking(frames, seed=seed)[..., :2] / 4)


@pytest.mark.parametrize(
    ("frames", "gaps"), [((40, 40), []), ((40, 33), []), ((21, 40), []), ((40, 40), [0, 7, 8, 30])]
)
def test_equal_to_the_published_code(frames: tuple[int, int], gaps: list[int]) -> None:
    pred, real = whole_pixels(1, frames[0]), whole_pixels(0, frames[1])
    pred[gaps] = np.nan
    assert ours(pred, real) == pytest.approx(published(pred, real), rel=1e-12)


def test_the_slip_is_in_the_protocol_and_not_in_the_default() -> None:
    rng = np.random.default_rng(0)  # every point moves: of a face of which only the lips do, the slip would be true
    pred, real = (track(talking(seed=seed) + rng.normal(0, 1, (40, 68, 3))) for seed in (1, 0))
    eat, default = landmark_scores(pred, real, EAT), landmark_scores(pred, real, FACECUES)
    assert eat["F-LVD"].value == pytest.approx(eat["M-LVD"].value * 20 / 68, rel=1e-12)
    assert default["F-LVD"].value > 2 * default["M-LVD"].value * 20 / 68
    whole = EAT.model_copy(update={"face_velocity": "face"})
    assert landmark_scores(pred, real, whole)["F-LVD"].value > 2 * eat["F-LVD"].value


@pytest.fixture(scope="module")
def rows(data: Path) -> np.ndarray:
    """(100, 4) of the published table: M-LD, F-LD, M-LVD, F-LVD."""
    lines = (data / "reference_images/eat_result_100.txt").read_text().splitlines()
    return np.array([line.split(" : ")[1].split(" , ") for line in lines if ".mp4 : " in line], np.float64)


def test_the_published_table_is_the_plain_mean_over_clips(rows: np.ndarray) -> None:
    assert rows.shape == (100, 4)
    published_means = (2.2233482639, 2.4252973677, 1.7991839352, 0.5291717457)
    np.testing.assert_allclose(rows.mean(axis=0), published_means, atol=5e-11)


def test_the_published_rows_have_the_slip(rows: np.ndarray) -> None:
    np.testing.assert_allclose(rows[:, 3], rows[:, 2] * 20 / 68, rtol=1e-9)

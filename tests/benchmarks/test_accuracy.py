"""The figures of docs/accuracy.md, on real clips. They are read from `extra_info`; the bounds stand in the tests."""

from pathlib import Path

import numpy as np
import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from facecues.preprocess import pupils
from facecues.preprocess.extract import CueExtractor
from tests.preprocess.clips import extract_clip, mirror_error, same_take
from tests.preprocess.test_extract import MIRRORED, SAME_TAKE

_HALF_A_SECOND = 12  # frames


def test_same_take_in_two_forms(benchmark: BenchmarkFixture, extractor: CueExtractor, data: Path) -> None:
    clips = [extract_clip(extractor, data / name) for name in SAME_TAKE]
    benchmark.extra_info |= benchmark.pedantic(same_take, args=clips)._asdict()


def test_mirrored_clip(benchmark: BenchmarkFixture, extractor: CueExtractor, data: Path) -> None:
    clips = [extract_clip(extractor, data / name) for name in MIRRORED]
    benchmark.extra_info |= benchmark.pedantic(mirror_error, args=clips)._asdict()


@pytest.mark.slow
def test_where_pupils_rest(benchmark: BenchmarkFixture, extractor: CueExtractor, data: Path) -> None:
    """Where irises are from the middle of the corners in real clips, in eye widths, with open eyes.

    People in these clips look at or near the camera, so that the medians over clips are the place of an eye that looks
    there: the source of REST_UP in facecues.preprocess.pupils.
    """

    def measure() -> dict[str, float]:
        rests = [rest for video in _people(data) if (rest := _rest(extractor, video)) is not None]
        up, out = np.median(rests, axis=0)
        return {"up": round(float(up), 3), "out": round(float(out), 3), "clips": len(rests)}

    benchmark.extra_info |= benchmark.pedantic(measure, rounds=1)


@pytest.mark.slow
def test_how_much_of_the_head_is_in_gaze(benchmark: BenchmarkFixture, extractor: CueExtractor, data: Path) -> None:
    """Change of read gaze over change of read head within half a second; 0 for eyes that keep to the camera."""

    def measure() -> dict[str, float]:
        shares = [_head_in_gaze(extractor, video) for video in _people(data)]
        pitch, yaw = (np.array([each[axis] for each in shares if np.isfinite(each[axis])]) for axis in (0, 1))
        return {
            "pitch": round(float(np.median(pitch)), 2),
            "yaw": round(float(np.median(yaw)), 2),
            "clips": f"{len(pitch)}, {len(yaw)}",
        }

    benchmark.extra_info |= benchmark.pedantic(measure, rounds=1)


def _head_in_gaze(extractor: CueExtractor, video: Path) -> list[float]:
    """Slopes for pitch and yaw; NaN where the head moves too little to tell."""
    clip = extract_clip(extractor, video)
    openness = clip.array("eye_openness").mean(axis=1)
    used = openness > 0.6 * np.nanmedian(openness)
    slopes = []
    for axis in (0, 1):
        head, gaze = (clip.array(name)[used, axis] for name in ("rotation", "gaze"))
        change = head[_HALF_A_SECOND:] - head[:-_HALF_A_SECOND]
        tells = len(change) >= 20 and change.std() >= 2
        slopes.append(np.polyfit(change, gaze[_HALF_A_SECOND:] - gaze[:-_HALF_A_SECOND], 1)[0] if tells else np.nan)
    return slopes


def _people(data: Path) -> list[Path]:
    return sorted([*data.glob("mead/*/video/*/*/*/*.mp4"), *data.glob("mead_crop256/*.mp4"), *data.glob("real/*.mp4")])


def _rest(extractor: CueExtractor, video: Path) -> tuple[float, float] | None:
    """(up, out) of one clip's frontal frames with open eyes; None with fewer than ten of them."""
    clip = extract_clip(extractor, video)
    angles, openness = clip.array("rotation"), clip.array("eye_openness")
    used = (np.abs(angles[:, 1]) < 20) & (openness.mean(axis=1) > 0.18)
    if used.sum() < 10:
        return None
    right, left = (clip.array(f"gaze_{side}")[used].astype(np.float64) for side in ("right", "left"))
    # Angles over the model in force come back as offsets over the middle of the corners.
    up = pupils.REST_UP - pupils.EYEBALL_RADIUS * np.sin(np.radians(np.median((right + left)[:, 0] / 2)))
    apart = np.median(right[:, 1] - left[:, 1]) / 2
    return up, pupils.EYEBALL_RADIUS * np.sin(np.radians(apart))

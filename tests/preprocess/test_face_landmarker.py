"""The two LiteRT backends are two readings of one face."""

from pathlib import Path

import numpy as np
import pytest

from facecues.config import ExtractConfig
from facecues.errors import WeightsMissingError
from facecues.preprocess.extract import CueExtractor, build_extractor
from tests.preprocess.clips import Clip, extract_clip, mouth_opening


@pytest.fixture(scope="module")
def readings(extractor: CueExtractor, mead: Path) -> tuple[Clip, Clip]:
    try:
        other = build_extractor(ExtractConfig(landmarks="face-landmarker"))
    except WeightsMissingError as error:
        pytest.skip(str(error))
    clip = mead / "W023/video/front/surprised/level_2/010.mp4"
    assert other.signature != extractor.signature
    return extract_clip(extractor, clip), extract_clip(other, clip)


def test_both_find_the_face_in_every_frame(readings: tuple[Clip, Clip]) -> None:
    assert [clip.report.coverage for clip in readings] == [1.0, 1.0]


def test_the_mouth_opens_and_closes_in_step(readings: tuple[Clip, Clip]) -> None:
    one, other = (mouth_opening(clip.array("normalized")) for clip in readings)
    assert np.corrcoef(one, other)[0, 1] >= 0.95


def test_points_pose_and_gaze_are_close(readings: tuple[Clip, Clip]) -> None:
    one, other = readings
    distance = np.linalg.norm(one.array("normalized") - other.array("normalized"), axis=-1)
    assert distance.mean() <= 0.06
    turned = np.median(np.abs(one.array("rotation") - other.array("rotation")), axis=0)
    assert turned[1] <= 3 and turned[2] <= 2, turned
    looked = np.median(np.abs(one.array("gaze") - other.array("gaze")), axis=0)
    assert looked[1] <= 4, looked

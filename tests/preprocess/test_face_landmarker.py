"""The two LiteRT backends are two readings of one face."""

from pathlib import Path

import numpy as np
import pytest

from facecues.config import ExtractConfig
from facecues.errors import WeightsMissingError
from facecues.preprocess.extract import CueExtractor, build_extractor
from tests.preprocess.clips import Clip, extract_clip, mirror_error, mouth_opening, same_take
from tests.preprocess.test_extract import MIRRORED, SAME_TAKE


@pytest.fixture(scope="module")
def landmarker() -> CueExtractor:
    try:
        return build_extractor(ExtractConfig(landmarks="face-landmarker"))
    except WeightsMissingError as error:
        pytest.skip(str(error))


@pytest.fixture(scope="module")
def readings(extractor: CueExtractor, landmarker: CueExtractor, data: Path) -> tuple[Clip, Clip]:
    assert landmarker.signature != extractor.signature
    return extract_clip(extractor, data / MIRRORED[0]), extract_clip(landmarker, data / MIRRORED[0])


def test_both_find_the_face_in_every_frame(readings: tuple[Clip, Clip]) -> None:
    assert [clip.report.coverage for clip in readings] == [1.0, 1.0]


def test_the_mouth_opens_and_closes_in_step(readings: tuple[Clip, Clip]) -> None:
    """Two networks that see lips differently: over the six MEAD clips they correlate by 0.89 to 0.99."""
    one, other = (mouth_opening(clip.array("normalized")) for clip in readings)
    assert np.corrcoef(one, other)[0, 1] >= 0.85


def test_points_pose_and_gaze_are_close(readings: tuple[Clip, Clip]) -> None:
    one, other = readings
    distance = np.linalg.norm(one.array("normalized") - other.array("normalized"), axis=-1)
    assert distance.mean() <= 0.06
    turned = np.median(np.abs(one.array("rotation") - other.array("rotation")), axis=0)
    assert turned[1] <= 3 and turned[2] <= 2, turned
    looked = np.median(np.abs(one.array("gaze") - other.array("gaze")), axis=0)
    assert looked[1] <= 4, looked


def test_it_too_gives_one_motion_for_two_forms_of_one_take(landmarker: CueExtractor, data: Path) -> None:
    found = same_take(*(extract_clip(landmarker, data / name) for name in SAME_TAKE))
    assert found.correlation >= 0.95 and found.distance <= 0.05


def test_it_too_is_equivariant_to_mirroring(landmarker: CueExtractor, data: Path, readings: tuple[Clip, Clip]) -> None:
    found = mirror_error(readings[1], extract_clip(landmarker, data / MIRRORED[1]))
    assert max(found.pitch, found.yaw, found.roll) <= 1.5, found
    assert max(found.gaze_yaw, found.gaze_yaw_per_eye) <= 3.0, found
    assert found.points <= 0.03, found

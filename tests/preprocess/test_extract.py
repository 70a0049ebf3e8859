"""The extractor on real clips: complete, consistent between two forms of one take, and equivariant to mirroring."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from facecues.errors import ClipError
from facecues.preprocess.extract import CueExtractor
from facecues.preprocess.geometry import Similarity, relocate, rotation_matrix
from facecues.reasons import ClipReason, Status
from facecues.schema import CUE_SCHEMA
from tests.preprocess.clips import Clip, extract_clip, mirror_error, same_take

SAME_TAKE = ("mead/M030/video/front/sad/level_3/001.mp4", "mead_crop256/M030_front_sad_level3_001.mp4")
MIRRORED = ("mead/W023/video/front/surprised/level_2/010.mp4", "difficult/made_hflip.mp4")


@pytest.fixture(scope="module")
def clip_of(extractor: CueExtractor, data: Path) -> Callable[[str], Clip]:
    cache: dict[str, Clip] = {}

    def get(name: str) -> Clip:
        if name not in cache:
            cache[name] = extract_clip(extractor, data / name)
        return cache[name]

    return get


def test_stored_cues_fit_together_to_a_thousandth_of_a_pixel(clip_of: Callable[[str], Clip]) -> None:
    clip = clip_of(SAME_TAKE[0])
    pose = Similarity(
        rotation_matrix(clip.array("rotation").astype(np.float64)),
        clip.array("scale"),
        clip.array("translation").astype(np.float64),
    )
    again = relocate(clip.array("normalized").astype(np.float64), pose)
    assert np.abs(again - clip.array("landmarks")).max() <= 1e-3


def test_two_forms_of_one_take_give_one_motion(clip_of: Callable[[str], Clip]) -> None:
    """1080p at 30 fps against a 256-pixel crop at 25 fps: the normalisation leaves nothing of the picture's form."""
    found = same_take(*(clip_of(name) for name in SAME_TAKE))
    assert found.correlation >= 0.95
    assert found.distance <= 0.05


def test_a_mirrored_clip_negates_yaw_roll_and_gaze_yaw_and_mirrors_the_points(clip_of: Callable[[str], Clip]) -> None:
    found = mirror_error(*(clip_of(name) for name in MIRRORED))
    assert max(found.pitch, found.yaw, found.roll) <= 1.5, found
    assert max(found.gaze_yaw, found.gaze_yaw_per_eye) <= 3.0, found
    assert found.points <= 0.03, found


def test_a_turned_picture_turns_the_head_and_leaves_the_face(clip_of: Callable[[str], Clip]) -> None:
    """The container's rotation flag turns the upright W023 counter-clockwise by a quarter."""
    upright, turned = clip_of(MIRRORED[0]), clip_of("difficult/made_rot90.mp4")
    roll = np.median(turned.array("rotation")[:, 2] - upright.array("rotation")[:, 2])
    assert abs(roll + 90) <= 3
    difference = np.linalg.norm(upright.array("normalized") - turned.array("normalized"), axis=-1)
    assert difference.mean() <= 0.03


EXPECTED = {
    "face_noface.mov": (Status.OK, ClipReason.LOW_COVERAGE),
    "five_faces.mp4": (Status.OK, ClipReason.SEVERAL_FACES),
    "made_audio_half.mp4": (Status.OK, ClipReason.AUDIO_MISMATCH),
    "made_audio_only.mp4": (Status.FAILED, ClipReason.NO_VIDEO),
    "made_bitflip.mp4": (Status.PARTIAL, ClipReason.DECODE_ERROR),
    "made_black_gap.mp4": (Status.OK, ClipReason.LOW_COVERAGE),
    "made_faststart.mp4": (Status.OK, None),
    "made_gray_odd_dims.avi": (Status.OK, ClipReason.NO_AUDIO),
    "made_hflip.mp4": (Status.OK, None),
    "made_no_audio.mp4": (Status.OK, ClipReason.NO_AUDIO),
    "made_one_frame.mp4": (Status.OK, ClipReason.NO_AUDIO),
    "made_rot90.mp4": (Status.OK, None),
    "made_silent_audio.mp4": (Status.OK, ClipReason.SILENT_AUDIO),
    "made_text.mp4": (Status.FAILED, ClipReason.UNREADABLE),
    "made_tiny_64x36.mp4": (Status.OK, ClipReason.LOW_COVERAGE),
    "made_trunc_index_first.mp4": (Status.PARTIAL, ClipReason.SHORT_DECODE),
    "made_trunc_raw_half.mp4": (Status.FAILED, ClipReason.UNREADABLE),
    "made_two_frames.mp4": (Status.OK, ClipReason.NO_AUDIO),
    "made_vfr.mp4": (Status.OK, None),
    "made_zero_byte.mp4": (Status.FAILED, ClipReason.EMPTY_FILE),
    "no_face.mp4": (Status.OK, ClipReason.NO_FACE),
    "no_person_bottles.mp4": (Status.OK, ClipReason.NO_FACE),
    "noface_face.mov": (Status.OK, ClipReason.LOW_COVERAGE),
    "statue_face.mp4": (Status.OK, None),
}


def test_the_expectations_cover_every_difficult_file(data: Path) -> None:
    assert {path.name for path in (data / "difficult").iterdir()} == set(EXPECTED)


@pytest.mark.parametrize("name", sorted(EXPECTED))
def test_a_difficult_file_ends_with_its_status_and_reason(clip_of: Callable[[str], Clip], name: str) -> None:
    status, reason = EXPECTED[name]
    if status == Status.FAILED:
        with pytest.raises(ClipError) as caught:
            clip_of(f"difficult/{name}")
        assert caught.value.reason == reason
        assert caught.value.message
        return
    clip = clip_of(f"difficult/{name}")
    assert (clip.report.status, clip.report.reason) == (status, reason), clip.report.message
    assert (clip.report.message is None) == (reason is None)
    # Every frame row exists, in order; a row without cues says why and has none at all.
    assert clip.table.num_rows == clip.report.frames
    np.testing.assert_array_equal(clip.array("frame"), np.arange(clip.report.frames))
    missing = clip.table["reason"].is_valid().to_numpy()
    assert clip.report.coverage == pytest.approx(1 - missing.mean())
    for column in CUE_SCHEMA.names[3:]:
        np.testing.assert_array_equal(clip.table[column].is_null().to_numpy(), missing)


def test_the_black_gap_is_where_it_is(clip_of: Callable[[str], Clip]) -> None:
    reasons = clip_of("difficult/made_black_gap.mp4").table["reason"].to_pylist()
    assert [i for i, reason in enumerate(reasons) if reason] == list(range(30, 42))


def test_damaged_frames_have_their_own_reason(clip_of: Callable[[str], Clip]) -> None:
    reasons = set(clip_of("difficult/made_bitflip.mp4").table["reason"].to_pylist())
    assert reasons == {None, "decode_error"}


def test_a_clip_does_not_depend_on_the_clips_before_it(extractor: CueExtractor, data: Path) -> None:
    first = extract_clip(extractor, data / "difficult/made_two_frames.mp4")
    extract_clip(extractor, data / "difficult/made_tiny_64x36.mp4")
    again = extract_clip(extractor, data / "difficult/made_two_frames.mp4")
    assert first.table.equals(again.table)


def test_the_file_beside_the_video_is_its_sound(extractor: CueExtractor, data: Path) -> None:
    video = data / "difficult/made_no_audio.mp4"
    speech = data / "mead/W023/audio/surprised/level_2/010.m4a"
    assert extract_clip(extractor, video, speech).report.audio_rate == 48000
    unusable = extract_clip(extractor, video, data / "difficult/made_text.mp4").report
    assert unusable.reason == ClipReason.NO_AUDIO and "made_text.mp4" in str(unusable.message)

"""A watched video: what it shows at 25 instants a second, its cues, its account, and what it costs."""

import hashlib
import tracemalloc
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from facecues.config import ExtractConfig
from facecues.errors import ClipError
from facecues.preprocess import watch
from facecues.preprocess.decode import Decoder
from facecues.preprocess.extract import CueExtractor
from facecues.preprocess.pictures import PictureOptions
from facecues.preprocess.video import Frame
from facecues.preprocess.watch import Watcher, build_watcher
from facecues.reasons import ClipReason, Status
from facecues.resample import resample, time_grid
from tests.preprocess.clips import extract_clip
from tests.preprocess.watching import Template, number_of, numbered, watcher_of

Write = Callable[..., Path]


@pytest.fixture(scope="module")
def face_watcher(extractor: CueExtractor) -> Watcher:
    return build_watcher(ExtractConfig(), PictureOptions(crop="face"))


def shown(video: Path) -> list[int | None]:
    return [number_of(shot) for shot in watcher_of().open(video).shots()]


def test_25_fps_passes_frame_by_frame(write_video: Write) -> None:
    assert shown(write_video(numbered(range(1, 21)))) == list(range(1, 21))


@pytest.mark.parametrize("fps", [12.5, 24, 29.97, 30, 50, 60])
def test_each_instant_shows_the_frame_nearest_in_time_and_the_earlier_of_two(write_video: Write, fps: float) -> None:
    times = np.round(np.arange(24) / fps, 3)
    video = write_video(numbered(range(1, 25)), fps=round(fps), times_s=times.tolist())
    instants = np.arange(int(times[-1] * 25 + 0.02) + 1) / 25
    distance = np.round(np.abs(instants[:, None] - times), 6)
    assert shown(video) == (distance.argmin(axis=1) + 1).tolist()


def test_time_starts_with_the_first_frame(write_video: Write) -> None:
    video = write_video(numbered(range(1, 7)), times_s=[0.5 + k / 25 for k in range(6)])
    assert shown(video) == [1, 2, 3, 4, 5, 6]


def test_a_hole_of_more_than_a_tenth_of_a_second_shows_nothing(write_video: Write) -> None:
    times = [0.0, 0.04, 0.13, 0.17, 0.37, 0.41]  # 0.09 s is bridged, 0.2 s is not
    assert shown(write_video(numbered(range(1, 7)), times_s=times)) == [1, 2, 2, 3, 4, None, None, None, None, None, 6]


def test_an_instant_is_shown_where_the_interpolation_of_cues_reaches(write_video: Write) -> None:
    gaps = np.random.default_rng(3).choice([0.016, 0.033, 0.04, 0.09, 0.13], 24)
    times = np.round(np.cumsum(gaps), 3)
    there = resample(times, np.ones(24, np.float32), time_grid(times))
    assert [one is None for one in shown(write_video(numbered(range(1, 25)), times_s=times.tolist()))] == np.isnan(
        there
    ).tolist()


def test_frames_without_a_face_are_shown_without_landmarks_and_not_cropped_to(write_video: Write) -> None:
    video = write_video(numbered([5, 0, 0, 0, 7]))
    whole = list(watcher_of().open(video).shots())
    assert [number_of(shot) for shot in whole] == [5, 0, 0, 0, 7]
    assert [bool(np.isnan(shot.landmarks).any()) for shot in whole] == [False, True, True, True, False]
    cropped = list(watcher_of(crop="face").open(video).shots())
    assert [shot.picture is None for shot in cropped] == [False, True, True, True, False]


def test_damaged_frames_are_tracked_past_and_not_shown(data: Path) -> None:
    video = data / "difficult/made_bitflip.mp4"
    with Decoder(video, watcher_of().limits) as decoder:
        sound = [round(frame.time_s * 25) for frame in decoder if not frame.damaged]
    watched = watcher_of().open(video)
    shots = list(watched.shots())
    assert [shot.k for shot in shots if shot.picture is not None] == sound
    assert len(shots) == 73 and watched.account is not None
    assert watched.account.damaged == watched.account.report.frames - len(sound) > 0
    assert watched.account.report.status == Status.PARTIAL


def test_a_clip_of_variable_rate_shows_its_frames_and_nothing_in_its_holes(data: Path) -> None:
    """59 frames on a grid of 25 per second, with holes of 0.12 s."""
    video = data / "difficult/made_vfr.mp4"
    with Decoder(video, watcher_of().limits) as decoder:
        times = [round(frame.time_s * 25) for frame in decoder]
    assert [shot.k for shot in watcher_of().open(video).shots() if shot.picture is not None] == times


def test_every_frame_is_decoded_and_tracked_once(write_video: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    decoded: list[int] = []

    class Counting(Decoder):
        def __iter__(self) -> Iterator[Frame]:
            for frame in super().__iter__():
                decoded.append(frame.index)
                yield frame

    monkeypatch.setattr(watch, "Decoder", Counting)
    backend = Template()
    video = write_video(numbered(k % 20 + 1 for k in range(70)), fps=30)
    shots = list(watcher_of(backend).open(video).shots())
    assert decoded == list(range(70)) and backend.frames == 70
    assert [shot.k for shot in shots] == list(range(58))


@pytest.mark.parametrize("name", ["made_one_frame.mp4", "made_two_frames.mp4", "made_gray_odd_dims.avi"])
def test_cues_and_report_are_those_of_an_extraction(
    extractor: CueExtractor, face_watcher: Watcher, data: Path, name: str
) -> None:
    clip = extract_clip(extractor, data / "difficult" / name)
    watched = face_watcher.open(data / "difficult" / name)
    shots = list(watched.shots())
    assert watched.cues.equals(clip.table)
    assert watched.account is not None and watched.account.report == clip.report
    assert watched.account.instants == len(shots) == clip.report.frames
    assert watched.account.sha256 == hashlib.sha256(watched.video.read_bytes()).hexdigest()
    assert watched.size == (clip.report.width, clip.report.height)
    assert face_watcher.signature.startswith(extractor.signature)


def test_the_size_is_that_of_the_turned_picture(data: Path) -> None:
    watched = watcher_of().open(data / "difficult/made_rot90.mp4")
    shots = watched.shots()
    assert next(shots).picture is not None
    assert watched.size == (1080, 1920)
    shots.close()
    assert watched.account is None


def test_two_forms_of_one_take_show_one_face(face_watcher: Watcher, data: Path) -> None:
    """1080p at 30 fps, and a crop of 256 pixels at 25 fps that begins a frame or two earlier and was encoded twice."""
    names = ("mead/M030/video/front/sad/level_3/001.mp4", "mead_crop256/M030_front_sad_level3_001.mp4")
    one, other = (list(face_watcher.open(data / name).shots()) for name in names)
    assert (len(one), len(other)) == (93, 95)
    near = np.stack([shot.picture for shot in one[::8]]).astype(float)

    def psnr(shift: int) -> float:
        there = np.stack([other[shot.k + shift].picture for shot in one[::8]])
        return float(10 * np.log10(255**2 / np.square(near - there)[:, 32:224, 32:224].mean()))

    assert max(psnr(shift) for shift in range(3)) >= 30


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("made_text.mp4", ClipReason.UNREADABLE),
        ("made_audio_only.mp4", ClipReason.NO_VIDEO),
        ("no such file.mp4", ClipReason.UNREADABLE),
    ],
)
def test_a_video_that_cannot_be_read_says_why(data: Path, name: str, reason: ClipReason) -> None:
    with pytest.raises(ClipError) as caught:
        next(watcher_of().open(data / "difficult" / name).shots())
    assert caught.value.reason == reason


def test_memory_does_not_grow_with_the_pictures(write_video: Write) -> None:
    def peak(frames: int) -> int:
        video = write_video(numbered(k % 20 + 1 for k in range(frames)))
        tracemalloc.start()
        for _ in watcher_of(size=256).open(video).shots():
            pass
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return most

    per_frame = (peak(600) - peak(200)) / 400
    assert per_frame < 10_000, "bytes; a picture has 196,608"

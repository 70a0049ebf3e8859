"""Features are made once for the same sound, and again when what is kept is not usable."""

from pathlib import Path

import av
import numpy as np
import pytest

from facecues.errors import ClipError, FacecuesError
from facecues.models.front_ends import cache, cached_rows, front_end
from facecues.models.media import write_audio, write_video
from facecues.preprocess.sound import read_sound
from facecues.reasons import ClipReason

EARS = front_end("mfcc")


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    path = tmp_path / "clip.m4a"
    write_audio(path, np.random.default_rng(0).normal(0, 0.1, 32000).astype(np.float32))
    return path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "kept" / "features"


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """The files whose sound was decoded."""
    found: list[Path] = []

    def counted(path, **settings):
        found.append(path)
        return read_sound(path, **settings)

    monkeypatch.setattr(cache, "read_sound", counted)
    return found


def test_the_second_time_the_same_rows_come_without_reading_the_sound(clip: Path, folder: Path, reads) -> None:
    first = cached_rows(EARS, clip, 0.0, 50, folder)
    sound = read_sound(clip)
    assert sound is not None and np.array_equal(first, EARS.rows(sound, 50))
    again = cached_rows(EARS, clip.rename(clip.with_name("renamed.m4a")), 0.0, 50, folder)
    assert np.array_equal(first, again) and again.dtype == np.float32
    assert len(reads) == 1 and [file.suffix for file in folder.iterdir()] == [".npy"]


def test_each_thing_that_changes_the_rows_is_in_the_key(clip: Path, folder: Path, reads) -> None:
    other = clip.with_name("other.m4a")
    write_audio(other, np.random.default_rng(1).normal(0, 0.1, 32000).astype(np.float32))
    for request in (
        (EARS, clip, 0.0, 50),
        (front_end("mfcc-12"), clip, 0.0, 50),
        (EARS, other, 0.0, 50),
        (EARS, clip, 0.04, 50),
        (EARS, clip, 0.0, 49),
    ):
        cached_rows(*request, folder)
    assert len(reads) == len(list(folder.iterdir())) == 5


def test_sound_is_taken_from_the_first_frame_on(clip: Path, folder: Path) -> None:
    sound = read_sound(clip, start_s=0.5)
    assert sound is not None
    assert np.array_equal(cached_rows(EARS, clip, 0.5, 30, folder), EARS.rows(sound, 30))


@pytest.mark.parametrize("keep", [0, 5, 60, 500])
def test_a_truncated_file_is_made_again(clip: Path, folder: Path, reads, keep: int) -> None:
    first = cached_rows(EARS, clip, 0.0, 50, folder)
    (kept,) = folder.iterdir()
    whole = kept.read_bytes()
    kept.write_bytes(whole[:keep])
    assert np.array_equal(cached_rows(EARS, clip, 0.0, 50, folder), first)
    assert len(reads) == 2 and kept.read_bytes() == whole


@pytest.mark.parametrize("at", [0, 6, 8, 10, 20, 40, 60, 127])
def test_a_file_with_a_damaged_header_is_made_again(clip: Path, folder: Path, at: int) -> None:
    first = cached_rows(EARS, clip, 0.0, 50, folder)
    (kept,) = folder.iterdir()
    whole = kept.read_bytes()
    for byte in b"\x00(}'\xff":
        kept.write_bytes(whole[:at] + bytes([byte]) + whole[at + 1 :])
        assert np.array_equal(cached_rows(EARS, clip, 0.0, 50, folder), first)


def test_a_file_of_another_shape_or_with_objects_in_it_is_made_again(clip: Path, folder: Path) -> None:
    first = cached_rows(EARS, clip, 0.0, 50, folder)
    (kept,) = folder.iterdir()
    for other in (np.zeros((3, 13), np.float32), first.astype(np.float64), np.array([{"a": 1}], object)):
        with kept.open("wb") as file:
            np.save(file, other, allow_pickle=True)
        assert np.array_equal(cached_rows(EARS, clip, 0.0, 50, folder), first)


def test_a_clip_without_sound_is_told_and_nothing_is_kept(tmp_path: Path, folder: Path) -> None:
    mute = tmp_path / "mute.mp4"
    write_video(mute, [np.zeros((16, 16, 3), np.uint8)] * 3)
    for path, start_s in ((mute, 0.0), (tmp_path / "absent.m4a", 0.0)):
        with pytest.raises(ClipError, match=path.name) as caught:
            cached_rows(EARS, path, start_s, 3, folder)
        assert caught.value.reason == ClipReason.NO_AUDIO
    assert not folder.exists()


def test_a_video_is_heard_by_its_own_sound(tmp_path: Path, folder: Path) -> None:
    video = tmp_path / "clip.mp4"
    sound = np.random.default_rng(2).normal(0, 0.1, 640 * 10).astype(np.float32)
    write_video(video, [np.zeros((16, 16, 3), np.uint8)] * 10, audio=sound)
    with av.open(str(video)) as container:
        assert container.streams.audio
    assert cached_rows(EARS, video, 0.0, 10, folder).shape == (64, 13)


def test_a_folder_that_cannot_be_is_one_sentence(clip: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")
    with pytest.raises(FacecuesError, match="name a folder that can be written"):
        cached_rows(EARS, clip, 0.0, 50, tmp_path / "file" / "features")

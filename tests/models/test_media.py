"""Files that are written: what a decoder finds in them is what was put in, at the same instant."""

import weakref
from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from facecues.config import Limits
from facecues.errors import FacecuesError, UsageError
from facecues.models.media import read_picture, write_audio, write_video
from facecues.preprocess.audio import account_of_file
from facecues.preprocess.decode import Decoder

RATE = 16000


def decoded(path):
    with Decoder(path, Limits()) as decoder:
        frames = [(frame.time_s, frame.rgb()) for frame in decoder]
        assert decoder.declared == decoder.decoded and not decoder.discarded
    return np.array([time for time, _ in frames]), [rgb for _, rgb in frames]


def sound_of(path):
    with av.open(str(path)) as container:
        return np.concatenate([frame.to_ndarray()[0] for frame in container.decode(audio=0)])


def grey(frames, size=64):
    return [np.full((size, size, 3), 90, np.uint8) for _ in range(frames)]


def test_a_click_and_a_flash_of_one_instant_stay_within_a_millisecond(tmp_path):
    frames, at = grey(60), 37
    frames[at][:] = 255
    sound = np.zeros(60 * 640, np.float32)
    sound[at * 640] = 0.9
    assert write_video(tmp_path / "a.mp4", frames, audio=sound) == 60
    times, pictures = decoded(tmp_path / "a.mp4")
    assert times.tolist() == [t / 25 for t in range(60)]
    flash = times[np.argmax([picture.mean() for picture in pictures])]
    click = np.abs(sound_of(tmp_path / "a.mp4")).argmax() / RATE
    assert flash == at / 25 and abs(click - flash) < 0.001


def test_sound_that_is_longer_or_shorter_than_the_pictures_is_kept_as_it_is(tmp_path):
    noise = np.random.default_rng(0).normal(0, 0.1, 3 * RATE).astype(np.float32)
    for samples in (RATE, 3 * RATE):
        write_video(tmp_path / "a.mp4", grey(50), audio=noise[:samples])
        assert len(decoded(tmp_path / "a.mp4")[0]) == 50
        assert 0 <= len(sound_of(tmp_path / "a.mp4")) - samples < 1024  # one AAC frame


def test_colours_come_back_through_both_ways_of_reading_a_frame(tmp_path, astronaut):
    smooth = cv2.GaussianBlur(astronaut, (0, 0), 4)  # no colour edges, which 4:2:0 cannot hold
    write_video(tmp_path / "a.mp4", [smooth] * 5, crf=10)
    with Decoder(tmp_path / "a.mp4", Limits()) as decoder:
        for frame in decoder:
            for seen in (frame.rgb(), frame.crop(np.eye(2, 3), 512)):
                error = seen.astype(float) - smooth
                assert np.abs(error).mean() < 1.5 and np.abs(error.mean(axis=(0, 1))).max() < 1.5


def test_saturated_colours_are_not_read_by_another_standard(tmp_path):
    for colour in ((255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 255), (0, 0, 0)):
        write_video(tmp_path / "a.mp4", [np.full((64, 64, 3), colour, np.uint8)])
        assert np.abs(decoded(tmp_path / "a.mp4")[1][0].mean(axis=(0, 1)) - colour).max() < 4


def test_metadata_is_there_and_the_same_input_gives_the_same_bytes(tmp_path):
    said = {"title": "synthetic: a test", "comment": "seed 0"}
    sound = np.sin(np.arange(RATE) / 20).astype(np.float32)
    for name in ("a", "b"):
        write_video(tmp_path / f"{name}.mp4", grey(25), audio=sound, metadata=said)
        write_audio(tmp_path / f"{name}.m4a", sound, metadata=said)
    for suffix in ("mp4", "m4a"):
        with av.open(str(tmp_path / f"a.{suffix}")) as container:
            assert said.items() <= container.metadata.items()
        assert (tmp_path / f"a.{suffix}").read_bytes() == (tmp_path / f"b.{suffix}").read_bytes()


def test_an_m4a_begins_at_once_and_is_as_long_as_its_sound(tmp_path):
    sound = np.sin(np.arange(38401) / 20).astype(np.float32)
    write_audio(tmp_path / "a.m4a", sound)
    back = sound_of(tmp_path / "a.m4a")
    assert np.corrcoef(back[2000:38000], sound[2000:38000])[0, 1] > 0.99
    account = account_of_file(tmp_path / "a.m4a")
    assert account is not None and account.rate == RATE and abs(account.end_s - 2.4) < 1024 / RATE


def test_frames_are_let_go_of_as_they_are_written(tmp_path):
    given, most = [], 0

    def frames():
        nonlocal most
        for _ in range(100):
            picture = np.zeros((64, 64, 3), np.uint8)
            given.append(weakref.ref(picture))
            most = max(most, sum(one() is not None for one in given))
            yield picture

    write_video(tmp_path / "a.mp4", frames())
    assert most <= 4


@pytest.mark.parametrize(
    ("frames", "sound", "words"),
    [
        ([], None, "no frames|none came"),
        ([np.zeros((64, 65, 3), np.uint8)], None, "even.*65x64"),
        ([np.zeros((64, 64, 3), np.float32)], None, "uint8 RGB, not .*float32"),
        ([np.zeros((64, 64), np.uint8)], None, "uint8 RGB, not"),
        ([np.zeros((64, 64, 3), np.uint8), np.zeros((32, 64, 3), np.uint8)], None, "size of the first"),
        ([np.zeros((64, 64, 3), np.uint8)], np.zeros(640), "float32.*not.*float64"),
        ([np.zeros((64, 64, 3), np.uint8)], np.zeros((640, 2), np.float32), "float32.*not"),
        ([np.zeros((64, 64, 3), np.uint8)], np.full(640, np.nan, np.float32), "not finite"),
    ],
)
def test_wrong_frames_or_sound_are_one_sentence_and_leave_no_file(tmp_path, frames, sound, words):
    with pytest.raises(UsageError, match=words):
        write_video(tmp_path / "a.mp4", frames, audio=sound)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("path", ["absent/a.mp4", "file/a.mp4", "folder"])
def test_a_place_that_cannot_be_written_is_named(tmp_path, path):
    (tmp_path / "file").write_text("something")
    (tmp_path / "folder").mkdir()
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(FacecuesError, match=path):
        write_video(tmp_path / path, grey(2))
    with pytest.raises(FacecuesError, match=path):
        write_audio(tmp_path / path, np.zeros(640, np.float32))
    assert sorted(tmp_path.rglob("*")) == before


def test_pictures_are_read_as_they_are_shown(tmp_path):
    rgba = np.zeros((4, 6, 4), np.uint8)
    rgba[..., 0], rgba[..., 3] = 200, 77
    cv2.imwrite(str(tmp_path / "rgba.png"), rgba[..., [2, 1, 0, 3]])
    cv2.imwrite(str(tmp_path / "grey.png"), rgba[..., 0])
    cv2.imwrite(str(tmp_path / "deep.png"), np.full((4, 6, 3), 51400, np.uint16))
    assert np.array_equal(read_picture(tmp_path / "rgba.png"), rgba)
    assert np.array_equal(read_picture(tmp_path / "grey.png"), np.full((4, 6, 3), 200))
    assert np.array_equal(read_picture(tmp_path / "deep.png"), np.full((4, 6, 3), 200))
    (tmp_path / "text.png").write_text("no picture")
    (tmp_path / "empty.png").touch()
    for name in ("text.png", "empty.png", "absent.png"):
        with pytest.raises(UsageError, match=name):
            read_picture(Path(tmp_path / name))

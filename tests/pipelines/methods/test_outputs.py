"""What programs write is looked at in full, and its pictures are taken over as they are."""

import av
import numpy as np
import pytest

from facecues.config import Limits
from facecues.models import media
from facecues.pipelines.methods.command import ProgramError
from facecues.pipelines.methods.outputs import check_video, take_over
from facecues.preprocess.sound import read_sound

TONE = (0.5 * np.sin(np.arange(16000) * 0.1)).astype(np.float32)
OTHER = (0.5 * np.sin(np.arange(16000) * 0.3)).astype(np.float32)


@pytest.fixture
def frames():
    rng = np.random.default_rng(0)
    return [np.kron(rng.integers(0, 255, (8, 8, 3)), np.ones((8, 8, 1))).astype(np.uint8) for _ in range(25)]


def pictures(path):
    with av.open(str(path)) as container:
        return [(frame.time, frame.to_ndarray(format="rgb24").tobytes()) for frame in container.decode(video=0)]


def encode(path, frames, codec, pixel_format="yuv420p", sound_codec=None):
    with av.open(str(path), "w") as container:
        video = container.add_stream(codec, rate=25)
        video.height, video.width = frames[0].shape[:2]
        video.pix_fmt = pixel_format
        sound = container.add_stream(sound_codec, rate=16000, layout="mono") if sound_codec else None
        for rgb in frames:
            container.mux(video.encode(av.VideoFrame.from_ndarray(rgb, format="rgb24")))
        container.mux(video.encode())
        if sound is not None:
            samples = av.AudioFrame.from_ndarray((OTHER * 32767).astype(np.int16)[None], format="s16", layout="mono")
            samples.sample_rate = 16000
            container.mux(sound.encode(samples))
            container.mux(sound.encode())
    return path


def test_pictures_are_the_very_same_and_the_sound_is_added(frames, tmp_path):
    source, target = tmp_path / "silent.mp4", tmp_path / "taken.mp4"
    media.write_video(source, frames)
    take_over(source, target, TONE, {"title": "synthetic: x", "comment": "c", "artist": "a"}, tmp_path)
    assert pictures(target) == pictures(source)
    assert np.corrcoef(read_sound(target)[:16000], TONE)[0, 1] > 0.99
    with av.open(str(target)) as container:
        kept = {name: container.metadata[name] for name in ("title", "comment", "artist")}
        assert kept == {"title": "synthetic: x", "comment": "c", "artist": "a"}
        assert [stream.codec_context.name for stream in container.streams] == ["h264", "aac"]


def test_a_videos_own_sound_stays(frames, tmp_path):
    source, target = tmp_path / "own.mp4", tmp_path / "taken.mp4"
    media.write_video(source, frames, audio=OTHER)
    take_over(source, target, TONE, {}, tmp_path)
    assert np.array_equal(read_sound(target), read_sound(source))


@pytest.mark.parametrize(("name", "codec", "sound"), [("x.avi", "mpeg4", None), ("x.avi", "mpeg4", "pcm_s16le")])
def test_other_containers_become_mp4_with_the_same_pictures(name, codec, sound, frames, tmp_path):
    """Sound that not every player knows in an mp4 gives way to what the program was given."""
    source, target = encode(tmp_path / name, frames, codec, sound_codec=sound), tmp_path / "taken.mp4"
    assert check_video(source, Limits()) == 25
    take_over(source, target, TONE, {}, tmp_path)
    assert [picture for _, picture in pictures(target)] == [picture for _, picture in pictures(source)]
    assert np.corrcoef(read_sound(target)[:16000], TONE)[0, 1] > 0.99


def test_pictures_that_no_mp4_holds_are_refused_in_a_sentence(frames, tmp_path):
    source = encode(tmp_path / "x.avi", frames, "huffyuv", "yuv422p")
    with pytest.raises(ProgramError, match=r"x.avi does not go into an mp4 .*: have the program write H.264") as caught:
        take_over(source, tmp_path / "taken.mp4", TONE, {}, tmp_path)
    assert caught.value.trouble == "broken_output"


def test_frames_are_counted_and_what_does_not_decode_is_refused(frames, tmp_path):
    whole = tmp_path / "whole.mp4"
    media.write_video(whole, frames)
    assert check_video(whole, Limits()) == 25
    content = whole.read_bytes()
    spoilt = {
        "empty": b"",
        "text": b"no video" * 100,
        "cut": content[: len(content) // 2],
        "holes": content[:-3000] + bytes(3000),
    }
    for name, some in spoilt.items():
        (tmp_path / name).write_bytes(some)
        with pytest.raises(ProgramError, match=name) as caught:
            check_video(tmp_path / name, Limits())
        assert caught.value.trouble == "broken_output"
    with pytest.raises(ProgramError, match="over the limit"):
        check_video(whole, Limits(max_frames=10))


def test_sound_alone_is_no_video(tmp_path):
    media.write_audio(tmp_path / "sound.m4a", TONE)
    with pytest.raises(ProgramError, match="holds no video stream"):
        check_video(tmp_path / "sound.m4a", Limits())

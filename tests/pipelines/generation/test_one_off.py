"""One sound and one portrait to one video: any sound goes, what does not is refused in a sentence."""

import tracemalloc
from types import SimpleNamespace

import av
import cv2
import numpy as np
import pytest

from facecues.errors import UsageError
from facecues.models import media
from facecues.models.media import read_picture
from facecues.models.rendering.lead import reference_at
from facecues.models.rendering.warp import WarpRenderer
from facecues.pipelines.generation import one_off
from facecues.pipelines.generation.one_off import generate_one
from facecues.preprocess.geometry import Similarity
from facecues.preprocess.sound import is_audible, read_sound
from facecues.preprocess.template import TEMPLATE


@pytest.fixture
def portrait(tmp_path, astronaut, extractor):
    path = tmp_path / "portrait.png"
    cv2.imwrite(str(path), astronaut[..., ::-1])
    return path


@pytest.fixture
def stereo(tmp_path):
    """Writes a tone that is louder on the left, 44.1 kHz."""

    def write(seconds, loudness=0.3):
        path = tmp_path / "sound.wav"
        time_s = np.arange(round(44100 * seconds)) / 44100
        tone = loudness * np.sin(2 * np.pi * 220 * time_s)
        samples = (32767 * np.stack([tone, tone / 2], axis=1)).astype(np.int16)
        with av.open(str(path), "w") as container:
            stream = container.add_stream("pcm_s16le", rate=44100, layout="stereo")
            frame = av.AudioFrame.from_ndarray(samples.reshape(1, -1), format="s16", layout="stereo")
            frame.sample_rate = 44100
            container.mux(stream.encode(frame))
            container.mux(stream.encode())
        return path

    return write


@pytest.fixture
def cardboard(monkeypatch):
    """A head whose frames cost nothing."""
    pose = Similarity(np.eye(3), np.float64(58), np.array([128.0, 112.0, 0.0]))
    blank, who = np.zeros((256, 256, 3), np.uint8), reference_at(TEMPLATE, pose)
    head = SimpleNamespace(
        size=256,
        reference=who,
        crop=np.eye(2, 3),
        render=lambda cues, reference: (blank for _ in range(len(cues))),
    )
    renderer = SimpleNamespace(signature="cardboard", prepare=lambda picture, size, near: head)
    monkeypatch.setattr(one_off, "open_renderer", lambda name, device: renderer)


def make(audio, portrait, out, **options):
    return generate_one(
        "still", audio, portrait, **({"emotion": "happy", "level": 3, "out": out, "size": 256} | options)
    )


@pytest.mark.parametrize(("seconds", "frames"), [(0.5, 13), (0.2, 5), (0.01, 1)])
def test_stereo_at_any_rate_and_of_any_length_becomes_a_video_that_says_it(portrait, stereo, tmp_path, seconds, frames):
    told = []
    made = make(stereo(seconds), portrait, tmp_path / "new/folder/out.mp4", progress=lambda *done: told.append(done))
    assert made.frames == frames and told[-1] == (frames, frames)
    with av.open(str(made.video)) as container:
        assert len(list(container.decode(video=0))) == frames
        assert container.metadata["title"] == "synthetic: facecues generate"
        assert "happy level 3, seed 0, by still|v:1" in container.metadata["comment"]
        assert container.metadata["description"] == "portrait: portrait.png; sound: sound.wav"
    assert is_audible(read_sound(made.video))


def test_silence_is_played_too(cardboard, portrait, stereo, tmp_path):
    assert make(stereo(0.4, loudness=0), portrait, tmp_path / "out.mp4").frames == 10


def test_any_spelling_of_an_emotion_goes(cardboard, portrait, stereo, tmp_path):
    made = make(stereo(0.2), portrait, tmp_path / "out.mp4", emotion="Sur", level=1)
    with av.open(str(made.video)) as container:
        assert container.metadata["comment"].startswith("surprised level 1")


def test_what_cannot_be_made_is_refused_in_a_sentence_and_nothing_is_written(portrait, stereo, tmp_path):
    sound, out = stereo(0.2), tmp_path / "there/out.mp4"
    mute = tmp_path / "mute.mp4"
    media.write_video(mute, [np.zeros((64, 64, 3), np.uint8)])
    landscape = tmp_path / "landscape.png"
    cv2.imwrite(str(landscape), np.full((200, 200, 3), 128, np.uint8))

    def refused(message, audio=sound, picture=portrait, **options):
        with pytest.raises(UsageError, match=message):
            make(audio, picture, options.pop("out", out), **options)
        assert not out.parent.exists()

    refused("Unknown emotion 'joyful'; use one of angry", emotion="joyful")
    refused("Unknown level 4; use one of 1, 2, 3", level=4)
    refused("mute.mp4 has no sound that decodes: give a file with sound", audio=mute)
    refused("The sound of landscape.png cannot be read|has no sound that decodes", audio=landscape)
    refused("cannot be read.*: give a file with sound", audio=tmp_path / "nowhere.wav")
    refused("The portrait shows no face that is found", picture=landscape)
    refused("is no picture that can be read", picture=sound)
    refused("makes frames of 256 or 512 pixels, not 300", size=300)
    refused("what the video is made of", out=sound)
    refused("is a folder", out=tmp_path)


def test_memory_does_not_grow_with_the_length_but_for_the_sound(cardboard, portrait, stereo, tmp_path):
    def peak(seconds):
        audio = stereo(seconds)
        tracemalloc.start()
        made = make(audio, portrait, tmp_path / "out.mp4")
        most = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert made.frames == 25 * seconds
        return most

    bytes_of_sound = 4 * 16000
    assert peak(30) - peak(10) < 20 * 4 * bytes_of_sound  # as samples, as integers and once more on the way


def test_the_face_can_be_put_back_into_the_whole_portrait(portrait, stereo, tmp_path):
    made = make(stereo(0.2), portrait, tmp_path / "out.mp4", paste_back=True)
    shown = read_picture(portrait)
    with av.open(str(made.video)) as container:
        frames = [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]
        assert container.metadata["comment"].endswith("warp|lead:1@256, pasted back")
    assert frames[0].shape == shown.shape
    head = WarpRenderer().prepare(shown, 256)
    inside = cv2.warpAffine(np.ones((256, 256), np.uint8), cv2.invertAffineTransform(head.crop), shown.shape[1::-1])
    outside = inside == 0
    outside[-40:] = False  # the caption
    assert np.abs(frames[0].astype(int) - shown)[outside].mean() < 3

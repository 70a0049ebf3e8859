"""Rendered clips: in the reference's layout, with their sound, marked as synthetic, and each failing for itself."""

import shutil

import av
import numpy as np
import pytest

from facecues.models import media
from facecues.models.synth.corpus import caption
from facecues.preprocess.index import build_index
from facecues.preprocess.sound import is_audible, read_sound
from tests.pipelines.datasets import contents

HAPPY = "M001/video/front/happy/level_3/001.mp4"
NEUTRAL = "M001/video/front/neutral/level_1/001.mp4"


@pytest.fixture(scope="module")
def rendered(original, tmp_path_factory, cluster):
    """One actor's two clips, with their videos."""
    from facecues.pipelines.generation.config import GenerateConfig
    from facecues.pipelines.generation.run import generate

    out = tmp_path_factory.mktemp("rendered") / "out"
    settings = GenerateConfig(renderer="warp", actors=("M001",))
    return generate(settings, "still", original / "truth", out, scheduler=cluster)


@pytest.fixture
def copied(rendered, tmp_path):
    """A copy of what was rendered, as tmp_path/out."""
    shutil.copytree(rendered.out, tmp_path / "out")


def opened(path):
    with av.open(str(path)) as container:
        pictures = [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]
        return pictures, dict(container.metadata), float(container.streams.video[0].average_rate)


# What is in the folder


def test_videos_are_in_the_datasets_layout_and_play_with_their_sound(rendered, original):
    assert (rendered.videos, rendered.rendered, rendered.failures) == (2, 50, ())
    index = build_index(rendered.out)
    assert index.layout == "mead"
    assert {clip.video for clip in index.clips} == {HAPPY, NEUTRAL} and not any(clip.problem for clip in index.clips)
    for clip in index.clips:
        pictures, _, rate = opened(rendered.out / clip.video)
        assert (len(pictures), pictures[0].shape, rate) == (25, (256, 256, 3), 25.0)
        heard, source = read_sound(rendered.out / clip.video), read_sound(original / clip.video.replace("mp4", "m4a")
                                                                          .replace("video/front", "audio"))  # fmt: skip
        assert is_audible(heard)
        assert np.corrcoef(heard[:16000], source[:16000])[0, 1] > 0.95


def test_every_frame_and_the_file_say_that_they_are_synthetic_and_of_what(rendered):
    pictures, metadata, _ = opened(rendered.out / HAPPY)
    assert metadata["title"] == "synthetic: facecues generate"
    for part in ("M001/front/happy/level_3/001", "still|v:1", "sound M001/audio/happy/level_3/001.m4a", "warp"):
        assert part in metadata["comment"]
    assert metadata["description"].startswith("portrait: M001/front/neutral/level_1/001 at ")
    corner = slice(-12, None), slice(0, 40)
    for picture in pictures:
        assert np.abs(picture[corner].astype(int) - caption(picture)[corner]).mean() < 12


def test_nothing_is_left_beside_videos_and_cues(rendered):
    assert sorted(entry.name for entry in rendered.out.iterdir()) == ["M001", "cues"]
    assert not [file for file in rendered.out.rglob(".*.tmp")]


# Again


def test_only_what_is_missing_is_rendered_again(made, copied, tmp_path):
    (tmp_path / "out" / HAPPY).unlink()
    kept = (tmp_path / "out" / NEUTRAL).read_bytes()
    summary = made(renderer="warp", actors=("M001",))
    # The copied corpus lies elsewhere, and holds the same.
    assert (summary.ok, summary.frames, summary.videos, summary.rendered) == (2, 0, 2, 25)
    assert (tmp_path / "out" / NEUTRAL).read_bytes() == kept


def test_a_renderer_can_be_added_and_the_cues_stay_as_they_are(made, rendered, tmp_path):
    made(actors=("M001",))
    before = contents(tmp_path / "out/cues")
    assert made(actors=("M001",), renderer="warp").videos == 2
    after = contents(tmp_path / "out/cues")
    assert before.pop("store.json")["signature"] == after.pop("store.json")["signature"]
    assert before == after
    assert (tmp_path / "out" / HAPPY).read_bytes() == (rendered.out / HAPPY).read_bytes()


def test_an_interrupted_rendering_goes_on_where_it_stopped(made, tmp_path):
    def interrupt(event):
        if event.frames == 25 and event.total == 2 and event.ended == 1:
            raise KeyboardInterrupt

    made(actors=("M001",))
    assert made(actors=("M001",), renderer="warp", progress=interrupt).interrupted
    summary = made(actors=("M001",), renderer="warp")
    assert summary.videos == 2 and summary.rendered < 50 and not summary.interrupted
    assert not (tmp_path / "out/.rendering").exists()


# What fails


def test_a_portrait_that_cannot_be_read_costs_its_clip_alone(made, dataset, tmp_path):
    """The happy clip's portrait is from the neutral one, which shows nothing."""
    media.write_video(dataset / NEUTRAL, [np.zeros((256, 256, 3), np.uint8)] * 25)
    summary = made(actors=("M001",), renderer="warp")
    assert (summary.ok, summary.videos) == (2, 1)
    (failure,) = summary.failures
    assert (failure.clip_id, failure.reason) == ("M001/front/happy/level_3/001", "no_face")
    assert "The portrait shows no face that is found" in failure.message
    assert not (tmp_path / "out" / HAPPY).exists() and (tmp_path / "out" / NEUTRAL).exists()


def test_a_video_that_is_somebody_elses_is_not_overwritten(made, copied, tmp_path):
    shutil.rmtree(tmp_path / "out")
    theirs = tmp_path / "out" / HAPPY
    theirs.parent.mkdir(parents=True)
    media.write_video(theirs, [np.zeros((64, 64, 3), np.uint8)])
    before = theirs.read_bytes()
    (failure,) = made(renderer="warp", actors=("M001",)).failures
    assert "is not of facecues generate: name another folder" in failure.message
    assert theirs.read_bytes() == before


@pytest.mark.slow
def test_a_real_person_is_rendered_from_another_clip_of_theirs_at_25_frames_per_second(mead, tmp_path, cluster):
    """One of the clips runs at 30 frames per second; neither actor has a neutral clip here."""
    from facecues.config import ExtractConfig
    from facecues.pipelines.extract import extract
    from facecues.pipelines.generation.config import GenerateConfig
    from facecues.pipelines.generation.run import generate

    extract(build_index(mead), tmp_path / "store", ExtractConfig(), scheduler=cluster)
    settings = GenerateConfig(actors=("M030",), renderer="warp", data=mead)
    summary = generate(settings, "still", tmp_path / "store", tmp_path / "out", scheduler=cluster)
    assert (summary.ok, summary.videos, summary.failures) == (2, 2, ())
    pictures, metadata, rate = opened(tmp_path / "out/M030/video/front/sad/level_3/001.mp4")
    assert (len(pictures), rate) == (93, 25.0)
    assert metadata["description"].startswith("portrait: M030/front/angry/level_3/016 at ")


# How a portrait is led

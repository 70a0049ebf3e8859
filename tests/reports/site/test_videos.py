"""Videos that any browser plays, with their own times; a bad one costs itself."""

from fractions import Fraction

import av
import numpy as np
import pytest

from facecues.metrics.floors import REFERENCE
from facecues.reports.config import ReportConfig
from facecues.reports.site.videos import bring, bring_videos, choose_clips
from tests.reports.site.conftest import Files, make_results, moving


def write(path, codec, pixels="yuv420p", side=64, *, times=None, sound=False):
    """A video of any codec; `times` in 1/100 s."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=25)
        stream.width = stream.height = side
        stream.pix_fmt = pixels
        if times is not None:
            stream.codec_context.time_base = Fraction(1, 100)
        voice = container.add_stream("pcm_s16le", rate=16_000, layout="mono") if sound else None
        for index, picture in enumerate(moving(1, side, 20)):
            frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
            frame.pts = index if times is None else times[index]
            frame.time_base = Fraction(1, 25 if times is None else 100)
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
        if voice is not None:
            frame = av.AudioFrame.from_ndarray(np.full((1, 12_800), 3000, np.int16), format="s16", layout="mono")
            frame.sample_rate, frame.pts = 16_000, 0
            container.mux(voice.encode(frame))
            container.mux(voice.encode())


def seen(path):
    """Times of all frames in seconds, and what the streams are."""
    with av.open(str(path)) as container:
        kinds = [(s.codec_context.name, getattr(s.codec_context, "pix_fmt", None)) for s in container.streams]
        times = [frame.time for frame in container.decode(video=0)]
        return times, kinds, container.streams.video[0].height


def test_what_browsers_play_is_copied_byte_for_byte(clip_files, tmp_path):
    source = clip_files[REFERENCE, "one"]
    bring(source, tmp_path / "a" / "b.mp4")
    assert (tmp_path / "a" / "b.mp4").read_bytes() == source.read_bytes()


def test_a_silent_video_gets_the_sound_that_lies_beside_it(clip_files, tmp_path):
    source = clip_files[REFERENCE, "one"]
    write(tmp_path / "voice.mov", "libx264", sound=True)
    bring(source, tmp_path / "out.mp4", tmp_path / "voice.mov")
    times, kinds, _ = seen(tmp_path / "out.mp4")
    assert times == pytest.approx(seen(source)[0], abs=1e-4) and [kind for kind, _ in kinds] == ["h264", "aac"]
    with av.open(str(tmp_path / "out.mp4")) as container:
        loud = np.concatenate([frame.to_ndarray() for frame in container.decode(audio=0)], axis=1)
    assert np.abs(loud).max() > 0.05
    assert [path.name for path in tmp_path.iterdir() if path.suffix in (".part", ".heard")] == []


def test_a_sound_that_cannot_be_read_leaves_the_video_as_it_is(clip_files, tmp_path):
    source = clip_files[REFERENCE, "one"]
    (tmp_path / "noise.m4a").write_bytes(b"noise")
    for beside in (tmp_path / "noise.m4a", source):
        bring(source, tmp_path / "out.mp4", beside)
        assert (tmp_path / "out.mp4").read_bytes() == source.read_bytes()


@pytest.mark.parametrize(
    ("name", "codec", "pixels", "side"),
    [("a.avi", "mpeg4", "yuv420p", 64), ("b.mp4", "libx264", "yuv444p", 64), ("c.mp4", "libx264", "yuv420p", 720)],
)
def test_the_rest_becomes_h264_with_the_same_times(tmp_path, name, codec, pixels, side):
    write(tmp_path / name, codec, pixels, side)
    bring(tmp_path / name, tmp_path / "out.mp4")
    times, kinds, height = seen(tmp_path / "out.mp4")
    assert kinds[0] == ("h264", "yuv420p") and height == min(side, 480)
    assert times == pytest.approx([index / 25 for index in range(20)], abs=1e-4)


def test_uneven_times_stay_uneven(tmp_path):
    uneven = np.cumsum([0] + [3, 7] * 9 + [4]).tolist()
    write(tmp_path / "a.mkv", "mpeg4", times=uneven)
    bring(tmp_path / "a.mkv", tmp_path / "out.mp4")
    assert seen(tmp_path / "out.mp4")[0] == pytest.approx([each / 100 for each in uneven], abs=2e-3)


def test_sound_is_kept(tmp_path):
    write(tmp_path / "a.mkv", "mpeg4", sound=True)
    bring(tmp_path / "a.mkv", tmp_path / "out.mp4")
    with av.open(str(tmp_path / "out.mp4")) as container:
        assert container.streams.audio[0].codec_context.name == "aac"
        heard = [frame.to_ndarray() for frame in container.decode(audio=0)]
    assert np.abs(np.concatenate(heard, axis=1)).max() > 0.05


def test_a_broken_video_costs_only_itself(clip_files, tmp_path):
    brought = bring_videos(
        make_results(), Files(clip_files), ReportConfig(videos="all"), ["M-LD"], tmp_path, progress=lambda *_: None
    )
    assert set(brought.files) == set(clip_files) - {("theirs", "two")}
    assert "cannot be read" in brought.missing["theirs", "two"]
    assert not list(tmp_path.rglob("*.part"))


def test_hostile_names_stay_in_the_folder(clip_files, tmp_path):
    results = make_results(methods=("../../m",), clips=("../c", "=x()", "a/b"))
    source = clip_files[REFERENCE, "one"]
    paths = {(m, c): source for m in (REFERENCE, "../../m") for c in results.clips["clip_id"]}
    brought = bring_videos(
        results, Files(paths), ReportConfig(videos="all"), [], tmp_path / "site", progress=lambda *_: None
    )
    assert len(set(brought.files.values())) == 6
    assert {path.name for path in tmp_path.iterdir()} == {"site"}


def test_worst_and_best_clips_are_chosen_first():
    results = make_results(clips=tuple(f"clip{index:02d}" for index in range(30)))
    means = results.scores[results.scores["metric"] == "SSIM"].groupby("clip_id")["value"].mean()
    chosen = choose_clips(results, ReportConfig(most_videos=2), ["SSIM"])
    assert set(chosen) == {means.idxmin(), means.idxmax()}
    assert len(choose_clips(results, ReportConfig(most_videos=5), ["SSIM"])) == 5
    assert len(choose_clips(results, ReportConfig(videos="all"), ["SSIM"])) == 30
    assert choose_clips(results, ReportConfig(videos="none"), ["SSIM"]) == ()

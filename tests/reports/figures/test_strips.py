from dataclasses import replace

import av
import numpy as np
import pytest

from facecues.errors import ClipError
from facecues.metrics.contracts import CueTrack
from facecues.preprocess.template import TEMPLATE
from facecues.reports.config import FigureStyle
from facecues.reports.figures.contracts import NotDrawn
from facecues.reports.figures.strips import cut_strip, draw, spread_instants
from tests.reports.fakes import NoEvidence, fake_results

FRAMES = 20


@pytest.fixture
def video(tmp_path):
    """Frame k is grey of 10 k."""
    path = tmp_path / "clip.mp4"
    with av.open(str(path), "w") as file:
        stream = file.add_stream("libx264", rate=25)
        stream.width = stream.height = 128
        stream.pix_fmt = "yuv420p"
        for k in range(FRAMES):
            picture = av.VideoFrame.from_ndarray(np.full((128, 128, 3), 10 * k, np.uint8), format="rgb24")
            file.mux(stream.encode(picture))
        file.mux(stream.encode())
    return path


def track(length=FRAMES, missing=()):
    landmarks = np.tile(np.asarray(TEMPLATE, np.float32) * 30 + 64, (length, 1, 1))
    landmarks[list(missing)] = np.nan
    angles, pairs = np.zeros((length, 3), np.float32), np.zeros((length, 2), np.float32)
    return CueTrack(landmarks, landmarks, angles, pairs, pairs, pairs, pairs)


class OneVideo:
    def __init__(self, video, having):
        self._video, self._having = video, having

    def track(self, method, clip_id):
        return track() if method in self._having else None

    def video(self, method, clip_id):
        return self._video if method in self._having else None


def test_a_tile_shows_the_frame_of_its_instant(video):
    tiles = cut_strip(video, track(), (2, 9, FRAMES - 1))

    assert [round(float(np.median(tile)) / 10) for tile in tiles] == [2, 9, FRAMES - 1]


def test_tiles_are_small(video):
    (tile,) = cut_strip(video, track(), (0,))

    assert max(tile.shape[:2]) <= 160


def test_without_a_face_or_after_the_end_a_tile_is_empty(video):
    tiles = cut_strip(video, track(missing=[5]), (4, 5, FRAMES + 3))

    assert [tile is None for tile in tiles] == [False, True, True]


def test_a_file_that_is_no_video_is_a_clip_error(tmp_path):
    path = tmp_path / "clip.mp4"
    path.write_text("no video")

    with pytest.raises(ClipError):
        cut_strip(path, track(), (0,))


@pytest.mark.parametrize(("length", "count"), [(100, 6), (3, 6), (1, 2)])
def test_instants_lie_inside_the_clip_and_increase(length, count):
    instants = spread_instants(length, count)

    assert len(instants) == min(length, count)
    assert list(instants) == sorted(set(instants))
    assert instants[0] >= 0
    assert instants[-1] < length


def test_videos_that_are_gone_are_named(video):
    results = fake_results()
    having = ("reference", results.methods[0])

    (drawing,) = draw(results, OneVideo(video, having), FigureStyle())

    assert f"not there: {', '.join(results.methods[1:])}." in drawing.caption


def test_without_any_video_the_lack_is_said():
    with pytest.raises(NotDrawn, match="are there"):
        draw(fake_results(), NoEvidence(), FigureStyle())


def test_cues_alone_have_no_videos_to_be_missed():
    results = fake_results()
    with pytest.raises(NotDrawn, match="cues were evaluated"):
        draw(replace(results, videos=results.videos.assign(video=None)), NoEvidence(), FigureStyle())

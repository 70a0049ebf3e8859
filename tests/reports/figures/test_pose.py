import warnings

import numpy as np
import pytest

from facecues.reports.config import FigureStyle
from facecues.reports.figures.contracts import NotDrawn
from facecues.reports.figures.pose import band_of, draw
from facecues.reports.figures.style import save
from tests.reports.fakes import NoEvidence, fake_results
from tests.reports.figures.tracks import HOSTILE, FakeEvidence

STYLE = FigureStyle()


def test_the_band_holds_most_clips_at_each_instant():
    rotations = np.random.default_rng(0).normal(size=(11, 20, 3)).astype(np.float32)
    low, high = band_of(list(rotations))
    np.testing.assert_allclose(low, np.percentile(rotations.astype(np.float64), 10, axis=0))
    np.testing.assert_allclose(high, np.percentile(rotations.astype(np.float64), 90, axis=0))


def test_where_fewer_than_two_clips_go_on_there_is_no_band():
    band = band_of([np.zeros((5, 3), np.float32), np.ones((3, 3), np.float32)])
    assert band.shape == (2, 5, 3)
    assert not np.isnan(band[:, :3]).any()
    assert np.isnan(band[:, 3:]).all()


def test_frames_without_a_face_do_not_count():
    lost = np.full((4, 3), np.nan, np.float32)
    band = band_of([lost, np.ones((4, 3), np.float32), np.ones((4, 3), np.float32)])
    np.testing.assert_array_equal(band, 1)
    assert np.isnan(band_of([lost, np.ones((4, 3), np.float32)])).all()


def test_each_emotion_has_a_column_and_each_angle_a_row():
    results = fake_results()
    [drawing] = draw(results, FakeEvidence(), STYLE)
    axes = drawing.figure.axes
    assert [each.get_title() for each in axes[:3]] == list(results.groups("emotion"))
    assert [each.get_ylabel() for each in axes[::3]] == ["pitch (°)", "yaw (°)", "roll (°)"]
    assert all(len(each.lines) == 1 + 3 for each in axes)


def test_the_caption_names_the_clips_that_are_drawn():
    results = fake_results()
    [drawing] = draw(results, FakeEvidence(), STYLE)
    named = results.clips[[clip in drawing.caption for clip in results.clips["clip_id"]]]
    assert sorted(named["emotion"]) == sorted(results.groups("emotion"))


def test_a_chosen_clip_stands_for_its_emotion():
    results = fake_results()
    for clip in results.clips["clip_id"]:
        assert clip in draw(results, FakeEvidence(), FigureStyle(clip=clip))[0].caption


def test_one_clip_has_lines_but_no_band():
    [drawing] = draw(fake_results(clips=1, actors=1, emotions=0), FakeEvidence(), STYLE)
    assert "No band where there is one clip only." in drawing.caption
    assert "Grey" not in drawing.caption


def test_what_is_missing_is_said():
    with pytest.raises(NotDrawn, match="head pose"):
        draw(fake_results(), NoEvidence(), STYLE)
    with pytest.raises(NotDrawn, match="head pose"):
        draw(fake_results(methods=("a",)), FakeEvidence(lacking=["a"]), STYLE)
    [drawing] = draw(fake_results(), FakeEvidence(lacking=["second"]), STYLE)
    assert "no cues with a face are kept: second" in drawing.caption


def test_many_methods_and_emotions_and_hostile_names_are_drawn_without_a_warning(tmp_path):
    results = fake_results(methods=(*HOSTILE, *map(str, range(15))), metrics=("M-LD",), clips=8, actors=1, emotions=8)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        save(draw(results, FakeEvidence(missing=(0, 4, 5)), FigureStyle(most=20))[0], tmp_path)

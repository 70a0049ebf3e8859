import warnings
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from facecues.metrics.floors import REFERENCE
from facecues.reports.config import FigureStyle
from facecues.reports.figures.contracts import NotDrawn
from facecues.reports.figures.gaze import METRIC, draw, levels_of_mass
from facecues.reports.figures.style import save
from tests.reports.fakes import NoEvidence, fake_results
from tests.reports.figures.tracks import HOSTILE, FakeEvidence, fake_track

STYLE = FigureStyle()


def panels(drawing):
    return [axes for axes in drawing.figure.axes if axes.images]


def test_levels_hold_the_mass_and_no_bin_more_than_needed():
    fractions = np.random.default_rng(0).dirichlet(np.full(64, 0.3)).reshape(8, 8)
    for mass, level in zip((0.9, 0.5), levels_of_mass(fractions, (0.9, 0.5)), strict=True):
        assert fractions[fractions >= level].sum() >= mass
        assert fractions[fractions > level].sum() < mass


def test_all_panels_have_one_scale_and_add_up_to_all_frames():
    [drawing] = draw(fake_results(), FakeEvidence(), STYLE)
    images = [axes.images[0] for axes in panels(drawing)]
    assert len(images) == 3 * 4
    assert len({image.norm.vmax for image in images}) == 1
    for image in images:
        assert image.get_array().sum() == pytest.approx(100)


def test_the_picture_has_the_image_left_at_the_left_and_down_below():
    class Aside(FakeEvidence):
        def track(self, method, clip_id):
            track = fake_track()
            return replace(track, gaze_left=np.tile(np.float32([11, 21]), (len(track), 1)))

    [axes, *_] = panels(draw(fake_results(), Aside(), STYLE)[0])
    row, column = np.unravel_index(axes.images[0].get_array().argmax(), axes.images[0].get_array().shape)
    left, right, bottom, top = axes.images[0].get_extent()
    rows, columns = axes.images[0].get_array().shape
    assert left + (column + 0.5) * (right - left) / columns == pytest.approx(21, abs=1)
    assert top + (row + 0.5) * (bottom - top) / rows == pytest.approx(11, abs=1)
    assert axes.get_xlim()[0] > axes.get_xlim()[1]
    assert axes.get_ylim()[0] > axes.get_ylim()[1]


def test_numbers_are_those_that_were_measured():
    results = fake_results(methods=("first",), emotions=2)
    emotions = results.groups("emotion")
    rows = [
        {"method": "first", "group": f"emotion:{emotion}", "metric": METRIC, "value": value}
        for emotion, value in zip(emotions, (0.125, 0.375), strict=True)
    ]
    results = replace(results, summary=pd.concat([results.summary, pd.DataFrame(rows)]))
    [drawing] = draw(results, FakeEvidence(), STYLE)
    assert [text.get_text() for axes in panels(drawing) for text in axes.texts] == ["0.12", "0.38"]
    assert METRIC in drawing.caption


def test_without_labels_all_clips_are_one_group():
    [drawing] = draw(fake_results(emotions=0, actors=0), FakeEvidence(), STYLE)
    assert [axes.get_title() for axes in panels(drawing)] == [REFERENCE, "first", "second", "third"]
    assert "no emotion labels" in drawing.caption


def test_emotions_are_those_that_are_asked_for_in_that_order():
    results = fake_results()
    wanted = results.groups("emotion")[1::-1]
    [drawing] = draw(results, FakeEvidence(), FigureStyle(emotions=wanted))
    assert [axes.get_title() for axes in panels(drawing)][:2] == list(wanted)
    with pytest.raises(NotDrawn, match="bored"):
        draw(results, FakeEvidence(), FigureStyle(emotions=("bored",)))


def test_what_is_missing_is_said():
    with pytest.raises(NotDrawn, match="the reference"):
        draw(fake_results(), NoEvidence(), STYLE)
    with pytest.raises(NotDrawn, match="the methods"):
        draw(fake_results(methods=("a",)), FakeEvidence(lacking=["a"]), STYLE)
    [drawing] = draw(fake_results(), FakeEvidence(lacking=["second"]), STYLE)
    assert "no cues with a face are kept: second" in drawing.caption


@pytest.mark.parametrize("emotions", [0, 1, 8])
def test_any_number_of_methods_fits_a_page(emotions, tmp_path):
    names = (*HOSTILE, *map(str, range(15)))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for methods in (names[:1], names):
            results = fake_results(methods=methods, metrics=("M-LD",), clips=8, actors=1, emotions=emotions, limits=())
            [drawing] = draw(results, FakeEvidence(), FigureStyle(most=20))
            save(drawing, tmp_path)
            assert drawing.figure.get_size_inches()[1] * 25.4 <= 230

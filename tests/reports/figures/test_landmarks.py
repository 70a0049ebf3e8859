import warnings

import numpy as np
import pytest

from facecues.metrics.floors import REFERENCE
from facecues.reports.config import FigureStyle
from facecues.reports.figures.contracts import NotDrawn
from facecues.reports.figures.landmarks import distance, draw
from facecues.reports.figures.style import save
from tests.reports.fakes import NoEvidence, fake_results
from tests.reports.figures.tracks import HOSTILE, FakeEvidence, fake_track, shifted

STYLE = FigureStyle()


def test_distance_is_zero_for_identical_and_the_shift_for_shifted():
    track = fake_track()
    assert distance(track, track) == 0
    assert distance(shifted(track, 0.25), track) == pytest.approx(0.25, rel=1e-5)


def test_distance_leaves_out_frames_without_both_faces():
    track = fake_track(missing=(0, 1))
    assert distance(shifted(track, 0.25), fake_track(missing=(3,), frames=30)) is not None
    assert distance(fake_track(missing=range(50)), track) is None


def test_each_method_has_a_row_and_each_instant_a_column():
    [drawing] = draw(fake_results(), FakeEvidence(), FigureStyle(instants=4))
    [axes] = drawing.figure.axes
    assert [label.get_text().split("\n")[0] for label in axes.get_yticklabels()] == ["first", "second", "third"]
    assert len(axes.get_xticks()) == 4
    assert axes.get_ylim()[0] > axes.get_ylim()[1]


def test_faces_keep_their_proportions():
    figure = draw(fake_results(), FakeEvidence(), STYLE)[0].figure
    [axes] = figure.axes
    width, height = figure.get_size_inches() * axes.get_position().size
    assert width / abs(np.diff(axes.get_xlim())[0]) == pytest.approx(height / abs(np.diff(axes.get_ylim())[0]))


def test_the_first_methods_are_shown_and_the_others_named():
    [drawing] = draw(fake_results(), FakeEvidence(lacking=["first"]), FigureStyle(most=2))
    assert "Not chosen for this figure: third." in drawing.caption
    assert "no cues with a face are kept: first." in drawing.caption


def test_instants_without_a_face_are_marked():
    class Lost(FakeEvidence):
        def track(self, method, clip_id):
            return fake_track(1, 20, range(5)) if method == "first" else super().track(method, clip_id)

    [drawing] = draw(fake_results(), Lost(), STYLE)
    assert {text.get_text() for text in drawing.figure.axes[0].texts} == {"no face", "over"}


def test_without_cues_it_says_so():
    with pytest.raises(NotDrawn, match="reference"):
        draw(fake_results(), NoEvidence(), STYLE)
    with pytest.raises(NotDrawn, match="No method's cues"):
        draw(fake_results(methods=("a",)), FakeEvidence(lacking=["a"]), STYLE)


def test_a_clip_without_cues_is_not_taken_unless_asked_for():
    results = fake_results()
    [usual] = draw(results, FakeEvidence(), STYLE)
    clip = next(name for name in results.clips["clip_id"] if f"clip {name} " in usual.caption)
    [other] = draw(results, FakeEvidence(lacking=[(REFERENCE, clip)]), STYLE)
    assert f"clip {clip} " not in other.caption
    with pytest.raises(NotDrawn, match=clip):
        draw(results, FakeEvidence(lacking=[(REFERENCE, clip)]), FigureStyle(clip=clip))


def test_hostile_names_and_a_single_frame_are_drawn_without_a_warning(tmp_path):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for evidence in (FakeEvidence(), FakeEvidence(frames=1)):
            for drawing in draw(fake_results(methods=HOSTILE), evidence, STYLE):
                assert all(path.stat().st_size for path in save(drawing, tmp_path))

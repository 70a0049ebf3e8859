import warnings

import numpy as np
import pytest

from facecues.models.gaze_bins import GAZE360, MEAD
from facecues.preprocess.geometry import gaze_vector, rotation_matrix
from facecues.reports.config import FigureStyle
from facecues.reports.figures.contracts import NotDrawn
from facecues.reports.figures.discretisation import decoded, draw, head_gaze
from facecues.reports.figures.style import save
from tests.reports.fakes import NoEvidence, fake_results
from tests.reports.figures.tracks import FakeEvidence, fake_track

STYLE = FigureStyle()


def test_gaze_is_seen_from_the_head():
    track = fake_track()
    in_head = gaze_vector(head_gaze(track))
    back = (rotation_matrix(track.rotation.astype(np.float64)) @ in_head[..., None])[..., 0]
    np.testing.assert_allclose(back, gaze_vector(track.gaze.astype(np.float64)), atol=1e-6)


def test_decoding_is_off_by_no_more_than_the_bins_allow():
    angles = np.append(np.random.default_rng(0).uniform(-30, 30, 200), np.nan)
    error = decoded(MEAD, angles) - angles
    assert np.nanmax(np.abs(error)) <= MEAD.width / 2 + 1e-9
    assert np.isnan(error[-1])
    error = decoded(GAZE360, angles) - angles
    assert -GAZE360.width <= np.nanmin(error) and np.nanmax(error) <= 1e-9


def test_the_heat_map_has_one_class_per_frame_with_gaze():
    [drawing] = draw(fake_results(clips=1, actors=1), FakeEvidence(missing=(3, 4)), STYLE)
    maps = [axes.images[0].get_array() for axes in drawing.figure.axes if axes.images]
    assert len(maps) == 2
    for hot in maps:
        assert hot.shape[0] == MEAD.count
        assert (hot.sum(axis=0) == 1).sum() == hot.shape[1] - 2


def test_no_method_is_needed_but_a_reference_is():
    everyone = fake_results()
    assert draw(everyone, FakeEvidence(lacking=everyone.methods), STYLE)
    with pytest.raises(NotDrawn, match="reference"):
        draw(everyone, NoEvidence(), STYLE)


def test_missing_frames_and_a_single_frame_are_drawn_without_a_warning(tmp_path):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for evidence in (FakeEvidence(missing=(0, 7)), FakeEvidence(frames=1)):
            save(draw(fake_results(), evidence, STYLE)[0], tmp_path)

from dataclasses import replace

import pandas as pd
import pytest

from facecues.reports.config import FigureStyle
from facecues.reports.figures.contracts import NotDrawn
from facecues.reports.figures.distributions import behind_best, draw
from facecues.reports.figures.style import save
from tests.reports.fakes import NoEvidence, fake_results

STYLE = FigureStyle()


def compared(first, second, winner=None):
    return pd.DataFrame(
        [
            {
                "first": first,
                "second": second,
                "difference": 2.0,
                "low": 1.0,
                "high": 4.0,
                "winner": winner,
                "winner_these_actors": winner,
            }
        ]
    )


@pytest.mark.parametrize(
    ("first", "second", "higher", "expected"),
    [
        ("other", "best", False, (2.0, 1.0, 4.0)),
        ("best", "other", False, (-2.0, -4.0, -1.0)),
        ("other", "best", True, (-2.0, -4.0, -1.0)),
        ("best", "other", True, (2.0, 1.0, 4.0)),
    ],
)
def test_positive_is_worse_whichever_way_is_better(first, second, higher, expected):
    behind = behind_best(compared(first, second), "best", higher_is_better=higher)["other"]

    assert (behind.difference, behind.low, behind.high) == expected


def test_only_a_win_of_the_best_one_is_significant():
    assert behind_best(compared("other", "best", "best"), "best", higher_is_better=False)["other"].over_actors
    assert not behind_best(compared("other", "best"), "best", higher_is_better=False)["other"].over_actors


def test_each_metric_gets_a_figure_in_three_formats(tmp_path):
    results = fake_results()

    drawings = draw(results, NoEvidence(), STYLE)

    assert len({drawing.name for drawing in drawings}) == len(drawings)
    assert [path.suffix for path in save(drawings[0], tmp_path)] == [".pdf", ".svg", ".png"]


@pytest.mark.parametrize("clips", [1, 2])
def test_few_clips_are_drawn_too(clips):
    assert draw(fake_results(clips=clips), NoEvidence(), STYLE)


def test_without_scores_the_lack_is_said():
    results = fake_results()

    with pytest.raises(NotDrawn, match="No metric"):
        draw(replace(results, scores=results.scores.iloc[:0]), NoEvidence(), STYLE)


def test_methods_that_nothing_was_measured_of_are_named():
    results = fake_results()
    lacking = results.methods[-1]
    results = replace(results, scores=results.scores[results.scores["method"] != lacking])

    assert f"Without a value: {lacking}." in draw(results, NoEvidence(), STYLE)[0].caption

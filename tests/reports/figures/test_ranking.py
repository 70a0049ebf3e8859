from dataclasses import replace

import pandas as pd
import pytest

from facecues.reports.config import FigureStyle
from facecues.reports.figures.contracts import NotDrawn
from facecues.reports.figures.ranking import draw, mean_ranks, tied_groups
from tests.reports.fakes import NoEvidence, fake_results

STYLE = FigureStyle()


def pairs(*names):
    return {frozenset(name) for name in names}


def test_the_best_method_has_rank_one_whichever_way_is_better():
    scores = pd.DataFrame({"a": [1.0, 2.0], "b": [3.0, 4.0]})

    assert mean_ranks(scores, higher_is_better=False) == {"a": 1.0, "b": 2.0}
    assert mean_ranks(scores, higher_is_better=True) == {"b": 1.0, "a": 2.0}


def test_ties_share_the_mean_of_their_ranks():
    assert mean_ranks(pd.DataFrame({"a": [1.0], "b": [1.0]}), higher_is_better=False) == {"a": 1.5, "b": 1.5}


def test_a_bar_joins_only_methods_that_are_all_tied_with_each_other():
    assert tied_groups("abc", pairs("ab", "bc")) == (("a", "b"), ("b", "c"))
    assert tied_groups("abc", pairs("ab", "bc", "ac")) == (("a", "b", "c"),)
    assert tied_groups("abc", set()) == ()


def test_every_tied_pair_stands_in_a_bar_though_another_method_stands_between():
    assert tied_groups("abc", pairs("ac")) == (("a", "c"),)


@pytest.mark.parametrize("count", [2, 7, 20])
def test_names_do_not_overlap(count):
    results = fake_results(methods=tuple(f"$a_{{{k}}}$ method of a long name" for k in range(count)))

    for drawing in draw(results, NoEvidence(), STYLE):
        drawing.figure.set_dpi(200)
        drawing.figure.draw_without_rendering()
        for axis in drawing.figure.axes:
            boxes = [text.get_window_extent() for text in axis.texts]
            overlaps = sum(one.overlaps(other) for k, one in enumerate(boxes) for other in boxes[:k])
            assert overlaps == 0
            assert all(box.x0 >= 0 and box.x1 <= drawing.figure.bbox.width for box in boxes)


def test_clips_that_a_method_lacks_are_left_out_and_counted():
    results = fake_results()
    metric = next(iter(results.metrics))
    first = results.scores["clip_id"] == results.clips["clip_id"].iloc[0]
    own = results.scores["method"] == results.methods[0]
    results = replace(results, scores=results.scores[~(first & own)])

    assert f"1 for {metric}" in draw(results, NoEvidence(), STYLE)[0].caption


def test_one_method_has_no_ranking():
    results = fake_results()

    with pytest.raises(NotDrawn, match="two methods"):
        draw(results, NoEvidence(), FigureStyle(methods=results.methods[:1]))

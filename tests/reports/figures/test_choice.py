import pytest

from facecues.reports.config import FigureStyle
from facecues.reports.figures.choice import chosen_clip, chosen_methods, chosen_metrics
from facecues.reports.figures.contracts import NotDrawn
from tests.reports.fakes import fake_results


def test_the_clip_in_the_middle_is_chosen():
    results = fake_results(clips=5)
    scores = results.scores[results.scores["method"].isin(results.methods)]
    means = scores[scores["metric"] == "M-LD"].groupby("clip_id")["value"].mean().sort_values()

    assert chosen_clip(results, FigureStyle()) == means.index[2]


def test_what_the_style_names_is_taken_in_its_order():
    results = fake_results()
    clip = str(results.clips["clip_id"].iloc[-1])
    style = FigureStyle(clip=clip, methods=("third", "first"), metrics=("SSIM", "M-LD"))

    assert chosen_clip(results, style) == clip
    assert chosen_methods(results, style) == ("third", "first")
    assert [each.info.name for each in chosen_metrics(results, style)] == ["SSIM", "M-LD"]


def test_at_most_so_many_methods_are_chosen():
    assert chosen_methods(fake_results(), FigureStyle(most=2)) == ("first", "second")


@pytest.mark.parametrize("style", [FigureStyle(clip="other"), FigureStyle(methods=("other",))])
def test_what_is_not_there_is_said(style):
    with pytest.raises(NotDrawn, match="'other'"):
        chosen_clip(fake_results(), style)
        chosen_methods(fake_results(), style)

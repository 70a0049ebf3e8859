"""What a terminal shows of an evaluation."""

import io
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
from rich.console import Console

from facecues.pipelines.evaluation.present import render_evaluation
from facecues.pipelines.evaluation.run import EvaluateSummary


def line(method, metric, value, **other):
    usual = {"group": "all", "low": None, "high": None, "coverage": 1.0, "note": None, "better": "lower", "unit": "iod"}
    return {"method": method, "metric": metric, "value": value} | usual | other


TABLE = pd.DataFrame(
    [
        line("good", "F-LD", 0.0123, low=0.01, high=0.02),
        line("[bad]", "F-LD", 0.5, coverage=0.25),
        line("still", "F-LD", 0.7),
        line("good", "SSIM", 0.9, better="higher", unit=""),
        line("[bad]", "SSIM", None, better="higher", unit="", note="no [face] anywhere"),
        line("reference", "EmoAcc-fer", 0.625, better="higher", unit=""),
        line("good", "F-LD", 99.0, group="actor:M003"),
    ]
)
SUMMARY = EvaluateSummary(Path("/runs/[one]"), 4, ("good", "[bad]"), table=TABLE, seconds=65.0, videos=8)


def shown(summary, ranks=None, width=100):
    text = io.StringIO()
    Console(file=text, width=width).print(render_evaluation(summary, ranks))
    return text.getvalue()


def test_methods_come_before_the_reference_and_floors_with_values_over_all_clips():
    text = shown(SUMMARY)
    at = [text.index(name) for name in ("good", "[bad]", "reference", "still")]
    assert at == sorted(at)
    assert "0.0123" in text and "0.625" in text and "99" not in text
    assert "F-LD↓" in text and "SSIM↑" in text and "iod" in text


def test_intervals_and_less_than_full_coverage_stand_with_the_value():
    text = shown(SUMMARY)
    assert "±0.005" in text and "0.5 (25%)" in text and "0.0123 (" not in text


def test_what_is_missing_failed_or_not_to_be_had_is_told():
    text = shown(
        replace(
            SUMMARY,
            missing={"good": 1, "[bad]": 0},
            extra={"good": 2, "[bad]": 0},
            failed=tuple(("[bad]", f"c{at}", "it is [no] video") for at in range(5)),
            absent={"inception": "FID needs inception: put it there"},
        ),
        width=200,
    )
    assert "good: 1 of 4 clips missing, 2 that the reference does not have" in text
    assert "5 videos could not be used" in text and text.count("it is [no] video") == 3
    assert "no inception: FID needs inception: put it there" in text


def test_one_reason_of_several_absences_is_told_once():
    text = shown(replace(SUMMARY, absent=dict.fromkeys(["SSIM", "PSNR"], "there are no pictures")), width=200)
    assert text.count("there are no pictures") == 1 and "no SSIM, PSNR: there are no pictures" in text


def test_comparisons_are_counted():
    comparisons = pd.DataFrame({"distinguishable": [True, False, None], "winner": ["good", None, None]})
    text = shown(replace(SUMMARY, comparisons=comparisons), width=200)
    assert "3 comparisons of two methods: 1 significant" in text and "1 below the noise" in text


def test_an_interrupted_run_says_how_to_go_on():
    text = shown(EvaluateSummary(Path("/runs/one"), 4, ("good",), interrupted=True))
    assert "Interrupted" in text and "same command" in text and "/runs/one" in text


@pytest.mark.parametrize("width", [40, 80, 300])
def test_any_width_will_do_and_names_are_no_markup(width):
    text = shown(SUMMARY, width=width)
    assert "[bad]" in text and "/runs/[one]" in text.replace("\n", "")


def test_ranks_against_another_run_have_a_table_of_their_own():
    ranks = pd.DataFrame([{"metric": "F-LD", "methods": 7, "spearman": 0.14, "kendall": None, "note": None}])
    text = shown(SUMMARY, ranks)
    assert "0.14" in text and "Spearman" in text


def test_a_program_gets_values_over_all_clips():
    told = SUMMARY.as_json()
    assert len(told["values"]) == 6 and told["values"][4]["value"] is None
    assert (told["clips"], told["methods"], told["interrupted"]) == (4, ("good", "[bad]"), False)

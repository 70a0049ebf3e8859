"""Metrics of sets in tables: who beats whom in them, by which test, and which changes nobody tested."""

import pytest

from facecues.reports.config import ColumnStyle, ReportConfig, TableStyle
from facecues.reports.results import Results
from facecues.reports.tables.build import build_tables
from facecues.reports.tables.model import Change, Table
from tests.reports.tables.made import made, with_draws

ACTORS = tuple("AABBCCDDEEFFGG")
"""Seven: enough for a difference to be significant."""

GOOD = [0.010 + 0.001 * number for number in range(14)]
BAD = [value + 0.5 for value in GOOD]
FID = {"bad": 9.0, "good": 5.0, "same": 5.01}
TWO_RUNS = (("bad", "good"), ("same",))


def results(fid: dict[str, float]) -> Results:
    values = {"bad": {"M-LD": BAD}, "good": {"M-LD": GOOD}, "same": {"M-LD": GOOD}}
    return made(values, actors=ACTORS, sets={name: {"FID": value} for name, value in fid.items()})


def one(of: Results, *columns: str, **style: object) -> Table:
    named = [ColumnStyle(metric=name) for name in columns]
    wanted = TableStyle.model_validate({"name": "t", "columns": named} | style)
    return build_tables(of, ReportConfig(tables=(wanted,)))[0]


def beats(table: Table, method: str, column: int) -> tuple[str, ...]:
    return next(row.cells[column].beats for _, row in table.rows() if row.name == method)


def change(table: Table, method: str, column: int = 0) -> Change:
    found = next(row.cells[column].change for _, row in table.rows() if row.name == method)
    assert found is not None
    return found


def test_letters_are_of_the_test_that_the_note_names() -> None:
    drawn = with_draws(results(FID), "FID")
    table = one(drawn, "M-LD", "FID")
    assert beats(table, "good", 1) == ("a",) and beats(table, "bad", 1) == ()
    assert "(sign-flip test over actors, paired bootstrap over actors in FID, level 0.05" in table.notes[0]
    assert "(paired bootstrap over actors, level 0.05" in one(drawn, "FID").notes[0]
    assert "(sign-flip test over actors, level 0.05" in one(results(FID), "M-LD", "FID").notes[0]
    assert not any("one run" in note for note in table.notes)


def test_over_clips_nothing_was_tested() -> None:
    table = one(with_draws(results(FID), "FID"), "M-LD", "FID", significance="clips")
    assert beats(table, "good", 0) and not beats(table, "good", 1)
    assert "FID: no score per clip, and so no test over clips" in table.notes


def test_methods_of_other_runs_are_not_compared_and_the_note_says_so() -> None:
    table = one(with_draws(results(FID), "FID", pairs=TWO_RUNS), "M-LD", "FID")
    assert beats(table, "good", 1) == ("a",) and beats(table, "same", 1) == ()
    assert "FID: only methods of one run that have equally many clips were compared" in table.notes


def test_changes_are_tested_where_the_evaluation_drew_actors() -> None:
    drawn = with_draws(results(FID), "FID")
    table = one(drawn, "M-LD", "FID", kind="ablation", baseline="good")
    bad, same = change(table, "bad", 1), change(table, "same", 1)
    assert bad.low is not None and bad.high is not None
    assert bad.difference == pytest.approx(4.0) and bad.low < 4.0 < bad.high and bad.significant is True
    assert same.difference == pytest.approx(0.01) and same.significant is False
    turned = change(one(drawn, "FID", kind="ablation", baseline="bad"), "good")
    assert (turned.difference, turned.low, turned.high) == (-bad.difference, -bad.high, -bad.low)
    assert "sign-flip test over actors, paired bootstrap over actors in FID, level" in table.notes[0]
    assert not any("not tested" in note or "one run" in note for note in table.notes)


def test_changes_are_corrected_over_the_rows_of_the_table_only() -> None:
    others = dict.fromkeys("cdefgh", 5.0)
    drawn = with_draws(results({"bad": 9.0, "good": 5.0, **others}), "FID")
    few = one(drawn, "FID", kind="ablation", baseline="good", methods=("bad",))
    many = one(drawn, "FID", kind="ablation", baseline="good", methods=("bad", *others))
    assert change(few, "bad").significant is True  # 2/128 alone
    assert change(many, "bad").significant is False  # 7 * 2/128 among seven


def test_changes_between_runs_are_plain_differences() -> None:
    table = one(with_draws(results(FID), "FID", pairs=TWO_RUNS), "FID", kind="ablation", baseline="good")
    assert change(table, "bad").significant is True
    plain = change(table, "same")
    assert plain.difference == pytest.approx(0.01)
    assert (plain.low, plain.high, plain.significant) == (None, None, None)
    assert "FID: only methods of one run that have equally many clips were compared" in table.notes

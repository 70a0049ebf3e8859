"""Results to tables."""

from dataclasses import replace

import pytest

from facecues.errors import UsageError
from facecues.reports.config import Capabilities, ColumnStyle, MethodStyle, ReportConfig, TableStyle
from facecues.reports.presets import preset
from facecues.reports.reported import Reported, ReportedValues
from facecues.reports.results import Results
from facecues.reports.tables.build import build_tables
from facecues.reports.tables.model import Cell, Row, Table
from tests.reports.tables.made import made

ACTORS = ("A", "A", "B", "B", "C", "C", "D", "D", "E", "E", "F", "F", "G", "G")
"""Seven: enough for a difference to be significant."""

GOOD = [0.010 + 0.001 * number for number in range(14)]
BAD = [value + 0.5 for value in GOOD]


def _one(results: Results, style: TableStyle, reported: Reported | None = None) -> Table:
    return build_tables(results, ReportConfig(tables=(style,)), reported)[0]


def _main(results: Results, *columns: str) -> Table:
    return _one(results, TableStyle(name="main", columns=tuple(ColumnStyle(metric=name) for name in columns)))


def _rows(table: Table, kind: str = "methods") -> dict[str, Row]:
    return {row.name: row for section, row in table.rows() if section.kind == kind}


def _cell(table: Table, method: str, column: int = 0, kind: str = "methods") -> Cell:
    return _rows(table, kind)[method].cells[column]


def test_a_cell_is_the_summary() -> None:
    results = made({"ours": {"M-LD": [0.1, 0.2, None]}}, actors=("A", "B", "C"))
    cell = _cell(_main(results, "M-LD"), "ours")
    row = results.summary[results.summary["group"] == "all"].iloc[0]
    assert (cell.value, cell.low, cell.high) == (row["value"], row["low"], row["high"])
    assert (cell.n_clips, cell.n_expected) == (2, 3)
    assert cell.coverage == pytest.approx(2 / 3)
    assert cell.partial
    assert cell.reason is None


def test_methods_of_the_configuration_come_first_with_their_titles() -> None:
    results = made({name: {"M-LD": [0.1]} for name in ("a", "b", "c")})
    named = (MethodStyle(name="gone"), MethodStyle(name="c", title="Ours $&_", citation="key"))
    (table,) = build_tables(results, ReportConfig(methods=named, tables=(TableStyle(name="main"),)))
    rows = list(_rows(table).values())
    assert [row.name for row in rows] == ["c", "a", "b"]
    assert (rows[0].title, rows[0].citation, rows[1].title) == ("Ours $&_", "key", "a")


def test_a_name_stands_for_all_metrics_that_it_begins_unless_one_is_called_so() -> None:
    results = made({"ours": {"EmoAcc-fer": [1.0], "EmoAcc-enet": [None], "M-LD": [0.1]}})
    assert [column.name for column in _main(results, "EmoAcc", "M-LD").columns] == ["EmoAcc-fer", "M-LD"]
    assert [column.name for column in _main(results, "EmoAcc", "EmoAcc-fer").columns] == ["EmoAcc-fer"]
    both = made({"ours": {"EmoAcc-fer": [1.0], "EmoAcc-enet": [0.0]}})
    style = TableStyle(name="t", columns=(ColumnStyle(metric="EmoAcc", title="accuracy"),))
    assert [column.title for column in _one(both, style).columns] == ["accuracy (fer)", "accuracy (enet)"]


def test_an_unknown_metric_stays_as_an_empty_column_that_is_explained() -> None:
    table = _main(made({"ours": {"M-LD": [0.1]}}), "M-LD", "LSE-C")
    assert [column.name for column in table.columns] == ["M-LD", "LSE-C"]
    assert _cell(table, "ours", 1) == Cell()
    assert "LSE-C: not measured in these runs" in table.notes


def test_a_metric_in_another_spelling_is_not_measured_and_the_right_one_is_named() -> None:
    assert "m-ld: not measured in these runs, but M-LD is" in _main(made({"ours": {"M-LD": [0.1]}}), "m-ld").notes


def test_a_metric_that_nobody_has_says_why() -> None:
    sentence = "net.pth (a network), which FID cannot do without, is not here (no answer): get it from there"
    results = made({"ours": {"M-LD": [0.1], "EmoAcc-fer": [None]}}, absent={"FID": sentence}, reason="no_label")
    notes = _main(results, "M-LD", "FID", "EmoAcc").notes
    assert "FID: not measured: net.pth is not here, run.json says where to get it" in notes
    assert "EmoAcc-fer: no method has a value: the emotions of the clips are not known" in notes


def test_a_metric_that_one_method_lacks_still_ranks_the_others() -> None:
    table = _main(made({"a": {"M-LD": [0.1]}, "b": {"M-LD": [None]}, "c": {"M-LD": [0.2]}, "d": {}}), "M-LD")
    assert [_cell(table, name).rank for name in ("a", "b", "c")] == [1, None, 2]
    assert _cell(table, "b").reason == "video_missing"


def test_digits_are_the_same_for_methods_and_floors() -> None:
    results = made({"ours": {"M-LD": [0.0314]}, "still": {"M-LD": [12.5]}})
    assert _main(results, "M-LD").columns[0].digits == 1
    style = TableStyle(name="t", limits=False, columns=(ColumnStyle(metric="M-LD"),))
    assert _one(results, style).columns[0].digits == 4
    style = TableStyle(name="t", columns=(ColumnStyle(metric="EmoAcc-fer", percent=True),))
    column = _one(made({"ours": {"EmoAcc-fer": [0.755]}}), style).columns[0]
    assert (column.digits, column.unit) == (1, "%")


def test_floors_are_set_apart_explained_and_never_ranked() -> None:
    table = _main(made({"a": {"M-LD": [0.2]}, "b": {"M-LD": [0.3]}, "still": {"M-LD": [0.1]}}), "M-LD")
    assert [section.kind for section in table.sections] == ["methods", "limits"]
    assert _cell(table, "still", kind="limits").rank is None
    assert _cell(table, "a").rank == 1
    assert any(note.startswith("still: the reference's first frame") for note in table.notes)


def test_a_floor_without_any_of_the_values_is_left_out() -> None:
    results = made({"ours": {"M-LD": [0.2], "Blinks": [3.0]}, "reference": {"Blinks": [2.0]}})
    assert "reference" not in _rows(_main(results, "M-LD"), "limits")
    assert "reference" in _rows(_main(results, "Blinks"), "limits")


def test_letters_name_the_rows_that_are_beaten() -> None:
    table = _main(made({"bad": {"M-LD": BAD}, "good": {"M-LD": GOOD}}, actors=ACTORS), "M-LD")
    assert [row.letter for row in _rows(table).values()] == ["a", "b"]
    assert _cell(table, "good").beats == ("a",)
    assert _cell(table, "bad").beats == ()
    assert "over actors, level 0.05 after Holm within the column" in table.notes[0]


def test_too_few_actors_beat_nobody_and_the_note_says_so() -> None:
    results = made({"bad": {"M-LD": BAD[:6]}, "good": {"M-LD": GOOD[:6]}}, actors=("A", "A", "B", "B", "C", "C"))
    table = _main(results, "M-LD")
    assert [row.letter for row in _rows(table).values()] == [None, None]
    assert table.notes[0].startswith("no method beats another significantly")
    assert any("no difference can be significant at 0.05 over actors" in note for note in table.notes)


def test_significance_over_clips_is_labelled_as_such() -> None:
    results = made({"bad": {"M-LD": BAD}, "good": {"M-LD": GOOD}}, actors=("A",) * 7 + ("B",) * 7)
    style = TableStyle(name="t", columns=(ColumnStyle(metric="M-LD"),), significance="clips")
    table = _one(results, style)
    assert _cell(table, "good").beats == ("a",)
    assert "for these actors only" in table.notes[0]
    assert not any(
        row.letter for row in _rows(_one(results, style.model_copy(update={"significance": "none"}))).values()
    )


def test_sixty_methods_have_sixty_letters() -> None:
    values = {f"m{number:02d}": {"M-LD": GOOD if number else BAD} for number in range(60)}
    results = made(values, actors=ACTORS)
    results.comparisons["winner"] = results.comparisons["second"].where(results.comparisons["first"] == "m00")
    rows = _rows(_main(results, "M-LD"))
    assert len({row.letter for row in rows.values()}) == 60
    assert (rows["m26"].letter, rows["m52"].letter, rows["m59"].letter) == ("A", "a1", "h1")
    assert rows["m59"].cells[0].beats == ("a",)


def test_one_actor_has_no_interval_and_the_note_says_so() -> None:
    table = _main(made({"a": {"M-LD": [0.1, 0.2]}, "b": {"M-LD": [0.2, 0.3]}}, actors=("A", "A")), "M-LD")
    assert (_cell(table, "a").low, _cell(table, "a").high) == (None, None)
    assert "one actor: no interval over actors" in table.notes
    assert "2 clips of 1 actor" in table.caption


def test_one_clip_is_still_a_table() -> None:
    table = _main(made({"a": {"M-LD": [0.1]}, "b": {"M-LD": [0.2]}}), "M-LD")
    assert _cell(table, "a").value == 0.1
    assert "1 clip, whose actors are not known" in table.caption


def test_unknown_actors_are_said_once() -> None:
    table = _main(made({"a": {"M-LD": [0.1, 0.2]}, "b": {"M-LD": [0.2, 0.3]}}), "M-LD")
    assert len([note for note in table.notes if "actors unknown" in note]) == 1


def test_notes_that_differ_in_numbers_are_one() -> None:
    results = made({"a": {"M-LD": [0.1]}, "b": {"M-LD": [0.2]}})
    results.summary["note"] = ["FD of 1843 samples", "FD of 950 samples"]
    assert "FD of 950 to 1843 samples" in _main(results, "M-LD").notes


@pytest.mark.parametrize("results", [made({}), made({"ours": {"M-LD": [None, None]}}, actors=("A", "B"))])
def test_an_empty_run_is_still_a_report(results: Results) -> None:
    for config in (ReportConfig(), preset("paper")):
        tables = build_tables(results, config)
        assert tables
        assert tables[0].notes
        assert not any(cell.value for table in tables for _, row in table.rows() for cell in row.cells)
        assert all(len(row.cells) == len(table.columns) for table in tables for _, row in table.rows())
        assert all(section.rows for table in tables for section in table.sections)


def test_each_metric_has_a_table_per_emotion() -> None:
    results = made(
        {"a": {"M-LD": [0.1, 0.2], "PSNR": [20.0, 30.0]}, "b": {"M-LD": [0.3, 0.1], "PSNR": [21.0, 29.0]}},
        actors=("A", "B"),
        emotions=("happy", "sad"),
        sets={"a": {"FID": 5.0}, "b": {"FID": 6.0}},
    )
    tables = build_tables(results, ReportConfig(tables=(TableStyle(name="emotions", kind="by-emotion"),)))
    assert [table.name for table in tables] == ["emotions-M-LD", "emotions-PSNR"]
    assert [column.name for column in tables[0].columns] == ["happy", "sad", "all"]
    assert [cell.value for cell in _rows(tables[0])["a"].cells] == pytest.approx([0.1, 0.2, 0.15])
    assert [cell.rank for cell in _rows(tables[0])["a"].cells] == [1, 2, 1]
    assert len({column.digits for column in tables[1].columns}) == 1
    assert any(note.endswith("leaves it out: FID") for note in tables[0].notes)
    chosen = TableStyle(name="e", kind="by-emotion", columns=(ColumnStyle(metric="M-LD"),), groups=("sad", "fear"))
    table = _one(results, chosen)
    assert [column.name for column in table.columns] == ["sad", "fear", "all"]
    assert "no value for emotion fear" in table.notes


def test_without_emotions_there_is_a_main_table_that_says_so() -> None:
    results = made({"a": {"M-LD": [0.1]}})
    (table,) = build_tables(results, ReportConfig(tables=(TableStyle(name="emotions", kind="by-emotion"),)))
    assert table.name == "main"
    assert any("no value per emotion" in note for note in table.notes)


def _ablation(results: Results, baseline: str | None, *columns: str, methods: tuple[str, ...] = ()) -> Table:
    named = tuple(ColumnStyle(metric=name) for name in columns)
    return _one(results, TableStyle(name="a", kind="ablation", baseline=baseline, columns=named, methods=methods))


def test_an_ablation_holds_every_row_against_the_first() -> None:
    values = {"less": {"M-LD": BAD, "Blinks": GOOD}, "full": {"M-LD": GOOD, "Blinks": GOOD}}
    results = made(values, actors=ACTORS, sets={"full": {"FID": 5.0}, "less": {"FID": 7.5}})
    table = _ablation(results, "full", "M-LD", "Blinks", "FID")
    assert list(_rows(table)) == ["full", "less"]
    assert all(cell.change is None for cell in _rows(table)["full"].cells)
    distance, blinks, fid = (cell.change for cell in _rows(table)["less"].cells)
    assert distance is not None and blinks is not None and fid is not None
    assert distance.difference == pytest.approx(0.5)
    assert distance.low is not None and distance.high is not None and distance.significant is True
    assert (blinks.difference, blinks.significant) == (0.0, False)
    assert (fid.difference, fid.low, fid.significant) == (2.5, None, None)
    assert any("FID: no score per clip" in note for note in table.notes)


def test_a_change_of_an_ablation_is_over_common_clips() -> None:
    results = made({"full": {"M-LD": [0.1, 0.9]}, "less": {"M-LD": [0.2, None]}}, actors=("A", "B"))
    change = _cell(_ablation(results, "full", "M-LD"), "less").change
    assert change is not None
    assert change.difference == pytest.approx(0.1)
    assert change.significant is None


def test_an_ablation_corrects_over_its_own_comparisons_only() -> None:
    values = {name: {"M-LD": GOOD} for name in "cdefgh"} | {"full": {"M-LD": GOOD}, "less": {"M-LD": BAD}}
    few = _cell(_ablation(made(values, actors=ACTORS), "full", "M-LD", methods=("less",)), "less").change
    many = _cell(_ablation(made(values, actors=ACTORS), "full", "M-LD"), "less").change
    assert few is not None and many is not None
    assert (few.significant, many.significant) == (True, False)  # 2/128 alone, 7 * 2/128 among seven


@pytest.mark.parametrize("kind", ["main", "ablation", "capabilities", "by-emotion"])
def test_an_unknown_method_is_refused_with_those_that_are_known(kind: str) -> None:
    results = made({"ours": {"M-LD": [0.1]}, "other": {"M-LD": [0.1]}}, emotions=("sad",))
    style = TableStyle.model_validate({"name": "t", "kind": kind, "baseline": "ours", "methods": ("none",)})
    with pytest.raises(UsageError, match=r"'none'.*ours, other"):
        _one(results, style)


@pytest.mark.parametrize("baseline", [None, "none"])
def test_an_ablation_needs_a_baseline_that_is_known(baseline: str | None) -> None:
    with pytest.raises(UsageError, match="ours, other"):
        _ablation(made({"ours": {"M-LD": [0.1]}, "other": {"M-LD": [0.1]}}), baseline, "M-LD")


def test_capabilities_are_words_and_silence_is_no_no() -> None:
    config = ReportConfig(
        methods=(
            MethodStyle(name="ours", capabilities=Capabilities(landmarks="full", gaze="half")),
            MethodStyle(name="SPACE", capabilities=Capabilities(emotion="full")),
            MethodStyle(name="EVP"),
        ),
        tables=(TableStyle(name="c", kind="capabilities"),),
    )
    (table,) = build_tables(made({"theirs": {"M-LD": [0.1]}, "ours": {"M-LD": [0.1]}}), config)
    assert list(_rows(table)) == ["ours", "SPACE", "theirs"]
    assert {cell.text for cell in _rows(table)["theirs"].cells} == {"not declared"}
    assert (_cell(table, "ours", 0).text, _cell(table, "ours", 2).text) == ("full", "half")
    assert "not in these runs: SPACE" in table.notes


REPORTED = Reported(
    entries=(
        ReportedValues(
            method="EAT",
            citation="gan2023",
            protocol="MEAD, own crop",
            second_hand=True,
            values={"M-LD": "0.001", "EmoAcc": "75.40"},
        ),
        ReportedValues(method="X", citation="x", protocol="p", second_hand=False, values={"CSIM": "1"}),
    )
)


def test_reported_values_stand_as_printed_and_are_never_ranked() -> None:
    results = made({"a": {"M-LD": [0.2], "EmoAcc-fer": [1.0]}, "b": {"M-LD": [0.3], "EmoAcc-fer": [0.0]}})
    style = TableStyle(name="main", columns=(ColumnStyle(metric="M-LD"), ColumnStyle(metric="EmoAcc")))
    table = _one(results, style, REPORTED)
    assert list(_rows(table, "reported")) == ["EAT"]
    cells = _rows(table, "reported")["EAT"].cells
    assert cells == (Cell(text="0.001"), Cell(text="75.40"))
    assert _cell(table, "a").rank == 1
    assert table.sections[-1].title == "reported by the papers, not measured here"
    assert any("gan2023 (taken from a secondary source): MEAD, own crop" in note for note in table.notes)
    assert not _rows(_one(results, style.model_copy(update={"reported": False}), REPORTED), "reported")


def test_mixed_signatures_are_refused() -> None:
    results = made({"a": {"M-LD": [0.2]}, "b": {"M-LD": [0.3]}})
    summary = results.summary.assign(signature=["m-ld|fps:25", "m-ld|fps:30"])
    with pytest.raises(UsageError, match=r"fps:25.*fps:30"):
        _main(replace(results, summary=summary), "M-LD")


def test_two_tables_of_one_name_are_refused() -> None:
    tables = (TableStyle(name="main"), TableStyle(name="Main"))
    with pytest.raises(UsageError, match="'main'"):
        build_tables(made({"a": {"M-LD": [0.2]}}), ReportConfig(tables=tables))


def test_a_hostile_table_name_is_no_path() -> None:
    (table,) = build_tables(made({"a": {"M-LD": [0.2]}}), ReportConfig(tables=(TableStyle(name="../x"),)))
    assert "/" not in table.name


def test_captions_are_made_from_the_results_unless_given() -> None:
    results = made({"a": {"M-LD": [0.1] * 14}, "b": {"M-LD": [0.2] * 14}}, actors=ACTORS)
    caption = _main(results, "M-LD").caption
    assert "14 clips of 7 actors" in caption
    assert "mouth landmark distance (M-LD)" in caption
    assert _one(results, TableStyle(name="t", caption="Mine.")).caption == "Mine."

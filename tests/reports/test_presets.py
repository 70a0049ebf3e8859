"""Configurations of reports."""

from pathlib import Path

import pytest

from facecues.errors import UsageError
from facecues.reports.presets import PRESETS, load_config, preset


def test_the_paper_has_its_main_comparison_and_its_capabilities() -> None:
    paper = preset("paper")
    main = paper.tables[0]
    wanted = ("M-LD", "F-LD", "M-LVD", "F-LVD", "SSIM", "PSNR", "FID", "LPIPS", "LSE-C", "EmoAcc", "Gaze-JS")
    assert tuple(column.metric for column in main.columns) == wanted
    assert {table.kind for table in paper.tables} == {"main", "by-emotion", "by-actor", "capabilities"}


def test_only_what_is_known_of_the_paper_is_declared() -> None:
    declared = {each.name: each.capabilities for each in preset("paper").methods if each.capabilities}
    assert {name for name, each in declared.items() if each.gaze == "full"} == {"Emotional Conversation"}
    assert {each.landmarks for each in declared.values()} == {"full"}


def test_an_unknown_preset_lists_the_known() -> None:
    with pytest.raises(UsageError, match="'thesis'.*expected one of " + ", ".join(PRESETS)):
        preset("thesis")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("tables: [{name: a, kind: mian}]", "kind"),
        ("titel: x", "titel"),
        ("- a list", "got list"),
        ("title: [", "cannot be read"),
        ("!!python/object/apply:os.system [true]", "cannot be read"),
    ],
)
def test_what_is_wrong_with_a_file_is_said_in_one_sentence(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "report.yaml"
    path.write_text(text)
    with pytest.raises(UsageError, match=said) as caught:
        load_config(path)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_missing_file_is_said(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be read"):
        load_config(tmp_path / "none.yaml")

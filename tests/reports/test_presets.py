"""Configurations of reports."""

from pathlib import Path

import pytest

from facecues.errors import UsageError
from facecues.pipelines.methods.config import load_methods, templates_text
from facecues.reports.presets import PRESETS, load_config, preset


def test_the_paper_has_its_main_comparison_and_its_capabilities() -> None:
    paper = preset("paper")
    main = paper.tables[0]
    wanted = ("M-LD", "F-LD", "M-LVD", "F-LVD", "SSIM", "PSNR", "FID", "LPIPS", "LSE-C", "EmoAcc", "Gaze-JS")
    assert tuple(column.metric for column in main.columns) == wanted
    assert {table.kind for table in paper.tables} == {"main", "by-emotion", "by-actor", "capabilities"}


def test_capabilities_are_those_of_the_papers_table(tmp_path: Path) -> None:
    declared = {each.name: each.capabilities for each in preset("paper").methods}
    full = {
        what: {name for name, each in declared.items() if each is not None and getattr(each, what) == "full"}
        for what in ("landmarks", "pose", "gaze", "emotion")
    }
    ours = "Emotional Conversation"
    assert full["landmarks"] == full["pose"] == {ours, "SPACE", "MakeItTalk"}
    assert full["gaze"] == {ours}
    assert full["emotion"] == {ours, "SPACE", "MEAD", "EVP", "EAMM", "EMMN", "Xu et al."}
    (tmp_path / "methods.yaml").write_text(templates_text(), encoding="utf-8")
    shipped = load_methods(tmp_path / "methods.yaml").values()
    templates = {each.method.title: each.method.capabilities for each in shipped}
    for name in declared.keys() & templates.keys():
        assert declared[name] == templates[name], name


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

"""Hostile names end harmless."""

from pathlib import Path

import pytest

from facecues.reports.names import safe_cell, safe_name

HOSTILE = [
    "../x",
    "..",
    ".",
    "",
    "/etc/passwd",
    "a/b",
    "a\\b",
    "<script>",
    "a b",
    ".hidden",
    "-rf",
    "é",
    "x" * 300,
    "a\0b",
]


@pytest.mark.parametrize("name", HOSTILE)
def test_a_file_name_stays_in_its_folder(name: str, tmp_path: Path) -> None:
    made = tmp_path / safe_name(name)
    assert made.parent == tmp_path
    assert made.resolve().parent == tmp_path.resolve()
    made.write_text("can be written")
    assert not made.name.startswith((".", "-"))


def test_two_names_never_share_a_file() -> None:
    assert len({safe_name(name) for name in HOSTILE}) == len(HOSTILE)


def test_a_harmless_name_is_kept() -> None:
    assert safe_name("main-M-LD_1.v2") == "main-M-LD_1.v2"


@pytest.mark.parametrize("text", ["=cmd()", "+1", "-1", "@x", "\t=1", "\r=1", "\n=1"])
def test_no_cell_is_a_formula(text: str) -> None:
    assert safe_cell(text) == f"'{text}"


def test_a_harmless_cell_is_kept() -> None:
    assert safe_cell("Wav2Lip = good") == "Wav2Lip = good"

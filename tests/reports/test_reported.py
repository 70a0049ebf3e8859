"""Values that papers report."""

from pathlib import Path

import pytest

from facecues.errors import UsageError
from facecues.reports.reported import load_reported, reported_on_mead

ENTRY = "{method: EAT, citation: gan2023, protocol: MEAD, second_hand: false, values: {M-LD: 2.20, SSIM: .68}}"


def _file(folder: Path, text: str) -> Path:
    path = folder / "reported.yaml"
    path.write_text(text)
    return path


def test_values_keep_the_digits_that_the_paper_prints(tmp_path: Path) -> None:
    (entry,) = load_reported(_file(tmp_path, f"- {ENTRY}")).entries
    assert entry.values == {"M-LD": "2.20", "SSIM": ".68"}
    assert entry.second_hand is False


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("method: EAT", "list"),
        ("- EAT", "entry 1"),
        (f"- {ENTRY}\n- {{method: EAT}}", "entry 2: citation"),
        ("- " + ENTRY.replace("false", "perhaps"), "second_hand"),
        ("- " + ENTRY.replace("{M-LD: 2.20, SSIM: .68}", "{}"), "values"),
        ("- " + ENTRY.replace("protocol", "protokoll"), "protocol"),
        ("[", "cannot be read"),
        ("!!python/object/apply:os.system [true]", "entry 1"),
    ],
)
def test_what_is_wrong_is_said_with_its_place(tmp_path: Path, text: str, said: str) -> None:
    path = _file(tmp_path, text)
    with pytest.raises(UsageError, match=said) as caught:
        load_reported(path)
    assert str(path) in str(caught.value)


def test_a_missing_file_is_said(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be read"):
        load_reported(tmp_path / "none.yaml")


def test_the_packaged_values_name_their_source_and_whether_it_was_seen() -> None:
    entries = reported_on_mead().entries
    assert len({(entry.method, entry.citation) for entry in entries}) == len(entries)
    eat = {entry.citation: entry for entry in entries if entry.method == "EAT"}
    assert eat["EAT, released logs"].values["M-LD"] == "2.223"
    assert not eat["EAT, released logs"].second_hand
    assert eat["EAT paper"].second_hand
    assert all(float(text) >= 0 for entry in entries for text in entry.values.values())

"""LaTeX: it compiles, nothing is overfull, and what it prints are the table's numbers."""

import re
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from facecues.reports.numbers import rounded
from facecues.reports.tables.latex import latex_document, to_latex
from facecues.reports.tables.model import Shown, Table
from facecues.reports.tables.tex import breakable, tex
from tests.reports.tables.examples import hostile, small

PDFLATEX = shutil.which("pdflatex")
needs_pdflatex = pytest.mark.skipif(PDFLATEX is None, reason="pdflatex is not installed")


def compiled(tables: Sequence[Table], folder: Path) -> str:
    """The log of pdflatex."""
    (folder / "t.tex").write_text(latex_document(tables), encoding="utf-8")
    command = [str(PDFLATEX), "-interaction=nonstopmode", "-halt-on-error", "-no-shell-escape", "t.tex"]
    done = subprocess.run(command, cwd=folder, capture_output=True, timeout=60, check=False)
    log = (folder / "t.log").read_text(encoding="utf-8", errors="replace")
    assert done.returncode == 0, log[-2000:]
    return log


def faults(log: str) -> list[str]:
    return re.findall(r"^(?:Overfull|LaTeX Warning: Float too large|Missing character).*", log, re.MULTILINE)


@needs_pdflatex
def test_eleven_metrics_of_ten_hostile_methods_compile_without_an_overfull_line(tmp_path: Path) -> None:
    log = compiled([hostile()], tmp_path)
    assert faults(log) == []


@needs_pdflatex
@pytest.mark.parametrize("interval", ["range", "half", "none"])
def test_tables_of_every_width_fit(tmp_path: Path, interval: Shown) -> None:
    sizes = [(1, 2), (2, 5), (3, 3), (4, 10), (5, 4), (6, 10), (8, 3), (15, 5)]
    tables = [
        replace(hostile(metrics=m, methods=n, interval=interval, changes=m % 2 == 0), name=f"t{m}") for m, n in sizes
    ]
    assert faults(compiled([small(), *tables], tmp_path)) == []


@needs_pdflatex
def test_more_blocks_than_a_page_holds_become_several_floats(tmp_path: Path) -> None:
    table = hostile(metrics=20, methods=20)
    assert to_latex(table).count("\\begin{table*}") > 1
    assert faults(compiled([table], tmp_path)) == []


@needs_pdflatex
def test_more_rows_and_notes_than_a_page_holds_are_cut(tmp_path: Path) -> None:
    table = hostile(metrics=2, methods=26)
    tall = Table(
        "tall",
        "Tall.",
        table.columns,
        tuple(replace(section, rows=section.rows * 2) for section in table.sections),
        tuple(f"note {number} " * 30 for number in range(60)),
    )
    text = to_latex(tall)
    assert text.count("reported by the papers") == 1
    assert text.count("Paper{") + text.count("Paper\\_") == 2
    assert faults(compiled([tall], tmp_path)) == []


@needs_pdflatex
def test_every_character_of_the_basic_plane_compiles(tmp_path: Path) -> None:
    text = " ".join(chr(code) for code in [*range(0x0, 0x600), *range(0x1E00, 0x2300)])
    table = replace(small(), notes=(text, "王 😀 \u202e \ud800"), caption="x")
    assert "Missing character" not in compiled([table], tmp_path)


def test_a_narrow_table_stays_in_its_column_and_a_wide_one_takes_the_page() -> None:
    assert "\\begin{table}[t]" in to_latex(small())
    wide = to_latex(hostile())
    assert wide.count("\\begin{tabular*}") > 1
    assert "\\begin{table*}[t]" in wide


def test_blocks_repeat_the_methods_and_hold_every_column_once() -> None:
    table = replace(hostile(interval="none"), notes=())
    text = to_latex(table)
    assert text.count("Reference") == text.count("\\begin{tabular*}")
    assert sum(text.count(f"{name}~$") + text.count(f"{name}~\\") for name in ("FID", "M-LD")) <= 11


def test_names_are_text_whatever_they_hold() -> None:
    assert tex("a&b%c$d#e_f{g}") == r"a\&b\%c\$d\#e\_f\{g\}"
    assert tex("~^\\") == r"{\textasciitilde}{\textasciicircum}{\textbackslash}"
    assert tex("王😀\u202e\x07") == "[U+738B][U+1F600][U+202E][U+0007]"
    assert tex("-- ,, '") == "{-}{-} {,}{,} {\\textquotesingle}"
    assert tex("a\u0301") == tex("á")


def test_a_signature_breaks_after_its_marks() -> None:
    assert "{\\textbar}\\allowbreak " in breakable("m-ld|pts:48-67|align:similarity")


def test_packages_are_listed_at_the_top() -> None:
    top = to_latex(small()).partition("\\begin")[0]
    assert all(line.startswith("%") for line in top.splitlines())
    assert "booktabs" in top and "threeparttable" in top


def test_best_is_bold_second_underlined_with_letters() -> None:
    text = to_latex(small())
    assert "\\textbf{0.062}" in text  # half-even
    assert "\\underline{0.124}" in text
    assert "EAT~\\cite{gan2023eat}\\textsuperscript{a}" in text
    assert "Wang et al." in text and "\\cite{Wang" not in text
    assert "\\cmidrule(lr){3-4}" in text


def test_every_value_is_printed_as_rounded() -> None:
    table = small()
    text = to_latex(table)
    for _, row in table.rows():
        for cell, column in zip(row.cells, table.columns, strict=True):
            for number in (cell.value, cell.low, cell.high):
                if number is not None:
                    assert rounded(number, column.digits, percent=column.percent) in text

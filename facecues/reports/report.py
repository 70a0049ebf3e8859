"""A whole report: tables, figures and pages, written into a folder.

DIR/index.html      the pages: open this one
DIR/tables/         every table as .tex, .md, .csv and .parquet; tables.tex has all of them and compiles as it is
DIR/figures/        every figure as .pdf, .svg and .png
DIR/videos/         what the pages play
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from facecues.reports.config import ReportConfig
from facecues.reports.figures.build import SavedFigure, draw_figures
from facecues.reports.reported import Reported
from facecues.reports.results import Evidence, Progress, Results
from facecues.reports.site.build import write_site
from facecues.reports.tables.build import build_tables
from facecues.reports.tables.data import write_csv, write_parquet
from facecues.reports.tables.latex import latex_document, to_latex
from facecues.reports.tables.markdown import to_markdown
from facecues.reports.tables.model import Table


@dataclass(frozen=True, slots=True)
class Written:
    """What a report holds.

    Attributes:
        tables: the first is the main one.
        figures: those that could be drawn.
        missing: what could not be shown, a sentence each.
    """

    tables: tuple[Table, ...]
    figures: tuple[SavedFigure, ...]
    missing: tuple[str, ...]


def write_report(
    results: Results,
    evidence: Evidence,
    config: ReportConfig,
    folder: Path,
    *,
    reported: Reported | None = None,
    progress: Progress = lambda what, done, total: None,
) -> Written:
    """Writes a report into an empty folder.

    Args:
        results: what was measured.
        evidence: what the videos showed.
        config: what is shown.
        folder: exists; files of the same names are replaced.
        reported: values that papers report.
        progress: called as it goes.

    Raises:
        UsageError: the configuration names what is not there.
        OSError: the folder cannot be written.
    """
    progress("tables", 0, 1)
    tables = build_tables(results, config, reported)
    write_tables(tables, folder / "tables")
    progress("tables", 1, 1)
    figures, missing = draw_figures(results, evidence, config.figures, folder, progress)
    write_site(results, tables, figures, missing, evidence, config, folder, progress)
    return Written(tables, tuple(figures), tuple(missing))


def write_tables(tables: Sequence[Table], folder: Path) -> None:
    """Every table in every format, and one LaTeX document of all."""
    folder.mkdir(parents=True, exist_ok=True)
    for table in tables:
        (folder / f"{table.name}.tex").write_text(to_latex(table), encoding="utf-8")
        (folder / f"{table.name}.md").write_text(to_markdown(table), encoding="utf-8")
        write_csv(table, folder / f"{table.name}.csv")
        write_parquet(table, folder / f"{table.name}.parquet")
    (folder / "tables.tex").write_text(latex_document(tables), encoding="utf-8")

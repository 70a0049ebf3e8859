"""A report's folder of HTML: opens from a disk, asks the network for nothing."""

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

from jinja2 import Environment, PackageLoader, StrictUndefined

import facecues
from facecues.reports.config import ReportConfig
from facecues.reports.figures.build import SavedFigure
from facecues.reports.numbers import rounded
from facecues.reports.results import Evidence, Progress, Results
from facecues.reports.site.cells import TableView, table_to_view
from facecues.reports.site.clips import clips_to_script
from facecues.reports.site.coverage import results_to_coverage
from facecues.reports.site.provenance import results_to_provenance
from facecues.reports.site.videos import Brought, bring_videos
from facecues.reports.tables.model import Table

_PAGES: Final = (
    ("index", "Overview"),
    ("tables", "Tables"),
    ("figures", "Figures"),
    ("clips", "Clips"),
    ("coverage", "Coverage"),
    ("about", "Provenance"),
)
_TABLE_FILES: Final = (("LaTeX", "tex"), ("Markdown", "md"), ("CSV", "csv"), ("Parquet", "parquet"))
_SHOWN: Final = ("png", "svg")  # what a page can show, the first that is there


@dataclass(frozen=True, slots=True)
class FigureView:
    """A figure on its page: addresses instead of paths."""

    name: str
    title: str
    caption: str
    shown: str | None
    links: tuple[tuple[str, str], ...]


def write_site(  # noqa: PLR0917 (all of a report's parts, once)
    results: Results,
    tables: Sequence[Table],
    figures: Sequence[SavedFigure],
    missing: Sequence[str],
    evidence: Evidence,
    config: ReportConfig,
    folder: Path,
    progress: Progress,
) -> None:
    """Writes the pages, their assets, the clips' data and videos.

    The tables' files are expected at folder/tables/NAME.tex, .md, .csv and .parquet.

    Args:
        tables: the first is the main one, and its columns are the main metrics.
        missing: what the report lacks, one sentence each.
        progress: is told what is being done, how much of it is done, and how much there is.
    """
    titles = _titles(results, tables, config)
    main = _main_metrics(results, tables)
    folder.mkdir(parents=True, exist_ok=True)
    _copy_assets(folder / "assets")
    brought = bring_videos(results, evidence, config, main, folder, progress=progress)
    (folder / "assets" / "data.js").write_text(clips_to_script(results, brought, titles, main), encoding="utf-8")
    said = (*missing, *_missing_videos(brought))
    context = _context(results, tables, figures, said, config, titles)
    environment = templates()
    for done, (page, _) in enumerate(_PAGES):
        progress("pages", done, len(_PAGES))
        text = environment.get_template(f"{page}.html.j2").render(page=page, **context)
        (folder / f"{page}.html").write_text(text, encoding="utf-8", errors="replace")
    progress("pages", len(_PAGES), len(_PAGES))


def templates() -> Environment:
    """All pages and their parts; what a name holds is text, never HTML."""
    return Environment(
        loader=PackageLoader("facecues.reports.site"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def table_to_html(table: Table) -> str:
    """One table as the pages show it."""
    view, links = _with_links(table_to_view(table))
    return str(templates().get_template("table.html.j2").module.show_table(view, links, table.name))  # type: ignore[attr-defined]


def _context(  # noqa: PLR0917
    results: Results,
    tables: Sequence[Table],
    figures: Sequence[SavedFigure],
    missing: Sequence[str],
    config: ReportConfig,
    titles: Mapping[str, str],
) -> dict[str, Any]:
    coverage = results_to_coverage(results, titles)
    return {
        "title": config.title,
        "version": facecues.__version__,
        "pages": _PAGES,
        "tables": [_with_links(table_to_view(table)) for table in tables],
        "figures": [_figure(figure) for figure in figures],
        "missing": missing,
        "facts": _facts(results),
        "coverage": coverage,
        "provenance": results_to_provenance(results),
        "n_clips": len(results.clips),
    }


def _facts(results: Results) -> tuple[tuple[str, str, str], ...]:
    """What it is, how much, and a remark."""
    overall = results.summary[(results.summary["group"] == "all") & results.summary["method"].isin(results.methods)]
    overall = overall[overall["value"].notna() & overall["metric"].isin(results.metrics)]
    frames, measured = overall["coverage"], overall["metric"].nunique()
    actors, emotions = results.groups("actor"), results.groups("emotion")
    return (
        ("Methods", str(len(results.methods)), f"and {len(results.limits)} rows of limits"),
        ("Clips", str(len(results.clips)), "of the reference"),
        ("Actors", str(len(actors)) if actors else "–", "" if actors else "not known"),
        ("Emotions", str(len(emotions)) if emotions else "–", "" if emotions else "not known"),
        ("Metrics", str(measured), f"of {len(results.metrics)} asked for"),
        (
            "Coverage",
            f"{rounded(float(frames.mean()), 1, percent=True)} %" if len(frames) else "–",
            "of frames, mean over values",
        ),
    )


def _titles(results: Results, tables: Sequence[Table], config: ReportConfig) -> dict[str, str]:
    """Methods as printed: as the configuration says, else as the tables do."""
    titles = {row.name: row.title for table in tables for section, row in table.rows() if section.kind != "reported"}
    titles.update({style.name: style.title for style in config.methods if style.title})
    return {name: titles.get(name, name) for name in (*results.methods, *results.limits)}


def _main_metrics(results: Results, tables: Sequence[Table]) -> list[str]:
    """Metrics of the main table that clips have scores of, else all that have a better."""
    per_clip = {name: each for name, each in results.metrics.items() if not each.of_sets and each.absent is None}
    main = [column.name for column in tables[0].columns if column.name in per_clip] if tables else []
    return main or [name for name, each in per_clip.items() if each.info.better]


def _missing_videos(brought: Brought) -> list[str]:
    if not brought.missing:
        return []
    return [f"{len(brought.missing)} videos cannot be shown; the page of clips says for each one why."]


def _with_links(view: TableView) -> tuple[TableView, tuple[tuple[str, str], ...]]:
    return view, tuple((title, f"tables/{quote(view.name)}.{suffix}") for title, suffix in _TABLE_FILES)


def _figure(figure: SavedFigure) -> FigureView:
    addresses = {kind: quote(path.as_posix()) for kind, path in figure.files.items()}
    shown = next((addresses[kind] for kind in _SHOWN if kind in addresses), None)
    links = tuple((kind.upper(), addresses[kind]) for kind in ("pdf", "svg", "png") if kind in addresses)
    return FigureView(figure.name, figure.title, figure.caption, shown, links)


def _copy_assets(folder: Path) -> None:
    with as_file(files("facecues.reports.site") / "assets") as assets:
        folder.mkdir(parents=True, exist_ok=True)
        for asset in sorted(assets.iterdir()):
            shutil.copyfile(asset, folder / asset.name)

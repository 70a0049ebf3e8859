"""`facecues report`: runs in, a folder of tables, figures and pages out, there in full or not at all."""

import json
import shutil
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

from facecues import __version__
from facecues.config import validated
from facecues.errors import UsageError
from facecues.pipelines.atomic import writing
from facecues.pipelines.reporting import open_runs
from facecues.reports.config import ReportConfig
from facecues.reports.presets import preset
from facecues.reports.report import write_report
from facecues.reports.reported import load_reported
from facecues.reports.results import Progress, Results
from facecues.reports.tables.build import build_tables
from facecues.reports.tables.model import Table

_MARK: Final = "report.json"  # of a folder that a later report may replace


@dataclass(frozen=True, slots=True)
class ReportSummary:
    """What was made.

    Attributes:
        out: the folder; None where only the main table was asked for.
        main: the first table.
        tables, figures: names.
        missing: what could not be shown, a sentence each.
        seconds: wall time.
    """

    out: Path | None
    main: Table
    tables: tuple[str, ...] = ()
    figures: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    seconds: float = 0.0

    def as_json(self) -> dict[str, Any]:
        """What a program wants to know."""
        names = ("out", "tables", "figures", "missing", "seconds")
        values = {
            row.name: {column.name: cell.value for column, cell in zip(self.main.columns, row.cells, strict=True)}
            for _, row in self.main.rows()
        }
        return {name: getattr(self, name) for name in names} | {"values": values}


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be made of which runs.

    Attributes:
        runs: folders that `facecues evaluate` wrote.
        config: what is shown.
        reported: YAML of values that papers report.
        command: as typed.
    """

    runs: tuple[Path, ...]
    config: ReportConfig
    reported: Path | None = None
    command: tuple[str, ...] = field(default=())


def settings_of(file: Mapping[str, Any], *, name: str | None, videos: str | None) -> ReportConfig:
    """A configuration file's values over a preset's; the command line wins.

    Raises:
        UsageError: something is not as expected.
    """
    values = preset(name or "paper").model_dump() | dict(file)
    if videos is not None:
        values["videos"] = videos
    return validated(ReportConfig, values)


def report(wanted: Wanted, out: Path | None, progress: Progress = lambda what, done, total: None) -> ReportSummary:
    """Makes a report, or its main table alone.

    Args:
        wanted: of what, and how.
        out: folder to write; one that an earlier report wrote is replaced as a whole. None: nothing is written.
        progress: called as it goes.

    Raises:
        UsageError: the runs cannot be read or joined, or the folder holds something else; nothing was touched.
        StoreError: the folder cannot be written; an earlier report in it is kept.
    """
    started = time.monotonic()
    if out is not None:
        _inspect(out)
    reported = load_reported(wanted.reported) if wanted.reported is not None else None
    progress("runs", 0, 1)
    results, evidence = open_runs(wanted.runs)
    progress("runs", 1, 1)
    if out is None:
        return ReportSummary(None, build_tables(results, wanted.config, reported)[0])
    target = out.absolute()
    staged = target.with_name(f".{target.name}.{uuid4().hex[:12]}")
    try:
        with writing(target):
            staged.mkdir(parents=True)
            written = write_report(results, evidence, wanted.config, staged, reported=reported, progress=progress)
            (staged / _MARK).write_text(_mark(wanted, results), encoding="utf-8")
            _replace(target, staged)
    finally:
        shutil.rmtree(staged, ignore_errors=True)
    return ReportSummary(
        target,
        written.tables[0],
        tuple(table.name for table in written.tables),
        tuple(figure.name for figure in written.figures),
        written.missing,
        time.monotonic() - started,
    )


def _inspect(out: Path) -> None:
    if out.exists() and (not out.is_dir() or (any(out.iterdir()) and not (out / _MARK).is_file())):
        raise UsageError(f"{out} is neither empty nor a report: name another folder for --out.")


def _replace(target: Path, staged: Path) -> None:
    """Puts the new folder where the old one was; the old one goes last."""
    old = target.with_name(f"{staged.name}.old")
    if target.exists():
        target.rename(old)
    staged.rename(target)
    shutil.rmtree(old, ignore_errors=True)


def _mark(wanted: Wanted, results: Results) -> str:
    told = {
        "facecues": __version__,
        "command": wanted.command,
        "runs": [str(run.root) for run in results.runs],
        "config": wanted.config.model_dump(mode="json"),
    }
    return json.dumps(told, indent=1, ensure_ascii=False) + "\n"

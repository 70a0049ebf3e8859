"""Results to tables.

Results ─ Source ─▶ main │ groups │ ablation │ capabilities ─▶ Table ─▶ latex, markdown, data, terminal, site
"""

from collections import Counter
from dataclasses import replace

from facecues.errors import UsageError
from facecues.reports.config import ReportConfig, TableStyle
from facecues.reports.reported import Reported
from facecues.reports.results import Results
from facecues.reports.tables.ablation import ablation_table
from facecues.reports.tables.capabilities import capability_table
from facecues.reports.tables.groups import group_tables
from facecues.reports.tables.main import main_table
from facecues.reports.tables.model import Table
from facecues.reports.tables.signatures import check_signatures
from facecues.reports.tables.source import Source


def build_tables(results: Results, config: ReportConfig, reported: Reported | None = None) -> tuple[Table, ...]:
    """The tables of a report, at least one.

    What has no table of its own, such as a metric without values per emotion, is named in the first table's notes.
    Without any table in the configuration, or with none that can be filled, there is a main table of all metrics.

    Args:
        results: of the runs.
        config: which tables.
        reported: values that papers report.

    Raises:
        UsageError: a metric has several signatures, a table asks for an unknown method, an ablation has no baseline,
            or two tables have one name.
    """
    check_signatures(results.summary, results.scores)
    source = Source.of(results, config)
    tables: list[Table] = []
    notes: list[str] = []
    for style in config.tables:
        made, left = _tables(source, style, reported)
        tables += made
        notes += left
    if not tables:
        tables.append(main_table(source, TableStyle(name="main"), reported))
    twice = [name for name, count in Counter(table.name.lower() for table in tables).items() if count > 1]
    if twice:
        raise UsageError(f"Several tables are called {twice[0]!r}: give each its own name, files are named after it.")
    tables[0] = replace(tables[0], notes=(*tables[0].notes, *notes))
    return tuple(tables)


def _tables(source: Source, style: TableStyle, reported: Reported | None) -> tuple[list[Table], list[str]]:
    match style.kind:
        case "main":
            return [main_table(source, style, reported)], []
        case "ablation":
            return [ablation_table(source, style)], []
        case "capabilities":
            return [capability_table(source, style)], []
        case "by-emotion" | "by-actor":
            return group_tables(source, style)

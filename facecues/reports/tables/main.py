"""The table that a paper prints: methods by metrics."""

from facecues.reports.config import TableStyle
from facecues.reports.names import safe_name
from facecues.reports.reported import Reported
from facecues.reports.tables.captions import corpus, how_made, metrics_in_words
from facecues.reports.tables.model import Section, Table
from facecues.reports.tables.notes import empty_notes, interval_notes, limit_notes, significance_notes
from facecues.reports.tables.ranking import beaten
from facecues.reports.tables.reported_rows import reported_section
from facecues.reports.tables.rows import LIMITS, limit_rows, method_rows, sections, with_letters
from facecues.reports.tables.source import Source


def main_table(source: Source, style: TableStyle, reported: Reported | None) -> Table:
    """Methods, then floors and the reference, then what papers report.

    Args:
        source: of the values.
        style: of kind "main".
        reported: of papers.

    Raises:
        UsageError: an unknown method.
    """
    results = source.results
    methods = source.methods(style.methods, style.name)
    styles = source.metrics(style.columns)
    metrics = [each.metric for each in styles]
    keys = [(metric, "all") for metric in metrics]
    printed = (*methods, *(results.limits if style.limits else ()))
    columns = [source.column(each, [key], printed) for each, key in zip(styles, keys, strict=True)]
    rows = method_rows(source, methods, columns, keys)
    notes: list[str] = []
    if style.significance != "none":
        rows = with_letters(rows, keys, beaten(results.comparisons, style.significance))
        anybody = any(row.letter for row in rows)
        notes += significance_notes(results, metrics, style.significance, anybody=anybody)
    beside = interval_notes(source, methods, keys)
    notes = [note for note in notes if not any(each.endswith(note) for each in beside)]  # tests repeat intervals' notes
    limits = limit_rows(source, keys) if style.limits else []
    added, said = reported_section(reported, styles) if style.reported and reported else (Section("reported", ()), [])
    measured = [each for each in styles if (each.metric, "all") in source.filled]
    caption = (
        f"{'Methods compared' if len(methods) > 1 else 'Scores'} on {corpus(results)}: "
        f"{metrics_in_words(results, measured)}. {how_made(results, measured, style.interval)}"
    )
    return Table(
        name=safe_name(style.name),
        caption=style.caption or caption,
        columns=tuple(columns),
        sections=sections(Section("methods", tuple(rows)), Section("limits", tuple(limits), LIMITS), added),
        notes=(*notes, *beside, *empty_notes(source, methods, keys), *limit_notes(limits), *said),
        interval=style.interval,
    )

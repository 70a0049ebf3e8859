"""A method and what becomes of it when parts of it are taken away."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from facecues.errors import UsageError
from facecues.metrics.statistics import Verdict, compare_all
from facecues.reports.config import TableStyle
from facecues.reports.names import safe_name
from facecues.reports.results import Results
from facecues.reports.tables.captions import corpus, how_made, metrics_in_words
from facecues.reports.tables.model import Cell, Change, Row, Section, Table
from facecues.reports.tables.notes import LEVEL, condensed, empty_notes, interval_notes, limit_notes
from facecues.reports.tables.rows import LIMITS, limit_rows, method_rows, sections
from facecues.reports.tables.source import Source, require

Changes = dict[tuple[str, str], Change]
"""By metric and method."""

_ALL: Final = "all"


def ablation_table(source: Source, style: TableStyle) -> Table:
    """The baseline first, the others with how far they are from it.

    Args:
        source: of the values.
        style: of kind "ablation", with its baseline.

    Raises:
        UsageError: no baseline, or an unknown method.
    """
    results = source.results
    if style.baseline is None:
        raise UsageError(
            f"Table {style.name!r} is an ablation and needs a baseline, expected one of: "
            f"{', '.join(results.methods) or 'there are no methods'}."
        )
    require([style.baseline], results.methods, style.name)
    others = [name for name in source.methods(style.methods, style.name) if name != style.baseline]
    methods = [style.baseline, *others]
    styles = source.metrics(style.columns)
    keys = [(each.metric, _ALL) for each in styles]
    columns = [
        source.column(each, [key], (*methods, *(results.limits if style.limits else ())))
        for each, key in zip(styles, keys, strict=True)
    ]
    metrics = [each.metric for each in styles]
    verdicts = _verdicts(results, methods, metrics, style.baseline)
    changes = _changes(verdicts) | _of_sets(source, methods, metrics)
    rows = method_rows(source, methods, columns, keys)
    limits = limit_rows(source, keys) if style.limits else []
    measured = [each for each in styles if (each.metric, _ALL) in source.filled]
    caption = (
        f"Ablation of {source.title(style.baseline)} on {corpus(results)}: {metrics_in_words(results, measured)}. "
        f"{how_made(results, measured, style.interval)} Changes are each row minus the first, over the clips that "
        "both have."
    )
    return Table(
        name=safe_name(style.name),
        caption=style.caption or caption,
        columns=tuple(columns),
        sections=sections(
            Section("methods", tuple(_with_changes(row, metrics, changes) for row in rows)),
            Section("limits", tuple(limits), LIMITS),
        ),
        notes=(
            f"significance of a change: sign-flip test, level {LEVEL:g} after Holm within the column",
            *condensed(each.note for each in verdicts if each.note),
            *interval_notes(source, methods, keys),
            *_set_notes(source, metrics, others),
            *empty_notes(source, methods, keys),
            *limit_notes(limits),
        ),
        interval=style.interval,
    )


def _verdicts(results: Results, methods: Sequence[str], metrics: Sequence[str], baseline: str) -> tuple[Verdict, ...]:
    """Every method against the baseline, in the metrics that are scored per clip."""
    better = {
        name: results.metrics[name].info.better
        for name in metrics
        if name in results.metrics and not results.metrics[name].of_sets
    }
    own = results.scores[results.scores["method"].isin(list(methods)) & results.scores["metric"].isin(list(better))]
    own = own[own["value"].notna()]
    if baseline not in set(own["method"]):
        return ()
    known = results.clips["actor"].notna().all()
    actors = dict(zip(results.clips["clip_id"], results.clips["actor"], strict=True)) if known else None
    return compare_all(own, actors, better=better, baseline=baseline, floors=_floors(results))


def _floors(results: Results) -> dict[str, float]:
    """The noise of the measurement, as the runs found it."""
    if results.comparisons.empty:
        return {}
    known = results.comparisons.dropna(subset=["floor"])
    return {str(metric): float(floor) for metric, floor in known.groupby("metric")["floor"].first().items()}


def _changes(verdicts: Sequence[Verdict]) -> Changes:
    return {
        (each.metric, each.first): Change(
            each.comparison.difference,
            each.comparison.low,
            each.comparison.high,
            None if each.p is None else each.p <= LEVEL and each.distinguishable is not False,
        )
        for each in verdicts
        if each.comparison.difference is not None
    }


def _of_sets(source: Source, methods: Sequence[str], metrics: Sequence[str]) -> Changes:
    """Plain differences of what has no score per clip, where both sides are made of equally many clips."""
    baseline, *others = methods
    changes = {}
    for metric in metrics:
        measured = source.results.metrics.get(metric)
        start = source.cell(baseline, (metric, _ALL))
        for name in others if measured and measured.of_sets and start.value is not None else ():
            cell = source.cell(name, (metric, _ALL))
            if cell.value is not None and start.value is not None and cell.n_clips == start.n_clips:
                changes[metric, name] = Change(cell.value - start.value, None, None, None)
    return changes


def _set_notes(source: Source, metrics: Sequence[str], others: Sequence[str]) -> list[str]:
    sets = [name for name in metrics if name in source.results.metrics and source.results.metrics[name].of_sets]
    shown = [name for name in sets if any(source.cell(other, (name, _ALL)).value is not None for other in others)]
    return [f"{', '.join(shown)}: no score per clip, so that changes were not tested"] if shown else []


def _with_changes(row: Row, metrics: Sequence[str], changes: Changes) -> Row:
    cells: tuple[Cell, ...] = tuple(
        replace(cell, change=changes.get((metric, row.name))) for cell, metric in zip(row.cells, metrics, strict=True)
    )
    return replace(row, cells=cells)

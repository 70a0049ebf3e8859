"""A method and what becomes of it when parts of it are taken away."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from facecues.errors import UsageError
from facecues.metrics.statistics import Verdict, compare_all, holm
from facecues.reports.config import TableStyle
from facecues.reports.names import safe_name
from facecues.reports.results import Results
from facecues.reports.tables.captions import corpus, how_made, metrics_in_words
from facecues.reports.tables.model import Cell, Change, Row, Section, Table
from facecues.reports.tables.notes import (
    LEVEL,
    NOT_COMPARED,
    condensed,
    empty_notes,
    interval_notes,
    limit_notes,
    tested_sets,
    tests_in_words,
    units_of,
)
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
    drawn = _drawn(results, methods, tested_sets(results, metrics))
    changes = _changes(verdicts) | _of_sets(source, methods, metrics) | drawn
    sets = [name for name in metrics if _has(drawn, name)]
    tests = tests_in_words(sets, units_of(results), flips=bool(verdicts))
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
            f"significance of a change: {tests}, level {LEVEL:g} after Holm within the column",
            *condensed(each.note for each in verdicts if each.note),
            *interval_notes(source, methods, keys),
            *_set_notes(source, metrics, others, drawn),
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


def _drawn(results: Results, methods: Sequence[str], sets: Sequence[str]) -> Changes:
    """Changes of metrics of sets, as the evaluation tested them, corrected over the rows of this table alone."""
    baseline, *others = methods
    rows = results.comparisons
    changes: Changes = {}
    for metric in sets:
        found = {}
        for row in rows[(rows["metric"] == metric) & rows["p"].notna()].to_dict("records"):
            if row["second"] == baseline and row["first"] in others:
                found[row["first"]] = (row["difference"], row["low"], row["high"], row["p"])
            elif row["first"] == baseline and row["second"] in others:
                found[row["second"]] = (-row["difference"], -row["high"], -row["low"], row["p"])
        corrected = holm([p for *_, p in found.values()])
        for (name, (difference, low, high, _)), p in zip(found.items(), corrected, strict=True):
            changes[metric, name] = Change(difference, low, high, p is not None and p <= LEVEL)
    return changes


def _set_notes(source: Source, metrics: Sequence[str], others: Sequence[str], drawn: Changes) -> list[str]:
    sets = [name for name in metrics if name in source.results.metrics and source.results.metrics[name].of_sets]
    shown = {name: [each for each in others if source.cell(each, (name, _ALL)).value is not None] for name in sets}
    bare = [name for name, rows in shown.items() if rows and not _has(drawn, name)]
    partly = [
        name for name, rows in shown.items() if _has(drawn, name) and any((name, row) not in drawn for row in rows)
    ]
    notes = [f"{', '.join(bare)}: no score per clip, so that changes were not tested"] if bare else []
    return notes + ([f"{', '.join(partly)}: {NOT_COMPARED}"] if partly else [])


def _has(changes: Changes, metric: str) -> bool:
    return any(name == metric for name, _ in changes)


def _with_changes(row: Row, metrics: Sequence[str], changes: Changes) -> Row:
    cells: tuple[Cell, ...] = tuple(
        replace(cell, change=changes.get((metric, row.name))) for cell, metric in zip(row.cells, metrics, strict=True)
    )
    return replace(row, cells=cells)

"""Tables of one metric each, whose columns are emotions or actors."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Final

from facecues.reports.config import ColumnStyle, TableStyle
from facecues.reports.names import safe_name
from facecues.reports.tables.captions import corpus, how_made, in_words
from facecues.reports.tables.model import Column, Section, Table
from facecues.reports.tables.notes import empty_notes, interval_notes, limit_notes, listed
from facecues.reports.tables.rows import LIMITS, limit_rows, method_rows, sections
from facecues.reports.tables.source import Key, Source

_KINDS: Final = {"by-emotion": "emotion", "by-actor": "actor"}
_ALL: Final = "all"


def group_tables(source: Source, style: TableStyle) -> tuple[list[Table], list[str]]:
    """One table for each metric that has values for groups, and notes about those that have none.

    Args:
        source: of the values.
        style: of kind "by-emotion" or "by-actor".

    Raises:
        UsageError: an unknown method.
    """
    kind = _KINDS[style.kind]
    methods = source.methods(style.methods, style.name)
    groups = style.groups or source.results.groups(kind)
    prefixed = {group for _, group in source.filled if group.startswith(f"{kind}:")}
    styles = source.metrics(style.columns)
    split = [each for each in styles if any((each.metric, group) in source.filled for group in prefixed)]
    tables = [_table(source, style, each, methods, groups) for each in split]
    left = [each.metric for each in styles if each not in split]
    notes = [f"no value per {kind}, so that table {style.name!r} leaves it out: {listed(left, 6)}"] if left else []
    return tables, notes


def _table(
    source: Source, style: TableStyle, metric: ColumnStyle, methods: Sequence[str], groups: tuple[str, ...]
) -> Table:
    kind = _KINDS[style.kind]
    keys: list[Key] = [(metric.metric, f"{kind}:{group}") for group in groups] + [(metric.metric, _ALL)]
    column = source.column(metric, keys, (*methods, *(source.results.limits if style.limits else ())))
    columns = list(_columns(column, (*groups, _ALL)))
    limits = limit_rows(source, keys) if style.limits else []
    unknown = [group for group, key in zip(groups, keys, strict=False) if key not in source.filled]
    words = in_words(source.results, metric)
    caption = (
        f"{words[:1].upper()}{words[1:]} per {kind}, on "
        f"{corpus(source.results)}. {how_made(source.results, [metric], style.interval)}"
    )
    return Table(
        name=safe_name(f"{style.name}-{metric.metric}"),
        caption=style.caption or caption,
        columns=tuple(columns),
        sections=sections(
            Section("methods", tuple(method_rows(source, methods, columns, keys))),
            Section("limits", tuple(limits), LIMITS),
        ),
        notes=(
            *([f"no value for {kind} {listed(unknown, 6)}"] if unknown else []),
            *interval_notes(source, methods, keys),
            *empty_notes(source, methods, keys),
            *limit_notes(limits),
        ),
        interval=style.interval,
    )


def _columns(column: Column, groups: tuple[str, ...]) -> Iterator[Column]:
    """The metric's column once for each group: with the same digits, so that they can be read across."""
    for group in groups:
        yield replace(column, name=group, title=group, group=None)

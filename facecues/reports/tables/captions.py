"""Captions, made from what was measured."""

from collections.abc import Sequence
from typing import Final

from facecues.reports.config import ColumnStyle
from facecues.reports.results import Results
from facecues.reports.tables.model import Shown

_MOST: Final = 12  # metrics that a caption names in words


def corpus(results: Results) -> str:
    """How many clips of how many actors."""
    clips, actors = len(results.clips), len(results.groups("actor"))
    counted = "no clips" if clips == 0 else _count(clips, "clip")
    if clips and results.clips["actor"].isna().any():
        return f"{counted}, whose actors are not {'all ' if actors else ''}known"
    return f"{counted} of {_count(actors, 'actor')}" if actors else counted


def metrics_in_words(results: Results, styles: Sequence[ColumnStyle]) -> str:
    """As `in_words`, one after the other; of many metrics, how many."""
    if len(styles) > _MOST:
        return _count(len(styles), "metric")
    return "; ".join(in_words(results, style) for style in styles) or "no metric has a value"


def in_words(results: Results, style: ColumnStyle) -> str:
    """A metric and how its column is called: mouth landmark distance (M-LD)."""
    printed = style.title or style.metric
    measured = results.metrics.get(style.metric)
    return f"{measured.info.title} ({printed})" if measured and measured.info.title != printed else printed


def how_made(results: Results, styles: Sequence[ColumnStyle], interval: Shown) -> str:
    """What a value is made of, and its interval."""
    sets = [each.title or each.metric for each in styles if _of_sets(results, each.metric)]
    if not sets:
        values = "Values are means over clips"
    elif len(sets) == len(styles):
        values = "Values belong to each whole set of clips"
    else:
        which = ", ".join(sets) if len(sets) <= _MOST else f"of {len(sets)} metrics"
        values = f"Values are means over clips, or belong to the whole set of clips ({which})"
    return values + ("." if interval == "none" else ", with 95 % intervals.")


def _of_sets(results: Results, metric: str) -> bool:
    return metric in results.metrics and results.metrics[metric].of_sets


def _count(count: int, what: str) -> str:
    return f"{count:,} {what}{'' if count == 1 else 's'}"

"""What has to be known to read a table, said once."""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

import pandas as pd

from facecues.metrics.floors import FLOORS, REFERENCE
from facecues.reasons import ScoreReason
from facecues.reports.results import Results
from facecues.reports.tables.model import Row
from facecues.reports.tables.ranking import Tested
from facecues.reports.tables.source import Key, Source

LEVEL: Final = 0.05
"""Of every test."""

WORDS: Final[Mapping[str, str]] = {
    ScoreReason.VIDEO_MISSING: "there is no video",
    ScoreReason.VIDEO_FAILED: "no video could be read",
    ScoreReason.NO_FACE: "no frame has a face on both sides",
    ScoreReason.TOO_SHORT: "the clips are too short",
    ScoreReason.SIZE_MISMATCH: "pictures and reference have other proportions",
    ScoreReason.NO_AUDIO: "there is no sound",
    ScoreReason.CONSTANT: "nothing moves",
    ScoreReason.IDENTICAL: "the pictures equal the reference's",
    ScoreReason.NO_LABEL: "the emotions of the clips are not known",
    ScoreReason.UNKNOWN_CLASS: "the classifier does not know the clips' emotions",
    ScoreReason.WEIGHTS_MISSING: "weights are missing",
    ScoreReason.BACKEND_MISSING: "a package is not installed",
    ScoreReason.METRIC_FAILED: "the metric itself failed, run.json says how",
    ScoreReason.NO_REFERENCE: "there is nothing to compare with",
}
"""Why a value is missing, as a table says it."""

NOT_COMPARED: Final = "only methods of one run that have equally many clips were compared"
"""Of metrics of sets, whose draws no run keeps."""

_ROWS: Final[Mapping[str, str]] = {
    REFERENCE: "the real clips themselves",
    **{str(name): what for name, what in FLOORS.items()},
}
_EMPTY: Final = ("no clip with a value", "no clip with a value on both sides")  # the cell shows it
_NUMBER: Final = re.compile(r"(?<![\w.])\d+(?:\.\d+)?")
_NAMED: Final = 3  # methods that a note names
_MANY: Final = 6  # metrics that it names


def interval_notes(source: Source, methods: Sequence[str], keys: Sequence[Key]) -> list[str]:
    """What the summary says beside the values of these cells; what differs in numbers only is said as a range."""
    found: dict[str, dict[str, set[str]]] = {}
    for metric, group in keys:
        for method in methods:
            note = source.rows.get((method, metric, group), {}).get("note")
            for part in _parts(note):
                if part not in _EMPTY:
                    found.setdefault(_NUMBER.sub("#", part), {}).setdefault(part, set()).add(metric)
    metrics = dict.fromkeys(metric for metric, _ in keys)
    filled = {metric for metric in metrics if any(key in source.filled for key in keys if key[0] == metric)}
    return [_of(set().union(*parts.values()), filled, metrics, merged(list(parts))) for parts in found.values()]


def condensed(notes: Iterable[str]) -> list[str]:
    """The parts of all notes, each once, those that differ in numbers only as one.

    Args:
        notes: parts joined by "; ".
    """
    alike: dict[str, set[str]] = {}
    for note in notes:
        for part in _parts(note):
            if part not in _EMPTY:
                alike.setdefault(_NUMBER.sub("#", part), set()).add(part)
    return [merged(sorted(several)) for several in alike.values()]


def merged(sentences: Sequence[str]) -> str:
    """One sentence for several that differ in numbers only, with the smallest and the largest of each.

    Args:
        sentences: one or more that are equal but for their numbers.
    """
    ranges = []
    for texts in zip(*(_NUMBER.findall(sentence) for sentence in sentences), strict=True):
        low, high = min(texts, key=float), max(texts, key=float)
        ranges.append(low if float(low) == float(high) else f"{low} to {high}")
    filling = iter(ranges)
    return _NUMBER.sub(lambda _: next(filling), sentences[0])


def significance_notes(results: Results, metrics: Sequence[str], tested: Tested, *, anybody: bool) -> list[str]:
    """How it was tested who beats whom, and why nobody can win where that is so.

    Args:
        results: with comparisons.
        metrics: of the columns.
        tested: over actors or clips.
        anybody: whether any row beats another.
    """
    rows = results.comparisons
    rows = rows if rows.empty else rows[rows["metric"].isin(list(metrics))]
    if rows.empty:
        return ["no two methods could be compared"] if len(results.methods) > 1 else []
    sets = tested_sets(results, metrics)
    tests = (
        "sign-flip test over clips, so that it holds for these actors only"
        if tested == "clips"
        else tests_in_words(sets, units_of(results), flips=bool(set(rows["metric"]) - set(sets)))
    )
    how = f"{tests}, level {LEVEL:g} after Holm within the column"
    notes = [
        f"letters name the methods that a value beats significantly ({how})"
        if anybody
        else f"no method beats another significantly ({how})"
    ]
    if tested == "actors":
        notes += [*_not_compared(results, sets), *condensed(rows["note"].dropna().unique())]
    elif sets:
        notes.append(f"{listed(sets, _MANY)}: no score per clip, and so no test over clips")
    if "distinguishable" in rows and rows["distinguishable"].eq(False).any():
        notes.append("a difference below the noise of the measurement (other-backend, re-encoded) beats nobody")
    return notes


def tests_in_words(sets: Sequence[str], units: str, *, flips: bool) -> str:
    """Which tests were made, and in which columns where there are several.

    Args:
        sets: those of `tested_sets`.
        units: actors or clips.
        flips: whether there are also columns of clips' scores, whose differences can change signs.
    """
    if not sets:
        return f"sign-flip test over {units}"
    bootstrap = f"paired bootstrap over {units}"
    return f"sign-flip test over {units}, {bootstrap} in {listed(sets, _MANY)}" if flips else bootstrap


def tested_sets(results: Results, metrics: Sequence[str]) -> list[str]:
    """Metrics of sets whose methods were compared, which not every run has."""
    compared = set(results.comparisons["metric"]) if len(results.comparisons) else set()
    return [name for name in metrics if name in compared and results.metrics[name].of_sets]


def _not_compared(results: Results, sets: Sequence[str]) -> list[str]:
    """That some pairs of methods have no comparison in metrics of sets, such as those of different runs."""
    values = results.summary[(results.summary["group"] == "all") & results.summary["value"].notna()]
    values = values[values["method"].isin(results.methods)]
    counts = values.groupby("metric")["method"].nunique()
    pairs = results.comparisons["metric"].value_counts()
    lacking = [name for name in sets if pairs[name] < counts[name] * (counts[name] - 1) // 2]
    return [f"{listed(lacking, _MANY)}: {NOT_COMPARED}"] if lacking else []


def units_of(results: Results) -> str:
    """What tests are over: actors, or clips where not all actors are known."""
    return "actors" if results.clips["actor"].notna().all() else "clips"


def limit_notes(rows: Iterable[Row]) -> list[str]:
    """What each row that is nobody's method is."""
    return [f"{row.title}: {_ROWS[row.name]}" for row in rows if row.name in _ROWS]


def empty_notes(source: Source, methods: Sequence[str], keys: Sequence[Key]) -> list[str]:
    """Why no method has a value of a metric, and whether there are methods at all."""
    why: dict[str, list[str]] = {}
    for metric in dict.fromkeys(metric for metric, _ in keys):
        own = [key for key in keys if key[0] == metric]
        if not any(source.cell(method, key).value is not None for key in own for method in methods):
            why.setdefault(_why_empty(source, metric), []).append(metric)
    notes = [f"{', '.join(names)}: {sentence}" for sentence, names in why.items()]
    if not source.results.methods:
        notes.append("these results have no method")
    return notes


def _why_empty(source: Source, metric: str) -> str:
    measured = source.results.metrics.get(metric)
    if measured is None:
        alike = [name for name in source.results.metrics if name.lower() == metric.lower()]
        return "not measured in these runs" + (f", but {alike[0]} is" if alike else "")
    if measured.absent is not None:
        return f"not measured: {shortened(measured.absent)}"
    own = [source.cell(method, (metric, "all")).reason for method in source.results.methods]
    reasons = dict.fromkeys(WORDS.get(reason, reason) for reason in own if reason)
    return f"no method has a value: {' or '.join(reasons)}" if reasons else "no method has a value"


def shortened(sentence: str) -> str:
    """Of a missing file, which one; where to get it stands in run.json."""
    file, missing, _ = sentence.partition(" is not here")
    return f"{file.partition(' (')[0]} is not here, run.json says where to get it" if missing else sentence


def listed(names: Sequence[str], most: int = _NAMED) -> str:
    """Names in a sentence; of many, the first."""
    shown = list(names[:most])
    rest = len(names) - len(shown)
    return f"{', '.join(shown)} and {rest} more" if rest else ", ".join(shown)


def _parts(note: str | None) -> list[str]:
    return [] if note is None or pd.isna(note) else str(note).split("; ")


def _of(metrics: set[str], filled: set[str], order: Iterable[str], sentence: str) -> str:
    """With the metrics that it concerns, unless it concerns all."""
    concerned = [name for name in order if name in metrics]
    if filled <= metrics or sentence.startswith(tuple(concerned)):
        return sentence
    return f"{listed(concerned, _MANY)}: {sentence}"

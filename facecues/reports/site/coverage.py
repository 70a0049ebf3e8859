"""How much of what should have been measured was measured, and why the rest was not."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import pandas as pd

from facecues.reports.numbers import rounded
from facecues.reports.results import Results
from facecues.reports.site.words import in_words, said

MOST_FAILURES: Final = 500
"""Videos named one by one; a page with thousands helps nobody."""


@dataclass(frozen=True, slots=True)
class Heat:
    """One method's coverage by one metric.

    Attributes:
        shown: percent, or "–" where nothing was measured.
        step: 0 (nothing) to 10 (all), the cell's tint; None without a value.
        note: clips and frames, and why it is less than all.
    """

    shown: str
    step: int | None
    note: str


@dataclass(frozen=True, slots=True)
class Failure:
    """A video that could not be read in whole or in part."""

    method: str
    clip: str
    status: str
    words: str


@dataclass(frozen=True, slots=True)
class Lacking:
    """Scores of one method that have no value for one reason."""

    method: str
    words: str
    count: int
    metrics: str


@dataclass(frozen=True, slots=True)
class CoverageView:
    """What the page about coverage shows.

    Attributes:
        metrics: names, the columns of the heat table.
        rows: method's title and its cells.
        failures: the first MOST_FAILURES.
        n_failures: all of them.
        remarked: videos that were read in whole, with a remark: words and how many.
        absent: metric and sentence, for what could not be had at all.
    """

    metrics: tuple[str, ...]
    rows: tuple[tuple[str, tuple[Heat, ...]], ...]
    failures: tuple[Failure, ...]
    n_failures: int
    remarked: tuple[tuple[str, int], ...]
    lacking: tuple[Lacking, ...]
    absent: tuple[tuple[str, str], ...]


def results_to_coverage(results: Results, titles: Mapping[str, str]) -> CoverageView:
    """Everything about coverage, in words."""
    overall = results.summary[results.summary["group"] == "all"]
    metrics = [name for name, measured in results.metrics.items() if measured.absent is None]
    cells = {(row.method, row.metric): _heat(row) for row in overall.itertuples()}
    nothing = Heat("–", None, "not measured")
    broken = results.videos[results.videos["status"] != "ok"]
    whole = results.videos[(results.videos["status"] == "ok") & results.videos["reason"].notna()]
    return CoverageView(
        metrics=tuple(metrics),
        rows=tuple(
            (titles.get(method, method), tuple(cells.get((method, metric), nothing) for metric in metrics))
            for method in (*results.methods, *results.limits)
        ),
        failures=tuple(_failure(row, titles) for row in broken.head(MOST_FAILURES).itertuples()),
        n_failures=len(broken),
        remarked=tuple((in_words(str(reason)), int(count)) for reason, count in whole["reason"].value_counts().items()),
        lacking=_lacking(results, titles),
        absent=tuple((name, measured.absent) for name, measured in results.metrics.items() if measured.absent),
    )


def _heat(row: Any) -> Heat:
    coverage = float(row.coverage)
    reason = said(row.reason)
    if pd.isna(row.value):
        return Heat("–", None, f"no value: {in_words(reason)}")
    made = f"{int(row.n_clips)} of {int(row.n_expected)} clips, {int(row.n_frames)} frames"
    return Heat(
        rounded(coverage, 1, percent=True) if coverage < 1 else "100",
        int(coverage * 10),
        f"{made}{f'; {in_words(reason)}' if reason else ''}",
    )


def _failure(row: Any, titles: Mapping[str, str]) -> Failure:
    words = said(row.message) or in_words(said(row.reason))
    return Failure(titles.get(str(row.method), str(row.method)), str(row.clip_id), str(row.status), words)


def _lacking(results: Results, titles: Mapping[str, str]) -> tuple[Lacking, ...]:
    """Of metrics that could be had: how often which method has no value, and why."""
    possible = [name for name, measured in results.metrics.items() if measured.absent is None]
    rows = results.scores[results.scores["value"].isna() & results.scores["metric"].isin(possible)]
    order = {method: index for index, method in enumerate((*results.methods, *results.limits))}
    found = [
        Lacking(
            titles.get(str(method), str(method)),
            in_words(said(reason)),
            len(group),
            ", ".join(sorted(group["metric"].unique())),
        )
        for (method, reason), group in rows.groupby(["method", "reason"], dropna=False)
        if method in order
    ]
    places = {titles.get(method, method): index for method, index in order.items()}
    return tuple(sorted(found, key=lambda each: (places[each.method], -each.count)))

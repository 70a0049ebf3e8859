"""An evaluation in words and one table, for a terminal."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Final

import pandas as pd
from rich.console import Group, RenderableType
from rich.markup import escape
from rich.table import Table

from facecues.metrics.floors import FLOORS, REFERENCE
from facecues.pipelines.evaluation.run import EvaluateSummary

MAIN: Final = (
    "M-LD",
    "F-LD",
    "M-LVD",
    "F-LVD",
    "SSIM",
    "PSNR",
    "LPIPS",
    "FID",
    "FD-AlexNet",
    "Gaze-JS",
    "Pose",
    "LSE-C",
)
_EXAMPLES: Final = 3
_CELL: Final = 15  # characters of a column
_ARROWS: Final = {"lower": "↓", "higher": "↑"}


def render_evaluation(
    summary: EvaluateSummary, ranks: pd.DataFrame | None = None, *, width: int = 80
) -> RenderableType:
    """For a terminal of so many columns; a wider one shows more metrics."""
    parts: list[RenderableType] = []
    if summary.interrupted:
        parts.append("Interrupted. What is done is kept: give the same command again to go on.")
    else:
        parts.append(_table(summary, width))
        parts += _remarks(summary)
        if ranks is not None:
            parts.append(_ranks(ranks))
    took = timedelta(seconds=round(summary.seconds))
    parts.append(f"[bold]{escape(str(summary.root))}[/]  {summary.clips} clips, {len(summary.methods)} methods, {took}")
    return Group(*parts)


def _table(summary: EvaluateSummary, width: int) -> Table:
    all_clips = summary.table[summary.table["group"] == "all"]
    known = all_clips[all_clips["value"].notna()]
    emotion = [name for name in known["metric"].unique() if str(name).startswith("EmoAcc-")]
    shown = [name for name in (*summary.plugins, *MAIN, *emotion) if (known["metric"] == name).any()]
    names = max(map(len, (*summary.methods, *FLOORS)))
    shown = shown[: max(1, (width - names) // _CELL)]
    table = Table(box=None, padding=(0, 2, 0, 0))
    table.add_column("method", no_wrap=True)
    cells = {(row.method, row.metric): row for row in all_clips.itertuples()}
    for name in shown:
        row = all_clips[all_clips["metric"] == name].iloc[0]
        table.add_column(f"{name}{_ARROWS.get(row['better'], '')}\n{row['unit']}", justify="right", no_wrap=True)
    best = {name: _best(all_clips, name, summary.methods) for name in shown}
    present = set(all_clips["method"])
    rows = [*summary.methods, REFERENCE, *FLOORS]
    for method in (name for name in rows if name in present):
        if method == REFERENCE:
            table.add_section()
        values = [_cell(cells.get((method, name)), method == best[name]) for name in shown]
        if method == REFERENCE and not any(value != "-" for value in values):
            continue
        table.add_row(escape(method), *values, style=None if method in summary.methods else "dim")
    return table


def _best(table: pd.DataFrame, metric: str, methods: Sequence[str]) -> str | None:
    own = table[(table["metric"] == metric) & table["method"].isin(list(methods)) & table["value"].notna()]
    if own.empty or own["better"].iloc[0] is None:
        return None
    ordered = own.sort_values("value", ascending=own["better"].iloc[0] == "lower", kind="stable")
    return str(ordered["method"].iloc[0])


def _cell(row: object, best: bool) -> str:
    """A value, its coverage where that is not all, and below them half of its interval."""
    value = getattr(row, "value", None)
    if row is None or value is None or pd.isna(value):
        return "-"
    text = f"{value:.3g}" if abs(value) < 100 else f"{value:.0f}"
    low, high, coverage = (getattr(row, name) for name in ("low", "high", "coverage"))
    if coverage < 0.995:
        text += f" ({coverage:.0%})"
    if best:
        text = f"[bold]{text}[/]"
    if pd.notna(low) and pd.notna(high):
        text += f"\n[dim]±{(high - low) / 2:.2g}[/]"
    return text


def _remarks(summary: EvaluateSummary) -> list[RenderableType]:
    lines = []
    for name in summary.methods:
        missing, extra = summary.missing.get(name, 0), summary.extra.get(name, 0)
        if missing or extra:
            lines.append(
                f"{name}: {missing} of {summary.clips} clips missing, {extra} that the reference does not have"
            )
    if summary.failed:
        lines.append(f"[red]{len(summary.failed)} videos could not be used[/]")
        lines += [f"  {escape(f'{method} {clip}: {why}')}" for method, clip, why in summary.failed[:_EXAMPLES]]
    lines += [f"[red]{escape(name)}[/] {escape(fault)}" for name, fault in summary.faults.items()]
    lines += [f"[yellow]no {escape(names)}[/]: {escape(_short(why))}" for why, names in _by_reason(summary.absent)]
    notes = Counter(_notes(summary.table))
    lines += [f"[dim]{escape(note)}[/]" for note, _ in notes.most_common(_EXAMPLES)]
    if len(summary.comparisons):
        kept = summary.comparisons
        below = int((kept["distinguishable"].eq(False)).sum())
        won = int(kept["winner"].notna().sum())
        lines.append(
            f"{len(kept)} comparisons of two methods: {won} significant over actors (Holm), "
            f"{below} below the noise of the measurement"
        )
    return ["", *lines] if lines else []


def _by_reason(absent: Mapping[str, str]) -> list[tuple[str, str]]:
    """Each sentence once, and the names of all that it concerns."""
    names: dict[str, list[str]] = {}
    for name, sentence in absent.items():
        names.setdefault(sentence, []).append(name)
    return [(sentence, ", ".join(alike)) for sentence, alike in names.items()]


def _short(sentence: str) -> str:
    """Of a missing file, which; the whole sentence stands in run.json."""
    file, missing, _ = sentence.partition(" is not here ")
    return f"{file.partition(' (')[0]} is not here; run.json says where to get it" if missing else sentence


def _notes(table: pd.DataFrame) -> list[str]:
    shown = table[(table["group"] == "all") & table["value"].notna()]
    return [str(note) for note in shown["note"].dropna()]


def _ranks(ranks: pd.DataFrame) -> Table:
    table = Table(
        box=None, padding=(0, 2, 0, 0), title="Order of the methods against the other run", title_justify="left"
    )
    for name in ("metric", "methods", "Spearman", "Kendall"):
        table.add_column(name, justify="left" if name == "metric" else "right")
    for row in ranks.to_dict("records"):
        values = ("-" if pd.isna(row[name]) else f"{row[name]:.2f}" for name in ("spearman", "kendall"))
        table.add_row(str(row["metric"]), str(row["methods"]), *values)
    return table

"""The end of a run in words: how the clips stand, which failed and why, and what to do next."""

from collections import Counter
from datetime import timedelta

from rich.console import Group, RenderableType
from rich.markup import escape
from rich.table import Table

from facecues.pipelines.events import ExtractSummary

_EXAMPLES = 3  # failed clips shown for each reason


def render_summary(summary: ExtractSummary) -> RenderableType:
    """For a terminal of 80 columns or more."""
    fresh = summary.clips - summary.skipped
    parts: list[RenderableType] = [
        f"{summary.clips} clips: {summary.ok} ok, {summary.partial} partial, {summary.failed} failed"
        + (f"; {summary.skipped} were finished before" if summary.skipped else "")
    ]
    if fresh and summary.frames:
        took = timedelta(seconds=round(summary.seconds))
        parts.append(f"{summary.frames} frames in {took}, {summary.frames / summary.seconds:.0f} frames/s")
    if summary.failures:
        parts.append(_failures(summary))
    if summary.interrupted:
        parts.append("Interrupted. What is done is kept: give the same command again to go on.")
    parts.append(f"[bold]{escape(str(summary.store))}[/]")
    return Group(*parts)


def _failures(summary: ExtractSummary) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 2), show_header=False)
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    table.add_column(overflow="fold", style="dim")
    counts = Counter(failure.reason for failure in summary.failures)
    for reason, count in counts.most_common():
        table.add_row(f"[red]{reason}[/] {count}", "", "")
        examples = [failure for failure in summary.failures if failure.reason == reason][:_EXAMPLES]
        for failure in examples:
            table.add_row("", escape(failure.clip_id), escape(failure.message or ""))
        if count > len(examples):
            table.add_row("", f"… and {count - len(examples)} more in clips.parquet", "")
    return table

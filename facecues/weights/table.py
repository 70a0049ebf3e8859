"""The registry as a table for people."""

from collections.abc import Iterable

from rich.markup import escape
from rich.table import Table

from facecues.weights import Status


def render(found: Iterable[Status]) -> Table:
    """One row per weight: what it is and whose, what it unlocks, and whether it is here."""
    table = Table(box=None, padding=(0, 2, 0, 0))
    for heading in ("name", "unlocks"):
        table.add_column(heading, no_wrap=True)
    table.add_column("size", justify="right", no_wrap=True)
    table.add_column("here", no_wrap=True)
    table.add_column("licence and place", overflow="fold")
    for one in found:
        weight = one.weight
        note = weight.licence if one.state != "refused" else one.detail
        size = "unknown" if weight.size is None else f"{weight.size / 1e6:.1f} MB"
        cells = weight.name, ", ".join(weight.unlocks), size, one.state, note
        table.add_row(*map(escape, cells), style=None if one.state == "ready" else "dim")
        if one.path is not None:
            table.add_row("", "", "", "", f"[dim]{escape(str(one.path))}")
    return table

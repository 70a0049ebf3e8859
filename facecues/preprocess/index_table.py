"""An index as a reader wants to see it: counts against MEAD's nominal ones, then everything that is odd."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from itertools import groupby
from operator import attrgetter, itemgetter
from typing import Any, Final

import pandas as pd
from rich import box
from rich.console import Group, RenderableType
from rich.filesize import decimal
from rich.table import Table
from rich.text import Text

from facecues.labels import EMOTIONS, NOMINAL_TOTAL, USUAL_TOTAL, levels_of, nominal_clips
from facecues.preprocess.index import Index
from facecues.preprocess.layouts import UNKNOWN_VIEW, Clip
from facecues.preprocess.oddities import Cell, count_usable
from facecues.preprocess.walk import Oddity, OddityKind, printable
from facecues.splits import Split, make_split

MOST_ROWS: Final = 24  # more rows than this are summed up, unless all are asked for

_TITLES: Final[Mapping[OddityKind, str]] = {
    OddityKind.UNPARSED: "names that the layout does not take",
    OddityKind.DUPLICATE: "ids claimed by several files",
    OddityKind.OUTSIDE_ROOT: "links that leave the root",
    OddityKind.EMPTY_FILE: "empty or unreadable files",
    OddityKind.NEUTRAL_LEVEL: "neutral at a level that MEAD does not have",
    OddityKind.GAP: "gaps against MEAD's nominal counts",
    OddityKind.VIDEO_WITHOUT_AUDIO: "videos without an audio file",
    OddityKind.AUDIO_WITHOUT_VIDEO: "audio files without a video",
    OddityKind.ARCHIVE: "archives that are not extracted",
    OddityKind.NOT_READ: "folders and files passed over",
    OddityKind.OTHER_FILES: "other files",
}


def render(index: Index, split: str | None = None, *, full: bool = False, examples: int = 5) -> RenderableType:
    """The index for a terminal of 100 columns or more, readable without colour.

    Args:
        index: from `build_index`.
        split: name of a split to count as well.
        full: one row per actor and view (or per folder), however many there are.
        examples: how many oddities of each kind are shown.

    Raises:
        UsageError: the split cannot be made, see `facecues.splits.make_split`.
    """
    counts = count_usable(index.clips)
    by_label = counts and index.of_mead
    parts = [_headline(index), _table_of_cells(counts, full) if by_label else _table_of_folders(index, full)]
    if split is not None:
        parts.append(_table_of_split(index, split))
    for kind, oddities in groupby(index.oddities, key=attrgetter("kind")):
        parts.append(_block_of_oddities(kind, list(oddities), examples))
    return Group(*parts)


def to_json(index: Index, split: str | None = None) -> dict[str, Any]:
    """The same as plain data: counts per cell, the split's counts, and every oddity.

    Raises:
        UsageError: the split cannot be made, see `facecues.splits.make_split`.
    """
    problems = Counter(clip.problem.value for clip in index.clips if clip.problem is not None)
    data: dict[str, Any] = {
        "root": printable(str(index.root)),
        "layout": index.layout,
        "fits": dict(index.fits),
        "clips": len(index.clips),
        "usable": len(index.clips) - problems.total(),
        "problems": dict(problems),
        "cells": [
            {
                "actor": actor,
                "view": None if view == UNKNOWN_VIEW else view,
                "emotion": emotion,
                "level": level,
                "clips": count,
                "nominal": nominal_clips(emotion) if index.of_mead else None,
            }
            for (actor, view, emotion, level), count in sorted(count_usable(index.clips).items())
        ],
        "oddities": [
            {"kind": oddity.kind.value, "where": oddity.where, "sentence": oddity.sentence} for oddity in index.oddities
        ],
    }
    if split is not None:
        made = _split_usable(index, split)[1]
        data["split"] = {
            "name": made.name,
            "version": made.version,
            "test_sha256": made.test_sha256,
            "absent": list(made.absent),
            "train": int((made.sides == "train").sum()),
            "test": int((made.sides == "test").sum()),
            "unplaced": int(made.sides.isna().sum()),
        }
    return data


def _headline(index: Index) -> RenderableType:
    usable = sum(clip.problem is None for clip in index.clips)
    counts = f"{len(index.clips):,} clips, {usable:,} usable, {decimal(sum(clip.size for clip in index.clips))}"
    fits = ", ".join(f"{count:,} {name}" for name, count in index.fits.items() if name != "folder")
    found = f" (names that fit: {fits})" if fits else ""
    return Text.assemble((_visible(str(index.root)), "bold"), f"\n{counts}\nlayout {index.layout}{found}\n")


def _table_of_cells(counts: Mapping[Cell, int], full: bool) -> RenderableType:
    """Actor (x view) x emotion, the levels side by side. A long one has the lowest count over the views."""
    totals: dict[tuple[str, str], int] = defaultdict(int)
    for (actor, view, _, _), count in counts.items():
        totals[actor, view] += count
    all_views = sorted({view for _, view in totals})
    summed = len(all_views) > 1 and len(totals) > MOST_ROWS and not full
    by_view = len(all_views) > 1 and not summed
    nominal_total = NOMINAL_TOTAL * len(all_views) if summed else NOMINAL_TOTAL

    table = _table("actor", *(["views"] if summed else ["view"] if by_view else []))
    for emotion in EMOTIONS:
        nominal = "·".join(str(nominal_clips(emotion)) for _ in levels_of(emotion))
        table.add_column(Text.assemble(emotion, "\n", (nominal, "dim")), overflow="fold")
    table.add_column(Text.assemble("clips", "\n", (f"{nominal_total:,}", "dim")), justify="right")
    for actor, pairs in groupby(sorted(totals), key=itemgetter(0)):
        views = [view for _, view in pairs]
        for row in [views] if summed else [[view] for view in views]:
            label = [f"{len(row)}"] if summed else row if by_view else []
            cells = [_cell(counts, actor, row, emotion) for emotion in EMOTIONS]
            table.add_row(actor, *label, *cells, f"{sum(totals[actor, view] for view in row):,}")
    return Group(table, _caption(totals, all_views, summed))


def _cell(counts: Mapping[Cell, int], actor: str, views: list[str], emotion: str) -> Text:
    """Counts per level, such as 30·30·29↓: the arrow says that one is below nominal, a dash says none."""
    levels = levels_of(emotion)
    lowest = [min(counts.get((actor, view, emotion, level), 0) for view in views) for level in levels]
    low = [count < nominal_clips(emotion) for count in lowest]
    texts = [
        Text(str(count or "–"), "bold yellow" if under else "dim") for count, under in zip(lowest, low, strict=True)
    ]
    return Text("·", "dim").join(texts).append("↓" if any(low) and any(lowest) else "", "yellow")


def _caption(totals: Mapping[tuple[str, str], int], views: list[str], summed: bool) -> Text:
    lines = [
        "Usable clips at levels 1·2·3; ↓ below nominal, – none. "
        f"{USUAL_TOTAL} of {NOMINAL_TOTAL} per actor and view is usual."
    ]
    if summed:
        lines.append("Each count is the lowest over the actor's views; the full table has a row per view.")
    for view in views:
        of_view = [count for (_, other), count in totals.items() if other == view]
        nominal = f"nominally {NOMINAL_TOTAL * len(of_view):,}, actors {len(of_view)}"
        lines.append(f"  {view:8} {sum(of_view):>7,} clips, {nominal}")
    return Text("\n".join(lines) + "\n", style="dim")


def _table_of_folders(index: Index, full: bool) -> RenderableType:
    clips: dict[str, list[Clip]] = defaultdict(list)
    for clip in index.clips:
        clips[clip.video.rpartition("/")[0] or "."].append(clip)
    table = _table("folder")
    for title in ("clips", "usable", "with audio file", "size"):
        table.add_column(title, justify="right")
    shown = list(clips.items()) if full else list(clips.items())[:MOST_ROWS]
    for folder, inside in shown:
        usable = sum(clip.problem is None for clip in inside)
        audio = sum(clip.audio is not None for clip in inside)
        size = decimal(sum(clip.size for clip in inside))
        table.add_row(Text(_visible(folder)), f"{len(inside):,}", f"{usable:,}", f"{audio:,}", size)
    hidden = len(clips) - len(shown)
    return Group(table, Text(f"… and {hidden:,} more folders\n" if hidden else "", style="dim"))


def _table_of_split(index: Index, name: str) -> RenderableType:
    frame, split = _split_usable(index, name)
    absent = f"; not here: {', '.join(split.absent)}" if split.absent else ""
    note = f", version {split.version}, test ids sha256 {split.test_sha256[:16]}{absent}"
    table = _table("")
    for title in (*EMOTIONS, "actors", "clips"):
        table.add_column(title, justify="right")
    for side in ("train", "test", "unplaced"):
        rows = frame[split.sides.isna() if side == "unplaced" else split.sides == side]
        if side != "unplaced" or len(rows):
            emotions = rows["emotion"].value_counts()
            cells = [*(emotions.get(emotion, 0) for emotion in EMOTIONS), rows["actor"].nunique(), len(rows)]
            table.add_row(side, *(f"{cell:,}" for cell in cells))
    return Group(Text.assemble((f"split {split.name}", "bold"), note), table, Text())


def _split_usable(index: Index, name: str) -> tuple[pd.DataFrame, Split]:
    columns = ["clip_id", "actor", "emotion", "level", "number"]
    rows = map(attrgetter(*columns), (clip for clip in index.clips if clip.problem is None))
    frame = pd.DataFrame(rows, columns=columns)
    return frame, make_split(frame, name)


def _block_of_oddities(kind: OddityKind, oddities: list[Oddity], examples: int) -> RenderableType:
    grid = Table.grid(padding=(0, 2))
    grid.add_column(overflow="fold")
    grid.add_column(overflow="fold")
    for oddity in oddities[:examples]:
        grid.add_row(Text(f"  {_visible(oddity.where)}"), Text(_visible(oddity.sentence)))
    more = len(oddities) - examples
    count = "" if oddities[0].where == "." else f": {len(oddities):,}"  # one remark on the whole tree
    title = Text.assemble((_TITLES[kind], "bold yellow"), count)
    return Group(title, grid, Text(f"  … and {more:,} more\n" if more > 0 else "", style="dim"))


def _table(*labels: str) -> Table:
    table = Table(box=box.SIMPLE_HEAD, padding=0, show_edge=False)  # the box itself leaves one column between
    for label in labels:
        table.add_column(label, overflow="fold")
    return table


def _visible(text: str) -> str:
    """The text with control characters escaped: a file's name must not steer the terminal."""
    shown = printable(text)
    return shown if shown.isprintable() else "".join(_escape(shown))


def _escape(text: str) -> Iterable[str]:
    return (char if char.isprintable() else char.encode("unicode_escape").decode() for char in text)

"""Methods that have several stores, one for each seed: one row in tables, which says of how many it is the mean."""

from collections import defaultdict
from collections.abc import Mapping, Sequence

import pandas as pd

from facecues.pipelines.rows import Row

Sides = Mapping[str, tuple[str, ...]]
"""What each method is called in the jobs: as itself, or a name for each seed. See Pairing.sides."""


def mean_over_sides(scores: pd.DataFrame, sides: Sides) -> pd.DataFrame:
    """scores.parquet with one row for each method, clip and metric.

    A value is the mean over the seeds that have one; frames are added up, and coverage is the mean over all seeds.
    """
    method_of = {side: method for method, several in sides.items() for side in several}
    if len(method_of) == len(sides):
        return scores
    named = scores.assign(method=[method_of.get(name, name) for name in scores["method"]])
    means = named.groupby(["method", "clip_id", "metric"], sort=False, as_index=False).agg(
        value=("value", "mean"),
        n_frames=("n_frames", "sum"),
        coverage=("coverage", "mean"),
        reason=("reason", "first"),
        signature=("signature", "first"),
    )
    return means[scores.columns].astype(scores.dtypes.to_dict())


def with_methods(videos: Sequence[Row], sides: Sides) -> list[Row]:
    """videos.parquet, in which the first store of a method stands for the method, wherever one has to be shown."""
    first = {several[0]: method for method, several in sides.items() if len(several) > 1}
    return [*videos, *({**row, "method": first[row["method"]]} for row in videos if row["method"] in first)]


def with_sides_told(summary: pd.DataFrame, sides: Sides) -> pd.DataFrame:
    """summary.parquet, in which a note says of every mean over seeds that it is one."""
    alike: dict[int, list[str]] = defaultdict(list)
    for method, several in sides.items():
        if len(several) > 1:
            alike[len(several)].append(method)
    if not alike:
        return summary
    told = {method: f"{', '.join(of)}: over {n} seeds" for n, of in alike.items() for method in of}
    notes = [
        "; ".join(filter(None, [note if isinstance(note, str) else None, told.get(method)])) or None
        for method, note in zip(summary["method"], summary["note"], strict=True)
    ]
    return summary.assign(note=pd.Series(notes, summary.index, dtype=object))

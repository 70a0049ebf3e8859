"""What jobs found, as the files of a run."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

import pandas as pd

from facecues.metrics.floors import FLOORS, REFERENCE
from facecues.metrics.scoring import Column
from facecues.metrics.sets import SetValue
from facecues.pipelines.evaluation.jobs import ClipJob
from facecues.pipelines.rows import Row
from facecues.preprocess.layouts import Clip
from facecues.reasons import ScoreReason

SCORE_COLUMNS: Final = ["method", "clip_id", "metric", "value", "n_frames", "coverage", "reason", "signature"]
_COUNTS: Final = ("frames", "width", "height", "damaged", "instants", "beyond")


def complete_scores(
    rows: Iterable[Row], columns: Mapping[str, Column], jobs: Sequence[ClipJob], methods: Sequence[str]
) -> pd.DataFrame:
    """scores.parquet: a row for every method, clip and column, whatever became of it.

    Args:
        rows: what the jobs found; metric "*" stands for all columns.
        columns: of the run.
        jobs: all of them.
        methods: the users' own, of which every clip is expected.
    """
    found: dict[tuple[str, str], dict[str, Row]] = {}
    for row in rows:
        found.setdefault((row["method"], row["clip_id"]), {})[row["metric"]] = row
    out = []
    floors = {method for method, _ in found} - {*methods, REFERENCE}
    for job in jobs:
        for method in (REFERENCE, *methods, *(floor for floor in FLOORS if floor in floors)):
            own = found.get((method, job.clip_id))
            for name, column in columns.items():
                if method == REFERENCE and column.pairs:
                    continue
                cell = _cell(own, name, column, method in methods, method == REFERENCE)
                if cell is not None:
                    key = {"method": method, "clip_id": job.clip_id, "metric": name}
                    out.append({**cell, **key, "signature": column.signature})
    frame = pd.DataFrame(out, columns=SCORE_COLUMNS)
    return frame.astype({"value": "float64", "n_frames": "int32", "coverage": "float64"})


def _cell(own: Mapping[str, Row] | None, name: str, column: Column, expected: bool, real: bool) -> Row | None:
    """One score; None where the column does not concern the method."""
    nothing: Row = {"value": None, "n_frames": 0, "coverage": 0.0}
    if own is None:
        reason = ScoreReason.VIDEO_FAILED if real else ScoreReason.VIDEO_MISSING
        return nothing | {"reason": str(reason)} if expected or real else None
    if "*" in own:
        return own["*"]
    if column.absent is not None:
        return nothing | {"reason": str(column.absent.reason)} if expected else None
    return own.get(name)


def videos_table(rows: Iterable[Row]) -> pd.DataFrame:
    """videos.parquet: how each video ended, and what it is."""
    frame = pd.DataFrame(rows).sort_values(["clip_id", "method"], ignore_index=True)
    return frame.astype({name: "Int64" for name in _COUNTS if name in frame})


def unparsed_rows(clips: Iterable[Clip]) -> list[Row]:
    """Clips of the reference that have no place in the scores, as rows of videos.parquet: there they are named."""
    return [
        Row(method=REFERENCE, clip_id=clip.clip_id, status="failed", reason=str(clip.problem), message=clip.message)
        for clip in clips
    ]


def clips_table(jobs: Iterable[ClipJob]) -> pd.DataFrame:
    """clips.parquet: the clips of the reference, in order, and what is known of each."""
    rows = [(job.clip_id, job.actor, job.emotion, job.level) for job in jobs]
    frame = pd.DataFrame(rows, columns=["clip_id", "actor", "emotion", "level"])
    return frame.astype({"clip_id": "string", "actor": "string", "emotion": "string", "level": "Int64"})


def with_sets(summary: pd.DataFrame, sets: Mapping[str, Sequence[SetValue]]) -> pd.DataFrame:
    """summary.parquet: what was summarised of clips, and the metrics of whole sets, by method."""
    rows = [_set_row(method, value) for method, values in sets.items() for value in values]
    both = [part for part in (summary, pd.DataFrame(rows)) if len(part)]
    if not both:
        return summary
    return pd.concat(both).sort_values(["group", "metric", "method"], kind="stable", ignore_index=True)


def joined(*frames: pd.DataFrame) -> pd.DataFrame:
    """Rows of all of them, which have the same columns; an empty one has no say in what the columns hold."""
    filled = [frame for frame in frames if len(frame)]
    return pd.concat(filled, ignore_index=True) if filled else frames[0]


def _set_row(method: str, value: SetValue) -> Row:
    return {
        "method": method,
        "group": value.group,
        "metric": value.info.name,
        "value": value.value,
        "low": value.low,
        "high": value.high,
        "n_clips": value.n_clips,
        "n_expected": value.n_expected,
        "n_actors": value.n_actors,
        "n_frames": value.n_frames,
        "coverage": value.n_clips / value.n_expected if value.n_expected else 0.0,
        "reason": value.reason,
        "interval": None,
        "note": value.note,
        "better": value.info.better,
        "unit": value.info.unit,
        "signature": value.signature,
    }

"""Frame rows in Parquet: staged clip by clip, then merged into one file per group of clips."""

import json
from collections.abc import Collection, Iterator, Mapping
from heapq import merge
from operator import itemgetter
from pathlib import Path
from types import TracebackType
from typing import Self

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from facecues.pipelines.atomic import replacing, writing
from facecues.schema import FRAME_SCHEMA

# Rows of a row group: what a writer or reader holds at a time, 3.6 MB at 1.75 kB a row.
ROW_GROUP = 2048

_CLIPS = b"facecues_clips"
_UNITS = json.dumps({field.name: field.metadata[b"unit"].decode() for field in FRAME_SCHEMA})


def _float_columns() -> list[str]:
    """Parquet's names of the columns that hold floats, in vectors or alone."""
    vectors = [f"{one.name}.list.element" for one in FRAME_SCHEMA if pa.types.is_fixed_size_list(one.type)]
    return vectors + [one.name for one in FRAME_SCHEMA if pa.types.is_floating(one.type)]


class FrameWriter:
    """Writes FRAME_SCHEMA batches to one file.

    Row groups are cut every ROW_GROUP rows wherever the batches end, so that memory does not grow with the
    file, and the same rows give the same bytes however they came.

    Raises:
        StoreError: any write fails.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._pending: list[pa.RecordBatch] = []
        self._rows = 0
        with writing(path):
            self._writer = pq.ParquetWriter(
                path,
                FRAME_SCHEMA,
                compression="zstd",
                use_dictionary=["clip_id", "reason"],
                use_byte_stream_split=_float_columns(),
            )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        with writing(self._path):
            if kind is None and self._rows:
                self._flush(self._rows)
            self._writer.close()

    def write(self, batch: pa.RecordBatch) -> None:
        """Adds rows."""
        self._pending.append(batch)
        self._rows += batch.num_rows
        with writing(self._path):
            while self._rows >= ROW_GROUP:
                self._flush(ROW_GROUP)

    def describe(self, clips: Mapping[str, str]) -> None:
        """Notes what the file holds, in its metadata: content key by clip id, and the columns' units."""
        self._writer.add_key_value_metadata({_CLIPS.decode(): json.dumps(dict(clips)), "facecues_units": _UNITS})

    def _flush(self, rows: int) -> None:
        # One contiguous piece: where chunks end would show in the file's pages.
        pending = pa.Table.from_batches(self._pending).combine_chunks()
        self._writer.write_table(pending.slice(0, rows), row_group_size=rows)
        rest = pending.slice(rows)
        self._pending = rest.to_batches()
        self._rows = rest.num_rows


def clips_in(file: Path) -> dict[str, str]:
    """Content key by clip id of a group's file; empty when there is no such file."""
    if not file.exists():
        return {}
    held: dict[str, str] = json.loads(pq.read_metadata(file).metadata[_CLIPS])
    return held


def merge_into(target: Path, staged: Mapping[str, tuple[str, Path]], dropped: Collection[str]) -> None:
    """Brings a group's file up to date, atomically and without holding more than a few row groups.

    Afterwards it holds its old clips, but none of `dropped`, and the staged ones, each replacing its old
    self; sorted by clip_id, then frame. A file that would hold no clip is removed. The staged files are
    deleted last, so that doing this again after any interruption gives the same file.

    Args:
        target: the group's file, which need not exist.
        staged: (content key, staged file) by clip id.
        dropped: clips that have no frames any more.

    Raises:
        StoreError: any write fails.
    """
    held = clips_in(target)
    if staged or not held.keys().isdisjoint(dropped):
        stale = {*dropped, *staged}
        clips = {clip: key for clip, key in held.items() if clip not in stale}
        clips |= {clip: key for clip, (key, _) in staged.items()}
        if clips:
            _rewrite(target, staged, stale, dict(sorted(clips.items())))
        else:
            target.unlink(missing_ok=True)
    for _, file in staged.values():
        file.unlink(missing_ok=True)


def _rewrite(
    target: Path, staged: Mapping[str, tuple[str, Path]], stale: Collection[str], clips: Mapping[str, str]
) -> None:
    with writing(target):
        target.parent.mkdir(parents=True, exist_ok=True)
    with replacing(target) as temporary, FrameWriter(temporary) as writer:
        kept = ((clip, rows) for clip, rows in _by_clip(target) if clip not in stale)
        new = ((clip, rows) for clip in sorted(staged) for rows in _batches(staged[clip][1]))
        for _, rows in merge(kept, new, key=itemgetter(0)):
            writer.write(rows)
        writer.describe(clips)


def _batches(file: Path) -> Iterator[pa.RecordBatch]:
    # pre_buffer would hold all row groups at once
    with pq.ParquetFile(file, pre_buffer=False) as opened:
        yield from opened.iter_batches(batch_size=ROW_GROUP)


def _by_clip(file: Path) -> Iterator[tuple[str, pa.RecordBatch]]:
    """A group's rows in their order, cut where one clip ends and the next begins."""
    if not file.exists():
        return
    for batch in _batches(file):
        runs = pc.run_end_encode(batch["clip_id"])
        start = 0
        for clip, end in zip(runs.values.to_pylist(), runs.run_ends.to_pylist(), strict=True):
            yield clip, batch.slice(start, end - start)
            start = end

"""Frame rows in Parquet: staged clip by clip, then merged into one file per group of clips."""

import json
from collections.abc import Collection, Iterator, Mapping, Set
from heapq import merge
from operator import itemgetter
from pathlib import Path
from types import TracebackType
from typing import Self

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from facecues.pipelines.atomic import reading, replacing, writing
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
    """Content key by clip id of a group's file; empty when there is no such file. Raises StoreError."""
    if not file.exists():
        return {}
    with reading(file):
        held: dict[str, str] = json.loads((pq.read_metadata(file).metadata or {})[_CLIPS])
    return held


def merge_into(target: Path, staged: Mapping[str, tuple[str, Path]], dropped: Set[str]) -> None:
    """Brings a group's file up to date, atomically and without holding more than a few row groups.

    Afterwards it holds its old clips, but none of `dropped`, and the staged ones, each replacing its old
    self; sorted by clip_id, then frame. A file that would hold no clip is removed. The staged files are
    deleted last; a clip that the file holds with the same key needs none. So this can be done again after
    an interruption anywhere.

    Args:
        target: the group's file, which need not exist.
        staged: (content key, staged file) by clip id.
        dropped: clips that have no frames any more, unless they are staged.

    Raises:
        StoreError: a file cannot be read or written.
    """
    held = clips_in(target)
    new = {clip: file for clip, (key, file) in staged.items() if held.get(clip) != key}
    gone = held.keys() & dropped - staged.keys()
    if new or gone:
        clips = {clip: key for clip, key in held.items() if clip not in gone}
        clips |= {clip: key for clip, (key, _) in staged.items()}
        if clips:
            _rewrite(target, new, gone | new.keys(), dict(sorted(clips.items())))
        else:
            target.unlink()
    for _, file in staged.values():
        file.unlink(missing_ok=True)


def _rewrite(target: Path, staged: Mapping[str, Path], stale: Collection[str], clips: Mapping[str, str]) -> None:
    with writing(target):
        target.parent.mkdir(parents=True, exist_ok=True)
    with replacing(target) as temporary, FrameWriter(temporary) as writer:
        kept = ((clip, rows) for clip, rows in _by_clip(target) if clip not in stale)
        new = ((clip, rows) for clip in sorted(staged) for rows in _batches(staged[clip]))
        for _, rows in merge(kept, new, key=itemgetter(0)):
            writer.write(rows)
        writer.describe(clips)


def _batches(file: Path) -> Iterator[pa.RecordBatch]:
    # With pre_buffer, all row groups would be held at once.
    with reading(file), pq.ParquetFile(file, pre_buffer=False) as opened:
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

"""What has happened to each clip since clips.parquet was last written: one JSON line per clip that ended."""

import errno
import json
import os
from pathlib import Path

import pyarrow as pa
import pyarrow.json

from facecues.pipelines.atomic import reading, writing
from facecues.pipelines.rows import ROW_SCHEMA, Row


class Ledger:
    """Rows in the order in which clips ended; of several rows of one clip the last counts.

    Each line goes to the operating system at once, so that it outlives this process; `sync` makes it outlive
    the machine. A line that was torn by the end of an earlier run is cut off.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        with writing(path):
            self._file = path.open("ab+", buffering=0)
            self._start = _whole_lines(self._file.fileno())
            self._file.truncate(self._start)

    def append(self, row: Row) -> None:
        """Adds a row. Raises StoreError."""
        line = encode(row)
        with writing(self._path):
            if self._file.write(line) != len(line):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def sync(self) -> None:
        """Waits until all rows are on the disk. Raises StoreError."""
        with writing(self._path):
            os.fsync(self._file.fileno())

    def earlier(self) -> pa.Table:
        """The rows of earlier runs, as ROW_SCHEMA. Raises StoreError."""
        return self._read(0, self._start)

    def added(self) -> pa.Table:
        """The rows appended by this run, as ROW_SCHEMA. Raises StoreError."""
        return self._read(self._start, os.fstat(self._file.fileno()).st_size)

    def clear(self) -> None:
        """Forgets everything, once clips.parquet has it."""
        self._file.truncate(0)
        self._start = 0

    def close(self) -> None:
        self._file.close()

    def _read(self, start: int, end: int) -> pa.Table:
        if start == end:
            return ROW_SCHEMA.empty_table()
        self._file.seek(start)
        lines = pa.BufferReader(self._file.read(end - start))
        options = pyarrow.json.ParseOptions(explicit_schema=ROW_SCHEMA, unexpected_field_behavior="error")
        with reading(self._path):
            table = pyarrow.json.read_json(lines, parse_options=options)
        return table.select(ROW_SCHEMA.names).cast(ROW_SCHEMA).combine_chunks()


def encode(row: Row) -> bytes:
    """A row as a line. Raises TypeError or ValueError where a value is no JSON, such as NaN."""
    return json.dumps(row, allow_nan=False).encode() + b"\n"


def _whole_lines(descriptor: int) -> int:
    """Bytes up to the end of the last whole line."""
    end = os.fstat(descriptor).st_size
    while end > 0:
        start = max(0, end - 65536)
        at = os.pread(descriptor, end - start, start).rfind(b"\n")
        if at >= 0:
            return start + at + 1
        end = start
    return 0

"""The store's directory: what is where, whose it is, and the tables in it.

store.json               schema version, signature, configuration, counts
clips.parquet            one row per clip
frames/actor=…/view=…/   one file per group of clips (actor, view, emotion, level)
.state/lock              held by the run that writes
.state/sources.parquet   directory entries of the videos, to see changes without reading them
.state/ledger.jsonl      clips that ended since clips.parquet was written
.state/staging-…/        frames of clips whose group is not complete
"""

import fcntl
import hashlib
import json
import logging
import os
import shutil
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from pydantic import BaseModel, ValidationError

from facecues.errors import UsageError
from facecues.pipelines.atomic import leftovers, reading, replace_text, replacing, writing
from facecues.pipelines.rows import ROW_SCHEMA, STAT, has_frames, look_up
from facecues.preprocess.layouts import Clip
from facecues.schema import CLIP_SCHEMA, SCHEMA_VERSION, group_path

_log = logging.getLogger(__name__)
_HEADER = "store.json"
_STATE = ".state"
_STAGING = "staging-"
_SOURCE_SCHEMA = pa.schema([ROW_SCHEMA.field(name) for name in ("clip_id", "content_key", *STAT)])


class Header(BaseModel):
    """store.json. `counts` is null until a run has ended."""

    schema_version: int = SCHEMA_VERSION
    signature: str
    layout: str
    config: dict[str, object]
    weights: dict[str, str]
    packages: dict[str, str]
    counts: dict[str, int] | None = None


def group_of(clip: Clip) -> str:
    """Where a clip's frames are, below `frames`."""
    return group_path(clip.actor, clip.view, clip.emotion, clip.level)


def inspect(root: Path) -> Header | None:
    """The header of a store, None where a new one can be made. Writes nothing.

    Raises:
        UsageError: something else is there, or a store of another schema version, or it cannot be written to.
    """
    there = root
    while not os.path.lexists(there):
        there = there.parent
    if not there.is_dir():
        raise UsageError(f"The store must be a folder, but {there} is a file: name another place.")
    if not os.access(there, os.W_OK | os.X_OK):
        raise UsageError(f"No right to write to {there}: name another place for the store.")
    if there != root:
        return None
    try:
        text = (root / _HEADER).read_text(encoding="utf-8")
    except FileNotFoundError:
        if {entry.name for entry in root.iterdir()} <= {_STATE}:
            return None
        raise UsageError(
            f"{root} is not empty and no cue store (it has no {_HEADER}): name a new or an empty folder."
        ) from None
    try:
        version = json.loads(text)["schema_version"]
        header = Header.model_validate_json(text) if version == SCHEMA_VERSION else None
    except (ValueError, KeyError, TypeError, ValidationError) as error:
        raise UsageError(f"{root / _HEADER} is damaged: name another folder for the store.") from error
    if header is None:
        raise UsageError(
            f"{root} is a store of schema version {version}, and this facecues writes version {SCHEMA_VERSION}: "
            "name another folder, or use the facecues that made it."
        )
    return header


def refuse_other(root: Path, found: Header | None, wanted: Header) -> None:
    """Raises UsageError unless the store found is new, or of the wanted signature and layout."""
    if found is None:
        return
    if found.signature != wanted.signature:
        raise UsageError(
            f"{root} holds cues with signature {found.signature!r}, and this run makes {wanted.signature!r}. "
            "One store holds one signature: name another folder, or use the first configuration again."
        )
    if found.layout != wanted.layout:
        raise UsageError(
            f"{root} was made from layout {found.layout!r}, and the index now has {wanted.layout!r}, which may "
            "name clips differently: name the first layout, or another folder."
        )


class Store:
    """An opened store. Only the run that holds its lock has one."""

    def __init__(self, root: Path, header: Header) -> None:
        self.root = root
        self.header = header
        self.frames = root / "frames"
        self.ledger = root / _STATE / "ledger.jsonl"
        self.staging = root / _STATE / f"{_STAGING}{uuid4().hex[:12]}"
        self._clips = root / "clips.parquet"
        self._sources = root / _STATE / "sources.parquet"

    def groups(self) -> set[str]:
        """The groups that have a file, as `group_path` names them."""
        return {file.relative_to(self.frames).as_posix() for file in self.frames.glob("actor=*/view=*/*.parquet")}

    def read_rows(self) -> pa.Table:
        """clips.parquet, with the directory entries its content keys were made from, as ROW_SCHEMA.

        Raises:
            StoreError: a table is damaged.
        """
        clips = _read(self._clips, CLIP_SCHEMA)
        sources = look_up(_read(self._sources, _SOURCE_SCHEMA), clips["clip_id"].combine_chunks())
        same = pc.equal(sources["content_key"], clips["content_key"])
        for name in STAT:
            clips = clips.append_column(name, pc.if_else(same, sources[name], None))
        return clips.cast(ROW_SCHEMA)

    def write_rows(self, rows: pa.Table) -> None:
        """Replaces sources.parquet and clips.parquet. Raises StoreError."""
        _write(rows.filter(has_frames(rows)).select(_SOURCE_SCHEMA.names).cast(_SOURCE_SCHEMA), self._sources)
        _write(rows.select(CLIP_SCHEMA.names).cast(CLIP_SCHEMA), self._clips)

    def write_header(self, counts: dict[str, int] | None) -> None:
        """Replaces store.json. Raises StoreError."""
        header = self.header.model_copy(update={"counts": counts})
        replace_text(self.root / _HEADER, header.model_dump_json(indent=2) + "\n")

    def remove_staging(self) -> None:
        """Removes what is staged, once all of it is merged."""
        shutil.rmtree(self.staging, ignore_errors=True)


def staged_file(staging: Path, clip_id: str, content_key: str) -> Path:
    """Where a clip's frames wait. The name speaks of the bytes as well, so it never stands for old frames."""
    return staging / (hashlib.sha256(f"{content_key} {clip_id}".encode()).hexdigest() + ".parquet")


@contextmanager
def open_store(root: Path, header: Header) -> Iterator[Store]:
    """Makes or opens a store for one run, and tidies up after a run that was killed.

    Frames that such a run staged are kept. Their folder is renamed, so that a task of it that still runs
    somewhere on a cluster finds no place to write to.

    Raises:
        UsageError: it is another run's at the moment, or not one to write `header` to (see `inspect`).
        StoreError: it cannot be written.
    """
    refuse_other(root, inspect(root), header)
    with writing(root):
        (root / _STATE).mkdir(parents=True, exist_ok=True)
    with _locked(root):
        refuse_other(root, inspect(root), header)  # again: it may have come into being meanwhile
        store = Store(root, header)
        with writing(root):
            for staging in (root / _STATE).glob(f"{_STAGING}*"):
                staging.rename(store.staging)
            store.staging.mkdir(exist_ok=True)
            for file in leftovers(root):
                file.unlink(missing_ok=True)
        store.write_header(None)
        yield store


@contextmanager
def _locked(root: Path) -> Iterator[None]:
    path = root / _STATE / "lock"
    with writing(path):
        file = path.open("a+", encoding="utf-8")
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            raise UsageError(
                f"{root} is being written by another run ({file.read().strip()}): wait for it, or stop it."
            ) from None
        except OSError as error:
            _log.warning("%s has no file locks (%s): see to it that no two runs write there", root, error.strerror)
        file.truncate(0)
        file.write(f"process {os.getpid()} on {socket.gethostname()}")
        file.flush()
        yield


def _read(path: Path, schema: pa.Schema) -> pa.Table:
    if not path.exists():
        return schema.empty_table()
    with reading(path):
        return pq.read_table(path, partitioning=None).select(schema.names).cast(schema)


def _write(table: pa.Table, path: Path) -> None:
    with replacing(path) as temporary, writing(path):
        pq.write_table(table, temporary, compression="zstd")

"""Files that are either there in full or not there at all."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import pyarrow as pa

from facecues.errors import FacecuesError

TEMPORARY = ".tmp"


class StoreError(FacecuesError):
    """The store cannot be read or written. What is finished in it is kept."""


@contextmanager
def replacing(target: Path) -> Iterator[Path]:
    """Gives a path beside `target` to write to; at the end that file is synced and takes the target's place.

    When the block raises, the target stays as it was. A process that is killed leaves a hidden file that
    `leftovers` finds.

    Raises:
        StoreError: the file cannot be synced or renamed.
    """
    temporary = target.with_name(f".{target.name}.{uuid4().hex[:12]}{TEMPORARY}")
    try:
        yield temporary
        with writing(target):
            sync(temporary)
            os.replace(temporary, target)
            sync(target.parent)
    finally:
        temporary.unlink(missing_ok=True)


def replace_text(target: Path, text: str) -> None:
    """Writes a small text file atomically. Raises StoreError."""
    with replacing(target) as temporary, writing(target):
        temporary.write_text(text, encoding="utf-8")


def leftovers(folder: Path) -> Iterator[Path]:
    """What `replacing` left in a folder and below it when its process was killed."""
    return folder.rglob(f".*{TEMPORARY}")


def sync(path: Path) -> None:
    """Waits until a file, or the names in a directory, are on the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Turns the operating system's error into a sentence.

    Raises:
        StoreError: the disk is full, gone, or not ours to write to.
    """
    try:
        yield
    except OSError as error:
        raise StoreError(
            f"Cannot write {path}: {error.strerror or error}. What is finished is kept; "
            "put it right (space, rights, connection) and give the same command again."
        ) from error


@contextmanager
def reading(path: Path) -> Iterator[None]:
    """Turns whatever a damaged file does to its reader into a sentence.

    Raises:
        StoreError: the file cannot be read.
    """
    try:
        yield
    except (pa.ArrowException, OSError, KeyError, ValueError) as error:
        raise StoreError(
            f"{path} cannot be read ({error}). Restore it, or delete it: what it held is then extracted again."
        ) from error

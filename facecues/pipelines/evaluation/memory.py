"""What is kept of videos, by content: never computed twice for the same bytes under the same signature.

    RUN/features/cues/ab/ab12….npz          of one video: its cues and account
    RUN/features/alexnet/…                  its features
    RUN/features/pair-SSIM/…                of two videos: values per instant

The key of a file is the hash of the content and of the signature of what made it. A file is there in full or not at
all, so that a run that was killed goes on from what is there.
"""

import hashlib
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from facecues.pipelines.atomic import StoreError, replacing, writing

Arrays = Mapping[str, NDArray[Any]]


class Memory:
    """Arrays by kind, content and signature, in a folder."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def has(self, kind: str, content: str, signature: str) -> bool:
        """Whether it was computed before."""
        return self._path(kind, content, signature).is_file()

    def load(self, kind: str, content: str, signature: str) -> dict[str, NDArray[Any]]:
        """What was saved.

        Raises:
            StoreError: it is not there, or damaged.
        """
        path = self._path(kind, content, signature)
        try:
            with np.load(path, allow_pickle=False) as arrays:
                return dict(arrays)
        except (OSError, ValueError, EOFError, zipfile.BadZipFile) as error:
            raise StoreError(f"{path} cannot be read ({error}): delete it, and it is computed again.") from error

    def save(self, kind: str, content: str, signature: str, arrays: Arrays) -> None:
        """Keeps arrays; the same ones give the same bytes.

        Raises:
            StoreError: it cannot be written.
        """
        path = self._path(kind, content, signature)
        with writing(path):
            path.parent.mkdir(parents=True, exist_ok=True)
        with replacing(path) as temporary, writing(path), temporary.open("wb") as file:
            np.savez(file, allow_pickle=False, **dict(arrays))

    def _path(self, kind: str, content: str, signature: str) -> Path:
        key = hashlib.sha256(f"{content}\n{signature}".encode()).hexdigest()[:40]
        return self._root / kind.replace("/", "_") / key[:2] / f"{key}.npz"

"""Features of clips on disk, made once: the key is what is in the file, not what it is called."""

import hashlib
import os
from pathlib import Path
from tokenize import TokenError
from uuid import uuid4

import numpy as np

from facecues.errors import ClipError, FacecuesError
from facecues.models.front_ends.contracts import Float32, FrontEnd
from facecues.preprocess.sound import read_sound
from facecues.reasons import ClipReason


def cached_rows(front_end: FrontEnd, path: Path, start_s: float, frames: int, folder: Path) -> Float32:
    """The rows of a clip's sound, from the cache or into it.

    Several processes may share the folder. A file in it that does not hold what it should is made again.

    Args:
        front_end: whose rows.
        path: of a video or audio file.
        start_s: presentation time of the clip's first frame, seconds.
        frames: T > 0.
        folder: of the cache; made when it is not there.

    Returns:
        As `FrontEnd.rows`.

    Raises:
        ClipError: NO_AUDIO, no sound in the file from start_s on; TOO_LARGE, far too much of it.
        FacecuesError: the folder cannot be written to.
    """
    kept = folder / f"{_key(front_end, path, start_s, frames)}.npy"
    shape = (int(front_end.starts(frames)[-1]) + front_end.steps, front_end.size)
    rows = _read(kept, shape)
    if rows is None:
        sound = read_sound(path, start_s=start_s)
        if sound is None:
            raise ClipError(ClipReason.NO_AUDIO, f"{path.name} has no sound from {start_s:g} s on")
        rows = front_end.rows(sound, frames)
        _write(kept, rows)
    return rows


def _key(front_end: FrontEnd, path: Path, start_s: float, frames: int) -> str:
    try:
        with path.open("rb") as file:
            content = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise ClipError(ClipReason.NO_AUDIO, f"the sound of {path.name} cannot be read: {error}") from error
    named = f"{content}|{front_end.signature}|{frames}|{float(start_s).hex()}"
    return hashlib.sha256(named.encode()).hexdigest()


def _read(file: Path, shape: tuple[int, int]) -> Float32 | None:
    """What is kept there, or None where nothing usable is."""
    try:
        with file.open("rb") as source:
            rows: Float32 = np.lib.format.read_array(source, allow_pickle=False)
    except (OSError, ValueError, TokenError):  # NumPy reads a header that is no literal with tokenize
        return None
    return rows if rows.shape == shape and rows.dtype == np.float32 else None


def _write(file: Path, rows: Float32) -> None:
    temporary = file.with_name(f".{file.name}.{uuid4().hex[:12]}.tmp")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        try:
            with temporary.open("wb") as target:
                np.save(target, rows, allow_pickle=False)
            os.replace(temporary, file)
        finally:
            temporary.unlink(missing_ok=True)
    except OSError as error:
        raise FacecuesError(
            f"Audio features cannot be kept in {file.parent} ({error.strerror}): name a folder that can be written."
        ) from error

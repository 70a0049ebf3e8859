"""Names that others chose, made harmless where a machine reads them."""

import re
from hashlib import sha256
from typing import Final

_UNSAFE: Final = re.compile(r"[^A-Za-z0-9._-]+")
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "\n")
_LONGEST: Final = 60


def safe_name(name: str) -> str:
    """A file name for any text: ASCII letters, digits, dot, dash and underscore; never hidden, never a path.

    A text that had to be changed gets eight digits of its hash, so that two texts never share a file.
    """
    kept = _UNSAFE.sub("-", name).strip(".-")[:_LONGEST]
    if kept and kept == name:
        return kept
    return f"{kept or 'x'}-{sha256(name.encode()).hexdigest()[:8]}"


def safe_cell(text: str) -> str:
    """A text that no spreadsheet takes for a formula: an apostrophe goes before what could be one."""
    return f"'{text}" if text.startswith(_FORMULA) else text

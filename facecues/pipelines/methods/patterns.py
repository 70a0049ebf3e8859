"""Texts with placeholders, such as `{actor}_{emotion}.mp4`: checked when they are read, filled for each clip."""

import glob
import os
from collections.abc import Collection, Mapping
from itertools import takewhile
from pathlib import Path
from string import Formatter
from typing import Final

# What is known of a clip without a run.
LABELS: Final = ("clip_id", "actor", "view", "emotion", "level", "number")


def names_in(text: str, known: Collection[str]) -> frozenset[str]:
    """The placeholders of a text. A brace that is meant as such is written twice.

    Raises:
        ValueError: a brace without its partner, or a placeholder that is not known.
    """
    try:
        parts = list(Formatter().parse(text))
    except ValueError:
        raise ValueError(f"the braces of {text!r} do not match: write a brace that is no placeholder twice") from None
    names = set()
    for _, name, form, conversion in parts:
        if name is None:
            continue
        if name not in known or form or conversion:
            placeholder = name + (f"!{conversion}" if conversion else "") + (f":{form}" if form else "")
            listed = ", ".join(f"{{{each}}}" for each in known)
            raise ValueError(f"unknown placeholder {{{placeholder}}} in {text!r}: expected one of {listed}")
        names.add(name)
    return frozenset(names)


def fill(text: str, values: Mapping[str, str]) -> str:
    """The text with values in place of its placeholders."""
    return text.format_map(values)


def find(pattern: str, values: Mapping[str, str], folder: Path) -> list[Path]:
    """Files whose path fits a pattern, in order. `*`, `?` and `**` stand for whatever is there.

    Args:
        pattern: a path, relative to the folder or absolute.
        values: of its placeholders; taken literally, whatever characters they have.
        folder: where relative patterns begin.
    """
    path = os.path.join(glob.escape(str(folder)), fill(pattern, {n: glob.escape(value) for n, value in values.items()}))
    return [Path(each) for each in sorted(glob.glob(path, recursive=True)) if os.path.isfile(each)]


def fixed_part(pattern: str, folder: Path) -> Path:
    """The folder that all files of a pattern lie below: what comes before its first placeholder or wildcard."""
    parts = Path(os.path.abspath(folder / pattern)).parts
    return Path(*takewhile(lambda part: not set(part) & set("{*?["), parts[:-1]))

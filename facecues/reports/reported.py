"""Values that papers report: shown beside what was measured here, never compared with it."""

from importlib.abc import Traversable
from importlib.resources import files
from pathlib import Path
from typing import Annotated

import yaml
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from facecues.config import validated
from facecues.errors import UsageError

_Words = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]


class ReportedValues(BaseModel):
    """What one source says of one method.

    Attributes:
        method: as the source calls it.
        citation: BibTeX key, or words.
        protocol: in words: data, crop, classifier, as far as known.
        second_hand: taken from a source that cites the values.
        values: by metric, as printed there: "0.70" stays "0.70".
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    method: _Words
    citation: _Words
    protocol: _Words
    second_hand: bool
    values: dict[_Words, _Words] = Field(min_length=1)


class Reported(BaseModel):
    """Values that papers report, in the order in which they are shown."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    entries: tuple[ReportedValues, ...]


def load_reported(path: Path | Traversable) -> Reported:
    """Reads a YAML list of {method, citation, protocol, second_hand, values: {M-LD: 2.22, …}}.

    Raises:
        UsageError: there is no such file, it is no YAML list, or an entry lacks something; the message says where.
    """
    return Reported(entries=tuple(_entry(path, number, each) for number, each in enumerate(_read(path), 1)))


def reported_on_mead() -> Reported:
    """What papers report on MEAD, as far as this package knows; no two sources have the same protocol."""
    return load_reported(files("facecues.reports") / "presets" / "reported_mead.yaml")


def _entry(path: Path | Traversable, number: int, values: object) -> ReportedValues:
    if not isinstance(values, dict):
        raise UsageError(f"{path}, entry {number}: expected method, citation, protocol, second_hand and values.")
    try:
        return validated(ReportedValues, {str(key): value for key, value in values.items()})
    except UsageError as error:
        raise UsageError(f"{path}, entry {number}: {error}") from error


def _read(path: Path | Traversable) -> list[object]:
    try:
        # Numbers stay text, so that they are shown with the digits that the paper prints.
        found = yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.BaseLoader)
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise UsageError(f"Reported values in {path} cannot be read: {' '.join(str(error).split())}") from error
    if not isinstance(found, list):
        raise UsageError(f"{path}: expected a list of entries with method, citation, protocol, second_hand and values.")
    return found

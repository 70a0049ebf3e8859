"""Configurations of reports: those that come with the package, and the users' own."""

from importlib.abc import Traversable
from importlib.resources import files
from pathlib import Path
from typing import Final

import yaml

from facecues.config import validated
from facecues.errors import UsageError
from facecues.reports.config import ReportConfig

PRESETS: Final = ("paper",)


def preset(name: str) -> ReportConfig:
    """A configuration of the package.

    Raises:
        UsageError: there is none of this name.
    """
    if name not in PRESETS:
        raise UsageError(f"No preset is called {name!r}: expected one of {', '.join(PRESETS)}.")
    return load_config(files("facecues.reports") / "presets" / f"{name}.yaml")


def load_config(path: Path | Traversable) -> ReportConfig:
    """A configuration from a YAML file.

    Raises:
        UsageError: there is no such file, it is no YAML mapping, or something in it is not known; the message says
            what.
    """
    try:
        found = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise UsageError(f"The configuration {path} cannot be read: {' '.join(str(error).split())}") from error
    if not isinstance(found, dict):
        raise UsageError(f"{path}: expected keys such as title, methods and tables, got {type(found).__name__}.")
    try:
        return validated(ReportConfig, {str(key): value for key, value in found.items()})
    except UsageError as error:
        raise UsageError(f"{path}: {error}") from error

"""Errors that a user can act on. Each message says what was expected, what came and what to do."""

import traceback
from pathlib import Path

from facecues.reasons import ClipReason


class FacecuesError(Exception):
    """Base of every error raised on purpose."""


class UsageError(FacecuesError):
    """Bad input or usage: nothing was touched. The command line exits with 2."""


class WeightsMissingError(FacecuesError):
    """A weight file cannot be had. The message names it, who needs it and where to put it."""


class BackendUnavailableError(FacecuesError):
    """A backend's package is not installed or does not import here."""


class ClipError(FacecuesError):
    """One clip cannot be extracted; it becomes a `failed` row with this reason and message."""

    def __init__(self, reason: ClipReason, message: str) -> None:
        super().__init__(message)
        self.reason = reason
        self.message = message

    def __reduce__(self) -> tuple[type["ClipError"], tuple[ClipReason, str]]:
        return type(self), (self.reason, self.message)


def sentence_of(error: Exception) -> str:
    """What went wrong that nobody expected, and where, in one line."""
    at = traceback.extract_tb(error.__traceback__)[-1]
    what = " ".join(f"{type(error).__name__} in {Path(at.filename).name}, line {at.lineno}: {error}".split())
    return what[:500]

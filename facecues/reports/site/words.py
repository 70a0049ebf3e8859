"""Why something is missing, in words for somebody who has not read the code."""

from typing import Final

import pandas as pd

from facecues.reasons import ClipReason
from facecues.reports.tables.notes import WORDS

_CLIPS: Final[dict[ClipReason, str]] = {
    ClipReason.UNPARSED: "the layout does not take its name",
    ClipReason.DUPLICATE: "several files claim the same clip",
    ClipReason.OUTSIDE_ROOT: "it is a link that leaves its folder",
    ClipReason.EMPTY_FILE: "the file is empty",
    ClipReason.UNREADABLE: "the file does not open",
    ClipReason.NO_VIDEO: "the file holds no pictures",
    ClipReason.TOO_LARGE: "it is over a limit of size",
    ClipReason.TIMEOUT: "it took too long",
    ClipReason.WORKER_DIED: "the process that read it died",
    ClipReason.INTERNAL_ERROR: "an error of facecues",
    ClipReason.DECODE_ERROR: "frames are damaged",
    ClipReason.SHORT_DECODE: "it has fewer frames than it declares",
    ClipReason.NO_FACE: "no frame shows a face",
    ClipReason.LOW_COVERAGE: "fewer than 90 % of the frames show a face",
    ClipReason.SEVERAL_FACES: "it shows several faces, and one was followed",
    ClipReason.BAD_RATE: "its time stamps are unusable",
    ClipReason.NO_AUDIO: "it has no sound",
    ClipReason.SILENT_AUDIO: "its sound is silence",
    ClipReason.AUDIO_DAMAGED: "its sound is damaged",
    ClipReason.AUDIO_MISMATCH: "sound and pictures differ in length",
}
_ALL: Final[dict[str, str]] = {
    **{reason.value: words for reason, words in _CLIPS.items()},
    **WORDS,
}


def said(value: object) -> str | None:
    """A text out of a table's column; None where the column has nothing, whatever nothing looks like there."""
    return None if value is None or pd.isna(value) or not str(value) else str(value)  # type: ignore[call-overload]


def in_words(reason: str | None) -> str:
    """What a reason of facecues.reasons means; a reason of a later version as it is."""
    return "no reason was recorded" if reason is None else _ALL.get(reason, reason)

"""Who speaks in each clip of a store: one frame of them, found the same way wherever it is asked for."""

from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from facecues.cues import load_clips
from facecues.errors import ClipError, UsageError
from facecues.models.cue_generator.contracts import Reference
from facecues.models.cue_generator.reference import best_frame, first_frame, reference_of
from facecues.models.warp.portrait import Place
from facecues.pipelines.generation.config import ReferenceName
from facecues.pipelines.rows import Row
from facecues.reasons import ClipReason
from facecues.resample import FPS
from facecues.sequences import CueSequences, read_sequences


@dataclass(frozen=True, slots=True, eq=False)
class Person:
    """Who is to speak in a clip.

    Attributes:
        reference: of them.
        clip_id: where it is from.
        video: the same, path below the dataset's root.
        time_s: when, presentation time in that video.
        frames: of the clip itself, at 25 per second.
        begin_s: presentation time of the clip's first frame.
    """

    reference: Reference
    clip_id: str
    video: str
    time_s: float
    frames: int
    begin_s: float

    @property
    def place(self) -> Place:
        """Where the reference's face is, x, y, frame pixels."""
        x, y = self.reference.translation[:2].tolist()
        return x, y


class People:
    """References of a store's clips. The cues of one actor's view are held at a time."""

    def __init__(self, store: Path, kind: ReferenceName) -> None:
        self.clips = load_clips(store)
        self._store = store
        self._kind = kind
        self._places = {clip_id: at for at, clip_id in enumerate(self.clips["clip_id"])}
        self._held: tuple[tuple[str, ...], CueSequences] | None = None

    def of(self, clip_id: str) -> Person:
        """Who is to speak in a clip.

        Raises:
            ClipError: no frame of the actor has all cues.
        """
        try:
            sequences = self._sequences(self._places[clip_id])
            index = sequences.clips["clip_id"].tolist().index(clip_id)
            frame = (best_frame if self._kind == "neutral" else first_frame)(sequences, index)
        except UsageError as error:
            raise ClipError(ClipReason.NO_FACE, str(error)) from error
        source = int(sequences.starts.searchsorted(frame, side="right")) - 1
        return Person(
            reference=reference_of(sequences.cues, frame),
            clip_id=str(sequences.clips["clip_id"].iloc[source]),
            video=str(sequences.clips["video"].iloc[source]),
            time_s=float(sequences.begins_s[source]) + (frame - int(sequences.starts[source])) / FPS,
            frames=len(sequences[index]),
            begin_s=float(sequences.begins_s[index]),
        )

    def _sequences(self, at: int) -> CueSequences:
        """All clips of the same actor and view."""
        chosen = _same_person(self.clips, at)
        key = tuple(chosen["clip_id"])
        if self._held is None or self._held[0] != key:
            self._held = key, read_sequences(self._store, chosen)
        return self._held[1]


def _same_person(clips: pd.DataFrame, at: int) -> pd.DataFrame:
    here = clips.iloc[[at]]
    if here["actor"].isna().any():
        return here
    view = here["view"].iloc[0]
    same_view = clips["view"].isna() if pd.isna(view) else clips["view"] == view
    chosen: pd.DataFrame = clips[(clips["actor"] == here["actor"].iloc[0]) & same_view]
    return chosen


def table_rows(clips: pd.DataFrame) -> list[Row]:
    """Rows of a table of clips, with None where a value is null."""
    known = clips.astype(object)
    return [
        {str(name): value for name, value in row.items()} for row in known.where(known.notna(), None).to_dict("records")
    ]

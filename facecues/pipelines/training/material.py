"""What a generator of cues is trained on: clips of a store, features of their sound, and who is held out."""

import hashlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from facecues.cues import load_clips
from facecues.errors import ClipError, UsageError
from facecues.labels import EMOTIONS, NEUTRAL
from facecues.models.cue_generator.config import GeneratorConfig
from facecues.models.cue_generator.data import TrainingClips
from facecues.models.cue_generator.reference import reference_frames
from facecues.models.emotion.fitting import choose_actors
from facecues.models.front_ends import FrontEnd, front_end
from facecues.models.front_ends.cache import cached_rows
from facecues.sequences import CueSequences, read_sequences

Float32 = NDArray[np.float32]
Indices = NDArray[np.int64]

_LEAST_FRAMES: Final = 8  # of a clip that is learnt from


@dataclass(frozen=True, slots=True)
class Source:
    """What is learnt from.

    Attributes:
        store: of cues.
        split: a split of it by name, whose training part is taken; None: all clips.
        data: the dataset with the sound; None: the folder that the store is in.
        cache: folder of features; None: in the store.
    """

    store: Path
    split: str | None = None
    data: Path | None = None
    cache: Path | None = None

    @property
    def root(self) -> Path:
        """Where the sound is looked for."""
        return (self.data or self.store.absolute().parent).absolute()


@dataclass(frozen=True, slots=True, eq=False)
class Material:
    """Everything in memory.

    Attributes:
        clips: with cues and sound.
        learn, held_out: positions among them, to learn from and to stop early on.
        names: of who is held out: actors, or clips where there is one actor.
        digest: of clips and features.
        left_out: clips that could not be learnt from, by reason.
    """

    clips: TrainingClips
    learn: Indices
    held_out: Indices
    names: tuple[str, ...]
    digest: str
    left_out: Mapping[str, int]


def gather(source: Source, config: GeneratorConfig, tell: Callable[[str, int, int], None]) -> Material:
    """Reads and listens.

    Args:
        source: of the clips.
        config: its front end and what it holds out count.
        tell: called with what is done, how much of it, and of how much.

    Raises:
        UsageError: the store has nothing to learn from, no gaze, or no sound.
    """
    tell("reading cues", 0, 1)
    chosen = load_clips(source.store, split=source.split, part="train")
    root = source.root
    left_out: dict[str, int] = {}
    for reason, bad in (
        ("their emotion is not known", ~chosen["emotion"].isin(EMOTIONS) & config.needs_labels),
        ("they have no sound", chosen["audio"].isna()),
    ):
        here = bad.loc[chosen.index]
        if here.any():
            left_out[reason] = int(here.sum())
        chosen = chosen[~here]
    if chosen.empty:
        raise UsageError(f"No clip of {source.store} can be learnt from: " + "; ".join(left_out) + ".")
    if not any((root / str(audio)).is_file() for audio in chosen["audio"]):
        raise UsageError(
            f"None of the sounds of {source.store}, such as {chosen['audio'].iloc[0]}, is below {root}: "
            "tell where the dataset is with --data ROOT."
        )
    sequences = read_sequences(source.store, chosen)
    # Where labels are not needed, the network is not told what stands there, but something has to.
    known = sequences.clips["emotion"].isin(EMOTIONS)
    sequences.clips["emotion"] = sequences.clips["emotion"].where(known, NEUTRAL)
    tell("reading cues", 1, 1)
    heard = front_end(config.network.front_end)
    cache = source.cache or source.store / ".state" / "features"
    rows, kept = [], []
    for clip, (row, reason) in enumerate(_listen(sequences, heard, root, cache)):
        tell("listening", clip + 1, len(sequences))
        if row is None:
            left_out[reason] = left_out.get(reason, 0) + 1
        else:
            rows.append(row)
            kept.append(clip)
    if len(kept) < 2:
        raise UsageError(f"{len(kept)} clips of {source.store} can be learnt from, and two or more are needed.")
    sequences = sequences.some(np.array(kept, np.int64))
    clips = TrainingClips(sequences, rows, reference_frames(sequences), heard)
    learn, held_out, names = hold_out(sequences.clips, config.train.held_out, config.train.seed)
    return Material(clips, learn, held_out, names, _digest(sequences.clips, heard), left_out)


def _listen(sequences: CueSequences, heard: FrontEnd, root: Path, cache: Path) -> Iterator[tuple[Float32 | None, str]]:
    """For each clip its features; or None, and why."""
    for clip, audio in enumerate(sequences.clips["audio"]):
        cues = sequences[clip]
        if cues.valid.sum() < _LEAST_FRAMES:
            yield None, f"they have fewer than {_LEAST_FRAMES} frames with a face"
            continue
        try:
            yield cached_rows(heard, root / audio, sequences.sound_start_s(clip), len(cues), cache), ""
        except ClipError:
            yield None, "their sound cannot be read"


def hold_out(clips: pd.DataFrame, share: float, seed: int) -> tuple[Indices, Indices, tuple[str, ...]]:
    """Positions to learn from, positions to stop early on, and whose those are: other actors, if there are several."""
    actors = clips["actor"].fillna("").astype(str)
    if actors.nunique() > 1:
        names = choose_actors(actors, share, seed)
        outside = actors.isin(list(names)).to_numpy()
    else:
        count = max(1, round(share * len(clips)))
        outside = np.isin(np.arange(len(clips)), np.random.default_rng(seed).permutation(len(clips))[:count])
        names = tuple(clips["clip_id"][outside])
    return np.flatnonzero(~outside), np.flatnonzero(outside), names


def _digest(clips: pd.DataFrame, heard: FrontEnd) -> str:
    known = clips[["clip_id", "content_key", "signature"]].fillna("").sort_values("clip_id")
    return hashlib.sha256((heard.signature + known.to_csv(index=False)).encode()).hexdigest()[:16]

"""`facecues train cues`: a cue store and its sound to a generator of cues.

OUT is described in facecues.models.cue_generator.checkpoint; besides, OUT/curves.png, and in OUT/validation a few
held-out clips as lines: what is true on the left, what is generated on the right.
"""

import hashlib
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from rich.console import RenderableType
from rich.markup import escape
from rich.table import Table

from facecues.cues import load_clips
from facecues.errors import BackendUnavailableError, ClipError, UsageError
from facecues.labels import EMOTIONS
from facecues.models.cue_generator.config import VARIANTS, GeneratorConfig
from facecues.models.cue_generator.reference import reference_frames
from facecues.models.cue_generator.registry import kind_of
from facecues.models.cue_generator.retrieval import Retrieval
from facecues.models.front_ends import FrontEnd, front_end
from facecues.models.front_ends.cache import cached_rows
from facecues.pipelines.atomic import replacing, writing
from facecues.pipelines.training_picture import draw_curves
from facecues.sequences import CueSequences, read_sequences

try:
    from facecues.models.cue_generator.checkpoint import GENERATOR, read_description
    from facecues.models.cue_generator.data import TrainingClips
    from facecues.models.cue_generator.training import Step, Trained, Trainer
    from facecues.models.emotion.fitting import choose_actors
    from facecues.pipelines.training_clips import write_validation
    from facecues.preprocess.networks import require_device
except (ImportError, OSError) as error:
    raise BackendUnavailableError(
        f"training generators needs PyTorch and safetensors, which do not import here ({error}): "
        "pip install 'facecues[torch]'"
    ) from error

RETRIEVAL: Final = "retrieval"
TRAINABLE: Final = (*VARIANTS, RETRIEVAL)
_LEAST_FRAMES: Final = 8  # of a clip that is learnt from

Float32 = NDArray[np.float32]
Indices = NDArray[np.int64]
Progress = Callable[[str, int, int], None]


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


@dataclass(frozen=True, slots=True)
class TrainCuesSummary:
    """What a run has done.

    Attributes:
        out: absolute.
        variant: which generator.
        clips, frames: learnt from. held_out: actors, or clips where there is one actor, to stop early on.
        left_out: clips that could not be learnt from, by reason.
        epochs, best: of the training; 0 where there is none.
        resumed: epochs that an earlier run had made.
        parameters: of the network.
        seconds: of this run, wall time.
    """

    out: Path
    variant: str
    clips: int
    frames: int
    held_out: tuple[str, ...]
    left_out: Mapping[str, int]
    epochs: int = 0
    best: int = 0
    resumed: int = 0
    parameters: int = 0
    seconds: float = 0.0

    def table(self) -> RenderableType:
        """For a terminal."""
        table = Table(box=None, show_header=False, padding=(0, 2, 0, 0))
        table.add_row("learnt from", f"{self.clips} clips, {self.frames} frames; held out: {', '.join(self.held_out)}")
        for reason, count in self.left_out.items():
            table.add_row("left out", f"{count} clips: {reason}")
        if self.epochs:
            before = f", {self.resumed} of them before" if self.resumed else ""
            table.add_row("epochs", f"{self.epochs}{before}; the best is {self.best}")
            table.add_row("parameters", f"{self.parameters:,}")
        table.add_row("time", str(timedelta(seconds=round(self.seconds))))
        table.add_row(self.variant, escape(str(self.out)))
        return table


@dataclass(frozen=True, slots=True, eq=False)
class _Material:
    clips: TrainingClips
    learn: Indices
    held_out: Indices
    names: tuple[str, ...]  # of who is held out
    digest: str
    left_out: Mapping[str, int]


def train_cues(
    source: Source,
    out: Path,
    config: GeneratorConfig,
    *,
    variant: str = "full",
    device: str = "cpu",
    progress: Progress | None = None,
) -> TrainCuesSummary:
    """Trains a generator of cues. Given again, it goes on where it stopped.

    Args:
        source: clips with sound.
        out: folder of the run, made if need be.
        config: what to train, and how; for `retrieval` the front end and what is held out count.
        variant: `retrieval`, or the name under which `config` is known.
        device: of PyTorch.
        progress: called with what is done, how much of it, and of how much.

    Raises:
        UsageError: no such device, the store has nothing to learn from, no gaze or no sound, or `out` holds
            something else.
        BackendUnavailableError: the device is not of this machine.
        FacecuesError: a loss is no number; what was finished is kept.
    """
    began, out, tell = time.monotonic(), out.absolute(), progress or (lambda *_: None)
    require_device(device)
    _check_out(out, config, variant)
    material = _gather(source, config, tell)
    _claim(out, material, variant)
    summary = TrainCuesSummary(
        out,
        variant,
        clips=len(material.learn),
        frames=sum(len(material.clips.sequences[clip]) for clip in material.learn),
        held_out=material.names,
        left_out=material.left_out,
    )
    if variant == RETRIEVAL:
        tell("filling the library", 0, 1)
        sequences = material.clips.sequences.some(material.learn)
        rows = [material.clips.rows[clip] for clip in material.learn]
        Retrieval.fit(sequences, rows, material.clips.front_end).save(out)
        tell("filling the library", 1, 1)
        return replace(summary, seconds=time.monotonic() - began)
    trainer = Trainer(material.clips, material.learn, material.held_out, config, device=device)
    steps = config.train.epochs

    def note(step: Step) -> None:
        tell(f"epoch {step.epoch} of {steps}", step.step, step.steps)

    trained = trainer.train(out, material.digest, note)
    _draw(out, trained)
    write_validation(out, material.clips.sequences, material.held_out, source_root(source), tell)
    return replace(
        summary,
        epochs=len(trained.log),
        best=trained.best,
        resumed=trained.resumed,
        parameters=sum(one.numel() for one in trainer.network.parameters()),
        seconds=time.monotonic() - began,
    )


def source_root(source: Source) -> Path:
    """Where the sound is looked for."""
    return (source.data or source.store.absolute().parent).absolute()


def _gather(source: Source, config: GeneratorConfig, tell: Progress) -> _Material:
    """Everything in memory, and who is held out."""
    tell("reading cues", 0, 1)
    chosen = load_clips(source.store, split=source.split, part="train")
    root = source_root(source)
    left_out: dict[str, int] = {}
    for reason, bad in (
        ("their emotion is not known", ~chosen["emotion"].isin(EMOTIONS)),
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
    learn, held_out, names = _hold_out(sequences.clips, config.train.held_out, config.train.seed)
    return _Material(clips, learn, held_out, names, _digest(sequences.clips, heard), left_out)


def _listen(sequences: CueSequences, heard: FrontEnd, root: Path, cache: Path) -> Iterator[tuple[Float32 | None, str]]:
    """For each clip its features; or None, and why."""
    for clip, (audio, begin) in enumerate(zip(sequences.clips["audio"], sequences.begins_s, strict=True)):
        cues = sequences[clip]
        if cues.valid.sum() < _LEAST_FRAMES:
            yield None, f"they have fewer than {_LEAST_FRAMES} frames with a face"
            continue
        # A file beside the video begins with it; the video's own sound has its time stamps.
        own = audio == sequences.clips["video"].iloc[clip]
        try:
            yield cached_rows(heard, root / audio, float(begin) if own else 0.0, len(cues), cache), ""
        except ClipError:
            yield None, "their sound cannot be read"


def _hold_out(clips: pd.DataFrame, share: float, seed: int) -> tuple[Indices, Indices, tuple[str, ...]]:
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


def _check_out(out: Path, config: GeneratorConfig, variant: str) -> None:
    """Makes sure, before any work, that a folder is new, or holds a training with the same configuration.

    Raises:
        UsageError: it is another's.
    """
    if not out.exists() or (out.is_dir() and not any(out.iterdir())):
        return
    if not (out / GENERATOR).is_file():
        raise UsageError(f"{out} holds something else than a generator: use an --out that is empty or new.")
    kind, there = RETRIEVAL if variant == RETRIEVAL else "network", kind_of(out)
    if there != kind:
        raise UsageError(
            f"{out} holds a generator of the kind {there}, and {variant} is of the kind {kind}: use another --out."
        )
    before = read_description(out) if kind != RETRIEVAL else None
    if before is None:
        return
    for part, now in config:
        was = getattr(before.config, part)
        for name, value in now:
            if getattr(was, name) != value:
                raise UsageError(
                    f"{out} was trained with {part}.{name} = {getattr(was, name)}, now it is {value}: "
                    "give the same as before, or use another --out."
                )


def _claim(out: Path, material: _Material, variant: str) -> None:
    """Makes the folder, or makes sure that it was trained on the same.

    Raises:
        UsageError: it was not.
    """
    before = read_description(out) if variant != RETRIEVAL else None
    if before is not None and before.data != material.digest:
        raise UsageError(
            f"{out} was trained on other clips or features ({before.data}, now {material.digest}): use another --out."
        )
    with writing(out):
        out.mkdir(parents=True, exist_ok=True)


def _draw(out: Path, trained: Trained) -> None:
    path = out / "curves.png"
    with replacing(path) as temporary, writing(path):
        draw_curves(trained.log, trained.best).savefig(temporary, format="png")

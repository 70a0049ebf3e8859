"""`facecues train cues`: a cue store and its sound to a generator of cues.

OUT is described in facecues.models.cue_generator.checkpoint; besides, OUT/curves.png, and in OUT/validation a few
held-out clips as lines: what is true on the left, what is generated on the right.
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Final

from rich.console import RenderableType
from rich.markup import escape
from rich.table import Table

from facecues.errors import BackendUnavailableError, UsageError
from facecues.models.cue_generator.config import VARIANTS, GeneratorConfig
from facecues.models.cue_generator.contracts import GENERATOR
from facecues.models.cue_generator.registry import kind_of
from facecues.models.cue_generator.retrieval import Retrieval
from facecues.pipelines.atomic import writing
from facecues.pipelines.training.folder import is_free, require_same, save_curves
from facecues.pipelines.training.pictures import draw_curves

try:
    from facecues.models.cue_generator.checkpoint import NETWORK, read_description
    from facecues.models.cue_generator.training import Trainer
    from facecues.models.training.epochs import Step
    from facecues.models.training.files import digest_of
    from facecues.pipelines.training.material import Material, Source, gather
    from facecues.pipelines.training.validation import write_validation
    from facecues.preprocess.networks import require_device
except (ImportError, OSError) as error:
    raise BackendUnavailableError(
        f"training generators needs PyTorch and safetensors, which do not import here ({error}): "
        "pip install 'facecues[torch]'"
    ) from error

RETRIEVAL: Final = "retrieval"
TRAINABLE: Final = (*VARIANTS, RETRIEVAL)
Progress = Callable[[str, int, int], None]


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


def train_cues(
    source: Source,
    out: Path,
    config: GeneratorConfig,
    *,
    variant: str = "full",
    device: str = "cpu",
    init: Path | None = None,
    progress: Progress | None = None,
) -> TrainCuesSummary:
    """Trains a generator of cues. Given again, it goes on where it stopped.

    Args:
        source: clips with sound.
        out: folder of the run, made if need be.
        config: what to train, and how; for `retrieval` the front end and what is held out count.
        variant: `retrieval`, or the name under which `config` is known.
        device: of PyTorch.
        init: a run with the same network, to begin with the weights of; None: drawn from the seed.
        progress: called with what is done, how much of it, and of how much.

    Raises:
        UsageError: no such device, the store has nothing to learn from, no gaze or no sound, or `out` holds
            something else.
        BackendUnavailableError: the device is not of this machine.
        FacecuesError: a loss is no number; what was finished is kept.
    """
    began, out, tell = time.monotonic(), out.absolute(), progress or (lambda *_: None)
    require_device(device)
    _check_init(init, config)
    _check_out(out, config, variant, init)
    material = gather(source, config, tell)
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
    trainer = Trainer(material.clips, material.learn, material.held_out, config, device=device, init=init)

    def note(step: Step) -> None:
        tell(f"epoch {step.epoch} of {step.epochs}", step.step, step.steps)

    trained = trainer.train(out, material.digest, note)
    save_curves(out, draw_curves(trained.log, trained.best))
    write_validation(out, material.clips.sequences, material.held_out, source.root, tell)
    return replace(
        summary,
        epochs=len(trained.log),
        best=trained.best,
        resumed=trained.resumed,
        parameters=sum(one.numel() for one in trainer.network.parameters()),
        seconds=time.monotonic() - began,
    )


def _check_init(init: Path | None, config: GeneratorConfig) -> None:
    """Makes sure that a run's weights fit.

    Raises:
        UsageError: there are none, or of another network.
    """
    described = None if init is None else read_description(init)
    if init is not None and (described is None or not (init / NETWORK).is_file()):
        raise UsageError(f"--init {init} holds no trained generator: name a run of `facecues train cues`.")
    if described is not None and described.config.network != config.network:
        raise UsageError(f"--init {init} has another network ({described.config.network}): train with the same.")


def _check_out(out: Path, config: GeneratorConfig, variant: str, init: Path | None) -> None:
    """Makes sure, before any work, that a folder is new, or holds a training with the same configuration.

    Raises:
        UsageError: it is another's.
    """
    if is_free(out):
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
    began, begins = before.init, None if init is None else digest_of(init / NETWORK)
    if began != begins:
        raise UsageError(f"{out} was trained from the weights {began}, now from {begins}: use another --out.")
    require_same(out, before.config, config)


def _claim(out: Path, material: Material, variant: str) -> None:
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

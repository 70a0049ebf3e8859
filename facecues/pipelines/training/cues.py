"""`facecues train cues`: a cue store and its sound to a generator of cues.

OUT is described in facecues.models.cue_generator.checkpoint; besides, OUT/curves.png, and in OUT/validation a few
held-out clips as lines: what is true on the left, what is generated on the right.
"""

import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from rich.console import RenderableType

from facecues.errors import BackendUnavailableError, UsageError
from facecues.models.cue_generator.config import VARIANTS, GeneratorConfig
from facecues.models.cue_generator.contracts import GENERATOR
from facecues.models.cue_generator.registry import kind_of
from facecues.models.cue_generator.retrieval import Retrieval
from facecues.pipelines.training.folder import claim, is_free, require_same, save_curves
from facecues.pipelines.training.pictures import draw_curves

try:
    from facecues.models.cue_generator.checkpoint import NETWORK, read_description
    from facecues.models.cue_generator.training import Trainer
    from facecues.models.training.files import digest_of
    from facecues.pipelines.training.material import Source, gather
    from facecues.pipelines.training.telling import Progress, TrainSummary, each_step
    from facecues.pipelines.training.validation import write_validation
    from facecues.preprocess.networks import require_device
except (ImportError, OSError) as error:
    raise BackendUnavailableError(
        f"training generators needs PyTorch and safetensors, which do not import here ({error}): "
        "pip install 'facecues[torch]'"
    ) from error

RETRIEVAL: Final = "retrieval"
TRAINABLE: Final = (*VARIANTS, RETRIEVAL)


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainCuesSummary(TrainSummary):
    """What a run has done; `frames` were learnt from, into the generator that `variant` names."""

    variant: str
    frames: int

    def table(self) -> RenderableType:
        """For a terminal."""
        return self.tabulate(self.variant, f"{self.clips} clips, {self.frames} frames")


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
    before = None if variant == RETRIEVAL else read_description(out)
    claim(out, before, material.digest, "clips or features")
    summary = TrainCuesSummary(
        out=out,
        variant=variant,
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
    trained = trainer.train(out, material.digest, each_step(tell))
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

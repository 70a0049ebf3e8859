"""`facecues train keypoints`: a cue store with its videos, and a generator, to a mapper that drives it.

OUT is described in facecues.models.keypoint_mapper.checkpoint; besides, OUT/curves.png.
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from rich.console import RenderableType
from rich.markup import escape
from rich.table import Table

from facecues.errors import BackendUnavailableError, UsageError
from facecues.models.keypoint_mapper.config import MapperConfig
from facecues.pipelines.atomic import writing
from facecues.pipelines.training.folder import is_free, require_same, save_curves

try:
    from torch import Tensor

    from facecues.models.facevid2vid import losses
    from facecues.models.facevid2vid.checkpoint import load_facevid2vid
    from facecues.models.keypoint_mapper.checkpoint import (
        MAPPER,
        Description,
        generator_digest,
        path_from,
        read_description,
    )
    from facecues.models.keypoint_mapper.data import MapperClips
    from facecues.models.keypoint_mapper.training import MapperTrainer, Perceptual
    from facecues.models.training.epochs import Step
    from facecues.pipelines.training.face_pictures import gather_face_pictures
    from facecues.pipelines.training.generator import draw_losses, perceptual_features
    from facecues.pipelines.training.material import Source, hold_out
    from facecues.preprocess.networks import require_device
except (ImportError, OSError) as error:
    raise BackendUnavailableError(
        f"training a mapper needs PyTorch and safetensors, which do not import here ({error}): "
        "pip install 'facecues[torch]'"
    ) from error

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class TrainKeypointsSummary:
    """What a run has done.

    Attributes:
        out: absolute.
        variant: which mapper.
        clips, frames: learnt from. held_out: actors, or clips where there is one actor, to stop early on.
        left_out: clips that could not be learnt from, by reason.
        epochs, best: of the training. resumed: epochs that an earlier run had made.
        parameters: of the mapper.
        error: of the best epoch, mean distance from the detector's keypoints of held-out clips along an axis; the
            picture is 2 wide.
        seconds: of this run, wall time.
    """

    out: Path
    variant: str
    clips: int
    frames: int
    held_out: tuple[str, ...]
    left_out: Mapping[str, int]
    epochs: int
    best: int
    resumed: int
    parameters: int
    error: float
    seconds: float

    def table(self) -> RenderableType:
        """For a terminal."""
        table = Table(box=None, show_header=False, padding=(0, 2, 0, 0))
        table.add_row("learnt from", f"{self.clips} clips, {self.frames} frames; held out: {', '.join(self.held_out)}")
        for reason, count in self.left_out.items():
            table.add_row("left out", f"{count} clips: {reason}")
        before = f", {self.resumed} of them before" if self.resumed else ""
        table.add_row("epochs", f"{self.epochs}{before}; the best is {self.best}")
        table.add_row("error", f"{self.error:.4f} of held-out keypoints, the picture being 2 wide")
        table.add_row("parameters", f"{self.parameters:,}")
        table.add_row("time", str(timedelta(seconds=round(self.seconds))))
        table.add_row(self.variant, escape(str(self.out)))
        return table


def train_keypoints(
    source: Source,
    generator: Path,
    out: Path,
    config: MapperConfig,
    *,
    variant: str = "full",
    device: str = "cpu",
    progress: Progress | None = None,
) -> TrainKeypointsSummary:
    """Trains a mapper for a generator, which stays as it is. Given again, it goes on where it stopped.

    Args:
        source: clips with videos.
        generator: a run of `facecues train generator`, or a public checkpoint.
        out: folder of the run, made if need be.
        config: what to train, and how.
        variant: the name under which `config` is known.
        device: of PyTorch.
        progress: called with what is done, how much of it, and of how much.

    Raises:
        UsageError: no such device, the store has nothing to learn from, or `out` holds something else.
        WeightsMissingError: there is no such generator, or it does not load; or the perceptual term's network cannot
            be had.
        BackendUnavailableError: the device is not of this machine.
        FacecuesError: a loss is no number; what was finished is kept.
    """
    began, out, tell = time.monotonic(), out.absolute(), progress or (lambda *_: None)
    where = require_device(device)
    digest = generator_digest(generator)
    _check_out(out, config, digest)
    frozen = load_facevid2vid(generator, device)
    faces = gather_face_pictures(source, frozen.config.size, config.train.frames, tell)
    before = read_description(out)
    if before is not None and before.data != faces.digest:
        raise UsageError(f"{out} was trained on other pictures ({before.data}, now {faces.digest}): use another --out.")
    learn, held_out, names = hold_out(faces.clips, config.train.held_out, config.train.seed)
    clips = MapperClips(faces, frozen, where, lambda done, total: tell("finding keypoints", done, total))
    perceptual = _perceptual(config, device) if config.loss.perceptual else None
    trainer = MapperTrainer(clips, learn, held_out, frozen, config, perceptual=perceptual)
    with writing(out):
        out.mkdir(parents=True, exist_ok=True)
    parameters = sum(one.numel() for one in trainer.network.parameters())
    description = Description(
        config=config,
        keypoints=frozen.config.keypoints,
        generator=path_from(out, generator),
        generator_digest=digest,
        data=faces.digest,
        parameters=parameters,
    )

    def note(step: Step) -> None:
        tell(f"epoch {step.epoch} of {step.epochs}", step.step, step.steps)

    trained = trainer.train(out, description, note)
    save_curves(out, draw_losses(trained.log, trained.best))
    return TrainKeypointsSummary(
        out,
        variant,
        clips=len(learn),
        frames=int((faces.starts[learn + 1] - faces.starts[learn]).sum()),
        held_out=names,
        left_out=faces.left_out,
        epochs=len(trained.log),
        best=trained.best,
        resumed=trained.resumed,
        parameters=parameters,
        error=trained.log[trained.best - 1]["held_out"]["keypoints"],
        seconds=time.monotonic() - began,
    )


def _perceptual(config: MapperConfig, device: str) -> Perceptual:
    """Distance of pictures in the features of a network."""
    features, least = perceptual_features(config.loss.network, device)

    def distance(made: Tensor, true: Tensor) -> Tensor:
        return losses.perceptual(features, made, true, config.loss.scales, least)

    return distance


def _check_out(out: Path, config: MapperConfig, digest: str) -> None:
    """Makes sure, before any work, that a folder is new, or holds a training of the same.

    Raises:
        UsageError: it is another's.
    """
    if is_free(out):
        return
    before = read_description(out)
    if before is None:
        raise UsageError(f"{out} holds something else than a mapper ({MAPPER}): use an --out that is empty or new.")
    if before.generator_digest != digest:
        raise UsageError(
            f"{out} was trained for a generator with the weights {before.generator_digest}, this one has {digest}: "
            "use another --out."
        )
    require_same(out, before.config, config)

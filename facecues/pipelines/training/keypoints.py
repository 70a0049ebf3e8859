"""`facecues train keypoints`: a cue store with its videos, and a generator, to a mapper that drives it.

OUT is described in facecues.models.keypoint_mapper.checkpoint; besides, OUT/curves.png.
"""

import time
from dataclasses import dataclass
from pathlib import Path

from rich.console import RenderableType

from facecues.errors import BackendUnavailableError, UsageError
from facecues.models.keypoint_mapper.config import MapperConfig
from facecues.pipelines.training.folder import claim, is_free, require_same, save_curves

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
    from facecues.pipelines.training.face_pictures import gather_face_pictures
    from facecues.pipelines.training.generator import draw_losses, perceptual_features
    from facecues.pipelines.training.material import Source, hold_out
    from facecues.pipelines.training.telling import Progress, TrainSummary, each_step
    from facecues.preprocess.networks import require_device
except (ImportError, OSError) as error:
    raise BackendUnavailableError(
        f"training a mapper needs PyTorch and safetensors, which do not import here ({error}): "
        "pip install 'facecues[torch]'"
    ) from error


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainKeypointsSummary(TrainSummary):
    """What a run has done.

    Attributes:
        variant: which mapper.
        frames: learnt from.
        error: of the best epoch, mean distance from the detector's keypoints of held-out clips along an axis; the
            picture is 2 wide.
    """

    variant: str
    frames: int
    error: float

    def table(self) -> RenderableType:
        """For a terminal."""
        error = f"{self.error:.4f} of held-out keypoints, the picture being 2 wide"
        return self.tabulate(self.variant, f"{self.clips} clips, {self.frames} frames", {"error": error})


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
    learn, held_out, names = hold_out(faces.clips, config.train.held_out, config.train.seed)
    perceptual = _perceptual(config, device) if config.loss.perceptual else None
    claim(out, read_description(out), faces.digest, "pictures")
    clips = MapperClips(faces, frozen, where, lambda done, total: tell("finding keypoints", done, total))
    trainer = MapperTrainer(clips, learn, held_out, frozen, config, perceptual=perceptual)
    parameters = sum(one.numel() for one in trainer.network.parameters())
    description = Description(
        config=config,
        keypoints=frozen.config.keypoints,
        generator=path_from(out, generator),
        generator_digest=digest,
        data=faces.digest,
        parameters=parameters,
    )
    trained = trainer.train(out, description, each_step(tell))
    save_curves(out, draw_losses(trained.log, trained.best))
    return TrainKeypointsSummary(
        out=out,
        variant=variant,
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

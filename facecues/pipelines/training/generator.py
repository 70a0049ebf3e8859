"""`facecues train generator`: a cue store with videos to a face-vid2vid generator, trained or fine-tuned.

OUT/facevid2vid.json, OUT/facevid2vid.safetensors   the best epoch's, for facecues.models.facevid2vid.load_facevid2vid
OUT/training.json                                   configuration, and digests of what was learnt from
OUT/last.safetensors, OUT/last.json                 what a training goes on from
OUT/log.jsonl, OUT/curves.png                       each epoch's terms of the loss
OUT/validation/*.png                                held-out pairs: source, what it should become, what it became, and
                                                    that without what the source does not show
"""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from matplotlib.figure import Figure
from matplotlib.image import imsave
from numpy.typing import NDArray
from rich.console import RenderableType

from facecues.errors import BackendUnavailableError, UsageError
from facecues.models.facevid2vid.training_config import Description, TrainingConfig, read_training
from facecues.models.synth.corpus import caption
from facecues.pipelines.atomic import replacing, writing
from facecues.pipelines.training.folder import claim, is_free, require_same, save_curves
from facecues.reports.figures.style import look_of, new_figure, one_look

try:
    import torch
    from torch import Tensor

    from facecues.metrics.networks.alexnet import alexnet
    from facecues.metrics.networks.backbone import load_imagenet
    from facecues.metrics.networks.vgg16 import vgg16
    from facecues.models.facevid2vid.checkpoint import WEIGHTS, load_facevid2vid
    from facecues.models.facevid2vid.losses import Features
    from facecues.models.facevid2vid.pairs import Pairs, reconstruct
    from facecues.models.facevid2vid.training import Trainer
    from facecues.models.training.files import digest_of
    from facecues.pipelines.training.face_pictures import GatheredPictures, gather_face_pictures
    from facecues.pipelines.training.material import Source, hold_out
    from facecues.pipelines.training.telling import Progress, TrainSummary, each_step
    from facecues.preprocess.networks import require_device
except (ImportError, OSError) as error:
    raise BackendUnavailableError(
        f"training generators needs PyTorch and safetensors, which do not import here ({error}): "
        "pip install 'facecues[torch]'"
    ) from error

_BACKBONES: Final = {"alexnet": (alexnet, "AlexNet_0"), "vgg16": (vgg16, "VGG16_0")}
_MEAN: Final = (0.485, 0.456, 0.406)  # of ImageNet's pictures in [0, 1], which the weights were trained with
_DEVIATION: Final = (0.229, 0.224, 0.225)
_IN_A_ROW: Final = 6  # of the terms' curves
_STRIPS: Final = 6
_SHOWN: Final = 256  # side of a picture in a strip, pixels, at least


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainGeneratorSummary(TrainSummary):
    """What a run has done; `pictures` were learnt from."""

    pictures: int

    def table(self) -> RenderableType:
        """For a terminal."""
        return self.tabulate("generator", f"{self.pictures} pictures of {self.clips} clips")


def train_generator(
    source: Source,
    out: Path,
    config: TrainingConfig,
    *,
    device: str = "cpu",
    init: Path | None = None,
    progress: Progress | None = None,
) -> TrainGeneratorSummary:
    """Trains a generator. Given again, it goes on where it stopped.

    Args:
        source: clips with videos.
        out: folder of the run, made if need be.
        config: what to train, and how.
        device: of PyTorch.
        init: a run, or a public checkpoint, with the same network, to begin with the weights of; None: drawn from the
            seed.
        progress: called with what is done, how much of it, and of how much.

    Raises:
        UsageError: no such device, the store has nothing to learn from or no videos, `init` has another network, or
            `out` holds something else.
        WeightsMissingError: `init` cannot be read, or the perceptual term's network cannot be had.
        BackendUnavailableError: the device is not of this machine.
        FacecuesError: a loss is no number; what was finished is kept.
    """
    began, out, tell = time.monotonic(), out.absolute(), progress or (lambda *_: None)
    require_device(device)
    begins_with = None if init is None else _digest_of(init)
    _check_out(out, config, begins_with)
    features, least = perceptual_features(config.loss.network, device) if config.loss.perceptual else (None, 1)
    faces = gather_face_pictures(source, config.network.size, config.train.per_clip, tell)
    if len(faces.clips) < 2:
        raise UsageError(f"1 clip of {source.store} can be learnt from, and two or more are needed.")
    learn, held_out, names = hold_out(faces.clips, config.train.held_out, config.train.seed)
    trainer = Trainer(faces, learn, held_out, config, features=features, least=least, device=device, init=init)
    parameters = sum(one.numel() for one in trainer.model.parameters())
    described = Description(config=config, data=faces.digest, parameters=parameters, init=begins_with)
    claim(out, read_training(out), faces.digest, "pictures")
    trained = trainer.train(out, described, each_step(tell))
    save_curves(out, draw_losses(trained.log, trained.best))
    _write_strips(out, faces, trainer.validation, device)
    return TrainGeneratorSummary(
        out=out,
        clips=len(learn),
        pictures=int(np.diff(faces.starts)[learn].sum()),
        held_out=names,
        left_out=faces.left_out,
        epochs=len(trained.log),
        best=trained.best,
        resumed=trained.resumed,
        parameters=parameters,
        seconds=time.monotonic() - began,
    )


def perceptual_features(network: str, device: str) -> tuple[Features, int]:
    """Features of an ImageNet network, which is not trained: after each ReLU that LPIPS takes.

    Args:
        network: alexnet or vgg16.
        device: of PyTorch.

    Returns:
        The features of (B, 3, H, W) RGB in [0, 1], and the side of the smallest picture that the network can see.

    Raises:
        WeightsMissingError: its weights cannot be had.
    """
    build, published = _BACKBONES[network]
    backbone = load_imagenet(build(), published).eval().requires_grad_(False).to(device)
    mean, deviation = (torch.tensor(one, device=device).view(1, 3, 1, 1) for one in (_MEAN, _DEVIATION))

    def features(pictures: Tensor) -> list[Tensor]:
        seen: list[Tensor] = backbone((pictures - mean) / deviation)
        return seen

    return features, backbone.least


def _digest_of(init: Path) -> str:
    path = init / WEIGHTS if init.is_dir() else init
    if not path.is_file():
        raise UsageError(
            f"--init {init} holds no generator: name a run of `facecues train generator`, or a checkpoint."
        )
    return digest_of(path)


def _check_out(out: Path, config: TrainingConfig, init: str | None) -> None:
    """Makes sure, before any work, that a folder is new, or holds a training with the same configuration.

    Raises:
        UsageError: it is another's.
    """
    if is_free(out):
        return
    before = read_training(out)
    if before is None:
        raise UsageError(f"{out} holds something else than a training: use an --out that is empty or new.")
    if before.init != init:
        raise UsageError(f"{out} was trained from the weights {before.init}, now from {init}: use another --out.")
    require_same(out, before.config, config)


@one_look()
def draw_losses(log: Sequence[Mapping[str, Any]], best: int) -> Figure:
    """Each term of the loss by epoch, of what is learnt from and of what is held out."""
    names = list(log[-1]["train"])
    rows = -(-len(names) // _IN_A_ROW)
    figure = new_figure("page", 50 * rows)
    epochs = [one["epoch"] for one in log]
    for place, name in enumerate(names, 1):
        axis = figure.add_subplot(rows, min(len(names), _IN_A_ROW), place)
        for at, (label, side) in enumerate((("training", "train"), ("held out", "held_out"))):
            look = look_of(at)
            values = [one[side].get(name, np.nan) for one in log]
            axis.plot(epochs, values, color=look.color, linestyle=look.linestyle, label=label)
        axis.axvline(best, color="#999999", linewidth=0.6, linestyle=":")
        axis.set_title(name)
        axis.set_xlabel("epoch")
    figure.axes[0].legend()
    return figure


def _write_strips(out: Path, faces: GatheredPictures, pairs: Pairs, device: str) -> None:
    """Writes OUT/validation/CLIP.png of a few pairs of different clips."""
    model = load_facevid2vid(out, device)
    folder = out / "validation"
    with writing(folder):
        folder.mkdir(exist_ok=True)
    clips = np.searchsorted(faces.starts, pairs.drivings, side="right") - 1
    _, chosen = np.unique(clips, return_index=True)
    for at in chosen[:_STRIPS]:
        source, driving = (faces.pictures[rows[at]] for rows in (pairs.sources, pairs.drivings))
        made, seen = reconstruct(model, source, driving)
        words = ("source", "true", "generated, synthetic", "of the source, synthetic")
        shown = [caption(_enlarged(one), word) for one, word in zip((source, driving, made, seen), words, strict=True)]
        clip = str(faces.clips["clip_id"].iloc[clips[at]])
        path = folder / f"{clip.replace('/', '_')}.png"
        about = {"Title": "synthetic: facecues train generator", "Comment": clip}
        with replacing(path) as temporary, writing(path):
            imsave(temporary, np.concatenate(shown, axis=1), format="png", metadata=about)


def _enlarged(picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """As large as words can be read on, pixel for pixel."""
    times = max(1, -(-_SHOWN // len(picture)))
    return np.repeat(np.repeat(picture, times, axis=0), times, axis=1)

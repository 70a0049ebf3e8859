"""Training of a face-vid2vid generator by itself: a picture of somebody, moved to look like another one of the same."""

import math
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, ValidationError
from torch import Tensor, nn
from torch.nn import functional as F
from torch.utils.checkpoint import checkpoint

from facecues.errors import FacecuesError, UsageError
from facecues.models.facevid2vid import losses
from facecues.models.facevid2vid.checkpoint import load_discriminator, load_facevid2vid, save_facevid2vid
from facecues.models.facevid2vid.contracts import FacePictures, Generated, HeadPose
from facecues.models.facevid2vid.discriminator import Discriminator
from facecues.models.facevid2vid.model import FaceVid2Vid
from facecues.models.facevid2vid.pairs import Indices, Pairs, PairSource, View, to_tensor
from facecues.models.facevid2vid.training_config import TrainingConfig
from facecues.models.training.epochs import Course, Means, Step, Tell, Terms, Trained, descend, rate_at, run_epochs
from facecues.models.training.files import write_text
from facecues.preprocess.networks import require_device

TRAINING: Final = "training.json"
_BETAS: Final = (0.5, 0.999)  # of Adam, as published
_WARM_UP: Final = 0.02  # share of all steps

Picture = NDArray[np.uint8]


class Description(BaseModel):
    """training.json.

    Attributes:
        data: digest of the pictures that were learnt from.
        parameters: of the generator, how many.
        init: digest of the weights that the training began with; None: drawn.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    config: TrainingConfig
    data: str
    parameters: int
    init: str | None = None


def read_training(run: Path) -> Description | None:
    """training.json; None where there is none.

    Raises:
        UsageError: it does not read.
    """
    path = run / TRAINING
    if not path.is_file():
        return None
    try:
        return Description.model_validate_json(path.read_bytes())
    except (OSError, ValidationError) as error:
        raise UsageError(f"{path} is no training of this version: {' '.join(str(error).split())[:200]}") from error


class Trainer:
    """One training into one folder.

    Whatever is drawn comes from the seed and the number of the epoch, so that a training that is cut short goes on from
    the last epoch that ended, on the same curve.
    """

    def __init__(
        self,
        faces: FacePictures,
        learn: Indices,
        held_out: Indices,
        config: TrainingConfig,
        *,
        features: losses.Features | None = None,
        least: int = 1,
        device: str = "cpu",
        init: Path | None = None,
    ) -> None:
        """Prepares one.

        Args:
            faces: pictures of the network's size.
            learn, held_out: positions in `faces.clips`.
            config: of it all.
            features: of a network on `device`, for the perceptual term.
            least: side of the smallest picture that this network can see.
            device: of PyTorch.
            init: a run, or a public checkpoint, to begin with the weights of; None: drawn from the seed.

        Raises:
            ValueError: the perceptual term has a weight, and there are no features.
            UsageError, BackendUnavailableError: `device` is no device, or not one of this machine; `init` has another
                network.
            WeightsMissingError: `init` cannot be read.
        """
        if config.loss.perceptual and features is None:
            raise ValueError("loss.perceptual has a weight, and there are no features for it")
        self._config, self._features, self._least = config, features, least
        self._device = require_device(device)
        with torch.random.fork_rng():
            torch.manual_seed(config.train.seed)
            self.model = FaceVid2Vid(config.network)
            if config.network.posed:
                _begin_at_rest(self.model)
            self._judge = Discriminator(config.network.discriminator) if config.loss.judged else None
        if init is not None:
            self._begin_with(init)
        self.model.to(self._device)
        rate = config.train.learning_rate
        self._optimizer = torch.optim.Adam(self.model.parameters(), rate, _BETAS)
        self._parts: dict[str, nn.Module | torch.optim.Optimizer] = {"model": self.model, "optimizer": self._optimizer}
        if self._judge is not None:
            self._judge.to(self._device)
            self._for_judge = torch.optim.Adam(self._judge.parameters(), rate, _BETAS)
            self._parts |= {"judge": self._judge, "for_judge": self._for_judge}
        self._pairs = PairSource(faces, self._device)
        self._learn = self._pairs.rows_of(learn)
        self._guided = round(config.train.guided * config.train.epochs)
        rng = np.random.default_rng(config.train.seed)
        self.validation = self._draw(self._pairs.rows_of(held_out), config.train.validated, rng)

    def train(self, run: Path, description: Description, progress: Tell | None = None) -> Trained:
        """Trains to the end, or to where the held-out clips have had no better loss for some epochs.

        Args:
            run: folder, which exists; a training in it is gone on with.
            description: for a new folder.
            progress: called after each batch.

        Raises:
            FacecuesError: a loss is no number; what was finished is kept.
            UsageError: the folder holds a damaged training.
        """
        if not (run / TRAINING).is_file():
            write_text(run / TRAINING, description.model_dump_json(indent=1) + "\n")
        course = Course(
            epoch=lambda epoch: self._epoch(epoch, progress),
            validate=self.validate,
            keep=lambda: save_facevid2vid(self.model, run),
            epochs=self._config.train.epochs,
            patience=self._config.train.patience,
            rate=lambda epoch: self._rate(epoch * self._config.train.steps),
        )
        return run_epochs(course, run, self._parts, self._device)

    @torch.no_grad()
    def validate(self) -> Terms:
        """Terms on the held-out pairs, the discriminator's left out; and their weighted total."""
        self.model.eval()
        torch.manual_seed(self._config.train.seed)  # of the bends
        means = Means()
        for source, driving in zip(self.validation.sources, self.validation.drivings, strict=True):
            views = self._pairs.views(Pairs(source[None], driving[None]))
            terms, placed = self._of_keypoints(*views)
            means.add(terms | self._of_pictures(self._generate(views[0], placed), views[1], placed[1]))
        return means.weighted(self._config.loss)

    def _begin_with(self, init: Path) -> None:
        loaded = load_facevid2vid(init, "cpu")
        if loaded.config != self._config.network:
            raise UsageError(f"--init {init} has another network ({loaded.config}): train with its preset and sizes.")
        self.model = loaded
        if self._judge is not None and init.is_file():
            load_discriminator(self._judge, init)

    def _epoch(self, epoch: int, progress: Tell | None) -> Terms:
        settings = self._config.train
        rng = np.random.default_rng([settings.seed, epoch])
        torch.manual_seed(int(rng.integers(2**31)))
        self.model.train()
        means = Means()
        for step in range(1, settings.steps + 1):
            pairs = self._draw(self._learn, settings.batch, rng)
            means.add(self._step(pairs, self._rate((epoch - 1) * settings.steps + step), epoch))
            if progress is not None:
                progress(Step(epoch, settings.epochs, step, settings.steps))
        return means.terms()

    def _step(self, pairs: Pairs, rate: float, epoch: int) -> Terms:
        weights, guided = self._config.loss, epoch <= self._guided
        with torch.autocast(self._device.type, torch.bfloat16, enabled=self._config.train.bf16):
            source, driving = self._pairs.views(pairs)
            terms, placed = self._of_keypoints(source, driving)
            made = None if guided else self._generate(source, placed)
            if made is not None:
                terms |= self._of_pictures(made, driving, placed[1])
            if made is not None and self._judge is not None:
                terms |= self._judged(self._judge, made, driving.pictures)
            loss = torch.stack([getattr(weights, name) * value for name, value in terms.items()]).sum()
        if not math.isfinite(loss.item()):
            names = ", ".join(self._pairs.clip_ids(pairs))
            raise FacecuesError(
                f"The loss is {loss.item()} in epoch {epoch}, on the clips {names}: look at their pictures "
                "and head pose, or lower learning_rate. Earlier epochs are kept."
            )
        descend(self._optimizer, loss, rate, self._config.train.gradient_norm)
        said = {name: value.item() for name, value in terms.items()}
        if made is not None and self._judge is not None:
            said["judge"] = self._teach_judge(self._judge, made.detach(), driving.pictures, rate)
        return said

    def _of_keypoints(self, source: View, driving: View) -> tuple[dict[str, Tensor], tuple[Tensor, Tensor]]:
        """Terms of the loss that no picture is made for, and keypoints of source and driving."""
        canonical = self._run(self.model.canonical, source.pictures)
        views = (source, driving)
        both = self._run(self.model.estimate, torch.cat([source.pictures, driving.pictures]))
        poses = [HeadPose(*part) for part in zip(*(values.chunk(2) for values in both), strict=True)]
        placed = (self.model.place(canonical, poses[0]), self.model.place(canonical, poses[1]))
        guided = [losses.guidance(keypoints, view.points) for keypoints, view in zip(placed, views, strict=True)]
        turned = [losses.head_pose(pose, view.angles) for pose, view in zip(poses, views, strict=True)]
        terms = {
            "prior": losses.keypoint_prior(placed[1]),
            "guidance": (guided[0] + guided[1]) / 2,
            "pose": (turned[0] + turned[1]) / 2,
            "expression": losses.expression(poses[1]),
        }
        return terms, placed

    def _generate(self, source: View, placed: tuple[Tensor, Tensor]) -> Tensor:
        generated: Generated = self._run(self.model.generate, self._run(self.model.encode, source.pictures), *placed)
        return generated.picture

    def _of_pictures(self, made: Tensor, driving: View, placed: Tensor) -> dict[str, Tensor]:
        """Terms of what was made, and of the driving picture's keypoints."""
        weights = self._config.loss
        terms = {
            "picture": (made - driving.pictures).abs().mean(),
            "mouth": losses.mouth(made, driving.pictures, driving.points),
        }
        if weights.perceptual and self._features is not None:
            terms["perceptual"] = losses.perceptual(self._features, made, driving.pictures, weights.scales, self._least)
        if weights.equivariance:
            bend = losses.draw_bend(len(made), self._device)
            of_bent = self._keypoints(bend.pictures(driving.pictures))
            terms["equivariance"] = losses.equivariance(placed, of_bent, bend)
        return terms

    def _keypoints(self, pictures: Tensor) -> Tensor:
        return self.model.place(self._run(self.model.canonical, pictures), self._run(self.model.estimate, pictures))

    def _judged(self, judge: Discriminator, made: Tensor, true: Tensor) -> dict[str, Tensor]:
        """Terms that the discriminator, which does not learn from them, has a say in."""
        judge.requires_grad_(False)
        of_made = judge(made)
        with torch.no_grad():
            of_true = judge(true)
        judge.requires_grad_(True)
        return {
            "adversarial": losses.adversarial(of_made),
            "matching": losses.feature_matching(of_made, of_true),
        }

    def _teach_judge(self, judge: Discriminator, made: Tensor, true: Tensor, rate: float) -> float:
        """The discriminator's own step."""
        with torch.autocast(self._device.type, torch.bfloat16, enabled=self._config.train.bf16):
            loss = losses.discriminating(judge(true), judge(made))
        descend(self._for_judge, loss, rate, self._config.train.gradient_norm)
        return loss.item()

    def _run(self, part: Callable[..., Any], *given: Tensor) -> Any:
        """A part of the model; with checkpointing nothing in it is kept, but computed again on the way back."""
        if not (self._config.train.checkpointing and torch.is_grad_enabled()):
            return part(*given)
        return checkpoint(part, *given, use_reentrant=False, context_fn=self._contexts)

    def _contexts(self) -> tuple[AbstractContextManager[None], AbstractContextManager[None]]:
        return nullcontext(), _unmoved_statistics(self.model)

    def _draw(self, among: Indices, count: int, rng: np.random.Generator) -> Pairs:
        return self._pairs.draw(among, count, self._config.train.across, self._config.train.mirrored, rng)

    def _rate(self, step: int) -> float:
        settings = self._config.train
        return settings.learning_rate * rate_at(step / (settings.epochs * settings.steps), _WARM_UP)


@torch.inference_mode()
def reconstruct(model: FaceVid2Vid, source: Picture, driving: Picture) -> tuple[Picture, Picture]:
    """A picture moved to look like another one of the same person.

    Args:
        model: set to evaluation.
        source, driving: (S, S, 3) uint8 RGB, S as the model has it.

    Returns:
        What was made, and the same where the source does not show it made black.
    """
    device = next(model.parameters()).device
    moved, wanted = (to_tensor(one[None]).to(device) for one in (source, driving))
    canonical = model.canonical(moved)
    placed = [model.place(canonical, model.estimate(one)) for one in (moved, wanted)]
    made = model.generate(model.encode(moved), *placed)
    seen = made.picture * F.interpolate(made.occlusion, size=made.picture.shape[2:], mode="bilinear")
    whole, part = (np.rint(one[0].permute(1, 2, 0).float().cpu().numpy() * 255) for one in (made.picture, seen))
    return whole.astype(np.uint8), part.astype(np.uint8)


def _begin_at_rest(model: FaceVid2Vid) -> None:
    """Without a shift and an expression at first: those that are drawn by chance are so large that unlearning them
    leaves the estimator saying the same of all pictures."""
    for layer in (model.he_estimator.fc_t, model.he_estimator.fc_exp):
        nn.init.zeros_(layer.weight)
        nn.init.zeros_(layer.bias)


@contextmanager
def _unmoved_statistics(model: nn.Module) -> Iterator[None]:
    """What is computed again was counted before: batch norm's running statistics stay as they are."""
    norms = [one for one in model.modules() if isinstance(one, nn.modules.batchnorm._BatchNorm)]
    before = [(norm, norm.momentum, norm.num_batches_tracked) for norm in norms]
    for norm, _, count in before:
        norm.momentum, norm.num_batches_tracked = 0.0, None if count is None else count.clone()
    try:
        yield
    finally:
        for norm, momentum, count in before:
            norm.momentum, norm.num_batches_tracked = momentum, count

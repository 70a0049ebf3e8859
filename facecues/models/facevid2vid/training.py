"""Training of a face-vid2vid generator by itself: a picture of somebody, moved to look like another one of the same."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from torch import Tensor, nn

from facecues.errors import UsageError
from facecues.models.facevid2vid import losses
from facecues.models.facevid2vid.checkpoint import load_discriminator, load_facevid2vid, save_facevid2vid
from facecues.models.facevid2vid.contracts import FacePictures, Generated, HeadPose
from facecues.models.facevid2vid.judge import Judge
from facecues.models.facevid2vid.model import FaceVid2Vid
from facecues.models.facevid2vid.pairs import Indices, Pairs, PairSource, View
from facecues.models.facevid2vid.training_config import BETAS, TRAINING, Description, TrainingConfig
from facecues.models.training.epochs import Course, Means, Tell, Terms, Trained, run_epochs
from facecues.models.training.files import write_text
from facecues.models.training.steps import compute_again, descend, no_number, weighted_sum
from facecues.preprocess.networks import require_device

_WARM_UP: Final = 0.02  # share of all steps


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
            self._judge = Judge(config, self._device) if config.loss.judged else None
        if init is not None:
            self._begin_with(init)
        self.model.to(self._device)
        self._optimizer = torch.optim.Adam(self.model.parameters(), config.train.learning_rate, BETAS)
        self._parts: dict[str, nn.Module | torch.optim.Optimizer] = {"model": self.model, "optimizer": self._optimizer}
        if self._judge is not None:
            self._parts |= {"judge": self._judge.network, "for_judge": self._judge.optimizer}
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
            settings=self._config.train,
            steps=self._config.train.steps,
            warm_up=_WARM_UP,
            batches=self._batches,
            step=self._step,
            validate=self.validate,
            keep=lambda: save_facevid2vid(self.model, run),
        )
        return run_epochs(course, run, self._parts, self._device, progress)

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
            load_discriminator(self._judge.network, init)

    def _batches(self, _epoch: int, rng: np.random.Generator) -> Iterator[Pairs]:
        for _ in range(self._config.train.steps):
            yield self._draw(self._learn, self._config.train.batch, rng)

    def _step(self, pairs: Pairs, rate: float, epoch: int) -> Terms:
        with torch.autocast(self._device.type, torch.bfloat16, enabled=self._config.train.bf16):
            source, driving = self._pairs.views(pairs)
            terms, placed = self._of_keypoints(source, driving)
            made = None if epoch <= self._guided else self._generate(source, placed)
            if made is not None:
                terms |= self._of_pictures(made, driving, placed[1])
            if made is not None and self._judge is not None:
                terms |= self._judge.terms(made, driving.pictures)
            loss = weighted_sum(terms, self._config.loss)
        if not loss.isfinite():
            raise no_number(loss, epoch, self._pairs.clip_ids(pairs), "look at their pictures and head pose")
        descend(self._optimizer, loss, rate, self._config.train.gradient_norm)
        said = {name: value.item() for name, value in terms.items()}
        if made is not None and self._judge is not None:
            said["judge"] = self._judge.learn(made.detach(), driving.pictures, rate)
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

    def _run(self, part: Callable[..., Any], *given: Tensor) -> Any:
        """A part of the model; with checkpointing nothing in it is kept."""
        again = self._config.train.checkpointing and torch.is_grad_enabled()
        return compute_again(part, *given, model=self.model) if again else part(*given)

    def _draw(self, among: Indices, count: int, rng: np.random.Generator) -> Pairs:
        return self._pairs.draw(among, count, self._config.train.across, self._config.train.mirrored, rng)


def _begin_at_rest(model: FaceVid2Vid) -> None:
    """Without a shift and an expression at first: those that are drawn by chance are so large that unlearning them
    leaves the estimator saying the same of all pictures."""
    for layer in (model.he_estimator.fc_t, model.he_estimator.fc_exp):
        nn.init.zeros_(layer.weight)
        nn.init.zeros_(layer.bias)

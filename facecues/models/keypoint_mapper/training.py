"""Training of the keypoint mapper, self-supervised: a frozen detector says what the keypoints of every frame are."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from facecues.models.facevid2vid.model import FaceVid2Vid
from facecues.models.keypoint_mapper.checkpoint import MAPPER, WEIGHTS, Description
from facecues.models.keypoint_mapper.config import MapperConfig
from facecues.models.keypoint_mapper.data import MapperClips, Pieces
from facecues.models.keypoint_mapper.network import KeypointMapper
from facecues.models.training.epochs import Course, Means, Tell, Terms, Trained, run_epochs
from facecues.models.training.files import write_tensors, write_text
from facecues.models.training.steps import descend, no_number, weighted_sum

_DECAY: Final = 0.01  # of weights
_WARM_UP: Final = 0.05  # share of all steps
_MEASURED: Final = 4096  # pairs of frames that units are measured on

Perceptual = Callable[[Tensor, Tensor], Tensor]
"""Distance of (B, 3, H, W) pictures in [0, 1] from others, as one number."""


class MapperTrainer:
    """One training into one folder.

    Whatever is drawn comes from the seed and the number of the epoch, so that a training that is cut short goes on from
    the last epoch that ended, on the same curve.
    """

    def __init__(
        self,
        clips: MapperClips,
        learn: NDArray[np.int64],
        held_out: NDArray[np.int64],
        generator: FaceVid2Vid,
        config: MapperConfig,
        *,
        perceptual: Perceptual | None = None,
    ) -> None:
        """Prepares one; it trains where `clips` and `generator` are.

        Args:
            clips: with their keypoints.
            learn, held_out: positions among them.
            generator: frozen, in evaluation mode.
            config: of it all.
            perceptual: for the term of that name.

        Raises:
            ValueError: that term has a weight, and no callable.
        """
        if config.loss.perceptual and perceptual is None:
            raise ValueError("loss.perceptual has a weight, and there is no callable for it")
        self._clips, self._learn, self._held_out, self._config = clips, learn, held_out, config
        self._generator, self._perceptual = generator.requires_grad_(False), perceptual
        self._device = clips.points.device
        with torch.random.fork_rng():
            torch.manual_seed(config.train.seed)
            self.network = KeypointMapper(config.network, clips.keypoints.shape[1])
        self.network.to(self._device)
        self._fit_units()
        self._optimizer = torch.optim.AdamW(self.network.parameters(), config.train.learning_rate, weight_decay=_DECAY)

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
        parts: dict[str, nn.Module | torch.optim.Optimizer] = {"network": self.network, "optimizer": self._optimizer}
        if not (run / MAPPER).is_file():
            write_text(run / MAPPER, description.model_dump_json(indent=1) + "\n")
        course = Course(
            settings=self._config.train,
            steps=self._config.train.steps,
            warm_up=_WARM_UP,
            batches=self._batches,
            step=self._step,
            validate=self.validate,
            keep=lambda: write_tensors(run / WEIGHTS, self.network.state_dict()),
        )
        return run_epochs(course, run, parts, self._device, progress)

    @torch.no_grad()
    def validate(self) -> Terms:
        """Terms on the held-out clips, whole, each moved from its first frame; and their weighted total."""
        self.network.eval()
        means = Means()
        for clip in self._held_out:  # one of a single frame has no velocity
            means.add(self._terms(self._clips.whole(int(clip))))
        return means.weighted(self._config.loss)

    def _batches(self, _epoch: int, rng: np.random.Generator) -> Iterator[Pieces]:
        settings = self._config.train
        for _ in range(settings.steps):
            yield self._clips.draw(self._learn, settings.batch, settings.piece, rng)

    def _step(self, pieces: Pieces, rate: float, epoch: int) -> Terms:
        terms = self._terms(pieces)
        loss = weighted_sum(terms, self._config.loss)
        if not loss.isfinite():
            names = self._clips.faces.clips["clip_id"].iloc[np.unique(pieces.clips)].tolist()
            raise no_number(loss, epoch, names, "look for absurd cues in them")
        descend(self._optimizer, loss, rate, self._config.train.gradient_norm)
        return {name: value.item() for name, value in terms.items()}

    def _terms(self, pieces: Pieces) -> dict[str, Tensor]:
        """Terms of the loss, those without a weight left out."""
        clips, weights = self._clips, self._config.loss
        source = clips.keypoints[pieces.sources]
        target = clips.keypoints[pieces.frames]
        made = self.network(clips.points[pieces.frames], clips.points[pieces.sources], source)
        terms = {"keypoints": (made - target).abs().mean()}
        if weights.velocity and made.shape[1] > 1:
            terms["velocity"] = (made.diff(dim=1) - target.diff(dim=1)).abs().mean()
        return terms | self._looks(pieces, source, made) if weights.sees else terms

    def _looks(self, pieces: Pieces, source: Tensor, made: Tensor) -> dict[str, Tensor]:
        """Terms of pictures: one frame of each of the first pieces, or frames of a single one, spread over it."""
        weights, count = self._config.loss, self._config.train.pictures
        pairs = np.array(list(np.ndindex(pieces.frames.shape)), np.int64)
        clip, frame = pairs[np.linspace(0, len(pairs) - 1, min(count, len(pairs))).round().astype(np.int64)].T
        true = self._clips.pictures(pieces.frames[clip, frame])
        appearance = self._generator.encode(self._clips.pictures(pieces.sources[clip]))
        picture = self._generator.generate(appearance, source[clip], made[clip, frame]).picture
        terms = {"image": (picture - true).abs().mean()} if weights.image else {}
        if weights.perceptual and self._perceptual is not None:
            terms["perceptual"] = self._perceptual(picture, true)
        return terms

    def _fit_units(self) -> None:
        """From pairs of frames that are learnt from."""
        pairs = self._clips.draw(self._learn, _MEASURED, 1, np.random.default_rng(self._config.train.seed))
        points, keypoints, frames = self._clips.points, self._clips.keypoints, pairs.frames[:, 0]
        self.network.fit(points[frames], points[pairs.sources], keypoints[pairs.sources], keypoints[frames])

"""Training of stage 1: teacher forcing and free running by turns, with an emotion classifier that learns beside it."""

import math
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from facecues.errors import FacecuesError
from facecues.models.cue_generator.checkpoint import (
    LOG,
    NETWORK,
    Description,
    Progress,
    digest_of,
    load_last,
    read_description,
    read_log,
    save_last,
    write_log,
    write_tensors,
    write_text,
)
from facecues.models.cue_generator.config import GeneratorConfig
from facecues.models.cue_generator.contracts import GENERATOR
from facecues.models.cue_generator.data import Batch, TrainingClips
from facecues.models.cue_generator.losses import cue_losses
from facecues.models.cue_generator.network import CueNetwork, Draw, Frame, Heads
from facecues.models.cue_generator.units import fit_units, raw_pose
from facecues.models.emotion.config import CueClassifierConfig
from facecues.models.emotion.cue_network import CueClassifier
from facecues.preprocess.networks import load_weights, require_device
from facecues.preprocess.template import TEMPLATE

_DECAY: Final = 0.01  # of weights
_WARM_UP: Final = 0.1  # share of all steps
_LEAST_RATE: Final = 0.02  # of the learning rate, at the end
_SAMPLED: Final = 20_000  # frames that units are measured on
_CLASSIFIER_RATE: Final = 1e-3

Terms = dict[str, float]


@dataclass(frozen=True, slots=True)
class Step:
    """How far a training is.

    Attributes:
        epoch: that is under way, from 1. epochs: in all.
        step, steps: batches of this epoch.
    """

    epoch: int
    epochs: int
    step: int
    steps: int


@dataclass(frozen=True, slots=True)
class Trained:
    """What a training came to: its log, the best epoch, and whether it had been finished before."""

    log: list[dict[str, Any]]
    best: int
    resumed: int


class Trainer:
    """One training into one folder.

    The order of clips and everything drawn come from the seed and the number of the epoch, so that a training that is
    cut short goes on from the last epoch that ended, on the same curve.
    """

    def __init__(
        self,
        clips: TrainingClips,
        learn: NDArray[np.int64],
        held_out: NDArray[np.int64],
        config: GeneratorConfig,
        *,
        device: str = "cpu",
        init: Path | None = None,
    ) -> None:
        """`learn` and `held_out`: positions in `clips.sequences.clips`. `init`: a run to begin with the weights of.

        Raises:
            UsageError, BackendUnavailableError: `device` is no device, or not one of this machine.
            WeightsMissingError: `init` holds no weights, or those of another network.
        """
        self._clips, self._learn, self._held_out, self._config = clips, learn, held_out, config
        self._device = require_device(device)
        with torch.random.fork_rng():
            torch.manual_seed(config.train.seed)
            self.network = CueNetwork(config.network, clips.front_end.steps, clips.front_end.size)
            self.classifier = CueClassifier(CueClassifierConfig())
        self._fit_units()
        self._init = None if init is None else digest_of(init / NETWORK)
        if init is not None:  # its units too: the weights know no others
            load_weights(self.network, init / NETWORK, f"a training that begins with {init}")
        self.network.to(self._device)
        self.classifier.to(self._device)
        rate = config.train.learning_rate
        self._optimizer = torch.optim.AdamW(self.network.parameters(), rate, weight_decay=_DECAY)
        self._for_classifier = torch.optim.AdamW(self.classifier.parameters(), _CLASSIFIER_RATE, weight_decay=_DECAY)
        self._steps = clips.count_batches(learn, config.train.batch, config.train.chunk)

    def train(self, run: Path, data: str, progress: Callable[[Step], None] | None = None) -> Trained:
        """Trains to the end, or to where the held-out clips have had no better loss for some epochs.

        Args:
            run: folder, which exists; a training in it is gone on with.
            data: digest of the clips, for the description.
            progress: called after each batch.

        Raises:
            FacecuesError: a loss is no number; what was finished is kept.
            UsageError: the folder holds a damaged training.
        """
        parts: dict[str, nn.Module | torch.optim.Optimizer] = {
            "network": self.network,
            "classifier": self.classifier,
            "optimizer": self._optimizer,
            "for_classifier": self._for_classifier,
        }
        if read_description(run) is None:
            write_text(run / GENERATOR, self._description(data).model_dump_json(indent=1) + "\n")
        done = load_last(run, parts)
        resumed, log = done.epoch, read_log(run / LOG, done.epoch)
        while not done.ended:
            epoch = done.epoch + 1
            started = time.monotonic()
            with torch.random.fork_rng(), one_thread(self._device):
                terms = self._epoch(epoch, progress)
                held_out = self.validate()
            log.append(
                {
                    "epoch": epoch,
                    "learning_rate": self._rate(epoch * self._steps),
                    "train": terms,
                    "held_out": held_out,
                    "seconds": round(time.monotonic() - started, 2),
                }
            )
            done = self._ended(run, done, held_out["total"])
            write_log(run / LOG, log)
            save_last(run, parts, done)
        return Trained(log, done.best, resumed)

    def _ended(self, run: Path, before: Progress, loss: float) -> Progress:
        """Keeps the weights of an epoch that did better than all before it."""
        epoch = before.epoch + 1
        best, best_loss = (epoch, loss) if loss < before.best_loss else (before.best, before.best_loss)
        if best == epoch:
            write_tensors(run / NETWORK, self.network.state_dict())
        settings = self._config.train
        ended = epoch == settings.epochs or epoch - best >= settings.patience
        return Progress(epoch=epoch, best=best, best_loss=best_loss, ended=ended)

    def _epoch(self, epoch: int, progress: Callable[[Step], None] | None) -> Terms:
        settings = self._config.train
        rng = np.random.default_rng([settings.seed, epoch])
        torch.manual_seed(int(rng.integers(2**31)))
        self.network.train()
        self.classifier.train()
        said: dict[str, list[float]] = {}
        batches = self._clips.batches(self.network, self._learn, settings.batch, settings.chunk, rng)
        for step, batch in enumerate(batches, 1):
            at = (epoch - 1) * self._steps + step - 1
            forced = bool(rng.random() < self._forced_share(at)) or not self.network.config.autoregressive
            for name, value in self._step(batch.to(self._device), self._rate(at), epoch, forced=forced).items():
                said.setdefault(name, []).append(value)
            if progress is not None:
                progress(Step(epoch, settings.epochs, step, self._steps))
        return {name: float(np.mean(values)) for name, values in said.items()}

    def _step(self, batch: Batch, rate: float, epoch: int, *, forced: bool) -> Terms:
        weights = self._config.loss
        mixed = torch.autocast(self._device.type, torch.bfloat16, enabled=self._config.train.bf16)
        learnt: Terms = {}
        if weights.emotion:
            learnt["classifier"] = self._teach_classifier(batch)
        with mixed:
            heads = self._generate(batch, forced=forced)
            terms = cue_losses(self.network, heads, batch.truth, batch.valid, weights, forced=forced)
            if weights.emotion:
                self.classifier.requires_grad_(False)
                terms["emotion"] = cross_entropy(self._judge(heads.frame, batch), batch.inputs.emotion)
                self.classifier.requires_grad_(True)
            loss = torch.stack([getattr(weights, name) * value for name, value in terms.items()]).sum()
        if not math.isfinite(loss.item()):
            names = self._clips.sequences.clips["clip_id"].iloc[batch.clips].tolist()
            raise FacecuesError(
                f"The loss is {loss.item()} in epoch {epoch}, on the clips {', '.join(names)}: look for absurd cues in "
                "them, or lower learning_rate. Earlier epochs are kept."
            )
        for group in self._optimizer.param_groups:
            group["lr"] = rate
        self._optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(self.network.parameters(), self._config.train.gradient_norm)
        self._optimizer.step()
        # Apart, since the terms of free running leave gaze and pose out.
        kind = "" if forced else "free_"
        return learnt | {kind + name: value.item() for name, value in terms.items()}

    def _generate(self, batch: Batch, *, forced: bool) -> Heads:
        if forced and self.network.config.autoregressive:
            return self.network.learn(batch.inputs, batch.truth)
        inference = self._config.inference
        draw = Draw(inference.gaze == "sample", inference.pose == "sample")
        return self.network.run(batch.inputs, draw=draw)[0]

    def _teach_classifier(self, batch: Batch) -> float:
        """The classifier's own step, on the true cues."""
        loss = cross_entropy(self._judge(batch.truth, batch), batch.inputs.emotion)
        self._for_classifier.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        self._for_classifier.step()
        return loss.item()

    def _judge(self, frame: Frame, batch: Batch) -> Tensor:
        """(B, 8) logits. The classifier sees displacements on one same face, so that it need not see through faces."""
        network = self.network
        points = self._template + (frame.shape * network.shape_unit).reshape(*batch.valid.shape, 68, 3)
        rotation = frame.pose[..., :3] * network.pose_std[:3] + network.pose_mean[:3]
        logits: Tensor = self.classifier(points, frame.gaze, rotation, batch.valid > 0)
        return logits

    @property
    def _template(self) -> Tensor:
        return torch.from_numpy(TEMPLATE.astype(np.float32)).to(self._device)

    @torch.no_grad()
    def validate(self) -> Terms:
        """Terms on the held-out clips, the same pieces each time, with teacher forcing; and their weighted total."""
        settings, weights = self._config.train, self._config.loss
        self.network.eval()
        self.classifier.eval()
        rng = np.random.default_rng(settings.seed)
        torch.manual_seed(settings.seed)
        said: dict[str, list[float]] = {}
        for batch in self._clips.batches(self.network, self._held_out, settings.batch, settings.chunk, rng):
            here = batch.to(self._device)
            heads = self._generate(here, forced=True)
            for name, value in cue_losses(self.network, heads, here.truth, here.valid, weights, forced=True).items():
                said.setdefault(name, []).append(value.item())
        terms = {name: float(np.mean(values)) for name, values in said.items()}
        terms["total"] = sum(getattr(weights, name) * value for name, value in terms.items())
        return terms

    def _rate(self, step: int) -> float:
        """Rises over the first steps, then falls as a cosine."""
        settings = self._config.train
        total = settings.epochs * self._steps
        rising = min(1.0, (step + 1) / (_WARM_UP * total))
        falling = _LEAST_RATE + (1 - _LEAST_RATE) * 0.5 * (1 + math.cos(math.pi * min(1.0, step / total)))
        return settings.learning_rate * min(rising, falling)

    def _forced_share(self, step: int) -> float:
        """1 at first, `forced_last` from the middle of the training on."""
        settings = self._config.train
        past = min(1.0, 2 * step / (settings.epochs * self._steps))
        return 1 - (1 - settings.forced_last) * past

    def _fit_units(self) -> None:
        """Units of the network, of its encoder and of the classifier, from the clips that are learnt from."""
        sequences, references = self._clips.sequences, self._clips.references
        rng = np.random.default_rng(self._config.train.seed)
        per_clip = max(1, _SAMPLED // len(self._learn))
        faces, moved, poses, moves, used = [], [], [], [], []
        for clip in self._learn:
            cues, reference = sequences[clip], int(rng.choice(references[clip]))
            base = sequences.cues[reference : reference + 1]
            pose = raw_pose(cues, base.translation[0], base.scale[0])
            valid = np.flatnonzero(cues.valid)
            some = valid[rng.permutation(len(valid))[:per_clip]]
            used.append((cues.gaze[some], cues.rotation[some]))
            faces.append(cues.normalized[some])
            moved.append(cues.normalized[some] - base.normalized)
            poses.append(pose[some])
            moves.append(np.diff(pose, axis=0)[cues.valid[1:] & cues.valid[:-1]])
        face = np.concatenate(faces)
        displacement = np.concatenate(moved) if self._config.network.reference else face - face.mean(axis=0)
        fit_units(self.network, face, displacement, np.concatenate(poses), np.concatenate(moves))
        rows = np.concatenate([self._clips.rows[clip] for clip in self._learn])
        self.network.audio.fit(rows)
        gaze, rotation = (torch.from_numpy(np.concatenate(each)) for each in zip(*used, strict=True))
        points = torch.from_numpy(TEMPLATE.astype(np.float32) + displacement)
        self.classifier.fit_scales(points, gaze, rotation)

    def _description(self, data: str) -> Description:
        return Description(
            config=self._config,
            front_end=self._clips.front_end.signature,
            data=data,
            parameters=sum(one.numel() for one in self.network.parameters()),
            init=self._init,
        )


@contextmanager
def one_thread(device: torch.device) -> Iterator[None]:
    """On a CPU sums over several threads are rounded as the threads come, and no two trainings are alike."""
    before = torch.get_num_threads()
    torch.set_num_threads(1 if device.type == "cpu" else before)
    try:
        yield
    finally:
        torch.set_num_threads(before)

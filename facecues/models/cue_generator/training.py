"""Training of stage 1: teacher forcing and free running by turns, with an emotion classifier that learns beside it."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from facecues.models.cue_generator.checkpoint import NETWORK, Description, read_description
from facecues.models.cue_generator.config import GeneratorConfig
from facecues.models.cue_generator.contracts import GENERATOR
from facecues.models.cue_generator.data import Batch, TrainingClips
from facecues.models.cue_generator.losses import cue_losses
from facecues.models.cue_generator.network import CueNetwork, Draw, Frame, Heads
from facecues.models.cue_generator.units import fit_units, raw_pose
from facecues.models.emotion.config import CueClassifierConfig
from facecues.models.emotion.cue_network import CueClassifier
from facecues.models.training.epochs import Course, Means, Tell, Terms, Trained, run_epochs
from facecues.models.training.files import digest_of, write_tensors, write_text
from facecues.models.training.steps import descend, no_number, weighted_sum
from facecues.preprocess.networks import load_weights, require_device
from facecues.preprocess.template import TEMPLATE

_DECAY: Final = 0.01  # of weights
_WARM_UP: Final = 0.1  # share of all steps
_SAMPLED: Final = 20_000  # frames that units are measured on
_CLASSIFIER_RATE: Final = 1e-3


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

    def train(self, run: Path, data: str, progress: Tell | None = None) -> Trained:
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
        course = Course(
            settings=self._config.train,
            steps=self._steps,
            warm_up=_WARM_UP,
            batches=self._batches,
            step=self._step,
            validate=self.validate,
            keep=lambda: write_tensors(run / NETWORK, self.network.state_dict()),
        )
        return run_epochs(course, run, parts, self._device, progress)

    def _batches(self, epoch: int, rng: np.random.Generator) -> Iterator[tuple[Batch, bool]]:
        """Each with whether it is learnt from with teacher forcing."""
        settings = self._config.train
        batches = self._clips.batches(self.network, self._learn, settings.batch, settings.chunk, rng)
        for at, batch in enumerate(batches, (epoch - 1) * self._steps):
            forced = bool(rng.random() < self._forced_share(at)) or not self.network.config.autoregressive
            yield batch.to(self._device), forced

    def _step(self, drawn: tuple[Batch, bool], rate: float, epoch: int) -> Terms:
        batch, forced = drawn
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
            loss = weighted_sum(terms, weights)
        if not loss.isfinite():
            names = self._clips.sequences.clips["clip_id"].iloc[batch.clips].tolist()
            raise no_number(loss, epoch, names, "look for absurd cues in them")
        descend(self._optimizer, loss, rate, self._config.train.gradient_norm)
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
        means = Means()
        for batch in self._clips.batches(self.network, self._held_out, settings.batch, settings.chunk, rng):
            here = batch.to(self._device)
            heads = self._generate(here, forced=True)
            means.add(cue_losses(self.network, heads, here.truth, here.valid, weights, forced=True))
        return means.weighted(weights)

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

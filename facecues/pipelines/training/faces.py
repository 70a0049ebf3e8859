"""Training of the face-crop classifier: mini-XCEPTION on grey crops, judged by clips of actors it never sees."""

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import save
from torch import Tensor

from facecues.labels import EMOTIONS
from facecues.metrics.networks.mini_xception import MiniXception
from facecues.metrics.networks.mini_xception_classifier import ClassifierDescription
from facecues.models.emotion.config import DESCRIPTION, WEIGHTS, FaceTraining
from facecues.models.emotion.fitting import Batch, confusion, draw, fit, judged, steps_of, take_sides
from facecues.models.emotion.log import Epoch, TrainingLog
from facecues.pipelines.training.crops import Crops

_SHIFT = 3  # pixels by which a crop is moved at most, as landmarks waver
_CONTRAST = 0.3  # by which it grows or shrinks at most
_BRIGHTNESS = 25.0  # by which it rises or falls at most
_MIDDLE = 127.5


@dataclass(frozen=True, slots=True, eq=False)
class TrainedFaces:
    """A classifier in evaluation mode, the emotions of its logits, and how well it does."""

    network: MiniXception
    log: TrainingLog
    emotions: tuple[str, ...]

    def files(self) -> dict[str, bytes]:
        """What facecues.metrics reads, by name of the file; emotion.json is the last one."""
        described = ClassifierDescription(network="mini-xception", classes=self.emotions)
        tensors = {name: one.detach().cpu().contiguous() for name, one in self.network.state_dict().items()}
        return {WEIGHTS: save(tensors), DESCRIPTION: described.model_dump_json(indent=2).encode() + b"\n"}


def train_face_classifier(
    crops: Sequence[Crops],
    actors: Sequence[str],
    emotions: Sequence[str],
    training: FaceTraining,
    *,
    held_out: Collection[str],
    seed: int = 0,
    device: str | torch.device = "cpu",
    progress: Callable[[Epoch], None] | None = None,
) -> TrainedFaces:
    """Trains the face-crop classifier. The same seed gives the same weights, on the same machine.

    Args:
        crops: (n, 64, 64, 1) uint8 of each clip; clips without any are left out, as are those of unknown emotions.
        actors, emotions: of each clip.
        training: how.
        held_out: actors.
        seed: of weights, order and changes of pictures. Torch's own generators stay as they are.
        device: where.
        progress: called after each epoch.

    Raises:
        UsageError: too few clips on either side, or of too few emotions.
        FacecuesError: the loss is no number any more.
    """
    usable = [at for at, one in enumerate(crops) if len(one) and emotions[at] in EMOTIONS]
    shown = [emotions[at] for at in usable]
    sides = take_sides([str(actors[at]) for at in usable], shown, held_out)
    column = {name: at for at, name in enumerate(sides.emotions)}
    classes = np.array([column.get(name, -1) for name in shown], np.int64)  # -1: on neither side
    pictures = np.concatenate([crops[usable[at]] for at in sides.learn])
    labels = np.repeat(classes[sides.learn], [len(crops[usable[at]]) for at in sides.learn])
    held = [crops[usable[at]] for at in sides.test]
    rng, where = np.random.default_rng([seed, 2]), torch.device(device)

    def batches() -> Iterator[Batch]:
        for chosen in draw(len(pictures), training, rng):
            yield (_to_input(_varied(pictures[chosen], rng)).to(where),), torch.from_numpy(labels[chosen]).to(where)

    def judge() -> tuple[float, float]:
        return judged(_clip_probabilities(network, held), classes[sides.test])

    with torch.random.fork_rng([where] if where.type == "cuda" else []):
        torch.manual_seed(seed)
        network = MiniXception(len(sides.emotions)).to(where)
        steps = steps_of(len(pictures), training)
        epochs, best = fit(network, batches, judge, steps=steps, fitting=training, progress=progress)
    seen = _clip_probabilities(network, held)
    log = TrainingLog(
        held_out=tuple(sorted(held_out)),
        clips=len(sides.learn),
        held_out_clips=len(sides.test),
        epochs=epochs,
        best=best,
        accuracy={"together": judged(seen, classes[sides.test])[1]},
        classes=sides.emotions,
        confusion=confusion(seen, classes[sides.test]),
    )
    return TrainedFaces(network, log, sides.emotions)


@torch.inference_mode()
def _clip_probabilities(network: MiniXception, clips: Sequence[Crops]) -> NDArray[np.float32]:
    """(clips, classes): the mean over a clip's pictures."""
    device = next(network.parameters()).device
    return np.stack([network(_to_input(one).to(device)).softmax(dim=1).mean(dim=0).cpu().numpy() for one in clips])


def _to_input(crops: Crops) -> Tensor:
    """(n, 64, 64, 1) uint8 -> (n, 1, 64, 64) float32 in [-1, 1]."""
    # Not by permuting axes: PyTorch takes that for channels last, and its backward pass then crashes (2.13, CPU).
    return torch.from_numpy(crops[..., 0]).float()[:, None] / 127.5 - 1


def _varied(crops: Crops, rng: np.random.Generator) -> Crops:
    """Each picture a little moved, lighter or darker, flatter or harsher; half of them mirrored."""
    out = np.empty_like(crops)
    padded = np.pad(crops, ((0, 0), (_SHIFT, _SHIFT), (_SHIFT, _SHIFT), (0, 0)), mode="edge")
    height, width = crops.shape[1:3]
    for at, picture in enumerate(padded):
        y, x = rng.integers(2 * _SHIFT + 1, size=2)
        seen = picture[y : y + height, x : x + width] - _MIDDLE
        seen = seen * rng.uniform(1 - _CONTRAST, 1 + _CONTRAST) + _MIDDLE + rng.uniform(-_BRIGHTNESS, _BRIGHTNESS)
        out[at] = np.clip(seen[:, ::-1] if rng.random() < 0.5 else seen, 0, 255)
    return out

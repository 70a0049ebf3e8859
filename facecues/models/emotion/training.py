"""Training of the cue classifier: random stretches of clips, early stopping on actors it never sees."""

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from facecues.labels import EMOTIONS
from facecues.models.emotion.config import CueTraining
from facecues.models.emotion.cue_network import CueClassifier
from facecues.models.emotion.fitting import Batch, choose_actors, confusion, draw, fit, judged, steps_of, take_sides
from facecues.models.emotion.log import Epoch, TrainingLog
from facecues.points import MIRROR
from facecues.sequences import Cues, CueSequences

_MIRRORED = list(MIRROR)
_MIRROR_POINTS = np.array([-1, 1, 1], np.float32)  # x, y, z
_MIRROR_GAZE = np.array([1, -1], np.float32)  # pitch, yaw
_MIRROR_POSE = np.array([1, -1, -1], np.float32)  # pitch, yaw, roll


@dataclass(frozen=True, slots=True, eq=False)
class TrainedCues:
    """A classifier in evaluation mode, the emotions it has learnt, and how well."""

    network: CueClassifier
    log: TrainingLog
    emotions: tuple[str, ...]


def train_cue_classifier(
    sequences: CueSequences,
    training: CueTraining | None = None,
    *,
    held_out: float | Collection[str] = 0.2,
    seed: int = 0,
    device: str | torch.device = "cpu",
    progress: Callable[[Epoch], None] | None = None,
) -> TrainedCues:
    """Trains the cue classifier. The same seed gives the same weights, on the same machine and number of threads.

    Args:
        sequences: clips of two or more actors. Those without a labelled emotion or a whole frame are left out.
        training: how; the defaults unless given.
        held_out: names of actors, or the share to draw.
        seed: of weights, of what is seen when, and of the actors to hold out. Torch's own generators stay as they are.
        device: where.
        progress: called after each epoch.

    Raises:
        UsageError: too few actors or emotions.
        FacecuesError: the loss is no number any more.
    """
    training = training or CueTraining()
    whole = sequences.cues.valid
    usable = [
        index
        for index, emotion in enumerate(sequences.clips["emotion"])
        if emotion in EMOTIONS and whole[sequences.frames_of(index)].any()
    ]
    actors = sequences.clips["actor"].iloc[usable].astype(str).tolist()
    emotions = sequences.clips["emotion"].iloc[usable].tolist()
    labels = np.array([EMOTIONS.index(one) for one in emotions], np.int64)
    chosen = choose_actors(actors, held_out, seed) if isinstance(held_out, float) else tuple(sorted(held_out))
    sides = take_sides(actors, emotions, chosen)
    learn, test = sides.learn, sides.test
    rng, where = np.random.default_rng([seed, 0]), torch.device(device)

    def batches() -> Iterator[Batch]:
        for drawn in draw(len(learn), training, rng):
            clips = learn[drawn]
            frames = int(rng.integers(training.crop[0], training.crop[1] + 1))
            seen = [_glimpse(sequences[usable[clip]], frames, training.mirror, rng) for clip in clips]
            yield to_inputs(seen, where), torch.from_numpy(labels[clips]).to(where)

    held = [sequences[usable[clip]] for clip in test]

    def judge() -> tuple[float, float]:
        return judged(clip_probabilities(network, held), labels[test])

    with torch.random.fork_rng([where] if where.type == "cuda" else []):
        torch.manual_seed(seed)
        network = CueClassifier(training.network)
        _fit_scales(network, [sequences[usable[clip]] for clip in learn])
        network.to(where)
        steps = steps_of(len(learn), training)
        epochs, best = fit(network, batches, judge, steps=steps, fitting=training, progress=progress)

    together = clip_probabilities(network, held)
    accuracy = {"together": judged(together, labels[test])[1]}
    if len(training.network.streams) > 1:
        for name in training.network.streams:
            accuracy[name] = judged(clip_probabilities(network, held, only=name), labels[test])[1]
    log = TrainingLog(
        held_out=chosen,
        clips=len(learn),
        held_out_clips=len(test),
        epochs=epochs,
        best=best,
        accuracy=accuracy,
        classes=EMOTIONS,
        confusion=confusion(together, labels[test]),
    )
    return TrainedCues(network, log, sides.emotions)


@torch.inference_mode()
def clip_probabilities(
    network: CueClassifier, clips: list[Cues], *, only: str | None = None, batch: int = 64
) -> NDArray[np.float32]:
    """Whole clips to (N, 8) float32, in the order of facecues.labels.EMOTIONS; with `only`, of one stream."""
    device = next(network.parameters()).device
    keep = None if only is None else torch.tensor([[name == only for name in network.config.streams]], device=device)
    rows = []
    for start in range(0, len(clips), batch):
        inputs = to_inputs(clips[start : start + batch], device)
        rows.append(network(*inputs, None if keep is None else keep.expand(len(inputs[0]), -1)).softmax(dim=1).cpu())
    return torch.cat(rows).numpy()


def to_inputs(clips: list[Cues], device: torch.device) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """What CueClassifier takes: landmarks, gaze, pose and mask, padded at the end to the longest clip."""
    longest = max(len(clip) for clip in clips)
    masks = [torch.from_numpy(clip.valid) for clip in clips]
    parts = [[getattr(clip, name) for clip in clips] for name in ("normalized", "gaze", "rotation")]
    arrays = [*([torch.from_numpy(np.ascontiguousarray(one)) for one in part] for part in parts), masks]
    padded = (_padded(one, longest).to(device) for one in arrays)
    return tuple(padded)  # type: ignore[return-value]  # four of them


def _padded(clips: list[Tensor], frames: int) -> Tensor:
    out = clips[0].new_zeros(len(clips), frames, *clips[0].shape[1:])
    for row, clip in zip(out, clips, strict=True):
        row[: len(clip)] = clip
    return out


def _fit_scales(network: CueClassifier, clips: list[Cues]) -> None:
    columns = ([getattr(clip, name) for clip in clips] for name in ("normalized", "gaze", "rotation"))
    network.fit_scales(*(torch.from_numpy(np.concatenate(one)) for one in columns))


def _glimpse(clip: Cues, frames: int, mirror: bool, rng: np.random.Generator) -> Cues:
    """A stretch of a clip, or all of it where it is shorter; now and then as a mirror shows it."""
    start = int(rng.integers(max(0, len(clip) - frames) + 1))
    seen = clip[start : start + frames]
    return mirrored(seen) if mirror and rng.random() < 0.5 else seen


def mirrored(clip: Cues) -> Cues:
    """The cues of the mirrored clip, but for the translation, which would take the picture's width."""
    return Cues(
        clip.normalized[:, _MIRRORED] * _MIRROR_POINTS,
        clip.rotation * _MIRROR_POSE,
        clip.translation,
        clip.scale,
        clip.gaze * _MIRROR_GAZE,
    )

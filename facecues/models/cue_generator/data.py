"""Clips to learn from: cues, features of their sound and references, cut into batches."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from facecues.labels import EMOTIONS
from facecues.models.cue_generator.network import CueNetwork, Frame, Inputs
from facecues.models.cue_generator.units import raw_pose, to_frame
from facecues.models.front_ends.contracts import FrontEnd
from facecues.sequences import CueSequences

Float32 = NDArray[np.float32]
Indices = NDArray[np.int64]


class Batch(NamedTuple):
    """Pieces of B clips, T frames each.

    Attributes:
        clips: (B,) positions in `sequences.clips`.
        inputs: of the network.
        truth: (B, T, …) the true cues.
        valid: (B, T) float, 1 where they are known.
    """

    clips: Indices
    inputs: Inputs
    truth: Frame
    valid: Tensor

    def to(self, device: torch.device) -> "Batch":
        """The same on a device."""
        inputs, truth = (type(one)(*(each.to(device) for each in one)) for one in (self.inputs, self.truth))
        return Batch(self.clips, Inputs(*inputs), Frame(*truth), self.valid.to(device))


@dataclass(frozen=True, slots=True, eq=False)
class TrainingClips:
    """What is learnt from.

    Attributes:
        sequences: cues of all clips.
        rows: (R, size) features of each clip's sound, as its front end gives them.
        references: for each clip the frames, in `sequences.cues`, that may serve as its reference.
        front_end: of the rows.
    """

    sequences: CueSequences
    rows: Sequence[Float32]
    references: Sequence[Indices]
    front_end: FrontEnd

    def batches(
        self, network: CueNetwork, clips: Indices, size: int, chunk: int, rng: np.random.Generator
    ) -> Iterator[Batch]:
        """Each clip once, in any order, as often as it has chunks; where they begin, and who stands for the reference,
        is drawn.

        Args:
            network: whose units.
            clips: positions in `sequences.clips`. size: of a batch. chunk: frames.
            rng: of this epoch.
        """
        order = rng.permutation(np.repeat(clips, self._pieces(clips, chunk)))
        for start in range(0, len(order), size):
            yield self.batch(network, order[start : start + size], chunk, rng)

    def count_batches(self, clips: Indices, size: int, chunk: int) -> int:
        """How many `batches` gives."""
        return -(-int(self._pieces(clips, chunk).sum()) // size)

    def _pieces(self, clips: Indices, chunk: int) -> Indices:
        """(n,) how often each clip comes in an epoch."""
        lengths = np.diff(self.sequences.starts)[clips]
        return np.maximum(1, np.rint(lengths / chunk).astype(np.int64))

    def batch(self, network: CueNetwork, clips: Indices, chunk: int, rng: np.random.Generator) -> Batch:
        """One piece of each of these clips; a clip that is shorter is filled up with frames that do not count."""
        parts = [self._piece(int(clip), chunk, rng) for clip in clips]
        windows, reference, displacement, gaze, pose, valid = (
            torch.from_numpy(np.stack(each)) for each in zip(*parts, strict=True)
        )
        table = self.sequences.clips.iloc[clips]
        emotions = torch.tensor([EMOTIONS.index(one) for one in table["emotion"]])
        levels = torch.tensor(table["level"].fillna(1).to_numpy(np.float32))
        base = reference if network.config.reference else network.mean_face.cpu().expand_as(reference)
        displacement = displacement - base[:, None]
        truth = to_frame(network, displacement, gaze, pose)
        return Batch(clips, Inputs(windows, emotions, levels, reference), truth, valid)

    def _piece(self, clip: int, chunk: int, rng: np.random.Generator) -> tuple[Float32, ...]:
        """Windows, the reference's points, own points, gaze, pose, and which frames count."""
        frames = self.sequences.frames_of(clip)
        length = frames.stop - frames.start
        begin = int(rng.integers(0, max(1, length - chunk + 1)))
        stop = min(begin + chunk, length)
        cues = self.sequences.cues[frames.start + begin : frames.start + stop]
        at = int(rng.choice(self.references[clip]))
        reference = self.sequences.cues.normalized[at]
        pose = raw_pose(cues, self.sequences.cues.translation[at], self.sequences.cues.scale[at])
        valid = cues.valid.astype(np.float32)
        starts = self.front_end.starts(length)[begin:stop]
        windows = self.rows[clip][starts[:, None] + np.arange(self.front_end.steps)]
        parts = (windows, cues.normalized, cues.gaze, pose, valid)
        windows, points, gaze, pose, valid = (np.nan_to_num(_filled(one, chunk)) for one in parts)
        return windows, reference, points, gaze, pose, valid


def _filled(values: Float32, length: int) -> Float32:
    """(T, …) to (length, …): zeros after the end."""
    return np.pad(values, [(0, length - len(values)), *((0, 0) for _ in values.shape[1:])])

"""What the mapper learns from: frames of clips, and what the frozen detector finds in each, looked at once."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from facecues.models.facevid2vid.contracts import FacePictures
from facecues.models.facevid2vid.model import FaceVid2Vid

_AT_ONCE: Final = 16  # pictures that the detector looks at together


@dataclass(frozen=True, slots=True, eq=False)
class Pieces:
    """Neighbouring frames of B clips, and a frame of each that is moved.

    Attributes:
        clips: (B,) which.
        frames: (B, T) rows of the pictures.
        sources: (B,) rows of the pictures, of the same clips.
    """

    clips: NDArray[np.int64]
    frames: NDArray[np.int64]
    sources: NDArray[np.int64]


class MapperClips:
    """Points and keypoints of all frames, on the device that trains; pictures stay where they are.

    Attributes:
        faces: the pictures.
        points: (N, 70, 3) crop units.
        keypoints: (N, K, 3) the detector's.
    """

    def __init__(
        self,
        faces: FacePictures,
        generator: FaceVid2Vid,
        device: torch.device,
        tell: Callable[[int, int], None] = lambda done, total: None,
    ) -> None:
        """`generator` is on `device`, in evaluation mode; `tell` gets how many pictures were looked at, and of how
        many."""
        self.faces, self._device = faces, device
        self.points = torch.from_numpy(faces.points).to(device)
        found = []
        with torch.inference_mode():
            for start in range(0, len(faces.pictures), _AT_ONCE):
                rows = np.arange(start, min(start + _AT_ONCE, len(faces.pictures)))
                found.append(generator.keypoints(self.pictures(rows)))
                tell(int(rows[-1]) + 1, len(faces.pictures))
        self.keypoints = torch.cat(found).float().clone()

    def pictures(self, rows: NDArray[np.int64]) -> Tensor:
        """(n, 3, S, S) float32 in [0, 1]."""
        chosen = torch.from_numpy(np.ascontiguousarray(self.faces.pictures[rows].transpose(0, 3, 1, 2)))
        return chosen.to(self._device).float() / 255

    def draw(self, among: NDArray[np.int64], batch: int, length: int, rng: np.random.Generator) -> Pieces:
        """Draws pieces, each frame of the clips as likely as any other. Of a shorter clip the last frame is repeated.

        Args:
            among: clips.
            batch: B. length: T.
            rng: draws.
        """
        starts = self.faces.starts
        counts = np.diff(starts)[among]
        clips = rng.choice(among, batch, p=counts / counts.sum())
        first, count = starts[clips], starts[clips + 1] - starts[clips]
        begin = rng.integers(np.maximum(count - length, 0) + 1)
        frames = np.minimum(begin[:, None] + np.arange(length), count[:, None] - 1)
        return Pieces(clips, first[:, None] + frames, first + rng.integers(count))

    def whole(self, clip: int) -> Pieces:
        """A clip, all of it, moved from its first frame."""
        rows = np.arange(*self.faces.starts[clip : clip + 2])
        return Pieces(np.array([clip]), rows[None], rows[:1])

"""What the parts of stage 1 hand to each other, and what every generator of cues can do."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

from facecues.preprocess.sound import Sound
from facecues.sequences import Cues

Float32 = NDArray[np.float32]

GENERATOR: Final = "generator.json"
"""In the folder of every generator that was trained: names its kind."""

CHUNK: int = 250
"""Frames that a generator makes at a time: ten seconds."""


@dataclass(frozen=True, slots=True, eq=False)
class Reference:
    """The person who is to speak: one frame, at best neutral, with a closed mouth.

    Attributes:
        normalized: (68, 3) float32, template units.
        rotation: (3,) float32, pitch, yaw, roll, degrees.
        translation: (3,) float32, frame pixels.
        scale: frame pixels per template unit.
        gaze: (2,) float32, pitch, yaw, degrees, camera frame.
    """

    normalized: Float32
    rotation: Float32
    translation: Float32
    scale: float
    gaze: Float32


@dataclass(frozen=True, slots=True, eq=False)
class Request:
    """One clip to be generated.

    Attributes:
        sound: (N,) float32 in [-1, 1], 16 kHz; sample n is heard at n / 16000 s.
        frames: T, to be made at 25 per second; frame t is seen at t / 25 s. Beyond the sound's end it is silent.
        emotion: one of facecues.labels.EMOTIONS.
        level: 1 to 3.
        reference: who speaks.
        seed: the same request with the same seed gives the same cues; another seed another performance.
    """

    sound: Sound
    frames: int
    emotion: str
    level: int
    reference: Reference
    seed: int = 0


class CueGenerator(Protocol):
    """Speech, an emotion and a reference face to cues."""

    name: str
    signature: str  # names everything that changes what is generated, the weights' hash among it

    def stream(self, request: Request) -> Iterator[Cues]:
        """The clip in chunks of `CHUNK` frames, the last one shorter. Memory does not grow with its length.

        Raises:
            UsageError: an unknown emotion or level, or a request of other shapes.
        """
        ...


def join(chunks: Iterable[Cues]) -> Cues:
    """All frames of a stream, or of several clips."""
    parts = list(chunks)
    return Cues(
        *(
            np.concatenate([getattr(part, name) for part in parts])
            for name in ("normalized", "rotation", "translation", "scale", "gaze")
        )
    )

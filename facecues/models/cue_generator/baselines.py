"""The baseline `still`, and what every generator asks of a request."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from facecues.errors import UsageError
from facecues.labels import EMOTIONS, LEVELS
from facecues.models.cue_generator.contracts import CHUNK, Reference, Request
from facecues.preprocess.sound import check_sound
from facecues.sequences import Cues

Float32 = NDArray[np.float32]


class Still:
    """The reference, held still: what every other generator has to be better than."""

    name = "still"
    signature = "still|v:1"

    def stream(self, request: Request) -> Iterator[Cues]:
        """See CueGenerator."""
        check_request(request)
        sizes = (min(CHUNK, request.frames - start) for start in range(0, request.frames, CHUNK))
        return (hold(request.reference, size) for size in sizes)


def check_request(request: Request) -> None:
    """Refuses what no generator can make.

    Raises:
        UsageError: an unknown emotion or level, no frames, or sound or a reference that is not what Request says.
    """
    if request.emotion not in EMOTIONS:
        raise UsageError(f"Unknown emotion {request.emotion!r}; use one of {', '.join(EMOTIONS)}.")
    if request.level not in LEVELS:
        raise UsageError(f"Unknown level {request.level}; use one of {', '.join(map(str, LEVELS))}.")
    if request.frames < 1:
        raise UsageError(f"A request is for one frame or more, not {request.frames}.")
    try:
        check_sound(request.sound)
    except ValueError as error:
        raise UsageError(f"Nothing can be generated from this: {error}.") from error
    reference = request.reference
    parts = {"normalized": (68, 3), "rotation": (3,), "translation": (3,), "scale": (), "gaze": (2,)}
    for part, shape in parts.items():
        values = np.asarray(getattr(reference, part))
        if values.shape != shape or not np.isfinite(values).all():
            raise UsageError(f"A reference's {part} should be finite and {shape}, got {values.shape}.")


def hold(reference: Reference, frames: int) -> Cues:
    """(T, …) of a reference."""
    parts = (reference.normalized, reference.rotation, reference.translation, reference.scale, reference.gaze)
    return Cues(*(np.tile(np.asarray(part, np.float32), (frames, *([1] * np.ndim(part)))) for part in parts))

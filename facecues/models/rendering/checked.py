"""A renderer held to its contract, whoever wrote it: what it gives is looked at where it enters.

A frame too few, or of another shape, would else become a video that looks finished.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from facecues.errors import ClipError, FacecuesError, sentence_of
from facecues.models.cue_generator.contracts import Reference
from facecues.models.rendering.contracts import Head, Picture, Renderer
from facecues.models.warp.portrait import Place
from facecues.reasons import ClipReason
from facecues.sequences import Cues


@dataclass(frozen=True, slots=True, eq=False)
class CheckedHead:
    """See `facecues.models.rendering.contracts.Head`."""

    size: int
    reference: Reference
    crop: NDArray[np.float64]
    _head: Head
    _by: str

    def render(self, cues: Cues, reference: Reference) -> Iterator[Picture]:
        """See the contract.

        Raises:
            ClipError: INTERNAL_ERROR, another number of frames, others than asked for, or an error of the renderer.
        """
        given, shape = 0, (self.size, self.size, 3)
        with _in_one_sentence(self._by):
            for frame in self._head.render(cues, reference):
                if np.shape(frame) != shape or getattr(frame, "dtype", None) != np.uint8:
                    came = f"{np.shape(frame)} {getattr(frame, 'dtype', type(frame).__name__)}"
                    raise _broken(self._by, f"gave a frame {came}: expected {shape} uint8")
                if given == len(cues):
                    raise _broken(self._by, f"gave more frames than the {given} of the cues")
                given += 1
                yield frame
        if given < len(cues):
            raise _broken(self._by, f"gave {given} frames: expected {len(cues)}, one for each of the cues")


def prepare(renderer: Renderer, portrait: NDArray[Any], size: int, near: Place | None = None) -> CheckedHead:
    """Reads a portrait. See `facecues.models.rendering.contracts.Renderer.prepare`.

    Raises:
        UsageError: the picture will not do.
        ClipError: INTERNAL_ERROR, the head is not as its contract says, or an error of the renderer.
    """
    by = renderer.signature
    with _in_one_sentence(by):
        head = renderer.prepare(portrait, size, near=near)
        lacking = [name for name in ("size", "reference", "crop", "render") if not hasattr(head, name)]
        if lacking:
            raise _broken(by, f"gave a head without `{lacking[0]}`")
        if head.size != size:
            raise _broken(by, f"gave a head of size {head.size}: expected {size}")
        if not isinstance(head.reference, Reference):
            raise _broken(by, f"gave a reference of type {type(head.reference).__name__}: expected Reference")
        if np.shape(head.crop) != (2, 3):
            raise _broken(by, f"gave a crop {np.shape(head.crop)}: expected (2, 3)")
        return CheckedHead(size, head.reference, head.crop, head, by)


def _broken(by: str, how: str) -> ClipError:
    return ClipError(ClipReason.INTERNAL_ERROR, f"The renderer {by} {how}.")


@contextmanager
def _in_one_sentence(by: str) -> Iterator[None]:
    """The isolation boundary: other people's code may raise anything."""
    try:
        yield
    except FacecuesError:
        raise
    except Exception as error:
        raise _broken(by, f"failed: {sentence_of(error)}") from error

"""A TensorFlow Lite network on LiteRT, one native thread, pictures in and arrays out."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from ai_edge_litert.interpreter import Interpreter
from numpy.typing import NDArray


class Network:
    """One .tflite model with a single picture input.

    Attributes:
        size: side of the square input, pixels.
    """

    def __init__(self, model: Path | bytes, *, low: float = 0.0, high: float = 1.0) -> None:
        """`low`, `high`: the values that 0 and 255 are mapped to."""
        content = model if isinstance(model, bytes) else model.read_bytes()
        with _native_log_silenced():
            self._interpreter = Interpreter(model_content=content, num_threads=1)
            self._interpreter.allocate_tensors()
        picture = self._interpreter.get_input_details()[0]
        self._input = picture["index"]
        self.size = int(picture["shape"][1])
        self._outputs = {d["name"]: d["index"] for d in self._interpreter.get_output_details()}
        self._gain, self._low = np.float32((high - low) / 255), np.float32(low)

    def __call__(self, patch: NDArray[np.uint8]) -> dict[str, NDArray[np.float32]]:
        """Runs one (size, size, 3) uint8 RGB patch; outputs by name, float32, copied out of the network."""
        buffer = self._interpreter.tensor(self._input)()[0]
        np.multiply(patch, self._gain, out=buffer)
        if self._low:
            buffer += self._low
        del buffer  # the network's own memory, which it does not run with while others hold it
        self._interpreter.invoke()
        return {name: self._interpreter.get_tensor(index) for name, index in self._outputs.items()}


@contextmanager
def _native_log_silenced() -> Iterator[None]:
    """LiteRT tells of every delegate it makes, straight to descriptor 2 and over any progress bar; nothing turns it
    off."""
    kept, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)

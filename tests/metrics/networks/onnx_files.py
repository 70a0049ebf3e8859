"""A tiny ONNX file written by hand (protocol buffers of onnx/onnx.proto), so that no test needs the onnx package."""

from pathlib import Path

import numpy as np

_FLOAT = 1


def _varint(value: int) -> bytes:
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    return bytes([*out, value])


def _number(field: int, value: int) -> bytes:
    return _varint(field << 3) + _varint(value)


def _bytes(field: int, value: bytes | str) -> bytes:
    content = value.encode() if isinstance(value, str) else value
    return _varint(field << 3 | 2) + _varint(len(content)) + content


def _node(kind: str, inputs: list[str], output: str) -> bytes:
    names = b"".join(_bytes(1, one) for one in inputs)
    return _bytes(1, names + _bytes(2, output) + _bytes(4, kind))


def _tensor(name: str, array: np.ndarray) -> bytes:
    shape = b"".join(_number(1, side) for side in array.shape)
    return _bytes(5, shape + _number(2, _FLOAT) + _bytes(8, name) + _bytes(9, array.astype("<f4").tobytes()))


def _value(field: int, name: str, shape: tuple[int, ...]) -> bytes:
    """A named tensor whose first dimension is free."""
    sides = _bytes(1, _bytes(2, "n")) + b"".join(_bytes(1, _number(1, side)) for side in shape)
    tensor = _number(1, _FLOAT) + _bytes(2, sides)
    return _bytes(field, _bytes(1, name) + _bytes(2, _bytes(1, tensor)))


def write_mean_classifier(path: Path, weight: np.ndarray, bias: np.ndarray, side: int = 224) -> Path:
    """Logits = mean over the picture @ weight + bias, for (n, 3, side, side) -> (n, classes)."""
    graph = b"".join(
        [
            _node("GlobalAveragePool", ["input"], "pooled"),
            _node("Flatten", ["pooled"], "flat"),
            _node("Gemm", ["flat", "weight", "bias"], "output"),
            _bytes(2, "mean classifier"),
            _tensor("weight", weight),
            _tensor("bias", bias),
            _value(11, "input", (3, side, side)),
            _value(12, "output", (len(bias),)),
        ]
    )
    path.write_bytes(_number(1, 8) + _bytes(7, graph) + _bytes(8, _number(2, 13)))
    return path

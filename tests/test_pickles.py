"""A pickle of arrays is read; one that asks for anything else runs nothing."""

import pickle
from pathlib import Path

import numpy as np
import pytest

from facecues.errors import WeightsMissingError
from facecues.weights.pickles import read_arrays

ARRAYS = {"Net_0": {"kernel": np.arange(6, dtype=np.float32).reshape(2, 3), "bias": np.zeros(3)}, "step": np.array(4)}


@pytest.mark.parametrize("protocol", (3, 4))  # the others write arrays by other names
def test_nested_arrays_come_back_as_they_were(tmp_path, protocol):
    path = tmp_path / "arrays.ckpt"
    path.write_bytes(pickle.dumps(ARRAYS, protocol))
    found = read_arrays(path)
    assert found.keys() == ARRAYS.keys()
    np.testing.assert_array_equal(found["Net_0"]["kernel"], ARRAYS["Net_0"]["kernel"])
    assert found["Net_0"]["kernel"].dtype == np.float32
    assert found["step"] == 4


def test_names_from_before_numpy_2_are_understood(tmp_path):
    path = tmp_path / "old.ckpt"
    path.write_bytes(pickle.dumps(ARRAYS, 3).replace(b"numpy._core.multiarray", b"numpy.core.multiarray"))
    np.testing.assert_array_equal(read_arrays(path)["Net_0"]["kernel"], ARRAYS["Net_0"]["kernel"])


class Trap:
    def __init__(self, trace: Path) -> None:
        self.trace = trace

    def __reduce__(self):
        return Path.touch, (self.trace,)


@pytest.mark.parametrize("wrap", [lambda it: it, lambda it: {"a": it}, lambda it: {"a": np.array([it], dtype=object)}])
def test_pickle_that_calls_something_is_refused_before_it_does(tmp_path, wrap):
    trace, path = tmp_path / "ran", tmp_path / "trap.ckpt"
    path.write_bytes(pickle.dumps(wrap(Trap(trace)), 3))
    with pytest.raises(WeightsMissingError, match=r"asks for .*, which is no part of an array"):
        read_arrays(path)
    assert not trace.exists()


@pytest.mark.parametrize(
    "content",
    [b"", b"not a pickle", pickle.dumps(ARRAYS, 3)[:50], pickle.dumps([1, 2]), pickle.dumps({"a": "text"})],
    ids=["empty", "text", "cut off", "list", "text inside"],
)
def test_anything_but_dicts_of_arrays_is_refused(tmp_path, content):
    path = tmp_path / "odd.ckpt"
    path.write_bytes(content)
    with pytest.raises(WeightsMissingError, match="fetch it anew"):
        read_arrays(path)


def test_arrays_of_objects_are_refused(tmp_path):
    path = tmp_path / "objects.ckpt"
    path.write_bytes(pickle.dumps({"a": np.array([{}, []], dtype=object)}, 3))
    with pytest.raises(WeightsMissingError, match="holds ndarray"):
        read_arrays(path)

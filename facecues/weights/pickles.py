"""A reader of pickles that hold numpy arrays and nothing else."""

import pickle
from pathlib import Path
from typing import Any

import numpy as np

from facecues.errors import WeightsMissingError

# What an array's own pickle names, under numpy's module names from before version 2 and from then on.
_RECONSTRUCT: Any = np.empty(0).__reduce__()[0]
_ALLOWED = {
    ("numpy", "ndarray"): np.ndarray,
    ("numpy", "dtype"): np.dtype,
    ("numpy.core.multiarray", "_reconstruct"): _RECONSTRUCT,
    ("numpy._core.multiarray", "_reconstruct"): _RECONSTRUCT,
}


class _ArraysOnly(pickle.Unpickler):
    """Finds the names of arrays and no others, so that a pickle cannot call anything else."""

    def find_class(self, module: str, name: str) -> Any:
        try:
            return _ALLOWED[module, name]
        except KeyError:
            raise pickle.UnpicklingError(f"it asks for {module}.{name}, which is no part of an array") from None


def read_arrays(path: Path) -> dict[str, Any]:
    """Nested dicts of arrays from a pickle, without running anything that it says.

    Meant for a file whose hash is known: a pickle can still claim more memory than there is.

    Args:
        path: as `locate` gives it, verified.

    Raises:
        WeightsMissingError: no pickle, or one that holds something else.
    """
    try:
        with path.open("rb") as stream:
            content = _ArraysOnly(stream).load()
    except (pickle.UnpicklingError, EOFError, ValueError, TypeError, IndexError, KeyError) as error:
        raise WeightsMissingError(f"{path} is no pickle of plain arrays ({error}): fetch it anew") from error
    _require_arrays(content, path)
    return dict(content)


def _require_arrays(content: object, path: Path) -> None:
    if not isinstance(content, dict):
        raise WeightsMissingError(f"{path} holds {type(content).__name__}, expected dicts of arrays: fetch it anew")
    for value in content.values():
        if isinstance(value, np.ndarray) and not value.dtype.hasobject:
            continue
        _require_arrays(value, path)

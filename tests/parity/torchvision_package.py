"""The package torchvision, which peers import, where its own operators may be missing."""

import importlib
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType

import pytest

torch = pytest.importorskip("torch")


@contextmanager
def torchvision_package() -> Iterator[ModuleType]:
    """The imported package; skips where it is not installed."""
    schemas = None  # kept alive as long as torchvision is in use
    try:
        package = pytest.importorskip("torchvision", exc_type=ImportError)
    except RuntimeError:
        # A torchvision built for CUDA beside a CPU torch: the operators it failed to bring are named in their place.
        for module in [one for one in sys.modules if one.partition(".")[0] == "torchvision"]:
            del sys.modules[module]
        schemas = torch.library.Library("torchvision", "DEF")
        for operator in ("nms", "qnms"):
            schemas.define(f"{operator}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
        package = importlib.import_module("torchvision")
    yield package
    del schemas

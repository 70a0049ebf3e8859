"""The package lpips, to compare LPIPS with."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from tests.parity.torchvision_package import torchvision_package


@contextmanager
def lpips_package() -> Iterator[Any]:
    """The imported package, which wants torchvision: skips where they are not installed."""
    with torchvision_package():
        yield pytest.importorskip("lpips")


def like(package: Any, net: str, backbone: Any) -> Any:
    """The package's LPIPS with its own heads on the weights of our backbone."""
    peer = package.LPIPS(net=net, pnet_rand=True, verbose=False)
    state = peer.net.state_dict()
    ours = backbone.state_dict()
    peer.net.load_state_dict({key: ours[f"features.{key.partition('.')[2]}"] for key in state})
    return peer

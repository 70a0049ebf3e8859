"""AlexNet (Krizhevsky 2014, arXiv 1404.5997) as torchvision has it, up to its last ReLU, and its features of frames."""

from functools import lru_cache

from facecues.errors import BackendUnavailableError
from facecues.metrics.contracts import Batch, Float32
from facecues.metrics.signature import make_signature

try:
    from torch import nn

    from facecues.metrics.networks.backbone import Backbone, Observer, load_imagenet
except (ImportError, OSError) as error:
    raise BackendUnavailableError(
        f"AlexNet needs PyTorch, which does not import here ({error}): pip install 'facecues[torch]'"
    ) from error

CHANNELS = (64, 192, 384, 256, 256)  # of the taps


def alexnet() -> Backbone:
    """Random weights. The taps follow the five ReLUs."""
    features = nn.Sequential(
        nn.Conv2d(3, 64, 11, stride=4, padding=2),
        nn.ReLU(inplace=True),
        nn.MaxPool2d(3, stride=2),
        nn.Conv2d(64, 192, 5, padding=2),
        nn.ReLU(inplace=True),
        nn.MaxPool2d(3, stride=2),
        nn.Conv2d(192, 384, 3, padding=1),
        nn.ReLU(inplace=True),
        nn.Conv2d(384, 256, 3, padding=1),
        nn.ReLU(inplace=True),
        nn.Conv2d(256, 256, 3, padding=1),
        nn.ReLU(inplace=True),
    )
    return Backbone("alexnet", features, taps=(1, 4, 7, 9, 11), least=31)


@lru_cache(maxsize=1)
def imagenet_alexnet(device: str) -> Observer:
    """With ImageNet weights, loaded once in a process.

    Raises:
        WeightsMissingError: they cannot be had.
        UsageError, BackendUnavailableError: no device of this name, or not on this machine.
    """
    return Observer(load_imagenet(alexnet(), "AlexNet_0"), device)


class AlexNetFeatures:
    """A FrameNetwork: the last ReLU averaged over the picture, 256 numbers per frame. LPIPS shares its pass."""

    name = "alexnet"
    context = 0

    def __init__(self, observer: Observer | None = None, *, device: str = "cpu") -> None:
        """Takes the ImageNet weights where no observer is given. Raises as `imagenet_alexnet`."""
        self._observer = observer or imagenet_alexnet(device)
        self.signature = make_signature(self.name, {"layer": "relu5-mean", "w": self._observer.digest})

    def features(self, batch: Batch) -> Float32:
        """(n, 256) float32. Raises ValueError where the pictures are smaller than 31 x 31."""
        return self._observer.look(batch).pooled

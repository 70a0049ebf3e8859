"""VGG16 (Simonyan & Zisserman 2014, arXiv 1409.1556) as torchvision has it, up to its last ReLU."""

from functools import lru_cache

from torch import nn

from facecues.metrics.networks.backbone import Backbone, Observer, load_imagenet

CHANNELS = (64, 128, 256, 512, 512)  # of the taps, and of the blocks that end in them
_CONVOLUTIONS = (2, 2, 3, 3, 3)  # of each block


def vgg16() -> Backbone:
    """Random weights. The taps are relu1_2, relu2_2, relu3_3, relu4_3 and relu5_3."""
    layers: list[nn.Module] = []
    taps = []
    width = 3
    for channels, count in zip(CHANNELS, _CONVOLUTIONS, strict=True):
        if layers:
            layers.append(nn.MaxPool2d(2, stride=2))
        for _ in range(count):
            layers += [nn.Conv2d(width, channels, 3, padding=1), nn.ReLU(inplace=True)]
            width = channels
        taps.append(len(layers) - 1)
    return Backbone("vgg16", nn.Sequential(*layers), tuple(taps), least=16)


@lru_cache(maxsize=1)
def imagenet_vgg16(device: str) -> Observer:
    """With ImageNet weights, loaded once in a process.

    Raises:
        WeightsMissingError: they cannot be had.
        UsageError, BackendUnavailableError: no device of this name, or not on this machine.
    """
    return Observer(load_imagenet(vgg16(), "VGG16_0"), device)

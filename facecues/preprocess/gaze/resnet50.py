"""The network of L2CS-Net (Abdelrahman et al. 2022, arXiv 2203.03339) in plain PyTorch.

A ResNet-50 (He et al. 2015, stride in the 3x3 convolution, as torchvision builds it) with two heads. Parameters have
torchvision's names, so that the public checkpoints load unchanged and without torchvision.
"""

import torch
from torch import Tensor, nn

_WIDTHS = (64, 128, 256, 512)
_BLOCKS = (3, 4, 6, 3)
_EXPANSION = 4


class Bottleneck(nn.Module):
    """1x1, 3x3, 1x1 convolutions around a shortcut."""

    def __init__(self, inputs: int, width: int, stride: int) -> None:
        super().__init__()
        outputs = _EXPANSION * width
        self.conv1 = nn.Conv2d(inputs, width, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2 = nn.Conv2d(width, width, 3, stride=stride, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(width)
        self.conv3 = nn.Conv2d(width, outputs, 1, bias=False)
        self.bn3 = nn.BatchNorm2d(outputs)
        self.downsample: nn.Module | None = None
        if stride != 1 or inputs != outputs:
            self.downsample = nn.Sequential(
                nn.Conv2d(inputs, outputs, 1, stride=stride, bias=False), nn.BatchNorm2d(outputs)
            )

    def forward(self, x: Tensor) -> Tensor:
        """(n, inputs, h, w) -> (n, outputs, h / stride, w / stride)."""
        shortcut = x if self.downsample is None else self.downsample(x)
        x = torch.relu_(self.bn1(self.conv1(x)))
        x = torch.relu_(self.bn2(self.conv2(x)))
        return torch.relu_(self.bn3(self.conv3(x)) + shortcut)


class L2CSNet(nn.Module):
    """Face picture to logits over angle bins. 324 state entries; 23.88 M parameters with 90 bins."""

    def __init__(self, bins: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, 64, 7, stride=2, padding=3, bias=False)
        self.bn1 = nn.BatchNorm2d(64)
        self.maxpool = nn.MaxPool2d(3, stride=2, padding=1)
        self.layer1, self.layer2, self.layer3, self.layer4 = _stages()
        features = _EXPANSION * _WIDTHS[-1]
        self.fc_yaw_gaze = nn.Linear(features, bins)
        self.fc_pitch_gaze = nn.Linear(features, bins)
        self.fc_finetune = nn.Linear(features + 3, 3)  # never runs; the checkpoints hold it

    def features(self, x: Tensor) -> Tensor:
        """(n, 3, h, w) -> (n, 2048), averaged over the picture."""
        x = self.maxpool(torch.relu_(self.bn1(self.conv1(x))))
        x = self.layer4(self.layer3(self.layer2(self.layer1(x))))
        return x.mean(dim=(2, 3))

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """(n, 3, h, w), ImageNet-normalised RGB -> yaw logits and pitch logits, (n, bins) each."""
        features = self.features(x)
        return self.fc_yaw_gaze(features), self.fc_pitch_gaze(features)


def _stages() -> list[nn.Sequential]:
    stages, inputs = [], 64
    for width, blocks in zip(_WIDTHS, _BLOCKS, strict=True):
        stride = 1 if width == _WIDTHS[0] else 2
        first = Bottleneck(inputs, width, stride)
        inputs = _EXPANSION * width
        stages.append(nn.Sequential(first, *(Bottleneck(inputs, width, 1) for _ in range(blocks - 1))))
    return stages

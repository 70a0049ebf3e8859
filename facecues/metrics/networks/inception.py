"""The Inception of 2015 whose pool3 features define FID and KID, in plain PyTorch.

Szegedy et al. 2015 (arXiv 1512.00567) as TensorFlow's graph `inception-2015-12-05` has it: average pools that leave the
border out of the count, and a max pool in the last block. Parameters have the names of the public files, ports of
that graph, so that these load unchanged (mseitzer/pytorch-fid `src/pytorch_fid/inception.py`, toshas/torch-fidelity
`torch_fidelity/feature_extractor_inceptionv3.py`), and without torchvision, which those packages import.
"""

from copy import deepcopy
from itertools import pairwise
from typing import Final, NamedTuple

import numpy as np

from facecues import weights
from facecues.errors import BackendUnavailableError
from facecues.metrics.contracts import Batch, Float32, Pictures

try:
    import torch
    from torch import Tensor, nn
    from torch.nn.utils import fuse_conv_bn_eval

    from facecues.preprocess.networks import load_weights, require_device
except (ImportError, OSError) as error:
    raise BackendUnavailableError(
        f"FID and KID need PyTorch, which does not import here ({error}): pip install 'facecues[torch]'"
    ) from error

DIMENSIONS: Final = 2048
_SIDE: Final = 299  # of the network's input, pixels
_AT_ONCE: Final = 8  # pictures; more are not faster


class Convolution(nn.Module):
    """Convolution, batch norm, ReLU."""

    def __init__(
        self, inputs: int, outputs: int, kernel: tuple[int, int], stride: int = 1, padding: tuple[int, int] = (0, 0)
    ) -> None:
        super().__init__()
        self.conv = nn.Conv2d(inputs, outputs, kernel, stride, padding, bias=False)
        self.bn: nn.Module = nn.BatchNorm2d(outputs, eps=0.001)

    def forward(self, x: Tensor) -> Tensor:
        """(n, inputs, h, w) -> (n, outputs, h', w')."""
        return torch.relu_(self.bn(self.conv(x)))

    def fold(self) -> None:
        """Takes the batch norm into the convolution's weights: the same to rounding."""
        if isinstance(self.bn, nn.BatchNorm2d):
            self.conv, self.bn = fuse_conv_bn_eval(self.conv, self.bn), nn.Identity()


class _Layer(NamedTuple):
    """A convolution of a block: padded to keep the size, or, with stride 2, not padded."""

    name: str
    outputs: int
    kernel: tuple[int, int] = (1, 1)
    stride: int = 1


_Step = _Layer | tuple[_Layer, _Layer] | nn.Module  # two layers side by side see the same input
_SQUARE, _WIDE, _HIGH = (3, 3), (1, 7), (7, 1)
_AVERAGE = nn.AvgPool2d(3, stride=1, padding=1, count_include_pad=False)
_MAX = nn.MaxPool2d(3, stride=1, padding=1)
_HALVING_MAX = nn.MaxPool2d(3, stride=2)


class Block(nn.Module):
    """Branches over the same input, their channels one after the other."""

    def __init__(self, inputs: int, branches: tuple[tuple[_Step, ...], ...]) -> None:
        super().__init__()
        self._branches = branches
        for branch in branches:
            channels = inputs
            for step in branch:
                layers = _layers(step)
                for layer in layers:
                    keep = (0, 0) if layer.stride == 2 else (layer.kernel[0] // 2, layer.kernel[1] // 2)
                    self.add_module(layer.name, Convolution(channels, layer.outputs, layer.kernel, layer.stride, keep))
                channels = sum(layer.outputs for layer in layers) or channels

    def forward(self, x: Tensor) -> Tensor:
        """(n, inputs, h, w) -> (n, sum of the branches' channels, h', w')."""
        return torch.cat([self._along(branch, x) for branch in self._branches], dim=1)

    def _along(self, branch: tuple[_Step, ...], x: Tensor) -> Tensor:
        for step in branch:
            if isinstance(step, nn.Module):
                x = step(x)
            elif isinstance(step, _Layer):
                x = self.get_submodule(step.name)(x)
            else:
                x = torch.cat([self.get_submodule(layer.name)(x) for layer in step], dim=1)
        return x


def _layers(step: _Step) -> tuple[_Layer, ...]:
    if isinstance(step, nn.Module):
        return ()
    return (step,) if isinstance(step, _Layer) else step


def _block_35(inputs: int, pooled: int) -> Block:
    return Block(
        inputs,
        (
            (_Layer("branch1x1", 64),),
            (_Layer("branch5x5_1", 48), _Layer("branch5x5_2", 64, (5, 5))),
            (
                _Layer("branch3x3dbl_1", 64),
                _Layer("branch3x3dbl_2", 96, _SQUARE),
                _Layer("branch3x3dbl_3", 96, _SQUARE),
            ),
            (_AVERAGE, _Layer("branch_pool", pooled)),
        ),
    )


def _block_35_to_17() -> Block:
    return Block(
        288,
        (
            (_Layer("branch3x3", 384, _SQUARE, 2),),
            (
                _Layer("branch3x3dbl_1", 64),
                _Layer("branch3x3dbl_2", 96, _SQUARE),
                _Layer("branch3x3dbl_3", 96, _SQUARE, 2),
            ),
            (_HALVING_MAX,),
        ),
    )


def _block_17(middle: int) -> Block:
    return Block(
        768,
        (
            (_Layer("branch1x1", 192),),
            (
                _Layer("branch7x7_1", middle),
                _Layer("branch7x7_2", middle, _WIDE),
                _Layer("branch7x7_3", 192, _HIGH),
            ),
            (
                _Layer("branch7x7dbl_1", middle),
                _Layer("branch7x7dbl_2", middle, _HIGH),
                _Layer("branch7x7dbl_3", middle, _WIDE),
                _Layer("branch7x7dbl_4", middle, _HIGH),
                _Layer("branch7x7dbl_5", 192, _WIDE),
            ),
            (_AVERAGE, _Layer("branch_pool", 192)),
        ),
    )


def _block_17_to_8() -> Block:
    return Block(
        768,
        (
            (_Layer("branch3x3_1", 192), _Layer("branch3x3_2", 320, _SQUARE, 2)),
            (
                _Layer("branch7x7x3_1", 192),
                _Layer("branch7x7x3_2", 192, _WIDE),
                _Layer("branch7x7x3_3", 192, _HIGH),
                _Layer("branch7x7x3_4", 192, _SQUARE, 2),
            ),
            (_HALVING_MAX,),
        ),
    )


def _block_8(inputs: int, pool: nn.Module) -> Block:
    def split(name: str) -> tuple[_Layer, _Layer]:
        return _Layer(f"{name}a", 384, (1, 3)), _Layer(f"{name}b", 384, (3, 1))

    return Block(
        inputs,
        (
            (_Layer("branch1x1", 320),),
            (_Layer("branch3x3_1", 384), split("branch3x3_2")),
            (_Layer("branch3x3dbl_1", 448), _Layer("branch3x3dbl_2", 384, _SQUARE), split("branch3x3dbl_3")),
            (pool, _Layer("branch_pool", 192)),
        ),
    )


class Inception(nn.Module):
    """(n, 3, 299, 299) in [-1, 1) -> (n, 2048). 23,850,960 parameters."""

    def __init__(self) -> None:
        super().__init__()
        self.Conv2d_1a_3x3 = Convolution(3, 32, _SQUARE, stride=2)
        self.Conv2d_2a_3x3 = Convolution(32, 32, _SQUARE)
        self.Conv2d_2b_3x3 = Convolution(32, 64, _SQUARE, padding=(1, 1))
        self.Conv2d_3b_1x1 = Convolution(64, 80, (1, 1))
        self.Conv2d_4a_3x3 = Convolution(80, 192, _SQUARE)
        self.Mixed_5b = _block_35(192, 32)
        self.Mixed_5c = _block_35(256, 64)
        self.Mixed_5d = _block_35(288, 64)
        self.Mixed_6a = _block_35_to_17()
        self.Mixed_6b = _block_17(128)
        self.Mixed_6c = _block_17(160)
        self.Mixed_6d = _block_17(160)
        self.Mixed_6e = _block_17(192)
        self.Mixed_7a = _block_17_to_8()
        self.Mixed_7b = _block_8(1280, _AVERAGE)
        self.Mixed_7c = _block_8(DIMENSIONS, _MAX)  # a slip in TensorFlow's graph, and part of what FID is
        self.fc = nn.Linear(DIMENSIONS, 1008)  # never runs; the public files hold it

    def forward(self, x: Tensor) -> Tensor:
        """See the class."""
        x = _HALVING_MAX(self.Conv2d_2b_3x3(self.Conv2d_2a_3x3(self.Conv2d_1a_3x3(x))))
        x = _HALVING_MAX(self.Conv2d_4a_3x3(self.Conv2d_3b_1x1(x)))
        x = self.Mixed_5d(self.Mixed_5c(self.Mixed_5b(x)))
        x = self.Mixed_6e(self.Mixed_6d(self.Mixed_6c(self.Mixed_6b(self.Mixed_6a(x)))))
        x = self.Mixed_7c(self.Mixed_7b(self.Mixed_7a(x)))
        return x.mean(dim=(2, 3))


class InceptionFeatures:
    """FrameNetwork `inception`: pictures of any size to pool3 features, resized as TensorFlow 1 does."""

    name = "inception"
    context = 0

    def __init__(self, device: str = "cpu", network: Inception | None = None) -> None:
        """Loads the public weights, unless a network is given.

        Raises:
            WeightsMissingError: no such file, or not the right one.
            UsageError, BackendUnavailableError: `device` is no device, or not one of this machine.
        """
        self._device = require_device(device)
        origin = "given"
        if network is None:
            network = Inception()
            load_weights(network, weights.locate("inception"), "FID and KID")
            origin = weights.sha256_of("inception")[:8]
        self._network = _for_inference(network).to(self._device)
        self.signature = f"inception-2015[w:{origin},in:{_SIDE}-tf1-bilinear,layer:pool3]"

    def features(self, batch: Batch) -> Float32:
        """(n, 2048) float32; see FrameNetwork."""
        return self.of_pictures(batch.pictures)

    @torch.inference_mode()
    def of_pictures(self, pictures: Pictures) -> Float32:
        """Features of pictures, (n, H, W, 3) uint8 RGB, as (n, 2048) float32.

        Raises:
            ValueError: another shape or type, or no picture.
        """
        if pictures.ndim != 4 or pictures.shape[-1] != 3 or pictures.dtype != np.uint8 or 0 in pictures.shape:
            raise ValueError(f"expected pictures (n, H, W, 3) uint8, got {pictures.shape} {pictures.dtype}")
        bounds = [*range(0, len(pictures), _AT_ONCE), len(pictures)]
        return np.concatenate([self._of_few(pictures[start:end]) for start, end in pairwise(bounds)])

    def _of_few(self, pictures: Pictures) -> Float32:
        x = resized(torch.tensor(pictures, device=self._device).float())
        x = (x - 128) / 128
        features: Float32 = self._network(x.permute(0, 3, 1, 2)).cpu().numpy()
        return features


def _for_inference(network: Inception) -> Inception:
    """A copy that is a third faster on a CPU: channels last, and batch norms folded away."""
    network = deepcopy(network).eval()
    for module in network.modules():
        if isinstance(module, Convolution):
            module.fold()
    faster: Inception = network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    return faster


def resized(pictures: Tensor, side: int = _SIDE) -> Tensor:
    """Pictures as `resize_bilinear` of TensorFlow 1 gives them: without antialiasing, and not centred.

    Output pixel i is taken at i · size / side of the input, where centred sampling takes (i + ½) · size / side - ½
    (tensorflow/core/kernels/image/resize_bilinear_op.cc, with its legacy scaler).

    Args:
        pictures: (n, H, W, 3) float32.
        side: of the result, pixels.

    Returns:
        (n, side, side, 3) float32.
    """
    for axis in (2, 1):  # across first, then down, as there: the rounding is the same
        last = pictures.shape[axis] - 1
        place = torch.arange(side, dtype=torch.float32) * ((last + 1) / side)
        lower = place.long().clamp(max=last)
        share = (place - lower).to(pictures.device).view(-1, *[1] * (3 - axis))
        near, far = (pictures.index_select(axis, at.to(pictures.device)) for at in (lower, (lower + 1).clamp(max=last)))
        pictures = near + (far - near) * share
    return pictures

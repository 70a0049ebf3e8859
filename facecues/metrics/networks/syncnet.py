"""SyncNet v2: pictures of a mouth and sound, each as 1024 numbers that are near each other where both go together.

Chung and Zisserman, "Out of time: automated lip sync in the wild", 2016; layers, inputs and windows as in
joonson/syncnet_python (SyncNetModel.py, SyncNetInstance.py). A window is five pictures, 200 ms, at 25 fps.
"""

from collections.abc import Callable, Iterable
from typing import cast

import cv2
import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from facecues import weights
from facecues.errors import BackendUnavailableError
from facecues.metrics.contracts import Batch, Float32, Pictures
from facecues.preprocess.mfcc import MFCC_RATE, mfcc
from facecues.preprocess.sound import Sound, check_sound, is_audible
from facecues.resample import AUDIO_RATE, FPS

try:
    import torch
    from torch import Tensor, nn

    from facecues.preprocess.networks import load_weights, require_device
except (ImportError, OSError) as error:
    raise BackendUnavailableError(
        f"LSE-C and LSE-D need PyTorch, which does not import here ({error}): pip install 'facecues[torch]'"
    ) from error

WINDOW = 5  # pictures
SIDE = 224  # of a picture, pixels
_ROWS = WINDOW * MFCC_RATE // FPS  # of coefficients that go with a window
_ROWS_PER_FRAME = MFCC_RATE // FPS
_SAMPLES_PER_FRAME = AUDIO_RATE // FPS
_AT_ONCE = 16  # windows; bounds memory, and what a caller's batch size could change


class SyncNet(nn.Module):
    """The network, with the parameter names and shapes of the published `syncnet_v2.model`."""

    def __init__(self) -> None:
        super().__init__()
        self.netcnnaud = nn.Sequential(
            *_of_sound(1, 64, (3, 3), padding=1),
            nn.Identity(),  # holds the place of a pooling of 1 x 1, for the names
            *_of_sound(64, 192, (3, 3), padding=1),
            nn.MaxPool2d(3, (1, 2)),
            *_of_sound(192, 384, (3, 3), padding=1),
            *_of_sound(384, 256, (3, 3), padding=1),
            *_of_sound(256, 256, (3, 3), padding=1),
            nn.MaxPool2d(3, 2),
            *_of_sound(256, 512, (5, 4)),
        )
        self.netfcaud = _head()
        # Only the first layer looks along time: n pictures in a row give n - 4 windows in one pass.
        self.netcnnlip = nn.Sequential(
            *_of_pictures(3, 96, (5, 7, 7), stride=2),
            nn.MaxPool3d((1, 3, 3), (1, 2, 2)),
            *_of_pictures(96, 256, (1, 5, 5), stride=2, padding=1),
            nn.MaxPool3d((1, 3, 3), (1, 2, 2), (0, 1, 1)),
            *_of_pictures(256, 256, (1, 3, 3), padding=1),
            *_of_pictures(256, 256, (1, 3, 3), padding=1),
            *_of_pictures(256, 256, (1, 3, 3), padding=1),
            nn.MaxPool3d((1, 3, 3), (1, 2, 2)),
            *_of_pictures(256, 512, (1, 6, 6)),
        )
        self.netfclip = _head()

    def see(self, pictures: Tensor) -> Tensor:
        """(n, 3, 224, 224) BGR, 0 to 255, neighbouring frames -> (n - 4, 1024), one row per window."""
        windows = self.netcnnlip(pictures.transpose(0, 1)[None])
        return cast(Tensor, self.netfclip(windows[0, :, :, 0, 0].T))

    def hear(self, coefficients: Tensor) -> Tensor:
        """(n, 1, 13, 20) mel-frequency cepstral coefficients, one window each -> (n, 1024)."""
        return cast(Tensor, self.netfcaud(self.netcnnaud(coefficients).flatten(1)))


class SyncNetFeatures:
    """A FrameNetwork: row i of `features` is of the window of pictures i to i + 4, row i of `of_sound` of its sound.

    The whole picture is looked at, resized bilinearly to 224 x 224, as Wav2Lip's evaluation does. SyncNet learnt from
    crops around the face, so pictures should be face crops, and numbers of different crops do not compare. The original
    also stores every frame as a JPEG on the way, which is left out here.
    """

    name = "syncnet"
    context = WINDOW - 1

    def __init__(self, device: str = "cpu", network: SyncNet | None = None) -> None:
        """Loads the published weights, unless a network is given.

        Raises:
            WeightsMissingError: no such file, or not the right one.
            UsageError, BackendUnavailableError: `device` is no device, or not one of this machine.
        """
        self._device = require_device(device)
        origin = "given"
        if network is None:
            network = SyncNet()
            load_weights(network, weights.locate("syncnet-v2"), "lip sync (LSE-C, LSE-D)")
            origin = weights.sha256_of("syncnet-v2")[:8]
        self._network = network.to(self._device).eval()
        self.signature = f"syncnet[w:{origin},crop:picture,in:{SIDE}-bilinear-bgr]"

    def features(self, batch: Batch) -> Float32:
        """(n, S, S, 3) RGB pictures -> (n - 4, 1024); no row where there are fewer than five."""
        count = max(0, len(batch.pictures) - self.context)
        ends = ((i, min(i + _AT_ONCE, count) + self.context) for i in range(0, count, _AT_ONCE))
        return self._run(self._network.see, (_as_input(batch.pictures[begin:end]) for begin, end in ends))

    def of_sound(self, sound: Sound | None) -> Float32 | None:
        """What the network makes of a clip's sound, from its first picture on.

        Args:
            sound: (N,) floating point in [-1, 1], 16 kHz, or None.

        Returns:
            (N // 640 - 5, 1024), as many windows as the original looks at; None without sound or in digital silence.

        Raises:
            ValueError: not one channel of finite samples.
        """
        if not is_audible(sound):
            return None
        check_sound(sound)
        count = max(0, len(sound) // _SAMPLES_PER_FRAME - WINDOW)
        windows = np.empty((0, 1, 13, _ROWS), np.float32)
        if count:
            rows = sliding_window_view(mfcc(sound).astype(np.float32), _ROWS, axis=0)
            windows = rows[::_ROWS_PER_FRAME][:count, None]
        return self._run(self._network.hear, (windows[i : i + _AT_ONCE] for i in range(0, count, _AT_ONCE)))

    @torch.inference_mode()
    def _run(self, side: Callable[[Tensor], Tensor], inputs: Iterable[Float32]) -> Float32:
        """The rows of all inputs, one pass each."""
        rows = [side(torch.from_numpy(one.copy()).to(self._device)).cpu().numpy() for one in inputs]
        return np.concatenate([np.empty((0, 1024), np.float32), *rows])


def _as_input(pictures: Pictures) -> Float32:
    """(n, S, S, 3) uint8 RGB -> (n, 3, 224, 224) float32 BGR, 0 to 255, whole numbers as in a video of that size."""
    resized = [cv2.resize(picture, (SIDE, SIDE), interpolation=cv2.INTER_LINEAR) for picture in pictures]
    return np.stack(resized)[..., ::-1].transpose(0, 3, 1, 2).astype(np.float32)


def _of_sound(inputs: int, outputs: int, kernel: tuple[int, int], padding: int = 0) -> list[nn.Module]:
    return [nn.Conv2d(inputs, outputs, kernel, padding=padding), nn.BatchNorm2d(outputs), nn.ReLU()]


def _of_pictures(
    inputs: int, outputs: int, kernel: tuple[int, int, int], stride: int = 1, padding: int = 0
) -> list[nn.Module]:
    convolution = nn.Conv3d(inputs, outputs, kernel, (1, stride, stride), (0, padding, padding))
    return [convolution, nn.BatchNorm3d(outputs), nn.ReLU()]


def _head() -> nn.Sequential:
    return nn.Sequential(nn.Linear(512, 512), nn.BatchNorm1d(512), nn.ReLU(), nn.Linear(512, 1024))

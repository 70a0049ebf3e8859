"""SSIM, PSNR, LPIPS and FID the usual way: frames into PNG files, then one package after the other.

scikit-image, lpips and torch-fidelity as they come, each of which reads the files anew, those of the reference for
every method, as their scripts do. In favour of this way, the reference is written once, PNG files by OpenCV, which
packs them fastest, no processes are started for reading, and nothing keeps gradients.
"""

import time
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from skimage.io import imread
from skimage.metrics import peak_signal_noise_ratio, structural_similarity

from facecues.metrics.networks.alexnet import imagenet_alexnet
from tests.parity.lpips_package import like, lpips_package
from tests.parity.torchvision_package import torchvision_package

REFERENCE = "reference"
LOADING = "loading networks"

_GAUSSIAN = {"gaussian_weights": True, "sigma": 1.5, "use_sample_covariance": False}


@dataclass
class Usual:
    """What came of some clips.

    Attributes:
        values: means over frames by method, metric and clip.
        features: Inception's, (frames, 2048), of both sides by method.
        wall_s, processor_s: seconds by method and step.
    """

    values: dict[tuple[str, str, str], float] = field(default_factory=dict)
    features: dict[str, tuple[NDArray[np.float32], NDArray[np.float32]]] = field(default_factory=dict)
    wall_s: dict[tuple[str, str], float] = field(default_factory=lambda: defaultdict(float))
    processor_s: dict[tuple[str, str], float] = field(default_factory=lambda: defaultdict(float))

    @contextmanager
    def timed(self, method: str, step: str) -> Iterator[None]:
        """Adds the block's seconds."""
        wall, processor = time.perf_counter(), time.process_time()
        yield
        self.wall_s[method, step] += time.perf_counter() - wall
        self.processor_s[method, step] += time.process_time() - processor


def evaluate_as_usual(videos: Mapping[str, Sequence[Path]], folder: Path, inception: Path) -> Usual:
    """All but the Fréchet distance.

    Args:
        videos: by method, REFERENCE among them; the same names, and clips of equal length, on all sides.
        folder: for the PNG files.
        inception: file of Inception's weights.
    """
    usual = Usual()
    for method, files in videos.items():
        with usual.timed(method, "PNG files"):
            for video in files:
                _write_frames(video, folder / method)
    with lpips_package() as lpips:
        for method in [name for name in videos if name != REFERENCE]:
            sides = folder / method, folder / REFERENCE
            with usual.timed(method, LOADING):
                network = like(lpips, "alex", imagenet_alexnet("cpu")._backbone)
                extractor = _extractor(inception)
            for clip in [video.stem for video in videos[method]]:
                pairs = list(zip(*(sorted(side.glob(f"{clip}_*.png")) for side in sides), strict=True))
                with usual.timed(method, "SSIM, PSNR"):
                    ssim, psnr = np.mean([_ssim_and_psnr(*pair) for pair in pairs], axis=0)
                with usual.timed(method, "LPIPS"):
                    distance = np.mean([_lpips(lpips, network, *pair) for pair in pairs])
                for metric, value in (("SSIM", ssim), ("PSNR", psnr), ("LPIPS", distance)):
                    usual.values[method, metric, clip] = float(value)
            with usual.timed(method, "Inception"):
                pred, target = (_features(extractor, side) for side in sides)
            usual.features[method] = pred, target
    return usual


def fid_as_usual(pred: NDArray[np.float32], target: NDArray[np.float32]) -> float:
    """torch-fidelity's FID of features (frames, 2048)."""
    with torchvision_package():
        from torch_fidelity import metric_fid

        statistics = [metric_fid.fid_features_to_statistics(torch.from_numpy(side)) for side in (pred, target)]
        return float(metric_fid.fid_statistics_to_metric(*statistics, verbose=False)[metric_fid.KEY_METRIC_FID])


def _write_frames(video: Path, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    with av.open(str(video)) as container:
        for index, frame in enumerate(container.decode(video=0)):
            picture = frame.to_ndarray(format="rgb24")
            cv2.imwrite(str(folder / f"{video.stem}_{index:05}.png"), picture[..., ::-1])


def _ssim_and_psnr(pred: Path, target: Path) -> tuple[float, float]:
    one, other = imread(pred), imread(target)
    ssim = structural_similarity(one, other, channel_axis=-1, data_range=255, **_GAUSSIAN)
    return float(ssim), float(peak_signal_noise_ratio(other, one))


@torch.no_grad()
def _lpips(package: Any, network: Any, pred: Path, target: Path) -> float:
    """As the package's script for two folders."""
    one, other = (package.im2tensor(package.load_image(str(path))) for path in (pred, target))
    return float(network(one, other))


def _extractor(weights: Path) -> Any:
    from torch_fidelity.utils import create_feature_extractor

    return create_feature_extractor(
        "inception-v3-compat", ["2048"], cuda=False, feature_extractor_weights_path=str(weights), verbose=False
    )


def _features(extractor: Any, folder: Path) -> NDArray[np.float32]:
    from torch_fidelity.utils import extract_featuresdict_from_input_id

    options = {"input1": str(folder), "cuda": False, "save_cpu_ram": True, "verbose": False}
    features: NDArray[np.float32] = extract_featuresdict_from_input_id(1, extractor, **options)["2048"].numpy()
    return features

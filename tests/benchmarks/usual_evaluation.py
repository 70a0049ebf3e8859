"""SSIM, PSNR, LPIPS and FID the usual way: frames into PNG files, then one package after the other.

scikit-image, lpips and torch-fidelity are used as they come. Each reads the files anew, those of the reference for
every method; PyTorch takes all cores, scikit-image one, torch-fidelity reads in four processes beside it. In favour of
this way, the reference is written once, by OpenCV, which packs PNG files fastest, and nothing keeps gradients.
"""

import resource
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter, process_time
from typing import Any

import av
import cv2
import numpy as np
import torch
from skimage.io import imread
from skimage.metrics import peak_signal_noise_ratio, structural_similarity

from facecues.metrics.networks.alexnet import imagenet_alexnet
from tests.parity.lpips_package import like, lpips_package

REFERENCE = "reference"
FRECHET = "Fréchet distance"  # a step whose time depends on no frame

_GAUSSIAN = {"gaussian_weights": True, "sigma": 1.5, "use_sample_covariance": False}


@dataclass
class Usual:
    """What came out of it.

    Attributes:
        values: by method, metric and clip; FID's clip is "".
        wall_s, processor_s: seconds by method, or the reference, and step.
    """

    values: dict[tuple[str, str, str], float] = field(default_factory=dict)
    wall_s: dict[tuple[str, str], float] = field(default_factory=lambda: defaultdict(float))
    processor_s: dict[tuple[str, str], float] = field(default_factory=lambda: defaultdict(float))

    @contextmanager
    def timed(self, method: str, step: str) -> Iterator[None]:
        """Adds the block's seconds, with those of the processes that it starts and ends."""
        wall, processor = perf_counter(), _processor_s()
        yield
        self.wall_s[method, step] += perf_counter() - wall
        self.processor_s[method, step] += _processor_s() - processor


def evaluate_as_usual(videos: Mapping[str, Sequence[Path]], folder: Path, inception: Path) -> Usual:
    """From video files to values.

    Args:
        videos: by method, REFERENCE among them; the same names, and clips of equal length, on all sides.
        folder: for the PNG files.
        inception: file of Inception's weights.
    """
    usual = Usual()
    with lpips_package() as lpips:
        alexnet = imagenet_alexnet("cpu")._backbone
        for method, files in videos.items():
            with usual.timed(method, "PNG files"):
                for video in files:
                    _dump(video, folder / method)
        for method in videos.keys() - {REFERENCE}:
            sides = folder / method, folder / REFERENCE
            for video in videos[method]:
                pairs = list(zip(*(sorted(side.glob(f"{video.stem}_*.png")) for side in sides), strict=True))
                with usual.timed(method, "SSIM, PSNR"):
                    ssim, psnr = np.mean([_ssim_and_psnr(*pair) for pair in pairs], axis=0)
                with usual.timed(method, "LPIPS"):
                    distance = _lpips(lpips, like(lpips, "alex", alexnet), pairs)
                for metric, value in (("SSIM", ssim), ("PSNR", psnr), ("LPIPS", distance)):
                    usual.values[method, metric, video.stem] = float(value)
            usual.values[method, "FID", ""] = _fid(method, sides, inception, usual)
    return usual


def _dump(video: Path, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    with av.open(str(video)) as container:
        for index, frame in enumerate(container.decode(video=0)):
            picture = frame.to_ndarray(format="rgb24")
            cv2.imwrite(str(folder / f"{video.stem}_{index:05}.png"), picture[..., ::-1])


def _ssim_and_psnr(pred: Path, target: Path) -> tuple[float, float]:
    one, other = imread(pred), imread(target)
    ssim = structural_similarity(one, other, channel_axis=-1, data_range=255, **_GAUSSIAN)
    return ssim, peak_signal_noise_ratio(other, one)


def _lpips(package: Any, network: Any, pairs: Sequence[tuple[Path, Path]]) -> float:
    """The mean over frames, pair by pair, as the package's own script does it."""
    distances = []
    with torch.no_grad():
        for pair in pairs:
            one, other = (package.im2tensor(package.load_image(str(path))) for path in pair)
            distances.append(network(one, other).item())
    return float(np.mean(distances))


def _fid(method: str, sides: tuple[Path, Path], weights: Path, usual: Usual) -> float:
    """The steps of torch_fidelity.calculate_metrics(fid=True), to time them one by one."""
    from torch_fidelity import metric_fid, utils

    with usual.timed(method, "Inception"):
        extractor = utils.create_feature_extractor(
            "inception-v3-compat", ["2048"], cuda=False, feature_extractor_weights_path=str(weights), verbose=False
        )
        features = [
            utils.extract_featuresdict_from_input_id(1, extractor, input1=str(side), cuda=False, verbose=False)
            for side in sides
        ]
    with usual.timed(method, FRECHET):
        statistics = [metric_fid.fid_featuresdict_to_statistics(one, "2048") for one in features]
        distance = metric_fid.fid_statistics_to_metric(*statistics, verbose=False)
    return float(distance[metric_fid.KEY_METRIC_FID])


def _processor_s() -> float:
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return process_time() + children.ru_utime + children.ru_stime

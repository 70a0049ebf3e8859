"""Extraction against the face-alignment package used as its README shows, per frame of the same 1080p clip.

The package runs as it is installed: its own constructor, its own `get_landmarks`, S3FD on the whole frame. Its weight
files cannot be had offline; files of their names with seeded random weights lie where it looks for downloads. Three
things are kinder to it than its real use:

* `compile=False`: its first call would otherwise take about 25 s, which no number of frames here would pay back.
* S3FD's random weights are biased so that no cell of its maps names a face. Its post-processing still goes over the
  maps of the whole frame, but finds nothing to decode and suppress; real weights leave it some tens of candidates.
* It has PyTorch's default number of threads; the extraction has one.

Random weights find no face, so once the detector has done its work its answer is replaced by one real box, that of
the extraction in the clip's first frame. What follows, crop, 3D-FAN and depth, runs for one face, as it would.
"""

from pathlib import Path
from time import perf_counter

import numpy as np
import pyarrow as pa
import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from facecues.config import Limits
from facecues.preprocess.decode import Decoder
from facecues.preprocess.extract import CueExtractor

torch = pytest.importorskip("torch")
face_alignment = pytest.importorskip("face_alignment")
from face_alignment.detection.sfd.net_s3fd import s3fd  # noqa: E402
from face_alignment.models import FAN, ResNetDepth  # noqa: E402

FRAMES = 3  # of the package: each takes seconds


def write_weights(folder: Path) -> None:
    """Random weights under the names that the package downloads to."""
    torch.manual_seed(0)
    detector, depth = s3fd(), ResNetDepth().state_dict()
    for name, module in detector.named_modules():
        if name.endswith("_conf"):
            # The first map has four channels, three of them background; the last channel is always the face.
            module.bias.data[:-1] = 1e4
    torch.save(detector.state_dict(), folder / "s3fd-619a316812.pth")
    torch.save(FAN(4).state_dict(), folder / "3DFAN4-7835d9f11d.pth.tar")
    torch.save({"state_dict": depth}, folder / "depth-2a464da4ea.pth.tar")


def package_with_random_weights(
    hub: Path, box: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> "face_alignment.FaceAlignment":
    """The package as its README builds it for 3D; its detector works, then answers `box`."""
    (hub / "checkpoints").mkdir(parents=True)
    write_weights(hub / "checkpoints")
    previous = torch.hub.get_dir()
    torch.hub.set_dir(str(hub))
    try:
        package = face_alignment.FaceAlignment(
            face_alignment.LandmarksType.THREE_D, flip_input=False, device="cpu", compile=False
        )
    finally:
        torch.hub.set_dir(previous)
    detect = package.face_detector.detect_from_image

    def answer(image: np.ndarray) -> list[np.ndarray]:
        assert len(detect(image)) == 0  # the work is done, and the bias holds
        return [box]

    monkeypatch.setattr(package.face_detector, "detect_from_image", answer)
    return package


@pytest.mark.slow
def test_extraction_is_fifty_times_faster_per_frame(
    benchmark: BenchmarkFixture,
    extractor: CueExtractor,
    mead: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clip = mead / "M030/video/front/sad/level_3/001.mp4"
    batches: list[pa.RecordBatch] = []
    extractor(clip, None, batches.append)  # once, so that what is loaded late is loaded
    batches.clear()
    start = perf_counter()
    report = extractor(clip, None, batches.append)
    ours_s = (perf_counter() - start) / report.frames
    assert report.coverage == 1.0

    with Decoder(clip, Limits()) as decoder:
        frame = next(iter(decoder)).rgb()
    box = np.array(batches[0]["box"][0].as_py())
    package = package_with_random_weights(tmp_path, box, monkeypatch)
    points = benchmark.pedantic(package.get_landmarks, args=(frame,), rounds=FRAMES, warmup_rounds=1)
    assert points[0].shape == (68, 3)

    theirs_s = benchmark.stats.stats.median
    benchmark.extra_info |= {
        "s per frame, package": round(theirs_s, 3),
        "s per frame, facecues": round(ours_s, 5),
        "ratio": round(theirs_s / ours_s),
    }
    assert theirs_s / ours_s >= 50

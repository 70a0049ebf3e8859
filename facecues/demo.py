"""The demo: a short clip panned over a public-domain portrait is extracted, and the store's rows are shown."""

import sys
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
from numpy.typing import NDArray

FPS, SECONDS, SIDE = 25, 4, 384


def pan(picture: NDArray[np.uint8]) -> Iterator[NDArray[np.uint8]]:
    """Frames (SIDE, SIDE, 3) of a camera that sways over a (512, 512, 3) picture and tilts a little."""
    for index in range(FPS * SECONDS):
        phase = 2 * np.pi * index / (FPS * SECONDS)
        centre = (224 + 25 * np.sin(phase), 150 + 15 * np.sin(2 * phase))
        to_patch = cv2.getRotationMatrix2D(centre, 12 * np.sin(phase), 1.1)
        to_patch[:, 2] += SIDE / 2 - np.array(centre)
        yield cv2.warpAffine(picture, to_patch, (SIDE, SIDE), borderMode=cv2.BORDER_REPLICATE).astype(np.uint8)


def write_clip(path: Path, frames: Iterator[NDArray[np.uint8]]) -> None:
    """H.264, 4:2:0, without sound."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=FPS, options={"crf": "18"})
        stream.width = stream.height = SIDE
        stream.pix_fmt = "yuv420p"
        for index, rgb in enumerate(frames):
            picture = av.VideoFrame.from_ndarray(rgb, format="rgb24")
            picture.pts, picture.time_base = index, Fraction(1, FPS)
            container.mux(stream.encode(picture))
        container.mux(stream.encode())


def astronaut() -> NDArray[np.uint8]:
    """scikit-image's astronaut (NASA, public domain)."""
    try:
        from skimage import data
    except ImportError:
        sys.exit("The demo's picture comes with scikit-image: pip install 'facecues[demo]'")
    return np.asarray(data.astronaut(), np.uint8)

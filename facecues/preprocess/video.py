"""One decoded frame, cropped on demand.

A frame stays in the decoder's own YUV planes; only the face region is ever cropped and converted to RGB, which costs
about a tenth of converting a whole 1080p frame.
"""

from functools import lru_cache

import av
import cv2
import numpy as np
from av.video.plane import VideoPlane
from numpy.typing import NDArray

from facecues.preprocess.color import yuv_to_rgb

# Planar 8-bit layouts: horizontal and vertical chroma subsampling. Everything else goes through libswscale.
_PLANAR = {
    "yuv420p": (2, 2),
    "yuvj420p": (2, 2),
    "yuv422p": (2, 1),
    "yuvj422p": (2, 1),
    "yuv444p": (1, 1),
    "yuvj444p": (1, 1),
}
_WARP = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
_HALVED = np.array([[2, 0, 0.5], [0, 2, 0.5]])  # pixel of a patch of half the size -> pixel of the patch


class Frame:
    """One decoded picture as displayed: x right, y down, origin at the centre of the top-left pixel.

    Attributes:
        index: position among the decoded frames, from 0.
        time_s: presentation time, seconds.
        width, height: displayed size in pixels, container rotation applied.
        damaged: the decoder had to conceal errors in it.
    """

    __slots__ = ("_picture", "_planes", "_rgb", "_turns", "damaged", "height", "index", "time_s", "width")

    def __init__(self, picture: av.VideoFrame, index: int, time_s: float, turns: int = 0) -> None:
        """`turns`: quarter turns counter-clockwise from the coded to the displayed picture."""
        self._picture = picture
        self._planes: list[NDArray[np.uint8]] = []
        self._rgb: NDArray[np.uint8] | None = None
        self._turns = turns
        self.index = index
        self.time_s = time_s
        self.damaged = bool(picture.is_corrupt)
        self.width, self.height = displayed_size(picture.width, picture.height, turns)

    def crop(self, matrix: NDArray[np.float64], size: int) -> NDArray[np.uint8]:
        """Samples a square patch, bilinearly; what lies outside the frame is black.

        Args:
            matrix: (2, 3) float64, maps (column, row, 1) of the patch to (x, y) of the displayed frame.
            size: side of the patch, pixels.

        Returns:
            (size, size, 3) uint8 RGB.
        """
        if self._turns:
            matrix = _after(matrix, _displayed_to_coded(self._turns, self._picture.width, self._picture.height))
        pixel_format = self._picture.format.name
        layout = _PLANAR.get(pixel_format)
        if layout is None:
            return _warp(self._coded_rgb(), matrix, size, outside=0)
        if not self._planes:
            self._planes = [_plane(plane) for plane in self._picture.planes]
        full_range = pixel_format.startswith("yuvj") or int(self._picture.color_range) == 2
        luma = _warp(self._planes[0], matrix, size, outside=0 if full_range else 16)
        chroma = _after(matrix, _luma_to_chroma(layout, centred=full_range))
        if layout == (2, 2) and size % 2 == 0:
            # The patch too has half of the chroma samples each way; sampling more would cost 5 % of an extraction.
            half = _after(_HALVED, chroma)
            colors = [cv2.resize(_warp(one, half, size // 2, outside=128), (size, size)) for one in self._planes[1:]]
        else:
            colors = [_warp(one, chroma, size, outside=128) for one in self._planes[1:]]
        return yuv_to_rgb(cv2.merge([luma, *colors]), int(self._picture.colorspace), full_range)

    def rgb(self) -> NDArray[np.uint8]:
        """The whole picture as displayed, (height, width, 3) uint8 RGB. Slow; cropping is what scales."""
        return np.ascontiguousarray(np.rot90(self._coded_rgb(), self._turns))

    def _coded_rgb(self) -> NDArray[np.uint8]:
        if self._rgb is None:
            self._rgb = self._picture.to_ndarray(format="rgb24").astype(np.uint8, copy=False)
        return self._rgb


def displayed_size(width: int, height: int, turns: int) -> tuple[int, int]:
    """Size of a picture after quarter turns."""
    return (height, width) if turns % 2 else (width, height)


def _warp(plane: NDArray[np.uint8], matrix: NDArray[np.float64], size: int, *, outside: int) -> NDArray[np.uint8]:
    patch = cv2.warpAffine(plane, matrix, (size, size), flags=_WARP, borderValue=outside)
    return patch.astype(np.uint8, copy=False)  # no copy: a word to the type checker


def _after(first: NDArray[np.float64], second: NDArray[np.float64]) -> NDArray[np.float64]:
    """(2, 3) of `first`, then `second`."""
    both = second[:, :2] @ first
    both[:, 2] += second[:, 2]
    return both


def _plane(plane: VideoPlane) -> NDArray[np.uint8]:
    """A view of one plane, without copying; padding at the end of the lines is cut off."""
    lines: NDArray[np.uint8] = np.asarray(memoryview(plane)).reshape(-1, plane.line_size)
    return lines[: plane.height, : plane.width]


@lru_cache(maxsize=8)
def _displayed_to_coded(turns: int, width: int, height: int) -> NDArray[np.float64]:
    """(2, 3): displayed pixel -> coded pixel, for a coded picture of width x height turned counter-clockwise."""
    right, bottom = width - 1.0, height - 1.0
    return np.array(
        [
            [[1, 0, 0], [0, 1, 0]],
            [[0, -1, right], [1, 0, 0]],
            [[-1, 0, right], [0, -1, bottom]],
            [[0, 1, 0], [-1, 0, bottom]],
        ][turns % 4],
        np.float64,
    )


@lru_cache(maxsize=8)
def _luma_to_chroma(layout: tuple[int, int], *, centred: bool) -> NDArray[np.float64]:
    """(2, 3): luma pixel -> chroma pixel. Rows are centred between lines; columns too for JPEG, else on the left
    luma sample (the MPEG siting, ITU-T H.264 figure E-1, type 0)."""
    sx, sy = layout
    x_shift = (0.5 / sx - 0.5) if centred else 0.0
    return np.array([[1 / sx, 0, x_shift], [0, 1 / sy, 0.5 / sy - 0.5]])

"""A portrait as the renderer needs it: cropped around its one face, and read by the face mesh."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import av
import cv2
import numpy as np
from numpy.typing import NDArray

from facecues.errors import UsageError
from facecues.models.warp.topology import EYE_RINGS
from facecues.preprocess.landmarks.blazeface import Detection
from facecues.preprocess.landmarks.facemesh import FaceMeshBackend
from facecues.preprocess.landmarks.mesh68 import MESH_TO_68
from facecues.preprocess.landmarks.roi import box_of
from facecues.preprocess.landmarks.tracker import next_roi
from facecues.preprocess.video import Frame

Place = tuple[float, float]
"""x, y in a picture, pixels."""

_PRESENT = 0.5  # least score of the mesh network
EYE_SPAN = 0.23  # distance of the outer eye corners over the side of the crop
EYE_LEVEL = 0.44  # height of the eyes in the crop
_COUNTS_AS_FACE = 0.4  # a second face at least so large, by the side of the first, makes a portrait ambiguous


@dataclass(frozen=True, slots=True, eq=False)
class Portrait:
    """A square picture with one face.

    Attributes:
        image: (S, S, 3) uint8 RGB.
        mesh: (468, 3) float64 points of the face mesh, pixels of `image`; the lids are the iris network's.
        landmarks: (68, 3) float64, pixels of `image`.
        irises: (2, 2) float64 iris centres, right eye first, pixels of `image`.
        crop: (2, 3) float64, pixels of the picture that was read to those of `image`.
    """

    image: NDArray[np.uint8]
    mesh: NDArray[np.float64]
    landmarks: NDArray[np.float64]
    irises: NDArray[np.float64]
    crop: NDArray[np.float64]


def read_portrait(
    image: NDArray[Any],
    size: int,
    backend: FaceMeshBackend | None = None,
    *,
    near: Place | None = None,
    mirrored: bool = False,
) -> Portrait:
    """Finds the face, cuts the picture to a square around it and reads the mesh there.

    Args:
        image: (H, W), (H, W, 3) RGB or (H, W, 4) RGBA, uint8. Transparent parts become mid-grey.
        size: side of the crop, pixels.
        backend: reads the face; made anew when not given.
        near: x, y of the face, pixels, where it is known: then there may be others.
        mirrored: left and right swapped, before the face is read.

    Raises:
        UsageError: another kind of picture, no face in it, or several.
    """
    backend = backend or FaceMeshBackend()
    picture = _as_rgb(image)
    if mirrored:
        picture = np.ascontiguousarray(picture[:, ::-1])
        near = near and (picture.shape[1] - 1 - near[0], near[1])
    whole = _frame(picture)
    found = backend.detector(whole)
    if not found:
        raise UsageError("The portrait shows no face that is found: give a picture of one face, from the front.")
    score, mesh = backend.mesh(whole, _chosen(found, near).roi())
    if score < _PRESENT:
        raise UsageError("The portrait's face cannot be read: give a picture of one face, from the front.")
    crop = _crop_matrix(mesh, size)
    return _read(_cut(picture, crop, size), backend, mesh, crop)


def _chosen(found: Sequence[Detection], near: Place | None) -> Detection:
    """The face that is meant."""
    if near is not None:
        return min(found, key=lambda one: np.hypot(*((one.box[:2] + one.box[2:]) / 2 - near)))
    sides = [float(max(one.box[2] - one.box[0], one.box[3] - one.box[1])) for one in found]
    if len(found) > 1 and sides[1] > _COUNTS_AS_FACE * sides[0]:
        raise UsageError(f"The portrait shows {len(found)} faces: give a picture of one face, or cut it to one.")
    return found[0]


def _cut(picture: NDArray[np.uint8], crop: NDArray[np.float64], size: int) -> NDArray[np.uint8]:
    """The square; what lies outside the picture goes on as the picture's edge does, out of focus."""
    shrunk = min(1.0, 1.5 * float(crop[0, 0]))  # else far too large a picture is sampled with gaps
    if shrunk < 1.0:
        picture = cv2.resize(picture, None, fx=shrunk, fy=shrunk, interpolation=cv2.INTER_AREA).astype(np.uint8)
        crop = crop @ np.diag([1 / shrunk, 1 / shrunk, 1.0])
    square = cv2.warpAffine(picture, crop, (size, size), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    inside = cv2.warpAffine(np.ones(picture.shape[:2], np.float32), crop, (size, size), flags=cv2.INTER_LINEAR)
    blurred = cv2.GaussianBlur(square, (0, 0), size / 24)
    sharp = cv2.GaussianBlur(cv2.erode(inside, np.ones((5, 5))), (0, 0), size / 128)[..., None] * inside[..., None]
    mixed: NDArray[np.uint8] = np.rint(square * sharp + blurred * (1 - sharp)).astype(np.uint8)
    return mixed


def _read(
    square: NDArray[np.uint8], backend: FaceMeshBackend, mesh: NDArray[np.float32], crop: NDArray[np.float64]
) -> Portrait:
    frame = _frame(square)
    scale = float(np.hypot(crop[0, 0], crop[0, 1]))
    placed = np.concatenate([mesh[:, :2] @ crop[:, :2].T + crop[:, 2], mesh[:, 2:] * scale], axis=1)
    for _ in range(3):  # settles, as on the frames of a clip
        points = placed.astype(np.float32)
        _, placed = backend.mesh(frame, next_roi(points, box_of(points)))
    eyes = backend.eyes(frame, placed)
    landmarks = placed[MESH_TO_68].astype(np.float64)
    landmarks[36:48] = eyes.contours
    refined = placed.astype(np.float64)
    refined[EYE_RINGS, :2] = eyes.rings
    return Portrait(square, refined, landmarks, eyes.irises[:, :2].astype(np.float64), crop)


def _as_rgb(image: NDArray[Any]) -> NDArray[np.uint8]:
    if image.dtype != np.uint8 or image.ndim not in (2, 3) or image.size == 0:
        raise UsageError(f"A portrait is uint8, (H, W), (H, W, 3) or (H, W, 4), not {image.dtype} {image.shape}.")
    if image.ndim == 2:
        return np.repeat(image[..., None], 3, axis=2)
    if image.shape[2] == 4:
        opaque = image[..., 3:].astype(np.float32) / 255
        return np.rint(image[..., :3] * opaque + 128 * (1 - opaque)).astype(np.uint8)
    if image.shape[2] != 3:
        raise UsageError(f"A portrait has 1, 3 or 4 channels, not {image.shape[2]}.")
    return np.ascontiguousarray(image)


def _frame(picture: NDArray[np.uint8]) -> Frame:
    return Frame(av.VideoFrame.from_ndarray(picture, format="rgb24"), 0, 0.0)


def _crop_matrix(mesh: NDArray[np.float32], size: int) -> NDArray[np.float64]:
    """(2, 3): picture -> crop, with eyes of a fixed span at a fixed place; upright as the picture is."""
    corners = mesh[[33, 263], :2].astype(np.float64)
    jaw = mesh[[234, 454], :2].astype(np.float64)
    # A face in three-quarter view has near eyes: its breadth counts too.
    span = max(float(np.linalg.norm(corners[1] - corners[0])), 0.5 * float(np.linalg.norm(jaw[1] - jaw[0])))
    scale = EYE_SPAN * size / span
    centre = corners.mean(axis=0)
    return np.array(
        [[scale, 0, size / 2 - scale * centre[0]], [0, scale, EYE_LEVEL * size - scale * centre[1]]], np.float64
    )

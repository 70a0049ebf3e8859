"""Frames to pictures of one size, by rules that are data: the whole frame, the face, or the crop of EAT's evaluation.

A rule is an affine map from the picture's pixels to the frame's. Where it shrinks, each pixel of the picture is the
mean of the area that it covers; bilinear sampling alone would alias, and an aliased 1080p frame is not the picture that
any method was given. Integer coordinates are the centres of pixels on both sides.
"""

from math import ceil, cos, radians, sin
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, model_validator

from facecues.preprocess.geometry import fit_pose, rotation_degrees
from facecues.preprocess.template import TEMPLATE_HASH
from facecues.preprocess.video import Frame

Matrix = NDArray[np.float64]
Picture = NDArray[np.uint8]
Points = NDArray[np.float32]

CropName = Literal["frame", "face", "eat"]

PROPORTION_TOLERANCE = 0.02  # of width over height: what rounding to even sizes does, from 100 pixels on

# "face": what the patch shows of the template, in its units: from the forehead to below an open mouth's chin, and
# little of what is around, which a video of a tight crop may lack.
_FACE_SIDE = 2.0
_FACE_CENTRE = np.array([0.0, 0.5, 0.0])

# "eat": points 27 to 44, pixels of the picture, of basics/base_68.npy in lelechen63/ATVGnet (MIT licence), which
# yuangan/evaluation_eat (code/base_68.npy) carries on. Its second template, base_68_close.npy, chosen there for narrow
# eyes, is the same file. Rows and columns 1 to 128 of the warped picture are kept: hence the 1.
EAT_SIZE = 128
EAT_POINTS = slice(27, 45)
EAT_TEMPLATE = np.array(
    [(65, 37), (65, 47), (65, 57), (66, 68), (54, 75), (60, 77), (66, 78), (71, 76), (77, 75), (28, 39), (35, 35),
     (43, 35), (50, 40), (43, 42), (34, 42), (79, 40), (86, 34), (94, 34)], np.float64
) - 1  # fmt: skip

_MAX_SAMPLES = 16  # per pixel and direction; shrinking by more than that is no face any more
_ENLARGE = {"bilinear": cv2.INTER_LINEAR, "bicubic": cv2.INTER_CUBIC}


class PictureOptions(BaseModel):
    """How a frame becomes a picture. Shrinking is by area, whatever the rule.

    Attributes:
        crop: "frame": all of it, stretched to a square; only comparable between videos of the same proportions, see
            `same_proportions`. "face": turned upright and filled by the face, by the pose of the stable points of the
            frame itself. "eat": points 27..44 on a fixed template, rows and columns 1..128 of a warp of 163 x 163
            (yuangan/evaluation_eat, code/utils_crop.py).
        size: side of the picture, pixels; 128 for "eat".
        enlarge: filter for frames smaller than the picture; "face" and "eat" are sampled bilinearly.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    crop: CropName = "frame"
    size: int = Field(default=256, ge=8, le=2048)
    enlarge: Literal["bilinear", "bicubic"] = "bilinear"

    @model_validator(mode="after")
    def _fits_together(self) -> "PictureOptions":
        if self.crop == "eat" and self.size != EAT_SIZE:
            raise ValueError(f"crop 'eat' gives pictures of {EAT_SIZE} pixels: use size {EAT_SIZE}, not {self.size}")
        if self.crop != "frame" and self.enlarge != "bilinear":
            raise ValueError(f"crop {self.crop!r} enlarges bilinearly: {self.enlarge!r} goes with crop 'frame' alone")
        return self

    @property
    def signature(self) -> str:
        """Everything that changes the pictures: `frame@256[shrink:area,enlarge:bilinear]`."""
        about = {
            "frame": "",
            "face": f",template:{TEMPLATE_HASH},side:{_FACE_SIDE}",
            "eat": ",template:base_68",
        }[self.crop]
        return f"{self.crop}@{self.size}[shrink:area,enlarge:{self.enlarge}{about}]"


def same_proportions(one: tuple[int, int], other: tuple[int, int]) -> bool:
    """Whether two frames of (width, height) pixels have the same shape but for 2 %."""
    ratio = (one[0] * other[1]) / (one[1] * other[0])
    return 1 - PROPORTION_TOLERANCE <= ratio <= 1 / (1 - PROPORTION_TOLERANCE)


def make_picture(frame: Frame, landmarks: Points | None, options: PictureOptions) -> tuple[Picture | None, Points]:
    """The picture of a frame, and its landmarks in it.

    Args:
        frame: any size.
        landmarks: (68, 3) frame pixels, None without a face.
        options: the rule.

    Returns:
        (size, size, 3) uint8 RGB, None where the rule needs a face and there is none;
        (68, 3) float32 pixels of the picture, NaN without a face. z is scaled by the mean of both axes.
    """
    if options.crop == "frame":
        return _whole(frame, options), _into(landmarks, _frame_matrix(frame, options.size))
    if landmarks is None:
        return None, _into(None, _IDENTITY)
    fit = _face_matrix if options.crop == "face" else _eat_matrix
    matrix = fit(landmarks.astype(np.float64), options.size)
    return _sample(frame, matrix, options.size), _into(landmarks, matrix)


_IDENTITY = np.array([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]])


def _whole(frame: Frame, options: PictureOptions) -> Picture:
    """Shrinks what is too long by area, then enlarges what is too short: two steps, as each is right for one way."""
    size = options.size
    picture = frame.rgb()
    if frame.width > size or frame.height > size:
        picture = _resize(picture, (min(frame.width, size), min(frame.height, size)), cv2.INTER_AREA)
    if picture.shape[:2] != (size, size):
        picture = _resize(picture, (size, size), _ENLARGE[options.enlarge])
    return picture


def _sample(frame: Frame, matrix: Matrix, size: int) -> Picture:
    """A patch by a similarity. Where it shrinks, several samples a pixel, no more than one frame pixel apart."""
    samples = min(max(ceil(_step(matrix) - 1e-6), 1), _MAX_SAMPLES)
    if samples == 1:
        return frame.crop(matrix, size)
    fine = matrix / [[samples, samples, 1]]
    fine[:, 2] += matrix[:, :2] @ np.full(2, 0.5 / samples - 0.5)
    return _resize(frame.crop(fine, size * samples), (size, size), cv2.INTER_AREA)


def _resize(picture: Picture, shape: tuple[int, int], how: int) -> Picture:
    return cv2.resize(picture, shape, interpolation=how).astype(np.uint8, copy=False)


def _step(matrix: Matrix) -> float:
    """Frame pixels per picture pixel, the mean of both axes."""
    return float(np.sqrt(abs(np.linalg.det(matrix[:, :2]))))


def _into(landmarks: Points | None, matrix: Matrix) -> Points:
    """(68, 3) frame pixels to pixels of the picture."""
    if landmarks is None:
        return np.full((68, 3), np.nan, np.float32)
    out = landmarks.astype(np.float64) / _step(matrix)
    out[:, :2] = np.linalg.solve(matrix[:, :2], (landmarks[:, :2] - matrix[:, 2]).T).T
    return out.astype(np.float32)


def _frame_matrix(frame: Frame, size: int) -> Matrix:
    """Edges onto edges, as cv2.resize has it."""
    x, y = frame.width / size, frame.height / size
    return np.array([[x, 0.0, x / 2 - 0.5], [0.0, y, y / 2 - 0.5]])


def _face_matrix(landmarks: Matrix, size: int) -> Matrix:
    """The pose in 3D gives the scale, so that a face that turns away does not grow."""
    pose = fit_pose(landmarks)
    roll = radians(float(rotation_degrees(pose.rotation[None])[0, 2]))
    step = float(pose.scale) * _FACE_SIDE / size
    turn = step * np.array([[cos(roll), -sin(roll)], [sin(roll), cos(roll)]])
    centre = (pose.scale * pose.rotation @ _FACE_CENTRE + pose.translation)[:2]
    return np.column_stack([turn, centre - turn @ np.full(2, (size - 1) / 2)])


def _eat_matrix(landmarks: Matrix, size: int) -> Matrix:
    """Least-squares similarity of the plane; x + iy makes it one division."""
    source, target = (points @ [1, 1j] for points in (EAT_TEMPLATE, landmarks[EAT_POINTS, :2]))
    centre, middle = source.mean(), target.mean()
    turn = np.vdot(source - centre, target - middle) / np.vdot(source - centre, source - centre)
    shift = middle - turn * centre
    return np.array([[turn.real, -turn.imag, shift.real], [turn.imag, turn.real, shift.imag]])

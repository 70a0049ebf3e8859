"""What a portrait does not show: the mouth's inside, the whole eyeball, the whole iris. Drawn, in the portrait's light.

All textures lie with the portrait in one picture, so that one look-up paints a frame.
"""

from dataclasses import dataclass
from typing import Any, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from facecues.models.warp.portrait import Portrait
from facecues.models.warp.topology import EYE_RINGS, INNER_LIPS, OUTER_LIPS

Float64 = NDArray[np.float64]
Picture = NDArray[Any]  # (H, W, 3) or (3,), 0..255

# Breadths of the front teeth from the middle outwards, over the first's (Wheeler's Dental Anatomy, table 1-1: 8.5,
# 6.5, 7.5, 7 mm above; below nearer to equal).
_UPPER_BREADTHS, _LOWER_BREADTHS = (1.0, 0.76, 0.88, 0.82), (0.62, 0.68, 0.8, 0.8)
_PUPIL = 0.36  # of the iris
_DARK_MOUTH, _TONGUE, _GUMS = (34.0, 10.0, 12.0), (128.0, 58.0, 58.0), (176.0, 96.0, 96.0)


class Tile(NamedTuple):
    """A rectangle of the atlas, pixels: the centre of its first pixel and its extent to the last one's."""

    x: float
    y: float
    width: float
    height: float

    def at(self, unit: Float64) -> Float64:
        """(n, 2) of the unit square to atlas pixels."""
        return unit * (self.width, self.height) + (self.x, self.y)


@dataclass(frozen=True, slots=True, eq=False)
class Atlas:
    """One picture with all textures. image: (S, S + S // 2, 3) uint8 RGB, the portrait on the left."""

    image: NDArray[np.uint8]
    mouth: Tile
    upper_teeth: Tile
    lower_teeth: Tile
    eyes: tuple[Tile, Tile]
    irises: tuple[Tile, Tile]


def draw_atlas(portrait: Portrait, skin: Float64, iris_radii: Float64) -> Atlas:
    """Paints what is missing.

    Args:
        portrait: whose colours and light are taken.
        skin: (468, 2) where the skin's vertices are in the portrait, the edge of the lips on the lips.
        iris_radii: (2,) pixels of the portrait, right eye first.
    """
    size = portrait.image.shape[0]
    side = size // 4
    light = _light(portrait)
    tiles = [
        _mouth(side) * light,
        _teeth(side, _UPPER_BREADTHS) * light,
        _teeth(side, _LOWER_BREADTHS)[::-1] * light * 0.86,
        *(_eyeball(side, _white(portrait, eye)) for eye in range(2)),
        *(_iris(side, portrait, eye, float(iris_radii[eye])) for eye in range(2)),
    ]
    image = np.zeros((size, size + 2 * side, 3))
    image[:, :size] = _lips_at_rest(portrait.image, skin)
    places = []
    for number, tile in enumerate(tiles):
        row, column = number // 2 * side, size + number % 2 * side
        image[row : row + side, column : column + side] = tile
        places.append(Tile(column + 1.0, row + 1.0, side - 3.0, side - 3.0))
    painted = np.clip(np.rint(image), 0, 255).astype(np.uint8)
    mouth, upper, lower, *eyes = places
    return Atlas(painted, mouth, upper, lower, (eyes[0], eyes[1]), (eyes[2], eyes[3]))


def _lips_at_rest(image: NDArray[np.uint8], skin: Float64) -> Picture:
    """The picture with a shadow where the lips meet and without gloss on them, which on closed lips reads as teeth."""
    size = image.shape[0]
    lips, inside = np.zeros((2, size, size), np.uint8)
    cv2.fillPoly(lips, [np.rint(skin[OUTER_LIPS]).astype(np.int32)], 1)
    cv2.fillPoly(inside, [np.rint(skin[INNER_LIPS]).astype(np.int32)], 1)
    red = lips > inside
    usual = np.median(image[red], axis=0) if red.any() else np.array([170.0, 110.0, 105.0])
    soft = cv2.GaussianBlur(red.astype(np.float32), (0, 0), size / 256)[..., None]
    excess = np.maximum(image - 1.08 * usual, 0).min(axis=2, keepdims=True)
    line = np.zeros((size, size), np.float32)
    cv2.polylines(line, [np.rint(skin[INNER_LIPS]).astype(np.int32)], True, 1.0, 1)
    shadow = np.minimum(0.8, 1.3 * cv2.GaussianBlur(line, (0, 0), size / 640))[..., None]
    matt = image - soft * excess * 0.9
    return np.asarray(matt * (1 - shadow) + usual * (0.60, 0.44, 0.44) * shadow)


def _unit_grid(side: int) -> tuple[Float64, Float64]:
    """Columns and rows of a square, -1..1."""
    steps = np.linspace(-1.0, 1.0, side)
    columns, rows = np.meshgrid(steps, steps)
    return columns, rows


def _light(portrait: Portrait) -> Picture:
    """(3,) colour of the light on the face, from the skin of the cheeks against skin in white light."""
    skin = np.median(_within(portrait.image, portrait.mesh[[50, 205, 187, 123, 280, 425, 411, 352], :2]), axis=0)
    return np.asarray(np.clip(skin / (205.0, 160.0, 140.0), 0.45, 1.1))


def _within(image: NDArray[np.uint8], outline: Float64) -> NDArray[np.uint8]:
    """(n, 3) pixels inside a polygon's hull; the picture's mean where it has none."""
    mask = np.zeros(image.shape[:2], np.uint8)
    cv2.fillConvexPoly(mask, cv2.convexHull(np.rint(outline).astype(np.int32)), 1)
    inside = image[mask > 0]
    return inside if len(inside) else image.reshape(-1, 3)


def _mouth(side: int) -> Picture:
    x, y = _unit_grid(side)
    tongue = np.clip(1.2 - np.hypot(x / 0.75, (y - 0.9) / 0.75) ** 2, 0, 1)[..., None] * 0.75
    shade = np.clip(1.15 - 0.5 * x**2, 0.5, 1.0)[..., None]
    return (np.array(_DARK_MOUTH) * (1 - tongue) + np.array(_TONGUE) * tongue * 0.8) * shade


def _teeth(side: int, breadths: tuple[float, ...]) -> Picture:
    """A row of teeth, gums on top, biting edge at the bottom."""
    x, y = _unit_grid(side)
    ends = np.cumsum(breadths) / sum(breadths)
    starts = np.concatenate([[0.0], ends[:-1]])
    which = np.clip(np.searchsorted(ends, np.abs(x)), 0, len(ends) - 1)
    across = (np.abs(x) - starts[which]) / (ends - starts)[which]  # 0..1 within a tooth
    rounded = 1 - np.abs(2 * across - 1) ** 6
    enamel = np.array([236.0, 228.0, 214.0]) * (0.72 + 0.28 * np.sqrt(np.clip(rounded, 0, 1)))[..., None]
    enamel *= (1 - 0.45 * np.abs(x) ** 1.5)[..., None]  # the arch turns away from the light
    enamel *= np.clip(1.0 - 0.18 * np.clip(y - 0.75, 0, 1) * 4, 0.7, 1)[..., None]
    gums = np.clip((-0.35 - 0.25 * np.abs(2 * across - 1) ** 2 - y) * 12, 0, 1)[..., None]
    return np.asarray(enamel * (1 - gums) + np.array(_GUMS) * gums * (1 - 0.4 * np.abs(x))[..., None])


def _white(portrait: Portrait, eye: int) -> Picture:
    """(3,) the white of an eye: the brightest of what the lids leave open."""
    inside = _within(portrait.image, portrait.mesh[EYE_RINGS[eye], :2]).astype(np.float64)
    brightness = inside.mean(axis=1)
    bright = inside[(brightness >= np.percentile(brightness, 70)) & (brightness <= np.percentile(brightness, 92))]
    seen = bright.mean(axis=0) if len(bright) else inside.mean(axis=0)
    return np.asarray(np.clip(0.5 * seen + 0.5 * np.array([226.0, 220.0, 216.0]), 70, 235))


def _eyeball(side: int, white: Picture) -> Picture:
    x, y = _unit_grid(side)
    under_lid = np.clip(0.25 + 2.2 * (y + 0.45), 0.22, 0.95)  # the upper lid's shadow
    to_corners = 1 - 0.4 * np.abs(x) ** 2.5
    return np.asarray(white * (under_lid * to_corners)[..., None] * np.array([1.0, 0.985, 0.98]))


def _iris(side: int, portrait: Portrait, eye: int, radius: float) -> Picture:
    x, y = _unit_grid(side)
    r, angle = np.hypot(x, y), np.arctan2(y, x)
    color = _iris_color(portrait, eye, radius)
    streaks = 1 + 0.10 * np.sin(23 * angle) * np.sin(9 * angle + 1) + 0.10 * np.cos(41 * angle)
    disc = color * (streaks * (0.85 + 0.5 * np.clip(r - _PUPIL, 0, 1)))[..., None]
    limbus = np.clip((r - 0.80) / 0.2, 0, 1)[..., None] * 0.65
    pupil = np.clip((_PUPIL - r) * side / 6, 0, 1)[..., None]
    disc = disc * (1 - limbus) * (1 - pupil) + 10 * pupil
    disc *= np.clip(0.3 + 0.8 * (y + 0.8), 0.28, 1.0)[..., None]
    spark = np.clip(1.6 - np.hypot(x + 0.30, y + 0.34) / 0.12, 0, 1)[..., None]
    return np.asarray(disc * (1 - spark) + 232 * spark)


def _iris_color(portrait: Portrait, eye: int, radius: float) -> Picture:
    """(3,) of the lower half of the ring between pupil and limbus, where no lash falls; darker than its median, because
    a misplaced ring takes in some of the white."""
    rows, columns = np.indices(portrait.image.shape[:2])
    x, y = columns - portrait.irises[eye, 0], rows - portrait.irises[eye, 1]
    distance = np.hypot(x, y) / radius
    ring = portrait.image[(distance > 0.45) & (distance < 0.85) & (y > -0.2 * radius)]
    color = np.percentile(ring, 30, axis=0) if len(ring) else np.array([70.0, 50.0, 40.0])
    return np.asarray(np.clip(color, 24, 150))

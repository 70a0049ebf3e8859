"""What the head is made of, besides its skin: the rest of the picture, eyeballs, teeth and the mouth's inside.

Every layer is a small mesh in the head frame. Layers lie behind one another by a fixed bias, so that lids cover irises
and lips cover teeth wherever the head turns.
"""

from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from facecues.models.warp.textures import Atlas, Tile
from facecues.models.warp.topology import OVAL
from facecues.preprocess.geometry import Similarity

Float64 = NDArray[np.float64]

_GRID = 48  # cells of the sheet along each side
_HAIR, _EARS, _CHIN = 0.55, 0.28, 0.05  # how far beyond the face's outline the head is rigid, template units
_FADE = 0.95  # from there to where the picture stays in place
_RECEDES = 0.6  # how the head falls back beyond the outline: depth over distance
_BORDER = 0.09  # of the picture's side, fixed to its edge
_ARCH = 1.5  # how the jaw falls back to the sides: depth over squared breadth, 1 / template units
_CHIN_POINT, _LOWER_LIP = 8, 57


@dataclass(frozen=True, slots=True, eq=False)
class Layer:
    """A mesh that moves with the head.

    Attributes:
        rest: (V, 3) head frame, template units.
        carried: (V, 68) displacement as weights of the 68 points' displacements.
        rigid: (V,) 1 where it moves with the head, 0 where it stays in the picture.
        texture: (V, 2) atlas pixels.
        faces: (F, 3) vertex numbers within the layer.
        behind: depth bias in heads; the skin has 0.
    """

    rest: Float64
    carried: Float64
    rigid: Float64
    texture: Float64
    faces: NDArray[np.int32]
    behind: float


def sheet(carried_skin: Float64, mesh: Float64, pose: Similarity, size: int) -> Layer:
    """The whole picture as one elastic sheet: rigid at the hair, the ears and the chin, still at its border.

    Being one sheet it cannot tear: what the head uncovers is stretched, not missing.

    Args:
        carried_skin: (468, 68) the skin's `carried`.
        mesh: (468, 3) the skin in the picture, pixels.
        pose: head to picture.
        size: side of the picture.
    """
    steps = np.linspace(-0.5, size - 0.5, _GRID + 1)
    texture = np.stack(np.meshgrid(steps, steps), axis=-1).reshape(-1, 2)
    # As the camera sees it, in template units; turned into the head frame at the end.
    flat = (texture - pose.translation[:2]) / pose.scale
    seen = (mesh - pose.translation) / pose.scale
    vertices = seen[:, :2]
    outline = vertices[OVAL].astype(np.float32)[:, None]
    beyond = np.array([max(0.0, -cv2.pointPolygonTest(outline, (float(x), float(y)), True)) for x, y in flat])
    # Whatever is near leads; farther out the neighbourhood is wider.
    distance = np.linalg.norm(flat[:, None] - vertices, axis=-1)
    reach = 0.08 + 0.5 * beyond[:, None]
    near = np.exp(-0.5 * ((distance**2 - distance.min(axis=1, keepdims=True) ** 2) / reach**2))
    near /= near.sum(axis=1, keepdims=True)
    carried = (near * _fades(beyond, 0.0, 0.7)[:, None]) @ carried_skin
    towards = flat - vertices[OVAL].mean(axis=0)
    up = -towards[:, 1] / np.maximum(np.linalg.norm(towards, axis=1), 1e-9)
    margin = np.where(up > 0, _EARS + (_HAIR - _EARS) * up**2, _EARS + (_CHIN - _EARS) * np.sqrt(np.abs(up)))
    depth = near @ seen[:, 2] + _RECEDES * np.minimum(beyond, margin)
    edge = np.minimum(texture, size - 1 - texture).min(axis=1) / (_BORDER * size)
    rigid = _fades(beyond, margin, margin + _FADE) * (1 - _fades(edge, 0.0, 1.0))
    rest = np.column_stack([flat, depth]) @ pose.rotation
    return Layer(rest, carried, rigid, texture, grid_faces(_GRID + 1, _GRID + 1), behind=8.0)


def eyeballs(rest: Float64, atlas: Atlas) -> list[Layer]:
    """One patch behind each pair of lids. rest: (68, 3) the face at rest."""
    layers = []
    for corners, tile in zip(((36, 39), (42, 45)), atlas.eyes, strict=True):
        width = float(np.linalg.norm(rest[corners[1]] - rest[corners[0]]))
        centre = rest[list(corners)].mean(axis=0) - np.array([0, 0.04 * width, 0])
        layers.append(_patch(centre, 1.3 * width, 0.9 * width, tile, behind=3.0))
    return layers


def mouth_interior(rest: Float64, atlas: Atlas) -> list[Layer]:
    """Upper teeth, fixed to the head; lower teeth and tongue, moving with the jaw; the dark behind them."""
    width = float(rest[54, 0] - rest[48, 0])
    lips = rest[[61, 62, 63, 65, 66, 67]].mean(axis=0)
    jaw = np.zeros(68)
    jaw[[_CHIN_POINT, _LOWER_LIP]] = 0.5
    upper = _patch(lips + np.array([0, -0.068, 0.03]), 0.80 * width, 0.17, atlas.upper_teeth, behind=4.0, bow=0.02)
    lower = _patch(lips + np.array([0, 0.075, 0.03]), 0.72 * width, 0.15, atlas.lower_teeth, behind=4.2, bow=-0.015)
    dark = _patch(lips + np.array([0, 0.08, 0.12]), 0.95 * width, 0.42, atlas.mouth, behind=5.0)
    falls = np.where(dark.rest[:, 1] > lips[1], 0.6, 0.0)[:, None] * jaw
    return [upper, replace(lower, carried=np.tile(jaw, (len(lower.rest), 1))), replace(dark, carried=falls)]


def disc(tile: Tile, spokes: int = 28) -> tuple[Float64, Float64, NDArray[np.int32]]:
    """A unit disc: (V, 2) points, their texture and its triangles. The centre is the first point."""
    angles = np.linspace(0, 2 * np.pi, spokes, endpoint=False)
    points = np.concatenate([[[0.0, 0.0]], np.stack([np.cos(angles), np.sin(angles)], axis=-1)])
    rim = np.arange(1, spokes + 1)
    faces = np.stack([np.zeros(spokes, int), rim, np.roll(rim, -1)], axis=-1)
    return points, tile.at((points + 1) / 2), faces.astype(np.int32)


def grid_faces(rows: int, columns: int) -> NDArray[np.int32]:
    """Two triangles for each cell of a grid of vertices in row-major order."""
    number = np.arange(rows * columns).reshape(rows, columns)
    a, b, c, d = (number[r, k].ravel() for r in (np.s_[:-1], np.s_[1:]) for k in (np.s_[:-1], np.s_[1:]))
    return np.concatenate([np.stack([a, b, c], axis=-1), np.stack([b, d, c], axis=-1)]).astype(np.int32)


def _patch(centre: Float64, width: float, height: float, tile: Tile, *, behind: float, bow: float = 0.0) -> Layer:
    """A piece facing forward, bent back as the jaw's arch is; `bow` lifts its sides, template units."""
    unit = np.stack(np.meshgrid(np.linspace(0, 1, 9), np.linspace(0, 1, 3)), axis=-1).reshape(-1, 2)
    offset = (unit - 0.5) * (width, height)
    offset[:, 1] -= bow * (2 * unit[:, 0] - 1) ** 2
    rest = centre + np.column_stack([offset, _ARCH * offset[:, 0] ** 2])
    return Layer(rest, np.zeros((len(unit), 68)), np.ones(len(unit)), tile.at(unit), grid_faces(3, 9), behind)


def _fades(value: Float64, start: Float64 | float, end: Float64 | float) -> Float64:
    """1 up to `start`, 0 from `end`, smooth between (smoothstep)."""
    share = np.clip((value - start) / (np.asarray(end) - start), 0, 1)
    return 1 - share * share * (3 - 2 * share)

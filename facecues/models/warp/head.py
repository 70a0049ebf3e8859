"""The `warp` renderer: a portrait that follows landmarks.

The face mesh of the portrait is lifted into the head frame, deformed by what the 68 points do there, turned and put
back into the picture; hair, ears, neck and background follow as one elastic sheet. No network takes part but the one
that reads the portrait, once.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from facecues.errors import UsageError
from facecues.models.warp.layers import Layer, disc, eyeballs, mouth_interior, sheet
from facecues.models.warp.look import Look
from facecues.models.warp.portrait import Place, Portrait, read_portrait
from facecues.models.warp.raster import Rasterizer
from facecues.models.warp.shape import at_rest, carried_by_landmarks, places_of_skin, with_lids
from facecues.models.warp.textures import Atlas, draw_atlas
from facecues.models.warp.topology import triangles
from facecues.preprocess.geometry import Similarity, fit_pose, relocate, to_head
from facecues.preprocess.landmarks.facemesh import FaceMeshBackend

Float64 = NDArray[np.float64]

_SUPERSAMPLE = {256: 2.0, 512: 1.5}  # by the frames' size: edges of lids and lips are drawn larger, then made smooth
# Of the eye's width between the lids' corners as the iris network marks them: 11.7 mm of about 28.
_IRIS_DIAMETER = 0.42
_IRIS_BEHIND = 2.0  # heads; the lids have 0, the eyeball more
_HEAD = 3.0  # from crown to chin, template units
# The network that reads the portrait makes faces flat: drawn so, a head that is told to turn by 20 degrees is read as
# turned by 14, and this much deeper by 16; pitch is read as 0.99 and 1.08 of what is told.
_DEEPER = np.array([1.0, 1.0, 1.1])


class Rest(NamedTuple):
    """A face that does nothing.

    Attributes:
        neutral: (68, 3) float64, its mouth closed, template units.
        pose: head to frame, as in the portrait.
    """

    neutral: Float64
    pose: Similarity


@dataclass(frozen=True, slots=True, eq=False)
class WarpHead:
    """A portrait, ready to be moved.

    Attributes:
        size: side of the frames, pixels.
        neutral: (68, 3) float64, the face at rest with its mouth closed, template units.
        pose: head to frame, as in the portrait.
        crop: (2, 3) float64, pixels of the portrait, mirrored if the look is, to those of the frames.
    """

    size: int
    neutral: Float64
    pose: Similarity
    crop: Float64
    _rest: Float64  # (V, 3) head frame
    _carried: Float64  # (V, 68)
    _still: Float64  # (V, 3) frame pixels: where a vertex that does not move with the head stays
    _rigid: Float64  # (V, 1)
    _behind: Float64  # (V,) heads
    _iris: Float64  # (K, 2) unit disc
    _iris_radius: Float64  # (2,) template units, right eye first
    _atlas: Atlas
    _rasterizer: Rasterizer

    @classmethod
    def prepare(
        cls,
        portrait: NDArray[Any],
        size: int = 512,
        *,
        near: Place | None = None,
        look: Look | None = None,
        backend: FaceMeshBackend | None = None,
    ) -> "WarpHead":
        """Reads a portrait.

        Args:
            portrait: (H, W), (H, W, 3) or (H, W, 4) uint8, RGB or RGBA, of one face.
            size: side of the frames, pixels.
            near: x, y of the face, pixels, where it is known: then there may be others.
            look: changes that make another person of it.
            backend: reads the face; made anew when not given.

        Raises:
            UsageError: another size, another kind of picture, no face in it, or several.
        """
        if size not in _SUPERSAMPLE:
            raise UsageError(f"The warp renderer makes frames of 256 or 512 pixels, not {size}.")
        look = look or Look()
        return _build(read_portrait(portrait, size, backend, near=near, mirrored=look.mirrored), look)

    def render(self, landmarks: NDArray[Any]) -> Iterator[NDArray[np.uint8]]:
        """Frames of the portrait with its points at the given places.

        Args:
            landmarks: (T, 70, 3) frame pixels: 68 points of this very face, its expression on it, and two pupils, right
                eye first (facecues.preprocess.pupils.relocate_with_pupils). Add another face's displacements to
                `neutral` to let it lead.

        Yields:
            (size, size, 3) uint8 RGB.
        """
        points = np.asarray(landmarks, np.float64)
        if points.ndim != 3 or points.shape[1:] != (70, 3) or not np.isfinite(points).all():
            raise UsageError(f"Expected finite landmarks of shape (T, 70, 3), got {points.shape}.")
        for one in points:
            yield self._paint(self._place(one))

    def _place(self, points: Float64) -> Float64:
        """(V, 3) all vertices in frame pixels."""
        pose = fit_pose(points[:68])
        moved = self._rest + self._carried @ (to_head(points[:68], pose) - self.neutral)
        placed = relocate(moved * _DEEPER, pose)
        placed = self._still + self._rigid * (placed - self._still)
        placed[:, 2] += self._behind * (_HEAD * pose.scale)
        irises = [self._place_iris(points[68 + eye], pose.scale * self._iris_radius[eye], pose) for eye in range(2)]
        return np.concatenate([placed, *irises])

    def _place_iris(self, pupil: Float64, radius: float, pose: Similarity) -> Float64:
        depth = np.full(len(self._iris), pupil[2] + _IRIS_BEHIND * _HEAD * pose.scale)
        return np.column_stack([pupil[:2] + radius * self._iris, depth])

    def _paint(self, vertices: Float64) -> NDArray[np.uint8]:
        larger = _SUPERSAMPLE[self.size]
        fine = vertices * larger
        fine[:, :2] += (larger - 1) / 2  # pixel centres
        columns, rows = self._rasterizer(fine)
        frame = cv2.remap(self._atlas.image, columns, rows, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        return cv2.resize(frame, (self.size, self.size), interpolation=cv2.INTER_AREA).astype(np.uint8, copy=False)


def rest_of(portrait: Portrait, look: Look) -> Rest:
    """`neutral` and `pose` of the portrait's WarpHead, at once: nothing is drawn.

    Args:
        portrait: read mirrored if the look is.
        look: changes that make another person of it.
    """
    pose = fit_pose(portrait.landmarks)
    rest, _ = _in_new_proportions(at_rest(to_head(portrait.landmarks, pose)), pose, look)
    return rest


def _in_new_proportions(closed: Float64, pose: Similarity, look: Look) -> tuple[Rest, Similarity]:
    """The face as the look makes it, and the change of its head frame: in new proportions the stable points fit the
    template otherwise."""
    neutral = look.reshape(closed)
    change = fit_pose(neutral)
    placed = Similarity(
        pose.rotation @ change.rotation,
        pose.scale * change.scale,
        pose.translation + pose.scale * pose.rotation @ change.translation,
    )
    return Rest(to_head(neutral, change), placed), change


def _build(portrait: Portrait, look: Look) -> WarpHead:
    pose = fit_pose(portrait.landmarks)
    seen = to_head(portrait.landmarks, pose)
    faces = triangles()
    mesh = to_head(portrait.mesh, pose)
    carried = with_lids(carried_by_landmarks(faces), mesh)
    closed = at_rest(seen)
    places = places_of_skin(portrait.mesh, faces)
    skin = Layer(mesh + carried @ (closed - seen), carried, np.ones(len(mesh)), places, faces, behind=0.0)
    # The eyes' widths are the same before and after a change of proportions, but for a percent or two.
    widths = np.linalg.norm(closed[[36, 42]] - closed[[39, 45]], axis=-1)
    radii = widths * _IRIS_DIAMETER / 2
    atlas = draw_atlas(portrait, places, radii * pose.scale)
    layers = [
        skin,
        sheet(carried, portrait.mesh, pose, portrait.image.shape[0]),
        *eyeballs(closed, atlas),
        *mouth_interior(closed, atlas),
    ]
    atlas = replace(atlas, image=look.recolor(atlas.image))
    return _reshaped(layers, atlas, closed, pose, radii, look, portrait.crop)


def _reshaped(  # noqa: PLR0917
    layers: list[Layer],
    atlas: Atlas,
    closed: Float64,
    pose: Similarity,
    radii: Float64,
    look: Look,
    crop: Float64,
) -> WarpHead:
    rest = np.concatenate([layer.rest for layer in layers])
    still = relocate(rest, pose)
    face, change = _in_new_proportions(closed, pose, look)
    rest = to_head(look.reshape(rest), change)
    first = np.cumsum([0, *(len(layer.rest) for layer in layers)])
    faces = [layer.faces + start for layer, start in zip(layers, first, strict=False)]
    texture = [layer.texture for layer in layers]
    start = int(first[-1])
    for tile in atlas.irises:
        unit, places, spokes = disc(tile)
        faces.append(spokes + start)
        texture.append(places)
        start += len(unit)
    size, width = atlas.image.shape[:2]
    return WarpHead(
        size,
        *face,
        crop,
        rest,
        np.concatenate([layer.carried for layer in layers]),
        still,
        np.concatenate([layer.rigid for layer in layers])[:, None],
        np.concatenate([np.full(len(layer.rest), layer.behind) for layer in layers]),
        unit,
        radii / change.scale,
        atlas,
        Rasterizer(np.concatenate(faces), np.concatenate(texture), (width, size), round(size * _SUPERSAMPLE[size])),
    )

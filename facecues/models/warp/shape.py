"""The face's shape at rest, and how 68 points carry all others along."""

import numpy as np
from numpy.typing import NDArray

from facecues.models.warp.topology import EYE_RINGS, FOREHEAD, INNER_LIPS, OVAL, VERTICES, laplacian
from facecues.preprocess.landmarks.mesh68 import MESH_TO_68
from facecues.preprocess.template import TEMPLATE

Float64 = NDArray[np.float64]

_MOUTH = np.arange(48, 68)
_UPPER_INNER, _LOWER_INNER = [61, 62, 63], [65, 66, 67]
_UPPER_OUTER, _LOWER_OUTER = [49, 50, 51, 52, 53], [55, 56, 57, 58, 59]
_GAP = 0.002  # between closed lips, template units: no teeth to be seen
_LIPS = np.setdiff1d(INNER_LIPS, [78, 308])  # without the corners
_BELOW_EARS = np.array([454, 323, 361, 288, 397, 234, 93, 132, 58, 172])
_LIPS_DRAWN_BACK, _JAW_DRAWN_BACK = 0.6, 0.8  # of the way to the next points
_WIDEST = 0.60  # of a mouth at rest, template units; a smile is wider


def carried_by_landmarks(faces: NDArray[np.int32]) -> Float64:
    """(468, 68): displacements of the mesh as weights of the displacements of the 68 points.

    Biharmonic on the mesh's graph, so that what the points say spreads smoothly over the skin but not across the lips
    or the lids, which the mesh does not join. The hairline stays. Source: the bi-Laplacian of Botsch and Sorkine, "On
    Linear Variational Surface Deformation Methods", IEEE TVCG 14(1), 2008, with every edge of weight 1.
    """
    bilaplacian = np.linalg.matrix_power(laplacian(faces), 2)
    known = np.concatenate([MESH_TO_68, FOREHEAD])
    free = np.setdiff1d(np.arange(VERTICES), known)
    spread = -np.linalg.solve(bilaplacian[np.ix_(free, free)], bilaplacian[np.ix_(free, known)])
    weights = np.zeros((VERTICES, 68))
    weights[MESH_TO_68] = np.eye(68)
    weights[free] = spread[:, :68]
    return weights


def with_lids(carried: Float64, mesh: Float64) -> Float64:
    """The same weights, but with lids that meet along their whole length when the points on them meet.

    Between the two points of a lid the opening is shared out as the eye at rest has it.

    Args:
        carried: (468, 68) weights.
        mesh: (468, 3) at rest, any unit.
    """
    weights = carried.copy()
    for ring, first in zip(EYE_RINGS, (36, 42), strict=True):
        lower, upper = ring[1:8], ring[9:16]  # both from the outer to the inner corner
        opening = np.linalg.norm(mesh[upper] - mesh[lower], axis=-1)
        # iBUG goes over the upper lid and back under the lower one, from the right end of either eye.
        above, below = (first + 1, first + 2), (first + 5, first + 4)
        if first == 42:
            above, below = above[::-1], below[::-1]
        for lid, points in ((upper, above), (lower, below)):
            at = np.array([int(np.flatnonzero(lid == MESH_TO_68[point])[0]) for point in points])
            towards_second = np.clip((np.arange(7) - at[0]) / (at[1] - at[0]), 0, 1)
            weights[lid] = 0.0
            weights[lid, points[0]] = (1 - towards_second) * opening / opening[at[0]]
            weights[lid, points[1]] = towards_second * opening / opening[at[1]]
    return weights


def places_of_skin(mesh: Float64, faces: NDArray[np.int32]) -> Float64:
    """(468, 2): where the skin is in the picture, with two of its edges drawn back onto it.

    In a smile the edge of the lips that the network marks lies on the teeth as often as on the lip, and a closed mouth
    would show a white line. The outline below the ears lies on what is behind as often as on the jaw, and a head that
    turns would make a patch of it.
    """
    places = mesh[:, :2].copy()
    joined = laplacian(faces) < 0
    for edge, moved, share in ((INNER_LIPS, _LIPS, _LIPS_DRAWN_BACK), (OVAL, _BELOW_EARS, _JAW_DRAWN_BACK)):
        inward = joined.copy()
        inward[:, edge] = False
        for vertex in moved:
            places[vertex] += share * (mesh[inward[vertex], :2].mean(axis=0) - mesh[vertex, :2])
    return places


def at_rest(normalized: Float64) -> Float64:
    """The (68, 3) face with its mouth closed and not smiling, template units; all else stays.

    The template's mouth is put at its share of the way from nose to chin, as wide as the face's own but not wider than
    a mouth at rest.
    """
    mouth = TEMPLATE[_MOUTH].copy()
    _close(mouth)
    width = np.linalg.norm(normalized[54, :2] - normalized[48, :2])
    template_width = TEMPLATE[54, 0] - TEMPLATE[48, 0]
    share = (_line(TEMPLATE) - TEMPLATE[33, 1]) / (TEMPLATE[8, 1] - TEMPLATE[33, 1])
    line = normalized[33, 1] + share * (normalized[8, 1] - normalized[33, 1])
    mouth[:, 0] *= min(width, _WIDEST) / template_width
    mouth[:, 0] += 0.5 * (normalized[33, 0] + normalized[8, 0])
    mouth[:, 1] += line - _line(TEMPLATE)
    mouth[:, 2] += normalized[33, 2] - TEMPLATE[33, 2]
    rest = normalized.copy()
    rest[_MOUTH] = mouth
    return rest


def _line(points: Float64) -> float:
    """Height of the line between the lips."""
    return float(points[_UPPER_INNER + _LOWER_INNER, 1].mean())


def _close(mouth: Float64) -> None:
    """Brings the template's parted lips together, each with its thickness."""
    upper, lower = np.array(_UPPER_INNER) - 48, np.array(_LOWER_INNER) - 48
    line = (mouth[upper, 1] + mouth[lower[::-1], 1]) / 2
    down, up = line - _GAP / 2 - mouth[upper, 1], mouth[lower[::-1], 1] - line - _GAP / 2
    mouth[upper, 1] += down
    mouth[lower[::-1], 1] -= up
    mouth[np.array(_UPPER_OUTER) - 48, 1] += down.mean()
    mouth[np.array(_LOWER_OUTER) - 48, 1] -= up.mean()

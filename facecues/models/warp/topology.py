"""How MediaPipe's 468 face points hang together.

Vertex numbers: mediapipe/modules/face_geometry/data/canonical_face_model_uv_visualization.png; triangles and rings:
mediapipe/python/solutions/face_mesh_connections.py (Apache-2.0). The mesh has a hole for each eye and for the mouth.
"""

from importlib.resources import files

import numpy as np
from numpy.typing import NDArray

VERTICES = 468

# fmt: off
# Face outline, from the middle of the forehead over the subject's left side.
OVAL = np.array([
    10, 338, 297, 332, 284, 251, 389, 356, 454, 323, 361, 288, 397, 365, 379, 378, 400, 377,
    152, 148, 176, 149, 150, 136, 172, 58, 132, 93, 234, 127, 162, 21, 54, 103, 67, 109,
])
FOREHEAD = np.array([10, 338, 297, 332, 284, 251, 389, 162, 21, 54, 103, 67, 109])  # of OVAL, above the ears
# Lids, right eye first: from the outer corner along the lower lid to the inner corner, back along the upper lid.
EYE_RINGS = np.array([
    [33, 7, 163, 144, 145, 153, 154, 155, 133, 246, 161, 160, 159, 158, 157, 173],
    [263, 249, 390, 373, 374, 380, 381, 382, 362, 466, 388, 387, 386, 385, 384, 398],
])
# Inner edge of the lips: upper from the right to the left corner, then lower back.
INNER_LIPS = np.array([78, 191, 80, 81, 82, 13, 312, 311, 310, 415, 308, 324, 318, 402, 317, 14, 87, 178, 88, 95])
OUTER_LIPS = np.array([61, 185, 40, 39, 37, 0, 267, 269, 270, 409, 291, 375, 321, 405, 314, 17, 84, 181, 91, 146])
# fmt: on


def triangles() -> NDArray[np.int32]:
    """(852, 3) vertex numbers."""
    text = files(__package__).joinpath("facemesh_triangles.csv").read_text()
    return np.loadtxt(text.splitlines(), np.int32, delimiter=",")


def laplacian(faces: NDArray[np.int32]) -> NDArray[np.float64]:
    """(468, 468) graph Laplacian: degree less adjacency, every edge of weight 1."""
    adjacency = np.zeros((VERTICES, VERTICES))
    for one, other in ((0, 1), (1, 2), (2, 0)):
        adjacency[faces[:, one], faces[:, other]] = adjacency[faces[:, other], faces[:, one]] = 1.0
    return np.diag(adjacency.sum(axis=1)) - adjacency

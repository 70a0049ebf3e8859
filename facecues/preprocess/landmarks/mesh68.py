"""Which vertices of MediaPipe's face mesh stand for the 68 iBUG points.

A convention, not a standard: the table is symmetric (see MESH_MIRROR_PAIRS' use in the tests), its hash is part of the
backend's signature, and `docs/landmarks.md` draws it. Vertex numbers are those of MediaPipe's canonical face
(mediapipe/modules/face_geometry/data/canonical_face_model_uv_visualization.png).
"""

import hashlib

import numpy as np

# fmt: off
MESH_TO_68 = np.array([
    127, 234, 132, 58, 172, 136, 150, 176, 152, 400, 379, 365, 397, 288, 361, 454, 356,  # jaw
    70, 63, 105, 66, 107,  # right brow
    336, 296, 334, 293, 300,  # left brow
    168, 197, 5, 4,  # nose bridge
    98, 97, 2, 326, 327,  # nose base
    33, 160, 158, 133, 153, 144,  # right eye
    362, 385, 387, 263, 373, 380,  # left eye
    61, 39, 37, 0, 267, 269, 291, 405, 314, 17, 84, 181,  # outer lips
    78, 82, 13, 312, 308, 317, 14, 87,  # inner lips
])
# fmt: on
RIGHT_EYE_CORNERS = (33, 133)  # outer, inner
LEFT_EYE_CORNERS = (362, 263)  # inner, outer

# Points of the iris network's eye contour (its first 16 of 71, MediaPipe's iris graph) in the order of iBUG 36-41.
IRIS_CONTOUR_TO_EYE = np.array([0, 11, 13, 8, 5, 3])

TABLE_HASH = hashlib.sha256(MESH_TO_68.tobytes() + IRIS_CONTOUR_TO_EYE.tobytes()).hexdigest()[:8]

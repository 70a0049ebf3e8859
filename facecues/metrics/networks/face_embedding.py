"""Face embeddings for identity: any FrameNetwork. `dlib` is the one that PyPI alone can install."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from facecues import weights
from facecues.errors import BackendUnavailableError, UsageError
from facecues.metrics.contracts import Batch, Float32, FrameNetwork
from facecues.metrics.networks.face_crop import has_face

try:
    import dlib
except (ImportError, OSError):
    dlib = None

FACE_EMBEDDINGS: Final = ("dlib",)


def face_embedding(name: str) -> FrameNetwork:
    """Loads a face embedding: "dlib", 128-d.

    Raises:
        UsageError: no such embedding.
        WeightsMissingError, BackendUnavailableError: one sentence that says what is needed.
    """
    if name not in FACE_EMBEDDINGS:
        raise UsageError(f"no face embedding is called {name!r}: expected one of {', '.join(FACE_EMBEDDINGS)}")
    return DlibEmbedding()


class DlibEmbedding:
    """dlib's face recognition network (davisking/dlib-models), on the CPU, one picture at a time. See FrameNetwork.

    dlib turns and scales the face by its own rule for 68 points, which looks at eyes, nose and upper lip, into 150 x
    150 pixels. Its embeddings were trained on their distance: less than 0.6 for one person (its documentation). Their
    cosine keeps persons apart too, but within a narrow range, for all faces lie on one side.
    """

    name = "identity-dlib"
    context = 0

    def __init__(self) -> None:
        """Loads the weights.

        Raises:
            BackendUnavailableError: dlib is not installed.
            WeightsMissingError: the weights are not here and cannot be fetched.
        """
        if dlib is None:
            raise BackendUnavailableError(
                "identity 'dlib' needs dlib, which does not import here: pip install dlib-bin"
            )
        self._network = dlib.face_recognition_model_v1(str(weights.locate(self.name)))
        self.signature = f"{self.name}[w:{weights.sha256_of(self.name)[:8]},chip:150]"

    def features(self, batch: Batch) -> Float32:
        """(n, 128) float32; a row of NaN where there is no face."""
        out = np.full((len(batch.pictures), 128), np.nan, np.float32)
        for row in np.flatnonzero(has_face(batch)):
            picture = np.ascontiguousarray(batch.pictures[row])
            out[row] = self._network.compute_face_descriptor(picture, _detection(batch.landmarks[row]))
        return out


def _detection(points: NDArray[np.float32]) -> "dlib.full_object_detection":
    """68 points as dlib has them, in whole pixels. The box is not looked at."""
    corners = points[:, :2].round().astype(int)
    box = dlib.rectangle(*corners.min(axis=0).tolist(), *corners.max(axis=0).tolist())
    return dlib.full_object_detection(box, dlib.points([dlib.point(*one) for one in corners.tolist()]))

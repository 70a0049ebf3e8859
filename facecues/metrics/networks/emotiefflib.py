"""Emotion classifier `emotiefflib`: EmotiEffLib's EfficientNet-B0 (Savchenko 2021, arXiv 2103.17107), 8 classes.

Its ONNX file runs on ONNX Runtime. The package itself is not used: it downloads into the home directory without a check
of what came, and its PyTorch files are pickled modules.
"""

from pathlib import Path

import numpy as np
from scipy.special import softmax

from facecues import weights
from facecues.errors import BackendUnavailableError, WeightsMissingError
from facecues.labels import parse_emotion
from facecues.metrics.contracts import Batch, Float32, Pictures
from facecues.metrics.networks.face_crop import FaceCrop, has_face

try:
    import onnxruntime
    from onnxruntime.capi.onnxruntime_pybind11_state import Fail, InvalidArgument, InvalidGraph, InvalidProtobuf
except (ImportError, OSError) as error:
    raise BackendUnavailableError(
        f"emotion 'emotiefflib' needs ONNX Runtime, which does not import here ({error}): pip install onnxruntime"
    ) from error

# emotiefflib/facial_analysis.py: the order of the 8-class models, the side of B0's input, ImageNet's colours (RGB).
_CLASSES = ("anger", "contempt", "disgust", "fear", "happiness", "neutral", "sadness", "surprise")
_MEAN = np.array([0.485, 0.456, 0.406], np.float32)
_STD = np.array([0.229, 0.224, 0.225], np.float32)

# The tutorials stretch the tight box of facenet-pytorch's MTCNN to a square. Its like about the 68 points: medians over
# 115 frames of 41 real and generated clips.
_BOX = FaceCrop(width=2.52, height=3.43, lift=0.25, size=224)


class EmotiEffLibClassifier:
    """An EmotionClassifier on colour face crops of 224 x 224, on the CPU. See FrameNetwork."""

    name = "emotion-emotiefflib"
    context = 0
    classes = tuple(parse_emotion(one) for one in _CLASSES)

    def __init__(self, file: Path | None = None) -> None:
        """Loads the published weights, unless the ONNX file of a network with the same input and output is given.

        Raises:
            WeightsMissingError: no such file, or another network's.
        """
        path = weights.locate(self.name) if file is None else file
        origin = "given" if file is not None else weights.sha256_of(self.name)[:8]
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1  # one native thread per worker
        nothing = np.zeros((1, _BOX.size, _BOX.size, 3), np.uint8)
        try:
            self._session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
            self._input = self._session.get_inputs()[0].name
            shape = self._probabilities(nothing).shape
        except (Fail, InvalidArgument, InvalidGraph, InvalidProtobuf) as error:
            raise WeightsMissingError(
                f"{path} is no ONNX network for pictures of {_BOX.size} x {_BOX.size} ({error}); "
                "put the right file in its place"
            ) from error
        if shape != (1, len(_CLASSES)):
            raise WeightsMissingError(
                f"{path} is another network: expected {len(_CLASSES)} classes, got an output of {shape}; "
                "put the right file in its place"
            )
        self.signature = f"{self.name}[w:{origin},{_BOX.signature}]"

    def features(self, batch: Batch) -> Float32:
        """(n, 8) float32 probabilities; a row of NaN where there is no face."""
        seen = has_face(batch)
        out = np.full((len(seen), len(_CLASSES)), np.nan, np.float32)
        if seen.any():
            out[seen] = self._probabilities(_BOX.cut(batch.pictures[seen], batch.landmarks[seen]))
        return out

    def _probabilities(self, crops: Pictures) -> Float32:
        """(n, 224, 224, 3) uint8 RGB -> (n, 8)."""
        x = (crops.astype(np.float32) / 255 - _MEAN) / _STD
        (logits,) = self._session.run(None, {self._input: np.ascontiguousarray(x.transpose(0, 3, 1, 2))})
        return softmax(np.asarray(logits, np.float32), axis=1)  # type: ignore[no-any-return]

"""What backends and metrics need: packages. Which weights they need is said by `Weight.unlocks`."""

from typing import NamedTuple


class Package(NamedTuple):
    """How a package is called, imported and installed."""

    distribution: str
    module: str
    remedy: str
    others: tuple[str, ...] = ()  # distributions that bring the module too


class Use(NamedTuple):
    """A backend or metric.

    Attributes:
        name: as in `Weight.unlocks`.
        role: what it is for.
        packages: distributions.
    """

    name: str
    role: str
    packages: tuple[str, ...]


_CORE = "install facecues again: pip install --force-reinstall facecues"
TORCH = "pip install 'facecues[torch]'"
PACKAGES = (
    Package("ai-edge-litert", "ai_edge_litert.interpreter", _CORE),
    Package("av", "av", _CORE),
    Package("dask", "dask", _CORE),
    Package("numpy", "numpy", _CORE),
    Package(
        "opencv-python-headless",
        "cv2",
        # opencv-python needs libGL and overwrites the files of the headless build.
        "pip uninstall --yes opencv-python opencv-contrib-python; "
        "pip install --force-reinstall --no-deps opencv-python-headless",
    ),
    Package("pyarrow", "pyarrow", _CORE),
    Package("torch", "torch", TORCH),
    Package("safetensors", "safetensors", TORCH),
    Package("h5py", "h5py", TORCH),
    Package(
        "face-alignment",
        "face_alignment",
        # With its dependencies, pip would bring opencv-python.
        f"{TORCH}; pip install --no-deps face-alignment",
    ),
    Package("onnxruntime", "onnxruntime", "pip install 'facecues[emotion]'", ("onnxruntime-gpu",)),
    Package("dlib-bin", "dlib", "pip install 'facecues[identity]'", ("dlib",)),
    Package("librosa", "librosa", "pip install 'facecues[logmel]'"),
)
SLOW_TO_IMPORT = {"torch", "face_alignment"}

_LITERT = "ai-edge-litert", "opencv-python-headless"
_NETWORK = "torch", "safetensors", "opencv-python-headless"
BACKENDS = (
    Use("facemesh", "landmarks", _LITERT),
    Use("face-landmarker", "landmarks", _LITERT),
    Use("face-alignment", "landmarks", (*_NETWORK, "face-alignment")),
    Use("l2cs (90 bins)", "gaze", _NETWORK),
    Use("l2cs (28 bins)", "gaze", _NETWORK),
    Use("logmel", "front end", ("librosa",)),
)
WITH_IRISES = ("facemesh", "face-landmarker")

# Those of landmarks, pose, gaze, blinks and loudness need no more than an extraction does.
METRICS = (
    Use("SSIM", "pictures", ("opencv-python-headless",)),
    Use("PSNR", "pictures", ("opencv-python-headless",)),
    Use("LPIPS", "pictures, on AlexNet", _NETWORK),
    Use("LPIPS-VGG", "pictures, on VGG16", _NETWORK),
    Use("FID", "sets of pictures", _NETWORK),
    Use("KID", "sets of pictures", _NETWORK),
    Use("FD-AlexNet", "sets of pictures, in place of FID", _NETWORK),
    Use("emotion-fer", "emotion accuracy, 7 classes", (*_NETWORK, "h5py")),
    Use("emotion-emotiefflib", "emotion accuracy, 8 classes", ("onnxruntime", "opencv-python-headless")),
    Use("identity-dlib", "identity", ("dlib-bin",)),
    Use("LSE-C", "lip sync", _NETWORK),
    Use("LSE-D", "lip sync", _NETWORK),
)

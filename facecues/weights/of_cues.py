"""Weights of the landmark and gaze backends."""

from facecues.weights.kinds import Url, Weight, Wheel, WheelMember

# The last mediapipe that carries its models. Hashes computed from this wheel.
_MEDIAPIPE = Wheel(
    "mediapipe-0.10.21-cp311-cp311-manylinux_2_28_x86_64.whl",
    "05dc4a9e593655a79558d05d6227d31018c2537a4bd3362b51e230cf22aecfe3",
)


def _of_mediapipe(name: str, title: str, member: str, size: int, sha256: str) -> Weight:
    return Weight(
        name=name,
        file_name=member.rpartition("/")[2],
        title=title,
        size=size,
        sha256=sha256,
        licence="Apache-2.0",
        unlocks=("facemesh",),
        address=f"the wheel {_MEDIAPIPE.file_name} on PyPI",
        sources=(WheelMember(_MEDIAPIPE, f"mediapipe/modules/{member}"),),
    )


# Addresses, and the beginnings of hashes in the file names: face_alignment/api.py and
# face_alignment/detection/sfd/sfd_detector.py of 1adrianb/face-alignment 1.5.0.
def _of_face_alignment(
    name: str, title: str, file_name: str, *, size: int | None = None, sha256: str, licence: str
) -> Weight:
    address = f"https://www.adrianbulat.com/downloads/python-fan/{file_name}"
    return Weight(
        name=name,
        file_name=file_name,
        title=title,
        size=size,
        sha256=sha256,
        licence=f"BSD-3-Clause (code); {licence}",
        unlocks=("face-alignment",),
        address=address,
        sources=(Url(address),),
    )


_300W_LP = "trained on 300W-LP, whose annotations exclude commercial use"
_BUNDLE = (
    "https://storage.googleapis.com/mediapipe-models/face_landmarker/face_landmarker/float16/1/face_landmarker.task"
)
_L2CS_FOLDER = "https://drive.google.com/drive/folders/17p6ORr-JQJcw-eYtG2WGNiuS_qVKwdWd"  # L2CS-Net's README

OF_CUES = (
    _of_mediapipe(
        "blazeface-short",
        "BlazeFace short-range face detector",
        "face_detection/face_detection_short_range.tflite",
        229_714,
        "bbff11cebd1eb27a1e004cae0b0e63ec8c551cbf34a4451148b4908b8db3eca8",
    ),
    _of_mediapipe(
        "facemesh",
        "FaceMesh, 468 points",
        "face_landmark/face_landmark.tflite",
        1_242_398,
        "1055cb9d4a9ca8b8c688902a3a5194311138ba256bcc94e336d8373a5f30c814",
    ),
    _of_mediapipe(
        "iris",
        "iris and eye contour",
        "iris_landmark/iris_landmark.tflite",
        2_640_568,
        "d1744d2a09c25f501d39eba4faff47e53ecca8852c5ce19bce8eeac39357521f",
    ),
    Weight(
        name="face-landmarker",
        file_name="face_landmarker.task",
        title="MediaPipe Face Landmarker bundle, 478 points",
        size=3_758_596,
        sha256="64184e229b263107bc2b804c6625db1341ff2bb731874b0bcc2fe6544e0bc9ff",
        licence="Apache-2.0",
        unlocks=("face-landmarker",),
        address=_BUNDLE,
        sources=(Url(_BUNDLE),),
    ),
    _of_face_alignment(
        "fan-3d",
        "FAN-4, 3D landmarks",
        "3DFAN4-7835d9f11d.pth.tar",
        sha256="7835d9f11d",
        licence=_300W_LP,
    ),
    _of_face_alignment(
        "fan-depth",
        "depth of FAN's landmarks",
        "depth-2a464da4ea.pth.tar",
        sha256="2a464da4ea",
        licence=_300W_LP,
    ),
    # Size and whole hash: as several projects that fetched it from this address pin them.
    _of_face_alignment(
        "s3fd",
        "S3FD face detector",
        "s3fd-619a316812.pth",
        size=89_843_225,
        sha256="619a31681264d3f7f7fc7a16a42cbbe8b23f31a256f75a366e5a1bcd59b33543",
        licence="trained on WIDER FACE",
    ),
    # Size and hash: as several projects that fetched it from the authors' folder pin them. The address of
    # the single file in that folder is theirs too; the hash decides whether what comes is used.
    Weight(
        name="l2cs-gaze360",
        file_name="L2CSNet_gaze360.pkl",
        title="L2CS-Net, ResNet-50, 90 bins, trained on Gaze360",
        size=95_849_977,
        sha256="8a7f3480d868dd48261e1d59f915b0ef0bb33ea12ea00938fb2168f212080665",
        licence="MIT (code); trained on Gaze360, research use only",
        unlocks=("l2cs (90 bins)",),
        address=_L2CS_FOLDER,
        sources=(Url("https://drive.google.com/uc?export=download&id=18S956r4jnHtSeT8z8t3z8AoJZjVnNqPJ"),),
    ),
    # Fifteen leave-one-subject-out folds are published (L2CS-Net, issue 11); the first stands for them.
    Weight(
        name="l2cs-mpiigaze",
        file_name="fold0.pkl",
        title="L2CS-Net, ResNet-50, 28 bins, trained on MPIIFaceGaze, fold 0",
        size=None,
        sha256="",
        licence="MIT (code); trained on MPIIFaceGaze, non-commercial use only",
        unlocks=("l2cs (28 bins)",),
        address=f"{_L2CS_FOLDER} (folder MPIIGaze)",
    ),
)

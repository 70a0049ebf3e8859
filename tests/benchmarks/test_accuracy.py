"""The figures of docs/accuracy.md, on real clips. They are read from `extra_info`; the bounds stand in the tests."""

from pathlib import Path

import numpy as np
import pytest
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray
from pytest_benchmark.fixture import BenchmarkFixture

from facecues.config import Limits
from facecues.errors import WeightsMissingError
from facecues.preprocess import pupils
from facecues.preprocess.contracts import Face
from facecues.preprocess.decode import Decoder
from facecues.preprocess.extract import CueExtractor
from facecues.preprocess.geometry import Similarity, to_head, umeyama
from facecues.preprocess.landmarks.facemesh import FaceMeshBackend
from facecues.preprocess.landmarks.iris import Eyes
from facecues.preprocess.landmarks.mesh68 import LEFT_EYE_CORNERS, MESH_TO_68, RIGHT_EYE_CORNERS
from facecues.preprocess.landmarks.tracker import follow
from facecues.preprocess.video import Frame
from tests.preprocess.clips import extract_clip, mirror_error, same_take
from tests.preprocess.test_extract import MIRRORED, SAME_TAKE

_HALF_A_SECOND = 12  # frames
# Mesh vertices that neither lids, brows nor lips move: nose, forehead, temples, cheekbones.
# fmt: off
_RIGID = np.array([
    6, 197, 195, 5, 168, 10, 151, 9, 8, 127, 356, 234, 454, 116, 345, 117, 346, 111, 340, 1, 4, 45, 275, 193, 417, 122,
    351, 50, 280,
])
# fmt: on
_CORNERS = np.array([*RIGHT_EYE_CORNERS, *LEFT_EYE_CORNERS])  # mesh vertices, in the picture from left to right
_RING_CORNERS = [0, 8]  # outer and inner, of Eyes.rings
_OF_EYES = ("contours", "irises", "rings")
_MOVING = 3  # frames that a movement lasts
_FAST = 0.05  # eye widths in that time


def test_same_take_in_two_forms(benchmark: BenchmarkFixture, extractor: CueExtractor, data: Path) -> None:
    clips = [extract_clip(extractor, data / name) for name in SAME_TAKE]
    benchmark.extra_info |= benchmark.pedantic(same_take, args=clips)._asdict()


def test_mirrored_clip(benchmark: BenchmarkFixture, extractor: CueExtractor, data: Path) -> None:
    clips = [extract_clip(extractor, data / name) for name in MIRRORED]
    benchmark.extra_info |= benchmark.pedantic(mirror_error, args=clips)._asdict()


@pytest.mark.slow
def test_where_pupils_rest(benchmark: BenchmarkFixture, extractor: CueExtractor, data: Path) -> None:
    """Where irises are from the middle of the corners in real clips, in eye widths, with open eyes.

    People in these clips look at or near the camera, so that the medians over clips are the place of an eye that looks
    there: the source of REST_UP in facecues.preprocess.pupils.
    """

    def measure() -> dict[str, float]:
        rests = [rest for video in _people(data) if (rest := _rest(extractor, video)) is not None]
        up, out = np.median(rests, axis=0)
        return {"up": round(float(up), 3), "out": round(float(out), 3), "clips": len(rests)}

    benchmark.extra_info |= benchmark.pedantic(measure, rounds=1)


@pytest.mark.slow
def test_how_much_of_the_head_is_in_gaze(benchmark: BenchmarkFixture, extractor: CueExtractor, data: Path) -> None:
    """Change of read gaze over change of read head within half a second; 0 for eyes that keep to the camera."""

    def measure() -> dict[str, float | str]:
        shares = [_head_in_gaze(extractor, video) for video in _people(data)]
        pitch, yaw = (np.array([each[axis] for each in shares if np.isfinite(each[axis])]) for axis in (0, 1))
        return {
            "pitch": round(float(np.median(pitch)), 2),
            "yaw": round(float(np.median(yaw)), 2),
            "clips": f"{len(pitch)}, {len(yaw)}",
        }

    benchmark.extra_info |= benchmark.pedantic(measure, rounds=1)


@pytest.mark.slow
def test_how_far_eye_corners_follow_the_iris(benchmark: BenchmarkFixture, data: Path) -> None:
    """Movement of the middle of an eye's corners over that of its iris, where that is fast; 0 for corners that stay.

    The iris network's own corners and the mesh's, of which facecues.preprocess.landmarks.iris makes those of the cues.
    """
    try:
        backend = FaceMeshBackend()
    except WeightsMissingError as error:
        pytest.skip(str(error))

    def measure() -> dict[str, float]:
        iris, network, mesh = np.concatenate([_eye_movements(backend, video) for video in _people(data)], axis=1)
        found: dict[str, float] = {}
        for axis, name in enumerate(("sideways", "up and down")):
            fast = np.abs(iris[:, axis]) > _FAST
            way = iris[fast, axis]
            for corners, moved in (("network", network), ("mesh", mesh)):
                found[f"{corners}, {name}"] = round(float(moved[fast, axis] @ way / (way @ way)), 2)
            found[f"movements {name}"] = int(fast.sum())
        return found

    found = benchmark.pedantic(measure, rounds=1)
    benchmark.extra_info |= found
    for name in ("sideways", "up and down"):
        assert found[f"network, {name}"] > found[f"mesh, {name}"]


def _eye_movements(backend: FaceMeshBackend, video: Path) -> NDArray[np.float64]:
    """How irises, and the middles of the iris network's own corners and of the mesh's, move within the head.

    Returns:
        (3, N, 2) eye widths, along the eyes and across them: an entry for each eye and each `_MOVING` frames throughout
        which the eyes are open.
    """
    seen: list[tuple[int, NDArray[np.float32], Eyes]] = []

    def to_face(frame: Frame, score: float, mesh: NDArray[np.float32], box: NDArray[np.float32]) -> Face:
        seen.append((frame.index, mesh, backend.eyes(frame, mesh)))
        return Face(score, box, mesh[MESH_TO_68])

    with Decoder(video, Limits()) as decoder:
        for _ in follow(decoder, backend.detector, backend.mesh, to_face):
            pass
    index, mesh = np.array([one[0] for one in seen]), np.stack([one[1] for one in seen]).astype(np.float64)
    contours, irises, rings = (np.stack([getattr(one[2], name) for one in seen]) for name in _OF_EYES)

    pose = _rigid_pose(mesh[:, _RIGID])
    corners = to_head(mesh[:, _CORNERS], pose)[..., :2].reshape(-1, 2, 2, 2)  # frame, eye, corner, axis
    network = np.concatenate([rings[:, :, _RING_CORNERS].mean(axis=2), irises[..., 2:]], axis=-1)
    places = np.stack([to_head(irises, pose)[..., :2], to_head(network, pose)[..., :2], corners.mean(axis=2)])
    along = np.median(corners[:, 1, 1] - corners[:, 0, 0], axis=0)
    axes = np.array([along, [-along[1], along[0]]]) / np.linalg.norm(along)
    width = np.median(np.linalg.norm(corners[:, :, 1] - corners[:, :, 0], axis=-1))
    moves = (places[:, _MOVING:] - places[:, :-_MOVING]) @ axes.T / width

    landmarks = mesh[:, MESH_TO_68]
    landmarks[:, 36:48] = contours
    openness = pupils.eye_openness(landmarks).mean(axis=1)
    is_open = sliding_window_view(openness > 0.6 * np.median(openness), _MOVING + 1).all(axis=1)
    used = is_open & (index[_MOVING:] - index[:-_MOVING] == _MOVING)
    return np.asarray(moves[:, used].reshape(3, -1, 2))


def _rigid_pose(points: NDArray[np.float64]) -> Similarity:
    """Where the median shape of (T, n, 3) points is in each frame."""
    rough = umeyama(np.broadcast_to(points[0], points.shape), points)
    shape = np.median(to_head(points, rough), axis=0)
    return umeyama(np.broadcast_to(shape, points.shape), points)


def _head_in_gaze(extractor: CueExtractor, video: Path) -> list[float]:
    """Slopes for pitch and yaw; NaN where the head moves too little to tell."""
    clip = extract_clip(extractor, video)
    openness = clip.array("eye_openness").mean(axis=1)
    used = openness > 0.6 * np.nanmedian(openness)
    slopes = []
    for axis in (0, 1):
        head, gaze = (clip.array(name)[used, axis] for name in ("rotation", "gaze"))
        change = head[_HALF_A_SECOND:] - head[:-_HALF_A_SECOND]
        tells = len(change) >= 20 and change.std() >= 2
        slopes.append(np.polyfit(change, gaze[_HALF_A_SECOND:] - gaze[:-_HALF_A_SECOND], 1)[0] if tells else np.nan)
    return slopes


def _people(data: Path) -> list[Path]:
    return sorted([*data.glob("mead/*/video/*/*/*/*.mp4"), *data.glob("mead_crop256/*.mp4"), *data.glob("real/*.mp4")])


def _rest(extractor: CueExtractor, video: Path) -> tuple[float, float] | None:
    """(up, out) of one clip's frontal frames with open eyes; None with fewer than ten of them."""
    clip = extract_clip(extractor, video)
    angles, openness = clip.array("rotation"), clip.array("eye_openness")
    used = (np.abs(angles[:, 1]) < 20) & (openness.mean(axis=1) > 0.18)
    if used.sum() < 10:
        return None
    right, left = (clip.array(f"gaze_{side}")[used].astype(np.float64) for side in ("right", "left"))
    # Angles over the model in force come back as offsets over the middle of the corners.
    up = pupils.REST_UP - pupils.EYEBALL_RADIUS * np.sin(np.radians(np.median((right + left)[:, 0] / 2)))
    apart = np.median(right[:, 1] - left[:, 1]) / 2
    return up, pupils.EYEBALL_RADIUS * np.sin(np.radians(apart))

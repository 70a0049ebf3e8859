"""The warp renderer moves a portrait as its landmarks say, and nothing else."""

import av
import numpy as np
import pytest
from skimage import data as pictures

from facecues.errors import UsageError
from facecues.models.warp import WarpHead, rest_of
from facecues.models.warp.look import Look
from facecues.models.warp.portrait import read_portrait
from facecues.models.warp.topology import EYE_RINGS, INNER_LIPS, OVAL, triangles
from facecues.preprocess.cues import Observed, cue_batch
from facecues.preprocess.gaze.iris import IrisGaze
from facecues.preprocess.geometry import Similarity, fit_pose, rotation_degrees, rotation_matrix
from facecues.preprocess.landmarks.facemesh import FaceMeshBackend
from facecues.preprocess.pupils import relocate_with_pupils
from facecues.preprocess.video import Frame

SIZE = 256


@pytest.fixture(scope="module")
def backend():
    return FaceMeshBackend()


@pytest.fixture(scope="module")
def head(backend):
    return WarpHead.prepare(pictures.astronaut(), SIZE, backend=backend)


def place(head, rotation=((0, 0, 0),), gaze=(0, 0), normalized=None):
    """(T, 70, 3) landmarks of the head at rest but for what is given."""
    rotation = np.asarray(rotation, float)
    frames = len(rotation)
    shape = np.broadcast_to(head.neutral if normalized is None else normalized, (frames, 68, 3))
    pose = Similarity(
        rotation_matrix(rotation), np.full(frames, head.pose.scale), np.tile(head.pose.translation, (frames, 1))
    )
    both = np.broadcast_to(np.asarray(gaze, float), (frames, 2))
    return relocate_with_pupils(shape, pose, np.repeat(both[:, None], 2, axis=1))


def read(backend, pictures_):
    """What the default backends make of frames: columns of the cue store as arrays."""
    frames = (Frame(av.VideoFrame.from_ndarray(one, format="rgb24"), t, t / 25) for t, one in enumerate(pictures_))
    tracked = list(backend.track(frames))
    assert all(one.face is not None for one in tracked)
    observed = [Observed(one.frame.index, one.frame.time_s, None, one.face, None) for one in tracked]
    batch = cue_batch(observed, IrisGaze())
    names = ("rotation", "gaze", "normalized", "eye_openness")
    return {name: np.array(batch[name].to_pylist(), float) for name in names}


def test_the_mesh_has_four_edges_and_they_are_the_rings():
    faces = triangles()
    assert faces.shape == (852, 3) and set(faces.ravel()) == set(range(468))
    edges = np.sort(np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]]), axis=1)
    found, times = np.unique(edges, axis=0, return_counts=True)
    assert set(times) == {1, 2}
    assert set(found[times == 1].ravel()) == {*OVAL, *EYE_RINGS.ravel(), *INNER_LIPS}


def test_the_face_at_rest_is_normalised_and_its_mouth_closed(head):
    pose = fit_pose(head.neutral)
    assert np.allclose(pose.rotation, np.eye(3), atol=1e-6) and pose.scale == pytest.approx(1.0)
    gap = head.neutral[[67, 66, 65], 1] - head.neutral[[61, 62, 63], 1]
    assert (np.abs(gap) < 0.005).all()


@pytest.mark.parametrize(("axis", "reach"), [(0, 15), (1, 20), (2, 15)], ids=["pitch", "yaw", "roll"])
def test_the_head_turns_as_far_as_told(head, backend, axis, reach):
    told = np.zeros((15, 3))
    told[:, axis] = np.linspace(-reach, reach, 15)
    seen = read(backend, head.render(place(head, told)))["rotation"]
    assert (np.median(np.abs(seen - told), axis=0) <= 3).all()
    assert np.corrcoef(seen[:, axis], told[:, axis])[0, 1] > 0.99


@pytest.mark.parametrize("axis", [0, 1], ids=["pitch", "yaw"])
def test_the_irises_go_where_the_gaze_goes(head, backend, axis):
    told = np.zeros((15, 2))
    told[:, axis] = np.linspace(-15, 15, 15)
    seen = read(backend, head.render(place(head, np.zeros((15, 3)), told)))["gaze"]
    assert np.corrcoef(seen[:, axis], told[:, axis])[0, 1] > 0.95
    assert (np.median(np.abs(seen - told), axis=0) <= 6).all()


def test_the_lips_part_as_told(head, backend):
    opening = np.linspace(0, 1, 12)[:, None]
    shape = np.repeat(head.neutral[None], 12, axis=0)
    shape[:, 5:12, 1] += 0.12 * opening
    shape[:, [55, 56, 57, 58, 59, 65, 66, 67], 1] += 0.2 * opening
    seen = read(backend, head.render(place(head, np.zeros((12, 3)), normalized=shape)))["normalized"].reshape(-1, 68, 3)
    gap = seen[:, 66, 1] - seen[:, 62, 1]
    assert np.corrcoef(gap, opening[:, 0])[0, 1] > 0.97


def test_the_lids_close(head, backend):
    shape = np.stack([head.neutral, head.neutral])
    for upper, lower in ((37, 41), (38, 40), (43, 47), (44, 46)):
        shape[1, upper] = shape[1, lower]
    open_, closed = read(backend, head.render(place(head, np.zeros((2, 3)), normalized=shape)))["eye_openness"]
    assert (closed < 0.5 * open_).all()


def test_every_pixel_is_painted_wherever_the_head_turns(head):
    for rotation in ((15, 20, 15), (-15, -20, -15), (15, -20, 0)):
        (points,) = place(head, [rotation])
        buffer = head._rasterizer._buffer
        buffer[:] = -1.0
        next(head.render(points[None]))
        assert (buffer[..., :2] >= 0).all()


def test_the_edge_of_the_picture_stays(head):
    frames = np.stack(list(head.render(place(head, [(0, 0, 0), (10, 20, 12), (-12, -20, -12)])))).astype(int)
    for edge in (frames[:, 0], frames[:, -1], frames[:, :, 0], frames[:, :, -1]):
        assert np.abs(edge - edge[:1]).max() <= 3


def test_the_same_landmarks_give_the_same_bytes(head, backend):
    again = WarpHead.prepare(pictures.astronaut(), SIZE, backend=backend)
    points = place(head, [(5, -10, 3)], (4, 8))
    assert np.array_equal(next(head.render(points)), next(again.render(points)))


def test_another_look_is_another_face_of_the_same_pose(head, backend):
    look = Look(jaw=0.1, lower_face=0.1, lightness=8)
    other = WarpHead.prepare(pictures.astronaut(), SIZE, look=look, backend=backend)
    assert np.abs(other.neutral - head.neutral).max() > 0.05
    assert np.abs(fit_pose(other.neutral).rotation - np.eye(3)).max() < 1e-6
    turned = rotation_degrees((other.pose.rotation.T @ head.pose.rotation)[None])
    assert np.abs(turned).max() < 3
    told = np.array([[0.0, 0, 0], [5, 12, -6]])
    assert np.abs(read(backend, other.render(place(other, told)))["rotation"] - told).max() < 5


@pytest.mark.parametrize("look", [Look(), Look(jaw=0.1, lower_face=-0.1, nose=0.05), Look(breadth=0.05, mirrored=True)])
def test_the_face_at_rest_is_had_without_drawing_to_the_last_bit(backend, look):
    head = WarpHead.prepare(pictures.astronaut(), SIZE, look=look, backend=backend)
    neutral, pose = rest_of(read_portrait(pictures.astronaut(), SIZE, backend, mirrored=look.mirrored), look)
    assert np.array_equal(neutral, head.neutral)
    assert all(np.array_equal(one, other) for one, other in zip(pose, head.pose, strict=True))


def test_what_is_no_portrait_is_refused_in_a_sentence(backend):
    astronaut = pictures.astronaut()
    twice = np.hstack([astronaut[:270, 110:350]] * 2)
    for picture, words in (
        (np.full((300, 300, 3), 90, np.uint8), "no face"),
        (twice, "2 faces"),
        (astronaut.astype(np.float32), "uint8"),
        (astronaut[..., :2], "channels"),
        (astronaut[:0], "uint8"),
    ):
        with pytest.raises(UsageError, match=words):
            WarpHead.prepare(picture, SIZE, backend=backend)
    with pytest.raises(UsageError, match="256 or 512"):
        WarpHead.prepare(astronaut, 300, backend=backend)


def test_of_several_faces_the_one_is_taken_that_is_told(backend):
    face = pictures.astronaut()[:270, 110:350]
    both = np.hstack([face, face[:, ::-1]])
    for near, mirrored in (((120, 130), False), ((360, 130), True)):
        taken = WarpHead.prepare(both, SIZE, near=near, backend=backend)
        alone = WarpHead.prepare(face[:, ::-1] if mirrored else face, SIZE, backend=backend)
        assert np.abs(taken.neutral - alone.neutral).max() < 0.05


def test_grey_and_transparent_portraits_work(backend):
    astronaut = pictures.astronaut()
    alpha = np.dstack([astronaut, np.full(astronaut.shape[:2], 255, np.uint8)])
    plain = WarpHead.prepare(astronaut, SIZE, backend=backend)
    assert np.allclose(WarpHead.prepare(alpha, SIZE, backend=backend).neutral, plain.neutral)
    grey = WarpHead.prepare(astronaut.mean(axis=2).astype(np.uint8), SIZE, backend=backend)
    assert np.abs(grey.neutral - plain.neutral).max() < 0.15


def test_landmarks_of_another_shape_are_refused(head):
    for bad in (np.zeros((70, 3)), np.zeros((1, 68, 3)), np.full((1, 70, 3), np.nan)):
        with pytest.raises(UsageError, match=r"\(T, 70, 3\)"):
            next(head.render(bad))

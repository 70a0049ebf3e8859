"""Pictures of faces: framed as portraits, one box for a clip, points in place; cut once, and no clip lost unsaid."""

import shutil

import cv2
import numpy as np
import pytest

from facecues.cues import load_clips, load_cues, to_array
from facecues.errors import UsageError
from facecues.models.warp.portrait import read_portrait
from facecues.pipelines.training import face_pictures
from facecues.pipelines.training.face_pictures import NO_FACE, NOT_DECODED, NOT_THERE, face_box, gather_face_pictures
from facecues.pipelines.training.material import Source
from facecues.points import LEFT_OUTER_CORNER, RIGHT_OUTER_CORNER

SIZE, PER_CLIP = 64, 5
CORNERS = [RIGHT_OUTER_CORNER, LEFT_OUTER_CORNER]


def silent(*_) -> None:
    pass


def gather(store, cache, data=None, split=None, **options):
    options = {"size": SIZE, "per_clip": PER_CLIP} | options
    return gather_face_pictures(Source(store, split, data, cache), tell=silent, threads=1, **options)


@pytest.fixture(scope="module")
def faces(corpus, tmp_path_factory):
    return gather(corpus / "truth", tmp_path_factory.mktemp("faces"))


def test_every_clip_gives_pictures_spread_over_it(corpus, faces) -> None:
    clips = load_clips(corpus / "truth")
    assert faces.clips["clip_id"].tolist() == clips["clip_id"].tolist() and faces.left_out == {}
    np.testing.assert_array_equal(faces.starts, np.arange(0, PER_CLIP * len(clips) + 1, PER_CLIP))
    assert faces.pictures.shape == (PER_CLIP * len(clips), SIZE, SIZE, 3) and faces.pictures.dtype == np.uint8
    rows = load_cues(corpus / "truth", ["rotation"], clips=clips[:1])
    spread = np.linspace(0, len(rows) - 1, PER_CLIP).round().astype(int)
    np.testing.assert_array_equal(faces.rotation[:PER_CLIP], to_array(rows["rotation"])[spread])


def test_eyes_are_where_portraits_have_them(faces, astronaut) -> None:
    portrait = read_portrait(astronaut, 256).landmarks[CORNERS, :2] / 255 * 2 - 1
    for first in faces.starts[:-1]:
        clip = faces.points[first : first + PER_CLIP, CORNERS, :2]
        # The head moves within a clip, by which its own pictures differ.
        np.testing.assert_allclose(np.median(clip, axis=0), portrait, atol=0.08)


def test_a_box_is_of_a_clip_and_not_of_a_frame(faces) -> None:
    middles = faces.points[:PER_CLIP, CORNERS, :2].mean(axis=1)
    assert np.ptp(middles, axis=0).max() > 0.005


def test_points_lie_on_the_face_that_the_picture_shows(corpus, tmp_path) -> None:
    """Landmarks that are found in a large picture are those that were carried over from the store."""
    faces = gather(corpus / "truth", tmp_path, size=256, per_clip=2)
    for picture, points in zip(faces.pictures[::4], faces.points[::4], strict=True):
        # Not cut to the face once more: as it is, in the middle of what read_portrait cuts.
        seen = read_portrait(np.asarray(picture), 256)
        span, level = 0.23 * 256, 0.44 * 256
        found = seen.landmarks[:, :2]
        own = (points[:68, :2] + 1) / 2 * 255
        scale = np.linalg.norm(np.diff(own[CORNERS], axis=0)) / span
        placed = (found - [128, level]) * scale + own[CORNERS].mean(axis=0)
        assert np.median(np.linalg.norm(placed - own, axis=1)) < 4


def test_a_turned_head_is_not_cut_larger_for_its_near_eyes() -> None:
    points = np.zeros((3, 68, 3))
    points[:, CORNERS[1], 0], points[:, 15, 0] = 40, 200
    assert face_box(points, 100)[0, 0] == pytest.approx(100 / 23)
    points[:, CORNERS[1], 0] = 110
    assert face_box(points, 100)[0, 0] == pytest.approx(110 / 23)


def test_edges_go_on_outside_the_frame_and_shrinking_takes_the_mean_of_an_area() -> None:
    picture = np.zeros((8, 8, 3), np.uint8)
    picture[:, :4], picture[:, 4:] = 40, 200
    outside = face_pictures._sample(picture, np.array([[1.0, 0, -4], [0, 1, -4]]), 16)
    assert (outside[:, :8] == 40).all() and (outside[:, 8:] == 200).all()
    noise = np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8)
    small = face_pictures._sample(noise, np.array([[4.0, 0, 1.5], [0, 4, 1.5]]), 16)
    mean = cv2.resize(noise, (16, 16), interpolation=cv2.INTER_AREA)
    np.testing.assert_allclose(small.astype(int), mean, atol=1)


def test_no_video_is_decoded_twice(corpus, faces, tmp_path, monkeypatch) -> None:
    first = gather(corpus / "truth", tmp_path)
    monkeypatch.setattr(face_pictures, "Decoder", None)
    again = gather(corpus / "truth", tmp_path)
    np.testing.assert_array_equal(first.pictures, again.pictures)
    np.testing.assert_array_equal(first.pictures, faces.pictures)
    assert first.digest == again.digest == faces.digest


def test_a_damaged_picture_file_is_made_again(corpus, faces, tmp_path) -> None:
    gather(corpus / "truth", tmp_path)
    next(tmp_path.glob("*.npy")).write_bytes(b"cut short")
    np.testing.assert_array_equal(gather(corpus / "truth", tmp_path).pictures, faces.pictures)


def test_clips_without_pictures_are_counted_by_reason(corpus, tmp_path) -> None:
    copy = shutil.copytree(corpus, tmp_path / "corpus", ignore=shutil.ignore_patterns(".state"))
    clips = load_clips(copy / "truth")
    (copy / clips["video"][0]).unlink()
    (copy / clips["video"][1]).write_bytes(b"no video at all")
    faces = gather(copy / "truth", tmp_path / "cache")
    assert faces.left_out == {NOT_THERE: 1, NOT_DECODED: 1}
    assert faces.clips["clip_id"].tolist() == clips["clip_id"].tolist()[2:]


def test_a_clip_without_a_face_is_counted(small_store, small_tree, tmp_path) -> None:
    faces = gather(small_store, tmp_path, small_tree)
    assert faces.left_out == {NO_FACE: 1} and len(faces.clips) == 3


def test_a_split_gives_its_training_part(corpus, tmp_path) -> None:
    assert set(gather(corpus / "truth", tmp_path, split="W002").clips["actor"]) == {"M001"}


def test_a_store_without_its_videos_is_refused_in_one_sentence(corpus, tmp_path) -> None:
    with pytest.raises(UsageError, match=r"None of the videos of .* such as M001/.*\.mp4, is below .*: tell .* --data"):
        gather(corpus / "truth", tmp_path, tmp_path)

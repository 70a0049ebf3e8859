"""Backend face-alignment: how it follows a face, and what it does to the process around it."""

import importlib
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import av
import numpy as np
import pytest

from facecues.config import ExtractConfig
from facecues.errors import BackendUnavailableError, WeightsMissingError
from facecues.preprocess.contracts import Face, Tracked
from facecues.preprocess.video import Frame

torch = pytest.importorskip("torch")
pytest.importorskip("face_alignment")
from face_alignment.detection.sfd.net_s3fd import s3fd  # noqa: E402
from face_alignment.models import FAN, ResNetDepth  # noqa: E402

from facecues.preprocess.landmarks.fan import FaceAlignmentBackend, follow  # noqa: E402
from facecues.preprocess.landmarks.fan_networks import FanNetworks  # noqa: E402


@dataclass
class Picture:
    """What `follow` needs of a frame."""

    index: int
    damaged: bool = False


@dataclass
class World:
    """Faces that move along x, and the networks that see them.

    `paths[i][t]` is the left edge of face i in frame t, None where it is hidden from the detector and the landmark
    network alike; `missed` are frames in which the detector sees nothing. Face i is 100 + 20 i pixels wide.
    """

    paths: list[list[float | None]]
    missed: frozenset[int] = frozenset()
    detections: list[int] = field(default_factory=list)
    largest_call: int = 0

    def box(self, i: int, t: int) -> np.ndarray | None:
        left, side = self.paths[i][t], 100 + 20 * i
        return None if left is None else np.array([left, 0, left + side, side], np.float32)

    def detect(self, frame: Picture) -> np.ndarray:
        self.detections.append(frame.index)
        boxes = [self.box(i, frame.index) for i in range(len(self.paths))]
        seen = [box for box in boxes if box is not None and frame.index not in self.missed]
        return np.array(seen, np.float32).reshape(-1, 4)

    def align(self, frames: Sequence[Picture], box: np.ndarray) -> list[Face]:
        self.largest_call = max(self.largest_call, len(frames))
        return [self.read(frame.index, box) for frame in frames]

    def read(self, t: int, crop: np.ndarray) -> Face:
        """The face whose centre is nearest to the crop's and within its side; noise of a low score otherwise."""
        boxes = [box for i in range(len(self.paths)) if (box := self.box(i, t)) is not None]
        near = [box for box in boxes if abs(box[::2].sum() - crop[::2].sum()) / 2 < crop[2] - crop[0]]
        best = min(near, key=lambda box: abs(box[::2].sum() - crop[::2].sum()), default=None)
        score, (x0, y0, x1, y1) = (0.1, crop) if best is None else (0.9, best)
        points = np.zeros((68, 3), np.float32)
        points[:, 0], points[:, 1] = np.linspace(x0, x1, 68), np.linspace(y0, y1, 68)
        return Face(score, crop, points)

    def follow(self, every: int = 5, batch: int = 1, damaged: Sequence[int] = ()) -> list[Tracked]:
        frames = [Picture(t, t in damaged) for t in range(len(self.paths[0]))]
        return list(follow(frames, self.detect, self.align, every, batch))


def lefts(tracked: list[Tracked]) -> list[float | None]:
    return [None if one.face is None else float(one.face.landmarks[0, 0]) for one in tracked]


def test_every_frame_comes_out_once_and_in_order() -> None:
    tracked = World([[10.0] * 23]).follow(batch=4)
    assert [one.frame.index for one in tracked] == list(range(23))
    assert lefts(tracked) == [10.0] * 23


def test_a_still_face_is_detected_every_kth_frame_only() -> None:
    world = World([[10.0] * 12])
    tracked = world.follow(every=5)
    assert world.detections == [0, 5, 10]
    assert [one.faces_seen for one in tracked] == [1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0]


def test_the_box_between_detections_is_the_last_detected_one() -> None:
    tracked = World([[float(t) for t in range(7)]]).follow(every=5)
    assert [one.face.box[0] for one in tracked if one.face] == [0, 0, 0, 0, 0, 5, 5]


def test_a_face_that_jumps_is_detected_and_read_anew_in_that_frame() -> None:
    world = World([[0.0] * 3 + [40.0] * 5])
    tracked = world.follow(every=100)
    assert world.detections == [0, 3]
    assert lefts(tracked) == [0.0] * 3 + [40.0] * 5
    assert tracked[3].face is not None and tracked[3].face.box[0] == 40


def test_a_face_that_vanishes_is_lost_in_that_frame_and_found_in_the_frame_it_returns() -> None:
    world = World([[0.0, 0.0, None, None, None, 0.0, 0.0]])
    tracked = world.follow(every=100)
    assert lefts(tracked) == [0.0, 0.0, None, None, None, 0.0, 0.0]
    assert world.detections == [0, 2, 3, 4, 5]


def test_one_missed_detection_changes_nothing_and_two_in_a_row_end_the_track() -> None:
    assert lefts(World([[0.0] * 12], frozenset({5})).follow(every=5)) == [0.0] * 12
    assert lefts(World([[0.0] * 12], frozenset({5, 10})).follow(every=5)) == [0.0] * 10 + [None, 0.0]


def test_the_largest_face_is_taken_and_kept() -> None:
    small, large = [300.0] * 12, [0.0] * 12
    tracked = World([small, large]).follow(every=3)
    assert lefts(tracked) == large
    assert tracked[0].faces_seen == 2
    later: list[float | None] = [None, None, *small[2:]]  # the larger one arrives after the first detection
    assert lefts(World([large, later]).follow(every=3)) == large


def test_after_a_loss_the_nearest_face_is_taken() -> None:
    """The larger face is far away from where the lost one was."""
    lost = [0.0, 0.0, None, 30.0, 30.0]
    assert lefts(World([lost, [None, None, None, 900.0, 900.0]]).follow(every=100)) == lost


def test_a_damaged_frame_has_no_face_and_does_not_end_the_track() -> None:
    world = World([[0.0] * 8])
    tracked = world.follow(every=100, batch=3, damaged=(0, 3, 4))
    assert lefts(tracked) == [None, 0.0, 0.0, None, None, 0.0, 0.0, 0.0]
    assert world.detections == [1]


@pytest.mark.parametrize("batch", [2, 3, 7, 50])
def test_the_batch_does_not_change_the_result(batch: int) -> None:
    rng = np.random.default_rng(3)
    path: list[float | None] = [float(x) for x in np.cumsum(rng.normal(0, 9, 60))]
    path[20:23] = [None] * 3
    path[40:] = [x + 60 for x in path[40:] if x is not None]
    other: list[float | None] = [200.0] * 60
    worlds = [World([path, other], frozenset({9, 33})) for _ in range(2)]
    one, many = (world.follow(4, size, (7, 30)) for world, size in zip(worlds, (1, batch), strict=True))
    assert lefts(one) == lefts(many)
    assert [t.faces_seen for t in one] == [t.faces_seen for t in many]
    assert worlds[0].detections == worlds[1].detections
    assert worlds[1].largest_call <= batch


def test_points_in_one_place_do_not_hang_the_track() -> None:
    def align(frames: Sequence[Picture], box: np.ndarray) -> list[Face]:
        return [Face(0.0, box, np.zeros((68, 3), np.float32)) for _ in frames]

    frames = [Picture(t) for t in range(4)]
    assert len(list(follow(frames, World([[0.0] * 4]).detect, align, 5, 1))) == 4


def test_no_more_frames_are_held_than_the_batch() -> None:
    pulled = 0

    def frames() -> Iterator[Picture]:
        nonlocal pulled
        for t in range(30):
            pulled += 1
            yield Picture(t)

    world = World([[0.0] * 30])
    for out, _ in enumerate(follow(frames(), world.detect, world.align, 5, 4)):
        assert pulled - out <= 4


@pytest.fixture(scope="module")
def networks() -> FanNetworks:
    """The package's real networks, with seeded random weights."""
    torch.manual_seed(0)
    return FanNetworks(s3fd().eval(), FAN(4).eval(), ResNetDepth().eval(), torch.device("cpu"), "random")


def picture_of(rgb: np.ndarray) -> Frame:
    return Frame(av.VideoFrame.from_ndarray(rgb, "rgb24"), 0, 0.0)


def test_the_process_is_left_as_it_was(networks: FanNetworks) -> None:
    def state() -> tuple[object, ...]:
        cudnn = torch.backends.cudnn
        return (
            *(cudnn.benchmark, cudnn.deterministic, cudnn.enabled, cudnn.allow_tf32),
            *(torch.get_num_threads(), torch.get_num_interop_threads(), torch.get_default_dtype()),
            *(torch.is_grad_enabled(), torch.is_inference_mode_enabled(), torch.initial_seed()),
        )

    before = state()
    noise = np.random.default_rng(0).integers(0, 256, (96, 128, 3), np.uint8)
    backend = FaceAlignmentBackend(ExtractConfig(landmarks="face-alignment", gaze="l2cs", batch=2), networks)
    for tracked in backend.track(picture_of(noise) for _ in range(3)):
        assert state() == before
        assert tracked.face is not None  # random weights see faces everywhere; the tracked one is looked at
        assert tracked.face.landmarks.shape == (68, 3) and tracked.face.landmarks.dtype == np.float32
        assert np.isfinite(tracked.face.landmarks).all() and 0 <= tracked.face.score <= 1
        assert tracked.face.box.shape == (4,)


class OneFace(torch.nn.Module):
    """In place of S3FD: one face of 64 pixels, its centre in cell (row 1, column 5) of the stride-16 map."""

    def forward(self, x: "torch.Tensor") -> list["torch.Tensor"]:
        self.shape = tuple(x.shape)
        maps = []
        for stride in (4, 8, 16, 32, 64, 128):
            rows, columns = x.shape[2] // stride, x.shape[3] // stride
            scores = torch.zeros(1, 2, rows, columns)
            scores[:, 0] = 50
            if stride == 16:
                scores[:, 1, 1, 5] = 100
            maps += [scores, torch.zeros(1, 4, rows, columns)]
        return maps


@pytest.mark.parametrize(("width", "height", "factor"), [(1920, 1080, 3), (320, 240, 1), (720, 1280, 2)])
def test_detection_sees_a_reduced_frame_and_answers_in_frame_pixels(
    networks: FanNetworks, width: int, height: int, factor: int
) -> None:
    detector = OneFace()
    one = FanNetworks(detector, networks.fan, networks.depth, networks.device, "")
    boxes = one.detect(picture_of(np.zeros((height, width, 3), np.uint8)))
    assert detector.shape == (1, 3, height // factor, width // factor)
    centre = np.array([5.5 * 16, 1.5 * 16])
    expected = np.concatenate([centre - 32, centre + 32]) * factor
    assert np.allclose(boxes, [expected])


def test_a_frame_smaller_than_the_detector_allows_is_padded(networks: FanNetworks) -> None:
    detector = OneFace()
    one = FanNetworks(detector, networks.fan, networks.depth, networks.device, "")
    one.detect(picture_of(np.zeros((20, 128, 3), np.uint8)))
    assert detector.shape == (1, 3, 32, 128)


@pytest.mark.slow
def test_published_files_load_by_name_and_shape(
    networks: FanNetworks, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In the published files' shapes: bare state dicts, and for depth a training checkpoint of DataParallel."""
    from facecues import weights

    depth = {f"module.{key}": value for key, value in networks.depth.state_dict().items()}
    torch.save(networks.detector.state_dict(), tmp_path / "s3fd")
    torch.save(networks.fan.state_dict(), tmp_path / "fan-3d")
    torch.save({"epoch": 80, "state_dict": depth}, tmp_path / "fan-depth")
    monkeypatch.setattr(weights, "locate", lambda name: tmp_path / name)
    monkeypatch.setattr(weights, "sha256_of", lambda name: name.encode().hex())
    loaded = FanNetworks.load("cpu")
    for mine, theirs in zip(
        (loaded.detector, loaded.fan, loaded.depth),
        (networks.detector, networks.fan, networks.depth),
        strict=True,
    ):
        assert not mine.training
        assert all(torch.equal(a, b) for a, b in zip(mine.parameters(), theirs.parameters(), strict=True))
    digest = "-".join(name.encode().hex()[:8] for name in ("s3fd", "fan-3d", "fan-depth"))
    config = ExtractConfig(landmarks="face-alignment", gaze="l2cs", detect_every=7)
    assert FaceAlignmentBackend(config, loaded).signature == f"face-alignment[w:{digest},every:7]"


def test_a_missing_weight_says_which_who_needs_it_and_where_to_put_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FACECUES_CACHE", str(tmp_path))
    monkeypatch.delenv("FACECUES_WEIGHTS", raising=False)
    for proxy in ("https_proxy", "HTTPS_PROXY"):  # nothing is listening there: no network, at once
        monkeypatch.setenv(proxy, "http://127.0.0.1:9")
    with pytest.raises(WeightsMissingError) as caught:
        FaceAlignmentBackend(ExtractConfig(landmarks="face-alignment", gaze="l2cs"))
    message = str(caught.value)
    for part in ("face-alignment", "s3fd-619a316812.pth", "adrianbulat.com", "FACECUES_WEIGHTS"):
        assert part in message


@pytest.mark.parametrize("absent", ["face_alignment", "torch"])
def test_without_the_package_it_says_how_to_install_it(absent: str, monkeypatch: pytest.MonkeyPatch) -> None:
    name = "facecues.preprocess.landmarks.fan_networks"
    monkeypatch.delitem(sys.modules, name)
    for module in [one for one in sys.modules if one.partition(".")[0] == absent]:
        monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(BackendUnavailableError, match="pip install --no-deps face-alignment"):
        importlib.import_module(name)

"""Gaze backend l2cs: axes, signs, bins, checkpoints. Equality with others' code is in tests/parity."""

import importlib
import sys
from pathlib import Path

import av
import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from facecues.config import ExtractConfig
from facecues.errors import BackendUnavailableError, WeightsMissingError
from facecues.preprocess.contracts import Face, GazeAngles
from facecues.preprocess.geometry import Similarity
from facecues.preprocess.video import Frame

torch = pytest.importorskip("torch")
from facecues.preprocess.gaze.l2cs import L2CSGaze  # noqa: E402
from facecues.preprocess.gaze.resnet50 import L2CSNet  # noqa: E402

RNG = np.random.default_rng(0)
PICTURES = list(RNG.integers(0, 256, (3, 224, 224, 3), np.uint8))


@pytest.fixture(scope="module")
def network() -> L2CSNet:
    torch.manual_seed(0)
    return L2CSNet(90).eval()


def face_in(box: tuple[float, ...]) -> Face:
    return Face(1.0, np.array(box, np.float32), np.zeros((68, 3), np.float32))


def angles(gaze: L2CSGaze, pictures: list[np.ndarray | None]) -> GazeAngles:
    count = len(pictures)
    faces = [face_in((0, 0, 224, 224))] * count
    pose = Similarity(np.tile(np.eye(3), (count, 1, 1)), np.ones(count), np.zeros((count, 3)))
    return gaze.angles(pictures, faces, pose)


def sure_of(yaw_bin: int, pitch_bin: int, bins: int) -> L2CSNet:
    """A network whose heads see nothing and always name one bin."""
    network = L2CSNet(bins).eval()
    with torch.no_grad():
        for head, chosen in ((network.fc_yaw_gaze, yaw_bin), (network.fc_pitch_gaze, pitch_bin)):
            head.weight.zero_()
            head.bias.fill_(-100)
            head.bias[chosen] = 100
    return network


@pytest.mark.parametrize(("bins", "width", "first"), [(90, 4, -180), (28, 3, -42)])
def test_a_bin_stands_for_its_left_edge_and_pitch_changes_sign(bins: int, width: int, first: int) -> None:
    gaze = L2CSGaze(ExtractConfig(gaze="l2cs", l2cs_bins=bins), sure_of(7, 19, bins))
    pitch, yaw = angles(gaze, PICTURES[:1]).combined[0]
    assert yaw == pytest.approx(first + 7 * width, abs=1e-4)
    assert pitch == pytest.approx(-(first + 19 * width), abs=1e-4)


def test_between_two_bins_lies_their_mean() -> None:
    network = sure_of(45, 45, 90)
    with torch.no_grad():
        network.fc_yaw_gaze.bias[46] = 100
    assert angles(L2CSGaze(ExtractConfig(gaze="l2cs"), network), PICTURES[:1]).combined[0, 1] == pytest.approx(2)


def test_the_direction_is_the_original_vector() -> None:
    """The original's vector of (a, b) is DESIGN's direction of pitch -b and yaw a."""
    a, b = 30.0, 12.0
    original = [
        -np.cos(np.radians(b)) * np.sin(np.radians(a)),
        -np.sin(np.radians(b)),
        -np.cos(np.radians(b)) * np.cos(np.radians(a)),
    ]
    ours = Rotation.from_euler("YX", [a, -b], degrees=True).apply([0, 0, -1])
    assert np.allclose(ours, original)


def test_only_the_combined_gaze_is_known_and_nothing_where_nothing_was_seen(network: L2CSNet) -> None:
    read = angles(L2CSGaze(ExtractConfig(gaze="l2cs"), network), [None, PICTURES[0], None])
    assert np.isnan(read.left).all() and np.isnan(read.right).all()
    assert np.isnan(read.combined[[0, 2]]).all() and np.isfinite(read.combined[1]).all()
    assert read.left.shape == read.right.shape == read.combined.shape == (3, 2)


def test_no_frames_give_no_angles(network: L2CSNet) -> None:
    assert angles(L2CSGaze(ExtractConfig(gaze="l2cs"), network), []).combined.shape == (0, 2)


def test_the_batch_does_not_change_the_angles(network: L2CSNet) -> None:
    one, two = (angles(L2CSGaze(ExtractConfig(gaze="l2cs", batch=n), network), PICTURES) for n in (1, 2))
    assert np.allclose(one.combined, two.combined, atol=1e-4)


def test_gradients_and_the_network_stay_as_they_were(network: L2CSNet) -> None:
    before = {key: value.clone() for key, value in network.state_dict().items()}
    angles(L2CSGaze(ExtractConfig(gaze="l2cs"), network), PICTURES[:1])
    assert torch.is_grad_enabled()
    assert all(torch.equal(before[key], value) for key, value in network.state_dict().items())


@pytest.fixture(scope="module")
def frame() -> Frame:
    return Frame(av.VideoFrame.from_ndarray(RNG.integers(0, 256, (300, 400, 3), np.uint8), "rgb24"), 0, 0.0)


def test_the_box_is_cut_at_the_frame(network: L2CSNet, frame: Frame) -> None:
    gaze = L2CSGaze(ExtractConfig(gaze="l2cs"), network)
    whole = gaze.observe(frame, face_in((0, 0, 400, 300)))
    assert whole is not None and whole.shape == (224, 224, 3) and whole.dtype == np.uint8
    beyond = gaze.observe(frame, face_in((-50.7, -9.2, 480.5, 301.9)))
    assert beyond is not None and np.array_equal(beyond, whole)


@pytest.mark.parametrize("box", [(-90, 10, -20, 80), (410, 10, 480, 80), (50, 301, 90, 360), (70, 70, 70.5, 90)])
def test_a_box_without_pixels_is_not_observed(network: L2CSNet, frame: Frame, box: tuple[float, ...]) -> None:
    assert L2CSGaze(ExtractConfig(gaze="l2cs"), network).observe(frame, face_in(box)) is None


def seeded(network: L2CSNet, folder: Path, name: str, monkeypatch: pytest.MonkeyPatch, prefix: str = "") -> None:
    torch.save({prefix + key: value for key, value in network.state_dict().items()}, folder / name)
    monkeypatch.setenv("FACECUES_WEIGHTS", str(folder))


def test_a_published_checkpoint_loads_by_name_and_shape(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In the shape of the 28-bin folds: the original trains them under DataParallel (train.py)."""
    torch.manual_seed(1)
    network = L2CSNet(28).eval()
    seeded(network, tmp_path, "fold0.pkl", monkeypatch, prefix="module.")
    config = ExtractConfig(gaze="l2cs", l2cs_bins=28)
    loaded, given = L2CSGaze(config), L2CSGaze(config, network)
    assert np.array_equal(angles(loaded, PICTURES[:1]).combined, angles(given, PICTURES[:1]).combined)
    assert loaded.signature.startswith("l2cs[w:") and loaded.signature != given.signature


def test_a_checkpoint_with_other_bins_is_refused(
    network: L2CSNet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seeded(network, tmp_path, "fold0.pkl", monkeypatch)
    with pytest.raises(WeightsMissingError, match="28 bins: expected fc_yaw_gaze") as caught:
        L2CSGaze(ExtractConfig(gaze="l2cs", l2cs_bins=28))
    assert "fold0.pkl" in str(caught.value)


def test_a_missing_weight_says_which_who_needs_it_and_where_to_put_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FACECUES_CACHE", str(tmp_path))
    monkeypatch.delenv("FACECUES_WEIGHTS", raising=False)
    for proxy in ("https_proxy", "HTTPS_PROXY"):  # nothing is listening there: no network, at once
        monkeypatch.setenv(proxy, "http://127.0.0.1:9")
    for bins, file_name in ((28, "fold0.pkl"), (90, "L2CSNet_gaze360.pkl")):
        with pytest.raises(WeightsMissingError) as caught:
            L2CSGaze(ExtractConfig(gaze="l2cs", l2cs_bins=bins))
        for part in ("l2cs", file_name, "drive.google.com", "FACECUES_WEIGHTS"):
            assert part in str(caught.value)


def test_without_pytorch_it_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    name = "facecues.preprocess.gaze.l2cs"
    monkeypatch.delitem(sys.modules, name)
    for module in [one for one in sys.modules if one.partition(".")[0] == "torch"]:
        monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(BackendUnavailableError, match=r"pip install 'facecues\[torch\]'"):
        importlib.import_module(name)

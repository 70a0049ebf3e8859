"""SyncNet v2 takes the published checkpoint and sees and hears what the original does, whatever the batch."""

import importlib
import sys
from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from facecues import weights
from facecues.errors import BackendUnavailableError, WeightsMissingError
from facecues.metrics.contracts import Batch, FrameNetwork
from facecues.metrics.lip_sync import lip_sync_scores
from facecues.preprocess.mfcc import mfcc
from facecues.preprocess.sound import read_sound

torch = pytest.importorskip("torch")
from facecues.metrics.networks.syncnet import SyncNet, SyncNetFeatures  # noqa: E402
from facecues.preprocess.networks import load_weights  # noqa: E402

RNG = np.random.default_rng(0)
PICTURES = RNG.integers(0, 256, (9, 96, 96, 3), np.uint8)
SOUND = RNG.normal(0, 0.1, 16000).astype(np.float32)


def batch(pictures: np.ndarray) -> Batch:
    return Batch(pictures, np.full((len(pictures), 68, 3), np.nan, np.float32))


@pytest.fixture(scope="module")
def network() -> SyncNet:
    """Random weights, and statistics of the batch norms that are not those of a new network."""
    torch.manual_seed(0)
    network = SyncNet().eval()
    for name, buffer in network.named_buffers():
        if name.endswith(("running_mean", "running_var")):
            buffer.uniform_(0.5, 1.5)
    return network


@pytest.fixture(scope="module")
def syncnet(network: SyncNet) -> SyncNetFeatures:
    return SyncNetFeatures(network=network)


def test_names_and_shapes_are_those_of_the_published_file(network: SyncNet) -> None:
    """method.md section 9: 102 entries, 13.64 million numbers, convolutions at these places."""
    state = network.state_dict()
    assert len(state) == 102 and sum(one.numel() for one in state.values()) == 13_640_270
    places = (0, 4, 8, 11, 14, 18)
    sound = [tuple(state[f"netcnnaud.{i}.weight"].shape) for i in places]
    pictures = [tuple(state[f"netcnnlip.{i}.weight"].shape) for i in places]
    assert sound == [
        *[(64, 1, 3, 3), (192, 64, 3, 3), (384, 192, 3, 3), (256, 384, 3, 3), (256, 256, 3, 3), (512, 256, 5, 4)]
    ]
    assert pictures == [
        *[(96, 3, 5, 7, 7), (256, 96, 1, 5, 5), (256, 256, 1, 3, 3), (256, 256, 1, 3, 3), (256, 256, 1, 3, 3)],
        (512, 256, 1, 6, 6),
    ]
    for head in ("netfcaud", "netfclip"):
        assert state[f"{head}.0.weight"].shape == (512, 512) and state[f"{head}.3.weight"].shape == (1024, 512)
    for branch in ("netcnnaud", "netcnnlip"):
        assert all(f"{branch}.{i + 1}.running_var" in state for i in places)


@pytest.mark.parametrize("zipped", [True, False], ids=["zip", "as before PyTorch 1.6"])
@pytest.mark.parametrize("counters", [True, False], ids=["counters", "no counters"])
def test_a_file_of_that_layout_loads_unchanged(network: SyncNet, tmp_path: Path, zipped: bool, counters: bool) -> None:
    """The published file is of the older kind; whether it has batch norm's counters depends on its PyTorch."""
    path = tmp_path / "syncnet_v2.model"
    state = {k: v for k, v in network.state_dict().items() if counters or not k.endswith("num_batches_tracked")}
    torch.save(state, path, _use_new_zipfile_serialization=zipped)
    loaded = SyncNet().eval()
    load_weights(loaded, path, "lip sync")
    ours = SyncNetFeatures(network=loaded).features(batch(PICTURES[:5]))
    assert np.array_equal(ours, SyncNetFeatures(network=network).features(batch(PICTURES[:5])))


@pytest.mark.parametrize("change", ["missing", "extra", "shape", "module"])
def test_any_other_file_is_refused_in_one_sentence(network: SyncNet, tmp_path: Path, change: str) -> None:
    path, state = tmp_path / "syncnet_v2.model", dict(network.state_dict())
    if change == "missing":
        del state["netfclip.3.bias"]
    elif change == "extra":
        state["netfclip.9.bias"] = torch.zeros(3)
    elif change == "shape":
        state["netfclip.3.bias"] = torch.zeros(3)
    torch.save(network if change == "module" else state, path)
    with pytest.raises(WeightsMissingError, match=r"syncnet_v2\.model.*lip sync") as caught:
        load_weights(SyncNet(), path, "lip sync")
    assert "\n" not in str(caught.value)


def test_a_seeded_file_with_another_hash_is_not_opened(
    network: SyncNet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    torch.save(network.state_dict(), tmp_path / "syncnet_v2.model")
    monkeypatch.setenv("FACECUES_WEIGHTS", str(tmp_path))
    with pytest.raises(WeightsMissingError, match="expected 961e8696"):
        SyncNetFeatures()


def test_without_weights_it_says_who_needs_which_and_where_to_put_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FACECUES_CACHE", str(tmp_path))
    monkeypatch.delenv("FACECUES_WEIGHTS", raising=False)
    for proxy in ("https_proxy", "HTTPS_PROXY"):  # nothing is listening there: no network, at once
        monkeypatch.setenv(proxy, "http://127.0.0.1:9")
    with pytest.raises(WeightsMissingError) as caught:
        SyncNetFeatures()
    for part in ("LSE-C", "LSE-D", "syncnet_v2.model", "robots.ox.ac.uk", "FACECUES_WEIGHTS"):
        assert part in str(caught.value)


@pytest.mark.slow
def test_with_the_published_weights_shuffled_sound_lowers_the_confidence(data: Path) -> None:
    if weights.status("syncnet-v2").state != "ready":
        pytest.skip("syncnet_v2.model is not on this machine")
    syncnet, seen, heard = SyncNetFeatures(), {}, {}
    for video in sorted((data / "methods/reference").glob("*.mp4")):
        with av.open(str(video)) as container:
            frames = [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]
        seen[video], heard[video] = syncnet.features(batch(np.stack(frames))), syncnet.of_sound(read_sound(video))
    one, other = seen
    for video, stranger in ((one, other), (other, one)):
        own, shuffled = (lip_sync_scores(seen[video], heard[sound])["LSE-C"].value for sound in (video, stranger))
        assert own is not None and shuffled is not None and own > shuffled


def test_a_clip_in_one_pass_equals_window_after_window(network: SyncNet, syncnet: SyncNetFeatures) -> None:
    """The original stacks windows of five frames, (n, 3, 5, 224, 224), BGR, 0 to 255."""
    frames = np.stack([cv2.resize(one[..., ::-1], (224, 224)) for one in PICTURES]).astype(np.float32)
    windows = np.stack([frames[i : i + 5] for i in range(5)]).transpose(0, 4, 1, 2, 3)
    with torch.inference_mode():
        seen = network.netfclip(network.netcnnlip(torch.from_numpy(windows.copy())).flatten(1)).numpy()
    np.testing.assert_allclose(syncnet.features(batch(PICTURES)), seen, atol=1e-5)


@pytest.mark.slow
def test_row_i_of_the_sound_is_heard_with_pictures_i_to_i_plus_4(network: SyncNet, syncnet: SyncNetFeatures) -> None:
    rows = mfcc(SOUND).T.astype(np.float32)
    with torch.inference_mode():
        one_by_one = [
            network.hear(torch.from_numpy(rows[None, None, :, 4 * i : 4 * i + 20].copy())).numpy() for i in range(20)
        ]
    heard = syncnet.of_sound(SOUND)
    assert heard is not None and heard.shape == (20, 1024)
    np.testing.assert_allclose(heard, np.concatenate(one_by_one), atol=1e-5)


@pytest.mark.slow
def test_batch_size_changes_nothing(syncnet: SyncNetFeatures) -> None:
    """Batches overlap by `context` frames."""
    whole = syncnet.features(batch(PICTURES))
    for step in (1, 2, 3):
        parts = [syncnet.features(batch(PICTURES[i : i + step + 4])) for i in range(0, 5, step)]
        np.testing.assert_allclose(np.concatenate(parts), whole, atol=1e-5)


@pytest.mark.parametrize(("samples", "windows"), [(3840, 1), (3839, 0), (640, 0), (16000, 20), (16639, 20)])
def test_the_sound_has_as_many_windows_as_the_original_looks_at(
    syncnet: SyncNetFeatures, samples: int, windows: int
) -> None:
    heard = syncnet.of_sound(np.resize(SOUND, samples))
    assert heard is not None and heard.shape == (windows, 1024)


def test_what_cannot_be_seen_or_heard_has_no_rows(syncnet: SyncNetFeatures) -> None:
    assert syncnet.features(batch(PICTURES[:4])).shape == (0, 1024)
    assert syncnet.of_sound(None) is None
    assert syncnet.of_sound(np.zeros(16000, np.float32)) is None
    with pytest.raises(ValueError, match="finite"):
        syncnet.of_sound(np.full(16000, np.nan, np.float32))


def test_colours_and_time_matter(syncnet: SyncNetFeatures) -> None:
    one = syncnet.features(batch(PICTURES[:5]))
    assert not np.allclose(one, syncnet.features(batch(PICTURES[:5, ..., ::-1])), atol=1e-3)
    assert not np.allclose(one, syncnet.features(batch(PICTURES[4::-1])), atol=1e-3)


def test_it_is_a_frame_network_whose_signature_names_crop_filter_and_weights(syncnet: SyncNetFeatures) -> None:
    as_declared: FrameNetwork = syncnet
    assert (as_declared.name, as_declared.context) == ("syncnet", 4)
    assert as_declared.signature == "syncnet[w:given,crop:picture,in:224-bilinear-bgr]"


def test_without_pytorch_it_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    name = "facecues.metrics.networks.syncnet"
    monkeypatch.delitem(sys.modules, name)
    for module in [one for one in sys.modules if one.partition(".")[0] == "torch"]:
        monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(BackendUnavailableError, match=r"pip install 'facecues\[torch\]'"):
        importlib.import_module(name)

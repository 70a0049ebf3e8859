"""Weights are read without running code, and fit entirely or not at all."""

import os
from pathlib import Path

import numpy as np
import pytest

from facecues.errors import BackendUnavailableError, UsageError, WeightsMissingError

torch = pytest.importorskip("torch")
from safetensors.torch import save_file  # noqa: E402

from facecues.preprocess.networks import load_weights, require_device  # noqa: E402


def small() -> "torch.nn.Module":
    return torch.nn.Sequential(torch.nn.Conv2d(3, 4, 1), torch.nn.BatchNorm2d(4))


def assert_same(one: "torch.nn.Module", other: "torch.nn.Module") -> None:
    for mine, theirs in zip(one.parameters(), other.parameters(), strict=True):
        assert torch.equal(mine, theirs)


def test_a_bare_state_dict_loads(tmp_path: Path) -> None:
    origin, target = small(), small()
    torch.save(origin.state_dict(), tmp_path / "weights.pkl")
    load_weights(target, tmp_path / "weights.pkl", "a test")
    assert_same(origin, target)


def test_safetensors_load(tmp_path: Path) -> None:
    origin, target = small(), small()
    save_file(origin.state_dict(), tmp_path / "weights.safetensors")
    load_weights(target, tmp_path / "weights.safetensors", "a test")
    assert_same(origin, target)


def test_a_training_checkpoint_of_data_parallel_loads(tmp_path: Path) -> None:
    origin, target = small(), small()
    weights = {f"module.{key}": value for key, value in origin.state_dict().items()}
    content = {"epoch": 80, "best": np.float64(0.5), "state_dict": weights}
    torch.save(content, tmp_path / "depth.pth.tar")
    load_weights(target, tmp_path / "depth.pth.tar", "a test")
    assert_same(origin, target)


def test_a_file_without_step_counters_loads(tmp_path: Path) -> None:
    weights = small().state_dict()
    del weights["1.num_batches_tracked"]
    torch.save(dict(weights), tmp_path / "old.pth")
    load_weights(small(), tmp_path / "old.pth", "a test")


class Harmful:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.mkdir, ("harmed",)


def test_code_in_a_pickle_does_not_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    torch.save({"state_dict": Harmful()}, tmp_path / "bad.pkl")
    with pytest.raises(WeightsMissingError, match=r"bad\.pkl, wanted for a test, is no file of plain tensors"):
        load_weights(small(), tmp_path / "bad.pkl", "a test")
    assert not (tmp_path / "harmed").exists()


@pytest.mark.parametrize("content", [b"", b"<html>not found</html>", b"PK\x03\x04cut off"])
@pytest.mark.parametrize("suffix", [".pkl", ".safetensors"])
def test_what_is_no_weight_file_is_refused(tmp_path: Path, content: bytes, suffix: str) -> None:
    path = tmp_path / f"weights{suffix}"
    path.write_bytes(content)
    with pytest.raises(WeightsMissingError, match="is no file of plain tensors"):
        load_weights(small(), path, "a test")


def test_other_content_is_refused(tmp_path: Path) -> None:
    torch.save([1, 2], tmp_path / "list.pth")
    with pytest.raises(WeightsMissingError, match="holds list, not a state dict"):
        load_weights(small(), tmp_path / "list.pth", "a test")


def test_weights_of_another_network_are_refused_and_change_nothing(tmp_path: Path) -> None:
    torch.save(torch.nn.Sequential(torch.nn.Conv2d(3, 5, 1)).state_dict(), tmp_path / "other.pth")
    target = small()
    before = {key: value.clone() for key, value in target.state_dict().items()}
    with pytest.raises(WeightsMissingError, match=r"expected 0\.weight as \(4, 3, 1, 1\), got \(5, 3, 1, 1\)"):
        load_weights(target, tmp_path / "other.pth", "a test")
    assert all(torch.equal(before[key], value) for key, value in target.state_dict().items())


@pytest.mark.parametrize("name", ["gpu", "", "meta", "cuda:x"])
def test_what_is_no_device_is_bad_usage(name: str) -> None:
    with pytest.raises(UsageError, match="cpu, cuda, cuda:N or mps"):
        require_device(name)


def test_a_device_that_is_not_here_is_unavailable() -> None:
    assert require_device("cpu").type == "cpu"
    with pytest.raises(BackendUnavailableError, match="use --device cpu"):
        require_device("cuda:99")

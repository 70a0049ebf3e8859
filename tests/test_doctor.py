"""The doctor tells what is usable, and for the rest what to do, quickly and without a network."""

import importlib
import io
import socket
import subprocess
import sys
from importlib.metadata import PackageNotFoundError
from pathlib import Path

import pytest
from rich.console import Console

from facecues import doctor, weights
from facecues.metrics.instruments import EMOTION, GROUPS, IDENTITY
from facecues.needs import BACKENDS, METRICS, PACKAGES
from facecues.weights.registry import REGISTRY, Weight

SHARED = Path(__file__).resolve().parents[2] / "shared"


@pytest.fixture(autouse=True)
def empty_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("FACECUES_CACHE", str(tmp_path))
    monkeypatch.delenv("FACECUES_WEIGHTS", raising=False)


def checks(**options) -> dict[tuple[str, str], doctor.Check]:
    return {(one.kind, one.name): one for one in doctor.check(**options)}


def have(monkeypatch, *names: str) -> None:
    """Makes weights appear to lie in the cache."""

    def status(name: str) -> weights.Status:
        state = "ready" if name in names else "missing"
        return weights.Status(REGISTRY[name], state, Path(name) if name in names else None, "as the test says")

    monkeypatch.setattr(doctor.weights, "status", status)


def test_every_backend_metric_and_weight_is_reported_once():
    found = [(one.kind, one.name) for one in doctor.check()]
    assert len(found) == len(set(found))
    assert {name for kind, name in found if kind == "backend"} == {
        *("facemesh", "face-landmarker", "face-alignment", "iris", "l2cs (90 bins)", "l2cs (28 bins)", "logmel")
    }
    assert {name for kind, name in found if kind == "metric"} == {
        *("SSIM", "PSNR", "LPIPS", "LPIPS-VGG", "FID", "KID", "FD-AlexNet"),
        *("emotion-fer", "emotion-emotiefflib", "identity-dlib", "LSE-C", "LSE-D"),
    }
    assert {name for kind, name in found if kind == "weights"} == set(REGISTRY)


def test_every_instrument_of_an_evaluation_is_reported_or_serves_metrics_that_are():
    serves = {"inception": {"FID", "KID"}, "alexnet": {"FD-AlexNet"}, "syncnet": {"LSE-C", "LSE-D"}}
    instruments = {name for group in GROUPS.values() for name in group}
    assert all(name.isupper() or name.startswith((EMOTION, IDENTITY)) for name in instruments - set(serves))
    assert set().union(*(serves.get(name, {name}) for name in instruments)) == {metric.name for metric in METRICS}


def test_every_weight_unlocks_a_backend_or_metric_that_is_reported():
    uses = {one.name for one in doctor.check() if one.kind in {"backend", "metric"}}
    assert {use for weight in REGISTRY.values() for use in weight.unlocks} <= uses


def test_every_package_that_something_needs_is_looked_at():
    known = {package.distribution for package in PACKAGES}
    assert {name for use in (*BACKENDS, *METRICS) for name in use.packages} <= known


def test_what_is_not_usable_has_a_remedy_and_what_is_usable_has_none():
    for one in doctor.check():
        assert bool(one.remedy) != one.usable, one


def test_backend_is_usable_exactly_when_its_weights_are_here(monkeypatch):
    have(monkeypatch, "blazeface-short", "facemesh")
    lacking = checks()["backend", "facemesh"]
    assert not lacking.usable
    assert lacking.detail == "landmarks; needs weights iris"
    assert "facecues weights fetch iris" in lacking.remedy
    have(monkeypatch, "blazeface-short", "facemesh", "iris")
    assert checks()["backend", "facemesh"].usable


def test_metric_without_weights_of_its_own_is_usable_without_any(monkeypatch):
    have(monkeypatch)
    found = checks()
    assert found["metric", "SSIM"].usable and found["metric", "PSNR"].usable
    assert found["metric", "FID"].detail == "sets of pictures; needs weights inception"
    assert "facecues weights fetch inception" in found["metric", "FID"].remedy


@pytest.mark.parametrize("backbone", ["alexnet", "alexnet-torchvision"])
def test_either_form_of_a_weight_makes_a_metric_usable(monkeypatch, backbone):
    have(monkeypatch, "lpips-alex", backbone)
    found = checks()
    assert found["metric", "LPIPS"].usable and found["metric", "FD-AlexNet"].usable
    assert found["metric", "LPIPS-VGG"].detail == "pictures, on VGG16; needs weights lpips-vgg vgg16"


def test_iris_gaze_is_usable_with_any_landmark_backend_that_gives_irises(monkeypatch):
    have(monkeypatch, "face-landmarker")
    assert checks()["backend", "iris"].detail == "gaze, with landmarks face-landmarker"
    have(monkeypatch)
    assert not checks()["backend", "iris"].usable


def test_weight_that_no_program_can_fetch_is_not_told_to_be_fetched():
    backend = checks()["backend", "l2cs (28 bins)"]
    assert "weights fetch" not in backend.remedy
    assert "put fold0.pkl from https://drive.google.com" in backend.remedy


def test_seeded_bundle_makes_face_landmarker_usable(monkeypatch):
    if not (SHARED / "weights" / "face_landmarker.task").is_file():
        pytest.skip("../shared/weights/face_landmarker.task is not present")
    monkeypatch.setenv("FACECUES_WEIGHTS", str(SHARED / "weights"))
    assert checks()["backend", "face-landmarker"].usable


def installed_as(monkeypatch, found: dict[str, str | None]) -> None:
    """Makes distributions appear to be there in another version, or not at all."""
    real = doctor.version

    def version(name: str) -> str:
        said = found[name] if name in found else real(name)
        if said is None:
            raise PackageNotFoundError(name)
        return said

    monkeypatch.setattr(doctor, "version", version)


@pytest.mark.parametrize(
    ("package", "kind", "use", "remedy"),
    [
        ("face-alignment", "backend", "face-alignment", "pip install --no-deps face-alignment"),
        ("torch", "metric", "LPIPS", "pip install 'facecues[torch]'"),
        ("h5py", "metric", "emotion-fer", "pip install 'facecues[torch]'"),
        ("onnxruntime", "metric", "emotion-emotiefflib", "pip install 'facecues[emotion]'"),
        ("dlib-bin", "metric", "identity-dlib", "pip install 'facecues[identity]'"),
        ("librosa", "backend", "logmel", "pip install 'facecues[logmel]'"),
    ],
)
def test_package_that_is_not_installed_is_named_with_the_way_to_install_it(monkeypatch, package, kind, use, remedy):
    (one,) = (one for one in PACKAGES if one.distribution == package)
    installed_as(monkeypatch, dict.fromkeys([package, *one.others]))
    have(monkeypatch, *REGISTRY)
    found = checks()
    assert found[kind, use].detail.endswith(f"; needs {package}")
    assert remedy in found[kind, use].remedy
    assert found["backend", "facemesh"].usable and found["metric", "SSIM"].usable


def test_module_that_another_distribution_brings_counts(monkeypatch):
    pytest.importorskip("dlib")
    installed_as(monkeypatch, {"dlib-bin": None, "dlib": "20.0.1"})
    assert checks()["package", "dlib-bin"] == doctor.Check("dlib-bin", "package", True, "20.0.1")


def test_opencv_that_lacks_libgl_is_named_with_the_headless_build_as_the_remedy(monkeypatch):
    real = importlib.import_module

    def import_module(name: str):
        if name == "cv2":
            raise ImportError("libGL.so.1: cannot open shared object file")
        return real(name)

    monkeypatch.setattr(importlib, "import_module", import_module)
    have(monkeypatch, *REGISTRY)
    found = checks()
    assert "does not import: libGL.so.1" in found["package", "opencv-python-headless"].detail
    assert "--force-reinstall --no-deps opencv-python-headless" in found["backend", "facemesh"].remedy


def test_torch_is_imported_only_on_request():
    code = "import sys; from facecues import doctor; doctor.check(); sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_deep_check_asks_torch_itself_for_cuda(monkeypatch):
    torch = pytest.importorskip("torch")
    monkeypatch.setattr(doctor.shutil, "which", lambda _: "/usr/bin/nvidia-smi")
    cuda = checks(deep=True)["device", "cuda"]
    assert cuda.usable == torch.cuda.is_available()


def test_check_uses_no_network(monkeypatch):
    def refuse(*_, **__):
        raise AssertionError("network used")

    monkeypatch.setattr(socket, "socket", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    assert doctor.check()


def test_table_shows_addresses_to_their_end():
    console = Console(width=100, record=True, file=io.StringIO())
    console.print(doctor.render(doctor.check()))
    # Addresses are folded over lines; without blanks they are whole again.
    shown = "".join(console.export_text().split())
    for weight in REGISTRY.values():
        if weights.status(weight.name).state != "ready":
            assert weight.address.replace(" ", "") in shown


def test_table_shows_square_brackets_as_they_are():
    console = Console(width=200, record=True, file=io.StringIO())
    console.print(doctor.render([doctor.Check("torch", "package", False, "none", "pip install 'facecues[torch]'")]))
    assert "pip install 'facecues[torch]'" in console.export_text()


@pytest.mark.parametrize("weight", REGISTRY.values(), ids=lambda weight: weight.name)
def test_missing_weight_is_told_with_its_file_and_address(weight: Weight):
    remedy = checks()["weights", weight.name].remedy
    assert weight.file_name in remedy
    assert weight.address in remedy

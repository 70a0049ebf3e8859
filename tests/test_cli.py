"""The command line as a user meets it: what it prints, what it refuses, and what it leaves behind."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from facecues import cli
from tests.reports.fakes import fake_run

WEIGHTS_READY = {"PYTHONDONTWRITEBYTECODE": "1"}


def facecues(*arguments: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "facecues.cli", *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | WEIGHTS_READY,
    )


def refused(done: subprocess.CompletedProcess[str], *words: str) -> None:
    """Exit 2, one sentence on standard error, nothing on standard output."""
    assert done.returncode == 2, done
    assert done.stdout == ""
    assert done.stderr.startswith("facecues: ") and done.stderr.count("\n") == 1, done.stderr
    for word in words:
        assert word in done.stderr


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["{tmp}/absent", "{tmp}/store"], ["absent"]),
        (["{tmp}/empty", "{tmp}/store"], ["empty"]),
        (["{tree}", "{tmp}/file"], ["file"]),
        (["{tree}", "{tmp}/occupied"], ["occupied", "not empty"]),
        (["{tree}", "{tmp}/store", "--landmarks", "dlib"], ["facemesh", "face-alignment", "dlib"]),
        (["{tree}", "{tmp}/store", "--gaze", "guess"], ["iris", "l2cs", "guess"]),
        (["{tree}", "{tmp}/store", "--landmarks", "face-alignment"], ["l2cs"]),
        (["{tree}", "{tmp}/store", "--workers", "0"], ["0"]),
        (["{tree}", "{tmp}/store", "--workers", "many"], ["--workers"]),
        (["{tree}", "{tmp}/store", "--layout", "lrs"], ["mead", "flat", "folder"]),
        (["{tree}", "{tmp}/store", "--only", "X*"], ["X*"]),
        (["{tree}", "{tmp}/store", "--fail-above", "2"], ["--fail-above"]),
        (["{tree}", "{tmp}/store", "--config", "{tmp}/absent.yaml"], ["absent.yaml"]),
        (["{tree}", "{tmp}/store", "--config", "{tmp}/wrong.yaml"], ["landmark"]),
        (["{tree}", "{tmp}/store", "--scheduler", "tcp://127.0.0.1:1"], ["tcp://127.0.0.1:1"]),
        (["{tree}", "{tmp}/store", "--no-such-option"], ["--no-such-option"]),
        (["{tree}"], ["store"]),
    ],
    ids=lambda value: " ".join(value[1:]) if isinstance(value, list) else None,
)
def test_bad_use_is_one_sentence_and_writes_nothing(
    small_tree: Path, tmp_path: Path, arguments: list[str], words: list[str]
) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "file").write_text("something")
    (tmp_path / "occupied").mkdir()
    (tmp_path / "occupied/notes.txt").write_text("mine")
    (tmp_path / "wrong.yaml").write_text("landmark: facemesh")
    before = sorted(tmp_path.rglob("*"))
    done = facecues("extract", *(one.format(tmp=tmp_path, tree=small_tree) for one in arguments))
    refused(done, *words)
    assert sorted(tmp_path.rglob("*")) == before


def test_extract_fills_a_store_and_a_second_run_finds_it_done(small_tree: Path, tmp_path: Path) -> None:
    first = facecues("extract", small_tree, tmp_path / "store", "--workers", 1, "--json")
    assert first.returncode == 0, first.stderr
    answer = json.loads(first.stdout)
    assert (answer["clips"], answer["ok"], answer["frames"], answer["skipped"]) == (4, 4, 95, 0)
    again = facecues("extract", small_tree, tmp_path / "store", "--workers", 1)
    assert again.returncode == 0 and "4 were finished before" in again.stdout


def test_failed_clips_make_exit_1_unless_allowed(small_tree: Path, tmp_path: Path) -> None:
    root = tmp_path / "clips"
    root.mkdir()
    (root / "text.mp4").write_text("no video")
    (root / "good.mp4").hardlink_to(next(small_tree.rglob("001.mp4")))
    store = tmp_path / "store"
    done = facecues("extract", root, store, "--workers", 1)
    assert done.returncode == 1 and "unreadable" in done.stdout
    assert pd.read_parquet(store / "clips.parquet")["status"].tolist() == ["ok", "failed"]
    assert facecues("extract", root, store, "--workers", 1, "--fail-above", 0.5).returncode == 0


def test_options_beat_the_file_and_both_are_recorded(small_tree: Path, tmp_path: Path) -> None:
    config = tmp_path / "options.yaml"
    config.write_text("limits:\n  max_frames: 7\n  max_seconds: 9\n")
    done = facecues(
        "extract", small_tree, tmp_path / "store", "--config", config, "--max-frames", 10,
        "--only", "W015/front/sad/*", "--workers", 1,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    limits = json.loads((tmp_path / "store/store.json").read_text())["config"]["limits"]
    assert (limits["max_frames"], limits["max_seconds"]) == (10, 9)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--method", "ours={tree}", "--metrics", "ssim,fvd"], ["fvd", "lip-sync"]),
        (["--method", "ours={tree}", "--out", "{tmp}/occupied"], ["occupied", "neither empty nor an evaluation"]),
        (["--method", "ours={tree}", "--ranks-against", "{tmp}/empty"], ["empty", "not a finished evaluation"]),
        (["--method", "{tree}"], ["NAME=FOLDER"]),
        (["--method", "still={tree}"], ["still", "another name"]),
        (["--method", "ours={tmp}/empty"], ["ours", "empty"]),
        (["--method", "ours={tmp}/others"], ["ours", "shares no clip", "001"]),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)
def test_bad_use_of_evaluate_is_one_sentence_and_writes_nothing(
    small_tree: Path, tmp_path: Path, arguments: list[str], words: list[str]
) -> None:
    for name in ("empty", "occupied", "others"):
        (tmp_path / name).mkdir()
    (tmp_path / "occupied/notes.txt").write_text("mine")
    (tmp_path / "others/nobody.mp4").write_text("a video")
    before = sorted(tmp_path.rglob("*"))
    given = [one.format(tmp=tmp_path, tree=small_tree) for one in arguments]
    done = facecues("evaluate", "--reference", small_tree, "--out", tmp_path / "run", *given)
    refused(done, *words)
    assert sorted(tmp_path.rglob("*")) == before


def test_evaluate_compares_resumes_and_prints_json(small_tree: Path, tmp_path: Path) -> None:
    options = ["--metrics", "ssim,psnr", "--floors", "still", "--size", 64, "--workers", 1, "--only", "M003/*"]
    command = ["evaluate", "--reference", small_tree, "--method", f"same={small_tree}", "--out", tmp_path / "run"]
    first = facecues(*command, *options, "--json")
    assert first.returncode == 0, first.stderr
    answer = json.loads(first.stdout)
    assert (answer["clips"], answer["methods"], answer["failed"]) == (2, ["same"], [])
    values = {one["metric"]: one for one in answer["values"] if one["method"] == "same"}
    assert (values["F-LD"]["value"], values["SSIM"]["value"]) == (0, pytest.approx(1))
    assert values["PSNR"]["value"] is None and values["PSNR"]["reason"] == "identical"
    scores = (tmp_path / "run/scores.parquet").read_bytes()
    again = facecues(*command, *options, "--ranks-against", tmp_path / "run")
    assert again.returncode == 0 and "F-LD" in again.stdout and "same" in again.stdout
    assert (tmp_path / "run/scores.parquet").read_bytes() == scores


def test_videos_that_cannot_be_used_make_exit_1_unless_allowed(small_tree: Path, tmp_path: Path) -> None:
    good = next(small_tree.rglob("001.mp4"))
    for folder, names in (("real", ("a", "b")), ("ours", ("a",))):
        (tmp_path / folder).mkdir()
        for name in names:
            (tmp_path / folder / f"{name}.mp4").hardlink_to(good)
    (tmp_path / "ours/b.mp4").write_text("no video")
    command = ["evaluate", "--reference", tmp_path / "real", "--method", f"ours={tmp_path / 'ours'}", "--workers", 1]
    command += ["--out", tmp_path / "run", "--metrics", "ssim", "--floors", "still", "--size", 64]
    done = facecues(*command)
    assert done.returncode == 1 and "1 videos could not be used" in done.stdout
    assert (tmp_path / "run/summary.parquet").is_file()
    assert facecues(*command, "--fail-above", 0.5).returncode == 0


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["nowhere"], ["nowhere", "not a finished evaluation"]),
        (["run", "--preset", "thesis"], ["thesis", "paper"]),
        (["run", "--videos", "few"], ["videos", "few"]),
        (["run", "--out", "{tmp}/taken"], ["taken", "neither empty nor a report"]),
        (["run", "--config", "{tmp}/odd.yaml"], ["tables", "round"]),
        (["run", "--config", "{tmp}/unknown.yaml", "--out", "{tmp}/new"], ["dance", "ranking"]),
        (["run", "--reported", "{tmp}/absent.yaml"], ["absent.yaml"]),
    ],
    ids=lambda value: " ".join(value[1:]) if isinstance(value, list) else None,
)
def test_bad_use_of_report_is_one_sentence_and_writes_nothing(
    tmp_path: Path, arguments: list[str], words: list[str]
) -> None:
    fake_run(tmp_path / "run")
    (tmp_path / "taken").mkdir()
    (tmp_path / "taken" / "thesis.txt").write_text("mine")
    (tmp_path / "odd.yaml").write_text("tables: [{name: x, kind: round}]")
    (tmp_path / "unknown.yaml").write_text("figures: {kinds: [dance]}")
    before = sorted(tmp_path.rglob("*"))
    run, *options = arguments
    refused(facecues("report", tmp_path / run, *(option.format(tmp=tmp_path) for option in options)), *words)
    assert sorted(tmp_path.rglob("*")) == before


def test_report_prints_the_main_table_and_writes_a_folder(tmp_path: Path) -> None:
    run, out = fake_run(tmp_path / "run"), tmp_path / "report"
    (tmp_path / "quick.yaml").write_text("figures: {kinds: [ranking]}")
    printed = facecues("report", run)
    assert printed.returncode == 0 and "M-LD" in printed.stdout and "second" in printed.stdout
    assert {path.name for path in tmp_path.iterdir()} == {"run", "quick.yaml"}
    told = facecues("report", run, "--out", out, "--config", tmp_path / "quick.yaml", "--json")
    assert told.returncode == 0 and json.loads(told.stdout)["figures"] == ["ranking"], told.stderr
    assert (out / "index.html").is_file() and (out / "tables" / "main.tex").is_file()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ("train cues {store}", ["--out"]),
        ("train cues {tmp}/empty --out {tmp}/run", ["empty", "not a finished cue store"]),
        ("train cues {store} --out {tmp}/run", ["No clip", "they have no sound"]),
        ("train cues {store} --out {tmp}/occupied", ["occupied", "something else than a generator"]),
        ("train cues {store} --out {tmp}/run --variant dance", ["dance", "no-classifier", "retrieval"]),
        ("train cues {store} --out {tmp}/run --split nobody", ["nobody", "official"]),
        ("train cues {store} --out {tmp}/run --epochs 0", ["train.epochs", "greater than 0"]),
        ("train cues {store} --out {tmp}/run --device abacus", ["cuda", "abacus"]),
        ("train cues {store} --out {tmp}/run --config {tmp}/list.yaml", ["train", "names and values"]),
        ("train cues {store} --out {tmp}/run --config {tmp}/odd.yaml", ["networks"]),
        ("train cues {store} --out {tmp}/run --config {tmp}/wide.yaml", ["network.hidden", "wide"]),
        ("train emotion {tmp}/empty --out {tmp}/run", ["empty", "not a finished cue store"]),
        ("train emotion {store} --out {tmp}/run --split W015", ["two or more actors", "M003"]),
        ("train emotion {store} --out {tmp}/run --architecture svm", ["gru", "conv", "svm"]),
        ("train emotion {store} --out {tmp}/occupied --no-faces", ["occupied", "something else"]),
        ("train emotion {store} --out {tmp}/run --architecture gru --config {tmp}/number.yaml", ["cues", "3"]),
        ("train generator {store} --out {tmp}/run --preset huge", ["huge", "tiny", "vox-256-spade"]),
        ("train generator {store} --out {tmp}/run --preset tiny --data {tmp}/empty", ["videos", "--data ROOT"]),
        ("train generator {store} --out {tmp}/run --preset tiny --config {tmp}/odd.yaml", ["networks"]),
        ("train keypoints {store} --out {tmp}/run", ["--generator"]),
        ("train keypoints {store} --out {tmp}/run --generator {tmp}/file", ["file", "plain tensors"]),
        ("train keypoints {store} --out {tmp}/run --generator {tmp}/absent", ["absent", "train generator"]),
        ("train keypoints {store} --out {tmp}/run --generator {tmp}/file --variant dance", ["dance", "no-irises"]),
        ("generate {tmp}/methods.yaml#nobody {store} --out {tmp}/run", ["nobody", "mine"]),
        ("generate {tmp}/absent.yaml#mine {store} --out {tmp}/run", ["absent.yaml"]),
        ("generate still --out {tmp}/run", ["STORE", "--audio", "--portrait"]),
        ("generate still {store} --audio {tmp}/file --out {tmp}/run", ["STORE", "--audio", "--portrait"]),
        ("generate still --audio {tmp}/file --out {tmp}/z.mp4", ["STORE", "--audio", "--portrait"]),
        ("generate still {store} --out {tmp}/run", ["No clip", "has sound"]),
        ("generate nobody --audio {tmp}/file --portrait {tmp}/file --out {tmp}/z.mp4", ["nobody", "still"]),
        (
            "generate {tmp}/empty --audio {tmp}/file --portrait {tmp}/file --out {tmp}/z.mp4",
            ["empty", "no generator", "still"],
        ),
        ("generate still {store} --out {tmp}/run --emotion joyful", ["joyful", "happy"]),
        ("generate still {store} --out {tmp}/run --level 7", ["7", "1, 2, 3"]),
        ("generate still {store} --out {tmp}/run --renderer neural", ["warp", "neural"]),
        ("generate still {store} --out {tmp}/run --actors X1", ["X1", "M003"]),
        ("generate still {store} --out {tmp}/run --fail-above 2", ["--fail-above"]),
        ("generate still --audio {tmp}/file --portrait {tmp}/file --out {tmp}/z.mp4", ["file", "sound"]),
        ("generate still --audio {tmp}/file --portrait {tmp}/file --out {tmp}/z.mp4 --level 0", ["0", "1, 2, 3"]),
        ("generate still --audio {tmp}/file --portrait {tmp}/file --out {tmp}/empty", ["empty", "folder"]),
    ],
)
def test_bad_use_of_train_and_generate_is_one_sentence_and_writes_nothing(
    small_store: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    *,
    arguments: str,
    words: list[str],
) -> None:
    pytest.importorskip("torch")
    for name in ("empty", "occupied"):
        (tmp_path / name).mkdir()
    (tmp_path / "occupied/notes.txt").write_text("mine")
    (tmp_path / "file").write_text("neither sound nor picture")
    for name, text in (("list", "train: [1]"), ("odd", "networks: {}"), ("wide", "network: {hidden: wide}")):
        (tmp_path / f"{name}.yaml").write_text(text)
    (tmp_path / "number.yaml").write_text("cues: 3")
    (tmp_path / "methods.yaml").write_text("mine: {videos: '{clip_id}.mp4'}")
    before = sorted([*tmp_path.rglob("*"), *small_store.rglob("*")])
    given = arguments.format(tmp=tmp_path, store=small_store).split()
    # In this process, since each new one would import PyTorch.
    monkeypatch.setattr(sys, "argv", ["facecues", *given])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    refused(subprocess.CompletedProcess(given, int(str(ended.value.code)), *capfd.readouterr()), *words)
    assert sorted([*tmp_path.rglob("*"), *small_store.rglob("*")]) == before


def test_index_counts_and_prints_json(small_tree: Path) -> None:
    shown = facecues("index", small_tree, "--split", "W015")
    assert shown.returncode == 0 and "M003" in shown.stdout and "gaps" in shown.stdout
    answer = json.loads(facecues("index", small_tree, "--json").stdout)
    assert answer["layout"] == "mead"
    refused(facecues("index", small_tree, "--split", "nobody"), "official", "eat")


def test_weights_and_doctor_answer_without_work() -> None:
    listed = json.loads(facecues("weights", "list", "--json").stdout)
    assert {"facemesh", "iris", "l2cs-gaze360"} <= {one["name"] for one in listed}
    refused(facecues("weights", "fetch", "facemsh"), "facemesh")
    checks = json.loads(facecues("doctor", "--json").stdout)
    assert any(one["name"] == "facemesh" and one["kind"] == "backend" for one in checks)


def test_help_and_version_are_there() -> None:
    assert "extract" in facecues("--help").stdout
    assert facecues("--version").stdout.startswith("facecues 0.")


def test_verify_tells_of_every_file_and_does_not_stop_at_a_bad_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("iris_landmark.tflite", "face_landmark.tflite"):
        (tmp_path / name).write_bytes(b"not this")
    monkeypatch.setenv("FACECUES_WEIGHTS", str(tmp_path))
    done = facecues("weights", "verify", "iris", "facemesh")
    assert done.returncode == 2
    assert [line.count("has sha256") for line in done.stderr.splitlines()] == [1, 1]

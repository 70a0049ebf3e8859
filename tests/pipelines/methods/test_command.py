"""External programs: no shell, bounded logs, and an end whatever they do."""

import json
import os
import re
import resource
import signal
import subprocess
import sys
import time

import pytest

from facecues.pipelines.methods.command import HEAD, TAIL, Command, Log, ProgramError, run_command
from tests.pipelines.datasets import wait_until


@pytest.fixture
def run(tmp_path):
    """Runs Python code as a program; gives the log as text."""

    def start(code, *arguments, timeout_s=60.0, environment=None, **more):
        argv = (sys.executable, "-c", code, *arguments)
        command = Command(argv, tmp_path, {**os.environ, **(environment or {})}, timeout_s)
        run_command(command, tmp_path / "log", **more)
        return (tmp_path / "log").read_text()

    return start


@pytest.fixture
def refused(run, tmp_path):
    """The same where it fails; gives the error and the log."""

    def start(*arguments, **more):
        with pytest.raises(ProgramError) as caught:
            run(*arguments, **more)
        return caught.value, (tmp_path / "log").read_text()

    return start


def alive(pid):
    """Whether a process runs; one that has ended and waits for its parent does not."""
    try:
        with open(f"/proc/{pid}/stat") as file:
            return file.read().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def pids_in(log):
    """What a program said of itself."""
    return [int(pid) for line in re.findall(r"^pids ([\d ]+)$", log, re.MULTILINE) for pid in line.split()]


def test_arguments_reach_the_program_as_they_are_and_no_shell_sees_them(run, tmp_path):
    hostile = ("; touch bad", "$HOME", "`id`", "*", "a b", "", "\u00fc'\"\\")
    log = run("import sys, json; print(json.dumps(sys.argv[1:]))", *hostile)
    assert f"\n{json.dumps(list(hostile))}\n" in log
    assert not (tmp_path / "bad").exists()


def test_it_has_its_folder_its_environment_and_nothing_to_read(run, tmp_path):
    log = run(
        "import os, sys; print(os.getcwd(), os.environ['MINE'], repr(sys.stdin.read()))", environment={"MINE": "x"}
    )
    assert f"{tmp_path} x ''" in log
    assert "[exit status 0 after" in log


def test_output_and_errors_are_kept_in_their_order(run):
    log = run("import sys; print('one', flush=True); print('two', file=sys.stderr, flush=True); print('three')")
    assert "one\ntwo\nthree\n" in log


def test_an_exit_status_is_told_and_so_is_what_was_said(refused):
    error, log = refused("print('why'); raise SystemExit(3)")
    assert (error.trouble, "exit status 3" in error.message) == ("exit_status", True)
    assert "why\n" in log and log.endswith("ended with exit status 3]\n")
    assert error.said == "why"
    error, _ = refused("import os; os.kill(os.getpid(), 9)")
    assert "exit status 137, as after SIGKILL" in error.message and error.said == ""


@pytest.mark.parametrize(
    ("printed", "said"),
    [
        ("one\ntwo\n\n  \n", "two"),
        ("10 %\r20 %\r", "20 %"),
        ("\x1b[31mred\x1b[0m\n", "[31mred[0m"),
        ("x" * 10_000, "x" * 300),
        ("x" * 3 * HEAD + "\nlast", "last"),
        (" \n", ""),
    ],
)
def test_its_last_line_is_told_whatever_it_printed(printed, said, tmp_path):
    with Log(tmp_path / "log") as log:
        log.remark("$ python x.py\n")
        for at in range(0, len(printed), 4096):
            log.write(printed[at : at + 4096].encode())
        assert log.last_line == said


@pytest.mark.parametrize(
    ("argv", "sentence"),
    [(("nobody-has-this",), "not in PATH"), (("./nobody",), "not to be executed"), (("./log.d",), "is not there")],
)
def test_a_program_that_is_not_there_is_told(argv, sentence, tmp_path):
    (tmp_path / "log.d").mkdir()
    with pytest.raises(ProgramError, match=sentence) as caught:
        run_command(Command(argv, tmp_path, os.environ, 5), tmp_path / "log")
    assert caught.value.trouble == "cannot_start"
    assert caught.value.message in (tmp_path / "log").read_text()


def test_a_program_that_is_no_program_and_a_folder_that_is_none_are_told(tmp_path):
    (tmp_path / "text").write_text("not a program")
    (tmp_path / "text").chmod(0o755)
    for argv, folder in ((("./text",), tmp_path), (("true",), tmp_path / "none")):
        with pytest.raises(ProgramError) as caught:
            run_command(Command(argv, folder, os.environ, 5), tmp_path / "log")
        assert caught.value.trouble == "cannot_start"


# Ends


def test_one_that_hangs_is_ended_with_all_that_it_started(refused):
    code = (
        "import subprocess, sys, time, os, signal; signal.signal(signal.SIGTERM, signal.SIG_IGN);"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)']);"
        "print('pids', os.getpid(), child.pid, flush=True); time.sleep(600)"
    )
    started = time.monotonic()
    error, log = refused(code, timeout_s=2)
    assert error.trouble == "timeout" and "no end within 2 s" in error.message
    assert time.monotonic() - started < 8
    assert len(pids_in(log)) == 2
    wait_until(lambda: not any(map(alive, pids_in(log))))


def test_what_it_leaves_running_is_ended_and_does_not_keep_the_run(run):
    code = (
        "import subprocess, sys; child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)']);"
        "print('pids', child.pid)"
    )
    started = time.monotonic()
    log = run(code)
    assert time.monotonic() - started < 8
    wait_until(lambda: not any(map(alive, pids_in(log))))


def test_one_that_closes_its_output_and_hangs_is_ended_too(refused):
    error, _ = refused("import os, time; os.close(1); os.close(2); time.sleep(600)", timeout_s=1)
    assert error.trouble == "timeout"


def test_it_is_ended_when_it_may_not_run_any_more(refused, tmp_path):
    (tmp_path / "leave").touch()
    code = "import os, time; print('pids', os.getpid(), flush=True); os.unlink('leave'); time.sleep(600)"
    error, log = refused(code, may_run=(tmp_path / "leave").exists)
    assert error.trouble == "stopped"
    wait_until(lambda: not any(map(alive, pids_in(log))))


def test_it_is_ended_when_the_process_that_runs_it_is_killed(tmp_path):
    code = (
        "import os, sys, pathlib; from facecues.pipelines.methods.command import Command, run_command;"
        'hang = \'import os, time; open("pid", "w").write(str(os.getpid())); time.sleep(600)\';'
        "here = pathlib.Path(sys.argv[1]);"
        "run_command(Command((sys.executable, '-c', hang), here, os.environ, 600), here / 'log')"
    )
    asker = subprocess.Popen([sys.executable, "-c", code, str(tmp_path)])
    try:
        wait_until(lambda: (tmp_path / "pid").exists() and (tmp_path / "pid").read_text() != "")
    finally:
        asker.send_signal(signal.SIGKILL)
        asker.wait()
    wait_until(lambda: not alive(int((tmp_path / "pid").read_text())))


# Logs


def test_a_gigabyte_of_output_costs_neither_memory_nor_disk(run, tmp_path):
    code = (
        "import os; block = b'many words\\n' * 95_325; print('begin', flush=True);"
        "[os.write(1, block[sent:]) for _ in range(1024) for sent in [os.write(1, block)] if sent < len(block)];"
        "print('end')"
    )
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    log = run(code)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 16 * 1024  # kilobytes
    assert (tmp_path / "log").stat().st_size < HEAD + TAIL + 2000
    assert "\nbegin\nmany words" in log and "many words\nend\n" in log
    cut = int(log.split("[… ")[1].split(" bytes left out")[0])
    assert cut + HEAD + TAIL == 1024 * 11 * 95_325 + len("begin\nend\n")


def test_a_log_keeps_the_beginning_and_the_end(tmp_path):
    text = bytes(range(256)) * 1000
    with Log(tmp_path / "log") as log:
        for at in range(0, len(text), 1000):
            log.write(text[at : at + 1000])
        log.remark("over", at_end=True)
    kept = (tmp_path / "log").read_bytes()
    cut = f"\n[… {len(text) - HEAD - TAIL} bytes left out …]\n".encode()
    assert kept == text[:HEAD] + cut + text[-TAIL:] + b"over"


def test_a_short_log_is_whole(tmp_path):
    with Log(tmp_path / "log") as log:
        log.write(b"x" * (HEAD + TAIL))
        log.remark("", at_end=True)
    assert (tmp_path / "log").read_bytes() == b"x" * (HEAD + TAIL)

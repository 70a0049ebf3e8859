"""One external program: no shell, a process group of its own, a time limit, and what it prints kept within bounds."""

import os
import select
import shlex
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from types import TracebackType
from typing import Self

from facecues.errors import FacecuesError
from facecues.pipelines.atomic import writing
from facecues.pipelines.methods import warden

HEAD = TAIL = 64 * 1024  # bytes of what a program prints that its log keeps
_LINE = 300  # bytes at the end that its last line is looked for in
_CHUNK = 64 * 1024
_LOOK_EVERY_S = 0.1
_END_S = 10.0  # for a program that was killed to be gone


class Trouble(StrEnum):
    """Why a program made no video."""

    CANNOT_START = "cannot_start"  # it is not there, or not to be executed
    TIMEOUT = "timeout"
    EXIT_STATUS = "exit_status"  # not 0
    NO_OUTPUT = "no_output"  # no video where it should be, or several
    BROKEN_OUTPUT = "broken_output"  # it does not decode
    STOPPED = "stopped"  # the run was interrupted


class ProgramError(FacecuesError):
    """One program's failure, which costs its own clip.

    Attributes:
        trouble: which.
        message: what happened.
        said: the last line that the program printed, where that may tell why; else empty.
    """

    def __init__(self, trouble: Trouble, message: str, said: str = "") -> None:
        super().__init__(message)
        self.trouble = trouble
        self.message = message
        self.said = said

    def __reduce__(self) -> tuple[type["ProgramError"], tuple[Trouble, str, str]]:
        return type(self), (self.trouble, self.message, self.said)


@dataclass(frozen=True, slots=True)
class Command:
    """What is to be run.

    Attributes:
        argv: program and arguments.
        folder: its working directory, absolute.
        environment: all of it.
        timeout_s: wall time, seconds.
    """

    argv: tuple[str, ...]
    folder: Path
    environment: Mapping[str, str]
    timeout_s: float


def run_command(command: Command, log: Path, may_run: Callable[[], bool] = lambda: True) -> float:
    """Runs a program to its end. What it leaves running in its process group is ended with it.

    It ends too when this process dies, however that comes about: see `warden`.

    Args:
        command: what to run.
        log: file for standard output and standard error, as they come; no more than HEAD + TAIL bytes of them.
        may_run: looked at ten times a second; the program is ended when it says no.

    Returns:
        Seconds that it took.

    Raises:
        ProgramError: CANNOT_START, TIMEOUT, EXIT_STATUS or STOPPED.
        StoreError: the log cannot be written.
    """
    started = time.monotonic()
    with Log(log) as kept:
        kept.remark(f"$ {shlex.join(command.argv)}\n  in {command.folder}\n")
        try:
            _run(command, kept, may_run, started + command.timeout_s)
        except ProgramError as error:
            kept.remark(f"\n[{error.message}]\n", at_end=True)
            raise
        seconds = time.monotonic() - started
        kept.remark(f"\n[exit status 0 after {seconds:.1f} s]\n", at_end=True)
        return seconds


def _run(command: Command, kept: "Log", may_run: Callable[[], bool], deadline: float) -> None:
    program = _program(command)
    process = subprocess.Popen(
        [sys.executable, "-I", "-S", warden.__file__, program, *command.argv[1:]],
        cwd=command.folder,
        env=dict(command.environment),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,  # deaf to Ctrl-C, which is the run's to handle
    )
    assert process.stdin is not None and process.stdout is not None
    try:
        for _ in _watch(process, kept):
            if time.monotonic() >= deadline:
                raise ProgramError(Trouble.TIMEOUT, f"no end within {command.timeout_s:g} s: it was ended")
            if not may_run():
                raise ProgramError(Trouble.STOPPED, "ended because the run was interrupted")
    finally:
        _end(process)
    status = process.returncode
    if status == 126:
        raise ProgramError(Trouble.CANNOT_START, f"{command.argv[0]} cannot be started; the log says why")
    if status:
        message = f"{command.argv[0]} ended with exit status {status}{_signal(status)}"
        raise ProgramError(Trouble.EXIT_STATUS, message, kept.last_line)


def _program(command: Command) -> str:
    """The program's file. Raises ProgramError where there is none, or no folder to run it in."""
    name = command.argv[0]
    if not command.folder.is_dir():
        raise ProgramError(Trouble.CANNOT_START, f"the working directory {command.folder} is no folder")
    place = str(command.folder / name) if os.sep in name else name
    found = shutil.which(place, path=command.environment.get("PATH", os.defpath))
    if found is None:
        where = "to be executed" if os.sep in name else "in PATH"
        raise ProgramError(Trouble.CANNOT_START, f"the program {place} is not there, or not {where}")
    return os.path.abspath(found)


def _watch(process: "subprocess.Popen[bytes]", kept: "Log") -> Iterator[None]:
    """Takes over what a program prints until it has ended; comes back at least every tenth of a second."""
    assert process.stdout is not None
    descriptor = process.stdout.fileno()
    os.set_blocking(descriptor, False)
    open_ = True
    while process.poll() is None:
        if open_:
            select.select([descriptor], [], [], _LOOK_EVERY_S)
            open_ = _drain(descriptor, kept)
        else:
            time.sleep(_LOOK_EVERY_S)
        yield
    if open_:
        _drain(descriptor, kept)


def _drain(descriptor: int, kept: "Log") -> bool:
    """Takes over what can be read now, some megabytes at most; False at the end."""
    for _ in range(64):
        try:
            found = os.read(descriptor, _CHUNK)
        except BlockingIOError:
            return True
        if not found:
            return False
        kept.write(found)
    return True


def _end(process: "subprocess.Popen[bytes]") -> None:
    """Closes the warden's lifeline, upon which it ends the program; its own process group last."""
    assert process.stdin is not None and process.stdout is not None
    with suppress(OSError):
        process.stdin.close()
    with suppress(subprocess.TimeoutExpired):
        process.wait(_END_S)
    if process.poll() is None:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    process.stdout.close()


def _signal(status: int) -> str:
    """`, as after SIGKILL` for 137."""
    try:
        return f", as after {signal.Signals(status - 128).name}"
    except ValueError:
        return ""


class Log:
    """A file with the first HEAD and the last TAIL bytes of what is written to it, and how many were left out."""

    def __init__(self, path: Path) -> None:
        with writing(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file = path.open("wb", buffering=0)
        self._path = path
        self._room = HEAD
        self._tail = bytearray()
        self._cut = 0
        self._end = b""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()

    def write(self, data: bytes) -> None:
        """Takes over what a program printed. Raises StoreError."""
        self._end = (self._end + data)[-_LINE:]
        head, rest = data[: self._room], data[self._room :]
        if head:
            self._room -= len(head)
            self._put(head)
        self._tail += rest
        if len(self._tail) > 2 * TAIL:  # now and then, not each time
            self._shorten()

    @property
    def last_line(self) -> str:
        """The last line of what was printed that says something; what could steer a terminal is left out."""
        lines = self._end.decode(errors="replace").splitlines()
        shown = ("".join(filter(str.isprintable, line)).strip() for line in reversed(lines))
        return next(filter(None, shown), "")

    def remark(self, text: str, *, at_end: bool = False) -> None:
        """Writes words of our own; those at the end come after what was kept. Raises StoreError."""
        if at_end:
            self._shorten()
            if self._cut:
                self._put(f"\n[… {self._cut} bytes left out …]\n".encode())
            self._put(bytes(self._tail))
            self._tail.clear()
        self._put(text.encode(errors="backslashreplace"))

    def _shorten(self) -> None:
        over = len(self._tail) - TAIL
        if over > 0:
            self._cut += over
            del self._tail[:over]

    def _put(self, data: bytes) -> None:
        with writing(self._path):
            self._file.write(data)

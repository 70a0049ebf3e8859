"""Runs one program, and ends it with all that it started when whoever asked for it is gone.

A script of its own, for a fresh interpreter with the standard library alone:

    python -I -S warden.py PROGRAM ARGUMENT …

Its standard input is a pipe that nobody writes to. When the other end is closed, on purpose or because that process has
died, the program's process group is ended. Exit status: the program's; 128 and the signal's number where one ended it;
126 where it cannot be started.
"""

import os
import signal
import subprocess
import sys
import threading
from contextlib import suppress


def main(argv: list[str]) -> int:
    try:
        child = subprocess.Popen(argv, stdin=subprocess.DEVNULL, start_new_session=True)
    except OSError as error:
        sys.stderr.write(f"{argv[0]} cannot be started: {error.strerror}\n")
        return 126

    def end() -> None:
        with suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGKILL)

    def end_with_asker() -> None:
        os.read(0, 1)
        end()

    threading.Thread(target=end_with_asker, daemon=True).start()
    status = child.wait()
    end()  # what it may have left behind
    return 128 - status if status < 0 else status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

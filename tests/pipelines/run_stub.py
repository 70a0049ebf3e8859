"""`python -m tests.pipelines.run_stub DATASET STORE`: one run in a process that tests may kill."""

import sys
from pathlib import Path

from tests.pipelines.datasets import run

if __name__ == "__main__":
    summary = run(Path(sys.argv[1]), Path(sys.argv[2]), workers=2)
    sys.stdout.write("interrupted" if summary.interrupted else "done")

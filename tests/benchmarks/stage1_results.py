"""Stage 1 on the synthetic corpus: the full model against baselines and ablations, as docs/results.md has it.

    python -m tests.benchmarks.stage1_results OUT [--docs docs]

Everything is done by public commands, which are echoed; given again, the same command goes on where it stopped. The
corpus has 52 actors; tested is on a clip of each emotion and level of the last 12, and no sentence occurs twice.
Emotion is judged by a convolutional classifier that was trained on another corpus (seed 777), with another seed, and
never saw what generators learn from. How long each training took goes into OUT/stage1_results.json, for
tests.benchmarks.performance_table.
"""

import argparse
import os
import shlex
import subprocess
import sys
import time
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from rich.console import Console

from facecues.models.synth.corpus import actor_names
from facecues.models.training.files import LOG, read_log
from tests.benchmarks.measured import write_figures

ACTORS, TESTED, CLIPS = 52, 12, 3
OTHER_ACTORS, OTHER_SEED, JUDGE_SEED = 24, 777, 5
TEST = ",".join(actor_names(ACTORS)[-TESTED:])
TRAINED = (
    "full",
    "no-classifier",
    "gaze-regression",
    "separate-decoders",
    "no-autoregression",
    "no-reference",
    "lstm",
    "retrieval",
)
BASELINES = ("still", "retrieval", "lstm")
_STYLE = Path(__file__).with_name("stage1.yaml")
_SETTINGS = Path(__file__).with_name("stage1_evaluate.yaml")
_BEGIN, _END = "<!-- stage 1: begin -->", "<!-- stage 1: end -->"


def main() -> None:
    """Makes the corpora, trains, generates, evaluates and reports."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("out", type=Path)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--epochs", type=int, default=10)
    parser.add_argument("--parallel", type=int, default=2, help="trainings at a time, one thread each")
    parser.add_argument("--docs", type=Path, help="folder whose results.md gets the tables")
    told = parser.parse_args()
    corpus, others, out = told.out / "corpus", told.out / "others", told.out
    made_like = ["--clips", CLIPS, "--size", 256, "--pictures", "sketch"]
    facecues(["synth", corpus, "--actors", ACTORS, *made_like])
    facecues(["synth", others, "--actors", OTHER_ACTORS, "--seed", OTHER_SEED, *made_like])
    judge = ["train", "emotion", others / "truth", "--out", out / "judge", "--architecture", "conv"]
    facecues([*judge, "--seed", JUDGE_SEED, "--no-faces"])
    store = corpus / "truth"
    seeds = range(1, told.seeds + 1)
    train = ["train", "cues", store, "--split", TEST, "--epochs", told.epochs]
    trainings = [
        [*train, "--variant", variant, "--seed", seed, "--out", out / "runs" / f"{variant}@{seed}"]
        for seed in seeds
        for variant in TRAINED
    ]
    facecues([*train, "--variant", "retrieval", "--out", out / "runs" / "retrieval@1"])  # fills the cache of features
    together(trainings, told.parallel)
    write_figures(out, "stage1_results", {"epochs": told.epochs, "seconds": seconds(out / "runs", told.epochs)})
    makers = {"still": ["still"]} | {
        variant: [out / "runs" / f"{variant}@{seed}" for seed in seeds] for variant in TRAINED
    }
    tested = ["--split", TEST, "--only", "*/001"]
    methods: list[object] = []
    for name in ("full", *BASELINES, *(one for one in TRAINED if one not in ("full", *BASELINES))):
        for seed, maker in enumerate(makers[name], 1):
            made = out / "made" / f"{name}@{seed}"
            facecues(["generate", maker, store, *tested, "--seed", seed, "--out", made])
            methods += ["--method", f"{name if name != 'still' else 'held-still'}={made / 'cues'}"]
    judged = ["--classifier", out / "judge" / "cues"]
    facecues(
        ["evaluate", "--reference", store, *tested, *methods, *judged, "--config", _SETTINGS, "--out", out / "scores"]
    )
    facecues(["report", out / "scores", "--config", _STYLE, "--out", out / "report", "--videos", "none"])
    if told.docs is not None:
        tables = [path.read_text(encoding="utf-8") for path in sorted((out / "report" / "tables").glob("*.md"))]
        write_section(told.docs / "results.md", tables, _BEGIN, _END)


def facecues(arguments: Sequence[object]) -> None:
    """Runs a public command in one native thread, and ends everything where it fails."""
    command = ["facecues", *map(str, arguments)]
    Console().print(f"$ {shlex.join(command)}", highlight=False, markup=False, soft_wrap=True)
    started = time.monotonic()
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    subprocess.run([sys.executable, "-m", "facecues.cli", *command[1:]], check=True, env=environment)
    Console().print(f"{time.monotonic() - started:.0f} s: {shlex.join(command[:3])} … {command[-1]}", markup=False)


def seconds(runs: Path, epochs: int) -> dict[str, float]:
    """Of the epochs of each run; `retrieval` has none."""
    logs = {path.parent.name: read_log(path, epochs) for path in sorted(runs.glob(f"*/{LOG}"))}
    return {run: round(sum(line["seconds"] for line in log)) for run, log in logs.items()}


def together(commands: Iterable[Sequence[object]], parallel: int) -> None:
    """Several commands at a time."""
    with ThreadPoolExecutor(parallel) as pool:
        for _ in pool.map(facecues, commands):
            pass


def write_section(document: Path, tables: Iterable[str], begin: str, end: str) -> None:
    """Puts tables between two marks of a document."""
    before, rest = document.read_text(encoding="utf-8").split(begin)
    _, after = rest.split(end)
    text = "\n\n".join(table.strip() for table in tables)
    document.write_text(f"{before}{begin}\n\n{text}\n\n{end}{after}", encoding="utf-8")


if __name__ == "__main__":
    main()

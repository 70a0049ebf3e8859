"""The `tiny` generator on the synthetic corpus: against copying the source, as docs/results.md has it.

    python -m tests.benchmarks.tiny_generator CORPUS OUT [--docs docs]

The corpus is made where it is not there: 32 actors, the last 8 of whom are tested on and never seen in training. Each
of their clips gives pairs of two moments of it, and pairs with another clip of the same actor; a clip's value is the
mean over its pairs, and the test flips the signs of whole actors. Given again, the same command goes on where it
stopped. How long the training took goes into OUT/tiny_generator.json, for tests.benchmarks.performance_table.
"""

import argparse
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from rich.console import Console

from facecues.metrics.lpips import lpips
from facecues.metrics.ssim import ssim
from facecues.metrics.statistics import paired_comparison
from facecues.models.facevid2vid.checkpoint import load_facevid2vid
from facecues.models.facevid2vid.contracts import FacePictures
from facecues.models.facevid2vid.model import FaceVid2Vid
from facecues.models.facevid2vid.pairs import reconstruct
from facecues.models.facevid2vid.training_config import training_config
from facecues.models.synth.corpus import SynthConfig, actor_names
from facecues.models.training.files import LOG, read_log
from facecues.pipelines.synth import synthesise
from facecues.pipelines.training.face_pictures import gather_face_pictures
from facecues.pipelines.training.generator import train_generator
from facecues.pipelines.training.material import Source
from tests.benchmarks.measured import write_figures
from tests.benchmarks.stage1_results import write_section

ACTORS, TESTED = 32, 8
EMOTIONS = ("angry", "happy", "neutral", "sad")
PAIRS = 4  # of a clip and a kind
SECONDS = 5.0  # that a speed is measured for
CONFIG = SynthConfig(actors=ACTORS, emotions=EMOTIONS, levels=(3,), clips=1, size=256)
METRICS = {
    "LPIPS (alex) ↓": lpips,
    "LPIPS (vgg) ↓": partial(lpips, net="vgg"),
    "SSIM ↑": ssim,
}
_BEGIN, _END = "<!-- generator: begin -->", "<!-- generator: end -->"


class Pair(NamedTuple):
    """Rows of the pictures: what is moved, and what it should look like."""

    source: int
    driving: int


def main() -> None:
    """Makes the corpus, trains, measures, and writes the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("corpus", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--docs", type=Path, help="folder whose results.md gets the tables")
    told = parser.parse_args()
    torch.set_num_threads(1)
    store = synthesise(told.corpus, CONFIG).truth
    tested = actor_names(ACTORS)[-TESTED:]
    config = training_config("tiny")
    summary = train_generator(Source(store, ",".join(tested)), told.out, config)
    log = read_log(told.out / LOG, summary.epochs)
    seconds = sum(line["seconds"] for line in log)
    model = load_facevid2vid(told.out, "cpu")
    faces = gather_face_pictures(Source(store), model.config.size, config.train.per_clip, lambda *_: None)
    stopped_on, pairs = len(summary.held_out), config.train.batch * config.train.steps * summary.epochs
    write_figures(told.out, "tiny_generator", {"pairs": pairs, "minutes": round(seconds / 60, 1)})
    about = (
        f"`tiny` ({summary.parameters:,} parameters, pictures of {model.config.size}²), trained on {summary.clips} "
        f"clips of {ACTORS - TESTED - stopped_on} actors, with {stopped_on} more to choose the epoch by, in "
        f"{seconds / 60:.1f} minutes on one thread of a CPU ({pairs:,} "
        f"pairs), and tested on {TESTED} other actors, who are other looks of the same portrait. It makes "
        f"{speed(model):.0f} frames/s on one thread, keypoints given. Training compares features of AlexNet, as LPIPS "
        "(alex) does; LPIPS (vgg) is of a network that it never saw."
    )
    parts = [about, table(model, faces, tested)]
    for part in parts:
        Console().print(part, "\n", markup=False, soft_wrap=True)
    if told.docs is not None:
        write_section(told.docs / "results.md", parts, _BEGIN, _END)


def table(model: FaceVid2Vid, faces: FacePictures, tested: tuple[str, ...]) -> str:
    """Copying the source against the generator, by kind of pair and metric."""
    lines = [
        "| source and driving | metric | source copied | `tiny` | difference (95 % CI over actors) | p |",
        "|---|---|---|---|---|---|",
    ]
    for kind, across in (("two moments of a clip", False), ("two clips of an actor", True)):
        clips = [at for at, actor in enumerate(faces.clips["actor"]) if actor in tested]
        actors = faces.clips["actor"].iloc[clips].tolist()
        pairs = [list(draw(faces, clip, across)) for clip in clips]
        sources, drivings, made = pictures(model, faces, [pair for each in pairs for pair in each])
        for name, metric in METRICS.items():
            copied, moved = (metric(one, drivings).reshape(len(clips), -1).mean(axis=1) for one in (sources, made))
            found = paired_comparison(moved, copied, actors)
            lines.append(
                f"| {kind} | {name} | {copied.mean():.4f} | {moved.mean():.4f} | {found.difference:+.4f} "
                f"({found.low:+.4f} to {found.high:+.4f}) | {found.p:.4f} |"
            )
    return "\n".join(lines)


def draw(faces: FacePictures, clip: int, across: bool) -> Iterator[Pair]:
    """Pairs whose driving picture is of a clip."""
    rng = np.random.default_rng([clip, across])
    actors = faces.clips["actor"].to_numpy()
    others = [at for at in np.flatnonzero(actors == actors[clip]) if (at != clip) == across]
    for _ in range(PAIRS):
        driving, other = rng.integers(*faces.starts[clip : clip + 2]), rng.choice(others)
        rows = np.arange(*faces.starts[other : other + 2])
        yield Pair(int(rng.choice(rows[rows != driving])), int(driving))


def pictures(model: FaceVid2Vid, faces: FacePictures, pairs: list[Pair]) -> tuple[NDArray[np.uint8], ...]:
    """Sources, drivings, and what is made of them."""
    made = [reconstruct(model, faces.pictures[pair.source], faces.pictures[pair.driving])[0] for pair in pairs]
    sources, drivings = (np.stack([faces.pictures[row] for row in rows]) for rows in zip(*pairs, strict=True))
    return sources, drivings, np.stack(made)


@torch.inference_mode()
def speed(model: FaceVid2Vid) -> float:
    """Frames a second of one portrait, one after the other, keypoints given."""
    source = torch.rand(1, 3, model.config.size, model.config.size)
    appearance, keypoints = model.encode(source), model.keypoints(source)
    model.generate(appearance, keypoints, keypoints)
    count, began = 0, time.monotonic()
    while time.monotonic() - began < SECONDS:
        model.generate(appearance, keypoints, 0.9 * keypoints)
        count += 1
    return count / (time.monotonic() - began)


if __name__ == "__main__":
    main()

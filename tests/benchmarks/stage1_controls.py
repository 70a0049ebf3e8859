"""What the trained full model listens to: sound, emotion, reference; whether it drifts; how fast it is.

    python -m tests.benchmarks.stage1_controls OUT [--docs docs]

OUT is that of stage1_results, whose runs and corpus are used. Figures are means over test actors with 95 % t intervals.
How fast it is goes into OUT/stage1_controls.json, for tests.benchmarks.performance_table.
"""

import argparse
import resource
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from rich.console import Console
from scipy.stats import pearsonr
from scipy.stats import t as student

from facecues.cues import load_clips
from facecues.labels import EMOTIONS
from facecues.metrics.mouth import mouth_opening
from facecues.models.cue_generator.contracts import Reference, Request, join
from facecues.models.cue_generator.generator import NetworkGenerator, load
from facecues.models.cue_generator.reference import best_reference
from facecues.preprocess.pupils import eye_openness
from facecues.preprocess.sound import Sound, read_sound
from facecues.resample import FPS
from facecues.sequences import Cues, CueSequences, read_sequences
from tests.benchmarks.measured import write_figures
from tests.benchmarks.stage1_results import TEST, write_section

MINUTES = 10
_BEGIN, _END = "<!-- controls: begin -->", "<!-- controls: end -->"


class Clips(NamedTuple):
    """Test clips, their sound and references."""

    sequences: CueSequences
    sounds: list[Sound]
    references: list[Reference]

    def request(self, clip: int, *, sound: int | None = None, reference: int | None = None, **other) -> Request:
        row = self.sequences.clips.iloc[clip]
        values = {"emotion": row["emotion"], "level": int(row["level"])} | other
        heard = self.sounds[clip if sound is None else sound]
        face = self.references[clip if reference is None else reference]
        return Request(heard, len(self.sequences[clip]), reference=face, **values)


def main() -> None:
    """Measures, prints, and writes the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("out", type=Path)
    parser.add_argument("--docs", type=Path)
    told = parser.parse_args()
    torch.set_num_threads(1)
    clips, generator = read(told.out / "corpus"), load(told.out / "runs" / "full@1")
    parts = [audio(clips, generator), emotion(clips, generator), reference(clips, generator, told.out / "runs")]
    rates = speed(clips, told.out / "runs")
    parts += [long_run(clips, generator, told.out / "corpus"), speed_table(rates)]
    write_figures(told.out, "stage1_controls", rates)
    for part in parts:
        Console().print(part, "\n", markup=False, soft_wrap=True)
    if told.docs is not None:
        write_section(told.docs / "results.md", parts, _BEGIN, _END)


def read(corpus: Path) -> Clips:
    """The first clip of each test actor, emotion and level."""
    chosen = load_clips(corpus / "truth", split=TEST)
    sequences = read_sequences(corpus / "truth", chosen)
    first = np.flatnonzero(sequences.clips["number"] == "001")
    references = [best_reference(sequences, int(clip)) for clip in first]
    sounds = [read_sound(corpus / audio) for audio in sequences.clips["audio"].iloc[first]]
    return Clips(sequences.some(first), sounds, references)


def audio(clips: Clips, generator: NetworkGenerator) -> str:
    """Own sound against another clip's."""
    order = np.random.default_rng(0).permutation(len(clips.sounds))
    other = dict(zip(order.tolist(), np.roll(order, 1).tolist(), strict=True))
    own, swapped, moved = [], [], []
    for clip in range(len(clips.sounds)):
        true = mouth_opening(clips.sequences[clip].normalized)
        heard, wrong = (
            mouth_opening(join(generator.stream(clips.request(clip, sound=sound))).normalized)
            for sound in (clip, other[clip])
        )
        own.append(pearsonr(heard, true)[0])
        swapped.append(pearsonr(wrong, true)[0])
        moved.append(np.abs(heard - wrong).mean() / np.abs(true - true.mean()).mean())
    actors = clips.sequences.clips["actor"].tolist()
    rows = [
        ("its own sound", interval(own, actors)),
        ("another clip's sound", interval(swapped, actors)),
        ("difference", interval(np.subtract(own, swapped), actors)),
    ]
    text = table("Correlation of the mouth's opening with the truth", ("generated from", "correlation"), rows)
    share = f"{np.mean(moved):.2f}"
    return text + f"\n\nThe mouth moves by {share} of its usual way between the two ({len(own)} clips)."


_STATISTICS = ("head pitch", "head speed", "gaze pitch", "gaze spread", "eyes' opening", "brows' height", "smile")


def statistics(cues: Cues) -> list[float]:
    """`_STATISTICS` of one clip: degrees, degrees per second, and template units."""
    points = cues.normalized
    corners = points[:, [48, 54], 1].mean()
    middle = points[:, [51, 57], 1].mean()
    return [
        float(cues.rotation[:, 0].mean()),
        float(np.abs(np.diff(cues.rotation, axis=0)).mean() * FPS),
        float(cues.gaze[:, 0].mean()),
        float(np.linalg.norm(cues.gaze - cues.gaze.mean(axis=0), axis=1).mean()),
        float(np.median(eye_openness(points))),
        float(-points[:, 17:27, 1].mean()),
        float(middle - corners),
    ]


def emotion(clips: Clips, generator: NetworkGenerator) -> str:
    """The same speech and faces with every label, against what the corpus does with that label."""
    labels = clips.sequences.clips["emotion"].to_numpy(), clips.sequences.clips["level"].to_numpy(int)
    neutral = np.flatnonzero(labels[0] == "neutral")
    true, made = [], []
    for name in EMOTIONS:
        level = 1 if name == "neutral" else 3
        there = np.flatnonzero((labels[0] == name) & (labels[1] == level))
        true.append(np.mean([statistics(clips.sequences[int(clip)]) for clip in there], axis=0))
        requests = (clips.request(int(clip), emotion=name, level=level, seed=1) for clip in neutral)
        made.append(np.mean([statistics(join(generator.stream(request))) for request in requests], axis=0))
    rows = []
    for name, one, two in zip(_STATISTICS, np.array(true).T, np.array(made).T, strict=True):
        ranges = (f"{each.min():.3g} … {each.max():.3g}" for each in (one, two))
        rows.append((name, f"{pearsonr(one, two)[0]:.2f}", *ranges))
    return table(
        "Only the label is changed: neutral test clips with all eight emotions, per emotion against the corpus",
        ("mean over clips", "correlation over emotions", "range in the corpus", "range generated"),
        rows,
    )


def reference(clips: Clips, generator: NetworkGenerator, runs: Path) -> str:
    """How far the generated faces' average is from the person's, with whose reference."""
    actors = clips.sequences.clips["actor"].to_numpy()
    order = np.random.default_rng(1).permutation(np.unique(actors))
    other = dict(zip(order.tolist(), np.roll(order, 1).tolist(), strict=True))
    without = load(runs / "no-reference@1")
    far: dict[str, list[float]] = {"their own": [], "another actor's": [], "none (no-reference)": []}
    for clip, actor in enumerate(actors):
        true = clips.sequences[clip].normalized.mean(axis=0)
        wrong = int(np.flatnonzero(actors == other[actor])[0])
        makers = ((generator, None), (generator, wrong), (without, None))
        for name, (maker, face) in zip(far, makers, strict=True):
            made = join(maker.stream(clips.request(clip, reference=face))).normalized.mean(axis=0)
            far[name].append(float(np.linalg.norm(made - true, axis=1).mean()))
    rows = [(name, interval(values, actors.tolist(), digits=4)) for name, values in far.items()]
    title = "Identity distance: mean face generated to mean face true, in eye distances"
    return table(title, ("reference", "distance"), rows)


def long_run(clips: Clips, generator: NetworkGenerator, corpus: Path) -> str:
    """Ten minutes without a break: statistics of the first and the last minute, by those of training clips."""
    sounds = np.concatenate(clips.sounds * 3)[: MINUTES * 60 * 16_000]
    clip = int(np.flatnonzero(clips.sequences.clips["emotion"] == "happy")[0])
    frames = MINUTES * 60 * FPS
    request = Request(sounds, frames, "happy", 3, clips.references[clip])
    generator_stream = generator.stream(request)
    first, last, done, before = [], [], 0, 0
    for chunk in generator_stream:
        done += len(chunk)
        if done <= 60 * FPS:
            first.append(chunk)
            before = peak_mb()
        elif done > frames - 60 * FPS:
            last.append(chunk)
    after = peak_mb()
    chosen = load_clips(corpus / "truth", where={"emotion": ["happy"], "level": [3]})
    training = read_sequences(corpus / "truth", chosen[~chosen["actor"].isin(TEST.split(","))])
    neutral = clips.references[clip].normalized
    known = np.array([summary(training[at], best_reference(training, at).normalized) for at in range(len(training))])
    rows = []
    for name, values, one, two in zip(
        ("pitch", "yaw", "roll", "deviation of the pose", "displacement", "its deviation"),
        known.T,
        summary(join(first), neutral),
        summary(join(last), neutral),
        strict=True,
    ):
        low, high = np.percentile(values, [2.5, 97.5])
        rows.append((name, f"{one:.3g}", f"{two:.3g}", f"{low:.3g} … {high:.3g}"))
    text = table(
        f"{MINUTES} minutes of sound in one go (happy, level 3)",
        ("statistic", "first minute", "last minute", "95 % of training clips"),
        rows,
    )
    return text + f"\n\nMemory at most: {before} MB after the first minute, {after} MB after the last."


def summary(cues: Cues, neutral: np.ndarray) -> list[float]:
    """Mean angles, deviation of the pose over time, mean length of the displacement and its deviation."""
    moved = np.linalg.norm(cues.normalized - neutral, axis=-1).mean(axis=1)
    angles = cues.rotation.mean(axis=0).tolist()
    return [*angles, float(cues.rotation.std(axis=0).mean()), float(moved.mean()), float(moved.std())]


def speed(clips: Clips, runs: Path) -> dict[str, list[float]]:
    """Times real time of generation by one native thread, sound to cues, three rounds of each model."""
    sound = np.concatenate(clips.sounds)[: 60 * 16_000]
    found = {}
    for name in ("full", "separate-decoders", "lstm"):
        generator = load(runs / f"{name}@1")
        request = Request(sound, 60 * FPS, "sad", 3, clips.references[0])
        found[name] = []
        for _ in range(3):
            started = time.perf_counter()
            join(generator.stream(request))
            found[name].append(60 / (time.perf_counter() - started))
    return found


def speed_table(found: dict[str, list[float]]) -> str:
    """Of what `speed` found."""
    rows = [(name, f"{max(rates):.0f}", f"{min(rates):.0f}") for name, rates in found.items()]
    return table("Times real time, one minute of sound, one core", ("model", "best of 3", "worst of 3"), rows)


def peak_mb() -> int:
    """Most memory that this process has had, MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


def interval(values: Iterable[float], actors: Iterable[str], digits: int = 3) -> str:
    """Mean over actors' means, and the half width of its 95 % t interval."""
    found: dict[str, list[float]] = {}
    for actor, value in zip(actors, values, strict=True):
        found.setdefault(actor, []).append(value)
    means = np.array([np.mean(each) for each in found.values()])
    half = student.ppf(0.975, len(means) - 1) * means.std(ddof=1) / np.sqrt(len(means))
    return f"{means.mean():.{digits}f} ± {half:.{digits}f}"


def table(title: str, heads: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    """Markdown."""
    lines: Iterator[tuple[str, ...]] = iter([heads, ("---",) + ("---:",) * (len(heads) - 1), *rows])
    return f"**{title}**\n\n" + "\n".join(f"| {' | '.join(line)} |" for line in lines)


if __name__ == "__main__":
    main()

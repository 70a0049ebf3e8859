"""Stage 1 on real speech: few clips, each person left out once.

    python -m tests.benchmarks.real_speech DATA OUT [--docs docs]

DATA is the folder of real clips (mead, real, methods/reference, emotion_sources in it); cues are extracted into OUT.
For each person and seed a model learns from the clips of all others. What is told is the correlation of the generated
mouth's opening with the true one, per person: of the model, with other people's sound, of the autoregressive model,
and of `retrieval` from the same other people. Most clips have no label of emotion, so no model is told one.
"""

import argparse
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from rich.console import Console
from scipy.stats import pearsonr

from facecues.cues import load_clips
from facecues.errors import UsageError
from facecues.metrics.mouth import mouth_opening
from facecues.models.cue_generator.config import GeneratorConfig, generator_config
from facecues.models.cue_generator.contracts import CueGenerator, Request, join
from facecues.models.cue_generator.data import TrainingClips
from facecues.models.cue_generator.generator import load
from facecues.models.cue_generator.reference import best_reference, reference_frames
from facecues.models.cue_generator.retrieval import Retrieval
from facecues.models.cue_generator.training import Trainer
from facecues.models.front_ends import front_end
from facecues.preprocess.sound import Sound, is_audible, read_sound
from facecues.resample import FPS, SAMPLES_PER_FRAME
from facecues.sequences import CueSequences, join_sequences, read_sequences
from tests.benchmarks.stage1_controls import interval, table
from tests.benchmarks.stage1_results import write_section

FOLDERS = ("mead", "real", "methods/reference", "emotion_sources")
_LEAST_FRAMES = 20
_BEGIN, _END = "<!-- real speech: begin -->", "<!-- real speech: end -->"
_SHUFFLES = 4
_SWAPPED = "model, other people's sound"
_SEEDS = range(3)
# The mouth's own motion is what two minutes can teach; longer training learns the people by heart.
_FEW = {
    "network": {"front_end": "logmel-even", "emotion": 0, "hidden": 128, "audio": 64, "reference": 16, "dropout": 0.5},
    "loss": {"emotion": 0.0, "distance": "squared", "mouth": 10.0, "landmarks": 0.1, "velocity": 0.0, "motion": 1.0},
    "train": {"epochs": 12, "batch": 8, "chunk": 40, "learning_rate": 1e-3, "forced_last": 1.0, "patience": 12},
    "inference": {"gaze": "expectation", "pose": "expectation"},
}
CONFIGS = {
    name: generator_config("full", {**_FEW, "network": {**_FEW["network"], "feedback": feedback}})
    for name, feedback in (("model", 0), ("autoregressive", 16))
}


def main() -> None:
    """Extracts, trains a model for each person, and prints the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--docs", type=Path)
    told = parser.parse_args()
    torch.set_num_threads(1)
    sequences, sounds = gather(told.data, told.out)
    heard = front_end(_FEW["network"]["front_end"])
    rows = [heard.rows(sound, len(sequences[clip])) for clip, sound in enumerate(sounds)]
    clips = TrainingClips(sequences, rows, reference_frames(sequences), heard)
    people = sequences.clips["actor"].to_numpy()
    said: dict[str, list[list[float]]] = {}  # by seed and clip
    for seed in _SEEDS:
        found: dict[str, list[float]] = {}
        for person in np.unique(people):
            learn, left_out = np.flatnonzero(people != person), np.flatnonzero(people == person)
            models = {
                name: fit(clips, learn, told.out / "runs" / name / str(person), config, seed)
                for name, config in CONFIGS.items()
            }
            models["retrieval"] = Retrieval.fit(sequences.some(learn), [rows[clip] for clip in learn], heard)
            for clip in left_out.tolist():
                for name, model in models.items():
                    found.setdefault(name, []).append(correlation(model, sequences, clip, sounds[clip]))
                others = np.random.default_rng(clip).choice(learn, _SHUFFLES, replace=False).tolist()
                wrong = [fitted(sounds[other], len(sounds[clip])) for other in others]
                values = [correlation(models["model"], sequences, clip, sound) for sound in wrong]
                found.setdefault(_SWAPPED, []).append(float(np.mean(values)))
        Console().print(f"seed {seed}", {name: round(float(np.mean(values)), 3) for name, values in found.items()})
        for name, values in found.items():
            said.setdefault(name, []).append(values)
    means = {name: np.mean(values, axis=0).tolist() for name, values in said.items()}
    text = report(means, people.tolist(), sequences)
    Console().print(text, markup=False, soft_wrap=True)
    if told.docs is not None:
        write_section(told.docs / "results.md", [text], _BEGIN, _END)


def gather(data: Path, out: Path) -> tuple[CueSequences, list[Sound]]:
    """Cues and sound of all clips that have both; a clip without an actor's name is its own person."""
    parts, sounds = [], []
    for folder in FOLDERS:
        store = out / Path(folder).name
        command = [sys.executable, "-m", "facecues.cli", "extract", str(data / folder), str(store), "--fail-above", "1"]
        subprocess.run(command, check=True)
        try:
            sequences = read_sequences(store, load_clips(store, status=("ok", "partial")))
        except UsageError as error:
            Console().print(f"{folder}: {error}", markup=False)
            continue
        kept = []
        for clip in range(len(sequences)):
            row, cues = sequences.clips.iloc[clip], sequences[clip]
            if pd.isna(row["audio"]) or cues.valid.sum() < _LEAST_FRAMES:
                continue
            sound = read_sound(data / folder / row["audio"], start_s=sequences.sound_start_s(clip))
            if is_audible(sound):
                kept.append(clip)
                sounds.append(fitted(sound, len(cues) * SAMPLES_PER_FRAME))
        if not kept:
            continue
        chosen = sequences.some(np.array(kept, np.int64))
        named = chosen.clips["actor"].fillna(folder + "/" + chosen.clips["clip_id"]).str.replace("/", "_")
        chosen.clips["actor"] = named
        chosen.clips["view"] = "front"
        chosen.clips["emotion"] = "neutral"  # what is not used has to be something
        parts.append(chosen)
    return join_sequences(parts), sounds


def fitted(sound: Sound, length: int) -> Sound:
    """Cut, or said again and again, to a length."""
    return np.resize(sound, length)


def fit(clips: TrainingClips, learn: np.ndarray, run: Path, config: GeneratorConfig, seed: int) -> CueGenerator:
    """A model that stops by some of the people that it may learn from."""
    shutil.rmtree(run, ignore_errors=True)
    run.mkdir(parents=True)
    held_out = learn[::8]
    seeded = config.model_copy(update={"train": config.train.model_copy(update={"seed": seed})})
    Trainer(clips, np.setdiff1d(learn, held_out), held_out, seeded).train(run, "real")
    return load(run)


def correlation(generator: CueGenerator, sequences: CueSequences, clip: int, sound: Sound) -> float:
    """Of the mouth's opening, over the frames with a face."""
    truth = sequences[clip]
    made = join(generator.stream(Request(sound, len(truth), "neutral", 1, best_reference(sequences, clip))))
    valid = truth.valid
    true, said = mouth_opening(truth.normalized)[valid], mouth_opening(made.normalized)[valid]
    return float(pearsonr(true, said)[0]) if said.std() > 0 else 0.0


def report(found: dict[str, list[float]], people: Sequence[str], sequences: CueSequences) -> str:
    """The table: means over people, and the differences that matter."""
    model = np.array(found["model"])
    rows = [(name, interval(values, people)) for name, values in found.items()]
    rows += [
        (f"model − {name}", interval(model - np.array(values), people))
        for name, values in found.items()
        if name != "model"
    ]
    seconds = len(sequences.cues) / FPS
    title = (
        f"Correlation of the mouth's opening with the truth: {len(set(people))} people, {len(people)} clips, "
        f"{seconds:.0f} s in all, one person left out at a time"
    )
    return table(title, ("", "mean over people ± 95 %"), rows)


if __name__ == "__main__":
    main()

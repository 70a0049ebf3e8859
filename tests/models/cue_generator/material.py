"""A few short clips to train on: made-up people whose mouths follow a sound, and that sound's features."""

from functools import cache

import numpy as np

from facecues.models.cue_generator.config import GeneratorConfig, generator_config
from facecues.models.cue_generator.data import TrainingClips
from facecues.models.cue_generator.reference import reference_frames
from facecues.models.front_ends import front_end
from facecues.models.synth.expressions import LEVEL_STRENGTH
from facecues.sequences import CueSequences
from tests.models.emotion.performers import troupe

EMOTIONS = ("angry", "happy", "neutral")
SMALL = {
    "network": {"audio": 16, "emotion": 8, "reference": 16, "feedback": 16, "hidden": 32},
    "train": {"epochs": 2, "batch": 4, "chunk": 24, "learning_rate": 0.003},
}


def small(variant: str = "full", **parts: dict) -> GeneratorConfig:
    """A variant that trains in seconds."""
    return generator_config(variant, {part: {**SMALL.get(part, {}), **parts.get(part, {})} for part in SMALL | parts})


@cache
def material(actors: int = 3, clips: int = 2) -> TrainingClips:
    """Clips of each actor and emotion; sound is loud where the mouth is open."""
    sequences = troupe(actors, clips, EMOTIONS)
    table = sequences.clips.assign(view="front", number=[str(at) for at in range(len(sequences))])
    table["level"] = [1 if emotion == "neutral" else max(LEVEL_STRENGTH) for emotion in table["emotion"]]
    sequences = CueSequences(table.astype({"level": "Int8"}), sequences.starts, sequences.begins_s, sequences.cues)
    heard = front_end("mfcc")
    rows = [heard.rows(voice(sequences[clip].normalized), len(sequences[clip])) for clip in range(len(sequences))]
    return TrainingClips(sequences, rows, reference_frames(sequences), heard)


def voice(normalized: np.ndarray) -> np.ndarray:
    """(640 T,) float32 noise, as loud as the mouth of (T, 68, 3) is open."""
    gap = np.linalg.norm(normalized[:, 66] - normalized[:, 62], axis=-1)
    noise = np.random.default_rng(0).normal(size=640 * len(gap))
    return (np.repeat(gap, 640) * noise).clip(-1, 1).astype(np.float32)

"""Cues of made-up people who babble with a feeling: quick to make, and hard enough to tell apart."""

import numpy as np
import pandas as pd

from facecues.labels import EMOTIONS, NEUTRAL
from facecues.models.synth.behavior import manner_of, perform
from facecues.sequences import Cues, CueSequences
from tests.models.stand_ins import babble, identity


def act(emotion: str, rng: np.random.Generator, frames: int = 60, level: int = 3) -> Cues:
    """One clip of a person whom `rng` draws."""
    return _perform(emotion, level, frames, (identity(rng), manner_of(rng)), rng)


def troupe(actors: int, clips: int, emotions: tuple[str, ...] = EMOTIONS, seed: int = 0) -> CueSequences:
    """Clips of each actor and emotion, 50 to 70 frames long."""
    rows, made = [], []
    for actor in range(actors):
        rng = np.random.default_rng([seed, actor])
        person = identity(rng), manner_of(rng)
        for emotion in emotions:
            for number in range(clips):
                level = 1 if emotion == NEUTRAL else 3
                made.append(_perform(emotion, level, int(rng.integers(50, 71)), person, rng))
                rows.append({"clip_id": f"A{actor}/{emotion}/{number}", "actor": f"A{actor}", "emotion": emotion})
    starts = np.cumsum([0, *map(len, made)])
    names = ("normalized", "rotation", "translation", "scale", "gaze")
    joined = Cues(*(np.concatenate([getattr(one, name) for one in made]) for name in names))
    return CueSequences(pd.DataFrame(rows), starts, np.zeros(len(made)), joined)


def _perform(emotion, level, frames, person, rng) -> Cues:
    face, manner = person
    done = perform(babble(frames, rng), face, emotion, level, manner, rng)
    place = np.zeros((frames, 3), np.float32)
    return Cues(done.normalized, done.rotation, place, np.ones(frames, np.float32), done.gaze)

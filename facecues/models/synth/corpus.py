"""What a synthetic corpus consists of: which clips there are, who acts in them, and what is true in each frame.

Everything random comes from the seed and a name, an actor's or a clip's: no clip depends on which others are made.
"""

import hashlib
from dataclasses import dataclass
from typing import Literal, NamedTuple, Self

import cv2
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from facecues.errors import UsageError
from facecues.labels import EMOTIONS, NEUTRAL, actor_to_gender, parse_emotion, parse_level
from facecues.models.synth.behavior import Performance, manner_of, perform
from facecues.models.synth.speech import Speech, speak, voice_of
from facecues.preprocess.cues import cue_rows
from facecues.preprocess.geometry import Similarity, rotation_degrees, rotation_matrix
from facecues.preprocess.pupils import eye_openness, relocate_with_pupils
from facecues.resample import FPS

VIEW = "front"
_FROM_THE_SIDE = 15.0  # degrees of yaw

Float32 = NDArray[np.float32]
Float64 = NDArray[np.float64]


class SynthConfig(BaseModel):
    """Everything that decides which clips a corpus has and what happens in them."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    actors: int = Field(default=4, ge=1, le=999)
    emotions: tuple[str, ...] = Field(default=EMOTIONS, min_length=1)
    levels: tuple[int, ...] = Field(default=(1, 3), min_length=1)
    clips: int = Field(default=3, ge=1, le=999, description="for each actor, emotion and level")
    size: Literal[256, 512] = Field(default=512, description="side of the frames, pixels")
    seed: int = Field(default=0, ge=0)
    seconds: tuple[float, float] = Field(default=(2.4, 4.0), description="shortest and longest clip")
    pictures: Literal["portrait", "sketch"] = Field(default="portrait", description="a portrait that moves, or lines")

    @field_validator("emotions")
    @classmethod
    def _known_emotions(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        try:
            return tuple(sorted({parse_emotion(name) for name in names}))
        except UsageError as error:
            raise ValueError(str(error)) from error

    @field_validator("levels")
    @classmethod
    def _known_levels(cls, levels: tuple[int, ...]) -> tuple[int, ...]:
        try:
            return tuple(sorted({parse_level(str(level)) for level in levels}))
        except UsageError as error:
            raise ValueError(str(error)) from error

    @model_validator(mode="after")
    def _sensible_length(self) -> Self:
        shortest, longest = self.seconds
        if not 1 <= shortest <= longest <= 60:
            raise ValueError("seconds should be the shortest and the longest clip, between 1 and 60")
        return self


@dataclass(frozen=True, slots=True)
class ClipPlan:
    """One clip to be made, with the names that MEAD would give it."""

    actor: str
    emotion: str
    level: int
    number: str
    frames: int

    @property
    def clip_id(self) -> str:
        return f"{self.actor}/{VIEW}/{self._rest}"

    @property
    def video(self) -> str:
        """Path below the root."""
        return f"{self.actor}/video/{VIEW}/{self._rest}.mp4"

    @property
    def audio(self) -> str:
        """Path below the root."""
        return f"{self.actor}/audio/{self._rest}.m4a"

    @property
    def _rest(self) -> str:
        return f"{self.emotion}/level_{self.level}/{self.number}"


@dataclass(frozen=True, slots=True, eq=False)
class Cues:
    """A clip before it is a picture.

    Attributes:
        speech: its sound, and what the sound does to the mouth.
        performance: what the face does.
        points: (T, 70, 3) float32, frame pixels: landmarks and, from 68, the right and the left pupil.
        truth: T rows of CUE_SCHEMA.
    """

    speech: Speech
    performance: Performance
    points: Float32
    truth: pa.RecordBatch


class _Pose(NamedTuple):
    """Head to frame as a store has it, float32."""

    degrees: Float32  # (T, 3) pitch, yaw, roll
    scale: Float32  # (T,)
    translation: Float32  # (T, 3)

    def exact(self) -> Similarity:
        """The same in float64, after rounding: what is stored then fits together."""
        degrees, scale, translation = (value.astype(np.float64) for value in self)
        return Similarity(rotation_matrix(degrees), scale, translation)


def plan(config: SynthConfig) -> tuple[ClipPlan, ...]:
    """The clips of a corpus, actor by actor. Neutral has level 1 only, as in MEAD, whatever levels are asked for."""
    return tuple(
        _plan_clip(config, actor, emotion, level, f"{number:03d}")
        for actor in actor_names(config.actors)
        for emotion in config.emotions
        for level in ((1,) if emotion == NEUTRAL else config.levels)
        for number in range(1, config.clips + 1)
    )


def _plan_clip(config: SynthConfig, actor: str, emotion: str, level: int, number: str) -> ClipPlan:
    seconds = rng_of(config.seed, actor, emotion, str(level), number, "length").uniform(*config.seconds)
    return ClipPlan(actor, emotion, level, number, frames=round(seconds * FPS))


def actor_names(count: int) -> tuple[str, ...]:
    """M001, W002, M003, …: men and women in turn."""
    return tuple(f"{'MW'[at % 2]}{at + 1:03d}" for at in range(count))


def rng_of(seed: int, *names: str) -> np.random.Generator:
    """Random numbers that belong to a seed and a name, and to nothing else."""
    words = np.frombuffer(hashlib.sha256("/".join(names).encode()).digest(), "<u4")
    return np.random.default_rng(np.random.SeedSequence([seed, *map(int, words)]))


def make_cues(config: SynthConfig, clip: ClipPlan, neutral: Float64, rest: Similarity, *, aloud: bool = True) -> Cues:
    """Speech, performance and truth of one clip.

    Args:
        config: of which the seed counts.
        clip: what to make.
        neutral: (68, 3) template units, the actor's face at rest.
        rest: where the head is in the portrait, how large and how turned. A performance begins at the front, but a
            portrait from the side has no far half to show, and keeps its turn.
        aloud: whether the sound is wanted; all else is the same without.
    """
    seed, actor = config.seed, clip.actor
    voice = voice_of(actor_to_gender(actor), rng_of(seed, actor, "voice"))
    manner = manner_of(rng_of(seed, actor, "manner"))
    speech = speak(clip.frames, clip.emotion, clip.level, voice, rng_of(seed, clip.clip_id, "speech"), aloud=aloud)
    performance = perform(speech, neutral, clip.emotion, clip.level, manner, rng_of(seed, clip.clip_id, "performance"))
    pose = _pose(performance, rest)
    both_eyes = np.repeat(performance.gaze.astype(np.float64)[:, None], 2, axis=1)
    points = relocate_with_pupils(performance.normalized.astype(np.float64), pose.exact(), both_eyes)
    points = points.astype(np.float32)
    return Cues(speech, performance, points, _truth(performance, pose, points[:, :68]))


def _pose(performance: Performance, rest: Similarity) -> _Pose:
    frames, rotation = len(performance.rotation), performance.rotation
    if abs(rotation_degrees(rest.rotation[None])[0, 1]) > _FROM_THE_SIDE:
        rotation = rotation_degrees(rotation_matrix(rotation.astype(np.float64)) @ rest.rotation)
    scale = np.full(frames, rest.scale, np.float32)
    translation = np.tile(np.asarray(rest.translation, np.float64), (frames, 1))
    translation[:, :2] += performance.offset * float(rest.scale)
    return _Pose(rotation.astype(np.float32), scale, translation.astype(np.float32))


def _truth(performance: Performance, pose: _Pose, landmarks: Float32) -> pa.RecordBatch:
    frames = len(landmarks)
    values = {
        "score": np.ones(frames, np.float32),
        "box": np.hstack([landmarks[..., :2].min(axis=1), landmarks[..., :2].max(axis=1)]),
        "landmarks": landmarks,
        "normalized": performance.normalized,
        "rotation": pose.degrees,
        "translation": pose.translation,
        "scale": pose.scale,
        **dict.fromkeys(("gaze_left", "gaze_right", "gaze"), performance.gaze),
        "eye_openness": eye_openness(landmarks),
    }
    times_s = [frame / FPS for frame in range(frames)]
    return cue_rows(range(frames), times_s, [None] * frames, np.ones(frames, bool), values)


def caption(frame: NDArray[np.uint8], words: str = "synthetic") -> NDArray[np.uint8]:
    """A copy of a (H, W, 3) frame with words in its bottom left corner."""
    labelled, height = np.ascontiguousarray(frame).copy(), frame.shape[0]
    font, size, margin = cv2.FONT_HERSHEY_SIMPLEX, height / 700, height // 64
    (wide, tall), below = cv2.getTextSize(words, font, size, 1)
    # A dark box, so that it can be read on any background.
    corner = (wide + 2 * margin, height - tall - below - margin)
    cv2.rectangle(labelled, (0, height), corner, (24, 24, 24), cv2.FILLED)
    cv2.putText(labelled, words, (margin, height - below), font, size, (255, 255, 255), 1, cv2.LINE_AA)
    return labelled

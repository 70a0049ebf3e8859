"""What a program is given for one clip: a portrait, the sound, the real video, the labels; and a hash of all that."""

import hashlib
import json
import wave
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from facecues.errors import ClipError
from facecues.labels import EMOTIONS
from facecues.pipelines.atomic import writing
from facecues.pipelines.generation.config import Order
from facecues.pipelines.generation.cues import sound_of
from facecues.pipelines.generation.people import People, Person
from facecues.pipelines.generation.videos import picture_at
from facecues.pipelines.methods.config import Declared
from facecues.pipelines.methods.patterns import LABELS
from facecues.preprocess.layouts import Clip
from facecues.preprocess.sound import Sound
from facecues.preprocess.watch import content_hash
from facecues.reasons import ClipReason
from facecues.resample import AUDIO_RATE, SAMPLES_PER_FRAME


@dataclass(frozen=True, slots=True, eq=False)
class Inputs:
    """One clip's.

    Attributes:
        clip: of the store; its audio is what is to be heard.
        emotion, level: to be shown, in our words.
        person: who is to speak.
        portrait, audio, reference_video: absolute paths in the dataset: of the video that the portrait is a frame of,
            of the sound, and of the clip itself.
    """

    clip: Clip
    emotion: str
    level: int
    person: Person
    portrait: Path
    audio: Path
    reference_video: Path

    def values(self, declared: Declared) -> dict[str, str]:
        """What stands for the placeholders that are labels, in the method's own words.

        Raises:
            ClipError: the method does not know the emotion.
        """
        return label_values(self.clip, declared, emotion=self.emotion, level=self.level)

    def digest(self, declared: Declared) -> str:
        """A hash of what the video depends on: the declaration, and the bytes of what its placeholders stand for.

        The program itself is not looked into.

        Raises:
            ClipError: a file cannot be read.
        """
        program = declared.method.run
        assert program is not None
        used = program.names()
        told: dict[str, object] = {
            "run": program.model_dump(mode="json", exclude={"timeout_s", "gpus", "at_once"}),
            "labels": {name: value for name, value in self.values(declared).items() if name in used},
            "audio": content_hash(self.audio),  # always: it is put into videos that are silent
            "frames": self.person.frames,
        }
        if "portrait" in used:
            told["portrait"] = [content_hash(self.portrait), round(self.person.time_s, 3)]
        if "reference_video" in used:
            told["reference_video"] = content_hash(self.reference_video)
        return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()[:16]

    def sound(self) -> Sound:
        """What is to be heard, as long as the clip. Raises ClipError."""
        return sound_of(self.audio, self.reference_video, self.person)[: self.person.frames * SAMPLES_PER_FRAME]

    def write_portrait(self, target: Path) -> None:
        """The whole frame that shows the person, as PNG. Raises ClipError or StoreError."""
        picture = picture_at(self.portrait, self.person.time_s)
        with writing(target):
            target.write_bytes(cv2.imencode(".png", picture[..., ::-1])[1].tobytes())


def inputs_of(clip: Clip, order: Order, people: People) -> Inputs:
    """What there is for a clip of the index of an order, which has labels and sound.

    Raises:
        ClipError: no frame shows the actor.
    """
    assert clip.audio is not None
    person = people.of(clip.clip_id)
    emotion, level = order.settings.emotion or clip.emotion, order.settings.level or clip.level
    assert emotion is not None and level is not None
    root = order.root
    return Inputs(clip, emotion, level, person, root / person.video, root / clip.audio, root / clip.video)


def label_values(clip: Clip, declared: Declared, *, emotion: str | None, level: int | None) -> dict[str, str]:
    """A clip's labels for the placeholders of the same names; those that it lacks are not among them.

    Raises:
        ClipError: the method does not know the emotion.
    """
    words = declared.method.emotions
    if emotion is not None and words:
        if emotion not in words:
            known = ", ".join(name for name in EMOTIONS if name in words)
            raise ClipError(ClipReason.UNPARSED, f"{declared.title} does not know {emotion}; it knows {known}")
        emotion = words[emotion]
    labels = {name: getattr(clip, name) for name in LABELS} | {"emotion": emotion, "level": level}
    return {name: str(value) for name, value in labels.items() if value is not None}


def write_wav(target: Path, sound: Sound) -> None:
    """One channel at 16 kHz, 16 bits. Raises StoreError."""
    samples = np.clip(np.round(sound * 32768.0), -32768, 32767).astype("<i2")
    with writing(target), wave.open(str(target), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(AUDIO_RATE)
        file.writeframes(samples.tobytes())

"""One sound and one portrait to one video."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from facecues.errors import ClipError, UsageError
from facecues.labels import parse_emotion, parse_level
from facecues.models.cue_generator.contracts import Request
from facecues.models.cue_generator.registry import open_generator
from facecues.models.media import read_picture, write_video
from facecues.models.synth.corpus import caption
from facecues.models.warp import WarpHead
from facecues.pipelines.atomic import replacing, writing
from facecues.pipelines.generation.portrait import RENDERER, lead, reference_of_head
from facecues.pipelines.generation.videos import TITLE
from facecues.preprocess.sound import Sound, read_sound
from facecues.resample import SAMPLES_PER_FRAME

_TELL_EVERY = 25  # frames


@dataclass(frozen=True, slots=True)
class Made:
    """A video, how many frames it has, and how long they took."""

    video: Path
    frames: int
    seconds: float


def generate_one(
    generator: str,
    audio: Path,
    portrait: Path,
    *,
    emotion: str,
    level: int,
    out: Path,
    size: int = 512,
    seed: int = 0,
    device: str = "cpu",
    progress: Callable[[int, int], None] | None = None,
) -> Made:
    """Lets a portrait say a sound. Memory does not grow with the length, but for the sound itself.

    Args:
        generator: "still", or the folder of a run.
        audio: any sound or video file; its first stream is heard.
        portrait: a picture of one face.
        emotion: any spelling of facecues.labels.
        level: 1 to 3.
        out: of the mp4, whose folder is made if need be.
        size: side of the frames, 256 or 512 pixels.
        seed: another one gives another performance.
        device: of a network.
        progress: called with how many frames are done, and of how many.

    Raises:
        UsageError: no sound, no portrait, or no such generator, emotion or level; nothing was written.
        FacecuesError: the video cannot be written.
    """
    started = time.monotonic()
    emotion, level = parse_emotion(emotion), parse_level(str(level))
    out = out.absolute()
    if out.is_dir() or any(path.exists() and out.exists() and path.samefile(out) for path in (audio, portrait)):
        raise UsageError(f"{out} is a folder, or what the video is made of: name a file for the video.")
    maker = open_generator(generator, device)
    sound = _sound(audio)
    head = WarpHead.prepare(read_picture(portrait), size)
    reference = reference_of_head(head)
    frames = -(-len(sound) // SAMPLES_PER_FRAME)
    request = Request(sound, frames, emotion, level, reference, seed)

    def pictures() -> Iterator[NDArray[np.uint8]]:
        done = 0
        for cues in maker.stream(request):
            for picture in head.render(lead(head, cues, reference)):
                yield caption(picture)
                done += 1
                if progress is not None and (done % _TELL_EVERY == 0 or done == frames):
                    progress(done, frames)

    comment = f"{emotion} level {level}, seed {seed}, by {maker.signature}, {RENDERER}@{size}"
    description = f"portrait: {portrait.name}; sound: {audio.name}"
    metadata = {"title": TITLE, "comment": comment, "description": description}
    with writing(out.parent):
        out.parent.mkdir(parents=True, exist_ok=True)
    with replacing(out) as temporary:
        written = write_video(temporary, pictures(), audio=sound, metadata=metadata)
    return Made(out, written, time.monotonic() - started)


def _sound(audio: Path) -> Sound:
    try:
        sound = read_sound(audio)
    except ClipError as error:
        raise UsageError(f"{error.message[0].upper()}{error.message[1:]}: give a file with sound.") from error
    if sound is None:
        raise UsageError(f"{audio} has no sound that decodes: give a file with sound.")
    return sound

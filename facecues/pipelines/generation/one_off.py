"""One sound and one portrait to one video."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from facecues.errors import ClipError, UsageError
from facecues.labels import parse_emotion, parse_level
from facecues.models.cue_generator.contracts import Request
from facecues.models.cue_generator.registry import open_generator
from facecues.models.media import read_picture, write_video
from facecues.models.rendering.checked import prepare
from facecues.models.rendering.contracts import Picture
from facecues.models.rendering.paste import Setting
from facecues.models.rendering.registry import open_renderer
from facecues.models.rendering.warp import WARP
from facecues.pipelines.atomic import replacing, writing
from facecues.pipelines.generation.videos import TITLE, drawn_by, finished
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
    renderer: str = WARP,
    size: int = 512,
    paste_back: bool = False,
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
        renderer: "warp", or the folder of a run of `train keypoints`.
        size: side of the face's frames, 256 or 512 pixels.
        paste_back: whether the face is put back into the whole portrait.
        seed: another one gives another performance.
        device: of a network.
        progress: called with how many frames are done, and of how many.

    Raises:
        UsageError: no sound, no portrait, or no such generator, renderer, emotion or level; nothing was written.
        ClipError: the renderer fails, or does not give what its contract says.
        FacecuesError: the video cannot be written.
    """
    started = time.monotonic()
    emotion, level = parse_emotion(emotion), parse_level(str(level))
    out = out.absolute()
    if out.is_dir() or any(path.exists() and out.exists() and path.samefile(out) for path in (audio, portrait)):
        raise UsageError(f"{out} is a folder, or what the video is made of: name a file for the video.")
    maker = open_generator(generator, device)
    painter = open_renderer(renderer, device)
    sound, picture = _sound(audio), read_picture(portrait)
    head = prepare(painter, picture, size)
    setting = Setting.of(picture[..., :3], head.crop, size) if paste_back else None
    reference = head.reference
    frames = -(-len(sound) // SAMPLES_PER_FRAME)
    request = Request(sound, frames, emotion, level, reference, seed)

    def pictures() -> Iterator[Picture]:
        done = 0
        for cues in maker.stream(request):
            for frame in head.render(cues, reference):
                yield frame
                done += 1
                if progress is not None and (done % _TELL_EVERY == 0 or done == frames):
                    progress(done, frames)

    drawn = drawn_by(painter, size, paste_back=paste_back)
    comment = f"{emotion} level {level}, seed {seed}, by {maker.signature}, {drawn}"
    description = f"portrait: {portrait.name}; sound: {audio.name}"
    metadata = {"title": TITLE, "comment": comment, "description": description}
    with writing(out.parent):
        out.parent.mkdir(parents=True, exist_ok=True)
    with replacing(out) as temporary:
        written = write_video(temporary, finished(pictures(), setting), audio=sound, metadata=metadata)
    return Made(out, written, time.monotonic() - started)


def _sound(audio: Path) -> Sound:
    try:
        sound = read_sound(audio)
    except ClipError as error:
        raise UsageError(f"{error.message[0].upper()}{error.message[1:]}: give a file with sound.") from error
    if sound is None:
        raise UsageError(f"{audio} has no sound that decodes: give a file with sound.")
    return sound

"""What runs in a worker when generated cues become a video: one clip of the store of cues, led by its portrait."""

import threading
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, fields
from functools import lru_cache
from pathlib import Path
from typing import Any

import av
import av.error
import cv2
import numpy as np

from facecues.config import Limits
from facecues.cues import load_clips, load_cues, to_array
from facecues.errors import ClipError, FacecuesError, UsageError, sentence_of
from facecues.models.media import write_video
from facecues.models.rendering.checked import prepare
from facecues.models.rendering.contracts import Head, Picture, Renderer
from facecues.models.rendering.paste import Setting
from facecues.models.rendering.registry import open_renderer
from facecues.models.synth.corpus import caption
from facecues.models.warp.portrait import Place
from facecues.pipelines.atomic import replacing, writing
from facecues.pipelines.events import Failure
from facecues.pipelines.generation.config import Order
from facecues.pipelines.generation.cues import sound_of
from facecues.pipelines.generation.people import People, Person
from facecues.pipelines.rows import Row
from facecues.pipelines.watchdog import has_fired, watchdog
from facecues.pipelines.work import GRACE, GRACE_S, job_marker
from facecues.preprocess.decode import Decoder
from facecues.reasons import ClipReason
from facecues.resample import SAMPLES_PER_FRAME
from facecues.sequences import Cues

TITLE = "synthetic: facecues generate"

_CHUNK = 250  # frames whose points are held at a time
_ONE_CLIP = threading.Lock()  # the watchdog serves one clip at a time


@dataclass(frozen=True, slots=True)
class Studio:
    """What all jobs of a run have in common. Paths are absolute, the same on every worker.

    Attributes:
        order: that the cues were made to.
        cues: the store that was made.
        out: where videos go.
        marks: folder for the marks of clips that hang.
    """

    order: Order
    cues: Path
    out: Path
    marks: Path


@dataclass(frozen=True, slots=True)
class Rendered:
    """How a job ended.

    Attributes:
        frames: written; 0 where the video was there already.
        failure: why there is no video.
    """

    frames: int
    failure: Failure | None = None


def video_of(folder: Path, original: str) -> Path:
    """Where a clip's video goes: below the folder as the original is in the dataset."""
    return (folder / original).with_suffix(".mp4")


def render(studio: Studio, clip: Row) -> Rendered:
    """Makes the video of a row of the store of cues, unless it is there.

    Raises:
        StoreError: the folder cannot be written.
        FacecuesError: what reads portraits cannot be had here.
    """
    limit_s = studio.order.limits.clip_timeout_s
    marker = job_marker(studio.marks, clip["clip_id"])
    with _ONE_CLIP:
        try:
            if has_fired(marker):
                raise ClipError(ClipReason.TIMEOUT, f"no end and no sign of life in {limit_s:g} s")
            with watchdog(marker, limit_s * (1 + GRACE) + GRACE_S):
                return Rendered(_render(studio, clip))
        except ClipError as error:
            reason, message = error.reason, error.message
        except FacecuesError:
            raise
        except Exception as error:  # noqa: BLE001 - the isolation boundary: one clip's fault stays its own
            reason, message = ClipReason.INTERNAL_ERROR, sentence_of(error)
    return Rendered(0, Failure(clip["clip_id"], str(reason), message))


def _render(studio: Studio, clip: Row) -> int:
    target = video_of(studio.out, clip["video"])
    settings = studio.order.settings
    comment = (
        f"{clip['clip_id']} of {clip['signature']}, cues {clip['content_key'][:16]}, sound {clip['audio']}, "
        f"{drawn_by(_renderer(studio.order), settings.size, paste_back=settings.paste_back)}"
    )
    if target.exists():
        there = metadata_of(target)
        if there.get("comment") == comment:
            return 0
        if there.get("title") != TITLE:
            raise ClipError(
                ClipReason.UNREADABLE, f"{target} is there, and is not of facecues generate: name another folder"
            )
    root = studio.order.root
    person = _people(studio.order).of(clip["clip_id"])
    head, setting = _portrayed(studio.order, root / person.video, person.time_s, person.place)
    sound = sound_of(root / clip["audio"], root / clip["video"], person)[: clip["frames"] * SAMPLES_PER_FRAME]
    metadata = {
        "title": TITLE,
        "comment": comment,
        "description": f"portrait: {person.clip_id} at {person.time_s:.2f} s",
    }
    with writing(target.parent):
        target.parent.mkdir(parents=True, exist_ok=True)
    with replacing(target) as temporary:
        frames = _frames(studio, clip, head, person)
        return write_video(temporary, finished(frames, setting), audio=sound, metadata=metadata)


def drawn_by(renderer: Renderer, size: int, *, paste_back: bool) -> str:
    """Names everything that changes how cues look."""
    return f"{renderer.signature}@{size}{', pasted back' if paste_back else ''}"


def finished(frames: Iterable[Picture], setting: Setting | None) -> Iterator[Picture]:
    """Frames as they are written: put back into the picture if there is one, and marked as synthetic."""
    for frame in frames:
        yield caption(frame if setting is None else setting.place(frame))


def _frames(studio: Studio, clip: Row, head: Head, person: Person) -> Iterator[Picture]:
    cues = _cues_of(studio.cues, clip["clip_id"])
    for start in range(0, len(cues), _CHUNK):
        yield from head.render(cues[start : start + _CHUNK], person.reference)


def _cues_of(store: Path, clip_id: str) -> Cues:
    """A clip of the generated store, at its own frames, which are 25 per second."""
    clips = load_clips(store, where={"clip_id": [clip_id]})
    names = [one.name for one in fields(Cues)]
    rows = load_cues(store, names, clips=clips)
    values = {name: to_array(rows[name]) for name in names if name != "scale"}
    values["scale"] = rows["scale"].to_numpy(np.float32, na_value=np.nan)
    values["normalized"] = values["normalized"].reshape(-1, 68, 3)
    return Cues(**values)


@lru_cache(maxsize=1)
def _people(order: Order) -> People:
    cv2.setNumThreads(1)  # one native thread per worker
    return People(order.store, order.settings.reference)


@lru_cache(maxsize=1)
def _renderer(order: Order) -> Renderer:
    assert order.settings.renderer is not None
    return open_renderer(order.settings.renderer, order.device)


@lru_cache(maxsize=4)
def _portrayed(order: Order, video: Path, time_s: float, place: Place) -> tuple[Head, Setting | None]:
    """The portrait that a frame of a video is. Raises ClipError where it cannot be one."""
    picture, settings = picture_at(video, time_s), order.settings
    try:
        head = prepare(_renderer(order), picture, settings.size, near=place)
    except UsageError as error:
        raise ClipError(ClipReason.NO_FACE, f"the frame of {video.name} at {time_s:.2f} s: {error}") from error
    return head, Setting.of(picture, head.crop, head.size) if settings.paste_back else None


def picture_at(video: Path, time_s: float) -> Picture:
    """The frame that is shown nearest to a time, (H, W, 3) uint8 RGB."""
    best = None
    with Decoder(video, Limits()) as decoder:
        for frame in decoder:
            if best is not None and abs(best.time_s - time_s) <= abs(frame.time_s - time_s):
                break
            best = frame
    if best is None:
        raise ClipError(ClipReason.NO_VIDEO, f"not one frame of {video.name} decodes")
    return best.rgb()


def metadata_of(video: Path) -> Mapping[str, Any]:
    """Title, comment and the like; nothing where the file does not open."""
    try:
        with av.open(str(video)) as container:
            return dict(container.metadata)
    except (av.error.FFmpegError, OSError):
        return {}

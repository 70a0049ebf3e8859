"""A synthetic corpus on disk: a MEAD-shaped tree of clips, and the store of what is true in them.

The clips are made first, one job each. The store is then extracted from the tree as any other, so that it has every
promise of a cue store; only its extractor does not look at the pictures, but makes the cues again from seed and name.
"""

import hashlib
import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import lru_cache, partial
from pathlib import Path

import av
import av.error
import cv2
import numpy as np
import pyarrow as pa
from distributed import Client
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict
from rich.console import RenderableType
from rich.markup import escape
from rich.table import Table

from facecues.config import ExtractConfig
from facecues.errors import ClipError, FacecuesError, UsageError
from facecues.models.media import Preset, read_picture, usual_portrait, write_audio, write_video
from facecues.models.synth.corpus import (
    ClipPlan,
    Cues,
    SynthConfig,
    actor_names,
    caption,
    make_cues,
    plan,
    rng_of,
)
from facecues.models.synth.sketch import sketch
from facecues.models.warp import Rest, WarpHead, rest_of
from facecues.models.warp.look import Look, look_of
from facecues.models.warp.portrait import Portrait as Face
from facecues.models.warp.portrait import read_portrait
from facecues.pipelines.atomic import leftovers, replace_text, replacing, writing
from facecues.pipelines.cluster import connect
from facecues.pipelines.events import Event
from facecues.pipelines.extract import extract
from facecues.pipelines.interrupt import interruptible
from facecues.pipelines.runner import Runner
from facecues.pipelines.store import inspect
from facecues.preprocess.contracts import ClipReport
from facecues.preprocess.index import build_index
from facecues.preprocess.landmarks.facemesh import FaceMeshBackend
from facecues.reasons import ClipReason, Status
from facecues.resample import AUDIO_RATE, FPS
from facecues.weights import REGISTRY, sha256_of

TRUTH = "truth"
_SETTINGS = "synth.json"
_VERSION = 1  # raise when the same seed gives other clips or other cues
_FORMERLY = {"pictures": "portrait"}  # what a corpus is whose settings do not have it yet


class Portrait(BaseModel):
    """Whose face it is: a picture, or with None scikit-image's public-domain astronaut."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    path: Path | None
    sha256: str  # of the pixels


class CorpusConfig(ExtractConfig):
    """What a corpus is made with, in the form in which the store of its truth records it."""

    synth: SynthConfig
    portraits: tuple[Portrait, ...]  # which the actors take in turn


@dataclass(frozen=True, slots=True)
class SynthSummary:
    """What a run has done.

    Attributes:
        root: absolute.
        truth: the store in it.
        actors, clips: of the whole corpus.
        skipped: clips that were there.
        frames: made in this run.
        seconds: of this run, wall time.
        interrupted: by Ctrl-C or SIGTERM; the same command goes on where this run stopped.
    """

    root: Path
    truth: Path
    actors: int
    clips: int
    skipped: int = 0
    frames: int = 0
    seconds: float = 0.0
    interrupted: bool = False

    def table(self) -> RenderableType:
        """For a terminal."""
        table = Table(box=None, show_header=False, padding=(0, 2, 0, 0))
        there = f", {self.skipped} of them there before" if self.skipped else ""
        table.add_row("clips", f"{self.clips} of {self.actors} actors{there}")
        rate = f", {self.frames / self.seconds:.0f} frames/s" if self.frames else ""
        table.add_row("made", f"{self.frames} frames in {timedelta(seconds=round(self.seconds))}{rate}")
        table.add_row("corpus", escape(str(self.root)))
        table.add_row("truth", escape(str(self.truth)))
        if self.interrupted:
            table.add_row("interrupted", "What is done is kept: give the same command again to go on.")
        return table


def synthesise(
    root: Path,
    config: SynthConfig,
    *,
    portraits: Sequence[Path] = (),
    workers: int | None = None,
    progress: Callable[[Event], None] | None = None,
) -> SynthSummary:
    """Makes a corpus, or what is missing of it: ACTOR/video, ACTOR/audio and truth/ below the root.

    Args:
        root: directory, made if need be; empty, or a corpus of the same configuration.
        config: which clips.
        portraits: pictures of one face each, which the actors take in turn; none: scikit-image's astronaut.
        workers: processes; None: one for each core.
        progress: called in this thread as clips end.

    Raises:
        UsageError: a portrait cannot be used, or the root is something else; nothing was touched.
        FacecuesError: the corpus cannot be written; what is finished is kept.
    """
    root = root.absolute()
    settings = CorpusConfig(synth=config, portraits=tuple(_admit(path, config.size) for path in portraits or (None,)))
    _refuse_other(root, settings)
    summary = SynthSummary(root, root / TRUTH, config.actors, len(plan(config)), interrupted=True)
    with suppress(KeyboardInterrupt), interruptible(), connect(workers, None) as client:
        _make_folder(root)
        replace_text(root / _SETTINGS, json.dumps(_described(settings), indent=2) + "\n")
        summary = _make_all(client, settings, summary, progress)
    return summary


def _make_folder(root: Path) -> None:
    try:
        root.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(f"{root} cannot be made ({error.strerror}): name a folder that can be written.") from error


def _make_all(
    client: Client, settings: CorpusConfig, summary: SynthSummary, progress: Callable[[Event], None] | None
) -> SynthSummary:
    root, started, frames = summary.root, time.monotonic(), 0
    for actor in actor_names(settings.synth.actors):
        for file in leftovers(root / actor):
            file.unlink(missing_ok=True)
    missing = [clip for clip in plan(settings.synth) if not _is_there(root, clip)]
    skipped = summary.clips - len(missing)
    runner = Runner[ClipPlan, int](client, partial(_make_clip, root, settings))
    runner.add(missing)
    interrupted = True
    with suppress(KeyboardInterrupt):
        for ended, outcome in enumerate(runner, 1):
            if outcome.error is not None:
                raise outcome.error
            frames += outcome.result or 0
            if progress is not None:
                progress(Event(summary.clips, skipped, ended, 0, frames, time.monotonic() - started))
        interrupted = _write_truth(client, settings, summary)
    seconds = time.monotonic() - started
    return replace(summary, skipped=skipped, frames=frames, seconds=seconds, interrupted=interrupted)


def _write_truth(client: Client, settings: CorpusConfig, summary: SynthSummary) -> bool:
    """Extracts the truth of all clips; whether it was interrupted."""
    index, scheduler = build_index(summary.root, "mead"), client.scheduler_info()["address"]
    found = extract(index, summary.truth, settings, scheduler=scheduler, build=Truth)
    if found.failures:
        first = found.failures[0]
        raise FacecuesError(f"{len(found.failures)} clips have no truth, such as {first.clip_id}: {first.message}")
    return found.interrupted


def _is_there(root: Path, clip: ClipPlan) -> bool:
    """Files are written whole or not at all, and the root holds one configuration only."""
    return (root / clip.video).is_file() and (root / clip.audio).is_file()


def _make_clip(root: Path, settings: CorpusConfig, clip: ClipPlan) -> int:
    """Runs in a worker: writes one clip's sound and picture; returns its frames."""
    cues = _cues(settings, clip)
    video, audio = root / clip.video, root / clip.audio
    for folder in (video.parent, audio.parent):
        with writing(folder):
            folder.mkdir(parents=True, exist_ok=True)
    metadata = _metadata(settings, clip)
    with replacing(audio) as temporary:
        write_audio(temporary, cues.speech.audio, cues.speech.rate, metadata=metadata)
    pictures = map(caption, _pictures(settings, clip, cues))
    preset: Preset = "veryfast" if settings.synth.pictures == "sketch" else "medium"
    with replacing(video) as temporary:
        return write_video(temporary, pictures, metadata=metadata, preset=preset)


def _pictures(settings: CorpusConfig, clip: ClipPlan, cues: Cues) -> Iterator[NDArray[np.uint8]]:
    if settings.synth.pictures == "sketch":
        return sketch(cues.points, settings.synth.size)
    return _head(settings, clip.actor).render(cues.points)


class Truth:
    """The ClipExtractor of truth/: makes a clip's cues again, after a look at whose clip it is.

    Attributes:
        signature: names everything that changes the cues.
        weights: sha256 of the weights that read the portraits, by name.
    """

    def __init__(self, config: ExtractConfig) -> None:
        assert isinstance(config, CorpusConfig)
        self._settings = config
        self._clips = {clip.video: clip for clip in plan(config.synth)}
        self.weights: Mapping[str, str] = {
            name: sha256_of(name) for name, weight in REGISTRY.items() if config.landmarks in weight.unlocks
        }
        self.signature = _signature(config)

    def __call__(self, video: Path, audio: Path | None, sink: Callable[[pa.RecordBatch], None]) -> ClipReport:
        """See ClipExtractor."""
        clip = self._clips.get("/".join(video.parts[-6:]))
        if clip is None or _comment_of(video) != _metadata(self._settings, clip)["comment"]:
            raise ClipError(
                ClipReason.UNREADABLE, "the video is not one that this corpus has: delete it and give the command again"
            )
        sink(_cues(self._settings, clip, aloud=False).truth)
        size = self._settings.synth.size
        return ClipReport(
            status=Status.OK,
            reason=None,
            message=None,
            frames=clip.frames,
            fps=float(FPS),
            width=size,
            height=size,
            duration_s=clip.frames / FPS,
            audio_in_video=False,
            audio_rate=AUDIO_RATE if audio else None,
            coverage=1.0,
        )


def _cues(settings: CorpusConfig, clip: ClipPlan, *, aloud: bool = True) -> Cues:
    return make_cues(settings.synth, clip, *_rest(settings, clip.actor), aloud=aloud)


@lru_cache(maxsize=8)
def _head(settings: CorpusConfig, actor: str) -> WarpHead:
    """One actor's head, once per worker."""
    portrait, look = _origin(settings, actor)
    return WarpHead.prepare(_pixels(portrait.path), settings.synth.size, look=look, backend=_backend())


@lru_cache(maxsize=8)
def _rest(settings: CorpusConfig, actor: str) -> Rest:
    """The same head's face and place."""
    portrait, look = _origin(settings, actor)
    return rest_of(_face(portrait, settings.synth.size, look.mirrored), look)


@lru_cache(maxsize=8)
def _face(portrait: Portrait, size: int, mirrored: bool) -> Face:
    return read_portrait(_pixels(portrait.path), size, _backend(), mirrored=mirrored)


def _origin(settings: CorpusConfig, actor: str) -> tuple[Portrait, Look]:
    """The portrait that an actor is made of, and how."""
    portrait = settings.portraits[(int(actor[1:]) - 1) % len(settings.portraits)]
    return portrait, look_of(rng_of(settings.synth.seed, actor, "look"))


@lru_cache(maxsize=1)
def _backend() -> FaceMeshBackend:
    cv2.setNumThreads(1)  # one native thread per worker
    return FaceMeshBackend()


def _admit(path: Path | None, size: int) -> Portrait:
    """A portrait that can be used. Raises UsageError."""
    path = path.absolute() if path else None
    pixels = _pixels(path)
    WarpHead.prepare(pixels, size, backend=_backend())
    return Portrait(path=path, sha256=hashlib.sha256(repr(pixels.shape).encode() + pixels.tobytes()).hexdigest())


def _pixels(path: Path | None) -> NDArray[np.uint8]:
    return read_picture(path) if path is not None else usual_portrait()


def _signature(settings: CorpusConfig) -> str:
    synth, portraits = settings.synth, "-".join(one.sha256[:8] for one in settings.portraits)
    seconds = "-".join(f"{bound:g}" for bound in synth.seconds)
    return (
        f"synthetic|seed:{synth.seed}|size:{synth.size}|seconds:{seconds}|portraits:{portraits}"
        f"|{_backend().signature}|v:{_VERSION}"
    )


def _metadata(settings: CorpusConfig, clip: ClipPlan) -> dict[str, str]:
    return {"title": "synthetic: facecues synth", "comment": f"{clip.clip_id} of {_signature(settings)}"}


def _comment_of(video: Path) -> str | None:
    try:
        with av.open(str(video)) as container:
            return container.metadata.get("comment")
    except (av.error.FFmpegError, OSError) as error:
        raise ClipError(ClipReason.UNREADABLE, f"does not open as a video: {error.strerror or error}") from error


def _described(settings: CorpusConfig) -> dict[str, object]:
    """synth.json: what makes one corpus different from another."""
    portraits = [one.sha256 for one in settings.portraits]
    return {"version": _VERSION, **settings.synth.model_dump(mode="json"), "portraits": portraits}


def _refuse_other(root: Path, settings: CorpusConfig) -> None:
    """Raises UsageError unless the root is new, empty, or has this corpus in it. Writes nothing."""
    if not root.exists():
        return
    if not root.is_dir():
        raise UsageError(f"{root} is a file: name a folder for the corpus.")
    inspect(root / TRUTH)
    try:
        found = json.loads((root / _SETTINGS).read_text(encoding="utf-8"))
    except FileNotFoundError:
        if all(entry.name.startswith(".") for entry in root.iterdir()):
            return
        raise UsageError(
            f"{root} is not empty and no synthetic corpus (it has no {_SETTINGS}): name a new or an empty folder."
        ) from None
    except (OSError, ValueError) as error:
        raise UsageError(f"{root / _SETTINGS} cannot be read ({error}): name another folder.") from error
    if differences := list(_differences(found, _described(settings))):
        raise UsageError(
            f"{root} holds a corpus with {differences[0][0]}, and this run asks for {differences[0][1]}: "
            "name another folder, or ask for the same again."
        )


def _differences(found: object, wanted: dict[str, object]) -> Iterator[tuple[str, str]]:
    known = _FORMERLY | found if isinstance(found, dict) else {}
    for name, value in wanted.items():
        there = known.get(name)
        if there != value:
            yield f"{name} {json.dumps(there)}", f"{name} {json.dumps(value)}"

"""What runs in a worker when a method's program makes the video of one clip."""

import hashlib
import os
import shutil
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import cv2

from facecues.errors import ClipError, FacecuesError, sentence_of
from facecues.pipelines.atomic import replacing, writing
from facecues.pipelines.events import Failure
from facecues.pipelines.generation.config import Order
from facecues.pipelines.generation.people import People
from facecues.pipelines.generation.videos import metadata_of, video_of
from facecues.pipelines.methods.command import Command, ProgramError, Trouble, run_command
from facecues.pipelines.methods.config import Declared, Program
from facecues.pipelines.methods.inputs import Inputs, inputs_of, write_wav
from facecues.pipelines.methods.outputs import check_video, take_over
from facecues.pipelines.methods.patterns import fill, find
from facecues.pipelines.watchdog import has_fired, watchdog
from facecues.pipelines.work import job_marker
from facecues.preprocess.layouts import Clip
from facecues.preprocess.sound import Sound
from facecues.reasons import ClipReason

_OURS = "facecues generate"
_ONE_CLIP = threading.Lock()  # the watchdog serves one clip at a time


@dataclass(frozen=True, slots=True)
class Workshop:
    """What all jobs of a run have in common. Paths are absolute, the same on every worker.

    Attributes:
        declared: the method.
        order: which clips, of which dataset.
        out: where videos go.
        logs: where logs go.
        scratch: folder of the run; each job has one in it. A program may run for as long as its folder is there.
    """

    declared: Declared
    order: Order
    out: Path
    logs: Path
    scratch: Path

    @property
    def program(self) -> Program:
        program = self.declared.method.run
        assert program is not None
        return program


@dataclass(frozen=True, slots=True)
class Job:
    """A clip, and the GPU that its program gets; None: whatever the worker sees."""

    clip: Clip
    gpu: str | None


@dataclass(frozen=True, slots=True)
class Made:
    """How a job ended.

    Attributes:
        frames: of the new video; 0 where it was there already, or failed.
        failure: why there is no video.
    """

    frames: int
    failure: Failure | None = None


def make(workshop: Workshop, job: Job) -> Made:
    """Makes the video of a clip, unless it is there and all that it depends on is unchanged.

    Raises:
        StoreError: the folder cannot be written.
    """
    marker = job_marker(workshop.scratch, job.clip.clip_id)
    limit_s = workshop.program.timeout_s + workshop.order.limits.clip_timeout_s
    with _ONE_CLIP:
        try:
            if has_fired(marker):
                raise ClipError(ClipReason.TIMEOUT, f"no end and no sign of life in {limit_s:g} s")
            with watchdog(marker, limit_s):
                return Made(_make(workshop, job))
        except ClipError as error:
            reason, message = str(error.reason), error.message
        except ProgramError as error:
            log = log_of(workshop.logs, job.clip).relative_to(workshop.out)
            said = f": {error.said}" if error.said else ""
            reason, message = str(error.trouble), f"{error.message}{said} ({log})"
        except FacecuesError:
            raise
        except Exception as error:  # noqa: BLE001 - the isolation boundary: one clip's fault stays its own
            reason, message = str(ClipReason.INTERNAL_ERROR), sentence_of(error)
    return Made(0, Failure(job.clip.clip_id, reason, message))


def log_of(logs: Path, clip: Clip) -> Path:
    """Where what is printed about a clip goes: as its video in the dataset."""
    return logs / Path(clip.video).with_suffix(".log")


def _make(workshop: Workshop, job: Job) -> int:
    target = video_of(workshop.out, job.clip.video)
    inputs = inputs_of(job.clip, workshop.order, _people(workshop.order))
    metadata = _metadata(workshop, inputs)
    if target.exists():
        there = metadata_of(target)
        if there.get("artist") != metadata["artist"]:
            raise ClipError(
                ClipReason.UNREADABLE,
                f"{target} is there, and is not of {metadata['artist']}: name another folder",
            )
        if there.get("comment") == metadata["comment"]:
            return 0
        with writing(target):
            target.unlink()  # of another declaration or other inputs: no longer this method's
    folder = workshop.scratch / hashlib.sha256(job.clip.clip_id.encode()).hexdigest()[:16]
    with writing(folder):
        shutil.rmtree(folder, ignore_errors=True)  # of a worker that died
        folder.mkdir()
    try:
        sound = inputs.sound()
        video = _run(workshop, job, inputs, sound, folder)
        frames = check_video(video, workshop.order.limits)
        with writing(target.parent):
            target.parent.mkdir(parents=True, exist_ok=True)
        with replacing(target) as temporary, writing(target):
            take_over(video, temporary, sound, metadata, folder)
        return frames
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _metadata(workshop: Workshop, inputs: Inputs) -> Mapping[str, str]:
    """What a file says of itself: that it is synthetic, whose it is, of what it is made, and a hash of all that."""
    declared, clip, person = workshop.declared, inputs.clip, inputs.person
    return {
        "title": f"synthetic: {declared.title}",
        "artist": f"{_OURS}, method {declared.key}",
        "comment": f"{clip.clip_id}: {inputs.emotion} level {inputs.level}, inputs {inputs.digest(declared)}",
        "description": f"portrait: {person.clip_id} at {person.time_s:.2f} s; sound: {clip.audio}; "
        f"reference video: {clip.video}",
    }


def _run(workshop: Workshop, job: Job, inputs: Inputs, sound: Sound, folder: Path) -> Path:
    """The video that the program has written, wherever that is."""
    program = workshop.program
    places = {
        "portrait": folder / "portrait.png",
        "audio": folder / "audio.wav",
        "reference_video": inputs.reference_video,
        "output": folder / "video.mp4",
        "folder": folder / "results",
    }
    inputs.write_portrait(places["portrait"])
    write_wav(places["audio"], sound)
    with writing(places["folder"]):
        places["folder"].mkdir()
    values = {name: str(path) for name, path in places.items()} | inputs.values(workshop.declared)
    _check_labels(program, values, inputs)
    working = (workshop.declared.folder / program.working_directory).absolute()
    command = Command(
        argv=tuple(fill(each, values) for each in program.argv),
        folder=working,
        environment=_environment(program, values, job.gpu),
        timeout_s=program.timeout_s,
    )
    before = _stamps(program, values, working)
    run_command(command, log_of(workshop.logs, job.clip), may_run=folder.exists)
    return _result(program, values, working, before)


def _check_labels(program: Program, values: Mapping[str, str], inputs: Inputs) -> None:
    lacking = sorted(program.names() - values.keys())
    if lacking:
        raise ClipError(ClipReason.UNPARSED, f"the program needs {{{lacking[0]}}}, which {inputs.clip.clip_id} lacks")


def _environment(program: Program, values: Mapping[str, str], gpu: str | None) -> Mapping[str, str]:
    """The worker's, and what the declaration adds. Python is told not to hold back what it prints: the log wants it."""
    added = {name: fill(each, values) for name, each in program.environment.items()}
    visible = {} if gpu is None else {"CUDA_VISIBLE_DEVICES": gpu}
    return {"PYTHONUNBUFFERED": "1", **os.environ, **added, **visible}


def _stamps(program: Program, values: Mapping[str, str], working: Path) -> Mapping[Path, tuple[int, int]]:
    """What is where the result is to be, and in which state."""
    found = find(program.result or "{output}", values, working)
    return {file: (file.stat().st_mtime_ns, file.stat().st_size) for file in found}


def _result(program: Program, values: Mapping[str, str], working: Path, before: Mapping[Path, tuple[int, int]]) -> Path:
    """The one video that the program has written; what lay there before does not count."""
    place = fill(program.result or "{output}", values)
    found = _stamps(program, values, working)
    fresh = [file for file, stamp in found.items() if before.get(file) != stamp]
    if len(fresh) == 1:
        return fresh[0]
    if fresh:
        names = ", ".join(file.name for file in fresh)
        raise ProgramError(Trouble.NO_OUTPUT, f"it left {len(fresh)} videos where one is expected, {place}: {names}")
    older = ", only an older one" if found else ""
    raise ProgramError(Trouble.NO_OUTPUT, f"it ended well and left no video at {place}{older}")


@lru_cache(maxsize=1)
def _people(order: Order) -> People:
    cv2.setNumThreads(1)  # one native thread per worker
    return People(order.store, order.settings.reference)

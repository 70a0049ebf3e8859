"""`facecues train emotion`: the cue classifier, and where there are videos a face-crop classifier, into one folder.

OUT/emotion-training.json   what it was trained with
OUT/cues/, OUT/faces/       emotion.json and emotion.safetensors, which `facecues evaluate --classifier` takes;
                            log.jsonl, an epoch in each line; training.json, how well it does; training.png
OUT/crops/                  pictures of faces that were cut out of the videos
"""

import hashlib
import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any, Final

import pandas as pd
from pydantic import ValidationError
from rich.console import RenderableType
from rich.markup import escape
from rich.table import Table

from facecues.cues import load_clips
from facecues.errors import BackendUnavailableError, UsageError
from facecues.models.emotion.config import DESCRIPTION, TrainEmotionConfig
from facecues.models.emotion.log import Epoch, TrainingLog
from facecues.pipelines.atomic import StoreError, replace_text, replacing, writing
from facecues.pipelines.training.pictures import draw_training
from facecues.sequences import read_sequences

try:
    from facecues.models.emotion.fitting import choose_actors
    from facecues.models.emotion.folder import classifier_files
    from facecues.models.emotion.training import train_cue_classifier
    from facecues.pipelines.training.crops import cut_faces
    from facecues.pipelines.training.faces import train_face_classifier
    from facecues.pipelines.training.telling import Progress
    from facecues.preprocess.networks import require_device
except (ImportError, OSError) as error:
    raise BackendUnavailableError(
        f"training emotion classifiers needs PyTorch, h5py and safetensors, which do not import here ({error}): "
        "pip install 'facecues[torch]'"
    ) from error

SETTINGS: Final = "emotion-training.json"
CUES: Final = "cues"
FACES: Final = "faces"
_CROPS: Final = "crops"
_LOG: Final = "log.jsonl"
_TRAINING: Final = "training.json"
_PICTURE: Final = "training.png"


@dataclass(frozen=True, slots=True)
class TrainEmotionSummary:
    """What a run has done.

    Attributes:
        out: absolute.
        cues: how the cue classifier does.
        faces: how the face-crop classifier does; None without one.
        why_no_faces: in one sentence; None with one.
        skipped: names of the classifiers that were finished before.
        seconds: of this run, wall time.
    """

    out: Path
    cues: TrainingLog
    faces: TrainingLog | None
    why_no_faces: str | None = None
    skipped: tuple[str, ...] = field(default=())
    seconds: float = 0.0

    def table(self) -> RenderableType:
        """For a terminal."""
        table = Table(box=None, show_header=False, padding=(0, 2, 0, 0))
        for name, log in ((CUES, self.cues), (FACES, self.faces)):
            if log is not None:
                before = ", trained before" if name in self.skipped else ""
                shares = ", ".join(f"{what} {share:.1%}" for what, share in log.accuracy.items())
                table.add_row(name, f"{shares} of {log.held_out_clips} clips of {', '.join(log.held_out)}{before}")
                table.add_row("", ", ".join(f"{emotion} {share:.0%}" for emotion, share in log.recalls.items()))
                table.add_row("", escape(str(self.out / name)))
        if self.why_no_faces:
            table.add_row(FACES, escape(self.why_no_faces))
        table.add_row("time", str(timedelta(seconds=round(self.seconds))))
        return table


def train_emotion(
    store: Path,
    out: Path,
    settings: TrainEmotionConfig | None = None,
    *,
    data_root: Path | None = None,
    progress: Progress | None = None,
) -> TrainEmotionSummary:
    """Trains both emotion classifiers of a store. Given again, it trains what is not finished.

    Args:
        store: cue store of two or more actors.
        out: folder, made if need be.
        settings: how; the defaults unless given.
        data_root: where the videos of the store's clips are; the folder that the store is in unless given.
        progress: called with what is done, how much of it, and of how much.

    Raises:
        UsageError: the store has too little, `out` is something else or was trained with other settings or clips, or
            a data root is given that has none of the videos.
        StoreError: `out` cannot be written.
        BackendUnavailableError: the device is not there.
        FacecuesError: a loss is no number any more.
    """
    began, settings, out = time.monotonic(), settings or TrainEmotionConfig(), out.absolute()
    require_device(settings.device)
    clips = load_clips(store, split=settings.split, part="train")
    held_out = choose_actors(clips["actor"].dropna().astype(str), settings.held_out, settings.seed)
    videos, why = _find_videos(store, clips, data_root) if settings.faces else (None, "not asked for")
    _claim(out, settings, clips)
    run = _Run(store, out, settings, clips, held_out, progress or (lambda *_: None))
    finished = {name: _finished(out / name) for name in (CUES, FACES)}
    cues = finished[CUES] or run.cues()
    faces = finished[FACES]
    if faces is None and videos is not None:
        try:
            faces = run.faces(videos)
        except UsageError as error:  # too few actors or emotions have videos: the cues are trained all the same
            if data_root is not None:
                raise
            why = str(error)
    skipped = tuple(name for name, log in finished.items() if log is not None)
    seconds = time.monotonic() - began
    return TrainEmotionSummary(out, cues, faces, None if faces else why, skipped, seconds)


@dataclass(frozen=True, slots=True, eq=False)
class _Run:
    store: Path
    out: Path
    settings: TrainEmotionConfig
    clips: pd.DataFrame
    held_out: tuple[str, ...]
    progress: Progress

    def cues(self) -> TrainingLog:
        """Trains and keeps the cue classifier."""
        self.progress("reading cues", 0, 1)
        sequences = read_sequences(self.store, self.clips)
        trained = train_cue_classifier(
            sequences,
            self.settings.cues,
            held_out=self.held_out,
            seed=self.settings.seed,
            device=self.settings.device,
            progress=self._note(CUES, self.settings.cues.epochs),
        )
        self._keep(CUES, classifier_files(trained.network, trained.emotions), trained.log)
        return trained.log

    def faces(self, videos: Path) -> TrainingLog:
        """Cuts faces out of the videos, trains and keeps the face-crop classifier."""
        training = self.settings.faces
        assert training is not None
        progress = partial(self.progress, "cutting out faces")
        crops = cut_faces(self.store, self.clips, videos, self.out / _CROPS, training.frames, progress=progress)
        trained = train_face_classifier(
            crops,
            self.clips["actor"].astype(str).tolist(),
            self.clips["emotion"].tolist(),
            training,
            held_out=self.held_out,
            seed=self.settings.seed,
            device=self.settings.device,
            progress=self._note(FACES, training.epochs),
        )
        self._keep(FACES, trained.files(), trained.log)
        return trained.log

    def _note(self, name: str, epochs: int) -> Callable[[Epoch], None]:
        """Writes each epoch down when it ends. What an unfinished training left is written over."""
        path = self.out / name / _LOG

        def note(epoch: Epoch) -> None:
            with writing(path):
                path.parent.mkdir(parents=True, exist_ok=True)
                with path.open("w" if epoch.epoch == 1 else "a", encoding="utf-8") as file:
                    file.write(epoch.model_dump_json() + "\n")
            self.progress(f"training on {name}", epoch.epoch, epochs)

        return note

    def _keep(self, name: str, files: dict[str, bytes], log: TrainingLog) -> None:
        """Writes what a classifier is, emotion.json last: with it, it is finished."""
        folder = self.out / name
        replace_text(folder / _TRAINING, log.model_dump_json(indent=2) + "\n")
        with replacing(folder / _PICTURE) as temporary, writing(folder / _PICTURE):
            draw_training(log, f"Emotion classifier on {name}").savefig(temporary, format="png")
        for file, content in files.items():
            with replacing(folder / file) as temporary, writing(folder / file):
                temporary.write_bytes(content)


def _finished(folder: Path) -> TrainingLog | None:
    """How a classifier does that was trained before.

    Raises:
        StoreError: it is finished, but what it does cannot be read.
    """
    if not (folder / DESCRIPTION).is_file():
        return None
    try:
        return TrainingLog.model_validate_json((folder / _TRAINING).read_bytes())
    except (OSError, ValidationError) as error:
        raise StoreError(
            f"{folder / _TRAINING} does not read: delete {folder}, and the classifier is trained again."
        ) from error


def _find_videos(store: Path, clips: pd.DataFrame, data_root: Path | None) -> tuple[Path | None, str | None]:
    """Where the videos are, or why no faces can be learnt from.

    Raises:
        UsageError: a data root is given and has none.
    """
    root = data_root or store.absolute().parent
    if any((root / str(video)).is_file() for video in clips["video"].dropna()):
        return root, None
    why = f"{root} has none of the videos of {store}"
    if data_root is not None:
        raise UsageError(f"{why}: --data is the folder that the store was extracted from.")
    return None, f"{why}, so no classifier of face pictures was trained: name their folder with --data."


def _claim(out: Path, settings: TrainEmotionConfig, clips: pd.DataFrame) -> None:
    """Makes sure that a folder is new, or was made with the same.

    Raises:
        UsageError: it is another's.
        StoreError: it cannot be written.
    """
    names = clips[["clip_id", "content_key"]].astype(str).agg("|".join, axis=1).sort_values()
    digest = hashlib.sha256("\n".join(names).encode()).hexdigest()[:16]
    wanted = {**settings.model_dump(mode="json"), "clips": f"{len(clips)} ({digest})"}
    path = out / SETTINGS
    if path.is_file():
        try:
            before = _flat(json.loads(path.read_bytes()))
        except (ValueError, AttributeError) as error:
            raise UsageError(f"{path} does not read: use another --out, or delete that folder.") from error
        now = _flat(wanted)
        for name in before | now:
            if before.get(name) != now.get(name):
                raise UsageError(
                    f"{out} was trained with {name} = {before.get(name)}, now it is {now.get(name)}: "
                    "give the same as before, or use another --out."
                )
    elif out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise UsageError(f"{out} holds something else than emotion classifiers: use an --out that is empty or new.")
    else:
        with writing(out):
            out.mkdir(parents=True, exist_ok=True)
        replace_text(path, json.dumps(wanted, indent=2) + "\n")


def _flat(values: dict[str, Any], above: str = "") -> dict[str, Any]:
    """Nested settings by dotted name."""
    out: dict[str, Any] = {}
    for name, value in values.items():
        out |= _flat(value, f"{above}{name}.") if isinstance(value, dict) else {f"{above}{name}": value}
    return out

"""Which clips are generated, from which sound: the store and the dataset, looked at before any work."""

import hashlib
import json
from dataclasses import replace
from pathlib import Path, PurePosixPath

import pandas as pd

from facecues.cues import load_clips
from facecues.errors import UsageError
from facecues.labels import EMOTIONS, LEVELS
from facecues.metrics.mouth_audio import shuffled_sound
from facecues.models.cue_generator.baselines import Still
from facecues.models.rendering.registry import is_renderer, open_renderer
from facecues.pipelines.generation.config import GenerateConfig, Order
from facecues.pipelines.generation.people import table_rows
from facecues.pipelines.rows import Row
from facecues.preprocess.index import Index
from facecues.preprocess.layouts import Clip
from facecues.reasons import ClipReason
from facecues.sequences import read_sequences
from facecues.splits import matching


def make_order(settings: GenerateConfig, generator: str, store: Path, out: Path) -> tuple[Order, Index]:
    """What a run is to make.

    Args:
        settings: which clips and how.
        generator: a name or a run's folder.
        store: of cues.
        out: folder of the generation.

    Returns:
        The order, and the clips as an index whose sounds are those to be generated from. A clip that cannot be made
        has a `problem`.

    Raises:
        UsageError: no clip can be made; the message says why. Nothing was written.
    """
    renderer, renderer_content = settings.renderer, ""
    if renderer is not None:
        if not is_renderer(renderer):
            renderer, renderer_content = _found(renderer)
        open_renderer(renderer, settings.device)  # refused now, not by each worker
    store = store.absolute()
    clips = _chosen(settings, store)
    _check_gaze(store, clips)
    sounds = _sounds(settings, store)
    root = _root(settings, store, clips, sounds)
    if out.resolve() == root.resolve():
        raise UsageError(f"{out} is the dataset itself, whose videos would be overwritten: name another folder.")
    named, content = (generator, "") if generator == Still.name else _found(generator)
    index = Index(
        root,
        _layout(store),
        tuple(_clip(row, sounds, root, settings) for row in table_rows(clips.sort_values("clip_id"))),
        (),
    )
    if all(clip.problem for clip in index.clips):
        first = index.clips[0]
        raise UsageError(f"No clip of {store} can be generated, such as {first.clip_id}: {first.message}.")
    order = Order(
        generator=named,
        generator_content=content,
        store=store,
        store_content=_content_of_store(store),
        renderer_content=renderer_content,
        root=root,
        settings=settings.model_copy(update={"renderer": renderer}),
        device=settings.device,
    )
    return order, index


def _found(name_or_run: str) -> tuple[str, str]:
    """A run's folder as an absolute path, and what is in it; what is none, as it is."""
    folder = Path(name_or_run)
    if not folder.is_dir():
        return name_or_run, ""
    entries = [(file.name, file.stat()) for file in sorted(folder.glob("*"))]
    content = _digest(repr([(name, entry.st_size, entry.st_mtime_ns) for name, entry in entries]))
    return str(folder.absolute()), content


def _content_of_store(store: Path) -> str:
    known = load_clips(store)[["clip_id", "content_key", "signature"]].fillna("").sort_values("clip_id")
    return _digest(known.to_csv(index=False))


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def _chosen(settings: GenerateConfig, store: Path) -> pd.DataFrame:
    clips = load_clips(store, split=settings.split)
    if settings.only is not None:
        clips = clips[matching(clips["clip_id"], settings.only)].reset_index(drop=True)
    if settings.actors is None:
        return clips
    unknown = sorted(set(settings.actors) - set(clips["actor"].dropna()))
    if unknown:
        there = ", ".join(sorted(clips["actor"].dropna().unique())) or "none"
        raise UsageError(
            f"{store} has no such actors among the clips to be made: {', '.join(unknown)}; it has {there}."
        )
    return clips[clips["actor"].isin(list(settings.actors))].reset_index(drop=True)


def _check_gaze(store: Path, clips: pd.DataFrame) -> None:
    """Raises UsageError where no clip has gaze; reads no more than is needed to find one."""
    problem = None
    for _, group in clips.groupby(["actor", "view"], dropna=False, sort=False):
        try:
            read_sequences(store, group)
        except UsageError as error:
            problem = error
        else:
            return
    if problem is not None:
        raise problem


def _sounds(settings: GenerateConfig, store: Path) -> dict[str, str]:
    """The sound to be heard, by the clip's own: itself, or in a cycle of all sounds of the store the next one."""
    known = sorted(load_clips(store)["audio"].dropna().unique())
    if settings.swap_audio is None:
        return dict(zip(known, known, strict=True))
    if len(known) < 2:
        raise UsageError(f"{store} has {len(known)} sound: to swap sounds there must be two or more.")
    return shuffled_sound(known, settings.swap_audio)


def _root(settings: GenerateConfig, store: Path, clips: pd.DataFrame, sounds: dict[str, str]) -> Path:
    """The dataset. Raises UsageError where not one sound is below it."""
    root = (settings.data or store.parent).absolute()
    wanted = [sounds[own] for own in clips["audio"].dropna()]
    if not wanted:
        raise UsageError(f"No clip of {store} that is to be made has sound, and cues are generated from sound.")
    if not any((root / sound).is_file() for sound in wanted):
        raise UsageError(
            f"None of the sounds of {store}, such as {wanted[0]}, is below {root}: "
            "tell where the dataset is with --data ROOT."
        )
    return root


def _layout(store: Path) -> str:
    try:
        return str(json.loads((store / "store.json").read_text(encoding="utf-8"))["layout"])
    except (OSError, ValueError, KeyError, TypeError):
        return "mead"  # a store that is not of facecues; paths are taken from it as they are


def _clip(row: Row, sounds: dict[str, str], root: Path, settings: GenerateConfig) -> Clip:
    """A clip of the index: the labels and the video of the source, and the sound to be generated from."""
    labels = {name: row[name] for name in ("clip_id", "actor", "gender", "view", "emotion", "level", "number", "video")}
    clip = Clip(**labels, audio=sounds.get(row["audio"]))
    if (found := _problem(clip, root, settings)) is not None:
        return replace(clip, problem=found[0], message=found[1])
    entry = (root / clip.video).stat()
    return replace(clip, size=entry.st_size, mtime_ns=entry.st_mtime_ns, ctime_ns=entry.st_ctime_ns)


def _problem(clip: Clip, root: Path, settings: GenerateConfig) -> tuple[ClipReason, str] | None:
    """Why a clip cannot be made, as far as can be seen without opening a file."""
    if (settings.emotion or clip.emotion) not in EMOTIONS:
        return ClipReason.UNPARSED, f"its emotion is {clip.emotion or 'not known'}: tell one with --emotion"
    if (settings.level or clip.level) not in LEVELS:
        return ClipReason.UNPARSED, f"its level is {clip.level or 'not known'}: tell one with --level"
    if clip.audio is None:
        return ClipReason.NO_AUDIO, "it has no sound, and cues are generated from sound"
    return _problem_of_paths(clip.video, clip.audio, root)


def _problem_of_paths(video: str, audio: str, root: Path) -> tuple[ClipReason, str] | None:
    for path in (video, audio):
        if PurePosixPath(path).is_absolute() or ".." in PurePosixPath(path).parts:
            return ClipReason.OUTSIDE_ROOT, f"{path} leaves the dataset"
    if not (root / audio).is_file():
        return ClipReason.NO_AUDIO, f"its sound {audio} is not below {root}"
    if not (root / video).is_file():
        return ClipReason.UNREADABLE, f"its video {video} is not below {root}"
    return None

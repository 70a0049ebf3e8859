"""What a path says about a clip: the three dataset layouts, and those of plugins.

A layout is a function (folder, stem) -> `Reading`, or the sentence that says why the name does not fit. It
sees names only, never files, and matches each name in full; nothing is enumerated, because MEAD numbers its
sentences in two ways, one of them with gaps.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Final, NamedTuple

from facecues import plugins
from facecues.errors import UsageError
from facecues.labels import (
    EMOTION_ALIASES,
    GENDERS,
    VIEW_ALIASES,
    actor_to_gender,
    page_to_emotion,
    parse_emotion,
    parse_level,
    parse_view,
)
from facecues.reasons import ClipReason

LAYOUTS: Final = plugins.BUILT_IN["layouts"]

# In clip ids, where the name does not tell the view; the column is null.
UNKNOWN_VIEW: Final = "unknown"


@dataclass(frozen=True, slots=True)
class Clip:
    """One video of a dataset, as its path and its directory entry describe it. The video is not opened.

    A clip with a `problem` is not to be extracted; `message` says why. Paths are posix, below the dataset's
    root. A name that is not UTF-8 stands escaped in `clip_id` and `video`, and its clip is `unparsed`.
    """

    clip_id: str  # "M003/front/angry/level_1/001", or the relative path without its suffix
    video: str
    audio: str | None = None  # the file beside the video; None: there is none, use the video's own sound
    actor: str | None = None
    gender: str | None = None  # "male" | "female"
    view: str | None = None
    emotion: str | None = None
    level: int | None = None
    number: str | None = None  # the sentence, as text
    problem: ClipReason | None = None  # UNPARSED, DUPLICATE, OUTSIDE_ROOT or EMPTY_FILE
    message: str | None = None
    size: int = 0  # bytes, of the video
    mtime_ns: int = 0
    ctime_ns: int = 0


class Reading(NamedTuple):
    """What a path says. `sound_id` is the clip id without the view: MEAD has one audio file for all views."""

    clip_id: str
    sound_id: str
    actor: str | None = None
    view: str | None = None
    emotion: str | None = None
    level: int | None = None
    number: str | None = None
    gender: str | None = None


Layout = Callable[[str, str], Reading | str]

_IDS = ("clip_id", "sound_id")
_TEXTS = (*_IDS, "actor", "view", "emotion", "number", "gender")

_FLAGS = re.IGNORECASE | re.ASCII
_ACTOR = re.compile(r"([MW]\d{3})(?:-\d+)?", _FLAGS)  # MEAD splits some actors over M003, M003-1, ...
_LEVEL = re.compile(r"level[_-]?(\d+)", _FLAGS)
_DIGIT = re.compile(r"\d", _FLAGS)
_NUMBER = re.compile(r"\d{1,4}", _FLAGS)
_MEDIA_FOLDERS = frozenset({"video", "audio"})

_FLAT_HEAD = r"(?P<actor>[MW]\d{3})(?:-\d+)?"
_FLAT_VIEW = r"(?:_(?P<view>front|top|down|(?:left|right)[_-]?(?:30|60)))?"
_FLAT_LEVEL = r"(?:level[_-]?)?(?P<level>\d)"
_FLAT_EMOTION = r"(?P<emotion>[a-z]+)"
_FLAT_PATTERNS = tuple(
    re.compile(pattern, _FLAGS)
    for pattern in (
        # M030_front_sad_level3_001 (dreamtalk), M030_sad_3_001 (EAT)
        rf"{_FLAT_HEAD}{_FLAT_VIEW}_{_FLAT_EMOTION}_{_FLAT_LEVEL}_(?P<number>\d{{1,4}})",
        # W023_level_2_surprised_010 (spectre)
        rf"{_FLAT_HEAD}{_FLAT_VIEW}_{_FLAT_LEVEL}_{_FLAT_EMOTION}_(?P<number>\d{{1,4}})",
        # M003_72_1_output_01 (EVP, uniBruce/Mead): actor, page, level, sentence on the page
        rf"{_FLAT_HEAD}_(?P<page>\d{{2}})_(?P<level>\d)_output_(?P<number>\d{{1,4}})",
    )
)


def make_layout(name: str, root: Path) -> Layout:
    """The layout of one of `LAYOUTS`, or of a plugin. `root` is absolute; `mead` may need its own name.

    Raises:
        UsageError: there is none of this name.
        BackendUnavailableError: the plugin cannot be imported.
    """
    own: dict[str, Layout] = {"mead": mead_layout(root), "flat": read_flat, "folder": read_folder}
    return own[name] if name in own else _of_plugin(name)


def layout_identity(name: str) -> str:
    """What an index and a store say of a layout: its name, and of a plugin also its distribution and version.

    Raises:
        UsageError: there is none of this name.
    """
    return name if name in LAYOUTS else plugins.signed(name, plugins.find("layouts", name))


def _of_plugin(name: str) -> Layout:
    """What is wrong with an answer, or with the function itself, is a mistake of the plugin, and costs the clip."""
    plugin = plugins.find("layouts", name)
    read: Callable[[str, str], object] = plugin.load()

    def read_checked(folder: str, stem: str) -> Reading | str:
        try:
            return _checked(read(folder, stem))
        except UsageError as error:
            return str(error)
        except Exception as error:  # noqa: BLE001 - the isolation boundary: other people's code may raise anything
            return f"the {plugin} fails: {' '.join(f'{type(error).__name__}: {error}'.split())}"

    return read_checked


def _checked(answer: object) -> Reading | str:
    """What a plugin says of a name, with labels in MEAD's spelling.

    Raises:
        UsageError: it is no answer, or a label is none of ours.
    """
    if isinstance(answer, str) and answer:
        return answer
    if not isinstance(answer, Reading):
        raise UsageError(f"the layout answers {answer!r:.80}: expected a Reading, or a sentence that says why not")
    for field in _TEXTS:
        text = getattr(answer, field)
        if not (isinstance(text, str) and text) and (text is not None or field in _IDS):
            raise UsageError(f"the layout gives {field} {text!r}: expected a text")
    if answer.gender not in (None, *GENDERS):
        raise UsageError(f"Unknown gender {answer.gender!r}; use one of {', '.join(GENDERS)}.")
    if answer.level is not None and type(answer.level) is not int:
        raise UsageError(f"the layout gives level {answer.level!r}: expected a number")
    return answer._replace(
        view=None if answer.view is None else parse_view(answer.view),
        emotion=None if answer.emotion is None else parse_emotion(answer.emotion),
        level=None if answer.level is None else parse_level(str(answer.level)),
    )


def read_folder(folder: str, stem: str) -> Reading:
    """`folder`: the relative path without its suffix is the clip id; the sound lies beside the video."""
    clip_id = f"{folder}/{stem}" if folder else stem
    return Reading(clip_id, clip_id)


def read_flat(folder: str, stem: str) -> Reading | str:
    """`flat`: everything stands in the file's name, in any folder."""
    match = next((m for m in (pattern.fullmatch(stem) for pattern in _FLAT_PATTERNS) if m), None)
    if match is None:
        return "the name fits no pattern of layout flat, such as M030_front_sad_level3_001 or M030_sad_3_001"
    found = match.groupdict()
    number = found["number"]
    try:
        if "page" in found:
            emotion = page_to_emotion(int(found["page"]))
            number = f"{found['page']}_{number}"  # sentences are counted anew on each page
        else:
            emotion = parse_emotion(found["emotion"])
        level = parse_level(found["level"])
    except UsageError as error:
        return str(error)
    view = VIEW_ALIASES[found["view"].lower()] if found.get("view") else None
    actor = found["actor"].upper()
    return labelled(actor, view, emotion, level, number, gender=actor_to_gender(actor))


def mead_layout(root: Path) -> Layout:
    """`mead`: ACTOR/video/VIEW/EMOTION/level_N/NUMBER and the variants of it met in the wild.

    Below the actor's folder each component must be known; view, emotion and level may come in any order,
    `level_` may be missing, and single digits elsewhere (an extra directory `1` or `2`) are passed over. Above
    it anything goes. When the root lies inside an actor's folder, its own path gives what is missing.
    """
    anchor = _anchor(root)

    @lru_cache(maxsize=256)  # a folder's files come one after another
    def read_parts(folder: str) -> _Place | str:
        parts = tuple(folder.split("/")) if folder else ()
        if not any(_ACTOR.fullmatch(part) for part in parts):
            parts = anchor + parts
        return _read_place(parts)

    def read_mead(folder: str, stem: str) -> Reading | str:
        place = read_parts(folder)
        if isinstance(place, str):
            return place
        if not _NUMBER.fullmatch(stem):
            return f"the name {stem!r} is no sentence number such as 001"
        gender = actor_to_gender(place.actor)
        return labelled(place.actor, place.view, place.emotion, place.level, stem, gender=gender)

    return read_mead


class _Place(NamedTuple):
    actor: str
    view: str | None
    emotion: str
    level: int


def labelled(
    actor: str, view: str | None, emotion: str, level: int, number: str, *, gender: str | None = None
) -> Reading:
    """A reading whose ids are made of its labels: "M003/front/angry/level_1/001"."""
    rest = f"{emotion}/level_{level}/{number}"
    return Reading(
        f"{actor}/{view or UNKNOWN_VIEW}/{rest}",
        f"{actor}/{UNKNOWN_VIEW}/{rest}",
        actor,
        view,
        emotion,
        level,
        number,
        gender,
    )


def _component(part: str) -> tuple[str, str] | None:
    """(field, value) of one folder name, None when it is not known. Fields without a label have value ""."""
    lower = part.lower()
    if actor := _ACTOR.fullmatch(part):
        return "actor", actor[1].upper()
    if lower in _MEDIA_FOLDERS:
        return "media", ""
    if view := VIEW_ALIASES.get(lower):
        return "view", view
    if emotion := EMOTION_ALIASES.get(lower):
        return "emotion", emotion
    if level := _LEVEL.fullmatch(part):
        return "level", level[1]
    return ("digit", part) if _DIGIT.fullmatch(part) else None


def _anchor(root: Path) -> tuple[str, ...]:
    """The root's own trailing components from an actor's folder on, () when it is not inside one."""
    trailing: tuple[str, ...] = ()
    for part in reversed(root.parts):
        component = _component(part)
        if component is None:
            break
        trailing = (part, *trailing)
        if component[0] == "actor":
            return trailing
    return ()


def _read_place(parts: tuple[str, ...]) -> _Place | str:
    found: dict[str, str] = {}
    bare_levels: list[str] = []  # digits below the emotion: levels without `level_`, unless one has it
    for part in parts:
        component = _component(part)
        if component is None:
            if "actor" in found:
                return f"{part!r} is no view, emotion or level"
            continue
        field, value = component
        if field == "digit" and "emotion" in found:
            bare_levels.append(value)
        elif found.setdefault(field, value) != value and field != "digit":
            return f"the path names two {field}s, {found[field]} and {value}"
    if "level" not in found and len(bare_levels) == 1:
        found["level"] = bare_levels[0]
    missing = [field for field in ("actor", "emotion", "level") if field not in found]
    if missing:
        return f"the path names no {' and no '.join(missing)}, as M003/video/front/angry/level_1/001 does"
    try:
        level = parse_level(found["level"])
    except UsageError as error:
        return str(error)
    return _Place(found["actor"], found.get("view"), found["emotion"], level)

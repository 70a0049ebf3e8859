"""MEAD's labels by name: emotions, views, levels, and converters to the other orders in circulation.

Several integer orders of the same eight emotions exist, so integers are never stored. `ORDERS` keeps each
source's own spelling in its own order, and everything else is derived from it.
"""

from collections.abc import Mapping
from typing import Final, Literal

from facecues.errors import UsageError

# MEAD's folder names, exactly. Alphabetical.
EMOTIONS: Final = ("angry", "contempt", "disgusted", "fear", "happy", "neutral", "sad", "surprised")
VIEWS: Final = ("front", "left_30", "left_60", "right_30", "right_60", "top", "down")
LEVELS: Final = (1, 2, 3)
GENDERS: Final = ("male", "female")
NEUTRAL: Final = "neutral"

# Per actor and view: 40 neutral + 7 emotions x 3 levels x 30. Most actors have 667 of them: `angry` lacks one
# clip at each level (counted over the clip lists of tanshuai0219/EDTalk, data_preprocess/lists).
NOMINAL_TOTAL: Final = 670
USUAL_TOTAL: Final = 667

ORDERS: Final[Mapping[str, tuple[str, ...]]] = {
    "folders": EMOTIONS,
    "eat": ("ang", "con", "dis", "fea", "hap", "neu", "sad", "sur"),  # file names of yuangan/EAT_code
    "mead-readme": (  # integer ids of uniBruce/Mead, lists/video_list.txt
        "angry",
        "disgust",
        "contempt",
        "fear",
        "happy",
        "sad",
        "surprised",
        "neutral",
    ),
    "emotion-fan": (  # the evaluator of yuangan/evaluation_eat
        "Happy",
        "Angry",
        "Disgust",
        "Fear",
        "Sad",
        "Neutral",
        "Surprised",
        "Contempt",
    ),
    # Seven classes: contempt cannot be expressed.
    "fer2013": ("angry", "disgust", "fear", "happy", "sad", "surprise", "neutral"),
}

EMOTION_ALIASES: Final[Mapping[str, str]] = {
    **{name: name for name in EMOTIONS},
    **dict(zip(ORDERS["eat"], EMOTIONS, strict=True)),
    "anger": "angry",
    "disgust": "disgusted",
    "happiness": "happy",
    "sadness": "sad",
    "surprise": "surprised",
}

VIEW_ALIASES: Final[Mapping[str, str]] = {
    **{name: name for name in VIEWS},
    **{name.replace("_", ""): name for name in VIEWS},
    **{name.replace("_", "-"): name for name in VIEWS},
}

# Last page of each emotion in the old names ACTOR_PAGE_LEVEL_output_SENTENCE (jixinya/EVP, issue 13).
_LAST_PAGES: Final = (
    (8, "angry"),
    (16, "disgusted"),
    (24, "contempt"),
    (33, "fear"),
    (43, "happy"),
    (52, "sad"),
    (61, "surprised"),
    (73, "neutral"),
)


def parse_emotion(text: str) -> str:
    """The folder name of an emotion, from any known spelling, in any case.

    Raises:
        UsageError: the spelling is not known. It is never guessed.
    """
    try:
        return EMOTION_ALIASES[text.lower()]
    except KeyError:
        raise UsageError(f"Unknown emotion {text!r}; use one of {', '.join(EMOTIONS)}.") from None


def parse_view(text: str) -> str:
    """The folder name of a view, from any known spelling, in any case.

    Raises:
        UsageError: the spelling is not known.
    """
    try:
        return VIEW_ALIASES[text.lower()]
    except KeyError:
        raise UsageError(f"Unknown view {text!r}; use one of {', '.join(VIEWS)}.") from None


def parse_level(text: str) -> int:
    """An intensity level from its digits.

    Raises:
        UsageError: MEAD has no such level.
    """
    level = int(text)
    if level not in LEVELS:
        raise UsageError(f"Unknown level {level}; use one of {', '.join(map(str, LEVELS))}.")
    return level


def emotion_to_index(emotion: str, order: str) -> int:
    """Position of an emotion (any spelling) in one of `ORDERS`.

    Raises:
        UsageError: unknown emotion or order, or the order lacks the emotion.
    """
    canonical = _canonical_order(order)
    name = parse_emotion(emotion)
    if name not in canonical:
        raise UsageError(f"The order {order!r} has no {name}; it has {', '.join(canonical)}.")
    return canonical.index(name)


def index_to_emotion(index: int, order: str) -> str:
    """The folder name of the emotion at a position of one of `ORDERS`.

    Raises:
        UsageError: unknown order, or no such position.
    """
    canonical = _canonical_order(order)
    if not 0 <= index < len(canonical):
        raise UsageError(f"The order {order!r} has positions 0 to {len(canonical) - 1}, not {index}.")
    return canonical[index]


def emotion_to_spelling(emotion: str, order: str) -> str:
    """The emotion (any spelling) as the source of one of `ORDERS` writes it, e.g. "ang" in `eat`."""
    return ORDERS[order][emotion_to_index(emotion, order)]


def page_to_emotion(page: int) -> str:
    """The emotion of a page of the old file names, 1 to 73.

    Raises:
        UsageError: no such page.
    """
    if page >= 1:
        for last, emotion in _LAST_PAGES:
            if page <= last:
                return emotion
    raise UsageError(f"Unknown page {page}; MEAD's old names have pages 1 to {_LAST_PAGES[-1][0]}.")


def actor_to_gender(actor: str) -> Literal["male", "female"]:
    """The gender that MEAD's actor names carry: Mddd or Wddd."""
    return "male" if actor.startswith("M") else "female"


def levels_of(emotion: str) -> tuple[int, ...]:
    """The intensity levels that MEAD has for an emotion: neutral was recorded at level 1 only."""
    return (1,) if emotion == NEUTRAL else LEVELS


def nominal_clips(emotion: str) -> int:
    """Clips per actor, view and level that MEAD is meant to have. Real actors fall short by a few."""
    return 40 if emotion == NEUTRAL else 30


def _canonical_order(order: str) -> tuple[str, ...]:
    if order not in ORDERS:
        raise UsageError(f"Unknown order of emotions {order!r}; use one of {', '.join(ORDERS)}.")
    return tuple(parse_emotion(name) for name in ORDERS[order])

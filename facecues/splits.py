"""Splits into train and test, by name. A split is named, versioned and carries the hash of its test clips."""

import hashlib
import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Final

import pandas as pd

from facecues.errors import UsageError
from facecues.labels import NEUTRAL

SPLIT_NAMES: Final = ("official", "eat")
SPLIT_VERSION: Final = 1  # to be raised with any change of a rule below

# Held out by EAT and, since, by most work on MEAD (yuangan/EAT_code, issue 17; tanshuai0219/EDTalk's lists).
EAT_TEST_ACTORS: Final = ("M003", "M030", "W009", "W015")

_SENTENCE: Final = ["actor", "emotion", "level", "number"]


@dataclass(frozen=True, slots=True)
class Split:
    """One split of one set of clips.

    Attributes:
        name: `official`, `eat`, or the held-out actors, sorted, with commas.
        version: of the rule; the same name and version always mean the same rule.
        sides: "train" or "test" per row of the clips, null where the rule cannot place a clip.
        test_sha256: over the sorted test clip ids, one per line: equal hashes, equal test sets.
        absent: actors that the rule names and the clips lack.
    """

    name: str
    version: int
    sides: pd.Series
    test_sha256: str
    absent: tuple[str, ...] = ()


def split_clips(clips: pd.DataFrame, name: str) -> pd.Series:
    """`make_split` without the bookkeeping: "train" | "test" | null, on the index of `clips`."""
    return make_split(clips, name).sides


def make_split(clips: pd.DataFrame, name: str) -> Split:
    """Splits clips by a named rule.

    * `official`, MEAD's baseline (uniBruce/Mead, README): per actor, emotion and level, the last 10 sentences
      of neutral and the last 6 of every other emotion are test. All views of a sentence fall on one side. The
      same actors are on both sides.
    * `eat`: the actors M003 M030 W009 W015 are test. No actor is on both sides.
    * Actors with commas, e.g. `M003,W015`: those are test. No actor is on both sides.

    Args:
        clips: columns clip_id, actor, emotion, level, number; a clip may fill several rows.
        name: `official`, `eat`, or actors with commas.

    Raises:
        UsageError: the name is unknown, a listed actor is not there, or not one clip can be placed.
    """
    actors = sorted(clips["actor"].dropna().unique())
    absent: tuple[str, ...] = ()
    if name == "official":
        sides = _last_sentences(clips)
    else:
        held_out = EAT_TEST_ACTORS if name == "eat" else _listed_actors(name, actors)
        absent = tuple(actor for actor in held_out if actor not in actors)
        sides = _held_out_actors(clips, held_out)
        check_disjoint(clips, sides)
        name = name if name == "eat" else ",".join(held_out)
    if not (sides == "test").any():
        needed = f"of {', '.join(absent)}" if absent else "with actor, emotion, level and number"
        raise UsageError(
            f"The split {name!r} finds no test clip: it needs clips {needed}; actors here: {_listing(actors)}."
        )
    return Split(name, SPLIT_VERSION, sides, hash_of_ids(clips.loc[sides == "test", "clip_id"]), absent)


def matching(clip_ids: Iterable[str], pattern: str) -> list[bool]:
    """Which ids fit a pattern of shells, such as `M003/front/*`.

    Raises:
        UsageError: none does.
    """
    ids = list(clip_ids)
    fits = [fnmatchcase(clip_id, pattern) for clip_id in ids]
    if not any(fits):
        raise UsageError(f"no clip id matches --only {pattern!r}; the first is {ids[0]!r}")
    return fits


def hash_of_ids(clip_ids: Collection[str]) -> str:
    """sha256, in hexadecimal, over the distinct ids in sorted order, one per line."""
    return hashlib.sha256("\n".join(sorted(set(clip_ids))).encode()).hexdigest()


def check_disjoint(clips: pd.DataFrame, sides: pd.Series) -> None:
    """Makes sure that no actor is on both sides.

    Raises:
        UsageError: some are; they are named.
    """
    per_actor = sides.groupby(clips["actor"]).nunique()
    crossing = per_actor.index[per_actor > 1].tolist()
    if crossing:
        raise UsageError(f"A split by identity has actors on both sides: {', '.join(crossing)}.")


def _listed_actors(name: str, actors: list[str]) -> tuple[str, ...]:
    listed = sorted({item.strip() for item in name.split(",")})
    unknown = [item for item in listed if item not in actors]
    if unknown:
        raise UsageError(
            f"Unknown split {name!r}: use {', '.join(SPLIT_NAMES)} or actors with commas; "
            f"no such actors: {', '.join(map(repr, unknown))}; actors here: {_listing(actors)}."
        )
    return tuple(listed)


def _listing(actors: list[str]) -> str:
    return ", ".join(actors) or "none"


def _held_out_actors(clips: pd.DataFrame, held_out: Collection[str]) -> pd.Series:
    test = clips["actor"].isin(list(held_out))
    return _sides(test).where(clips["actor"].notna())


def _last_sentences(clips: pd.DataFrame) -> pd.Series:
    """The official rule. The order is that of the numbers that exist: MEAD's second numbering has gaps."""
    keys = clips[_SENTENCE]
    placed = keys.notna().all(axis=1)
    sentences = keys[placed].drop_duplicates()
    sentences = sentences.sort_values("number", key=lambda numbers: numbers.map(_sentence_order))
    from_the_end = sentences.groupby(["actor", "emotion", "level"]).cumcount(ascending=False)
    held_out = sentences["emotion"].eq(NEUTRAL).map({True: 10, False: 6})
    test_sentences = pd.MultiIndex.from_frame(sentences[from_the_end < held_out])
    test = pd.Series(pd.MultiIndex.from_frame(keys).isin(test_sentences), index=clips.index)
    return _sides(test).where(placed)


def _sentence_order(number: str) -> tuple[tuple[int, ...], str]:
    """Sorts "9" before "010", and the old names' "72_01" by page, then sentence."""
    return tuple(int(digits) for digits in re.findall(r"\d+", number)), number


def _sides(test: pd.Series) -> pd.Series:
    return test.map({True: "test", False: "train"}).astype("str").rename("split")

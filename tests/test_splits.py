import hashlib

import pandas as pd
import pytest

from facecues.errors import UsageError
from facecues.labels import EMOTIONS, levels_of, nominal_clips
from facecues.splits import EAT_TEST_ACTORS, check_disjoint, hash_of_ids, make_split, split_clips

COLUMNS = ["clip_id", "actor", "emotion", "level", "number"]


def corpus(actors: tuple[str, ...], views: tuple[str, ...] = ("front",)) -> pd.DataFrame:
    """A full MEAD of these actors."""
    rows = [
        (f"{actor}/{view}/{emotion}/level_{level}/{number:03d}", actor, emotion, level, f"{number:03d}")
        for actor in actors
        for view in views
        for emotion in EMOTIONS
        for level in levels_of(emotion)
        for number in range(1, nominal_clips(emotion) + 1)
    ]
    return pd.DataFrame(rows, columns=COLUMNS)


def test_official_holds_out_the_last_10_neutral_and_the_last_6_others() -> None:
    clips = corpus(("M003", "W015"))
    test = clips[split_clips(clips, "official") == "test"]
    for (_, emotion, _), cell in test.groupby(["actor", "emotion", "level"]):
        expected = range(31, 41) if emotion == "neutral" else range(25, 31)
        assert sorted(cell["number"]) == [f"{number:03d}" for number in expected]
    assert len(test) == 2 * (10 + 7 * 3 * 6)


def test_official_takes_the_last_numbers_that_exist_not_those_above_a_bound() -> None:
    gapped = [1, 2, 3, 7, 8, 9, 10, 15, 23, 39, 47, 50, 55, 57]  # without zeros in front: "9" > "57" as text
    clips = pd.DataFrame([(f"{n}", "W023", "angry", 1, f"{n}") for n in gapped], columns=COLUMNS)
    held_out = clips.loc[split_clips(clips, "official") == "test", "number"]
    assert sorted(map(int, held_out)) == [23, 39, 47, 50, 55, 57]


def test_official_orders_old_numbers_by_page_then_sentence() -> None:
    numbers = [f"{page}_{sentence:02d}" for page in (9, 10, 11) for sentence in (1, 2, 3)]
    clips = pd.DataFrame([(n, "M003", "disgusted", 1, n) for n in numbers], columns=COLUMNS)
    assert list(split_clips(clips, "official")) == ["train"] * 3 + ["test"] * 6


def test_official_keeps_all_views_of_a_sentence_together() -> None:
    clips = corpus(("M003",), views=("front", "left_30", "top"))
    some_views_lack_the_last = clips[~clips["clip_id"].str.match(r".*/top/.*/0(29|30|40)$")]
    sides = split_clips(some_views_lack_the_last, "official")
    assert (sides.groupby([some_views_lack_the_last[c] for c in COLUMNS[1:]]).nunique() == 1).all()


def test_eat_holds_out_its_four_actors_and_no_actor_crosses() -> None:
    clips = corpus((*EAT_TEST_ACTORS, "M005", "W016"))
    split = make_split(clips, "eat")
    assert set(clips.loc[split.sides == "test", "actor"]) == set(EAT_TEST_ACTORS)
    assert set(clips.loc[split.sides == "train", "actor"]) == {"M005", "W016"}
    assert split.absent == ()
    check_disjoint(clips, split.sides)


def test_eat_names_its_absent_actors() -> None:
    assert make_split(corpus(("M003", "W023")), "eat").absent == ("M030", "W009", "W015")


def test_eat_without_any_of_its_actors_is_refused() -> None:
    with pytest.raises(UsageError, match="needs clips of M003, M030, W009, W015; actors here: W023"):
        split_clips(corpus(("W023",)), "eat")


def test_listed_actors_are_the_test_set_in_any_order_and_spacing() -> None:
    clips = corpus(("M003", "W015", "W023"))
    one, other = make_split(clips, "W023, M003"), make_split(clips, "M003,W023")
    assert set(clips.loc[one.sides == "test", "actor"]) == {"M003", "W023"}
    assert (one.name, one.test_sha256) == (other.name, other.test_sha256) == ("M003,W023", other.test_sha256)


def test_listed_actors_that_do_not_exist_are_all_named() -> None:
    with pytest.raises(UsageError, match="no such actors: 'W099', 'X'; actors here: M003, W015"):
        split_clips(corpus(("M003", "W015")), "M003,W099,X")


@pytest.mark.parametrize("name", ["random", "", "Official"])
def test_an_unknown_split_is_refused_with_the_allowed_ones(name: str) -> None:
    with pytest.raises(UsageError, match="use official, eat or actors with commas"):
        split_clips(corpus(("M003",)), name)


def test_clips_without_the_labels_a_rule_needs_are_not_placed() -> None:
    clips = pd.concat([corpus(("M003", "W016")), pd.DataFrame([["x"] + [None] * 4], columns=COLUMNS)])
    for name in ("official", "eat", "W016"):
        sides = split_clips(clips, name)
        assert sides.isna().tolist() == [False] * (len(clips) - 1) + [True]
        assert set(sides.dropna()) == {"train", "test"}


@pytest.mark.parametrize("name", ["official", "eat"])
def test_a_split_that_places_nothing_is_refused(name: str) -> None:
    with pytest.raises(UsageError, match="finds no test clip"):
        split_clips(pd.DataFrame([["x"] + [None] * 4], columns=COLUMNS), name)


@pytest.mark.parametrize("name", ["official", "eat", "W015"])
def test_sides_do_not_depend_on_the_order_or_index_of_the_rows(name: str) -> None:
    clips = corpus(("M003", "W015"))
    shuffled = clips.sample(frac=1, random_state=0).set_index(pd.Index([7] * len(clips)))
    one, other = make_split(clips, name), make_split(shuffled, name)
    assert dict(zip(clips["clip_id"], one.sides, strict=True)) == dict(
        zip(shuffled["clip_id"], other.sides, strict=True)
    )
    assert one.test_sha256 == other.test_sha256


def test_the_hash_is_of_the_sorted_test_ids() -> None:
    clips = corpus(("M003", "W016"))
    test_ids = sorted(clips.loc[clips["actor"] == "M003", "clip_id"])
    assert make_split(clips, "eat").test_sha256 == hashlib.sha256("\n".join(test_ids).encode()).hexdigest()
    assert hash_of_ids(["b", "a", "a"]) == hash_of_ids(["a", "b"]) != hash_of_ids(["a"])


def test_an_actor_on_both_sides_is_found() -> None:
    clips = corpus(("M003", "W015"))
    with pytest.raises(UsageError, match="both sides: M003, W015"):
        check_disjoint(clips, split_clips(clips, "official"))

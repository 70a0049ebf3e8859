import pytest

from facecues.errors import UsageError
from facecues.labels import (
    EMOTION_ALIASES,
    EMOTIONS,
    NOMINAL_TOTAL,
    ORDERS,
    VIEWS,
    actor_to_gender,
    emotion_to_index,
    emotion_to_spelling,
    index_to_emotion,
    levels_of,
    nominal_clips,
    page_to_emotion,
    parse_emotion,
    parse_level,
)


@pytest.mark.parametrize("order", ORDERS)
def test_every_order_round_trips_by_index_and_by_spelling(order: str) -> None:
    for index, spelling in enumerate(ORDERS[order]):
        emotion = index_to_emotion(index, order)
        assert emotion in EMOTIONS
        assert emotion_to_index(emotion, order) == emotion_to_index(spelling, order) == index
        assert emotion_to_spelling(emotion, order) == spelling
        assert parse_emotion(spelling) == emotion


def test_every_order_has_the_eight_emotions_once_but_fer2013_lacks_contempt() -> None:
    for order, spellings in ORDERS.items():
        emotions = sorted(map(parse_emotion, spellings))
        lacking = ["contempt"] if order == "fer2013" else []
        assert emotions == [emotion for emotion in EMOTIONS if emotion not in lacking]


def test_the_orders_disagree_where_the_literature_does() -> None:
    assert [emotion_to_index("contempt", order) for order in ("folders", "mead-readme", "emotion-fan")] == [1, 2, 7]
    assert [emotion_to_index("neutral", order) for order in ("eat", "mead-readme", "fer2013")] == [5, 7, 6]


@pytest.mark.parametrize(
    ("text", "emotion"),
    [("disgust", "disgusted"), ("Surprise", "surprised"), ("ANG", "angry"), ("happiness", "happy"), ("sad", "sad")],
)
def test_aliases_are_understood_in_any_case(text: str, emotion: str) -> None:
    assert parse_emotion(text) == emotion


@pytest.mark.parametrize("text", ["", "joy", "angry ", "front", "calm", "an"])
def test_an_unknown_emotion_is_refused_with_the_allowed_ones(text: str) -> None:
    with pytest.raises(UsageError, match=r"angry, contempt, .*, surprised"):
        parse_emotion(text)


def test_contempt_has_no_place_in_seven_classes() -> None:
    with pytest.raises(UsageError, match="'fer2013' has no contempt"):
        emotion_to_index("contempt", "fer2013")


@pytest.mark.parametrize("index", [-1, 8])
def test_a_position_outside_an_order_is_refused(index: int) -> None:
    with pytest.raises(UsageError, match="positions 0 to 7"):
        index_to_emotion(index, "mead-readme")


def test_an_unknown_order_is_refused_with_the_allowed_ones() -> None:
    with pytest.raises(UsageError, match="folders, eat, mead-readme, emotion-fan, fer2013"):
        emotion_to_index("angry", "alphabet")


def test_old_pages_cover_1_to_73_without_a_gap() -> None:
    first_and_last = {
        "angry": (1, 8),
        "disgusted": (9, 16),
        "contempt": (17, 24),
        "fear": (25, 33),
        "happy": (34, 43),
        "sad": (44, 52),
        "surprised": (53, 61),
        "neutral": (62, 73),
    }
    for emotion, (first, last) in first_and_last.items():
        assert {page_to_emotion(page) for page in range(first, last + 1)} == {emotion}
    for page in (0, -1, 74):
        with pytest.raises(UsageError, match="pages 1 to 73"):
            page_to_emotion(page)


@pytest.mark.parametrize("text", ["0", "4", "10"])
def test_an_unknown_level_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="use one of 1, 2, 3"):
        parse_level(text)


def test_nominal_counts_add_up_to_670_per_actor_and_view() -> None:
    assert sum(nominal_clips(emotion) * len(levels_of(emotion)) for emotion in EMOTIONS) == NOMINAL_TOTAL == 670


def test_no_alias_is_also_a_view() -> None:
    assert not set(EMOTION_ALIASES) & set(VIEWS)


def test_gender_follows_the_actor_name() -> None:
    assert (actor_to_gender("M003"), actor_to_gender("W015")) == ("male", "female")

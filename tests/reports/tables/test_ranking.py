"""Ranks, ties, letters."""

import pandas as pd
import pytest

from facecues.errors import UsageError
from facecues.reports.tables.model import Column
from facecues.reports.tables.ranking import beaten, letters, ranks
from facecues.reports.tables.signatures import check_signatures

LOWER = Column("M-LD", "M-LD", better="lower", digits=2)
HIGHER = Column("SSIM", "SSIM", better="higher", digits=2)


def test_the_best_is_first_in_either_direction() -> None:
    assert ranks([0.1, 0.3, 0.2], LOWER) == (1, None, 2)
    assert ranks([0.1, 0.3, 0.2], HIGHER) == (None, 1, 2)


def test_equal_print_means_equal_rank() -> None:
    assert ranks([0.1049, 0.0951, 0.2], LOWER) == (1, 1, None)
    assert ranks([0.1049, 0.0951, 0.2], Column("M-LD", "M-LD", better="lower", digits=3)) == (2, 1, None)


def test_percent_shows_differences_that_shares_hide() -> None:
    assert ranks([0.501, 0.502], Column("A", "A", better="higher", digits=1, percent=True)) == (2, 1)


def test_after_two_firsts_there_is_no_second_and_two_seconds_share() -> None:
    assert ranks([1.0, 1.0, 2.0], LOWER) == (1, 1, None)
    assert ranks([1.0, 2.0, 2.0, 3.0], LOWER) == (1, 2, 2, None)


def test_a_missing_value_is_not_ranked_and_disturbs_nobody() -> None:
    assert ranks([None, 0.3, 0.2], LOWER) == (None, 2, 1)


@pytest.mark.parametrize("values", [[], [0.1], [0.1, None], [None, None]])
def test_nobody_is_ranked_alone(values: list[float | None]) -> None:
    assert ranks(values, LOWER) == (None,) * len(values)


def test_a_description_has_no_best() -> None:
    assert ranks([1.0, 2.0], Column("Blinks", "Blinks")) == (None, None)


def test_nobody_is_best_where_all_are_alike():
    assert ranks([0.25, 0.25, 0.25], HIGHER) == (None, None, None)


def test_zero_has_no_sign() -> None:
    assert ranks([-0.001, 0.001, 1.0], LOWER) == (1, 1, None)


def test_letters_go_on_and_never_repeat() -> None:
    named = letters(200)
    assert named[:3] == ("a", "b", "c")
    assert named[25:28] == ("z", "A", "B")
    assert named[51:54] == ("Z", "a1", "b1")
    assert named[104] == "a2"
    assert len(set(named)) == 200
    assert letters(0) == ()


def test_winners_of_actors_and_of_clips_are_kept_apart() -> None:
    comparisons = pd.DataFrame(
        {
            "metric": ["M-LD", "M-LD", "SSIM"],
            "first": ["a", "a", "a"],
            "second": ["b", "c", "b"],
            "winner": ["b", None, None],
            "winner_these_actors": ["b", "a", None],
        }
    )
    assert beaten(comparisons, "actors") == {("M-LD", "b"): {"a"}}
    assert beaten(comparisons, "clips") == {("M-LD", "b"): {"a"}, ("M-LD", "a"): {"c"}}
    assert beaten(pd.DataFrame(), "actors") == {}


def test_mixed_signatures_are_refused_with_both_and_their_methods() -> None:
    rows = pd.DataFrame(
        {"method": ["ours", "theirs"], "metric": ["M-LD", "M-LD"], "signature": ["m-ld|fps:25", "m-ld|fps:30"]}
    )
    with pytest.raises(UsageError, match=r"M-LD .* m-ld\|fps:25 \(ours\); m-ld\|fps:30 \(theirs\)"):
        check_signatures(rows, pd.DataFrame())
    with pytest.raises(UsageError, match="M-LD"):
        check_signatures(rows[:1], rows[1:])
    check_signatures(rows[:1], rows[:1])

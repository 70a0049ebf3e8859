"""Numbers as printed."""

import pytest

from facecues.reports.numbers import rounded, usual_digits


@pytest.mark.parametrize(("value", "shown"), [(0.125, "0.12"), (0.375, "0.38"), (2.675, "2.68"), (2.665, "2.66")])
def test_halves_go_to_the_even_digit_of_the_decimal_that_a_reader_sees(value: float, shown: str) -> None:
    assert rounded(value, 2) == shown


def test_digits_are_the_same_down_a_column() -> None:
    assert [rounded(value, 2) for value in (0.0, 1.0, 10.5, 1234.567, 1e-9)] == [
        "0.00",
        "1.00",
        "10.50",
        "1234.57",
        "0.00",
    ]


@pytest.mark.parametrize("value", [-0.0, -0.001, -0.0049])
def test_there_is_no_negative_zero(value: float) -> None:
    assert rounded(value, 2) == "0.00"


def test_no_exponent_is_printed() -> None:
    assert rounded(1e-7, 4) == "0.0000"
    assert rounded(1.5e12, 0) == "1500000000000"


def test_percent_moves_the_point_before_rounding() -> None:
    assert rounded(0.12345, 1, percent=True) == "12.3"
    assert rounded(0.0005, 1, percent=True) == "0.0"
    assert rounded(0.0015, 1, percent=True) == "0.2"


@pytest.mark.parametrize(
    ("values", "digits"),
    [([1.0, 28.3], 1), ([0.0334, 0.001], 4), ([0.97], 3), ([-250.0], 0), ([], 3), ([0.0], 3), ([1e-9], 4)],
)
def test_the_largest_value_has_three_digits_that_count(values: list[float], digits: int) -> None:
    assert usual_digits(values) == digits

import itertools
import warnings

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.colors import to_rgb

from facecues.reports.figures.contracts import Drawing
from facecues.reports.figures.style import MM, WIDTH_MM, look_of, new_figure, one_look, plain, save, short
from tests.reports.figures.tracks import HOSTILE

MEMBERS = (*HOSTILE, "\\$", "$$", "line\nbreak", "\ud800", "\x00", "😀", "")


def lightness(color):
    """CIE L* of an sRGB colour."""
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in to_rgb(color)]
    luminance = float(np.dot(linear, (0.2126, 0.7152, 0.0722)))
    return 116 * luminance ** (1 / 3) - 16


@one_look()
def drawing(text="text", name="picture"):
    figure = new_figure("column", 30)
    axes = figure.subplots()
    lines = axes.plot([0, 1])
    axes.set_title(plain(text))
    axes.legend(lines, [plain(text)])
    return Drawing(name, "title", "caption", figure)


def test_neighbours_differ_in_colour_and_dash_and_no_look_comes_twice():
    looks = [look_of(index) for index in range(42)]
    assert len({(look.color, look.linestyle) for look in looks}) == 42
    for one, other in itertools.pairwise(looks):
        assert one.color != other.color
        assert one.linestyle != other.linestyle


def test_in_grey_no_two_of_twenty_methods_share_dash_and_lightness():
    for one, other in itertools.combinations(map(look_of, range(20)), 2):
        if one.linestyle == other.linestyle:
            assert abs(lightness(one.color) - lightness(other.color)) > 3


@pytest.mark.parametrize("size", ["column", "page"])
def test_a_figure_is_as_wide_as_the_paper_allows(size):
    assert new_figure(size, 50).get_size_inches() == pytest.approx((WIDTH_MM[size] * MM, 50 * MM))


@pytest.mark.parametrize("text", MEMBERS, ids=ascii)
def test_any_text_is_drawn_without_a_warning(text, tmp_path):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        save(drawing(text), tmp_path)


def test_names_are_shown_as_they_are_and_never_as_mathematics():
    figure = drawing(r"$\alpha$").figure
    [title] = [figure.axes[0].title]
    shown, mathematics = title._preprocess_math(title.get_text())
    assert (shown, mathematics) == (r"$\alpha$", False)


def test_characters_that_the_font_lacks_stay_different():
    assert plain("模") == r"\u6a21"
    assert plain("模") != plain("型")


def test_long_names_keep_beginning_and_end():
    assert short("abcdefghij", 5) == "ab…ij"
    assert len(short("x" * 99)) == 18
    assert len(short("模" * 18)) == 18
    assert short("name") == "name"


def test_a_figure_is_saved_in_three_formats_and_twice_the_same(tmp_path):
    first = save(drawing(), tmp_path / "one")
    again = save(drawing(), tmp_path / "two")
    assert [path.name for path in first] == ["picture.pdf", "picture.svg", "picture.png"]
    assert [path.read_bytes() for path in first] == [path.read_bytes() for path in again]


def test_fonts_of_the_pdf_are_embedded(tmp_path):
    pdf = save(drawing(), tmp_path)[0].read_bytes()
    assert b"/FontFile2" in pdf
    assert b"/Type3" not in pdf


def test_nothing_stays_behind_in_pyplot_or_in_the_settings():
    before = dict(plt.rcParams)
    drawing()
    assert plt.get_fignums() == []
    assert dict(plt.rcParams) == before

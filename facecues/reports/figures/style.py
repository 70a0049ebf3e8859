"""One look of all figures: sizes, type, what marks a method, and how a figure becomes files.

Figures are matplotlib.figure.Figure and never known to pyplot. A module's `draw` stands under `@one_look()`, since
matplotlib reads its settings while axes are made, not when the figure is.
"""

import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final, Literal

from matplotlib import rc_context
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties, findfont, get_font

from facecues.reports.figures.contracts import Drawing

Dashes = tuple[float, tuple[float, ...]] | Literal["solid"]

MM: Final = 1 / 25.4  # inches
WIDTH_MM: Final = {"column": 85.0, "page": 178.0}  # of a two-column page
PNG_DPI: Final = 200
_FONT: Final = "DejaVu Sans"  # comes with matplotlib, so that a report looks the same everywhere

_SETTINGS: Final[Any] = {  # matplotlib types its keys as a literal of all settings
    "axes.axisbelow": True,
    "axes.edgecolor": "#444444",
    "axes.formatter.use_mathtext": False,
    "axes.grid": False,
    "axes.labelpad": 2.0,
    "axes.labelsize": 7.0,
    "axes.linewidth": 0.5,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlepad": 3.0,
    "axes.titlesize": 7.0,
    "figure.constrained_layout.h_pad": 0.03,
    "figure.constrained_layout.hspace": 0.02,
    "figure.constrained_layout.w_pad": 0.03,
    "figure.constrained_layout.wspace": 0.02,
    "figure.facecolor": "white",
    "figure.titlesize": 8.0,
    "font.family": _FONT,
    "font.size": 7.0,
    "grid.color": "#DDDDDD",
    "grid.linewidth": 0.4,
    "hatch.linewidth": 0.5,
    "image.interpolation": "nearest",
    "legend.fontsize": 6.5,
    "legend.frameon": False,
    "legend.handlelength": 2.8,
    "lines.linewidth": 1.0,
    "lines.markersize": 3.5,
    "patch.linewidth": 0.5,
    "pdf.fonttype": 42,
    "savefig.dpi": PNG_DPI,
    "svg.fonttype": "path",
    "svg.hashsalt": "facecues",
    "xtick.labelsize": 6.0,
    "xtick.major.pad": 2.0,
    "xtick.major.size": 2.0,
    "xtick.major.width": 0.5,
    "ytick.labelsize": 6.0,
    "ytick.major.pad": 2.0,
    "ytick.major.size": 2.0,
    "ytick.major.width": 0.5,
}


@dataclass(frozen=True, slots=True)
class Look:
    """What tells a method from the others: any two of these do, so that print in grey still tells them apart."""

    color: str
    linestyle: Dashes
    marker: str
    hatch: str


# Okabe and Ito's colours for all kinds of colour vision (Color Universal Design, jfly.uni-koeln.de/color) without
# black, which is the reference's, and yellow, which is too pale for lines on white. Those that print the same grey
# (sky and orange, most of all) stand three places apart, which with seven dashes gives them different ones.
COLORS: Final = ("#0072B2", "#009E73", "#E69F00", "#D55E00", "#CC79A7", "#56B4E9")
_DASHES: Final[tuple[Dashes, ...]] = (
    "solid",
    (0, (4.0, 1.5)),
    (0, (1.0, 1.0)),
    (0, (5.0, 1.2, 1.0, 1.2)),
    (0, (9.0, 2.0)),
    (0, (6.0, 1.2, 1.0, 1.2, 1.0, 1.2)),
    (0, (4.0, 1.2, 4.0, 1.2, 1.0, 1.2)),
)
_MARKERS: Final = ("o", "s", "^", "D", "v", "P", "X")
_HATCHES: Final = ("", "////", "....", "xxxx", "\\\\\\\\")

REFERENCE_LOOK: Final = Look(color="#444444", linestyle="solid", marker="*", hatch="")
REFERENCE_FILL: Final = "#D2D2D2"  # bands and pale lines of the reference, under a method's colour


def look_of(index: int) -> Look:
    """Look of a method.

    Args:
        index: its position in Results.methods, 0 and more; the looks of the first 42 are all
            different, and in grey those of the first 20 are.
    """
    return Look(
        color=COLORS[index % len(COLORS)],
        linestyle=_DASHES[index % len(_DASHES)],
        marker=_MARKERS[index % len(_MARKERS)],
        hatch=_HATCHES[index % len(_HATCHES)],
    )


@contextmanager
def one_look() -> Iterator[None]:
    """The settings under which figures are made and saved; also a decorator: `@one_look()`."""
    with rc_context(_SETTINGS):
        yield


def new_figure(size: Literal["column", "page"], height_mm: float) -> Figure:
    """An empty figure, as wide as a column (85 mm) or a page (178 mm) of a paper, laid out by matplotlib."""
    with one_look():
        # Type is hinted, and so has another width at each resolution: laid out at that of the PNG.
        return Figure(figsize=(WIDTH_MM[size] * MM, height_mm * MM), dpi=PNG_DPI, layout="constrained")


@cache
def _drawable() -> frozenset[int]:
    """Code points that the font has."""
    return frozenset(get_font(findfont(FontProperties(family=_FONT))).get_charmap())


def plain(text: str) -> str:
    r"""A text that matplotlib shows as it is: `$` never starts mathematics, and all is in one line.

    What the font lacks is spelled by its code point ("\u6a21"), so that two names never look the same.
    """
    return _spelled(text).replace("$", r"\$")


def _spelled(text: str) -> str:
    return "".join(map(_plain_character, text))


def _plain_character(character: str) -> str:
    if character.isspace():
        return " "
    if unicodedata.category(character).startswith("C") or ord(character) not in _drawable():
        return f"\\u{ord(character):04x}"
    return character


def short(text: str, most: int = 18) -> str:
    """A name with at most `most` characters, its middle left out; beginnings and ends tell names apart. Not `plain`."""
    text = _spelled(text)  # as long as it is in print
    if len(text) <= most:
        return text
    tail = (most - 1) // 2
    return f"{text[: most - 1 - tail]}…{text[len(text) - tail :]}"


def save(drawing: Drawing, folder: Path) -> tuple[Path, ...]:
    """Write a figure as PDF (fonts embedded as TrueType), SVG (type as outlines) and PNG (200 dpi).

    No file bears a date, so the same report gives the same bytes.

    Returns:
        The three paths, in this order.
    """
    folder.mkdir(parents=True, exist_ok=True)
    metadata: dict[str, dict[str, Any]] = {
        "pdf": {"Title": drawing.title, "CreationDate": None},
        "svg": {"Title": drawing.title, "Date": None},
        "png": {"Title": drawing.title},
    }
    with one_look():
        drawing.figure.draw_without_rendering()
        drawing.figure.set_layout_engine("none")  # laid out once and not once for each format
        paths = []
        for ending, facts in metadata.items():
            path = folder / f"{drawing.name}.{ending}"
            drawing.figure.savefig(path, format=ending, metadata=facts)
            paths.append(path)
    return tuple(paths)

"""Confusion matrices: the emotion that was asked for against the one that a classifier sees."""

import re
from collections.abc import Sequence
from typing import Final

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle
from numpy.typing import NDArray

from facecues.labels import EMOTIONS, emotion_to_spelling
from facecues.metrics.floors import REFERENCE
from facecues.reports.config import FigureStyle
from facecues.reports.figures.choice import chosen_methods
from facecues.reports.figures.contracts import Drawing, NotDrawn
from facecues.reports.figures.style import new_figure, one_look, plain, short
from facecues.reports.names import safe_name
from facecues.reports.numbers import rounded
from facecues.reports.results import Evidence, Results

NO_FACE: Final = "no face"
_ABREAST: Final = 4
_DARK: Final = 0.66  # share from which on white has more contrast than black to the shades of "Blues"


@one_look()
def draw(results: Results, evidence: Evidence, style: FigureStyle) -> Sequence[Drawing]:
    """One figure for each classifier: the reference and each method, rows normalised, counts printed.

    Raises:
        NotDrawn: no video has an intended emotion and was looked at by a classifier.
    """
    methods = chosen_methods(results, style)
    labelled = results.emotions[results.emotions["intended"].notna()]
    labelled = labelled[labelled["method"].isin([REFERENCE, *methods])]
    drawings = [
        _draw_classifier(str(classifier), rows, results, methods, style)
        for classifier, rows in labelled.groupby("classifier", sort=True)
        if _rows_of(rows, _known(results, str(classifier)), style)
    ]
    if not drawings:
        raise NotDrawn("No video with a known intended emotion was looked at by an emotion classifier.")
    return drawings


def count_confusions(rows: pd.DataFrame, intended: Sequence[str], seen: Sequence[str]) -> NDArray[np.int64]:
    """Videos by intended and seen emotion.

    Args:
        rows: of Results.emotions, of one method and classifier; `seen` is null where no frame has a face.
        intended, seen: names of rows and columns; `seen` may hold NO_FACE.

    Returns:
        (len(intended), len(seen)) int64.
    """
    table = pd.crosstab(rows["intended"].astype(object), rows["seen"].astype(object).fillna(NO_FACE))
    return table.reindex(index=list(intended), columns=list(seen), fill_value=0).to_numpy(np.int64)


def _fields(results: Results, classifier: str) -> list[str]:
    """The parts of the signature of a classifier's accuracy; none where that was not asked for."""
    net = re.compile(rf"net:{re.escape(classifier)}(\[.*\])?")
    for each in results.metrics.values():
        fields = each.signature.split("|")
        if any(net.fullmatch(field) for field in fields):
            return fields
    return []


def _known(results: Results, classifier: str) -> tuple[str, ...]:
    """Classes that a classifier has: its accuracy's signature names those that it lacks."""
    fields = _fields(results, classifier)
    lacking = [name for field in fields if field.startswith("without:") for name in field[len("without:") :].split("-")]
    return tuple(name for name in EMOTIONS if name not in lacking) or EMOTIONS


def _rows_of(rows: pd.DataFrame, known: Sequence[str], style: FigureStyle) -> list[str]:
    """Intended emotions that occur, and that the classifier can see."""
    occurring = set(rows["intended"])
    return [name for name in style.emotions or EMOTIONS if name in occurring and name in known]


def _draw_classifier(
    classifier: str, rows: pd.DataFrame, results: Results, methods: Sequence[str], style: FigureStyle
) -> Drawing:
    known = _known(results, classifier)
    intended = _rows_of(rows, known, style)
    rows = rows[rows["intended"].isin(intended)]
    if "miss:exclude" in _fields(results, classifier):
        rows = rows[rows["seen"].notna()]
    seen = [name for name in (*(style.emotions or ()), *EMOTIONS) if name in known]
    seen = list(dict.fromkeys(seen)) + ([NO_FACE] if rows["seen"].isna().any() else [])
    shown = [name for name in (REFERENCE, *methods) if (rows["method"] == name).any()]
    across = min(_ABREAST, max(2, len(shown)))
    down = -(-len(shown) // across)
    cell_mm = (178 - 18) / across / (len(seen) + 0.6)
    figure = new_figure("page", down * (cell_mm * len(intended) + 17) + 6)  # a heading of two lines, ticks, axis
    axes = figure.subplots(down, across, squeeze=False).ravel()
    for place, axis in enumerate(axes):
        if place >= len(shown):
            axis.axis("off")
            continue
        counts = count_confusions(rows[rows["method"] == shown[place]], intended, seen)
        _draw_matrix(axis, counts, intended, seen)
        axis.set_title(_heading(shown[place], counts, intended, seen))
        if place % across == 0:
            axis.set_yticks(range(len(intended)), intended)
    figure.supxlabel("seen", fontsize=7)
    figure.supylabel("intended", fontsize=7)
    return Drawing(
        name=f"confusion-{safe_name(classifier)}",
        title=f"Emotions seen by {classifier}",
        caption=_caption(classifier, rows, known, style) + _left_out(results, methods, shown, style),
        figure=figure,
    )


def _draw_matrix(axis: Axes, counts: NDArray[np.int64], intended: Sequence[str], seen: Sequence[str]) -> None:
    """Shares of rows as shades, counts as type; a frame around the cells that are right."""
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    axis.imshow(shares, cmap="Blues", vmin=0, vmax=1, aspect="equal")
    for (i, j), count in np.ndenumerate(counts):
        if count:
            color = "white" if shares[i, j] > _DARK else "black"
            axis.text(j, i, str(count), ha="center", va="center", fontsize=5.5, color=color)
        if intended[i] == seen[j]:
            axis.add_patch(Rectangle((j - 0.5, i - 0.5), 1, 1, fill=False, edgecolor="black", linewidth=0.8))
    axis.set_xticks(
        range(len(seen)), ["none" if name == NO_FACE else emotion_to_spelling(name, "eat") for name in seen]
    )
    axis.set_yticks([])
    axis.spines[:].set_visible(True)


def _heading(method: str, counts: NDArray[np.int64], intended: Sequence[str], seen: Sequence[str]) -> str:
    """Accuracy as facecues.metrics.emotion counts it: a video without a face is a wrong one where it counts."""
    videos = int(counts.sum())
    right = sum(int(counts[i, list(seen).index(name)]) for i, name in enumerate(intended))
    share = f"{rounded(right / videos, 1, percent=True)} %" if videos else "no videos"
    return f"{plain(short(method, 28))}\n{share}, n = {videos}"


def _caption(classifier: str, rows: pd.DataFrame, known: Sequence[str], style: FigureStyle) -> str:
    sentences = [
        f"Intended emotions (rows) against those that {classifier} sees in a video (columns, in the same order).",
        "Shades are shares of a row, from white (none) to dark (all); numbers are videos; frames mark what is right.",
        "Above each: accuracy and number of videos.",
    ]
    lacking = [name for name in EMOTIONS if name not in known]
    if lacking:
        sentences.append(f"{classifier} has no class for {', '.join(lacking)}: such videos are left out.")
    if style.emotions:
        sentences.append(f"Only videos of {', '.join(style.emotions)} are counted.")
    if rows["seen"].isna().any():
        sentences.append("Videos without any face stand under “none” and count as wrong.")
    return " ".join(sentences)


def _left_out(results: Results, methods: Sequence[str], shown: Sequence[str], style: FigureStyle) -> str:
    sentences = ""
    absent = [name for name in (REFERENCE, *methods) if name not in shown]
    if absent:
        sentences += f" Without such videos: {', '.join(absent)}."
    if not style.methods and len(methods) < len(results.methods):
        sentences += f" Shown are the first {len(methods)} of {len(results.methods)} methods."
    return sentences

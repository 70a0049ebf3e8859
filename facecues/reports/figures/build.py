"""All figures of a report, drawn one after the other; what cannot be drawn is told."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from types import MappingProxyType
from typing import Final, cast

from facecues.errors import UsageError
from facecues.reports.config import FigureStyle
from facecues.reports.figures.contracts import Drawing, NotDrawn
from facecues.reports.results import Evidence, Progress, Results

Draw = Callable[[Results, Evidence, FigureStyle], Sequence[Drawing]]

FIGURES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "ranking": "the methods' order in each metric, and which of them cannot be told apart",
        "distributions": "scores of all clips, and paired differences",
        "landmarks": "landmarks over time, on the reference's",
        "gaze": "where the left eye looks, by emotion",
        "pose": "head pose over time, by emotion",
        "confusion": "emotions asked for, and seen",
        "strips": "the same instants of reference and methods",
        "discretisation": "gaze, its classes, and what they give back",
    }
)
"""Kinds of figures, in the order of a report; each is a module of this package with a function `draw`."""


@dataclass(frozen=True, slots=True)
class SavedFigure:
    """A figure on the disk.

    Attributes:
        name, title, caption: as of its Drawing.
        files: by kind: "pdf", "svg", "png"; paths relative to the report's folder.
    """

    name: str
    title: str
    caption: str
    files: Mapping[str, Path]


def draw_figures(
    results: Results, evidence: Evidence, style: FigureStyle, folder: Path, progress: Progress
) -> tuple[list[SavedFigure], list[str]]:
    """Draws and saves the figures that are wanted, into folder/figures.

    Returns:
        What was saved, and why the others were not, a sentence each.

    Raises:
        UsageError: there is no such kind of figure.
    """
    from facecues.reports.figures.style import save

    kinds = tuple(FIGURES) if style.kinds is None else style.kinds
    unknown = [kind for kind in kinds if kind not in FIGURES]
    if unknown:
        raise UsageError(f"there is no figure {unknown[0]!r}: expected some of {', '.join(FIGURES)}")
    target = folder / "figures"
    target.mkdir(parents=True, exist_ok=True)
    saved, missing = [], []
    for at, kind in enumerate(kinds):
        progress(f"figures: {kind}", at, len(kinds))
        draw = cast(Draw, import_module(f"{__package__}.{kind}").draw)
        try:
            for drawing in draw(results, evidence, style):
                files = {path.suffix[1:]: path.relative_to(folder) for path in save(drawing, target)}
                saved.append(SavedFigure(drawing.name, drawing.title, drawing.caption, files))
        except NotDrawn as told:
            missing.append(f"{FIGURES[kind]}: {told}")
    progress("figures", len(kinds), len(kinds))
    return saved, missing

"""Head pitch, yaw and roll over time in each emotion: methods' lines over the reference's band."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from numpy.typing import NDArray

from facecues.metrics.contracts import CueTrack, Float64
from facecues.metrics.floors import REFERENCE
from facecues.reports.config import FigureStyle
from facecues.reports.figures.choice import chosen_methods
from facecues.reports.figures.contracts import Drawing, NotDrawn
from facecues.reports.figures.shown import (
    ALL_CLIPS,
    clip_with_cues,
    clips_of_emotions,
    left_out,
    listed,
    look_in,
    tracks_of,
)
from facecues.reports.figures.style import REFERENCE_FILL, REFERENCE_LOOK, new_figure, one_look, plain, short
from facecues.reports.results import Evidence, Results
from facecues.resample import FPS

_AXES: Final = ("pitch", "yaw", "roll")
_PERCENT: Final = (10, 90)
_FEWEST: Final = 2  # clips that make a band
_ROW_MM: Final = 26.0
_LEGEND_ROW_MM: Final = 3.4
_NAMES_IN_A_ROW: Final = 5


@dataclass(frozen=True, slots=True, eq=False)
class _Panel:
    """One emotion: what its column shows.

    Attributes:
        band: (2, T, 3) lower and upper edge, degrees, NaN where too few clips go on.
        clip: whose lines are drawn.
        reference: its cues.
        tracks: the methods' cues of it.
    """

    band: Float64
    clip: str
    reference: CueTrack
    tracks: Mapping[str, CueTrack]


@one_look()
def draw(results: Results, evidence: Evidence, style: FigureStyle) -> Sequence[Drawing]:
    """Columns are emotions, rows are pitch, yaw and roll.

    Raises:
        NotDrawn: no emotion has a clip with cues of the reference and of a method.
    """
    methods = chosen_methods(results, style)
    panels: dict[str, _Panel] = {}
    without: list[str] = []
    for emotion, clips in clips_of_emotions(results, style).items():
        try:
            clip, reference = clip_with_cues(results, evidence, style, clips)
        except NotDrawn:
            without.append(emotion)
            continue
        kept = [evidence.track(REFERENCE, one) for one in clips]
        band = band_of([track.rotation for track in kept if track is not None])
        panels[emotion] = _Panel(band, clip, reference, tracks_of(evidence, methods, clip))
    seen = {name: True for name in methods if any(name in panel.tracks for panel in panels.values())}
    if not seen:
        raise NotDrawn("No clip's head pose is kept of the reference and of a method.")
    return [
        Drawing(
            name="pose",
            title="Head pose over time by emotion",
            caption=_caption(panels, without) + left_out(results, methods, seen),
            figure=_figure(results, panels, list(seen)),
        )
    ]


def band_of(rotations: Sequence[NDArray[np.float32]]) -> Float64:
    """What most clips do at each instant since their beginning.

    Args:
        rotations: (T, 3) degrees each, of any length; NaN where there is no face.

    Returns:
        (2, longest T, 3) 10th and 90th percentile over clips; NaN where fewer than two clips have a face.
    """
    longest = max(map(len, rotations), default=0)
    stacked = np.full((len(rotations), longest, 3), np.nan)
    for row, rotation in zip(stacked, rotations, strict=True):
        row[: len(rotation)] = rotation
    band = np.full((2, longest, 3), np.nan)
    enough = (~np.isnan(stacked[..., 0])).sum(axis=0) >= _FEWEST
    if enough.any():
        band[:, enough] = np.nanpercentile(stacked[:, enough], _PERCENT, axis=0)
    return band


def _caption(panels: Mapping[str, _Panel], without: Sequence[str]) -> str:
    clips = listed([panel.clip for panel in panels.values()])
    banded = [emotion for emotion, panel in panels.items() if not np.isnan(panel.band).all()]
    caption = (
        f"Head pitch (down is positive), yaw (toward the image's left) and roll (clockwise) of {clips}, from the "
        "clip's first instant on: the reference's dark line and each method's."
    )
    if banded:
        of_what = "all clips" if banded == [ALL_CLIPS] else "the emotion's clips"
        caption += (
            f" Grey: what the reference does in 80 % of {of_what} at the same time since their beginning (10th to "
            f"90th percentile), where at least {_FEWEST} of them go on."
        )
    if len(banded) < len(panels):
        caption += " No band where there is one clip only."
    return caption + (f" No cues of the reference are kept for {listed(without)}." if without else "")


def _figure(results: Results, panels: Mapping[str, _Panel], methods: Sequence[str]) -> Figure:
    legend_rows = -(-(len(methods) + 1) // _NAMES_IN_A_ROW)
    figure = new_figure("page", _ROW_MM * len(_AXES) + 8 + _LEGEND_ROW_MM * legend_rows)
    grid = figure.subplots(len(_AXES), len(panels), sharex="col", sharey="row", squeeze=False)
    for column, (emotion, panel) in enumerate(panels.items()):
        grid[0, column].set_title("" if emotion == ALL_CLIPS else plain(short(emotion, 14)))
        grid[-1, column].set_xlabel("time (s)")
        for row, axes in enumerate(grid[:, column]):
            _draw_panel(results, axes, panel, row)
    for axes, name in zip(grid[:, 0], _AXES, strict=True):
        axes.set_ylabel(f"{name} (°)")
    handles = [Line2D([], [], color=REFERENCE_LOOK.color, linewidth=1.3, label="reference")]
    for method in methods:
        look = look_in(results, method)
        handles.append(Line2D([], [], color=look.color, linestyle=look.linestyle, label=plain(short(method))))
    figure.legend(handles=handles, loc="outside lower center", ncols=_NAMES_IN_A_ROW)
    return figure


def _draw_panel(results: Results, axes: Axes, panel: _Panel, row: int) -> None:
    low, high = panel.band[..., row]
    axes.fill_between(np.arange(len(low)) / FPS, low, high, color=REFERENCE_FILL, linewidth=0, zorder=1)
    axes.plot(*_line(panel.reference, row), color=REFERENCE_LOOK.color, linewidth=1.3, zorder=2)
    for method, track in panel.tracks.items():
        look = look_in(results, method)
        axes.plot(*_line(track, row), color=look.color, linestyle=look.linestyle, linewidth=0.9, zorder=3)
    axes.margins(x=0)
    axes.locator_params("x", nbins=4)
    axes.locator_params("y", nbins=5)


def _line(track: CueTrack, row: int) -> tuple[Float64, Float64]:
    return np.arange(len(track)) / FPS, track.rotation[:, row].astype(np.float64)

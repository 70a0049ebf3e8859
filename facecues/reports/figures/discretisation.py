"""How gaze becomes classes and degrees again, on a real clip: signal, bins, classes, decoded angles, what is lost."""

from collections.abc import Sequence
from typing import Final

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from facecues.metrics.contracts import CueTrack, Float64
from facecues.models.gaze_bins import GAZE_BINS, MEAD, GazeBins
from facecues.preprocess.geometry import gaze_in_head, rotation_matrix
from facecues.reports.config import FigureStyle
from facecues.reports.figures.contracts import Drawing
from facecues.reports.figures.shown import clip_with_cues
from facecues.reports.figures.style import Look, look_of, new_figure, one_look
from facecues.reports.numbers import rounded
from facecues.reports.results import Evidence, Results
from facecues.resample import FPS

_AXES: Final = (("yaw", 1), ("pitch", 0))  # and where a gaze has them
_LOOKS: Final = {name: look_of(index) for index, name in enumerate(GAZE_BINS)}
_SIGNAL: Final = "#9A9A9A"
_HEIGHT_MM: Final = 128.0


@one_look()
def draw(results: Results, evidence: Evidence, style: FigureStyle) -> Sequence[Drawing]:
    """Columns are yaw and pitch, rows the steps. The reference's gaze alone is needed.

    Raises:
        NotDrawn: no clip's reference has cues.
    """
    clip, track = clip_with_cues(results, evidence, style)
    gaze = head_gaze(track)
    clamped = MEAD.encode(gaze).clamped
    outside = f" {clamped} angles outside that range are in the outermost bins." if clamped else ""
    sources = " and ".join(f"{_words(bins)} ({name})" for name, bins in GAZE_BINS.items() if bins is not MEAD)
    return [
        Drawing(
            name="discretisation",
            title="Gaze as classes",
            caption=(
                f"Gaze of the reference's clip {clip}, as seen from its head (yaw to the image's left and pitch down "
                f"are positive). (a) The angle and the bins that it falls into: {_words(MEAD)} over {MEAD.low:g}° to "
                f"{MEAD.high:g}° (mead).{outside} (b) The classes that a network is trained on, one per frame. (c) "
                "What the classes say when decoded, against the angle in grey: mead's bins by their centres; by their "
                f"left edges L2CS-Net's, {sources}, as its code does. (d) The error that is left even if every class "
                "is right; the legend has its root mean square over both axes. A left edge is half a bin too low on "
                "average."
            ),
            figure=_figure(gaze),
        )
    ]


def head_gaze(track: CueTrack) -> Float64:
    """(T, 2) combined gaze pitch, yaw, degrees, head frame; NaN where there is none."""
    turned: Float64 = gaze_in_head(track.gaze.astype(np.float64), rotation_matrix(track.rotation.astype(np.float64)))
    return turned


def decoded(bins: GazeBins, angles: Float64) -> Float64:
    """Angles through classes and back, degrees, as if a network were certain and right; NaN stays NaN."""
    through: Float64 = bins.decode(bins.one_hot(bins.encode(angles).classes).astype(np.float64))
    return np.where(np.isnan(angles), np.nan, through)


def _words(bins: GazeBins) -> str:
    return f"{bins.count} bins of {bins.width:g}°"


def _figure(gaze: Float64) -> Figure:
    figure = new_figure("page", _HEIGHT_MM)
    grid = figure.subplots(4, 2, sharex=True, sharey="row", height_ratios=(1.2, 1.2, 1.2, 0.9))
    time = np.arange(len(gaze)) / FPS
    known = gaze[~np.isnan(gaze)]
    limits = known.min(initial=0) - 2 * MEAD.width, known.max(initial=0) + 2 * MEAD.width
    for column, (name, position) in enumerate(_AXES):
        angles = gaze[:, position]
        signal, classes, back, error = grid[:, column]
        signal.set_title(name)
        _draw_signal(signal, time, angles)
        _draw_classes(classes, angles)
        back.plot(time, angles, color=_SIGNAL, linewidth=2.0)
        for each in GAZE_BINS.values():
            _draw_steps(back, time, decoded(each, angles), _LOOKS[each.name])
            _draw_steps(error, time, decoded(each, angles) - angles, _LOOKS[each.name])
        error.axhline(0, color="#444444", linewidth=0.5)
        error.set_xlabel("time (s)")
    grid[0, 0].set(ylim=limits, xlim=(0, len(gaze) / FPS))
    grid[2, 0].set(ylim=limits)
    for axes, step in zip(grid[:, 0], ("(a) gaze (°)", "(b) class", "(c) decoded (°)", "(d) error (°)"), strict=True):
        axes.set_ylabel(step)
    figure.align_ylabels(grid[:, 0])
    figure.legend(handles=_handles(gaze), loc="outside lower center", ncols=1 + len(GAZE_BINS))
    return figure


def _draw_signal(axes: Axes, time: Float64, angles: Float64) -> None:
    axes.hlines(MEAD.edges, 0, len(time) / FPS, color="#D8D8D8", linewidth=0.4, zorder=1)
    classes = MEAD.encode(angles).classes
    axes.bar(
        time,
        np.where(np.isnan(angles), 0, MEAD.width),
        width=1 / FPS,
        bottom=MEAD.edges[classes],
        align="edge",
        color=_LOOKS[MEAD.name].color,
        alpha=0.6,
        linewidth=0,
        rasterized=True,
    )
    axes.plot(time, angles, color="#222222", linewidth=0.6)


def _draw_classes(axes: Axes, angles: Float64) -> None:
    hot = MEAD.one_hot(MEAD.encode(angles).classes)
    extent = (0, len(hot) / FPS, -0.5, MEAD.count - 0.5)
    axes.imshow(hot.T, "Blues", vmin=0, vmax=1.2, aspect="auto", origin="lower", extent=extent)
    axes.set_yticks((0, 10, 20, 30, MEAD.count - 1))


def _draw_steps(axes: Axes, time: Float64, values: Float64, look: Look) -> None:
    axes.step(time, values, where="post", color=look.color, linestyle=look.linestyle, linewidth=0.9)


def _handles(gaze: Float64) -> list[Line2D]:
    handles = [Line2D([], [], color=_SIGNAL, linewidth=2.0, label="angle")]
    for name, bins in GAZE_BINS.items():
        error = np.stack([decoded(bins, gaze[:, position]) - gaze[:, position] for _, position in _AXES])
        lost = rounded(float(np.sqrt(np.nanmean(error**2))), 2)
        label = f"{name}, {bins.decodes}: {lost}° off"
        handles.append(Line2D([], [], color=_LOOKS[name].color, linestyle=_LOOKS[name].linestyle, label=label))
    return handles

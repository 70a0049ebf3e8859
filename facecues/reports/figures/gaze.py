"""Where the left eye looks in each emotion: every method's distribution with the reference's contours over it."""

from collections.abc import Mapping, Sequence
from itertools import product
from typing import Final, Literal

import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import PowerNorm
from matplotlib.figure import Figure
from scipy.ndimage import gaussian_filter

from facecues.metrics.contracts import Float64
from facecues.metrics.distributions import DEGREE_BINS
from facecues.metrics.floors import REFERENCE
from facecues.metrics.gaze import gaze_counts
from facecues.metrics.histograms import ClipCounts, EmotionHistograms
from facecues.reports.config import FigureStyle
from facecues.reports.figures.choice import chosen_methods
from facecues.reports.figures.contracts import Drawing, NotDrawn
from facecues.reports.figures.shown import ALL_CLIPS, clips_of_emotions, left_out
from facecues.reports.figures.style import WIDTH_MM, new_figure, one_look, plain, short
from facecues.reports.numbers import rounded
from facecues.reports.results import Evidence, Results

METRIC: Final = "Gaze-L-JS"
_MASSES: Final = (0.9, 0.5)  # that the reference's contours hold
_CONTOUR: Final = "#D55E00"
_COLORS: Final = "Blues"
_FAINT: Final = 0.005  # share of frames
_SMOOTH: Final = 0.8  # bins, of the contours alone: raw counts of a few clips have ragged ones
_OUTER: Final = DEGREE_BINS.limit + DEGREE_BINS.width  # overflow is drawn as one bin beyond the limit
_LEFT_MM, _RIGHT_MM, _TITLE_MM, _BOTTOM_MM, _GAP_MM = 34.0, 14.0, 4.5, 9.0, 1.2
_SMALL_MM: Final = 14.0  # narrower panels have room for one tick only
_WRAPPED_LEFT_MM: Final = 14.0
_WRAP: Final = 4  # panels side by side where there is one column
_TALLEST_MM: Final = 225.0
_WIDEST_MM: Final = 36.0

Histograms = Mapping[str, EmotionHistograms]


@one_look()
def draw(results: Results, evidence: Evidence, style: FigureStyle) -> Sequence[Drawing]:
    """Columns are emotions, rows the reference and methods.

    Raises:
        NotDrawn: the reference has no gaze in any emotion, or no method has.
    """
    methods = chosen_methods(results, style)
    emotions = clips_of_emotions(results, style)
    found = {name: _histograms(results, evidence, emotions, name) for name in (REFERENCE, *methods)}
    seen = {name: each for name, each in found.items() if each.emotions}
    if REFERENCE not in seen or len(seen) == 1:
        raise NotDrawn(f"No gaze is kept of {'the methods' if REFERENCE in seen else 'the reference'}.")
    columns = [emotion for emotion in emotions if emotion in seen[REFERENCE].emotions]
    scores = _scores(results, columns)
    numbers = f" The number is {METRIC}, of 1 bit at most." if scores else ""
    of_what = "all clips, which have no emotion labels" if columns == [ALL_CLIPS] else "the clips of each emotion"
    return [
        Drawing(
            name="gaze",
            title="Gaze of the left eye by emotion",
            caption=(
                f"Where the left eye looks in {of_what}, as the viewer sees it (camera frame; to the image's left, and "
                f"down, are positive). Share of the frames in bins of {DEGREE_BINS.width:g}°, per clip first, then the "
                "mean over an actor's clips, then over actors; all panels have one scale, bins outside them hold less "
                f"than {100 * _FAINT:g} %, and all that is beyond ±{DEGREE_BINS.limit:g}° is in the outermost bins. "
                "Lines: the reference's smallest regions with 50 % (solid) and 90 % (dashed) of its frames, slightly "
                f"smoothed.{numbers}{left_out(results, methods, seen)}"
            ),
            figure=_figure(seen, columns, scores),
        )
    ]


def _histograms(
    results: Results, evidence: Evidence, emotions: Mapping[str, Sequence[str]], method: str
) -> EmotionHistograms:
    """Frames of every clip by where the left eye looks. A clip of an unknown actor is an actor of its own."""
    actors = results.clips.set_index("clip_id")["actor"]
    known = actors.dropna().to_dict()
    histograms = EmotionHistograms()
    for emotion, clips in emotions.items():
        for clip in clips:
            track = evidence.track(method, clip)
            if track is not None:
                counts = gaze_counts(track)["left"]
                histograms.update(ClipCounts(clip, str(known.get(clip, clip)), emotion, counts))
    return histograms


def _scores(results: Results, columns: Sequence[str]) -> dict[tuple[str, str], float]:
    """Values of METRIC by method and emotion, as they were measured."""
    group = {("all" if emotion == ALL_CLIPS else f"emotion:{emotion}"): emotion for emotion in columns}
    rows = results.summary
    rows = rows[(rows["metric"] == METRIC) & rows["group"].isin(list(group)) & rows["value"].notna()]
    return {
        (str(method), group[name]): float(value)
        for method, name, value in zip(rows["method"], rows["group"], rows["value"], strict=True)
    }


def levels_of_mass(fractions: Float64, masses: Sequence[float]) -> list[float]:
    """Heights above which a histogram's bins hold these shares of it, each as little above as is needed.

    Args:
        fractions: any shape, adding up to one.
        masses: 0 to 1.
    """
    falling = np.sort(fractions, axis=None)[::-1]
    reached = np.searchsorted(np.cumsum(falling), np.asarray(masses) * falling.sum())
    return [float(falling[min(index, falling.size - 1)]) for index in reached]


def _figure(seen: Histograms, columns: Sequence[str], scores: Mapping[tuple[str, str], float]) -> Figure:
    wrapped = columns == [ALL_CLIPS]  # one column would leave most of the page empty
    wide = min(_WRAP, len(seen)) if wrapped else len(columns)
    high = -(-len(seen) // wide) if wrapped else len(seen)
    gap = _GAP_MM + (_TITLE_MM if wrapped else 0)
    left = _WRAPPED_LEFT_MM if wrapped else _LEFT_MM
    side = min(
        _WIDEST_MM,
        (WIDTH_MM["page"] - left - _RIGHT_MM) / wide - _GAP_MM,
        (_TALLEST_MM - _TITLE_MM - _BOTTOM_MM) / high - gap,
    )
    height = _TITLE_MM + _BOTTOM_MM + (side + gap) * high
    figure = new_figure("page", height)
    figure.set_layout_engine("none")

    def place(x: float, top: float, across: float, down: float) -> Axes:
        page = WIDTH_MM["page"]
        return figure.add_axes((x / page, 1 - (top + down) / height, across / page, down / height))

    of_reference = {emotion: seen[REFERENCE].fractions(emotion) for emotion in columns}
    scale = PowerNorm(0.5, 0, 100 * max(float(each.max()) for each in of_reference.values()))
    limit = _limit(seen, columns)
    for number, (method, emotion) in enumerate(product(seen, columns)):
        row, column = divmod(number, wide)
        axes = place(left + column * (side + _GAP_MM), _TITLE_MM + row * (side + gap), side, side)
        if emotion in seen[method].emotions:
            # Row 0 is the lowest pitch, which looks up, and imshow puts it at the top.
            shares = 100 * seen[method].fractions(emotion)
            axes.imshow(shares, _COLORS, scale, extent=(-_OUTER, _OUTER, _OUTER, -_OUTER))
        else:
            _note(axes, 0.5, 0.85, "no gaze", "center")
        _contours(axes, of_reference[emotion])
        if (method, emotion) in scores and method != REFERENCE:
            _note(axes, 0.96, 0.04, rounded(scores[method, emotion], 2), "right")
        last = number + wide >= len(seen) * len(columns)
        step = 0 if side < _SMALL_MM else max(5, 10 * (limit // 15))
        _label(axes, limit, step, first=column == 0, last=last)
        if wrapped or row == 0:
            axes.set_title(plain(short(method if wrapped else emotion, 18 if wrapped else 14)))
        if column == 0 and not wrapped:
            axes.set_ylabel(f"{plain(short(method))}\npitch (°)", rotation=0, ha="right", va="center", labelpad=3)
        elif column == 0:
            axes.set_ylabel("pitch (°)")
    bar = place(left + (side + _GAP_MM) * wide + 2, _TITLE_MM, 2, side + (high > 1) * (side + gap))
    figure.colorbar(ScalarMappable(scale, _COLORS), cax=bar, extend="max", label="frames per bin (%)")
    return figure


def _limit(seen: Histograms, columns: Sequence[str]) -> float:
    """Degrees that panels reach to either side, so that no bin with more than `_FAINT` of any panel is left out."""
    held = np.max([one.fractions(each) for one in seen.values() for each in columns if each in one.emotions], axis=0)
    reach = np.abs(DEGREE_BINS.centers[np.argwhere(held > _FAINT)]).max()
    return min(_OUTER, 10 * float(np.ceil((reach + DEGREE_BINS.width / 2) / 10)))


def _contours(axes: Axes, fractions: Float64) -> None:
    smooth = gaussian_filter(fractions, _SMOOTH, mode="nearest")
    levels = sorted(set(levels_of_mass(smooth, _MASSES)))
    dashes = ["dashed", "solid"][-len(levels) :]
    centers = DEGREE_BINS.centers
    axes.contour(centers, centers, smooth, levels, colors=_CONTOUR, linewidths=0.8, linestyles=dashes)


def _label(axes: Axes, limit: float, step: float, *, first: bool, last: bool) -> None:
    """Limits and ticks, which stand at the left and below only."""
    ticks = sorted({-step, 0, step})
    axes.set(xlim=(limit, -limit), ylim=(limit, -limit), xticks=ticks, yticks=ticks)
    axes.tick_params(labelbottom=last, labelleft=first)
    axes.spines[:].set_visible(True)
    if last:
        axes.set_xlabel("yaw (°)")


def _note(axes: Axes, x: float, y: float, text: str, align: Literal["center", "right"]) -> None:
    axes.text(x, y, text, transform=axes.transAxes, ha=align, va="bottom", fontsize=6)

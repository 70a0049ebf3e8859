"""Scores per clip of each method, and how far each is from the best one."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator
from matplotlib.transforms import blended_transform_factory

from facecues.metrics.contracts import Float64
from facecues.metrics.statistics.significance import never_significant
from facecues.reports.config import FigureStyle
from facecues.reports.figures.choice import all_methods, chosen_metrics
from facecues.reports.figures.contracts import Drawing
from facecues.reports.figures.style import REFERENCE_FILL, look_of, new_figure, one_look, plain, short
from facecues.reports.names import safe_name
from facecues.reports.results import Evidence, Measured, Results

FLOOR_LINES: Final = ("re-encoded", "still")
ALPHA: Final = 0.05
_BOX_FROM: Final = 8  # clips; of fewer, quartiles say less than the points do
_RASTER_FROM: Final = 100  # points of one method


@dataclass(frozen=True, slots=True)
class Behind:
    """How far a method is behind the best one, in the metric's unit; positive is worse.

    Attributes:
        difference, low, high: mean over common clips and its interval; NaN where there is none.
        over_actors, over_clips: the best one wins after Holm, over actors or for these actors alone.
    """

    difference: float
    low: float
    high: float
    over_actors: bool
    over_clips: bool


@one_look()
def draw(results: Results, evidence: Evidence, style: FigureStyle) -> Sequence[Drawing]:
    """One figure for each metric: scores per clip, and beside them paired differences to the best method.

    Raises:
        NotDrawn: no metric has a better side and values per clip.
    """
    methods = all_methods(results, style)
    return [_draw_metric(each, results, methods) for each in chosen_metrics(results, style)]


def behind_best(comparisons: pd.DataFrame, best: str, *, higher_is_better: bool) -> dict[str, Behind]:
    """Each other method against the best one.

    Args:
        comparisons: of Results.comparisons, those of one metric.
        best: the method that the others are held against.
        higher_is_better: of the metric.
    """
    found = {}
    for row in comparisons.to_dict("records"):
        if best not in (row["first"], row["second"]):
            continue
        other = row["second"] if row["first"] == best else row["first"]
        sign = (-1 if row["first"] == best else 1) * (-1 if higher_is_better else 1)
        low, high = sorted((sign * _number(row["low"]), sign * _number(row["high"])))
        found[str(other)] = Behind(
            difference=sign * _number(row["difference"]),
            low=low,
            high=high,
            over_actors=row["winner"] == best,
            over_clips=row["winner_these_actors"] == best,
        )
    return found


def _number(value: object) -> float:
    return float(value) if isinstance(value, float | int) else float("nan")


def _draw_metric(measured: Measured, results: Results, methods: Sequence[str]) -> Drawing:
    info = measured.info
    scores = results.scores[results.scores["metric"] == info.name]
    by_method = {str(name): rows.to_numpy(np.float64) for name, rows in scores.groupby("method")["value"]}
    values = {name: every[np.isfinite(every)] for name, every in by_method.items()}
    shown = [name for name in methods if len(values.get(name, ()))]
    higher = info.better == "higher"
    best = (max if higher else min)(shown, key=lambda name: float(values[name].mean()))
    comparisons = results.comparisons[results.comparisons["metric"] == info.name]
    against = behind_best(comparisons, best, higher_is_better=higher)

    figure = new_figure("page", 17 + 5 * max(2, len(shown)))
    left, right = figure.subplots(1, 2, sharey=True, width_ratios=(3, 2))
    looks = [look_of(results.methods.index(name)) for name in shown]
    for place, (name, look) in enumerate(zip(shown, looks, strict=True)):
        _draw_scores(left, place, values[name], look.color, look.marker)
        if name in against:
            _draw_difference(right, place, against[name], look.color, look.marker)
    _draw_floors(left, {name: values[name] for name in FLOOR_LINES if len(values.get(name, ()))})
    noise = comparisons["floor"].dropna()
    if len(noise):
        right.axvspan(
            -float(noise.iloc[0]), float(noise.iloc[0]), color=REFERENCE_FILL, alpha=0.6, linewidth=0, zorder=0
        )
    right.axvline(0, color="black", linewidth=0.8, zorder=1)
    right.annotate("best", (0, shown.index(best)), (3, 0), textcoords="offset points", va="center", fontsize=6)
    labels = [f"{plain(short(name))}\nn = {len(values[name])}" for name in shown]
    left.set_yticks(range(len(shown)), labels)
    left.set_ylim(len(shown) - 0.4, -0.6)
    unit = f" [{info.unit}]" if info.unit else ""
    left.set_xlabel(plain(f"{info.name}{unit} per clip, {info.better} is better"))
    right.set_xlabel(plain(f"behind {short(best)}{unit}, right is worse"))
    right.tick_params(axis="y", length=0)
    right.xaxis.set_major_locator(MaxNLocator(5))  # long numbers in a narrow panel
    return Drawing(
        name=f"distribution-{safe_name(info.name)}",
        title=f"{info.name} per clip",
        caption=_caption(measured, best, {name: len(values.get(name, ())) for name in methods}, comparisons),
        figure=figure,
    )


def _draw_scores(axis: Axes, place: int, values: Float64, color: str, marker: str) -> None:
    """Points; from some on, a box of quartiles with whiskers from 5 to 95 %; and the mean."""
    crowded = len(values) > _RASTER_FROM
    # Low-discrepancy instead of random: neighbours in the list never hide each other, and each report is the same.
    spread = (np.arange(len(values)) * 0.618034) % 1 - 0.5 if len(values) > 1 else np.zeros(1)
    axis.scatter(
        values,
        place + 0.56 * spread,
        s=3 if crowded else 10,
        marker="." if crowded else marker,
        color=color,
        alpha=0.35 if crowded else 0.8,
        linewidths=0,
        rasterized=crowded,
        zorder=2,
    )
    if len(values) >= _BOX_FROM:
        line = {"color": "black", "linewidth": 0.7}
        axis.boxplot(
            values,
            positions=[place],
            orientation="horizontal",
            widths=0.6,
            whis=(5, 95),
            showfliers=False,
            manage_ticks=False,
            boxprops=line,
            whiskerprops=line,
            capprops=line,
            medianprops={"color": "black", "linewidth": 1.2},
            zorder=3,
        )
    axis.scatter(values.mean(), place, s=16, marker="D", facecolor="white", edgecolor="black", linewidths=0.7, zorder=4)


def _draw_difference(axis: Axes, place: int, behind: Behind, color: str, marker: str) -> None:
    """A marker: filled where significant over actors, half filled for these actors alone, hollow otherwise."""
    if np.isfinite([behind.low, behind.high]).all():
        axis.hlines(place, behind.low, behind.high, color=color, linewidth=1.2, zorder=2)
    axis.plot(
        behind.difference,
        place,
        marker=marker,
        markersize=5,
        color=color,
        markeredgecolor="black",
        markeredgewidth=0.7,
        fillstyle="full" if behind.over_actors else "left" if behind.over_clips else "full",
        markerfacecolor=color if behind.over_actors or behind.over_clips else "white",
        markerfacecoloralt="white",
        zorder=3,
    )


def _draw_floors(axis: Axes, floors: Mapping[str, Float64]) -> None:
    """Dashed lines at means; labels stand above the axes, each on the side where there is more room."""
    means = sorted((float(values.mean()), name) for name, values in floors.items())
    above = blended_transform_factory(axis.transData, axis.transAxes)
    for place, (mean, name) in enumerate(means):
        axis.axvline(mean, color="#444444", linestyle=(0, (4, 2)), linewidth=0.8, zorder=1)
        side = "right" if place == 0 and len(means) > 1 else "left"
        axis.text(mean, 1.01, f" {name} ", transform=above, ha=side, va="bottom", fontsize=6)


def _caption(measured: Measured, best: str, counts: Mapping[str, int], comparisons: pd.DataFrame) -> str:
    """`counts`: clips with a value of each method, 0 where it has none."""
    sentences = [
        f"Left: {measured.info.title} of each clip (points), mean (diamond) and, from {_BOX_FROM} clips on,"
        " quartiles (box) and 5 to 95 % (whiskers); dashed lines are means of rows that are nobody's method."
    ]
    if any(count > _RASTER_FROM for count in counts.values()):
        sentences[0] += " Height within a row means nothing."
    own = comparisons[(comparisons["first"] == best) | (comparisons["second"] == best)]
    if own.empty:
        sentences.append(f"Right: empty, since nothing was compared with {best}, which has the best mean.")
    else:
        sentences.append(
            f"Right: paired differences to {best}, the best by mean, over common clips, with 95 % intervals;"
            f" positive is worse. Filled: {best} wins after Holm over actors; half filled: for these actors only;"
            " hollow: no winner."
        )
        if own["floor"].notna().any():
            sentences.append("Grey: the noise floor, below which no difference means anything.")
    if nobody_can_win(comparisons):
        sentences.append("Too few actors for anybody to win over actors.")
    absent = [name for name, count in counts.items() if not count]
    if absent:
        sentences.append(f"Without a value: {', '.join(absent)}.")
    return " ".join(sentences)


def nobody_can_win(comparisons: pd.DataFrame) -> bool:
    """Whether a metric's comparisons have too few actors for the smallest possible p to be significant after Holm."""
    if comparisons.empty:
        return False
    tests = max(1, int(comparisons["p_holm"].notna().sum()))
    return never_significant(int(comparisons["n_actors"].max()), ALPHA, tests)

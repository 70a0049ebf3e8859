"""Mean ranks of methods, and which of them no test tells apart."""

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from itertools import combinations
from math import ceil, floor
from typing import Final, Literal

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from scipy import stats

from facecues.metrics.contracts import Float64
from facecues.reports.config import FigureStyle
from facecues.reports.figures.choice import all_methods, chosen_metrics
from facecues.reports.figures.contracts import Drawing, NotDrawn
from facecues.reports.figures.distributions import nobody_can_win
from facecues.reports.figures.style import MM, WIDTH_MM, look_of, new_figure, one_look, plain, short
from facecues.reports.numbers import rounded
from facecues.reports.results import Evidence, Measured, Results

Pair = frozenset[str]

_NAMES_MM: Final = 31.0  # left and right of an axis
_TOP_MM: Final = 10.0  # title and ticks
_BAR_MM: Final = 1.6
_LINE_MM: Final = 3.4  # from name to name
_TALLEST_MM: Final = 225.0
_CROWDED: Final = 10  # ticks that cannot all be numbered


@dataclass(frozen=True, slots=True, eq=False)
class Ranking:
    """One metric's axis.

    Attributes:
        measured: the metric.
        ranks: mean rank of each method, best first.
        bars: groups of methods of which no pair has a winner.
        clips, left_out: common to all methods, and not.
        hopeless: too few actors for anybody to win.
    """

    measured: Measured
    ranks: Mapping[str, float]
    bars: tuple[tuple[str, ...], ...]
    clips: int
    left_out: int
    hopeless: bool

    @property
    def lanes(self) -> tuple[tuple[tuple[str, ...], ...], ...]:
        """Bars that share a line, since they do not overlap."""
        lanes: list[list[tuple[str, ...]]] = []
        for bar in sorted(self.bars, key=lambda group: self.ranks[group[0]]):
            free = (lane for lane in lanes if self.ranks[lane[-1][-1]] < self.ranks[bar[0]])
            lane = next(free, None)
            if lane is None:
                lanes.append([bar])
            else:
                lane.append(bar)
        return tuple(map(tuple, lanes))

    @property
    def height_mm(self) -> float:
        """Of its drawing."""
        return _TOP_MM + _BAR_MM * (len(self.lanes) + 1) + _LINE_MM * (len(self.ranks) / 2 + 1.5)


@one_look()
def draw(results: Results, evidence: Evidence, style: FigureStyle) -> Sequence[Drawing]:
    """One axis for each metric, as many in a figure as a page holds.

    The layout is that of Demšar, "Statistical comparisons of classifiers over multiple data sets", JMLR 7, 2006; the
    test is not Nemenyi's, which he joins methods by, but that of Results.comparisons.

    Raises:
        NotDrawn: fewer than two methods, or no metric has clips that all methods have.
    """
    methods = all_methods(results, style)
    if len(methods) < 2:
        raise NotDrawn("A ranking needs two methods or more.")
    rankings = [found for each in chosen_metrics(results, style) if (found := _rank(each, results, methods))]
    if not rankings:
        raise NotDrawn("No metric has clips that two methods or more have in common.")
    height = max(each.height_mm for each in rankings)
    most = 2 * max(1, int(_TALLEST_MM / height))
    pages = [rankings[start : start + most] for start in range(0, len(rankings), most)]
    return [_draw_page(number, page, height, results, methods) for number, page in enumerate(pages, start=1)]


def mean_ranks(scores: pd.DataFrame, *, higher_is_better: bool) -> dict[str, float]:
    """Mean over clips of the methods' ranks, 1 for the best; ties share the mean of their ranks. Best first.

    Args:
        scores: a row for each clip, a column for each method, finite.
        higher_is_better: of the metric.
    """
    signed: Float64 = scores.to_numpy(np.float64) * (-1 if higher_is_better else 1)
    means = stats.rankdata(signed, axis=1).mean(axis=0)
    found = dict(zip(map(str, scores.columns), map(float, means), strict=True))
    return dict(sorted(found.items(), key=lambda item: item[1]))


def tied_groups(methods: Sequence[str], tied: Set[Pair]) -> tuple[tuple[str, ...], ...]:
    """Groups of which all pairs are tied, such that each tied pair stands in one of them, each as large as can be.

    Args:
        methods: in the order in which groups list them.
        tied: pairs of them.
    """
    groups: list[tuple[str, ...]] = []
    covered: set[Pair] = set()
    for pair in combinations(methods, 2):
        if frozenset(pair) not in tied or frozenset(pair) in covered:
            continue
        group = list(pair)
        for other in methods:
            if other not in group and all(frozenset((other, member)) in tied for member in group):
                group.append(other)
        groups.append(tuple(name for name in methods if name in group))
        covered |= {frozenset(each) for each in combinations(group, 2)}
    return tuple(groups)


def _rank(measured: Measured, results: Results, methods: Sequence[str]) -> Ranking | None:
    name = measured.info.name
    scores = results.scores[(results.scores["metric"] == name) & results.scores["method"].isin(methods)]
    wide = scores.pivot(index="clip_id", columns="method", values="value").astype(np.float64).dropna(axis=1, how="all")
    common = wide.dropna()
    if wide.shape[1] < 2 or common.empty:
        return None
    ranks = mean_ranks(common, higher_is_better=measured.info.better == "higher")
    rows = results.comparisons[results.comparisons["metric"] == name]
    undecided = rows[rows["winner"].isna()]
    tied = {frozenset((str(a), str(b))) for a, b in zip(undecided["first"], undecided["second"], strict=True)}
    return Ranking(
        measured=measured,
        ranks=ranks,
        bars=tied_groups(tuple(ranks), tied),
        clips=len(common),
        left_out=len(results.clips) - len(common),
        hopeless=nobody_can_win(rows),
    )


def _draw_page(
    number: int, page: Sequence[Ranking], height: float, results: Results, methods: Sequence[str]
) -> Drawing:
    width = WIDTH_MM["page"] / 2
    down = -(-len(page) // 2)
    figure = new_figure("page" if len(page) > 1 else "column", down * height)
    figure.set_layout_engine("none")  # all is placed by hand
    across = figure.get_figwidth() / MM
    for place, ranking in enumerate(page):
        left, bottom = (place % 2) * width / across, 1 - (place // 2 + 1) / down
        axis = figure.add_axes((left, bottom, min(1.0, width / across), 1 / down), xlim=(0, width), ylim=(height, 0))
        axis.axis("off")
        _draw_ranking(axis, ranking, results.methods)
    names = ", ".join(each.measured.info.name for each in page)
    return Drawing(
        name="ranking" if number == 1 else f"ranking-{number}",
        title=f"Mean ranks by {names}",
        caption=_caption(page, results, methods),
        figure=figure,
    )


def _draw_ranking(axis: Axes, ranking: Ranking, everyone: Sequence[str]) -> None:
    """On axes in millimetres, y down. The better half of the methods stands on the left."""
    info, ranks = ranking.measured.info, ranking.ranks
    width = axis.get_xlim()[1]
    start, end = _NAMES_MM, width - _NAMES_MM
    first, last = floor(min(ranks.values())), ceil(max(ranks.values()))
    last = max(last, first + 1)
    step = (end - start) / (last - first)
    at = {name: start + step * (rank - first) for name, rank in ranks.items()}
    axis.text(width / 2, 0.8, plain(f"{info.name}, n = {ranking.clips}"), ha="center", va="top", fontsize=7)
    axis.plot((start, end), (_TOP_MM, _TOP_MM), color="black", linewidth=0.8)
    for rank in range(first, last + 1):
        x = start + step * (rank - first)
        axis.plot((x, x), (_TOP_MM - 1, _TOP_MM), color="black", linewidth=0.6)
        if rank in (first, last) or last - first < _CROWDED:
            axis.text(x, _TOP_MM - 1.5, str(rank), ha="center", va="bottom", fontsize=6)
    below = _TOP_MM + _BAR_MM * (len(ranking.lanes) + 1)
    half = (len(ranks) + 1) // 2
    for place, (name, x) in enumerate(at.items()):
        text = f"{plain(short(name))} {rounded(ranks[name], 2)}"
        if place < half:
            _draw_name(axis, "left", text, edge=start, x=x, y=below + _LINE_MM * (place + 0.7))
        else:
            _draw_name(axis, "right", text, edge=end, x=x, y=below + _LINE_MM * (len(ranks) - place - 0.3))
        look = look_of(everyone.index(name))
        axis.plot(x, _TOP_MM, marker=look.marker, color=look.color, markersize=3.5, markeredgecolor="black",
                  markeredgewidth=0.4, zorder=4)  # fmt: skip
    for place, lane in enumerate(ranking.lanes):
        y = _TOP_MM + _BAR_MM * (place + 1)
        for bar in lane:
            inside = [at[name] for name in bar]
            axis.plot((inside[0], inside[-1]), (y, y), color="black", linewidth=2.2, solid_capstyle="butt", zorder=3)
            axis.plot(inside, [y] * len(inside), "o", color="black", markersize=3.2, zorder=3)


def _draw_name(axis: Axes, side: Literal["left", "right"], text: str, *, edge: float, x: float, y: float) -> None:
    """A line from the axis down and out to a name; all in millimetres."""
    away = -1 if side == "left" else 1
    axis.plot((x, x, edge + away * 1.0), (_TOP_MM, y, y), color="#666666", linewidth=0.6, zorder=1)
    axis.text(edge + away * 1.6, y, text, ha="right" if side == "left" else "left", va="center", fontsize=5.5)


def _caption(page: Sequence[Ranking], results: Results, methods: Sequence[str]) -> str:
    sentences = [
        "Mean rank of each method over the clips that all of them have (numbers beside names); the best is left.",
        "A bar joins, dot by dot, methods of which none wins over another by our paired tests over actors, after Holm",
        "within a metric, and not by a critical difference after Nemenyi.",
    ]
    hopeless = [each.measured.info.name for each in page if each.hopeless]
    if hopeless:
        sentences.append(f"Too few actors for anybody to win: {', '.join(hopeless)}.")
    untested = [
        each.measured.info.name for each in page if not (results.comparisons["metric"] == each.measured.info.name).any()
    ]
    if untested:
        sentences.append(f"Not tested, and so without bars: {', '.join(untested)}.")
    left_out = [f"{each.left_out} for {each.measured.info.name}" for each in page if each.left_out]
    if left_out:
        sentences.append(f"Clips left out because a method lacks them: {', '.join(left_out)}.")
    for each in page:
        absent = [name for name in methods if name not in each.ranks]
        if absent:
            sentences.append(f"Without {each.measured.info.name}: {', '.join(absent)}.")
    return " ".join(sentences)

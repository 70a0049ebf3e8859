"""Which clip, methods and metrics a figure shows where nobody has said so."""

from collections.abc import Sequence
from typing import Final

import pandas as pd

from facecues.reports.config import FigureStyle
from facecues.reports.figures.contracts import NotDrawn
from facecues.reports.results import Measured, Results

USUAL_METRICS: Final[tuple[str, ...]] = ("M-LD", "F-LD", "M-LVD", "F-LVD", "SSIM", "PSNR", "LPIPS")


def all_methods(results: Results, style: FigureStyle) -> tuple[str, ...]:
    """The methods that the style names, in its order; all where it names none.

    Raises:
        NotDrawn: there are none, or the style names one that these results lack.
    """
    if not results.methods:
        raise NotDrawn("These results hold no method.")
    strangers = [name for name in style.methods if name not in results.methods]
    if strangers:
        raise NotDrawn(f"Figures ask for {_listed(strangers)}, but the methods are {_listed(results.methods)}.")
    return style.methods or results.methods


def chosen_methods(results: Results, style: FigureStyle) -> tuple[str, ...]:
    """The methods of a figure that shows each one's pictures or curves: named ones, else the first `style.most`.

    Raises:
        NotDrawn: as all_methods.
    """
    methods = all_methods(results, style)
    return methods if style.methods else methods[: style.most]


def chosen_metrics(results: Results, style: FigureStyle) -> tuple[Measured, ...]:
    """The metrics per clip that the style names, else those of USUAL_METRICS, else all; with a better side and a value.

    Raises:
        NotDrawn: none is left.
    """
    valued = set(_of_methods(results)["metric"])
    possible = {
        name: each for name, each in results.metrics.items() if not each.of_sets and each.info.better and name in valued
    }
    wanted = style.metrics or [name for name in USUAL_METRICS if name in possible] or list(possible)
    found = tuple(possible[name] for name in wanted if name in possible)
    if not found:
        asked = f" among {_listed(style.metrics)}" if style.metrics else ""
        raise NotDrawn(f"No metric{asked} has a better side and a value per clip of a method.")
    return found


def chosen_clip(results: Results, style: FigureStyle) -> str:
    """The clip that the style names, else the one in the middle of the order of the first metric.

    That order is of the mean over methods; clips that not all methods have count only where there are no others. Where
    no metric has a value, the first clip is taken.

    Raises:
        NotDrawn: there is no clip, or not the one that the style names.
    """
    clips = results.clips["clip_id"].astype(str).tolist()
    if style.clip is not None:
        if style.clip not in clips:
            raise NotDrawn(f"Figures ask for the clip {style.clip!r}, which the reference does not have.")
        return style.clip
    if not clips:
        raise NotDrawn("The reference has no clips.")
    try:
        metric = chosen_metrics(results, style)[0].info.name
    except NotDrawn:
        return clips[0]
    scores = _of_methods(results)
    means = scores[scores["metric"] == metric].groupby("clip_id")["value"].agg(["mean", "count"])
    fullest = means[means["count"] == means["count"].max()].reset_index().sort_values(["mean", "clip_id"])
    return str(fullest["clip_id"].iloc[(len(fullest) - 1) // 2])


def _of_methods(results: Results) -> pd.DataFrame:
    scores = results.scores
    return scores[scores["method"].isin(results.methods) & scores["value"].notna()]


def _listed(names: Sequence[str]) -> str:
    return ", ".join(map(repr, names))

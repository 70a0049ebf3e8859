"""The data of the clip browser: all scores of all clips, compact enough for 20 methods × 1000 clips × 15 metrics."""

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from facecues.metrics.floors import REFERENCE
from facecues.reports.numbers import usual_digits
from facecues.reports.results import Results
from facecues.reports.site.videos import Brought
from facecues.reports.site.words import in_words, said

_FPS: Final = 25.0  # of a clip whose video was never read
_UNFILMED: Final = "Cues were evaluated here: there are no videos of them."


def clips_to_script(results: Results, brought: Brought, titles: Mapping[str, str], main: Sequence[str]) -> str:
    """A script that leaves everything in one global; a page of a folder may load a script, but not fetch a file.

    Scores are a list of clips for each method and metric, as full floats, null where there is none.

    Args:
        titles: of methods, as printed.
        main: names of the metrics that are shown first.
    """
    return f"window.FACECUES = {to_script_json(_content(results, brought, titles, main))};\n"


def to_script_json(content: object) -> str:
    """JSON that stays data wherever a script stands: no text in it ends a script or starts a comment."""
    text = json.dumps(content, ensure_ascii=True, allow_nan=False, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _content(results: Results, brought: Brought, titles: Mapping[str, str], main: Sequence[str]) -> dict[str, Any]:
    clips = [str(clip) for clip in results.clips["clip_id"]]
    rows = results.scores[results.scores["clip_id"].isin(clips)]
    measured = set(rows.loc[rows["value"].notna(), "metric"])
    metrics = [metric for metric in dict.fromkeys([*main, *results.metrics]) if metric in measured]
    methods = list(dict.fromkeys([REFERENCE, *results.methods, *results.limits]))
    reasons: dict[str, int] = {}
    scores, why = _scores(rows, clips, methods, metrics, reasons)
    method_index = {method: index for index, method in enumerate(methods)}
    clip_index = {clip: index for index, clip in enumerate(clips)}
    return {
        "clips": {
            "id": clips,
            **{column: [said(value) for value in results.clips[column]] for column in ("actor", "emotion", "level")},
            "fps": _rates(results.videos, clips),
        },
        "methods": [
            {"name": method, "title": titles.get(method, method), "own": method in results.methods}
            for method in methods
        ],
        "metrics": [_metric(results, metric, rows, metric in main) for metric in metrics],
        "scores": scores,
        "reasons": [in_words(reason) for reason in reasons],
        "why": why,
        "videos": [[clip_index[clip], method_index[method], file] for (method, clip), file in brought.files.items()],
        "missing": [
            [clip_index[clip], method_index[method], words] for (method, clip), words in brought.missing.items()
        ],
        "unfilmed": _UNFILMED if results.cues_alone else None,
    }


def _scores(
    rows: pd.DataFrame, clips: Sequence[str], methods: Sequence[str], metrics: Sequence[str], reasons: dict[str, int]
) -> tuple[list[list[list[float | None]]], list[list[dict[int, list[int]]]]]:
    """By method and metric: every clip's value, and for every reason (an index) the clips that lack one for it."""
    where = (
        _places(rows["method"], methods),
        _places(rows["metric"], metrics),
        _places(rows["clip_id"], clips),
    )
    known = np.logical_and.reduce([codes >= 0 for codes in where])
    values = np.full((len(methods), len(metrics), len(clips)), np.nan)
    values[tuple(codes[known] for codes in where)] = rows["value"].to_numpy(np.float64, na_value=np.nan)[known]
    scores = [[_plain(line) for line in of_method] for of_method in values]
    why: list[list[dict[int, list[int]]]] = [[{} for _ in metrics] for _ in methods]
    lacking = known & rows["value"].isna().to_numpy()
    for method, metric, clip, reason in zip(*(codes[lacking] for codes in where), rows["reason"][lacking], strict=True):
        index = reasons.setdefault(said(reason) or "no reason was recorded", len(reasons))
        why[method][metric].setdefault(index, []).append(int(clip))
    return scores, why


def _places(column: "pd.Series[Any]", names: Sequence[str]) -> NDArray[np.intp]:
    """Where every entry stands among the names, -1 for one that does not."""
    known = {name: index for index, name in enumerate(names)}
    return np.fromiter((known.get(name, -1) for name in column), np.intp, len(column))


def _plain(values: NDArray[np.float64]) -> list[float | None]:
    return [value if np.isfinite(value) else None for value in values.tolist()]


def _metric(results: Results, metric: str, rows: pd.DataFrame, main: bool) -> dict[str, Any]:
    info = results.metrics[metric].info
    values = rows.loc[(rows["metric"] == metric) & rows["value"].notna(), "value"]
    return {
        "name": metric,
        "title": info.title,
        "better": info.better,
        "unit": info.unit,
        "digits": usual_digits([float(value) for value in values]),
        "main": main,
    }


def _rates(videos: pd.DataFrame, clips: Sequence[str]) -> list[float]:
    """Frames per second of the reference's videos."""
    of_reference = videos[(videos["method"] == REFERENCE) & videos["fps"].notna()]
    rates = dict(zip(of_reference["clip_id"], of_reference["fps"], strict=True))
    return [float(rates.get(clip) or _FPS) for clip in clips]

"""Normalised landmarks of one clip over time, each method's drawn over the reference's."""

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from numpy.typing import NDArray

from facecues.metrics.contracts import CueTrack, Float32, Float64
from facecues.points import LINES
from facecues.reports.config import FigureStyle
from facecues.reports.figures.choice import chosen_methods
from facecues.reports.figures.contracts import Drawing, NotDrawn
from facecues.reports.figures.shown import clip_with_cues, left_out, look_in, tracks_of
from facecues.reports.figures.style import REFERENCE_FILL, WIDTH_MM, new_figure, one_look, plain, short
from facecues.reports.numbers import rounded
from facecues.reports.results import Evidence, Results
from facecues.resample import FPS

_LINES: Final = tuple((*line, line[0]) if closed else line for line, closed in LINES)
_GAP: Final = 1.06  # pitch of the faces over the size of the largest
_MARGINS_MM: Final = (30.0, 8.0)  # names at the left; times at the top
_TALLEST_MM: Final = 225.0


@one_look()
def draw(results: Results, evidence: Evidence, style: FigureStyle) -> Sequence[Drawing]:
    """Columns are instants of one clip, rows are methods.

    Raises:
        NotDrawn: no clip's reference has cues, or no method has cues of the clip.
    """
    methods = chosen_methods(results, style)
    clip, reference = clip_with_cues(results, evidence, style)
    tracks = tracks_of(evidence, methods, clip)
    if not tracks:
        raise NotDrawn(f"No method's cues of clip {clip} are kept, or they show no face.")
    instants = _instants(reference, style.instants)
    return [
        Drawing(
            name="landmarks",
            title="Normalised landmarks over time",
            caption=(
                f"Normalised facial landmarks of clip {clip} at {len(instants)} instants: each method's in colour over "
                "the reference's in grey, seen from the front, head pose removed, all to the same scale. Below a "
                "method's name: its mean distance to the reference over the 68 points and all frames where both have "
                "a face, in this plane and with nothing aligned any further, in distances between the outer corners "
                f"of the eyes (iod).{left_out(results, methods, tracks)}"
            ),
            figure=_figure(results, reference, tracks, instants),
        )
    ]


def distance(pred: CueTrack, target: CueTrack) -> float | None:
    """Mean distance of the normalised points in the plane of x and y, iod; None where no frame has both faces."""
    frames = min(len(pred), len(target))
    apart = pred.normalized[:frames, :, :2].astype(np.float64) - target.normalized[:frames, :, :2]
    per_frame = np.linalg.norm(apart, axis=-1).mean(axis=-1)
    valid = ~np.isnan(per_frame)
    return float(per_frame[valid].mean()) if valid.any() else None


def _instants(reference: CueTrack, count: int) -> list[int]:
    """Frames in the middle of as many equal parts of the clip, or the nearest ones with a face; never one twice."""
    seen = np.flatnonzero(reference.has_face)
    wanted = (np.arange(count) + 0.5) * len(reference) / count - 0.5
    return sorted({int(seen[np.abs(seen - instant).argmin()]) for instant in wanted})


def _polylines(points: Float32, place: Float64) -> list[Float64]:
    """(68, 3) normalised points as lines around a place in the picture."""
    moved = points[:, :2].astype(np.float64) + place
    return [moved[list(line)] for line in _LINES]


def _box(tracks: Sequence[CueTrack], instants: Sequence[int]) -> tuple[Float64, Float64]:
    """Centre and size, (2,) each, of what holds every face that is drawn."""
    points = [track.normalized[frame, :, :2] for track in tracks for frame in instants if frame < len(track)]
    flat: NDArray[np.float32] = np.concatenate(points)
    low, high = np.nanmin(flat, axis=0).astype(np.float64), np.nanmax(flat, axis=0).astype(np.float64)
    return (low + high) / 2, high - low


def _figure(results: Results, reference: CueTrack, tracks: Mapping[str, CueTrack], instants: Sequence[int]) -> Figure:
    centre, size = _box([reference, *tracks.values()], instants)
    across, down = size * _GAP
    left_mm, top_mm = _MARGINS_MM
    scale = min((WIDTH_MM["page"] - left_mm) / (across * len(instants)), (_TALLEST_MM - top_mm) / (down * len(tracks)))
    height_mm = top_mm + scale * down * len(tracks)
    figure = new_figure("page", height_mm)
    figure.set_layout_engine("none")
    width = scale * across * len(instants) / WIDTH_MM["page"]
    axes = figure.add_axes((left_mm / WIDTH_MM["page"], 0.0, width, 1 - top_mm / height_mm))
    axes.set(xlim=(-across / 2, across * (len(instants) - 0.5)), ylim=(down * (len(tracks) - 0.5), -down / 2))
    axes.spines[:].set_visible(False)
    axes.tick_params(length=0, top=False, labeltop=True, labelbottom=False)

    under: list[Float64] = []
    for row, (method, track) in enumerate(tracks.items()):
        over: list[Float64] = []
        for column, frame in enumerate(instants):
            place = np.array([column * across, row * down]) - centre
            under += _polylines(reference.normalized[frame], place)
            if frame < len(track) and track.has_face[frame]:
                over += _polylines(track.normalized[frame], place)
            else:
                word = "no face" if frame < len(track) else "over"
                axes.text(column * across, row * down, word, ha="center", va="center", fontsize=6, style="italic")
        axes.add_collection(
            LineCollection(over, colors=look_in(results, method).color, linewidths=0.8, zorder=3), autolim=False
        )
        if row:
            axes.axhline((row - 0.5) * down, color="#DDDDDD", linewidth=0.4)
    # Pale and broad under narrow and dark, so that the two differ in grey as well.
    axes.add_collection(LineCollection(under, colors=REFERENCE_FILL, linewidths=2.0, zorder=2), autolim=False)

    axes.set_xticks(np.arange(len(instants)) * across, [f"{rounded(frame / FPS, 2)} s" for frame in instants])
    axes.set_yticks(np.arange(len(tracks)) * down, [_row_title(*each, reference) for each in tracks.items()])
    return figure


def _row_title(method: str, track: CueTrack, reference: CueTrack) -> str:
    apart = distance(track, reference)
    return f"{plain(short(method))}\n{'no face' if apart is None else f'{rounded(apart, 4)} iod'}"

"""Frame strips: the reference and the methods at the same instants of one clip, faces aligned."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import NDArray

from facecues.config import Limits
from facecues.errors import ClipError
from facecues.metrics.contracts import CueTrack
from facecues.metrics.floors import REFERENCE
from facecues.preprocess.decode import Decoder
from facecues.preprocess.pictures import PictureOptions, make_picture
from facecues.preprocess.video import Frame
from facecues.reports.config import FigureStyle
from facecues.reports.figures.choice import chosen_clip, chosen_methods
from facecues.reports.figures.contracts import Drawing, NotDrawn
from facecues.reports.figures.style import MM, new_figure, one_look, plain, short
from facecues.reports.numbers import rounded
from facecues.reports.results import Evidence, Results
from facecues.resample import FPS

Picture = NDArray[np.uint8]
Strip = tuple[Picture | None, ...]

_RULE: Final = PictureOptions(crop="face", size=128)
_NAMES_MM: Final = 26.0
_TIMES_MM: Final = 4.5
_GAP_MM: Final = 0.6
_TALLEST_MM: Final = 225.0


@one_look()
def draw(results: Results, evidence: Evidence, style: FigureStyle) -> Sequence[Drawing]:
    """One figure: a row for the reference and for each method, a column for each instant.

    Each face is turned upright and scaled by its own landmarks (crop "face" of facecues.preprocess.pictures), so that
    neither the size of the frames nor the framing differs between rows.

    Raises:
        NotDrawn: no video of this clip is there, or none of its cues.
    """
    if results.cues_alone:
        raise NotDrawn("cues were evaluated, of which there are no videos")
    clip = chosen_clip(results, style)
    names = (REFERENCE, *chosen_methods(results, style))
    sources = {name: (evidence.video(name, clip), evidence.track(name, clip)) for name in names}
    known = {name: (video, track) for name, (video, track) in sources.items() if video and track and len(track)}
    if not known:
        raise NotDrawn(f"Neither the reference's nor any method's video and cues of the clip {clip} are there.")
    instants = spread_instants(len(known.get(REFERENCE, next(iter(known.values())))[1]), style.instants)
    strips = {}
    for name, (video, track) in known.items():
        try:
            strips[name] = cut_strip(video, track, instants)
        except ClipError:  # of one video, which is named in the caption; the others are shown
            continue
    if not strips:
        raise NotDrawn(f"No video of the clip {clip} can be read any more.")
    caption = _caption(clip, strips, [name for name in names if name not in strips], results, style)
    return [_draw_strips(strips, instants, clip, caption)]


def spread_instants(length: int, count: int) -> tuple[int, ...]:
    """So many instants in the middles of equal parts of a clip, fewer where it has fewer; each of them once."""
    return tuple(dict.fromkeys(int((place + 0.5) * length / count) for place in range(count)))


def cut_strip(video: Path, track: CueTrack, instants: Sequence[int]) -> Strip:
    """The face at some instants. The video is decoded as far as the last of them, and nothing of it is held.

    Args:
        video: the file.
        track: its cues at 25 fps.
        instants: increasing; k stands for k / 25 s from the first frame on.

    Returns:
        For each instant (128, 128, 3) uint8 RGB of the frame that is nearest in time, the earlier of two; None where
        there is no face, or nothing any more.

    Raises:
        ClipError: the video cannot be read.
    """
    faces = [k for k in instants if k < len(track) and track.has_face[k]]
    found: dict[int, Picture | None] = {}
    waiting = list(faces)
    before: Frame | None = None
    with Decoder(video, Limits()) as decoder:
        for frame in decoder:
            while waiting and frame.time_s >= decoder.first_s + waiting[0] / FPS:
                k = waiting.pop(0)
                at_s = decoder.first_s + k / FPS
                nearest = before if before and at_s - before.time_s <= frame.time_s - at_s else frame
                found[k] = make_picture(nearest, track.landmarks[k], _RULE)[0]
            if not waiting:
                break
            before = frame
    if waiting and before:  # time stamps are rounded: the last instant may lie a hair after the last frame
        found[waiting[0]] = make_picture(before, track.landmarks[waiting[0]], _RULE)[0]
    return tuple(found.get(k) for k in instants)


def _draw_strips(strips: Mapping[str, Strip], instants: Sequence[int], clip: str, caption: str) -> Drawing:
    side = min((178 - _NAMES_MM) / len(instants), (_TALLEST_MM - _TIMES_MM) / len(strips))
    height = _TIMES_MM + side * len(strips)
    figure = new_figure("page", height)
    figure.set_layout_engine("none")  # all is placed by hand
    axis = figure.add_axes((0, 0, 1, 1))
    axis.axis("off")
    for column, k in enumerate(instants):
        x = _NAMES_MM + side * (column + 0.5)
        axis.text(x, _TIMES_MM - 1, f"{rounded(k / FPS, 2)} s", ha="center", va="bottom", fontsize=6.5)
    for row, (name, strip) in enumerate(strips.items()):
        y = _TIMES_MM + side * row
        axis.text(_NAMES_MM - 1, y + side / 2, plain(short(name)), ha="right", va="center", fontsize=6.5)
        for column, picture in enumerate(strip):
            _draw_tile(axis, picture, _NAMES_MM + side * column, y, side - _GAP_MM)
    axis.set(xlim=(0, figure.get_figwidth() / MM), ylim=(height, 0))  # which pictures have set anew
    return Drawing(
        name="strips",
        title=f"Frames of {clip}",
        caption=caption,
        figure=figure,
    )


def _draw_tile(axis: Axes, picture: Picture | None, x: float, y: float, side: float) -> None:
    """A picture, or a crossed-out square."""
    if picture is not None:
        axis.imshow(picture, extent=(x, x + side, y + side, y), aspect="auto", interpolation="none")
        return
    left, right, top, bottom = x, x + side, y, y + side
    outline = (
        (left, right, right, left, left, right, right, left),
        (top, top, bottom, bottom, top, bottom, top, bottom),
    )
    axis.plot(*outline, color="#444444", linewidth=0.6)


def _caption(
    clip: str, strips: Mapping[str, Strip], absent: Sequence[str], results: Results, style: FigureStyle
) -> str:
    sentences = [
        f"Frames of the clip {clip} at the same instants, counted from each video's first frame.",
        "Each face is turned upright and scaled by its own landmarks.",
    ]
    if any(picture is None for strip in strips.values() for picture in strip):
        sentences.append("Crossed out: no face, or nothing more to show.")
    if absent:
        sentences.append(f"Left out, since video or cues are not there: {', '.join(absent)}.")
    chosen = chosen_methods(results, style)
    if not style.methods and len(chosen) < len(results.methods):
        sentences.append(f"Shown are the first {len(chosen)} of {len(results.methods)} methods.")
    return " ".join(sentences)

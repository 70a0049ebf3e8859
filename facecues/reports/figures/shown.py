"""What figures of cues share: whose cues they show, and the sentences that say whose they do not."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Final

from facecues.metrics.contracts import CueTrack
from facecues.metrics.floors import REFERENCE
from facecues.reports.config import FigureStyle
from facecues.reports.figures.choice import chosen_clip
from facecues.reports.figures.contracts import NotDrawn
from facecues.reports.figures.style import Look, look_of
from facecues.reports.results import Evidence, Results

ALL_CLIPS: Final = "all clips"
"""Stands for the emotion where no clip has a label."""


def look_in(results: Results, method: str) -> Look:
    """A method's look, the same in all figures of a report."""
    return look_of(results.methods.index(method))


def clips_of_emotions(results: Results, style: FigureStyle) -> dict[str, tuple[str, ...]]:
    """Clip ids of each emotion that has clips, in the style's order; all under `ALL_CLIPS` where none has a label.

    Raises:
        NotDrawn: there is no clip, or none of the emotions that the style names.
    """
    clips = results.clips
    if clips.empty:
        raise NotDrawn("The reference has no clips.")
    found = results.groups("emotion")
    if not found:
        return {ALL_CLIPS: tuple(map(str, clips["clip_id"]))}
    chosen = [emotion for emotion in style.emotions or found if emotion in found]
    if not chosen:
        raise NotDrawn(f"Figures ask for {listed(style.emotions)}, but the emotions are {listed(found)}.")
    return {one: tuple(map(str, clips.loc[clips["emotion"] == one, "clip_id"])) for one in chosen}


def clip_with_cues(
    results: Results, evidence: Evidence, style: FigureStyle, clips: Collection[str] | None = None
) -> tuple[str, CueTrack]:
    """The clip that stands for others, and the reference's cues of it.

    The one of `chosen_clip`; if its reference shows no face and nobody asked for it by name, the first that does.

    Args:
        clips: only these are asked for; all of them unless given. A style's clip that is not among them does not count.

    Raises:
        NotDrawn: as `chosen_clip`, or the reference's cues are not kept, or none has a face.
    """
    if clips is not None:
        within = results.clips["clip_id"].isin(clips), results.scores["clip_id"].isin(clips)
        results = replace(results, clips=results.clips[within[0]], scores=results.scores[within[1]])
        style = style if style.clip in clips else style.model_copy(update={"clip": None})
    first = chosen_clip(results, style)
    for clip in (first, *(() if style.clip else map(str, results.clips["clip_id"]))):
        track = evidence.track(REFERENCE, clip)
        if track is not None and track.has_face.any():
            return clip, track
    raise NotDrawn(f"The cues of the reference's {first if style.clip else 'clips'} are not kept, or show no face.")


def tracks_of(evidence: Evidence, methods: Sequence[str], clip: str) -> dict[str, CueTrack]:
    """Cues of a clip, of those methods that have any, in order."""
    kept = {method: evidence.track(method, clip) for method in methods}
    return {method: track for method, track in kept.items() if track is not None and track.has_face.any()}


def left_out(results: Results, shown: Sequence[str], with_cues: Mapping[str, object]) -> str:
    """What a caption says about methods that are not seen, with a space before it; empty where all are.

    Args:
        shown: the methods that were chosen.
        with_cues: those among them that are seen.
    """
    others = [name for name in results.methods if name not in shown]
    without = [name for name in shown if name not in with_cues]
    chosen = f" Not chosen for this figure: {listed(others)}." if others else ""
    return chosen + (f" Left out, since no cues with a face are kept: {listed(without)}." if without else "")


def listed(names: Sequence[str]) -> str:
    """ "a", "a and b", "a, b and c"."""
    return " and ".join(filter(None, [", ".join(names[:-1]), *names[-1:]]))

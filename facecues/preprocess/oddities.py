"""What is odd about a dataset: clips with a problem, gaps against MEAD's nominal counts, missing sound."""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import TypeVar

from facecues.labels import EMOTIONS, NEUTRAL, levels_of, nominal_clips
from facecues.preprocess.layouts import UNKNOWN_VIEW, Clip
from facecues.preprocess.walk import Oddity, OddityKind, Tree
from facecues.reasons import ClipReason

Label = TypeVar("Label")
Cell = tuple[str, str, str, int]  # actor, view (or UNKNOWN_VIEW), emotion, level


def find_oddities(
    clips: Collection[Clip], sounds: Mapping[str, str], tree: Tree, *, of_mead: bool = True
) -> list[Oddity]:
    """All remarks on the clips and on the walk that found them.

    Args:
        clips: of an index.
        sounds: paths of the audio files, by clip id.
        tree: what the walk found.
        of_mead: whether MEAD's counts mean anything to these clips.
    """
    return [
        *tree.oddities,
        *_of_clips(clips),
        *(_of_neutral(clips) if of_mead else ()),
        *(_of_gaps(count_usable(clips)) if of_mead else ()),
        *_of_sound(clips, sounds),
        *_of_other_files(tree),
    ]


def count_usable(clips: Collection[Clip]) -> dict[Cell, int]:
    """Usable clips per actor, view, emotion and level; 0 where all that there is has a problem."""
    counts: dict[Cell, int] = defaultdict(int)
    for clip in clips:
        if clip.actor is not None and clip.emotion is not None and clip.level is not None:
            counts[clip.actor, clip.view or UNKNOWN_VIEW, clip.emotion, clip.level] += clip.problem is None
    return counts


def _of_clips(clips: Collection[Clip]) -> Iterator[Oddity]:
    for clip in clips:
        if clip.problem is not None:
            where = clip.clip_id if clip.problem is ClipReason.DUPLICATE else clip.video
            yield Oddity(OddityKind(clip.problem), where, clip.message or "")


def _of_neutral(clips: Collection[Clip]) -> Iterator[Oddity]:
    folders = Counter(
        clip.clip_id.rpartition("/")[0]
        for clip in clips
        if clip.emotion == NEUTRAL and clip.level not in levels_of(NEUTRAL)
    )
    for folder, count in folders.items():
        yield Oddity(OddityKind.NEUTRAL_LEVEL, folder, f"{_clips(count)}; MEAD has neutral at level 1 only")


def _of_gaps(counts: Mapping[Cell, int]) -> Iterator[Oddity]:
    for (actor, view, emotion, level), count in counts.items():
        nominal = nominal_clips(emotion)
        if level in levels_of(emotion) and count < nominal:
            usual = ", as is usual" if (emotion, count) == ("angry", 29) else ""
            sentence = f"{_clips(count)} of nominally {nominal}{usual}"
            yield Oddity(OddityKind.GAP, f"{actor}/{view}/{emotion}/level_{level}", sentence)
    for place, levels in _gather((f"{a}/{v}/{e}", level) for a, v, e, level in counts):
        if missing := set(levels_of(place.rpartition("/")[2])) - levels:
            yield Oddity(OddityKind.GAP, place, f"no clips at level {_names(missing)}")
    for place, emotions in _gather((f"{actor}/{view}", emotion) for actor, view, emotion, _ in counts):
        if absent := set(EMOTIONS) - emotions:
            yield Oddity(OddityKind.GAP, place, f"no clips of {_names(absent)}")
    anywhere = {view for _, view, _, _ in counts} - {UNKNOWN_VIEW}
    for actor, views in _gather((actor, view) for actor, view, _, _ in counts):
        if unseen := anywhere - views:
            sentence = f"no clips in view {_names(unseen)}, which other actors have"
            yield Oddity(OddityKind.GAP, actor, sentence)


def _of_sound(clips: Collection[Clip], sounds: Mapping[str, str]) -> Iterator[Oddity]:
    silent = [clip.clip_id for clip in clips if clip.problem is None and clip.audio is None]
    if silent and not sounds:
        sentence = f"no usable audio file at all: {_clips(len(silent))} will use the video's own sound, if any"
        yield Oddity(OddityKind.VIDEO_WITHOUT_AUDIO, ".", sentence)
    else:
        for clip_id in silent:
            yield Oddity(OddityKind.VIDEO_WITHOUT_AUDIO, clip_id, "will use the video's own sound, if any")
    used = {clip.audio for clip in clips}
    for path in sounds.values():
        if path not in used:
            yield Oddity(OddityKind.AUDIO_WITHOUT_VIDEO, path, "no video has this sound")


def _of_other_files(tree: Tree) -> Iterator[Oddity]:
    for path in tree.archives:
        yield Oddity(OddityKind.ARCHIVE, path, "not indexed until it is extracted")
    if tree.others:
        listing = ", ".join(f"{count} {suffix or 'without suffix'}" for suffix, count in tree.others.most_common())
        yield Oddity(OddityKind.OTHER_FILES, ".", f"neither video nor audio, passed over: {listing}")


def _gather(pairs: Iterable[tuple[str, Label]]) -> Iterable[tuple[str, set[Label]]]:
    gathered: dict[str, set[Label]] = defaultdict(set)
    for place, label in pairs:
        gathered[place].add(label)
    return gathered.items()


def _names(labels: Iterable[object]) -> str:
    return ", ".join(sorted(map(str, labels)))


def _clips(count: int) -> str:
    return f"{count} clip" if count == 1 else f"{count} clips"

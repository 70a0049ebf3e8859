"""Which video of a method belongs to which clip of the reference. By clip id; no video is opened.

A method's folder may have any layout that `index` knows, whatever the reference's is: of all layouts that fit, the one
that shares most clips with the reference is taken, the reference's own first among equals.

A name that does not tell the view means the front view. Flat names leave the view out because the methods that write
them know the front view alone; so `M030_sad_3_001` is M030/front/sad/level_3/001, on either side, unless that side
has a clip with the very id.

A clip of the reference whose name nobody could read is nobody's to make: it is set apart before methods are looked at.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from facecues.errors import UsageError
from facecues.preprocess.index import LAYOUTS, Index, build_index
from facecues.preprocess.layouts import UNKNOWN_VIEW, Clip
from facecues.preprocess.walk import printable
from facecues.reasons import ClipReason

_FRONT = "front"
_EXAMPLES = 3  # ids that an error names on either side


@dataclass(frozen=True, slots=True)
class MethodPairs:
    """One method's folder, held against the reference.

    Attributes:
        index: of its folder.
        paired: the method's clip by the reference's clip id, in the reference's order. One with a `problem`
            (DUPLICATE, EMPTY_FILE, …) is among them: the method has it, and it cannot be used.
        missing: ids of the reference's clips that the method lacks.
        extra: the method's clips that the reference lacks, those whose name nobody could read included.
    """

    index: Index
    paired: Mapping[str, Clip]
    missing: tuple[str, ...]
    extra: tuple[Clip, ...]


@dataclass(frozen=True, slots=True)
class Stores:
    """What is to be known of cue stores that are compared.

    Attributes:
        signature: of the reference's cues.
        data: folder of the dataset, in which the sound is; None where it is not known.
        sides: names in Pairing.methods of each method's stores: one, or one for each seed.
    """

    signature: str
    data: Path | None
    sides: Mapping[str, tuple[str, ...]]

    def sounds(self, clip: Clip) -> tuple[Path, ...]:
        """Where a clip's sound may be, on whichever side: what generates cues is driven by the reference's sound."""
        return () if self.data is None else _sounds(self.data, clip)


@dataclass(frozen=True, slots=True)
class Pairing:
    """The reference's clips and what every method has of them.

    Attributes:
        reference: its index, without `unparsed`; clips with another `problem` are paired like the others.
        methods: by name, in the order given; of several stores of one method each by itself, as "name@1", "name@2".
        stores: where both sides are cue stores, what is known of them; None where they are videos.
        unparsed: clips of the reference whose names nobody could read, and which therefore no method is held against.
    """

    reference: Index
    methods: Mapping[str, MethodPairs]
    stores: Stores | None = None
    unparsed: tuple[Clip, ...] = ()

    @property
    def sides(self) -> Mapping[str, tuple[str, ...]]:
        """What of `methods` is one method to whoever reads the tables, in the order given."""
        return {name: (name,) for name in self.methods} if self.stores is None else self.stores.sides

    def sounds(self, method: str, clip: Clip) -> tuple[Path, ...]:
        """Where to look for the sound of a method's video, the best place first; the first that holds sound counts.

        The file beside its video, the video itself, then the same of the reference: a method is driven by the
        reference's sound, and many write silent videos.

        Args:
            method: its name.
            clip: of the reference, one that the method has.
        """
        if self.stores is not None:
            return self.stores.sounds(clip)
        pairs = self.methods[method]
        own = _sounds(pairs.index.root, pairs.paired[clip.clip_id])
        return own + _sounds(self.reference.root, clip)


def pair(reference: Index, methods: Mapping[str, Path | Callable[[Index], MethodPairs]]) -> Pairing:
    """Finds every method's video of every clip.

    Args:
        reference: index of the real videos.
        methods: by name of the method its folder, or what finds its videos of the reference's clips.

    Raises:
        UsageError: a folder that is none, or empty, or shares no clip with the reference; one sentence, which names
            the method. Or not one clip of the reference has a name that can be read.
    """
    reference, unparsed = _set_apart(reference)
    pairs = {
        name: _pair_method(reference, name, found) if isinstance(found, Path) else found(reference)
        for name, found in methods.items()
    }
    return Pairing(reference, pairs, unparsed=unparsed)


def pair_stores(reference: Index, methods: Mapping[str, Sequence[Index]], stores: Stores) -> Pairing:
    """Finds every method's cues of every clip.

    Args:
        reference: the clips of its store.
        methods: those of each method's stores, as many as `stores` names.
        stores: what is known of all.

    Raises:
        UsageError: a store that shares no clip with the reference, or stores of one method with other clips.
    """
    reference, unparsed = _set_apart(reference)
    pairs = {}
    for method, indices in methods.items():
        for name, index in zip(stores.sides[method], indices, strict=True):
            pairs[name] = _match(reference, index)
            if not pairs[name].paired:
                raise UsageError(
                    f"Method {method!r} shares no clip with the reference: {_held(index)}, {_held(reference)}; "
                    "generate cues of the reference's clips, under the same clip ids."
                )
        first, *others = (set(pairs[name].paired) for name in stores.sides[method])
        for index, other in zip(indices[1:], others, strict=True):
            if first != other:
                raise UsageError(
                    f"The stores of {method!r} hold other clips of the reference, {len(first)} in {indices[0].root} "
                    f"and {len(other)} in {index.root}: their mean needs the same in all."
                )
    return Pairing(reference, pairs, stores, unparsed)


def _set_apart(reference: Index) -> tuple[Index, tuple[Clip, ...]]:
    """The reference without the clips whose names nobody could read, and these."""
    unparsed = tuple(clip for clip in reference.clips if clip.problem is ClipReason.UNPARSED)
    read = tuple(clip for clip in reference.clips if clip.problem is not ClipReason.UNPARSED)
    if unparsed and not read:
        first = unparsed[0]
        raise UsageError(f"No name of the reference's clips can be read, such as {first.video}: {first.message}")
    return replace(reference, clips=read), unparsed


def _pair_method(reference: Index, name: str, root: Path) -> MethodPairs:
    readings = [_match(reference, index) for index in _read(reference.layout, name, root)]
    usable = {clip.clip_id for clip in reference.clips if clip.problem is None}
    best = max(readings, key=lambda pairs: (_shared(pairs, usable), len(pairs.paired)))
    if not best.paired:
        raise UsageError(
            f"Method {name!r} shares no clip with the reference: {_held(readings[0].index)}, {_held(reference)}; "
            f"name its videos as the reference does, in any of the layouts {', '.join(LAYOUTS)}."
        )
    return best


def _shared(pairs: MethodPairs, usable: Collection[str]) -> int:
    """Clips that can be compared. A name that says nothing in the reference's layout is an id in layout `folder`."""
    return sum(clip.problem is None and clip_id in usable for clip_id, clip in pairs.paired.items())


def _read(first: str, name: str, root: Path) -> list[Index]:
    """The folder in every layout that fits one video or more, the given one first."""
    found, refusals = [], []
    named = first.partition("@")[0]  # without a plugin's distribution
    for layout in dict.fromkeys((named, *LAYOUTS)):
        try:
            found.append(build_index(root, layout))
        except UsageError as error:
            refusals.append(error)
    if not found:
        raise UsageError(f"Method {name!r}: {refusals[0]}")
    return found


def _match(reference: Index, index: Index) -> MethodPairs:
    own = {clip.clip_id: clip for clip in index.clips}
    ids = {clip.clip_id for clip in reference.clips}
    paired = {}
    for clip in reference.clips:
        other = _other_id(clip)
        if clip.clip_id in own:
            paired[clip.clip_id] = own[clip.clip_id]
        elif other in own and other not in ids:
            paired[clip.clip_id] = own[other]
    taken = {clip.clip_id for clip in paired.values()}
    return MethodPairs(
        index,
        paired,
        missing=tuple(clip.clip_id for clip in reference.clips if clip.clip_id not in paired),
        extra=tuple(clip for clip in index.clips if clip.clip_id not in taken),
    )


def _other_id(clip: Clip) -> str | None:
    """The id that stands for the same clip by the rule on views; None where the rule does not speak."""
    if clip.actor is None or clip.view not in (None, _FRONT) or "/" not in clip.clip_id:
        return None
    actor, view, *rest = clip.clip_id.split("/")
    return "/".join((actor, UNKNOWN_VIEW if view == _FRONT else _FRONT, *rest))


def _sounds(root: Path, clip: Clip) -> tuple[Path, ...]:
    return tuple(root / path for path in (clip.audio, clip.video) if path is not None)


def _held(index: Index) -> str:
    """`/data/real holds a, b, c and 5 more`."""
    names = [clip.clip_id for clip in index.clips[:_EXAMPLES]]
    more = len(index.clips) - len(names)
    return f"{printable(str(index.root))} holds {', '.join(names)}{f' and {more} more' if more else ''}"

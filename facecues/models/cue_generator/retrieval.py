"""The baseline `retrieval`: pieces of training clips that sound alike, joined."""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field
from scipy.spatial.transform import Rotation

from facecues.config import validated
from facecues.errors import BackendUnavailableError, UsageError
from facecues.labels import EMOTIONS
from facecues.models.cue_generator.baselines import check_request, hold
from facecues.models.cue_generator.contracts import CHUNK, GENERATOR, Reference, Request
from facecues.models.cue_generator.library import Library, LibraryConfig, SoundSpace, make_library
from facecues.models.front_ends import FrontEnd, front_end, stream
from facecues.resample import FPS
from facecues.sequences import Cues, CueSequences

Float32 = NDArray[np.float32]
Float64 = NDArray[np.float64]
Int64 = NDArray[np.int64]

_TENSORS = "library.safetensors"
_VERSION = 1  # raise when the same library gives other cues


class RetrievalConfig(BaseModel):
    """How pieces are chosen and joined.

    Sound is compared along the principal axes of standardised windows; 1 is the mean squared distance of two frames
    that have nothing to do with each other. Faces, poses and gaze are compared likewise where pieces join.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    library: LibraryConfig = LibraryConfig()
    piece: int = Field(default=5, ge=2, le=CHUNK, description="frames of a piece; the better it sounds, the shorter")
    candidates: int = Field(default=16, gt=0, description="pieces that are tried at each place")
    join: float = Field(default=0.7, ge=0, description="cost of cues that jump at a join, by the side of the sound's 1")
    fade: int = Field(default=4, ge=0, description="frames over which the last piece fades out under the next one")
    least_s: float = Field(
        default=2.0, ge=0, description="of the emotion at its level: with less, all its levels serve, then all clips"
    )
    turn: float = Field(
        default=20.0, gt=0, description="degrees between references' heads, beyond which clips do not serve"
    )
    variety: float = Field(default=0.05, ge=0, description="share by which the seed changes how much a frame is liked")


class Retrieval:
    """Takes pieces of training clips whose sound is nearest, as they come, and joins them.

    Pieces are chosen ten seconds at a time, by dynamic programming over how they sound and how they join. Displacements
    from a piece's own reference are put onto the new one; gaze and rotation are copied, and so are the changes of place
    and scale, in units of the reference.
    """

    name = "retrieval"

    def __init__(self, config: RetrievalConfig, ear: FrontEnd, space: SoundSpace, library: Library) -> None:
        self.config = config
        self._ear = ear
        self._space = space
        self._library = library
        # In units of the mean squared distance of two pieces.
        self._root_unit = np.sqrt(np.float32(_unit(library.sound) * config.piece))
        self._pieces = _stacked(library.sound, config.piece) / self._root_unit
        self._looks = _looks(library)
        options = config.model_dump_json(exclude={"library"})
        digest = _digest(_arrays(space, library) | {"options": np.frombuffer(options.encode(), np.uint8)})
        self.signature = f"retrieval|{ear.signature}|library:{digest[:16]}|v:{_VERSION}"

    @classmethod
    def fit(
        cls, sequences: CueSequences, rows: Sequence[Float32], ear: FrontEnd, config: RetrievalConfig | None = None
    ) -> "Retrieval":
        """Takes up training clips.

        Args:
            sequences: their cues.
            rows: for each clip what `ear.rows` makes of its sound, for as many frames as the clip has.
            ear: front end of the rows.
            config: how to choose and join.

        Raises:
            UsageError: not one piece of the clips has all cues.
        """
        config = config or RetrievalConfig()
        space, library = make_library(sequences, rows, ear, config.library)
        if library.left.max() < config.piece:
            raise UsageError(f"No training clip shows a face for {config.piece} frames on end: choose other clips.")
        return cls(config, ear, space, library)

    def save(self, folder: Path) -> None:
        """Writes library.safetensors, then generator.json. Raises BackendUnavailableError without safetensors."""
        described = {"kind": self.name, "front_end": self._ear.name, "config": self.config.model_dump(mode="json")}
        folder.mkdir(parents=True, exist_ok=True)
        # Not save_file, whose files only their owner may read.
        (folder / _TENSORS).write_bytes(_safetensors().save(_arrays(self._space, self._library)))
        (folder / GENERATOR).write_text(json.dumps(described, indent=2) + "\n", encoding="utf-8")

    @classmethod
    def load(cls, folder: Path) -> "Retrieval":
        """Reads what `save` wrote.

        Raises:
            UsageError: the folder does not hold it.
            BackendUnavailableError: safetensors is not installed.
        """
        safetensors = _safetensors()
        from safetensors import SafetensorError

        try:
            described = json.loads((folder / GENERATOR).read_text(encoding="utf-8"))
            arrays = safetensors.load_file(folder / _TENSORS)
            space = SoundSpace(**{one.name: arrays[f"space.{one.name}"] for one in fields(SoundSpace)})
            library = Library(**{one.name: arrays[f"library.{one.name}"] for one in fields(Library)})
            name, values = described["front_end"], described["config"]
            _check(space, library)
        except (OSError, ValueError, KeyError, TypeError, SafetensorError) as error:
            raise UsageError(
                f"{folder} does not hold a retrieval generator ({error}): give a folder that "
                f"`facecues train cues` wrote, with {GENERATOR} and {_TENSORS}."
            ) from error
        return cls(validated(RetrievalConfig, values), front_end(name), space, library)

    def stream(self, request: Request) -> Iterator[Cues]:
        """See CueGenerator."""
        check_request(request)
        return self._stream(request)

    def _stream(self, request: Request) -> Iterator[Cues]:
        length = self.config.piece
        starts = self._serving(request)
        liking = 1 + self.config.variety * np.random.default_rng(request.seed).random(len(starts), np.float32)
        there = self._pieces[starts]
        pieces = -(-request.frames // length)
        hop = CHUNK // length  # pieces at a time
        last: int | None = None
        ready = hold(request.reference, 0)
        made = 0
        for windows in stream(self._ear, request.sound, pieces * length, hop * length):
            wanted = self._space.place(windows).reshape(-1, there.shape[1]) / self._root_unit
            chosen = self._choose(_squared_distances(wanted, there) * liking, starts, last)
            ready = _joined(ready, self._performed(chosen, last, request.reference))
            last = int(chosen[-1])
            while len(ready) >= CHUNK and made < request.frames:
                yield ready[: min(CHUNK, request.frames - made)]
                made += CHUNK
                ready = ready[CHUNK:]
        if made < request.frames:
            yield ready[: request.frames - made]

    def _serving(self, request: Request) -> Int64:
        """(M,) where pieces begin that may serve: of heads turned alike, and as many as there are of the emotion."""
        library, need = self._library, max(1.0, self.config.least_s * FPS)
        whole = library.left >= self.config.piece
        alike = whole & (_angles(library.turned, request.reference.rotation) <= self.config.turn)
        usable = alike if alike.any() else whole
        emotion = usable & (library.emotion == EMOTIONS.index(request.emotion))
        level = emotion & (library.level == request.level)
        return np.flatnonzero(next((one for one in (level, emotion) if one.sum() >= need), usable))

    def _choose(self, costs: Float32, starts: Int64, last: int | None) -> Int64:
        """The cheapest sequence of pieces for a stretch of sound: where each begins, (S,) frames of the library.

        Args:
            costs: (S, M) of how pieces sound.
            starts: (M,) where they begin.
            last: where the piece before these begins.
        """
        near = np.argpartition(costs, min(self.config.candidates, len(starts)) - 1)[:, : self.config.candidates]
        total, before = (np.zeros(1), np.array([last])) if last is not None else (np.zeros(0), np.zeros(0, np.int64))
        trail: list[tuple[Int64, Int64]] = []
        for cost, nearest in zip(costs, near, strict=True):
            here = np.union1d(nearest, _places(starts, before + self.config.piece))
            there = starts[here]
            came, so_far = np.zeros(len(here), np.int64), np.zeros(len(here))
            if len(before):
                ways = total[:, None] + self._joins(before, there)
                came, so_far = ways.argmin(axis=0), ways.min(axis=0)
            total, before = so_far + cost[here], there
            trail.append((there, came))
        at, chosen = int(total.argmin()), []
        for there, came in reversed(trail):
            chosen.append(there[at])
            at = int(came[at])
        return np.array(chosen[::-1])

    def _joins(self, before: Int64, after: Int64) -> Float64:
        """(B, A) costs of pieces after pieces, by where they begin: none where one goes on as in its clip."""
        follows = self._after(before, np.zeros(1, np.int64))[:, 0]
        goes_on = follows[:, None] == after
        apart = np.zeros(goes_on.shape)
        for values, unit in self._looks:
            apart += _squared_distances(values[follows], values[after]) / unit
        return np.where(goes_on, 0.0, self.config.join * apart / len(self._looks))

    def _after(self, starts: Int64, steps: Int64) -> Int64:
        """(S, n) frames that come so many steps after pieces end; where a clip ends, its last one."""
        ends = starts + self._library.left[starts] - 1
        frames: Int64 = np.minimum(starts[:, None] + self.config.piece + steps, ends[:, None])
        return frames

    def _performed(self, chosen: Int64, last: int | None, reference: Reference) -> Cues:
        """Cues of the reference's head for a row of pieces, faded into each other where one does not go on."""
        length, library = self.config.piece, self._library
        steps = np.arange(min(self.config.fade, length))
        shown = chosen[:, None] + np.arange(length)
        fading = self._after(np.concatenate([[chosen[0] if last is None else last], chosen[:-1]]), steps)
        if last is None:
            fading[0] = shown[0, : len(steps)]
        share = (steps + 1) / (len(steps) + 1)

        def faded(values: Float32) -> Float64:
            found = values[shown].astype(np.float64)
            new = share.reshape(-1, *([1] * (values.ndim - 1)))
            found[:, : len(steps)] = new * found[:, : len(steps)] + (1 - new) * values[fading]
            return np.reshape(found, (-1, *values.shape[1:]))

        cues = (
            reference.normalized + faded(library.displacement),
            faded(library.rotation),
            reference.translation + reference.scale * faded(library.moved),
            reference.scale * np.exp(faded(library.larger)),
            faded(library.gaze),
        )
        return Cues(*(np.asarray(value, np.float32) for value in cues))


def _joined(first: Cues, second: Cues) -> Cues:
    names = (one.name for one in fields(Cues))
    return Cues(*(np.concatenate([getattr(first, name), getattr(second, name)]) for name in names))


def _stacked(sound: Float32, piece: int) -> Float32:
    """(N, D) frames to (N, piece * D): with those that follow each; the last ones go on as the last of all."""
    filled = np.pad(sound, ((0, piece - 1), (0, 0)), mode="edge")
    return np.concatenate([filled[step : step + len(sound)] for step in range(piece)], axis=1)


def _check(space: SoundSpace, library: Library) -> None:
    """Raises ValueError where arrays do not fit together."""
    count = len(library)
    if {len(getattr(library, one.name)) for one in fields(Library)} != {count} or not count:
        raise ValueError("its frames are not as many in each array")
    if library.left.min() < 1 or (np.arange(count) + library.left).max() > count:
        raise ValueError("its clips end after its last frame")
    if space.axes.shape != (len(space.mean), library.sound.shape[1]) or len(space.std) != len(space.mean):
        raise ValueError("its axes of sound are not those of its frames")


def _looks(library: Library) -> list[tuple[Float32, float]]:
    """What should not jump where pieces join, (N, …), and the mean squared distance of two of its frames."""
    kinds = (library.displacement.reshape(len(library), -1), library.rotation, library.moved, library.gaze)
    return [(values, _unit(values)) for values in kinds]


def _squared_distances(ours: Float32, theirs: Float32) -> Float32:
    """(n, m) of (n, D) and (m, D) points."""
    squares = (-2 * ours) @ theirs.T
    squares += np.einsum("nd,nd->n", ours, ours)[:, None]
    squares += np.einsum("nd,nd->n", theirs, theirs)
    return np.asarray(np.maximum(squares, 0, out=squares))


def _unit(values: Float32) -> float:
    """Mean squared distance of two rows drawn at random; never zero."""
    return 2 * float(values.var(axis=0, dtype=np.float64).sum()) or 1.0


def _angles(degrees: Float32, reference: Float32) -> Float64:
    """(N,) angles, degrees, of (N, 3) rotations to one, each as pitch, yaw, roll."""
    turns, to = (Rotation.from_euler("ZYX", value[..., ::-1], degrees=True) for value in (degrees, reference))
    return np.asarray(np.degrees((turns * to.inv()).magnitude()))


def _places(sorted_values: Int64, wanted: Int64) -> Int64:
    """Where those of the wanted values are that there are."""
    at = np.minimum(np.searchsorted(sorted_values, wanted), len(sorted_values) - 1)
    found: Int64 = at[sorted_values[at] == wanted]
    return found


def _arrays(space: SoundSpace, library: Library) -> dict[str, NDArray[Any]]:
    return {
        f"{prefix}.{one.name}": np.ascontiguousarray(getattr(part, one.name))
        for prefix, part in (("space", space), ("library", library))
        for one in fields(part)
    }


def _digest(arrays: Mapping[str, NDArray[Any]]) -> str:
    digest = hashlib.sha256()
    for name in sorted(arrays):
        digest.update(f"{name} {arrays[name].shape} {arrays[name].dtype}".encode())
        digest.update(arrays[name].tobytes())
    return digest.hexdigest()


def _safetensors() -> Any:
    try:
        import safetensors.numpy
    except ImportError as error:
        raise BackendUnavailableError(
            "The retrieval generator is kept with safetensors: pip install 'facecues[torch]'."
        ) from error
    return safetensors.numpy

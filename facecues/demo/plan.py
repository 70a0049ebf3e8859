"""What the demo does: which public commands, in which order, and how long they take."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from facecues.errors import UsageError
from facecues.models.synth.corpus import actor_names
from facecues.preprocess.index import build_index

ACTORS, TESTED = 28, 6
EMOTIONS: Final = ("angry", "happy", "neutral", "sad")
LEVEL, CLIPS = 3, 1
# Trained for so many epochs, the full model is ahead of all others; more gains little.
EPOCHS: Final = 10
ABLATIONS: Final = ("no-classifier", "gaze-regression", "separate-decoders", "no-autoregression", "no-reference")
BASELINES: Final = ("lstm", "retrieval")
UNTRAINED: Final = "still"
HELD_STILL: Final = "held-still"  # its name among the methods: `still` is a floor's
_TRAINED: Final = ("full", *ABLATIONS, "lstm")  # retrieval comes first, to make the features that all of them need
_JUDGE_SEED: Final = 5


@dataclass(frozen=True, slots=True)
class Step:
    """A public command.

    Attributes:
        name: of its log.
        arguments: of `facecues`.
        epochs: of a training, whose folder is the last argument; 0: it is none.
        needed: whether the demo ends where it fails. A judge of emotions wants several actors for each, which few clips
            may not have: the table is then without its column.
    """

    name: str
    arguments: tuple[str, ...]
    epochs: int = 0
    needed: bool = True

    def without(self, option: str) -> "Step":
        """The same command without an option and its value."""
        if option not in self.arguments:
            return self
        at = self.arguments.index(option)
        return replace(self, arguments=self.arguments[:at] + self.arguments[at + 2 :])


@dataclass(frozen=True, slots=True)
class Stage:
    """Commands that belong together.

    Attributes:
        title: what they do.
        steps: several of them are run two at a time, with their output in logs.
        seconds: that they take for the demo's own corpus, on two cores.
    """

    title: str
    steps: tuple[Step, ...]
    seconds: float


@dataclass(frozen=True, slots=True)
class Plan:
    """A demo.

    Attributes:
        folder: that all of it is in.
        data: the dataset.
        store: of cues that are extracted.
        report: folder.
        stages: in order.
        share: of the time that the demo's own corpus takes, roughly.
    """

    folder: Path
    data: Path
    store: Path
    report: Path
    stages: tuple[Stage, ...]
    share: float = 1.0


def make_plan(folder: Path, settings: Path, data: Path | None = None, only: str | None = None) -> Plan:
    """What a demo does.

    Args:
        folder: of the demo.
        settings: folder with evaluate.yaml and report.yaml.
        data: a dataset in MEAD's layout, to take in place of the synthetic corpus.
        only: of that dataset, clip ids that match.

    Raises:
        UsageError: `only` without `data`, or `data` is no folder or has fewer than two actors with usable clips.
    """
    if data is None:
        if only is not None:
            raise UsageError("--only chooses among the clips of --data: name that folder, too.")
        root, share, tested = folder / "corpus", 1.0, actor_names(ACTORS)[-TESTED:]
        look: list[str] = []
        begin = [Stage("Make a corpus whose cues are known", (_synth(root),), 60)]
    else:
        actors = _actors(data)
        root, tested = data, tuple(actors)[-max(1, len(actors) // 3) :]
        share, begin, look = sum(actors.values()) / _clips(), [], ["--paste-back"]  # pictures as large as theirs
    store, report = folder / "store", folder / "report"
    split = ["--split", ",".join(tested)]
    known = [str(store), "--data", str(root), *split]
    some = ["--only", only] if only else []
    trained = [_train(name, known, folder) for name in _TRAINED]
    judge = ["train", "emotion", *known, "--architecture", "conv", "--no-faces", "--seed", str(_JUDGE_SEED)]
    makers = {"full": "", UNTRAINED: UNTRAINED, **dict.fromkeys((*BASELINES, *ABLATIONS), "")}
    stages = [
        *begin,
        Stage("Extract landmarks, gaze and head pose", (_step("extract", "extract", root, store, *some),), 40),
        Stage(
            "Train the judge of emotions, and what needs no training",
            (_step("judge", *judge, "--out", folder / "judge", needed=False), _train("retrieval", known, folder)),
            30,
        ),
        Stage("Train the method, its ablations and a baseline", tuple(trained), 200),
        Stage(
            "Generate the test actors' clips anew",
            tuple(_generate(name, maker, known + look, folder) for name, maker in makers.items()),
            80,
        ),
        Stage("Evaluate", (_evaluate(root, [*split, *some], tuple(makers), folder, settings),), 100),
        Stage("Report", (_report(folder, settings, report),), 40),
    ]
    return Plan(folder, root, store, report, tuple(stages), share)


def _clips() -> int:
    return ACTORS * len(EMOTIONS) * CLIPS


def _actors(data: Path) -> dict[str, int]:
    """Usable clips by actor, in order."""
    counts: dict[str, int] = {}
    for clip in build_index(data.absolute()).clips:
        if clip.actor is not None and clip.problem is None:
            counts[clip.actor] = counts.get(clip.actor, 0) + 1
    if len(counts) < 2:
        raise UsageError(
            f"{data} has usable clips of {len(counts)} actors, and the demo learns from some and tests on others: "
            "`facecues index` says what is there."
        )
    return dict(sorted(counts.items()))


def _step(name: str, *arguments: object, epochs: int = 0, needed: bool = True) -> Step:
    return Step(name, tuple(map(str, arguments)), epochs, needed)


def _synth(root: Path) -> Step:
    chosen = ["--actors", ACTORS, "--emotions", ",".join(EMOTIONS), "--levels", LEVEL, "--clips", CLIPS]
    return _step("synth", "synth", root, *chosen, "--size", 256)


def _train(variant: str, known: Sequence[str], folder: Path) -> Step:
    epochs = 0 if variant == "retrieval" else EPOCHS
    lasting = ["--epochs", epochs] if epochs else []
    out = folder / "runs" / variant
    return _step(variant, "train", "cues", *known, "--variant", variant, *lasting, "--out", out, epochs=epochs)


def _generate(name: str, maker: str, known: Sequence[str], folder: Path) -> Step:
    made = folder / "made" / (HELD_STILL if name == UNTRAINED else name)
    run = maker or folder / "runs" / name
    return _step(made.name, "generate", run, *known, "--renderer", "warp", "--workers", 1, "--out", made)


def _evaluate(root: Path, tested: Sequence[str], names: Sequence[str], folder: Path, settings: Path) -> Step:
    called = [HELD_STILL if name == UNTRAINED else name for name in names]
    methods = [word for name in called for word in ("--method", f"{name}={folder / 'made' / name}")]
    judged = ["--classifier", folder / "judge" / "cues", "--config", settings / "evaluate.yaml"]
    return _step("evaluate", "evaluate", "--reference", root, *tested, *methods, *judged, "--out", folder / "scores")


def _report(folder: Path, settings: Path, report: Path) -> Step:
    return _step("report", "report", folder / "scores", "--config", settings / "report.yaml", "--out", report)

"""What the demo does: which public commands, in which order, and how long they take."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from facecues.demo.contracts import Kind, Plan, Stage, Step
from facecues.errors import UsageError
from facecues.models.synth.corpus import actor_names
from facecues.preprocess.index import build_index

ACTORS, TESTED, ON_FILM = 34, 12, 4  # of those that are tested on, some are in videos, too
EMOTIONS: Final = ("angry", "happy", "neutral", "sad")
LEVEL, CLIPS = 3, 1
EPOCHS: Final = 32
ABLATIONS: Final = ("no-classifier", "gaze-regression", "separate-decoders", "no-autoregression", "no-reference")
BASELINES: Final = ("lstm", "retrieval")
UNTRAINED: Final = "still"
HELD_STILL: Final = "held-still"  # its name among the methods: `still` is a floor's
FILMED: Final = ("full", *BASELINES)  # of the others, cues tell more than pictures
SETTINGS: Final = ("train.yaml", "report_cues.yaml", "report_videos.yaml")
METHODS: Final = ("full", HELD_STILL, *BASELINES, *ABLATIONS)
_TRAINED: Final = ("retrieval", "full", *ABLATIONS, "lstm")  # the first makes the features that all of them need
_JUDGE_SEED: Final = 5
_MEASURED: Final[Mapping[Kind, Sequence[object]]] = {
    "cues": ("--metrics", "emotion", "--floors", "still,other-take"),
    # With so few frames FID and KID say little, and pictures half as wide cost a quarter.
    "videos": (
        "--metrics",
        "ssim,psnr,lpips,fd-alexnet,emotion,lip-sync",
        "--size",
        128,
        "--floors",
        "re-encoded,still",
    ),
}


def make_plan(folder: Path, data: Path | None = None, only: str | None = None) -> Plan:
    """What a demo does.

    Args:
        folder: of the demo; the files of SETTINGS are in it.
        data: a dataset in MEAD's layout, to take in place of the synthetic corpus.
        only: of that dataset, clip ids that match.

    Raises:
        UsageError: `only` without `data`, or `data` is no folder or has fewer than two actors with usable clips.
    """
    if data is None:
        if only is not None:
            raise UsageError("--only chooses among the clips of --data: name that folder, too.")
        root, share, tested = folder / "corpus", 1.0, actor_names(ACTORS)[-TESTED:]
        begin, look = [Stage("Make a corpus whose cues are known", (_synth(root),), 75)], list[str]()
    else:
        actors = _actors(data)
        root, tested = data, tuple(actors)[-max(1, len(actors) // 3) :]
        share, begin, look = sum(actors.values()) / _clips(), [], ["--paste-back"]  # pictures as large as theirs
    store, some = folder / "store", ["--only", only] if only else []
    split, on_film = ["--split", ",".join(tested)], ",".join(tested[-ON_FILM:])
    known, judged = [store, "--data", root, *split], ["--classifier", folder / "judge" / "cues"]
    judge = ["train", "emotion", *known, "--architecture", "conv", "--no-faces", "--seed", _JUDGE_SEED]
    trained = [_train(name, known, folder) for name in _TRAINED]
    drawn = ["--actors", on_film, "--renderer", "warp", *look]
    of_cues = _evaluate("cues", METHODS, store, ["--data", root, *split, *some, *judged], folder)
    of_videos = _evaluate("videos", FILMED, root, ["--split", on_film, *some, *judged], folder)
    stages = (
        *begin,
        Stage("Extract landmarks, gaze and head pose", (_step("extract", "extract", root, store, *some),), 35),
        Stage(
            "Train a judge of emotions, the method, its ablations and baselines",
            (_step("judge", *judge, "--out", folder / "judge", needed=False), *trained),
            190,
        ),
        Stage("Generate the test actors' cues anew", tuple(_generate(name, known, folder) for name in METHODS), 40),
        Stage("Evaluate landmarks, gaze and head pose", (of_cues,), 30),
        Stage("Generate videos", tuple(_generate(name, known, folder, drawn) for name in FILMED), 45),
        Stage("Evaluate videos", (of_videos,), 75),
        Stage("Report", tuple(_report(kind, folder) for kind in _MEASURED), 12),
    )
    return Plan(folder, root, store, {kind: folder / "report" / kind for kind in _MEASURED}, stages, share)


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


def _step(name: str, *arguments: object, epochs: int = 0, needed: bool = True, told: bool = False) -> Step:
    return Step(name, tuple(map(str, arguments)), epochs, needed, told)


def _synth(root: Path) -> Step:
    chosen = ["--actors", ACTORS, "--emotions", ",".join(EMOTIONS), "--levels", LEVEL, "--clips", CLIPS]
    return _step("synth", "synth", root, *chosen, "--size", 256)


def _train(variant: str, known: Sequence[object], folder: Path) -> Step:
    epochs = 0 if variant == "retrieval" else EPOCHS
    how = ["--config", folder / "train.yaml", "--epochs", epochs] if epochs else []
    out = folder / "runs" / variant
    return _step(variant, "train", "cues", *known, "--variant", variant, *how, "--out", out, epochs=epochs)


def _generate(name: str, known: Sequence[object], folder: Path, drawn: Sequence[object] = ()) -> Step:
    """Cues, and with options for how they are drawn, videos."""
    run = UNTRAINED if name == HELD_STILL else folder / "runs" / name
    made = "videos" if drawn else "cues"
    out = folder / "made" / made / name
    return _step(f"{name}-{made}", "generate", run, *known, *drawn, "--workers", 1, "--out", out)


def _evaluate(kind: Kind, names: Sequence[str], reference: Path, more: Sequence[object], folder: Path) -> Step:
    made = {name: folder / "made" / kind / name / ("cues" if kind == "cues" else "") for name in names}
    methods = [word for name, path in made.items() for word in ("--method", f"{name}={path}")]
    options = [*methods, *_MEASURED[kind], *more, "--out", folder / "scores" / kind]
    return _step(f"evaluate-{kind}", "evaluate", "--reference", reference, *options)


def _report(kind: Kind, folder: Path) -> Step:
    out, config = folder / "report" / kind, folder / f"report_{kind}.yaml"
    return _step(f"report-{kind}", "report", folder / "scores" / kind, "--config", config, "--out", out, told=True)

"""The command line: parses, calls a pipeline, prints. Exit 0 done, 1 too many clips failed, 2 bad input or usage."""

import json
import sys
from dataclasses import asdict
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
import yaml
from rich.console import Console
from typer.exceptions import TyperException

from facecues import __version__
from facecues.config import ExtractConfig, validated
from facecues.errors import FacecuesError, UsageError, WeightsMissingError

if TYPE_CHECKING:
    from facecues.preprocess.index import Index

app = typer.Typer(
    name="facecues",
    help="Emotional talking-face video into numbers and paper tables.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
weights_app = typer.Typer(no_args_is_help=True, help="Pretrained weights: what there is, get them, check them.")
app.add_typer(weights_app, name="weights")

_LIMITS = ("max_pixels", "max_frames", "max_seconds", "clip_timeout_s")

Root = Annotated[Path, typer.Argument(help="Folder of clips: MEAD, flat names, or any tree.")]
Store = Annotated[Path, typer.Argument(help="Folder of the cue store; made when it is not there.")]
Layout = Annotated[str | None, typer.Option(help="mead, flat or folder; found out when not given.")]
Only = Annotated[str | None, typer.Option(help="Take only clip ids that match, e.g. 'M003/front/*'.")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object instead of tables.")]


@app.callback(invoke_without_command=True)
def _version(version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False) -> None:
    if version:
        typer.echo(f"facecues {__version__}")
        raise typer.Exit


@app.command()
def index(
    root: Root,
    layout: Layout = None,
    split: Annotated[str | None, typer.Option(help="Count a split: official, eat, or test actors with commas.")] = None,
    full: Annotated[bool, typer.Option(help="A row for every actor and view, however many.")] = False,
    as_json: Json = False,
) -> None:
    """What is there and what is odd: actor x emotion x level against MEAD's nominal counts."""
    from facecues.preprocess.index import build_index
    from facecues.preprocess.index_table import render, to_json

    found = build_index(root, layout)
    if as_json:
        _print_json(to_json(found, split))
    else:
        Console().print(render(found, split, full=full))


@app.command()
def extract(
    root: Root,
    store: Store,
    *,
    layout: Layout = None,
    only: Only = None,
    landmarks: Annotated[
        str | None, typer.Option(help="facemesh (default), face-landmarker or face-alignment.")
    ] = None,
    gaze: Annotated[str | None, typer.Option(help="iris (default) or l2cs.")] = None,
    device: Annotated[str | None, typer.Option(help="cpu (default) or cuda; for the torch backends.")] = None,
    batch: Annotated[int | None, typer.Option(help="Frames per forward pass; torch backends.")] = None,
    detect_every: Annotated[int | None, typer.Option(help="Frames between detections; face-alignment.")] = None,
    config: Annotated[Path | None, typer.Option(help="YAML of these options; the command line wins.")] = None,
    max_pixels: Annotated[int | None, typer.Option(help="Refuse clips with more pixels per frame.")] = None,
    max_frames: Annotated[int | None, typer.Option(help="Refuse clips with more frames.")] = None,
    max_seconds: Annotated[float | None, typer.Option(help="Refuse longer clips.")] = None,
    clip_timeout: Annotated[float | None, typer.Option(help="Give up on a clip after this many seconds.")] = None,
    workers: Annotated[int | None, typer.Option(help="Worker processes; default: one per core.")] = None,
    scheduler: Annotated[str | None, typer.Option(help="tcp://… of a Dask cluster to use instead.")] = None,
    verify_content: Annotated[bool, typer.Option(help="Read every video to see whether it changed.")] = False,
    fail_above: Annotated[float, typer.Option(help="Exit 1 when a larger share of clips failed.")] = 0.0,
    as_json: Json = False,
) -> None:
    """Video to cues. The same command again resumes: what is finished and unchanged is skipped."""
    settings = _config(
        config,
        {"landmarks": landmarks, "gaze": gaze, "device": device, "batch": batch, "detect_every": detect_every},
        dict(zip(_LIMITS, (max_pixels, max_frames, max_seconds, clip_timeout), strict=True)),
    )
    _check_share(fail_above)
    from facecues.pipelines.extract import extract as run
    from facecues.pipelines.progress import ProgressDisplay
    from facecues.pipelines.summary import render_summary
    from facecues.preprocess.index import build_index

    found = _only(build_index(root, layout), only)
    with ProgressDisplay() as progress:
        summary = run(
            found,
            store,
            settings,
            workers=workers,
            scheduler=scheduler,
            verify_content=verify_content,
            progress=progress,
        )
    if as_json:
        _print_json(asdict(summary))
    else:
        Console().print(render_summary(summary))
    if summary.interrupted:
        raise typer.Exit(130)
    if summary.failed > fail_above * summary.clips:
        raise typer.Exit(1)


@app.command()
def synth(
    root: Annotated[Path, typer.Argument(help="Folder of the corpus; made when it is not there.")],
    *,
    actors: Annotated[int, typer.Option(help="How many; M001, W002, M003, …")] = 4,
    emotions: Annotated[str, typer.Option(help="all, or names with commas.")] = "all",
    levels: Annotated[str, typer.Option(help="Of intensity, with commas; neutral has level 1 only.")] = "1,3",
    clips: Annotated[int, typer.Option(help="For each actor, emotion and level.")] = 3,
    size: Annotated[int, typer.Option(help="Side of the frames: 256 or 512 pixels.")] = 512,
    seed: Annotated[int, typer.Option(help="The same seed makes the same clips.")] = 0,
    portrait: Annotated[
        list[Path] | None, typer.Option(help="Picture of one face; several are taken in turn. Default: the astronaut.")
    ] = None,
    workers: Annotated[int | None, typer.Option(help="Worker processes; default: one per core.")] = None,
    as_json: Json = False,
) -> None:
    """A small MEAD-shaped corpus with ground truth. The same command again makes only what is missing."""
    from facecues.labels import EMOTIONS
    from facecues.models.synth.corpus import SynthConfig

    values = {
        "actors": actors,
        "emotions": EMOTIONS if emotions == "all" else tuple(emotions.split(",")),
        "levels": tuple(levels.split(",")),
        "clips": clips,
        "size": size,
        "seed": seed,
    }
    config = validated(SynthConfig, values)
    from facecues.pipelines.progress import ProgressDisplay
    from facecues.pipelines.synth import synthesise

    with ProgressDisplay() as progress:
        summary = synthesise(root, config, portraits=portrait or (), workers=workers, progress=progress)
    if as_json:
        _print_json(asdict(summary))
    else:
        Console().print(summary.table())
    if summary.interrupted:
        raise typer.Exit(130)


@app.command()
def evaluate(
    *,
    reference: Annotated[Path, typer.Option(help="Folder of the real clips.")],
    method: Annotated[list[str], typer.Option(help="NAME=FOLDER of generated videos; give it once for each.")],
    out: Annotated[Path, typer.Option(help="Folder of the run; made when it is not there.")],
    layout: Layout = None,
    only: Only = None,
    protocol: Annotated[str | None, typer.Option(help="facecues (default), eat or atvgnet.")] = None,
    missing: Annotated[
        str | None, typer.Option(help="What a method does not show: penalize (default) or exclude.")
    ] = None,
    crop: Annotated[str | None, typer.Option(help="What pictures show: frame (default) or face.")] = None,
    size: Annotated[int | None, typer.Option(help="Side of the pictures, pixels; default 256.")] = None,
    metrics: Annotated[
        str | None, typer.Option(help="Groups with commas; default: all but lpips-vgg, identity.")
    ] = None,
    classifier: Annotated[list[str] | None, typer.Option(help="Folder of a trained emotion classifier.")] = None,
    floors: Annotated[str | None, typer.Option(help="Rows of floors with commas, or none; default: all.")] = None,
    landmarks: Annotated[str | None, typer.Option(help="As for extract; default facemesh.")] = None,
    gaze: Annotated[str | None, typer.Option(help="As for extract; default iris.")] = None,
    device: Annotated[str | None, typer.Option(help="cpu (default) or cuda; for networks.")] = None,
    seed: Annotated[int | None, typer.Option(help="Of intervals and tests; default 0.")] = None,
    ranks_against: Annotated[Path | None, typer.Option(help="Another run, to compare the methods' order with.")] = None,
    config: Annotated[Path | None, typer.Option(help="YAML of EvaluateConfig; the command line wins.")] = None,
    workers: Annotated[int | None, typer.Option(help="Worker processes; default: one per core.")] = None,
    scheduler: Annotated[str | None, typer.Option(help="tcp://… of a Dask cluster to use instead.")] = None,
    fail_above: Annotated[float, typer.Option(help="Exit 1 when a larger share of videos failed.")] = 0.0,
    as_json: Json = False,
) -> None:
    """Methods against real clips, in every metric. The same command again resumes; what is added costs only itself."""
    from facecues.pipelines.evaluation.command import settings_of

    settings = settings_of(
        _read_yaml(config),
        protocol=protocol,
        missing=missing,
        crop=crop,
        size=size,
        metrics=metrics,
        classifiers=classifier,
        floors=floors,
        cues={"landmarks": landmarks, "gaze": gaze, "device": device},
        device=device,
        seed=seed,
    )
    _check_share(fail_above)
    from facecues.pipelines.evaluation.command import methods_of
    from facecues.pipelines.evaluation.present import render_evaluation
    from facecues.pipelines.evaluation.ranks import compare_ranks, load_summary
    from facecues.pipelines.evaluation.run import evaluate as run
    from facecues.pipelines.pairing import pair
    from facecues.pipelines.progress import ProgressDisplay
    from facecues.preprocess.index import build_index

    other = load_summary(ranks_against) if ranks_against is not None else None
    pairing = pair(_only(build_index(reference, layout), only), methods_of(method))
    with ProgressDisplay() as progress:
        summary = run(
            pairing,
            out,
            settings,
            workers=workers,
            scheduler=scheduler,
            progress=progress,
            command=("facecues", *sys.argv[1:]),
        )
    ranks = compare_ranks(summary.table, other) if other is not None and not summary.interrupted else None
    if as_json:
        _print_json(summary.as_json() | ({"ranks": ranks.to_dict("records")} if ranks is not None else {}))
    else:
        console = Console()
        console.print(render_evaluation(summary, ranks, width=console.width))
    if summary.interrupted:
        raise typer.Exit(130)
    if len(summary.failed) > fail_above * summary.videos:
        raise typer.Exit(1)


@app.command()
def report(
    runs: Annotated[list[Path], typer.Argument(help="Folders that `facecues evaluate` wrote, of the same reference.")],
    *,
    out: Annotated[Path | None, typer.Option(help="Folder of the report; none: the main table is printed.")] = None,
    preset: Annotated[str | None, typer.Option(help="What is shown; default paper.")] = None,
    config: Annotated[Path | None, typer.Option(help="YAML of ReportConfig, over the preset.")] = None,
    reported: Annotated[Path | None, typer.Option(help="YAML of values that papers report, set apart.")] = None,
    videos: Annotated[str | None, typer.Option(help="Clips that the pages play: some (default), all or none.")] = None,
    as_json: Json = False,
) -> None:
    """Tables, figures and pages of evaluations, ready for a paper and for a browser."""
    from facecues.pipelines.progress import StepDisplay
    from facecues.pipelines.report import Wanted, settings_of
    from facecues.pipelines.report import report as write
    from facecues.reports.tables.terminal import to_rich

    settings = settings_of(_read_yaml(config), name=preset, videos=videos)
    with StepDisplay() as progress:
        summary = write(Wanted(tuple(runs), settings, reported, ("facecues", *sys.argv[1:])), out, progress)
    if as_json:
        _print_json(summary.as_json())
        return
    console = Console()
    console.print(to_rich(summary.main, console.width))
    for sentence in summary.missing:
        console.print(f"not shown: {sentence}", highlight=False, markup=False)
    if summary.out is not None:
        tally = f"{len(summary.tables)} tables, {len(summary.figures)} figures, {summary.seconds:.0f} s"
        console.print(f"{summary.out / 'index.html'}  {tally}", highlight=False, markup=False, soft_wrap=True)


@app.command()
def doctor(as_json: Json = False) -> None:
    """Which backends, metrics and weights are usable here, and what each missing one needs."""
    from facecues import doctor as examiner

    checks = examiner.check(deep=True)
    if as_json:
        _print_json([asdict(one) for one in checks])
    else:
        Console().print(examiner.render(checks))


@weights_app.command("list")
def weights_list(as_json: Json = False) -> None:
    """Every weight: where it is, what it unlocks, its licence. Uses no network."""
    from facecues import weights
    from facecues.weights.table import render

    found = [weights.status(name) for name in weights.REGISTRY]
    if as_json:
        _print_json(
            [{"name": one.weight.name, "state": one.state, "path": one.path, "detail": one.detail} for one in found]
        )
    else:
        Console().print(render(found))


@weights_app.command("fetch")
def weights_fetch(
    names: Annotated[
        list[str] | None, typer.Argument(help="Names from `weights list`; none: the default backend's.")
    ] = None,
) -> None:
    """Downloads and verifies weights."""
    from facecues import weights

    for name in names or weights.DEFAULT:
        typer.echo(f"{name}: {weights.fetch(name, progress=sys.stderr.isatty())}")


@weights_app.command("verify")
def weights_verify(
    names: Annotated[
        list[str] | None, typer.Argument(help="Names from `weights list`; none: all that are here.")
    ] = None,
) -> None:
    """Hashes the files that are here against the registry."""
    from facecues import weights

    wrong = False
    for name in names or [name for name in weights.REGISTRY if weights.status(name).state != "missing"]:
        try:
            typer.echo(f"{name}: {weights.verify(name)}")
        except WeightsMissingError as error:
            _complain(str(error))
            wrong = True
    if wrong:
        raise typer.Exit(2)


def main() -> None:
    """Entry point of the console script."""
    try:
        code = app(standalone_mode=False)
    except TyperException as error:
        _complain(error.format_message())
        code = 2
    except FacecuesError as error:
        _complain(str(error))
        code = 2
    except (KeyboardInterrupt, typer.Abort):
        _complain("interrupted")
        code = 130
    sys.exit(code or 0)


def _config(file: Path | None, options: dict[str, Any], limits: dict[str, Any]) -> ExtractConfig:
    """Options over the file's values over the defaults."""
    values = _read_yaml(file)
    values |= {name: value for name, value in options.items() if value is not None}
    chosen = {name: value for name, value in limits.items() if value is not None}
    values["limits"] = dict(values.get("limits") or {}) | chosen
    return validated(ExtractConfig, values)


def _read_yaml(file: Path | None) -> dict[str, Any]:
    """Names and values of a configuration file; none where there is none."""
    if file is None:
        return {}
    try:
        values = yaml.safe_load(file.read_text()) or {}
    except (OSError, yaml.YAMLError) as error:
        raise UsageError(f"--config {file} cannot be read: {' '.join(str(error).split())}") from error
    if not isinstance(values, dict):
        raise UsageError(f"--config {file} should hold names and values, not a {type(values).__name__}")
    return values


def _check_share(fail_above: float) -> None:
    if not 0 <= fail_above <= 1:
        raise UsageError(f"--fail-above is a share between 0 and 1, not {fail_above:g}")


def _only(found: "Index", pattern: str | None) -> "Index":
    if pattern is None:
        return found
    from dataclasses import replace

    clips = tuple(clip for clip in found.clips if fnmatchcase(clip.clip_id, pattern))
    if not clips:
        raise UsageError(f"no clip id matches --only {pattern!r}; the first is {found.clips[0].clip_id!r}")
    return replace(found, clips=clips)


def _print_json(value: object) -> None:
    typer.echo(json.dumps(value, indent=2, default=str))


def _complain(sentence: str) -> None:
    typer.echo(f"facecues: {sentence}", err=True)


if __name__ == "__main__":
    main()

"""evaluate and report: videos, or cues, to scores, tables, figures and pages."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from facecues.cli.app import app
from facecues.cli.options import (
    Json,
    Layout,
    Only,
    Scheduler,
    Workers,
    check_share,
    only_matching,
    only_test,
    print_json,
    read_yaml,
)

if TYPE_CHECKING:
    from facecues.preprocess.index import Index


@app.command()
def evaluate(
    *,
    reference: Annotated[Path, typer.Option(help="Folder of the real clips, or a cue store.")],
    method: Annotated[
        list[str],
        typer.Option(
            help="NAME=FOLDER of generated videos, or of a cue store, which may have several seeds' stores; or "
            "methods.yaml#KEY."
        ),
    ],
    out: Annotated[Path, typer.Option(help="Folder of the run; made when it is not there.")],
    layout: Layout = None,
    only: Only = None,
    split: Annotated[str | None, typer.Option(help="Its test part: official, eat, or actors with commas.")] = None,
    data: Annotated[Path | None, typer.Option(help="Of a cue store, the dataset with the sound.")] = None,
    protocol: Annotated[str | None, typer.Option(help="facecues (default), eat or atvgnet.")] = None,
    missing: Annotated[
        str | None, typer.Option(help="What a method does not show: penalize (default) or exclude.")
    ] = None,
    crop: Annotated[str | None, typer.Option(help="What pictures show: frame (default) or face.")] = None,
    size: Annotated[int | None, typer.Option(help="Side of the pictures, pixels; default 256.")] = None,
    metrics: Annotated[
        str | None, typer.Option(help="Groups and plugins with commas; default: all but lpips-vgg, identity.")
    ] = None,
    classifier: Annotated[list[str] | None, typer.Option(help="Folder of a trained emotion classifier.")] = None,
    floors: Annotated[str | None, typer.Option(help="Rows of floors with commas, or none; default: all.")] = None,
    landmarks: Annotated[str | None, typer.Option(help="As for extract; default facemesh.")] = None,
    gaze: Annotated[str | None, typer.Option(help="As for extract; default iris.")] = None,
    device: Annotated[str | None, typer.Option(help="cpu (default) or cuda; for networks.")] = None,
    seed: Annotated[int | None, typer.Option(help="Of intervals and tests; default 0.")] = None,
    ranks_against: Annotated[Path | None, typer.Option(help="Another run, to compare the methods' order with.")] = None,
    config: Annotated[Path | None, typer.Option(help="YAML of EvaluateConfig; the command line wins.")] = None,
    workers: Workers = None,
    scheduler: Scheduler = None,
    fail_above: Annotated[float, typer.Option(help="Exit 1 when a larger share of videos failed.")] = 0.0,
    as_json: Json = False,
) -> None:
    """Methods against real clips, in every metric. The same command again resumes; what is added costs only itself."""
    from facecues.pipelines.evaluation.command import settings_of

    settings = settings_of(
        read_yaml(config),
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
    check_share(fail_above)
    from facecues.pipelines.evaluation.command import pairing_of
    from facecues.pipelines.evaluation.present import render_evaluation
    from facecues.pipelines.evaluation.ranks import compare_ranks, load_summary
    from facecues.pipelines.evaluation.run import evaluate as run
    from facecues.pipelines.progress import ProgressDisplay

    other = load_summary(ranks_against) if ranks_against is not None else None

    def choose(found: "Index") -> "Index":
        return only_test(only_matching(found, only), split)

    pairing = pairing_of(reference, method, layout=layout, data=data, choose=choose)
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
        print_json(summary.as_json() | ({"ranks": ranks.to_dict("records")} if ranks is not None else {}))
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

    settings = settings_of(read_yaml(config), name=preset, videos=videos)
    with StepDisplay() as progress:
        summary = write(Wanted(tuple(runs), settings, reported, ("facecues", *sys.argv[1:])), out, progress)
    if as_json:
        print_json(summary.as_json())
        return
    console = Console()
    console.print(to_rich(summary.main, console.width))
    for sentence in summary.missing:
        console.print(f"not shown: {sentence}", highlight=False, markup=False)
    if summary.out is not None:
        tally = f"{len(summary.tables)} tables, {len(summary.figures)} figures, {summary.seconds:.0f} s"
        console.print(f"{summary.out / 'index.html'}  {tally}", highlight=False, markup=False, soft_wrap=True)

"""generate: speech to cues and videos, or another method's program over the clips of a store."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from facecues.cli.app import app
from facecues.cli.options import Data, Device, Json, Only, Scheduler, Workers, check_share, print_json
from facecues.config import validated
from facecues.errors import UsageError
from facecues.labels import NEUTRAL


@app.command()
def generate(
    generator: Annotated[
        str, typer.Argument(help="still, a run of `train cues`, or methods.yaml#KEY: a program that is declared there.")
    ],
    store: Annotated[Path | None, typer.Argument(help="Folder of a cue store whose clips are generated anew.")] = None,
    *,
    out: Annotated[Path, typer.Option(help="Folder of cues and videos; with --audio the mp4.")],
    split: Annotated[str | None, typer.Option(help="Its test part: official, eat, or actors with commas.")] = None,
    only: Only = None,
    actors: Annotated[str | None, typer.Option(help="Of those clips, only these actors', with commas.")] = None,
    data: Data = None,
    emotion: Annotated[str | None, typer.Option(help="To be shown, in place of each clip's own.")] = None,
    level: Annotated[int | None, typer.Option(help="Of the emotion, 1 to 3, in place of each clip's own.")] = None,
    swap_audio: Annotated[int | None, typer.Option(help="Seed; each clip gets another clip's sound.")] = None,
    reference: Annotated[
        str, typer.Option(help="neutral: a frame of another clip; first: the clip's own.")
    ] = "neutral",
    renderer: Annotated[
        str | None,
        typer.Option(help="warp, a plugin, or a run of `train keypoints`: videos as well; none: cues alone."),
    ] = None,
    size: Annotated[int, typer.Option(help="Side of the face's frames: 256 or 512 pixels.")] = 256,
    paste_back: Annotated[bool, typer.Option(help="Put the face back into the whole picture.")] = False,
    audio: Annotated[Path | None, typer.Option(help="Instead of a store: one sound …")] = None,
    portrait: Annotated[Path | None, typer.Option(help="… and one picture of a face, to one video.")] = None,
    seed: Annotated[int, typer.Option(help="Another one gives another performance.")] = 0,
    device: Device = None,
    workers: Workers = None,
    scheduler: Scheduler = None,
    fail_above: Annotated[float, typer.Option(help="Exit 1 when a larger share of clips failed.")] = 0.0,
    as_json: Json = False,
) -> None:
    """Speech to cues and videos: a store's clips, or one sound with one portrait."""
    check_share(fail_above)
    if (store is None) == (audio is None) or (audio is None) != (portrait is None):
        raise UsageError("generate takes either a STORE, or --audio and --portrait, together with GENERATOR and --out.")
    if audio is not None and portrait is not None:
        from facecues.pipelines.generation.one_off import generate_one
        from facecues.pipelines.progress import StepDisplay

        with StepDisplay() as steps:
            made = generate_one(
                generator,
                audio,
                portrait,
                emotion=emotion or NEUTRAL,
                level=1 if level is None else level,
                out=out,
                renderer=renderer or "warp",
                size=size,
                paste_back=paste_back,
                seed=seed,
                device=device or "cpu",
                progress=lambda done, total: steps("frames", done, total),
            )
        if as_json:
            print_json(asdict(made))
        else:
            rate = made.frames / made.seconds
            Console().print(f"{made.video}  {made.frames} frames, {rate:.0f} frames/s", highlight=False, soft_wrap=True)
        return
    assert store is not None
    from facecues.pipelines.generation.config import GenerateConfig
    from facecues.pipelines.generation.run import GenerateSummary
    from facecues.pipelines.generation.run import generate as run
    from facecues.pipelines.methods.config import is_declared, method_of
    from facecues.pipelines.methods.run import MethodSummary, generate_method
    from facecues.pipelines.progress import ProgressDisplay

    values = {
        "split": split,
        "actors": None if actors is None else tuple(actors.split(",")),
        "only": only,
        "data": data,
        "emotion": emotion,
        "level": level,
        "swap_audio": swap_audio,
        "reference": reference,
        "renderer": None if renderer == "none" else renderer,
        "size": size,
        "paste_back": paste_back,
        "seed": seed,
        "device": device or "cpu",
    }
    settings = validated(GenerateConfig, values)
    with ProgressDisplay() as progress:
        summary: GenerateSummary | MethodSummary
        if is_declared(generator):
            method = method_of(generator)
            summary = generate_method(
                settings, method, store, out, workers=workers, scheduler=scheduler, progress=progress
            )
        else:
            summary = run(settings, generator, store, out, workers=workers, scheduler=scheduler, progress=progress)
    if as_json:
        print_json(asdict(summary))
    else:
        Console().print(summary.table())
    if summary.interrupted:
        raise typer.Exit(130)
    if len(summary.failures) > fail_above * summary.clips:
        raise typer.Exit(1)

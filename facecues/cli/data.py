"""index, extract and synth: videos to cues."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from facecues.cli.app import app
from facecues.cli.options import (
    Json,
    Layout,
    Only,
    Root,
    Scheduler,
    Store,
    Workers,
    check_share,
    only_matching,
    print_json,
    read_yaml,
)
from facecues.config import ExtractConfig, validated

_LIMITS = ("max_pixels", "max_frames", "max_seconds", "clip_timeout_s")


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
        print_json(to_json(found, split))
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
        str | None, typer.Option(help="facemesh (default), face-landmarker, face-alignment or a plugin.")
    ] = None,
    gaze: Annotated[str | None, typer.Option(help="iris (default), l2cs or a plugin.")] = None,
    device: Annotated[str | None, typer.Option(help="cpu (default) or cuda; for the torch backends.")] = None,
    batch: Annotated[int | None, typer.Option(help="Frames per forward pass; torch backends.")] = None,
    detect_every: Annotated[int | None, typer.Option(help="Frames between detections; face-alignment.")] = None,
    config: Annotated[Path | None, typer.Option(help="YAML of these options; the command line wins.")] = None,
    max_pixels: Annotated[int | None, typer.Option(help="Refuse clips with more pixels per frame.")] = None,
    max_frames: Annotated[int | None, typer.Option(help="Refuse clips with more frames.")] = None,
    max_seconds: Annotated[float | None, typer.Option(help="Refuse longer clips.")] = None,
    clip_timeout: Annotated[float | None, typer.Option(help="Give up on a clip after this many seconds.")] = None,
    workers: Workers = None,
    scheduler: Scheduler = None,
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
    check_share(fail_above)
    from facecues.pipelines.extract import extract as run
    from facecues.pipelines.progress import ProgressDisplay
    from facecues.pipelines.summary import render_summary
    from facecues.preprocess.index import build_index

    found = only_matching(build_index(root, layout), only)
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
        print_json(asdict(summary))
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
    pictures: Annotated[str, typer.Option(help="portrait, or sketch: lines, made several times faster.")] = "portrait",
    portrait: Annotated[
        list[Path] | None, typer.Option(help="Picture of one face; several are taken in turn. Default: the astronaut.")
    ] = None,
    workers: Workers = None,
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
        "pictures": pictures,
    }
    config = validated(SynthConfig, values)
    from facecues.pipelines.progress import ProgressDisplay
    from facecues.pipelines.synth import synthesise

    with ProgressDisplay() as progress:
        summary = synthesise(root, config, portraits=portrait or (), workers=workers, progress=progress)
    if as_json:
        print_json(asdict(summary))
    else:
        Console().print(summary.table())
    if summary.interrupted:
        raise typer.Exit(130)


def _config(file: Path | None, options: dict[str, Any], limits: dict[str, Any]) -> ExtractConfig:
    """Options over the file's values over the defaults."""
    values = read_yaml(file)
    values |= {name: value for name, value in options.items() if value is not None}
    chosen = {name: value for name, value in limits.items() if value is not None}
    values["limits"] = dict(values.get("limits") or {}) | chosen
    return validated(ExtractConfig, values)

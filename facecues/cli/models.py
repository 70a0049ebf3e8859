"""train and generate: cues to generators and classifiers, and speech to cues and videos."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from facecues.cli.app import app, train_app
from facecues.cli.options import Json, Only, Scheduler, Workers, check_share, print_json, read_yaml, section
from facecues.config import validated
from facecues.errors import UsageError
from facecues.labels import NEUTRAL

Clips = Annotated[Path, typer.Argument(help="Folder of a cue store.")]
Run = Annotated[Path, typer.Option(help="Folder of the run; made when it is not there.")]
Data = Annotated[Path | None, typer.Option(help="The store's dataset; default: the folder that the store is in.")]
Config = Annotated[Path | None, typer.Option(help="YAML of the configuration; the command line wins.")]
TrainSplit = Annotated[
    str | None, typer.Option(help="Learn from the training part: official, eat, or test actors with commas.")
]
Device = Annotated[str | None, typer.Option(help="cpu (default), cuda or mps.")]


@train_app.command("cues")
def train_cues(
    store: Clips,
    *,
    out: Run,
    variant: Annotated[
        str,
        typer.Option(
            help="full; no-classifier, gaze-regression, separate-decoders, no-autoregression, no-reference; lstm, "
            "retrieval."
        ),
    ] = "full",
    config: Config = None,
    split: TrainSplit = None,
    data: Data = None,
    cache: Annotated[Path | None, typer.Option(help="Folder of audio features; default: in the store.")] = None,
    epochs: Annotated[int | None, typer.Option(help="Passes over the clips.")] = None,
    seed: Annotated[int | None, typer.Option(help="The same seed trains the same network; default 0.")] = None,
    init: Annotated[
        Path | None, typer.Option(help="A run with the same network to go on from, on these clips.")
    ] = None,
    device: Device = None,
    as_json: Json = False,
) -> None:
    """Speech and emotion to landmarks, gaze and head pose. The same command again goes on where it stopped."""
    from facecues.models.cue_generator.config import generator_config
    from facecues.pipelines.progress import StepDisplay
    from facecues.pipelines.training.cues import RETRIEVAL, TRAINABLE
    from facecues.pipelines.training.cues import train_cues as run
    from facecues.pipelines.training.material import Source

    values = read_yaml(config)
    chosen = {name: value for name, value in (("epochs", epochs), ("seed", seed)) if value is not None}
    values["train"] = section(values, "train") | chosen
    if variant not in TRAINABLE:
        raise UsageError(f"There is no variant {variant!r}; use one of {', '.join(TRAINABLE)}.")
    settings = generator_config("full" if variant == RETRIEVAL else variant, values)
    with StepDisplay() as progress:
        summary = run(
            Source(store, split, data, cache),
            out,
            settings,
            variant=variant,
            device=device or "cpu",
            init=init,
            progress=progress,
        )
    if as_json:
        print_json(asdict(summary))
    else:
        Console().print(summary.table())


@train_app.command("emotion")
def train_emotion(
    store: Clips,
    *,
    out: Run,
    config: Config = None,
    split: TrainSplit = None,
    data: Data = None,
    architecture: Annotated[str | None, typer.Option(help="Of the cue classifier: gru (default) or conv.")] = None,
    faces: Annotated[bool, typer.Option(help="Also of pictures of faces, where the store's videos are.")] = True,
    seed: Annotated[int | None, typer.Option(help="The same seed trains the same classifiers; default 0.")] = None,
    device: Device = None,
    as_json: Json = False,
) -> None:
    """Emotion classifiers of cues and of face pictures, for `evaluate --classifier`."""
    from facecues.models.emotion.config import TrainEmotionConfig
    from facecues.pipelines.progress import StepDisplay
    from facecues.pipelines.training.emotion import train_emotion as run

    values = read_yaml(config)
    values |= {name: each for name, each in (("split", split), ("seed", seed), ("device", device)) if each is not None}
    if architecture is not None:
        cues = section(values, "cues")
        values["cues"] = cues | {"network": section(cues, "network") | {"architecture": architecture}}
    if not faces:
        values["faces"] = None
    settings = validated(TrainEmotionConfig, values)
    with StepDisplay() as progress:
        summary = run(store, out, settings, data_root=data, progress=progress)
    if as_json:
        about = {name: getattr(summary, name) for name in ("out", "why_no_faces", "skipped", "seconds")}
        logs = {"cues": summary.cues, "faces": summary.faces}
        print_json(about | {name: log and log.model_dump(mode="json") for name, log in logs.items()})
    else:
        Console().print(summary.table())


@app.command()
def generate(
    generator: Annotated[str, typer.Argument(help="still, or the folder of a run of `train cues`.")],
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
        str | None, typer.Option(help="warp, or a run of `train keypoints`: videos as well; none: cues alone.")
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
    from facecues.pipelines.generation.run import generate as run
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
        summary = run(settings, generator, store, out, workers=workers, scheduler=scheduler, progress=progress)
    if as_json:
        print_json(asdict(summary))
    else:
        Console().print(summary.table())
    if summary.interrupted:
        raise typer.Exit(130)
    if len(summary.failures) > fail_above * summary.clips:
        raise typer.Exit(1)

"""train: a cue store to generators, mappers and classifiers."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from facecues.cli.app import train_app
from facecues.cli.options import Data, Device, Json, print_json, read_yaml, section
from facecues.config import validated
from facecues.errors import UsageError

Clips = Annotated[Path, typer.Argument(help="Folder of a cue store.")]
Run = Annotated[Path, typer.Option(help="Folder of the run; made when it is not there.")]
Config = Annotated[Path | None, typer.Option(help="YAML of the configuration; the command line wins.")]
TrainSplit = Annotated[
    str | None, typer.Option(help="Learn from the training part: official, eat, or test actors with commas.")
]
Cache = Annotated[Path | None, typer.Option(help="Folder of cut faces; default: in the store.")]
Epochs = Annotated[int | None, typer.Option(help="Passes over the clips.")]
Seed = Annotated[int | None, typer.Option(help="The same seed trains the same network; default 0.")]


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
    epochs: Epochs = None,
    seed: Seed = None,
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

    values = _with_train(read_yaml(config), epochs, seed)
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


@train_app.command("generator")
def train_generator(
    store: Clips,
    *,
    out: Run,
    preset: Annotated[
        str, typer.Option(help="Sizes: tiny, or those of public checkpoints: vox-256, vox-256-spade, vox-256-beta.")
    ] = "vox-256",
    config: Config = None,
    split: TrainSplit = None,
    data: Data = None,
    cache: Cache = None,
    epochs: Epochs = None,
    seed: Seed = None,
    init: Annotated[Path | None, typer.Option(help="A run, or a public checkpoint, to go on from.")] = None,
    device: Device = None,
    as_json: Json = False,
) -> None:
    """Portraits moved by keypoints (face-vid2vid), learnt from a store's videos. Resumes."""
    from facecues.models.facevid2vid.training_config import training_config
    from facecues.pipelines.progress import StepDisplay
    from facecues.pipelines.training.generator import train_generator as run
    from facecues.pipelines.training.material import Source

    settings = training_config(preset, _with_train(read_yaml(config), epochs, seed))
    source = Source(store, split, data, cache)
    with StepDisplay() as progress:
        summary = run(source, out, settings, device=device or "cpu", init=init, progress=progress)
    if as_json:
        print_json(asdict(summary))
    else:
        Console().print(summary.table())


@train_app.command("keypoints")
def train_keypoints(
    store: Clips,
    *,
    generator: Annotated[Path, typer.Option(help="A run of `train generator`, or a public checkpoint.")],
    out: Run,
    variant: Annotated[str, typer.Option(help="full; direct, no-irises, no-pose, landmarks-only.")] = "full",
    config: Config = None,
    split: TrainSplit = None,
    data: Data = None,
    cache: Cache = None,
    epochs: Epochs = None,
    seed: Seed = None,
    device: Device = None,
    as_json: Json = False,
) -> None:
    """Relocated landmarks to a generator's keypoints: a renderer for `generate`. Resumes."""
    from facecues.models.keypoint_mapper.config import mapper_config
    from facecues.pipelines.progress import StepDisplay
    from facecues.pipelines.training.keypoints import train_keypoints as run
    from facecues.pipelines.training.material import Source

    settings = mapper_config(variant, _with_train(read_yaml(config), epochs, seed))
    source = Source(store, split, data, cache)
    with StepDisplay() as progress:
        summary = run(source, generator, out, settings, variant=variant, device=device or "cpu", progress=progress)
    if as_json:
        print_json(asdict(summary))
    else:
        Console().print(summary.table())


def _with_train(values: dict[str, Any], epochs: int | None, seed: int | None) -> dict[str, Any]:
    """What the command line says of the training, over the file's."""
    chosen = {name: value for name, value in (("epochs", epochs), ("seed", seed)) if value is not None}
    return values | {"train": section(values, "train") | chosen}

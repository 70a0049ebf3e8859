"""What several commands share: their arguments, reading --config, printing."""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
import yaml

from facecues.errors import UsageError

if TYPE_CHECKING:
    from facecues.preprocess.index import Index

Root = Annotated[Path, typer.Argument(help="Folder of clips: MEAD, flat names, or any tree.")]
Store = Annotated[Path, typer.Argument(help="Folder of the cue store; made when it is not there.")]
Layout = Annotated[str | None, typer.Option(help="mead, flat, folder or a plugin; found out when not given.")]
Only = Annotated[str | None, typer.Option(help="Take only clip ids that match, e.g. 'M003/front/*'.")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object instead of tables.")]
Data = Annotated[Path | None, typer.Option(help="The store's dataset; default: the folder that the store is in.")]
Device = Annotated[str | None, typer.Option(help="cpu (default), cuda or mps.")]
Workers = Annotated[int | None, typer.Option(help="Worker processes; default: one per core.")]
Scheduler = Annotated[str | None, typer.Option(help="tcp://… of a Dask cluster to use instead.")]


def read_yaml(file: Path | None) -> dict[str, Any]:
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


def section(values: Mapping[str, Any], name: str) -> dict[str, Any]:
    """A copy of a part of a configuration, to which the command line adds; empty where it is not there."""
    part = values.get(name) or {}
    if not isinstance(part, dict):
        raise UsageError(f"--config: {name} should hold names and values, not {part!r}")
    return dict(part)


def check_share(fail_above: float) -> None:
    if not 0 <= fail_above <= 1:
        raise UsageError(f"--fail-above is a share between 0 and 1, not {fail_above:g}")


def only_matching(found: "Index", pattern: str | None) -> "Index":
    if pattern is None:
        return found
    from facecues.splits import matching

    return _some(found, matching((clip.clip_id for clip in found.clips), pattern))


def only_test(found: "Index", split: str | None) -> "Index":
    """The clips of the split's test part."""
    if split is None:
        return found
    from dataclasses import asdict

    import pandas as pd

    from facecues.splits import split_clips

    names = ("clip_id", "actor", "emotion", "level", "number")
    clips = pd.DataFrame([{name: asdict(clip)[name] for name in names} for clip in found.clips], columns=list(names))
    return _some(found, split_clips(clips, split) == "test")


def _some(found: "Index", chosen: Iterable[bool]) -> "Index":
    from dataclasses import replace

    return replace(found, clips=tuple(clip for clip, taken in zip(found.clips, chosen, strict=True) if taken))


def print_json(value: object) -> None:
    typer.echo(json.dumps(value, indent=2, default=str))


def complain(sentence: str) -> None:
    typer.echo(f"facecues: {sentence}", err=True)

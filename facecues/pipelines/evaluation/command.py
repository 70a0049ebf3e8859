"""What is typed after `facecues evaluate`, as a configuration."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from facecues.config import validated
from facecues.errors import UsageError
from facecues.metrics.instruments import GROUPS
from facecues.metrics.protocols import protocol_named
from facecues.pipelines.evaluation.config import EvaluateConfig


def settings_of(
    file: Mapping[str, Any],
    *,
    protocol: str | None,
    missing: str | None,
    crop: str | None,
    size: int | None,
    metrics: str | None,
    classifiers: Sequence[str] | None,
    floors: str | None,
    cues: Mapping[str, Any],
    device: str | None,
    seed: int | None,
) -> EvaluateConfig:
    """Options over the file's values over the defaults; None and empty options are not given.

    Args:
        file: of EvaluateConfig; `protocol` may be a name or a whole protocol.
        protocol, missing, crop, size, metrics, classifiers, floors, cues, device, seed: as typed.

    Raises:
        UsageError: something is not as expected; the first thing that is wrong.
    """
    values = dict(file)
    chosen = protocol or values.get("protocol", "facecues")
    start = protocol_named(chosen) if isinstance(chosen, str) else validated(type(protocol_named("facecues")), chosen)
    if missing is not None:
        if missing not in ("penalize", "exclude"):
            raise UsageError(f"--missing is penalize or exclude, not {missing!r}")
        start = start.with_missing("penalize" if missing == "penalize" else "exclude")
    values["protocol"] = start.with_pictures(crop, size)
    if metrics is not None:
        values["metrics"] = tuple(GROUPS) if metrics == "all" else tuple(metrics.split(","))
    if floors is not None:
        values["floors"] = () if floors == "none" else tuple(floors.split(","))
    if classifiers:
        values["classifiers"] = tuple(classifiers)
    values["cues"] = dict(values.get("cues") or {}) | {name: each for name, each in cues.items() if each is not None}
    values |= {name: each for name, each in (("device", device), ("seed", seed)) if each is not None}
    config = validated(EvaluateConfig, values)
    unknown = sorted(set(config.metrics) - GROUPS.keys())
    if unknown:
        raise UsageError(f"--metrics knows no {', '.join(unknown)}: expected all, or some of {', '.join(GROUPS)}")
    absent = [str(folder) for folder in config.classifiers if not folder.is_dir()]
    if absent:
        raise UsageError(f"--classifier {absent[0]} is no folder: name one that `facecues train emotion` wrote")
    return config


def methods_of(texts: Sequence[str]) -> dict[str, Path]:
    """NAME=FOLDER, several of them.

    Raises:
        UsageError: another form, or one name twice.
    """
    methods: dict[str, Path] = {}
    for text in texts:
        name, equals, folder = text.partition("=")
        if not (name and equals and folder):
            raise UsageError(f"--method takes NAME=FOLDER, such as mine=results/mine, not {text!r}")
        if name in methods:
            raise UsageError(f"--method {name} is given twice: each method needs a name of its own")
        methods[name] = Path(folder)
    return methods

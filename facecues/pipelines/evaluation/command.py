"""What is typed after `facecues evaluate`, as a configuration."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from facecues import plugins
from facecues.config import validated
from facecues.errors import UsageError
from facecues.metrics.instruments import DEFAULT_GROUPS, GROUPS
from facecues.metrics.protocols import protocol_named
from facecues.pipelines.evaluation.config import EvaluateConfig
from facecues.pipelines.evaluation.stores import compare_stores, is_store, store_index
from facecues.pipelines.methods.config import Declared, is_declared, method_of
from facecues.pipelines.methods.videos import pair_finished
from facecues.pipelines.pairing import Pairing, pair
from facecues.preprocess.index import Index, build_index


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
        several = {"all": tuple(GROUPS), "default": DEFAULT_GROUPS}
        values["metrics"] = tuple(one for name in metrics.split(",") for one in several.get(name, (name,)))
    if floors is not None:
        values["floors"] = () if floors == "none" else tuple(floors.split(","))
    if classifiers:
        values["classifiers"] = tuple(classifiers)
    values["cues"] = dict(values.get("cues") or {}) | {name: each for name, each in cues.items() if each is not None}
    values |= {name: each for name, each in (("device", device), ("seed", seed)) if each is not None}
    config = validated(EvaluateConfig, values)
    unknown = plugins.unknown("metrics", config.metrics)
    if unknown:
        expected = f"all, default, or some of {plugins.choices('metrics', unknown)}"
        raise UsageError(f"--metrics knows no {', '.join(unknown)}: expected {expected}")
    absent = [str(folder) for folder in config.classifiers if not folder.is_dir()]
    if absent:
        raise UsageError(f"--classifier {absent[0]} is no folder: name one that `facecues train emotion` wrote")
    return config


def pairing_of(
    reference: Path,
    methods: Sequence[str],
    *,
    layout: str | None = None,
    data: Path | None = None,
    choose: Callable[[Index], Index] = lambda index: index,
) -> Pairing:
    """Both sides of an evaluation: folders of videos, or cue stores.

    Args:
        reference: folder of the real videos, or store of the true cues.
        methods: NAME=FOLDER, several of them; a name with several stores is one method with several seeds.
        layout: of the videos' names.
        data: of cue stores, the dataset's folder, in which the sound is.
        choose: which clips of the reference count.

    Raises:
        UsageError: another form, videos on one side and cues on the other, or nothing in common.
    """
    if is_store(reference):
        if layout is not None:
            raise UsageError(f"--layout says how videos are named, and {reference} is a cue store: leave it out")
        return compare_stores(choose(store_index(reference)), stores_of(methods), data)
    if data is not None:
        raise UsageError(f"--data says where the sound of a cue store is, and {reference} is none: leave it out")
    named = methods_of(methods)
    stores = [name for name, found in named.items() if isinstance(found, Path) and is_store(found)]
    if stores:
        raise UsageError(
            f"Method {stores[0]!r}: {named[stores[0]]} is a cue store, and the reference {reference} is none: "
            "name the store of the true cues for --reference, or the folder of this method's videos."
        )
    finders = {
        name: partial(pair_finished, declared=found) if isinstance(found, Declared) else found
        for name, found in named.items()
    }
    return pair(choose(build_index(reference, layout)), finders)


def stores_of(texts: Sequence[str]) -> dict[str, tuple[Path, ...]]:
    """NAME=STORE, several of them, of which some have the same name.

    Raises:
        UsageError: another form.
    """
    stores: dict[str, tuple[Path, ...]] = {}
    for text in texts:
        for name, found in methods_of([text]).items():
            if isinstance(found, Declared):
                raise UsageError(f"{text} declares videos, and the reference is a cue store: compare cues with cues.")
            stores[name] = (*stores.get(name, ()), found)
    return stores


def methods_of(texts: Sequence[str]) -> dict[str, Path | Declared]:
    """NAME=FOLDER, NAME=methods.yaml#KEY or methods.yaml#KEY, several of them.

    Raises:
        UsageError: another form, one name twice, or a method that its file does not declare.
    """
    methods: dict[str, Path | Declared] = {}
    for text in texts:
        name, equals, folder = text.partition("=")
        if not equals and is_declared(text):
            name, folder = text.rpartition("#")[2], text
        if not (name and folder):
            raise UsageError(f"--method takes NAME=FOLDER, such as mine=results/mine, or FILE.yaml#KEY, not {text!r}")
        if name in methods:
            raise UsageError(f"--method {name} is given twice: each method needs a name of its own")
        methods[name] = method_of(folder) if is_declared(folder) else Path(folder)
    return methods

"""Where a report's numbers come from: versions, networks, configuration, command lines, statistics."""

import json
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from facecues.reports.results import Results, RunInfo

_UNITS: Final = {"actor": "over actors", "clip": "over clips"}
_METHODS: Final = {
    "t": "Student's t",
    "bootstrap": "bootstrap",
}


@dataclass(frozen=True, slots=True)
class RunView:
    """One evaluation.

    Attributes:
        name: of its folder.
        facts: what it is, and its value, in order.
        lists: title and pairs, such as packages or networks.
        folded: title and indented JSON.
    """

    name: str
    facts: tuple[tuple[str, str], ...]
    lists: tuple[tuple[str, tuple[tuple[str, str], ...]], ...]
    folded: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class ProvenanceView:
    """What the page about a report shows.

    Attributes:
        statistics: sentences.
        signatures: metric's name, title and signature.
    """

    runs: tuple[RunView, ...]
    statistics: tuple[str, ...]
    signatures: tuple[tuple[str, str, str], ...]


def results_to_provenance(results: Results) -> ProvenanceView:
    """Where everything comes from."""
    return ProvenanceView(
        runs=tuple(_run(run) for run in results.runs),
        statistics=_statistics(results),
        signatures=tuple((name, each.info.title, each.signature) for name, each in results.metrics.items()),
    )


def _run(run: RunInfo) -> RunView:
    header = run.header
    config = _mapping(header.get("config"))
    facts = [("facecues", str(header.get("facecues", "not recorded"))), ("Command line", _command(header))]
    for title, key in (
        ("Cues of faces", "watcher"),
        ("Seed", "seed"),
        ("Resamples", "resamples"),
        ("Device", "device"),
    ):
        value = header.get(key, config.get(key))
        if value is not None:
            facts.append((title, str(value)))
    reference = _mapping(header.get("reference"))
    if "clips" in reference:
        facts.append(("Clips of the reference", str(reference["clips"])))
    methods = {
        name: _method(each) for name, each in _mapping(header.get("methods")).items() if isinstance(each, Mapping)
    }
    absent = {
        name: str(each.get("sentence", each)) if isinstance(each, Mapping) else str(each)
        for name, each in _mapping(header.get("absent")).items()
    }
    lists = (
        ("Methods", methods),
        ("Networks and weights", _mapping(header.get("networks"))),
        ("What could not be had", absent),
        ("Packages", _mapping(header.get("packages"))),
    )
    return RunView(
        name=run.root.name,
        facts=tuple(facts),
        lists=tuple((title, tuple((str(k), str(v)) for k, v in pairs.items())) for title, pairs in lists if pairs),
        folded=(("Configuration", _json(config)), ("All of run.json", _json(header))),
    )


def _method(told: Mapping[str, Any]) -> str:
    """Its clips, and of how many stores its values are the mean: one for each seed."""
    stores = len(told.get("stores") or ())
    each = f"mean of {stores} stores, each of " if stores > 1 else ""
    return f"{each}{told.get('clips', '?')} clips, {len(told.get('missing') or ())} missing"


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _json(value: object) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False, default=str)


def _command(header: Mapping[str, Any]) -> str:
    return shlex.join(map(str, header.get("command") or ())) or "not recorded"


def _statistics(results: Results) -> tuple[str, ...]:
    """Sentences about intervals and tests, of what really stands in these results."""
    said = [f"{_interval(str(kind))}." for kind in results.summary["interval"].dropna().unique()]
    if not said:
        said.append("No interval could be computed.")
    if len(results.comparisons):
        said.append(
            "Differences are paired: both methods on the same clips. p comes from a randomisation of signs, and Holm's"
            " method corrects it over all pairs of methods within a metric."
        )
        compared = set(results.comparisons["metric"])
        if any(measured.of_sets for name, measured in results.metrics.items() if name in compared):
            said.append(
                "Metrics of sets have no score per clip: p comes from a paired bootstrap, both methods measured on the"
                " same draws of actors, and is never below what a randomisation of signs could give."
            )
    else:
        said.append("No two methods were compared.")
    for frame in (results.summary, results.comparisons):
        counts = frame["note"].dropna().value_counts()
        said.extend(f"{note} ({count} values)." for note, count in counts.items() if count > 1)
    return tuple(dict.fromkeys(said))


def _interval(kind: str) -> str:
    """ "ci|method:t|unit:actor|level:0.95|v:1" in words; what is not known stays as it is."""
    parts = dict(part.split(":", 1) for part in kind.split("|") if ":" in part)
    try:
        level = f"{float(parts['level']):.0%}".replace("%", " %")
        how = _METHODS.get(parts["method"], parts["method"])
        over = _UNITS.get(parts["unit"], f"over {parts['unit']}s")
    except (KeyError, ValueError):
        return f"Intervals: {kind}"
    return f"Intervals: {level}, {how}, {over} ({kind})"

"""Evaluations read from their folders and joined, for facecues.reports."""

import json
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Final

import pandas as pd

from facecues.errors import FacecuesError, UsageError
from facecues.metrics.contracts import CueTrack, MetricInfo
from facecues.metrics.floors import FLOORS, REFERENCE
from facecues.metrics.frechet import FID
from facecues.metrics.instruments import Absence
from facecues.metrics.kid import KID
from facecues.metrics.protocols import Protocol
from facecues.metrics.registry import METRICS
from facecues.metrics.scoring import Column
from facecues.metrics.statistics import holm
from facecues.metrics.summaries import COMPARISON_COLUMNS, compare, summarise
from facecues.pipelines.evaluation.memory import Memory
from facecues.pipelines.evaluation.sides import with_sides_told
from facecues.pipelines.evaluation.tables import joined
from facecues.pipelines.lockstep import TRACKS, still_track
from facecues.reasons import ScoreReason
from facecues.reports.results import Evidence, Measured, Results, RunInfo
from facecues.reports.tables.notes import LEVEL, WORDS

_TABLES: Final = ("clips", "scores", "summary", "comparisons", "emotions", "videos")
_KEYS: Final = {
    "scores": ["method", "clip_id", "metric"],
    "summary": ["method", "group", "metric"],
    "comparisons": ["metric", "first", "second"],
    "emotions": ["method", "clip_id", "classifier"],
    "videos": ["method", "clip_id"],
}
_MADE: Final = ("still", "re-encoded", "other-backend")  # of the reference's file; no files of their own
_UNKNOWN: Final = (None, None, None)
_REMEMBERED: Final = 64  # tracks, which several figures ask for


def open_runs(roots: Sequence[Path]) -> tuple[Results, Evidence]:
    """The tables of one or several evaluations against the same reference.

    One run's numbers are taken as they stand. Of several, means, intervals and comparisons of clips' scores are made
    again, of all methods together, with the draws and the seed of the first. Metrics of sets, of which no run keeps the
    draws, have comparisons between methods of one run alone, corrected over all of a metric.

    Args:
        roots: folders that `facecues evaluate` wrote.

    Raises:
        UsageError: one is no finished evaluation, or they cannot be joined: other clips, other videos of the
            reference, another protocol, one name for two methods, or one metric measured in two ways.
    """
    runs = tuple(_open(root) for root in roots)
    tables = _read(runs[0].root)
    for run in runs[1:]:
        tables = _joined(tables, _read(run.root), runs[0], run)
    columns = _columns(runs)
    if len(runs) > 1:
        tables |= _again(tables, columns, runs)
    methods = tuple(dict.fromkeys(name for run in runs for name in _order(run)))
    present = set(tables["summary"]["method"]) if len(tables["summary"]) else set()
    results = Results(
        methods=methods,
        limits=tuple(name for name in (REFERENCE, *FLOORS) if name in present),
        metrics=_measured(tables["summary"], columns, _absent(runs)),
        runs=runs,
        **tables,
    )
    return results, _Kept(runs, tables["videos"])


def _open(root: Path) -> RunInfo:
    header, lacking = root / "run.json", [name for name in _TABLES if not (root / f"{name}.parquet").is_file()]
    if not header.is_file() or lacking:
        what = f"no {lacking[0]}.parquet in it" if header.is_file() else "no run.json in it"
        raise UsageError(
            f"{root} is not a finished evaluation ({what}): run `facecues evaluate` on it, again if need be"
        )
    try:
        return RunInfo(root.resolve(), json.loads(header.read_text(encoding="utf-8")))
    except ValueError as error:
        raise UsageError(f"{header} cannot be read ({error}): run `facecues evaluate` again") from error


def _order(run: RunInfo) -> list[str]:
    """Methods as they were named on the command line."""
    return list(run.header.get("order", run.header["methods"]))


def _read(root: Path) -> dict[str, pd.DataFrame]:
    try:
        tables = {name: pd.read_parquet(root / f"{name}.parquet") for name in _TABLES}
    except (OSError, ValueError) as error:
        raise UsageError(f"the tables of {root} cannot be read ({error}): run `facecues evaluate` again") from error
    # Of one method there is nothing to compare, and runs of old say so by a table without columns.
    tables["comparisons"] = tables["comparisons"].reindex(columns=list(COMPARISON_COLUMNS))
    return tables


def _joined(
    one: Mapping[str, pd.DataFrame], other: Mapping[str, pd.DataFrame], first: RunInfo, second: RunInfo
) -> dict[str, pd.DataFrame]:
    """Tables of both. What is in both, such as the reference and floors, is taken from the first."""
    names = f"{first.root} and {second.root}"
    if set(one["clips"]["clip_id"]) != set(other["clips"]["clip_id"]):
        count = len(one["clips"]), len(other["clips"])
        raise UsageError(f"{names} are of other clips ({count[0]} and {count[1]}): only runs on the same can be joined")
    if first.header["config"]["protocol"] != second.header["config"]["protocol"]:
        raise UsageError(f"{names} follow other protocols: evaluate both in the same way")
    _check_reference(one["videos"], other["videos"], names)
    _check_names(one["videos"], other["videos"], first, second)
    out = {"clips": one["clips"]}
    for table, keys in _KEYS.items():  # of which a method with several seeds may have several rows
        known, new = (pd.MultiIndex.from_frame(side[table][keys]) for side in (one, other))
        out[table] = joined(one[table], other[table][~new.isin(known)])
    return out


def _check_reference(one: pd.DataFrame, other: pd.DataFrame, names: str) -> None:
    contents = [side[side["method"] == REFERENCE].set_index("clip_id")["content"] for side in (one, other)]
    common = contents[0].index.intersection(contents[1].index)
    differ = [clip for clip in common if contents[0][clip] != contents[1][clip]]
    if differ:
        raise UsageError(f"{names} have other reference videos: {len(differ)} differ, the first is {differ[0]!r}")


def _check_names(one: pd.DataFrame, other: pd.DataFrame, first: RunInfo, second: RunInfo) -> None:
    """A method may stand in both runs if it is the same videos."""
    for name in sorted(first.header["methods"].keys() & second.header["methods"].keys()):
        contents = [
            side[side["method"].isin([name, *_sides(run, name)])].set_index(["method", "clip_id"])["content"].to_dict()
            for side, run in ((one, first), (other, second))
        ]
        if contents[0] != contents[1]:
            raise UsageError(f"{first.root} and {second.root} both have a method {name!r}, of other videos: rename one")


def _sides(run: RunInfo, name: str) -> tuple[str, ...]:
    """What a method's stores are called in videos.parquet, one for each seed; itself where it has one."""
    stores = run.header["methods"][name].get("stores", ())
    return tuple(f"{name}@{at}" for at in range(1, len(stores) + 1)) if len(stores) > 1 else (name,)


def _new_methods(runs: Sequence[RunInfo]) -> list[list[str]]:
    """Methods of each run that no run before it has."""
    known: set[str] = set()
    out = []
    for run in runs:
        out.append([name for name in _order(run) if name not in known])
        known.update(out[-1])
    return out


def _columns(runs: Sequence[RunInfo]) -> dict[str, Column]:
    """Of all runs; refuses a metric that was measured in two ways."""
    columns: dict[str, Column] = {}
    owner: dict[str, Path] = {}
    for run in runs:
        for name, told in run.header["columns"].items():
            absent = told["absent"] and Absence(ScoreReason(told["absent"]["reason"]), told["absent"]["sentence"])
            column = Column(MetricInfo(**told["info"]), told["signature"], told["pairs"], absent)
            known = columns.setdefault(name, column)
            if known.signature != column.signature and known.absent is None and column.absent is None:
                raise UsageError(
                    f"{name} was measured in two ways, which share no column: "
                    f"{known.signature} in {owner[name]}, {column.signature} in {run.root}"
                )
            if known.absent is not None and column.absent is None:
                columns[name] = column
            owner.setdefault(name, run.root)
    return columns


def _again(
    tables: Mapping[str, pd.DataFrame], columns: Mapping[str, Column], runs: Sequence[RunInfo]
) -> dict[str, pd.DataFrame]:
    """Summary and comparisons of all methods together."""
    config = runs[0].header["config"]
    draws = {"resamples": config["resamples"], "seed": config["seed"]}
    protocol = Protocol.model_validate(config["protocol"])
    old = tables["summary"]
    sets = old[~old["metric"].isin(list(columns))]
    made = summarise(tables["scores"], columns, tables["clips"], protocol=protocol, **draws)
    for run, names in zip(runs, _new_methods(runs), strict=True):
        made = with_sides_told(made, {name: _sides(run, name) for name in names})
    summary = joined(made, sets).sort_values(["group", "metric", "method"], kind="stable", ignore_index=True)
    compared = compare(tables["scores"], columns, tables["clips"], **draws)
    pairs = tables["comparisons"]
    return {
        "summary": summary,
        "comparisons": joined(compared, _corrected(pairs[~pairs["metric"].isin(list(columns))])),
    }


def _corrected(pairs: pd.DataFrame) -> pd.DataFrame:
    """Comparisons of several runs, of which a metric's are one family: more of them make no p smaller."""
    parts = []
    for _, family in pairs.groupby("metric"):
        p = pd.Series(holm([None if pd.isna(p) else p for p in family["p"]]), family.index, dtype="float64")
        parts.append(family.assign(p_holm=p, winner=family["winner"].where(p <= LEVEL, None)))
    return pd.concat(parts, ignore_index=True) if parts else pairs


def _measured(summary: pd.DataFrame, columns: Mapping[str, Column], absent: Mapping[str, str]) -> dict[str, Measured]:
    """All metrics in the order of the registry; a set metric's name and unit come from its rows."""
    found = {
        name: Measured(column.info, column.signature, False, None if column.absent is None else column.absent.sentence)
        for name, column in columns.items()
    }
    if "inception" in absent:
        found |= {info.name: Measured(info, "", True, absent["inception"]) for info in (FID, KID)}
    for name, rows in summary[~summary["metric"].isin(list(columns))].groupby("metric") if len(summary) else ():
        row = rows.iloc[0]
        better = None if pd.isna(row["better"]) else row["better"]
        known = METRICS.get(str(name)) or METRICS.get(_family(str(name)))
        info = MetricInfo(
            str(name), known.title if known else str(name), better, row["unit"], None if known is None else known.ideal
        )
        found[str(name)] = Measured(info, row["signature"], True, _why_absent(rows))
    order = {name: at for at, name in enumerate(METRICS)}
    return dict(sorted(found.items(), key=lambda item: (order.get(item[0], order.get(_family(item[0]), 999)), item[0])))


def _why_absent(rows: pd.DataFrame) -> str | None:
    """Of a metric of sets, why no method has a value; None where one has."""
    if rows["value"].notna().any():
        return None
    told = [*rows["note"].dropna(), *(WORDS.get(each, each) for each in rows["reason"].dropna())]
    return str(told[0]) if told else "it has no value, and nothing says why"


def _absent(runs: Sequence[RunInfo]) -> dict[str, str]:
    """Instruments that no run had, and why."""
    told = [{name: each["sentence"] for name, each in run.header["absent"].items()} for run in runs]
    return {name: sentence for name, sentence in told[0].items() if all(name in each for each in told)}


def _family(name: str) -> str:
    """The registry's name of a metric that adds to it what it was made with: a classifier, or an eye."""
    head = name.rsplit("-", 1)[0]
    return head if head in METRICS else name.replace("-L-", "-").replace("-R-", "-")


class _Kept:
    """Evidence from the memories of runs."""

    def __init__(self, runs: Sequence[RunInfo], videos: pd.DataFrame) -> None:
        usable = videos[videos["status"] != "failed"]
        keys = zip(usable["method"], usable["clip_id"], strict=True)
        files = usable.reindex(columns=["content", "video", "sound"])  # older runs do not say where the sound is
        self._videos = dict(zip(keys, files.itertuples(index=False, name=None), strict=True))
        self._memories = [(Memory(run.root / "features"), run.header.get("cues", "")) for run in runs]
        self.track = lru_cache(_REMEMBERED)(self._track)

    def _track(self, method: str, clip_id: str) -> CueTrack | None:
        if method == "still":
            real = self._track(REFERENCE, clip_id)
            return real and still_track(real)
        content, _, _ = self._videos.get((method, clip_id), _UNKNOWN)
        if content is None or method == "other-backend":  # whose content is the reference's
            return None
        for memory, signature in self._memories:
            if memory.has("cues", content, signature):
                try:
                    kept = memory.load("cues", content, signature)
                except FacecuesError:
                    continue
                return CueTrack(**{name: kept[name] for name in TRACKS})
        return None

    def video(self, method: str, clip_id: str) -> Path | None:
        """As Evidence has it: only of what is a file itself."""
        _, video, _ = self._videos.get((method, clip_id), _UNKNOWN)
        return None if method in _MADE else _file(video)

    def sound(self, method: str, clip_id: str) -> Path | None:
        """As Evidence has it."""
        _, _, sound = self._videos.get((method, clip_id), _UNKNOWN)
        return _file(sound)


def _file(path: str | None) -> Path | None:
    return Path(path) if path is not None and not pd.isna(path) and Path(path).is_file() else None

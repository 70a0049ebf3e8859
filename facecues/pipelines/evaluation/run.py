"""`facecues evaluate`: watch what has not been watched, score every clip, and write the tables' sources.

RUN/run.json             what was compared, how, with which versions and weights, and what could not be measured
RUN/clips.parquet        the clips of the reference: actor, emotion, level
RUN/scores.parquet       a row per method, clip and metric
RUN/summary.parquet      means, intervals, coverage per method and metric, over all clips, emotions and actors
RUN/comparisons.parquet  every pair of methods in every column
RUN/emotions.parquet     what each classifier sees in each video
RUN/videos.parquet       how each video ended
RUN/features/            what is kept of videos; see facecues.pipelines.evaluation.memory
"""

import json
import os
import platform
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import pandas as pd
from distributed import Client, KilledWorker

from facecues import __version__
from facecues.errors import ClipError, FacecuesError, UsageError
from facecues.metrics.summaries import compare, compare_sets, summarise
from facecues.needs import PACKAGES
from facecues.pipelines.atomic import leftovers, replace_text, replacing, writing
from facecues.pipelines.cluster import connect
from facecues.pipelines.evaluation.config import EvaluateConfig
from facecues.pipelines.evaluation.jobs import ClipJob, make_jobs
from facecues.pipelines.evaluation.set_values import EMOTION_COLUMNS, SetsJob, SetsOfMethod, perform_sets, set_jobs
from facecues.pipelines.evaluation.sides import mean_over_sides, with_methods, with_sides_told
from facecues.pipelines.evaluation.stores import store_signature
from facecues.pipelines.evaluation.tables import (
    clips_table,
    complete_scores,
    joined,
    unparsed_rows,
    videos_table,
    with_sets,
)
from facecues.pipelines.evaluation.work import (
    ClipHung,
    ClipResult,
    Identity,
    Workplace,
    failed_job,
    identify,
    perform,
)
from facecues.pipelines.events import Event
from facecues.pipelines.interrupt import interruptible
from facecues.pipelines.pairing import Pairing, Stores
from facecues.pipelines.rows import Row
from facecues.pipelines.runner import Outcome, Runner, WorkerDied
from facecues.reasons import ClipReason

_FORMAT = 1  # of the run's folder
_HEADER = "run.json"
_TOLD = (
    "root",
    "clips",
    "methods",
    "missing",
    "extra",
    "failed",
    "absent",
    "seconds",
    "interrupted",
    "videos",
    "plugins",
    "faults",
)


@dataclass(frozen=True, slots=True)
class EvaluateSummary:
    """How a run ended.

    Attributes:
        root: its folder, absolute.
        clips: of the reference, those that methods are held against.
        methods: the users' own.
        missing, extra: clips per method that it lacks, and that the reference lacks.
        failed: videos that could not be used: method, clip, message.
        absent: why columns are empty, by instrument.
        table: summary.parquet, empty after an interruption.
        comparisons: comparisons.parquet.
        seconds: wall time.
        interrupted: by Ctrl-C or SIGTERM; the same command goes on.
        videos: how many were looked at, floors included.
        plugins: metrics that other distributions brought, and which.
        faults: metrics that failed, on how many clips, and how.
    """

    root: Path
    clips: int
    methods: tuple[str, ...]
    missing: Mapping[str, int] = field(default_factory=dict)
    extra: Mapping[str, int] = field(default_factory=dict)
    failed: tuple[tuple[str, str, str], ...] = ()
    absent: Mapping[str, str] = field(default_factory=dict)
    table: pd.DataFrame = field(default_factory=pd.DataFrame)
    comparisons: pd.DataFrame = field(default_factory=pd.DataFrame)
    seconds: float = 0.0
    interrupted: bool = False
    videos: int = 0
    plugins: Mapping[str, str] = field(default_factory=dict)
    faults: Mapping[str, str] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """What a program wants to know: values over all clips, and what stands beside them."""
        about = {name: getattr(self, name) for name in _TOLD}
        chosen = self.table[self.table["group"] == "all"] if len(self.table) else self.table
        return about | {"values": json.loads(chosen.to_json(orient="records"))}


def evaluate(
    pairing: Pairing,
    run: Path,
    config: EvaluateConfig,
    *,
    workers: int | None = None,
    scheduler: str | None = None,
    progress: Callable[[Event], None] | None = None,
    command: Sequence[str] = (),
) -> EvaluateSummary:
    """Compares methods with real videos.

    The same command goes on after an interruption of any kind; another method, clip or metric costs just what it adds.

    Args:
        pairing: which video belongs to which.
        run: folder of the run, made if need be.
        config: how to measure.
        workers: processes on this machine; None: one for each core.
        scheduler: address of a Dask cluster instead, whose workers see the same paths.
        progress: called in this thread as clips end.
        command: as typed, for whoever reads the run's header.

    Raises:
        UsageError: nothing can be compared, or the folder holds something else; nothing was touched.
        StoreError: the folder cannot be written; what is finished is kept.
        FacecuesError: what reads the cues cannot be had, or the cluster is gone.
    """
    started = time.monotonic()
    root = Path(os.path.abspath(run))
    jobs = make_jobs(pairing, config.made if pairing.stores is None else config.made_of_cues)
    _inspect(root)
    methods, sides = tuple(pairing.sides), pairing.sides
    pairs = {name: pairing.methods[several[0]] for name, several in sides.items()}
    told = EvaluateSummary(
        root,
        len(jobs),
        methods,
        missing={name: len(each.missing) for name, each in pairs.items()},
        extra={name: len(each.extra) for name, each in pairs.items()},
        interrupted=True,
    )
    with suppress(KeyboardInterrupt), interruptible():
        with connect(workers, scheduler) as client:
            identity = _identify(client, config, pairing.stores)
            if identity.no_other_backend is not None:
                jobs = [job.without("other-backend") for job in jobs]
            workplace = _open(root, config, identity, pairing.stores)
            results = _perform(client, workplace, jobs, progress)
            videos = [row for job in jobs for row in results[job.clip_id].videos]
            sets = _perform_sets(client, workplace, identity, set_jobs(jobs, videos, sides))
        videos += unparsed_rows(pairing.unparsed)
        rows = [row for job in jobs for row in results[job.clip_id].scores]
        scores = mean_over_sides(complete_scores(rows, identity.columns, jobs, tuple(pairing.methods)), sides)
        values = {method: found.values for method, found in sets.items()}
        clips, draws = clips_table(jobs), {"resamples": config.resamples, "seed": config.seed}
        table = with_sets(summarise(scores, identity.columns, clips, protocol=config.protocol, **draws), values)
        table = with_sides_told(table, sides)
        comparisons = joined(compare(scores, identity.columns, clips, **draws), compare_sets(values, seed=config.seed))
        seen = [row for found in sets.values() for row in found.emotions]
        tables = {
            "clips": clips,
            "scores": scores,
            "summary": table,
            "comparisons": comparisons,
            "emotions": pd.DataFrame(seen, columns=EMOTION_COLUMNS),
            "videos": videos_table(with_methods(videos, sides)),
        }
        _write(root, tables)
        faults = _faults(rows)
        _write_header(root, pairing, config, identity, {"command": list(command), "faults": faults})
        told = replace(
            told,
            interrupted=False,
            failed=tuple(
                (row["method"], row["clip_id"], row["message"]) for row in videos if row["status"] == "failed"
            ),
            absent={name: each.sentence for name, each in identity.absent.items()}
            | ({"other-backend": identity.no_other_backend} if identity.no_other_backend else {}),
            table=table,
            comparisons=comparisons,
            videos=len(videos),
            faults=faults,
            plugins={name: column.plugin for name, column in identity.columns.items() if column.plugin is not None},
        )
    return replace(told, seconds=time.monotonic() - started)


def _inspect(root: Path) -> None:
    if not root.exists():
        return
    if not root.is_dir() or (
        any(root.iterdir()) and not (root / _HEADER).is_file() and not (root / "features").is_dir()
    ):
        raise UsageError(f"{root} is neither empty nor an evaluation: name another folder for --out.")


def _identify(client: Client, config: EvaluateConfig, stores: Stores | None) -> Identity:
    """Loads everything in a worker, where alone devices and weights have to be."""
    try:
        identity: Identity = client.submit(identify, config, stores, pure=False).result()
    except KilledWorker as error:
        raise FacecuesError("Loading the metrics ends the worker process each time: is memory short?") from error
    return identity


def _open(root: Path, config: EvaluateConfig, identity: Identity, stores: Stores | None) -> Workplace:
    features, staging = root / "features", root / "features" / ".staging"
    with writing(root):
        staging.mkdir(parents=True, exist_ok=True)
        for marker in staging.glob("*.hung"):  # whatever hung in an earlier run is tried again
            marker.unlink(missing_ok=True)
        for left in leftovers(features):  # of processes that were killed while they wrote
            left.unlink(missing_ok=True)
    stored = "" if stores is None else stores.signature
    return Workplace(features, staging, config, identity.absent, identity.no_other_backend, stored)


def _perform(
    client: Client, workplace: Workplace, jobs: Sequence[ClipJob], progress: Callable[[Event], None] | None
) -> dict[str, ClipResult]:
    """All clips' results, by clip id."""
    runner = Runner[ClipJob, ClipResult](client, partial(perform, workplace))
    runner.add(jobs)
    results: dict[str, ClipResult] = {}
    outstanding = {job.clip_id: 1 for job in jobs}
    started, ended, failed, frames = time.monotonic(), 0, 0, 0
    for outcome in runner:
        job = outcome.job
        split = _split(outcome)
        runner.add(split, urgent=True)
        outstanding[job.clip_id] += len(split) - 1
        if not split:
            result = _result(outcome)
            results[job.clip_id] = _joined(results.get(job.clip_id), result)
            failed += sum(row["status"] == "failed" for row in result.videos)
            frames += sum(row.get("frames") or 0 for row in result.videos)
        if not outstanding[job.clip_id]:
            ended += 1
        if progress is not None:
            progress(Event(len(jobs), 0, ended, failed, frames, time.monotonic() - started))
    return results


def _perform_sets(
    client: Client, workplace: Workplace, identity: Identity, wanted: Sequence[SetsJob]
) -> dict[str, SetsOfMethod]:
    """Metrics of whole sets, by method."""
    runner = Runner[SetsJob, SetsOfMethod](client, partial(perform_sets, workplace, identity))
    runner.add(wanted)
    found = {}
    for outcome in runner:
        if outcome.error is not None:
            raise outcome.error
        assert outcome.result is not None
        found[outcome.job.method] = outcome.result
    return {job.method: found[job.method] for job in wanted}


def _split(outcome: Outcome[ClipJob, ClipResult]) -> list[ClipJob]:
    """A job that ended its worker, or hung, once more for each of its videos: so only the bad one is lost."""
    hopeless = isinstance(outcome.error, WorkerDied | ClipHung)
    return (
        [outcome.job.alone(video) for video in outcome.job.videos] if hopeless and len(outcome.job.videos) > 1 else []
    )


def _result(outcome: Outcome[ClipJob, ClipResult]) -> ClipResult:
    if isinstance(outcome.error, WorkerDied):
        message = "its worker process ended each time, at last with no other video beside it"
        return failed_job(outcome.job, ClipError(ClipReason.WORKER_DIED, message))
    if outcome.error is not None:
        raise outcome.error
    assert outcome.result is not None
    return outcome.result


def _joined(one: ClipResult | None, other: ClipResult) -> ClipResult:
    """Of a clip that was split; what concerns the reference is in each part."""
    if one is None:
        return other
    return ClipResult(_unique(one.scores + other.scores), _unique(one.videos + other.videos))


def _unique(rows: Iterable[Row]) -> list[Row]:
    return list({(row["method"], row["clip_id"], row.get("metric")): row for row in rows}.values())


def _write(root: Path, tables: Mapping[str, pd.DataFrame]) -> None:
    for name, frame in tables.items():
        path = root / f"{name}.parquet"
        with replacing(path) as temporary, writing(path):
            frame.to_parquet(temporary, index=False, compression="zstd")


def _faults(rows: Iterable[Row]) -> dict[str, str]:
    """Metrics that failed: on how many clips, and how at first."""
    clips: dict[str, dict[str, str]] = {}
    for row in rows:
        if row["fault"] is not None:
            clips.setdefault(row["metric"], {}).setdefault(row["clip_id"], row["fault"])
    return {
        metric: f"failed on {len(told)} clip{'s' if len(told) > 1 else ''}: {next(iter(told.values()))}"
        for metric, told in clips.items()
    }


def _write_header(
    root: Path, pairing: Pairing, config: EvaluateConfig, identity: Identity, told: Mapping[str, Any]
) -> None:
    header: dict[str, Any] = {
        "format": _FORMAT,
        "facecues": __version__,
        "packages": _packages(),
        "config": config.model_dump(mode="json"),
        "reference": {
            "root": str(pairing.reference.root),
            "clips": len(pairing.reference.clips),
            "layout": pairing.reference.layout,
        },
        "order": list(pairing.sides),
        "methods": {name: _method(pairing, several) for name, several in pairing.sides.items()},
        "watcher": identity.watcher,
        "cues": identity.cues,
        "networks": dict(identity.networks),
        "columns": {name: asdict(column) for name, column in identity.columns.items()},
        "absent": {name: asdict(each) for name, each in identity.absent.items()},
        "no_other_backend": identity.no_other_backend,
        **told,
    }
    replace_text(root / _HEADER, json.dumps(header, indent=1, ensure_ascii=False, sort_keys=True) + "\n")


def _method(pairing: Pairing, sides: Sequence[str]) -> dict[str, Any]:
    """What run.json says of a method; where it has a store for each seed, also of how many its values are the mean."""
    pairs = pairing.methods[sides[0]]
    told = {
        "root": str(pairs.index.root),
        "clips": len(pairs.paired),
        "missing": list(pairs.missing),
        "extra": [clip.clip_id for clip in pairs.extra],
    }
    if pairing.stores is None:
        return told
    roots = [pairing.methods[side].index.root for side in sides]
    return told | {"stores": list(map(str, roots)), "signatures": list(map(store_signature, roots))}


def _packages() -> dict[str, str]:
    """Versions of what is installed of all that can change a number."""
    found = {"python": platform.python_version()}
    for package in PACKAGES:
        for name in (package.distribution, *package.others):
            with suppress(PackageNotFoundError):
                found[name] = version(name)
    return dict(sorted(found.items()))

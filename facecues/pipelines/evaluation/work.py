"""What runs in a worker process: one clip's videos watched, and scored."""

import threading
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from facecues.errors import ClipError, FacecuesError, sentence_of
from facecues.metrics.contracts import Score
from facecues.metrics.floors import REFERENCE
from facecues.metrics.instruments import NO_PICTURES, Absence, Instruments, build_instruments
from facecues.metrics.scoring import (
    SOUNDS,
    Column,
    Rules,
    alone_scores,
    failed_score,
    gap_scores,
    make_columns,
    pair_scores,
)
from facecues.pipelines.evaluation.config import EvaluateConfig
from facecues.pipelines.evaluation.jobs import ClipJob
from facecues.pipelines.evaluation.kept import Tools, Watching, load_account, load_seen, load_values
from facecues.pipelines.evaluation.memory import Memory
from facecues.pipelines.evaluation.stores import read_clip
from facecues.pipelines.evaluation.watching import watch_clip
from facecues.pipelines.pairing import Stores
from facecues.pipelines.rows import Row
from facecues.pipelines.watchdog import has_fired, watchdog
from facecues.pipelines.work import GRACE, GRACE_S, job_marker
from facecues.preprocess.pictures import same_proportions
from facecues.preprocess.watch import build_watcher
from facecues.reasons import ClipReason, ScoreReason

_NO_SOUND = Absence(
    ScoreReason.NO_AUDIO, "the sound is not beside the reference's store: name the dataset's folder with --data"
)
_ONE_CLIP = threading.Lock()  # the watchdog and the networks serve one clip at a time


@dataclass(frozen=True, slots=True)
class Workplace:
    """What all jobs of a run have in common. Paths are absolute, the same on every worker.

    Attributes:
        features: folder of the memory.
        staging: folder for marks of clips that hang.
        config: of the run.
        absent: instruments that are not to be had, so that nobody looks for them again.
        no_other_backend: why the floor `other-backend` cannot be; None where it can, or is not asked for.
        stored: signature of the reference's cues where they come from a store; empty where videos are watched.
    """

    features: Path
    staging: Path
    config: EvaluateConfig
    absent: Mapping[str, Absence]
    no_other_backend: str | None = None
    stored: str = ""


@dataclass(frozen=True, slots=True)
class Identity:
    """Who measures: what a run's columns and header say about it."""

    columns: Mapping[str, Column]
    networks: Mapping[str, str]  # signature by name
    classes: Mapping[str, tuple[str, ...]]  # of the emotion classifiers
    seen: Mapping[str, str]  # signature of what each of them is shown
    absent: Mapping[str, Absence]
    no_other_backend: str | None
    watcher: str
    cues: str  # signature of what reads them


@dataclass(frozen=True, slots=True)
class ClipResult:
    """How a job ended.

    Attributes:
        scores: rows of scores.parquet without the signature, and with the fault of a metric that failed.
        videos: rows of videos.parquet.
    """

    scores: list[Row]
    videos: list[Row]


def identify(config: EvaluateConfig, stores: Stores | None = None) -> Identity:
    """Loads everything, as each worker will, and says what there is.

    Args:
        config: of the run.
        stores: where cue stores are compared; nothing is loaded then but what looks at cues.

    Raises:
        FacecuesError: what reads the cues cannot be had.
    """
    instruments = _instruments(config, seen=stores is None)
    absent, no_other = dict(instruments.absent), None
    if stores is None:
        watcher = build_watcher(config.cues, config.protocol.pictures)
        cues, watching = watcher.cue_signature, watcher.signature
        no_other = _no_other_backend(config)
    else:
        cues = watching = stores.signature
        absent |= {str(floor): NO_PICTURES for floor in config.floors if floor not in config.made_of_cues}
        if stores.data is None:
            absent[SOUNDS] = _NO_SOUND
    rules = _rules(config, instruments)
    networks = {name: network.signature for name, network in instruments.networks.items()}
    of_cues = {name: network.signature for name, network in instruments.cue_networks.items()}
    signatures = {name: each.signature for name, each in instruments.pictures.items()} | networks
    columns = make_columns(rules, cues, signatures, absent, of_cues)
    shown = dict.fromkeys(networks, f"pic:{config.protocol.pictures.signature}")
    shown |= dict.fromkeys(of_cues, f"by:{cues.replace('|', ',')}")
    return Identity(columns, networks | of_cues, rules.classes, shown, absent, no_other, watching, cues)


def _no_other_backend(config: EvaluateConfig) -> str | None:
    if "other-backend" not in config.floors:
        return None
    try:
        build_watcher(config.other_backend, config.protocol.pictures)
    except FacecuesError as error:
        return str(error)
    return None


def perform(workplace: Workplace, job: ClipJob) -> ClipResult:
    """Watches what has not been watched of a clip, and scores all of it.

    Raises:
        StoreError: the run's folder cannot be written.
        FacecuesError: what reads the cues cannot be had here.
    """
    tools = tools_of(workplace)
    if job.reference is None:
        return _without_reference(job)
    with _ONE_CLIP:
        limit_s = workplace.config.cues.limits.clip_timeout_s
        names = "+".join(video.method for video in job.videos)
        marker = job_marker(workplace.staging, f"{job.clip_id} {names}")
        if has_fired(marker):
            if len(job.videos) > 1:
                raise ClipHung(job.clip_id)
            failure = ClipError(ClipReason.TIMEOUT, f"no end and no sign of life in {limit_s:g} s")
            return failed_job(job, failure)
        with watchdog(marker, limit_s * (len(job.videos) + 1) * (1 + GRACE) + GRACE_S):
            try:
                sides = read_clip(job, tools) if workplace.stored else watch_clip(job, tools)
                return _score(job, sides, tools, workplace.config)
            except FacecuesError:
                raise
            except Exception as error:  # noqa: BLE001 - the isolation boundary: one clip's fault stays its own
                return failed_job(job, ClipError(ClipReason.INTERNAL_ERROR, sentence_of(error)))


class ClipHung(FacecuesError):
    """A clip with several videos did not end: which of them it was is found out one by one."""


def failed_job(job: ClipJob, error: ClipError) -> ClipResult:
    """Every video of a job without a score; the reference's fault where there is no other."""
    assert job.reference is not None
    lost = job.videos or (job.reference,)
    videos = [_video_row(job, Watching(video, error=error), {}) for video in lost]
    scores = [_missing(video.method, job, ScoreReason.VIDEO_FAILED) for video in lost]
    return ClipResult(scores + _problems(job), videos + _unfit(job))


@lru_cache(maxsize=1)
def _loaded(
    config: EvaluateConfig, absent: tuple[tuple[str, Absence], ...], with_other: bool, seen: bool
) -> tuple[Any, ...]:
    """Networks load once per worker."""
    instruments = _instruments(config, dict(absent), seen=seen)
    other = build_watcher(config.other_backend, config.protocol.pictures) if with_other else None
    return build_watcher(config.cues, config.protocol.pictures) if seen else None, other, instruments


def tools_of(workplace: Workplace) -> Tools:
    """What this process watches with."""
    seen = not workplace.stored
    with_other = seen and "other-backend" in workplace.config.floors and workplace.no_other_backend is None
    watcher, other, instruments = _loaded(workplace.config, tuple(workplace.absent.items()), with_other, seen)
    return Tools(watcher, other, instruments, Memory(workplace.features), workplace.stored)


def _instruments(
    config: EvaluateConfig, absent: Mapping[str, Absence] | None = None, *, seen: bool = True
) -> Instruments:
    """`seen`: whether there are pictures."""
    classifiers = tuple(map(str, config.classifiers))
    return build_instruments(config.protocol, config.metrics, classifiers, device=config.device, skip=absent, seen=seen)


def _rules(config: EvaluateConfig, instruments: Instruments) -> Rules:
    return Rules(config.protocol, instruments.classes, instruments.cue_metrics, instruments.added)


def _score(job: ClipJob, sides: Mapping[str, Watching], tools: Tools, config: EvaluateConfig) -> ClipResult:
    reference = sides[REFERENCE]
    if reference.error is not None:
        failed = [_missing(name, job, ScoreReason.VIDEO_FAILED) for name in sides]
        return ClipResult(failed + _problems(job), [_video_row(job, side, {}) for side in sides.values()] + _unfit(job))
    rules = _rules(config, tools.instruments)
    real = load_seen(reference, reference, tools)
    expected = len(real.track)
    videos = [_video_row(job, side, _account(side, expected, tools)) for side in sides.values()] + _unfit(job)
    own = alone_scores(real, job.emotion, rules, expected)
    rows = [_row(REFERENCE, job, metric, score) for metric, score in own.items()]
    still = sides.get("still")
    held = load_values(still, reference, tools) if still is not None and still.error is None else {}
    for name, side in sides.items():
        if side is reference:
            continue
        if side.error is not None:
            rows.append(_missing(name, job, ScoreReason.VIDEO_FAILED))
            continue
        seen = load_seen(side, reference, tools)
        values = load_values(side, reference, tools)
        alone = {} if side.video.kind == "other-backend" else alone_scores(seen, job.emotion, rules, expected)
        scores = alone | pair_scores(seen, real, values, held, rules) | gap_scores(alone, own)
        if side.video.kind != "other-backend":
            scores |= {metric: failed_score(fault) for metric, fault in reference.faults.items()}
        if values and not _alike(side, reference, tools, config):
            lost = Score(None, 0, 0.0, ScoreReason.SIZE_MISMATCH)
            scores |= dict.fromkeys(values, lost)
        rows += [_row(name, job, metric, score) for metric, score in scores.items()]
    return ClipResult(rows + _problems(job), videos)


def _account(side: Watching, expected: int, tools: Tools) -> dict[str, Any]:
    """What is known of a video's file, and how many of its instants come after the reference's last."""
    account = load_account(side, tools) if side.error is None else {}
    return account | {"beyond": max(0, account["instants"] - expected)} if account else {}


def _size(side: Watching, tools: Tools) -> tuple[int, int]:
    account = load_account(side, tools)
    return account["width"], account["height"]


def _alike(side: Watching, reference: Watching, tools: Tools, config: EvaluateConfig) -> bool:
    """Whether whole frames show the same region."""
    if config.protocol.pictures.crop != "frame" or side.video.kind in ("still", "re-encoded"):
        return True
    return same_proportions(_size(side, tools), _size(reference, tools))


def _row(method: str, job: ClipJob, metric: str, score: Score) -> Row:
    reason = None if score.reason is None else str(score.reason)
    return {"method": method, "clip_id": job.clip_id, "metric": metric, **(asdict(score) | {"reason": reason})}


def _missing(method: str, job: ClipJob, reason: ScoreReason) -> Row:
    """Stands for all metrics of a method at once; spread over the columns by the run."""
    return _row(method, job, "*", Score(None, 0, 0.0, reason))


def _problems(job: ClipJob) -> list[Row]:
    """Videos that the index found unfit."""
    return [_missing(name, job, ScoreReason.VIDEO_FAILED) for name in job.problems]


def _unfit(job: ClipJob) -> list[Row]:
    """The same as rows of videos.parquet."""
    return [
        Row(method=name, clip_id=job.clip_id, status="failed", reason=str(error.reason), message=error.message)
        for name, error in job.problems.items()
    ]


def _without_reference(job: ClipJob) -> ClipResult:
    lost = [_missing(video.method, job, ScoreReason.VIDEO_FAILED) for video in job.videos]
    return ClipResult(lost + _problems(job), _unfit(job))


def _video_row(job: ClipJob, side: Watching, account: Mapping[str, Any]) -> Row:
    error = side.error
    video = side.video
    beside = next((str(path) for path in video.sounds if path != video.path and path.exists()), None)
    path = str(video.path) if video.stored is None else None  # to whoever reads the table, cues have no video
    row = Row(method=video.method, clip_id=job.clip_id, video=path, sound=beside, content=side.content)
    if error is not None:
        return row | {"status": "failed", "reason": str(error.reason), "message": error.message}
    return row | {"status": "ok"} | {key: value for key, value in account.items() if key != "first_s"}

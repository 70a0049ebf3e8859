"""Watches a clip's videos once, side by side, and keeps what all metrics need of them."""

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from facecues.errors import ClipError, sentence_of
from facecues.metrics.contracts import Batch
from facecues.metrics.floors import REFERENCE
from facecues.metrics.pictures import compare_batches
from facecues.models.media import write_video
from facecues.pipelines.evaluation.jobs import ClipJob, Video
from facecues.pipelines.evaluation.kept import (
    Tools,
    Watching,
    keep,
    keep_cues,
    lacking_metrics,
    lacking_networks,
    lacks_cues,
    listen,
)
from facecues.pipelines.lockstep import Lockstep, Round, Still, View
from facecues.preprocess.decode import Decoder
from facecues.preprocess.video import Frame
from facecues.preprocess.watch import Watched, Watcher, content_hash

_CRF = 23  # of the floor `re-encoded`


def watch_clip(job: ClipJob, tools: Tools) -> dict[str, Watching]:
    """Sees to it that the memory holds everything of a clip's videos; what it holds already is not watched again.

    Returns:
        By method, the reference among them. A failed one has its error.
    """
    assert job.reference is not None
    sides = {video.method: Watching(video) for video in (job.reference, *job.videos)}
    hashes: dict[Path, str] = {}
    for side in sides.values():
        try:
            side.content = _content(side.video, hashes)
        except ClipError as error:
            side.error = error
    reference = sides[REFERENCE]
    if reference.error is None:
        try:
            _watch(reference, [side for name, side in sides.items() if name != REFERENCE], tools)
        except ClipError as error:
            reference.error = error
    for side in sides.values():
        if side.error is None:
            listen(side, reference, tools)
    return sides


def _content(video: Video, hashes: dict[Path, str]) -> str:
    own = _hash(video.path, hashes)
    return own if video.kind in ("file", "other-backend") else f"{video.kind}@{_CRF}:{own}"


def _hash(path: Path, hashes: dict[Path, str]) -> str:
    if path not in hashes:
        hashes[path] = content_hash(path)
    return hashes[path]


def _watch(reference: Watching, methods: Sequence[Watching], tools: Tools) -> None:
    """Watches what the memory lacks. Raises ClipError when the reference fails."""
    for side in methods:
        if side.error is None and side.video.kind == "other-backend" and lacks_cues(side, tools):
            assert tools.other is not None
            _watch_alone(side, tools.other, tools)
    for side in (reference, *methods):
        side.rows = {name: [] for name in lacking_networks(side, reference, tools)}
        side.values = {} if side is reference else {name: [] for name in lacking_metrics(side, reference, tools)}
    wanted = [
        side
        for side in methods
        if side.error is None
        and side.video.kind != "other-backend"
        and (side.rows or side.values or lacks_cues(side, tools))
    ]
    if not (wanted or reference.rows or lacks_cues(reference, tools)):
        return
    with tempfile.TemporaryDirectory(prefix="facecues-") as folder:
        opened = tools.eyes.open(reference.video.path, _beside(reference.video))
        others: dict[str, Watched | Still] = {}
        for side in wanted:
            if side.video.kind == "still":
                others[side.video.method] = Still()
                continue
            path = side.video.path
            if side.video.kind == "re-encoded":
                path = _reencoded(path, Path(folder), tools)
            others[side.video.method] = tools.eyes.open(path, _beside(side.video))
        lockstep = Lockstep(opened, others)
        by_name = {side.video.method: side for side in wanted}
        instants = 0
        for each in lockstep:
            instants += len(each.reference.shown)
            _look(each, reference, by_name, tools)
    keep(reference, opened, reference, tools, instants)
    for name, side in by_name.items():
        side.error = lockstep.failed.get(name)
        if side.error is None:
            keep(side, others[name], reference, tools, instants)


def _look(each: Round, reference: Watching, methods: Mapping[str, Watching], tools: Tools) -> None:
    """One round through all instruments."""
    _record(reference, each.reference, tools)
    for name, view in each.methods.items():
        _record(methods[name], view, tools)
    for label in {label: None for side in methods.values() for label in side.values}:
        try:
            _compare(label, each, methods, tools)
        except Exception as error:  # noqa: BLE001 - the isolation boundary: one metric's fault stays its own
            reference.faults[label] = sentence_of(error)
            for side in methods.values():
                side.values.pop(label, None)


def _compare(label: str, each: Round, methods: Mapping[str, Watching], tools: Tools) -> None:
    """One picture metric of a round, of the methods that lack it."""
    metric = tools.instruments.pictures[label]
    real = metric.prepare(each.reference.batch)
    for name, view in each.methods.items():
        if label in methods[name].values:
            values = compare_batches(metric, view.batch, real)
            methods[name].values[label].append(np.where(view.shown & each.reference.shown, values, np.nan))


def _record(side: Watching, view: View, tools: Tools) -> None:
    for name, rows in side.rows.items():
        network = tools.instruments.networks[name]
        if network.context:
            rows.append(network.features(_with_tail(side, view.batch, network.context)))
            continue
        features = network.features(view.batch).astype(np.float32, copy=True)
        features[~view.shown] = np.nan
        rows.append(features)
    context = max((tools.instruments.networks[name].context for name in side.rows), default=0)
    if context:
        side.tail = _with_tail(side, view.batch, context)


def _with_tail(side: Watching, batch: Batch, context: int) -> Batch:
    """The batch after the last frames before it."""
    if side.tail is None:
        return batch
    before = side.tail.pictures[-context:], side.tail.landmarks[-context:]
    return Batch(np.concatenate([before[0], batch.pictures]), np.concatenate([before[1], batch.landmarks]))


def _watch_alone(side: Watching, watcher: Watcher, tools: Tools) -> None:
    watched = watcher.open(side.video.path, _beside(side.video))
    try:
        for _ in watched.shots():
            pass
    except ClipError as error:
        side.error = error
        return
    keep_cues(side, watched, tools)


def _reencoded(path: Path, folder: Path, tools: Tools) -> Path:
    """The video through the codec that most methods write, as large as it is."""
    target = folder / "re-encoded.mp4"
    with Decoder(path, tools.eyes.limits) as decoder:
        frames = iter(decoder)
        first = next(frames)
        second = next(frames, None)
        step_s = second.time_s - first.time_s if second is not None else 0.0
        fps = round(1 / step_s) if step_s > 0 else 25

        def pictures() -> Iterator[NDArray[np.uint8]]:
            yield _even(first)
            if second is not None:
                yield _even(second)
            yield from (_even(frame) for frame in frames)

        write_video(target, pictures(), fps=fps, crf=_CRF)
    return target


def _even(frame: Frame) -> NDArray[np.uint8]:
    """H.264 with 4:2:0 has even sides only."""
    picture = frame.rgb()
    height, width = picture.shape[:2]
    return np.ascontiguousarray(picture[: height - height % 2, : width - width % 2])


def _beside(video: Video) -> Path | None:
    return video.sounds[0] if video.sounds and video.sounds[0] != video.path else None

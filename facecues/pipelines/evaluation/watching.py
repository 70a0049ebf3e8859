"""Watches a clip's videos once, side by side, and keeps what all metrics need of them."""

import json
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from facecues.errors import ClipError
from facecues.metrics.contracts import Batch, CueTrack, Float32, Float64, FrameNetwork, PictureMetric
from facecues.metrics.instruments import Instruments
from facecues.metrics.mouth_audio import speech_envelope
from facecues.metrics.scoring import SOUND, Seen
from facecues.models.media import write_video
from facecues.pipelines.evaluation.config import REFERENCE
from facecues.pipelines.evaluation.jobs import ClipJob, Video
from facecues.pipelines.evaluation.memory import Memory
from facecues.pipelines.lockstep import Lockstep, Round, Still, View, cue_track, still_track
from facecues.preprocess.decode import Decoder
from facecues.preprocess.sound import is_audible, read_sound
from facecues.preprocess.video import Frame
from facecues.preprocess.watch import Watched, Watcher, content_hash

_CRF = 23  # of the floor `re-encoded`
_TRACK = tuple(each.name for each in fields(CueTrack))


@dataclass(frozen=True, slots=True)
class Tools:
    """What a worker watches with.

    Attributes:
        watcher: reads both sides.
        other: reads the reference for the floor `other-backend`; None without it.
        instruments: picture metrics and networks.
        memory: where everything is kept.
    """

    watcher: Watcher
    other: Watcher | None
    instruments: Instruments
    memory: Memory

    def signature(self, video: Video) -> str:
        """Of what reads a video's cues."""
        watcher = self.other if video.kind == "other-backend" and self.other is not None else self.watcher
        return watcher.signature.partition("|pictures:")[0]

    def of_pictures(self, instrument: PictureMetric[Any] | FrameNetwork) -> str:
        """Of everything that changes what an instrument gives."""
        return f"{instrument.signature}|{self.watcher.signature}"


@dataclass(slots=True)
class Watching:
    """What a job knows of one video meanwhile.

    Attributes:
        video: which.
        content: names its bytes, and what was done with them.
        error: why nothing can be had of it.
    """

    video: Video
    content: str = ""
    error: ClipError | None = None
    rows: dict[str, list[Float32]] = field(default_factory=dict)
    values: dict[str, list[Float64]] = field(default_factory=dict)
    tail: Batch | None = None


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
            _listen(side, reference, tools, hashes)
    return sides


def load_seen(side: Watching, reference: Watching, tools: Tools) -> Seen:
    """What the memory holds of one video."""
    memory, video = tools.memory, side.video
    networks = tools.instruments.networks
    if video.kind == "still":
        real = load_seen(reference, reference, tools)
        track = still_track(real.track)
        faces = np.flatnonzero(real.track.has_face)
        first = int(faces[0]) if len(faces) else 0
        held = {name: np.repeat(rows[first : first + 1], len(rows), axis=0) for name, rows in real.features.items()}
        held |= {name: rows for name, rows in real.features.items() if name.endswith(SOUND)}
        return Seen(track, real.envelope, held)
    kept = memory.load("cues", side.content, tools.signature(video))
    track = CueTrack(**{name: kept[name] for name in _TRACK})
    heard = memory.load("sound", _sound_key(side, _paths(side, reference)), tools.signature(video))
    envelope = heard["envelope"] if heard["audible"] else None
    features: dict[str, Float32] = {}
    if video.kind != "other-backend":
        for name, network in networks.items():
            features[name] = memory.load(name, _shown_with(side, reference), tools.of_pictures(network))["rows"]
        if "syncnet" in networks and envelope is not None:
            features[f"syncnet{SOUND}"] = heard["syncnet"]
    return Seen(track, envelope, features)


def load_values(side: Watching, reference: Watching, tools: Tools) -> dict[str, Float64]:
    """(T,) values per instant of every picture metric; none for a video whose pictures are the reference's own."""
    if side.video.kind == "other-backend":
        return {}
    pair = f"{side.content}+{reference.content}"
    return {
        name: tools.memory.load(f"pair-{name}", pair, tools.of_pictures(metric))["values"]
        for name, metric in tools.instruments.pictures.items()
    }


def load_account(side: Watching, tools: Tools) -> dict[str, Any]:
    """What is known of the file: frames, rate, size, coverage. Empty for `still`, which is no file."""
    if side.video.kind == "still":
        return {}
    account: dict[str, Any] = json.loads(
        str(tools.memory.load("cues", side.content, tools.signature(side.video))["account"])
    )
    return account


def _content(video: Video, hashes: dict[Path, str]) -> str:
    own = _hash(video.path, hashes)
    return own if video.kind in ("file", "other-backend") else f"{video.kind}@{_CRF}:{own}"


def _hash(path: Path, hashes: dict[Path, str]) -> str:
    if path not in hashes:
        hashes[path] = content_hash(path)
    return hashes[path]


def _shown_with(side: Watching, reference: Watching) -> str:
    """Names what a network sees of a video: all of a reference, of others as much as their reference lasts."""
    return side.content if side.video.method == REFERENCE else f"{side.content}+{reference.content}"


def _lacking_networks(side: Watching, reference: Watching, tools: Tools) -> list[str]:
    if side.video.kind in ("still", "other-backend"):
        return []
    content, networks = _shown_with(side, reference), tools.instruments.networks
    return [name for name in networks if not tools.memory.has(name, content, tools.of_pictures(networks[name]))]


def _lacking_metrics(side: Watching, reference: Watching, tools: Tools) -> list[str]:
    if side.video.kind == "other-backend":
        return []
    pair = f"{side.content}+{reference.content}"
    pictures = tools.instruments.pictures
    return [name for name in pictures if not tools.memory.has(f"pair-{name}", pair, tools.of_pictures(pictures[name]))]


def _lacks_cues(side: Watching, tools: Tools) -> bool:
    return side.video.kind != "still" and not tools.memory.has("cues", side.content, tools.signature(side.video))


def _watch(reference: Watching, methods: Sequence[Watching], tools: Tools) -> None:
    """Watches what the memory lacks. Raises ClipError when the reference fails."""
    for side in methods:
        if side.error is None and side.video.kind == "other-backend" and _lacks_cues(side, tools):
            assert tools.other is not None
            _watch_alone(side, tools.other, tools)
    for side in (reference, *methods):
        side.rows = {name: [] for name in _lacking_networks(side, reference, tools)}
        side.values = {} if side is reference else {name: [] for name in _lacking_metrics(side, reference, tools)}
    wanted = [
        side
        for side in methods
        if side.error is None
        and side.video.kind != "other-backend"
        and (side.rows or side.values or _lacks_cues(side, tools))
    ]
    if not (wanted or reference.rows or _lacks_cues(reference, tools)):
        return
    with tempfile.TemporaryDirectory(prefix="facecues-") as folder:
        opened = tools.watcher.open(reference.video.path, _beside(reference.video))
        others: dict[str, Watched | Still] = {}
        for side in wanted:
            if side.video.kind == "still":
                others[side.video.method] = Still()
                continue
            path = side.video.path
            if side.video.kind == "re-encoded":
                path = _reencoded(path, Path(folder), tools)
            others[side.video.method] = tools.watcher.open(path, _beside(side.video))
        lockstep = Lockstep(opened, others)
        by_name = {side.video.method: side for side in wanted}
        instants = 0
        for each in lockstep:
            instants += len(each.reference.shown)
            _look(each, reference, by_name, tools)
    _keep(reference, opened, reference, tools, instants)
    for name, side in by_name.items():
        side.error = lockstep.failed.get(name)
        if side.error is None:
            _keep(side, others[name], reference, tools, instants)


def _look(each: Round, reference: Watching, methods: Mapping[str, Watching], tools: Tools) -> None:
    """One round through all instruments."""
    _record(reference, each.reference, tools)
    lacking = {name for side in methods.values() for name in side.values}
    pictures = {name: metric for name, metric in tools.instruments.pictures.items() if name in lacking}
    prepared = {name: metric.prepare(each.reference.batch) for name, metric in pictures.items()}
    for name, view in each.methods.items():
        side = methods[name]
        _record(side, view, tools)
        both = view.shown & each.reference.shown
        for label, metric in pictures.items():
            if label in side.values:
                values = metric.compare(metric.prepare(view.batch), prepared[label])
                side.values[label].append(np.where(both, values, np.nan))


def _record(side: Watching, view: View, tools: Tools) -> None:
    for name, rows in side.rows.items():
        network = tools.instruments.networks[name]
        if network.context:
            rows.append(network.features(_with_tail(side, view.batch, network.context)))
            continue
        features = network.features(view.batch).astype(np.float32, copy=True)
        features[~view.shown] = np.nan
        rows.append(features)
    if side.rows:
        side.tail = _with_tail(side, view.batch, 4)


def _with_tail(side: Watching, batch: Batch, context: int) -> Batch:
    """The batch after the last frames before it."""
    if side.tail is None:
        return batch
    before = side.tail.pictures[-context:], side.tail.landmarks[-context:]
    return Batch(np.concatenate([before[0], batch.pictures]), np.concatenate([before[1], batch.landmarks]))


def _keep(side: Watching, watched: Watched | Still, reference: Watching, tools: Tools, instants: int) -> None:
    """Writes what was seen of one video; its cues last, as they say that it was watched to its end."""
    for name, rows in side.rows.items():
        if rows:
            found = np.concatenate(rows)
            network = tools.instruments.networks[name]
            tools.memory.save(name, _shown_with(side, reference), tools.of_pictures(network), {"rows": found})
    for name, values in side.values.items():
        whole = np.full(instants, np.nan)
        seen = np.concatenate(values) if values else np.empty(0)
        whole[: len(seen)] = seen
        signature = tools.of_pictures(tools.instruments.pictures[name])
        tools.memory.save(f"pair-{name}", f"{side.content}+{reference.content}", signature, {"values": whole})
    if isinstance(watched, Watched) and _lacks_cues(side, tools):
        _keep_cues(side, watched, tools)


def _keep_cues(side: Watching, watched: Watched, tools: Tools) -> None:
    assert watched.account is not None
    track = cue_track(watched.cues)
    report = watched.account.report
    account = {
        "status": str(report.status),
        "reason": report.reason and str(report.reason),
        "message": report.message,
        "frames": report.frames,
        "fps": report.fps,
        "width": report.width,
        "height": report.height,
        "duration_s": report.duration_s,
        "coverage": report.coverage,
        "damaged": watched.account.damaged,
        "instants": watched.account.instants,
        "first_s": float(watched.cues["time_s"][0].as_py()),
    }
    arrays: dict[str, NDArray[Any]] = {name: getattr(track, name) for name in _TRACK}
    arrays["account"] = np.array(json.dumps(account))
    tools.memory.save("cues", side.content, tools.signature(side.video), arrays)


def _watch_alone(side: Watching, watcher: Watcher, tools: Tools) -> None:
    watched = watcher.open(side.video.path, _beside(side.video))
    try:
        for _ in watched.shots():
            pass
    except ClipError as error:
        side.error = error
        return
    _keep_cues(side, watched, tools)


def _reencoded(path: Path, folder: Path, tools: Tools) -> Path:
    """The video through the codec that most methods write, as large as it is."""
    target = folder / "re-encoded.mp4"
    with Decoder(path, tools.watcher.limits) as decoder:
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


def _paths(side: Watching, reference: Watching) -> tuple[Path, ...]:
    """Where its sound may be."""
    return side.video.sounds or reference.video.sounds


def _sound_key(side: Watching, paths: Sequence[Path]) -> str:
    stats = [f"{path.name}:{path.stat().st_size}:{path.stat().st_mtime_ns}" for path in paths if path.exists()]
    return sha256("\n".join([side.content, *stats]).encode()).hexdigest()


def _listen(side: Watching, reference: Watching, tools: Tools, hashes: dict[Path, str]) -> None:
    """Keeps the loudness at the video's instants, and what SyncNet hears, from the first place that holds sound."""
    if side.video.kind == "still" or reference.error is not None:
        return
    paths = _paths(side, reference)
    key, signature = _sound_key(side, paths), tools.signature(side.video)
    if tools.memory.has("sound", key, signature):
        return
    account = load_account(side, tools)
    sound = None
    for path in paths:
        start_s = account["first_s"] if path == side.video.path else 0.0
        try:
            sound = read_sound(path, start_s=start_s)
        except ClipError:
            continue
        if is_audible(sound):
            break
    audible = is_audible(sound)
    arrays: dict[str, NDArray[Any]] = {"audible": np.array(audible)}
    arrays["envelope"] = speech_envelope(sound, account["instants"]) if is_audible(sound) else np.empty(0)
    network = tools.instruments.networks.get("syncnet")
    if network is not None and audible:
        from facecues.metrics.networks.syncnet import SyncNetFeatures

        assert isinstance(network, SyncNetFeatures)
        heard = network.of_sound(sound)
        arrays["syncnet"] = heard if heard is not None else np.empty((0, 1024), np.float32)
    tools.memory.save("sound", key, signature, arrays)

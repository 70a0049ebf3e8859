"""What is known and kept of the videos of a clip: what the memory lacks, goes there, and comes back."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from facecues.errors import ClipError
from facecues.metrics.contracts import Batch, CueNetwork, CueTrack, Float32, Float64, FrameNetwork, PictureMetric
from facecues.metrics.floors import REFERENCE
from facecues.metrics.instruments import Instruments
from facecues.metrics.mouth_audio import speech_envelope
from facecues.metrics.scoring import SOUND, Seen
from facecues.pipelines.evaluation.jobs import Video
from facecues.pipelines.evaluation.memory import Memory
from facecues.pipelines.lockstep import TRACKS, Still, cue_track, still_track
from facecues.preprocess.sound import is_audible, read_sound
from facecues.preprocess.watch import Watched, Watcher


@dataclass(frozen=True, slots=True)
class Tools:
    """What a worker watches with.

    Attributes:
        watcher: reads both sides; None where they are cue stores.
        other: reads the reference for the floor `other-backend`; None without it.
        instruments: picture metrics and networks.
        memory: where everything is kept.
        stored: signature of the reference's cues where they come from a store.
    """

    watcher: Watcher | None
    other: Watcher | None
    instruments: Instruments
    memory: Memory
    stored: str = ""

    @property
    def eyes(self) -> Watcher:
        """The watcher of videos."""
        assert self.watcher is not None, "cue stores are not watched"
        return self.watcher

    def signature(self, video: Video) -> str:
        """Of what reads a video's cues."""
        if video.kind == "other-backend" and self.other is not None:
            return self.other.cue_signature
        return self.stored or self.eyes.cue_signature

    def of_pictures(self, instrument: PictureMetric[Any] | FrameNetwork) -> str:
        """Of everything that changes what an instrument gives."""
        return f"{instrument.signature}|{self.eyes.signature}"

    def of_cues(self, instrument: CueNetwork, video: Video) -> str:
        """The same of one that looks at cues."""
        return f"{instrument.signature}|{self.signature(video)}"

    def of_sound(self, video: Video) -> str:
        """Of what listens to a video."""
        network = self.instruments.networks.get("syncnet")
        return self.signature(video) + ("" if network is None else f"|{network.signature}")


@dataclass(slots=True)
class Watching:
    """What a job knows of one video meanwhile.

    Attributes:
        video: which.
        content: names its bytes, and what was done with them.
        error: why nothing can be had of it.
        faults: of a reference, what went wrong inside picture metrics that failed with this clip, by name. The memory
            has nothing of them, so that the next run tries them again.
    """

    video: Video
    content: str = ""
    error: ClipError | None = None
    rows: dict[str, list[Float32]] = field(default_factory=dict)
    values: dict[str, list[Float64]] = field(default_factory=dict)
    tail: Batch | None = None
    faults: dict[str, str] = field(default_factory=dict)


def load_track(side: Watching, reference: Watching, tools: Tools) -> CueTrack:
    """The cues of one video."""
    if side.video.kind == "still":
        return still_track(load_track(reference, reference, tools))
    kept = tools.memory.load("cues", side.content, tools.signature(side.video))
    return CueTrack(**{name: kept[name] for name in TRACKS})


def load_features(name: str, side: Watching, reference: Watching, tools: Tools) -> Float32:
    """(T, d) features of one network; not to be had of `other-backend`, whose pictures are the reference's."""
    if name in tools.instruments.cue_networks:
        return _of_cues(tools.instruments.cue_networks[name], name, side, reference, tools)
    if side.video.kind == "still":
        rows = load_features(name, reference, reference, tools)
        faces = np.flatnonzero(load_track(reference, reference, tools).has_face)
        first = int(faces[0]) if len(faces) else 0
        return np.repeat(rows[first : first + 1], len(rows), axis=0)
    network = tools.instruments.networks[name]
    found: Float32 = tools.memory.load(name, shown_with(side, reference), tools.of_pictures(network))["rows"]
    return found


def _of_cues(network: CueNetwork, name: str, side: Watching, reference: Watching, tools: Tools) -> Float32:
    """What a network says of the cues that are kept; computed once."""
    signature = tools.of_cues(network, side.video)
    if not tools.memory.has(name, side.content, signature):
        tools.memory.save(name, side.content, signature, {"rows": network.of_track(load_track(side, reference, tools))})
    found: Float32 = tools.memory.load(name, side.content, signature)["rows"]
    return found


def load_seen(side: Watching, reference: Watching, tools: Tools) -> Seen:
    """All that the memory holds of one video."""
    instruments = tools.instruments
    networks = [*instruments.networks, *instruments.cue_networks] if side.video.kind != "other-backend" else []
    features = {name: load_features(name, side, reference, tools) for name in networks}
    heard_of = reference if side.video.kind == "still" else side
    key = sound_key(heard_of, _paths(heard_of, reference))
    heard = tools.memory.load("sound", key, tools.of_sound(heard_of.video))
    envelope = heard["envelope"] if heard["audible"] else None
    if "syncnet" in networks and envelope is not None:
        features[f"syncnet{SOUND}"] = heard["syncnet"]
    return Seen(load_track(side, reference, tools), envelope, features)


def load_values(side: Watching, reference: Watching, tools: Tools) -> dict[str, Float64]:
    """(T,) values per instant of every picture metric that did not fail; none for a video whose pictures are the
    reference's own."""
    if side.video.kind == "other-backend":
        return {}
    pair = _pair(side, reference)
    return {
        name: tools.memory.load(f"pair-{name}", pair, tools.of_pictures(metric))["values"]
        for name, metric in tools.instruments.pictures.items()
        if name not in reference.faults
    }


def load_account(side: Watching, tools: Tools) -> dict[str, Any]:
    """What is known of the file: frames, rate, size, coverage. Empty for `still`, which is no file."""
    if side.video.kind == "still":
        return {}
    account: dict[str, Any] = json.loads(
        str(tools.memory.load("cues", side.content, tools.signature(side.video))["account"])
    )
    return account


def shown_with(side: Watching, reference: Watching) -> str:
    """Names what a network sees of a video: all of a reference, of others as much as their reference lasts."""
    return side.content if side.video.method == REFERENCE else _pair(side, reference)


def _pair(side: Watching, reference: Watching) -> str:
    return f"{side.content}+{reference.content}"


def lacking_networks(side: Watching, reference: Watching, tools: Tools) -> list[str]:
    if side.video.kind in ("still", "other-backend"):
        return []
    content, networks = shown_with(side, reference), tools.instruments.networks
    return [name for name in networks if not tools.memory.has(name, content, tools.of_pictures(networks[name]))]


def lacking_metrics(side: Watching, reference: Watching, tools: Tools) -> list[str]:
    if side.video.kind == "other-backend":
        return []
    pair = _pair(side, reference)
    pictures = tools.instruments.pictures
    return [name for name in pictures if not tools.memory.has(f"pair-{name}", pair, tools.of_pictures(pictures[name]))]


def lacks_cues(side: Watching, tools: Tools) -> bool:
    return side.video.kind != "still" and not tools.memory.has("cues", side.content, tools.signature(side.video))


def keep(side: Watching, watched: Watched | Still, reference: Watching, tools: Tools, instants: int) -> None:
    """Writes what was seen of one video; its cues last, as they say that it was watched to its end."""
    for name, rows in side.rows.items():
        if rows:
            found = np.concatenate(rows)
            network = tools.instruments.networks[name]
            tools.memory.save(name, shown_with(side, reference), tools.of_pictures(network), {"rows": found})
    for name, values in side.values.items():
        whole = np.full(instants, np.nan)
        seen = np.concatenate(values) if values else np.empty(0)
        whole[: len(seen)] = seen
        signature = tools.of_pictures(tools.instruments.pictures[name])
        tools.memory.save(f"pair-{name}", _pair(side, reference), signature, {"values": whole})
    if isinstance(watched, Watched) and lacks_cues(side, tools):
        keep_cues(side, watched, tools)


def keep_cues(side: Watching, watched: Watched, tools: Tools) -> None:
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
    arrays: dict[str, NDArray[Any]] = {name: getattr(track, name) for name in TRACKS}
    arrays["account"] = np.array(json.dumps(account))
    tools.memory.save("cues", side.content, tools.signature(side.video), arrays)


def listen(side: Watching, reference: Watching, tools: Tools) -> None:
    """Keeps the loudness at the video's instants, and what SyncNet hears, from the first place that holds sound."""
    if side.video.kind == "still" or reference.error is not None:
        return
    paths = _paths(side, reference)
    key, signature = sound_key(side, paths), tools.of_sound(side.video)
    if tools.memory.has("sound", key, signature):
        return
    account = load_account(side, tools)
    # Generated cues may count from zero; what drives them is heard in the time of the reference's video.
    driven = side.video.stored is not None and side.video.path == reference.video.path
    begins_s = load_account(reference if driven else side, tools)["first_s"]
    sound = None
    for path in paths:
        start_s = begins_s if path == side.video.path else 0.0
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


def _paths(side: Watching, reference: Watching) -> tuple[Path, ...]:
    """Where its sound may be."""
    return side.video.sounds or reference.video.sounds


def sound_key(side: Watching, paths: Sequence[Path]) -> str:
    stats = [f"{path.name}:{path.stat().st_size}:{path.stat().st_mtime_ns}" for path in paths if path.exists()]
    return sha256("\n".join([side.content, *stats]).encode()).hexdigest()

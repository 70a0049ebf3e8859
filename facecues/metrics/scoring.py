"""What is kept of a clip's videos, turned into scores. No video is opened here, so that tables can be made again."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Final

import numpy as np

from facecues.errors import sentence_of
from facecues.metrics import gaze, mouth, mouth_audio, pose
from facecues.metrics.blinks import BLINK_RATE, BLINK_SIGNATURE, blink_score
from facecues.metrics.contracts import CueMetric, CueTrack, Float32, Float64, MetricInfo, Score
from facecues.metrics.emotion import EMOTION_ACCURACY, emotion_score, emotion_signature
from facecues.metrics.identity import identity_info, identity_signature, identity_similarity
from facecues.metrics.instruments import EMOTION, IDENTITY, Absence
from facecues.metrics.landmarks import landmark_infos, landmark_scores
from facecues.metrics.lip_sync import LSE_C, LSE_C_GAP, LSE_D, LSE_D_GAP, LSE_OFFSET, gap, lip_sync_scores
from facecues.metrics.lip_sync import signature as lse_signature
from facecues.metrics.pictures import LPIPS, LPIPS_VGG
from facecues.metrics.protocols import Protocol
from facecues.metrics.psnr import PSNR
from facecues.metrics.ssim import SSIM
from facecues.plugins import origin_of
from facecues.reasons import ScoreReason
from facecues.resample import FPS

SOUND: Final = "-sound"  # after a network's name: its features of the sound
SOUNDS: Final = "sound"  # among what is absent: nobody knows where the sound is

_PICTURES: Final = {info.name: info for info in (SSIM, PSNR, LPIPS, LPIPS_VGG)}
_LSE: Final = (LSE_D, LSE_C, LSE_OFFSET)
_GAPS: Final = (LSE_D_GAP, LSE_C_GAP)
_REAL_GAPS: Final = (
    (pose.POSE_SPEED, pose.POSE_SPEED_GAP),
    (mouth_audio.AM_CORR, mouth_audio.AM_GAP),
    (LSE_D, LSE_D_GAP),
    (LSE_C, LSE_C_GAP),
)


@dataclass(frozen=True, slots=True)
class Column:
    """A metric as this run measures it.

    Attributes:
        info: name, direction, unit.
        signature: everything that changes its numbers.
        pairs: it compares with the reference, which has no such score itself.
        absent: why there is no value in this run; None where there is.
        plugin: the distribution that brought it, such as "mouth-width==1.0"; None for facecues's own.
    """

    info: MetricInfo
    signature: str
    pairs: bool
    absent: Absence | None = None
    plugin: str | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Seen:
    """What is kept of one video.

    Attributes:
        track: its cues.
        envelope: (T,) loudness at its instants; None without any sound.
        features: (T, d) by network, NaN where nothing is shown.
    """

    track: CueTrack
    envelope: Float64 | None
    features: Mapping[str, Float32]


@dataclass(frozen=True, slots=True, eq=False)
class Rules:
    """What scoring needs to know of a run.

    Attributes:
        protocol: the options.
        classes: of each emotion classifier, by network name.
        cue_metrics: of plugins, by the metric's name.
        pictures: of plugins, what tables say about their picture metrics.
    """

    protocol: Protocol
    classes: Mapping[str, tuple[str, ...]]
    cue_metrics: Mapping[str, CueMetric] = field(default_factory=dict)
    pictures: Mapping[str, MetricInfo] = field(default_factory=dict)


def make_columns(
    rules: Rules,
    cues: str,
    signatures: Mapping[str, str],
    absent: Mapping[str, Absence],
    cue_networks: Mapping[str, str] = MappingProxyType({}),
) -> dict[str, Column]:
    """All columns of a run by name, in the order of tables.

    Args:
        rules: of the run.
        cues: signature of what reads the cues.
        signatures: of the picture metrics and networks that are there, by name.
        absent: why others are not, and why there is no sound, under `SOUNDS`.
        cue_networks: signatures of the networks that look at cues, by name.
    """
    protocol = rules.protocol
    own = {**mouth.mouth_signatures(protocol.missing), **pose.pose_signatures(protocol.missing)}
    own |= gaze.gaze_signatures(protocol.missing)
    columns = [
        Column(info, protocol.landmarks.signature(info.name), True)
        for info in landmark_infos(protocol.landmarks)
        if info.name in protocol.distances
    ]
    columns += [Column(info, own[info.name], True) for info in (mouth.MOUTH_ERROR, mouth.MOUTH_CORRELATION)]
    head = (*pose.POSE_METRICS, pose.POSE_SPEED_GAP)
    columns += [Column(info, own[info.name], info.better is not None) for info in head]
    columns += [Column(info, own[info.name], info.better is not None) for info in gaze.GAZE_METRICS]
    columns.append(Column(BLINK_RATE, BLINK_SIGNATURE, False))
    columns += [
        Column(info, mouth_audio.signature(), False, absent.get(SOUNDS))
        for info in (mouth_audio.AM_CORR, mouth_audio.AM_BEST, mouth_audio.AM_LAG)
    ]
    columns.append(Column(mouth_audio.AM_GAP, mouth_audio.signature(), True, absent.get(SOUNDS)))
    columns += [
        Column(_accuracy_of(name), emotion_signature(network, rules.classes[name], protocol.missing), False)
        for name, network in cue_networks.items()
    ]
    columns += [
        Column(metric.info, metric.signature, True, plugin=origin_of(metric.signature))
        for metric in rules.cue_metrics.values()
    ]
    columns = [replace(column, signature=f"{column.signature}|by:{_short(cues)}") for column in columns]
    seen = f"|pic:{protocol.pictures.signature}|fps:{FPS}"
    for name, info in {**_PICTURES, **rules.pictures}.items():
        if name in signatures or name in absent:
            own_part = signatures.get(name, name.lower())
            signature = own_part + seen + f"|miss:{protocol.missing}|over:{protocol.over}"
            plugin = origin_of(own_part) if name in rules.pictures else None
            columns.append(Column(info, signature, True, absent.get(name), plugin))
    for name in [*signatures, *absent]:
        network = signatures.get(name, name)
        if name.startswith(EMOTION):
            signature = emotion_signature(network.replace("|", ","), rules.classes.get(name, ()), protocol.missing)
            columns.append(Column(_accuracy_of(name), signature + seen, False, absent.get(name)))
        elif name.startswith(IDENTITY):
            signature = identity_signature(network.replace("|", ",")) + seen
            columns.append(Column(identity_info(name.removeprefix(IDENTITY)), signature, True, absent.get(name)))
        elif name == "syncnet":
            signature = lse_signature(network.replace("|", ",")) + seen
            columns += [Column(info, signature, info in _GAPS, absent.get(name)) for info in (*_LSE, *_GAPS)]
    return {column.info.name: column for column in columns}


def alone_scores(seen: Seen, emotion: str | None, rules: Rules, expected: int) -> dict[str, Score]:
    """Scores that one video has without any other, by name.

    Args:
        seen: generated or real.
        emotion: the intended one, None where it is not known.
        rules: of the run.
        expected: instants that the reference has.
    """
    scores = pose.head_motion(seen.track, frames=expected)
    scores[gaze.EYE_CONTACT.name] = gaze.eye_contact(seen.track, frames=expected)
    scores[BLINK_RATE.name] = blink_score(seen.track, frames=expected)
    opening = mouth.mouth_opening(seen.track.normalized)
    scores |= mouth_audio.envelope_scores(opening, seen.envelope, expected=expected)
    for name, classes in rules.classes.items():
        score = emotion_score(
            seen.features[name][:expected], emotion, classes, expected, missing=rules.protocol.missing
        )
        scores[_accuracy_of(name).name] = score
    if "syncnet" in seen.features:
        heard = seen.features.get(f"syncnet{SOUND}")
        scores |= lip_sync_scores(seen.features["syncnet"], heard, expected=expected)
    return scores


def pair_scores(
    pred: Seen, target: Seen, values: Mapping[str, Float64], still: Mapping[str, Float64], rules: Rules
) -> dict[str, Score]:
    """Scores of a generated video against the real one, by name.

    Args:
        pred, target: both sides.
        values: (T,) by picture metric, one for each instant of the reference, NaN where one side shows nothing.
        still: (T,) the same for the reference's first frame held still, NaN where the reference shows nothing.
        rules: of the run.
    """
    protocol = rules.protocol
    scores = landmark_scores(pred.track, target.track, protocol.landmarks)
    scores |= mouth.mouth_scores(pred.track, target.track, missing=protocol.missing)
    scores |= pose.pose_scores(pred.track, target.track, missing=protocol.missing)
    scores |= gaze.gaze_scores(pred.track, target.track, missing=protocol.missing)
    scores |= {name: _score_of(metric, pred.track, target.track) for name, metric in rules.cue_metrics.items()}
    for name, each in values.items():
        fill = still.get(name) if protocol.missing == "penalize" else None
        scores[name] = picture_score(each, fill, available=len(pred.track))
    for name, features in pred.features.items():
        if name.startswith(IDENTITY):
            score = identity_similarity(features[: len(target.track)], target.features[name])
            scores[identity_info(name.removeprefix(IDENTITY)).name] = score
    return scores


def _score_of(metric: CueMetric, pred: CueTrack, target: CueTrack) -> Score:
    """A plugin's score, or that it failed, which costs no other metric."""
    try:
        return _as_score(metric.score(pred, target))
    except Exception as error:  # noqa: BLE001 - the isolation boundary: one metric's fault stays its own
        return failed_score(sentence_of(error))


def failed_score(fault: str) -> Score:
    """Of a metric that raised an error, or gave what is no score."""
    return Score(None, 0, 0.0, ScoreReason.METRIC_FAILED, fault)


def _as_score(given: object) -> Score:
    if not isinstance(given, Score):
        raise TypeError(f"score returned {type(given).__name__}: expected a Score")
    if given.value is not None and not np.isfinite(given.value):
        raise ValueError(f"score returned the value {given.value}: expected a finite one, or None with its reason")
    if not 0 <= given.coverage <= 1:
        raise ValueError(f"score returned the coverage {given.coverage}: expected 0 to 1")
    return given


def gap_scores(pred: Mapping[str, Score], target: Mapping[str, Score]) -> dict[str, Score]:
    """How far scores are from the real clip's own, which a generator can beat, but should equal."""
    return {far.name: gap(pred[own.name], target[own.name]) for own, far in _REAL_GAPS if own.name in pred}


def picture_score(values: Float64, still: Float64 | None, *, available: int) -> Score:
    """The mean of a picture metric over a clip.

    Frames in which nothing differs have an infinite PSNR, which no mean can hold: they are left out, and lower the
    coverage.

    Args:
        values: (T,) one for each instant of the reference; NaN where one side shows nothing.
        still: (T,) what such instants count instead; None leaves them out.
        available: instants that the generated video has.
    """
    known = np.isfinite(values)
    counted = values if still is None else np.where(np.isnan(values), still, values)
    counted = counted[np.isfinite(counted)]
    value = float(counted.mean()) if counted.size else None
    expected = len(values)
    reason = None
    if not known.all():
        reason = _lost(values, expected - min(available, expected))
    return Score(value, int(known.sum()), float(known.mean()) if expected else 0.0, reason)


def _lost(values: Float64, cut: int) -> ScoreReason:
    """What kept most frames from being compared."""
    same, hidden = int(np.isinf(values).sum()), int(np.isnan(values).sum())
    if same > hidden:
        return ScoreReason.IDENTICAL
    return ScoreReason.TOO_SHORT if 2 * cut > hidden else ScoreReason.NO_FACE


def _accuracy_of(classifier: str) -> MetricInfo:
    return replace(EMOTION_ACCURACY, name=f"{EMOTION_ACCURACY.name}-{classifier.removeprefix(EMOTION)}")


def _short(cues: str) -> str:
    """The signature of cues as one part of another."""
    return cues.removeprefix("cues|").replace("|", ",")

"""The networks and picture metrics of an evaluation: those that can be had here, and why the others cannot."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

from facecues import plugins
from facecues.errors import BackendUnavailableError, FacecuesError, UsageError, WeightsMissingError
from facecues.metrics.contracts import CueMetric, CueNetwork, FrameNetwork, MetricInfo, PictureMetric
from facecues.metrics.networks.emotion_classifiers import reads_cues
from facecues.metrics.protocols import Protocol
from facecues.metrics.psnr import Psnr
from facecues.metrics.ssim import Ssim
from facecues.reasons import ScoreReason

EMOTION: Final = "emotion-"  # before a classifier's name, among the networks
IDENTITY: Final = "identity-"  # before an embedding's
# Of networks and picture metrics, what they serve; what needs cues alone always comes.
GROUPS: Final[Mapping[str, tuple[str, ...]]] = {
    "ssim": ("SSIM",),
    "psnr": ("PSNR",),
    "lpips": ("LPIPS",),
    "lpips-vgg": ("LPIPS-VGG",),
    "fid": ("inception",),
    "fd-alexnet": ("alexnet",),
    "emotion": ("emotion-fer", "emotion-emotiefflib"),
    "identity": ("identity-dlib",),
    "lip-sync": ("syncnet",),
}
# LPIPS on VGG16 takes a second a frame, dlib's embedding a twelfth of one: whoever wants them asks for them.
DEFAULT_GROUPS: Final = tuple(name for name in GROUPS if name not in ("lpips-vgg", "identity"))


@dataclass(frozen=True, slots=True)
class Absence:
    """Why an instrument is not there: the reason in tables, and the sentence that says what to do."""

    reason: ScoreReason
    sentence: str


NO_PICTURES: Final = Absence(ScoreReason.VIDEO_MISSING, "cue stores hold no pictures")


@dataclass(frozen=True, slots=True, eq=False)
class Instruments:
    """What looks at pictures, and networks that look at cues, by name, in a fixed order.

    Attributes:
        pictures: PictureMetrics by the metric's name.
        networks: FrameNetworks by the features' name.
        absent: why the others that were asked for are not there.
        cue_networks: CueNetworks by the features' name.
        cue_metrics: CueMetrics by the metric's name, of plugins.
        added: of the picture metrics, there or absent, those of plugins.
    """

    pictures: Mapping[str, PictureMetric[Any]]
    networks: Mapping[str, FrameNetwork]
    absent: Mapping[str, Absence]
    cue_networks: Mapping[str, CueNetwork] = field(default_factory=dict)
    cue_metrics: Mapping[str, CueMetric] = field(default_factory=dict)
    added: Mapping[str, MetricInfo] = field(default_factory=dict)

    @property
    def classes(self) -> dict[str, tuple[str, ...]]:
        """Of the emotion classifiers, by the features' name."""
        both: Mapping[str, Any] = {**self.networks, **self.cue_networks}
        return {name: each.classes for name, each in both.items() if name.startswith(EMOTION)}


def build_instruments(
    protocol: Protocol,
    groups: Collection[str] = DEFAULT_GROUPS,
    classifiers: Collection[str] = (),
    *,
    device: str = "cpu",
    skip: Mapping[str, Absence] | None = None,
    seen: bool = True,
) -> Instruments:
    """Loads what can be loaded; a missing weight or package costs its own columns, but for a plugin's, which nobody
    knows without it.

    Args:
        protocol: options of the picture metrics.
        groups: of `GROUPS`, or plugins of group `facecues.metrics`, which are called with the protocol and the device.
        classifiers: folders of trained emotion classifiers, besides the usual ones; each is called as its folder is.
        device: a PyTorch device.
        skip: instruments known to be absent, not to be looked for again.
        seen: whether there are pictures; without them, only what looks at cues is loaded.

    Raises:
        UsageError: no such group, device or classifier, or two classifiers or metrics of one name.
        FacecuesError: a plugin cannot be had.
    """
    unknown = plugins.unknown("metrics", groups)
    if unknown:
        expected = plugins.choices("metrics", unknown)
        raise UsageError(f"No metric group is called {', '.join(unknown)}: expected some of {expected}.")
    trained = _by_name(classifiers)
    wanted = [*(name for group in GROUPS if group in groups for name in GROUPS[group]), *trained]
    pictures: dict[str, PictureMetric[Any]] = {}
    networks: dict[str, FrameNetwork] = {}
    cue_networks: dict[str, CueNetwork] = {}
    absent = dict(skip or {})
    for name in wanted:
        if name in absent:
            continue
        of_cues = name in trained and reads_cues(trained[name])
        if not (seen or of_cues):
            absent[name] = NO_PICTURES
            continue
        try:
            if of_cues:
                cue_networks[name] = _cue_classifier(trained[name], device)
            elif name.isupper():
                pictures[name] = _picture_metric(name, protocol, device)
            else:
                networks[name] = _network(name, device, trained.get(name))
        except WeightsMissingError as error:
            absent[name] = Absence(ScoreReason.WEIGHTS_MISSING, str(error))
        except BackendUnavailableError as error:
            absent[name] = Absence(ScoreReason.BACKEND_MISSING, str(error))
        except UsageError:
            raise
        except FacecuesError as error:
            absent[name] = Absence(ScoreReason.BACKEND_MISSING, str(error))
    added = _of_plugins([name for name in groups if name not in GROUPS], protocol, device)
    return _joined(Instruments(pictures, networks, absent, cue_networks), added, seen)


def _joined(own: Instruments, added: Mapping[str, Any], seen: bool) -> Instruments:
    """With what plugins add: PictureMetrics, where there are pictures, and CueMetrics."""
    looking = {name: metric for name, metric in added.items() if hasattr(metric, "compare")}
    return replace(
        own,
        pictures={**own.pictures, **(looking if seen else {})},
        absent={**own.absent, **({} if seen else dict.fromkeys(looking, NO_PICTURES))},
        cue_metrics={name: metric for name, metric in added.items() if name not in looking},
        added={name: metric.info for name, metric in looking.items()},
    )


def _of_plugins(names: Collection[str], protocol: Protocol, device: str) -> dict[str, Any]:
    """PictureMetrics and CueMetrics by the metric's name, which nothing else in a table has."""
    from facecues.metrics.registry import METRICS  # imports every metric, which whoever wants GROUPS alone does not

    found: dict[str, Any] = {}
    for plugin in dict.fromkeys(names):
        metric = plugins.make("metrics", plugin, protocol, device)
        lacking = _lacking(metric)
        if lacking:
            raise UsageError(
                f"The {plugins.find('metrics', plugin)} is no metric: expected `info`, a MetricInfo, and a method "
                "`score` that compares cues, or `prepare` and `compare` for pictures (facecues.metrics.contracts); "
                f"it has no {lacking}."
            )
        name = metric.info.name
        if name in METRICS or name in found:
            raise UsageError(
                f"The {plugins.find('metrics', plugin)} is called {name!r} in tables, as another metric is: rename it."
            )
        found[name] = metric
    return found


def _lacking(metric: object) -> str:
    """The first thing that makes it no metric; empty where it is one."""
    if not isinstance(getattr(metric, "info", None), MetricInfo):
        return "`info`" + (" that is a MetricInfo" if hasattr(metric, "info") else "")
    methods = ("prepare", "compare") if hasattr(metric, "compare") or hasattr(metric, "prepare") else ("score",)
    return next((f"`{name}`" for name in methods if not callable(getattr(metric, name, None))), "")


def _by_name(folders: Collection[str]) -> dict[str, Path]:
    """Trained classifiers by the features' name."""
    found: dict[str, Path] = {}
    for folder in folders:
        name = f"{EMOTION}{Path(folder).resolve().name}"
        if name in found or name in GROUPS["emotion"]:
            raise UsageError(f"Two classifiers are called {name.removeprefix(EMOTION)!r}: rename the folder {folder}.")
        found[name] = Path(folder)
    return found


def _picture_metric(name: str, protocol: Protocol, device: str) -> PictureMetric[Any]:
    if name == "SSIM":
        return Ssim(protocol.ssim)
    if name == "PSNR":
        return Psnr(protocol.psnr)
    from facecues.metrics.networks.lpips import Lpips  # PyTorch is optional

    return Lpips("vgg" if name == "LPIPS-VGG" else "alex", device=device)


def _cue_classifier(folder: Path, device: str) -> CueNetwork:
    from facecues.metrics.networks.cue_classifier import CueEmotionClassifier  # PyTorch is optional

    return CueEmotionClassifier(folder, device)


def _network(name: str, device: str, folder: Path | None) -> FrameNetwork:
    """Only this one's libraries are imported. `folder`: of a trained classifier."""
    if name.startswith(EMOTION):
        from facecues.metrics.networks.emotion_classifiers import emotion_classifier

        return emotion_classifier(str(folder or name.removeprefix(EMOTION)), device)
    if name.startswith(IDENTITY):
        from facecues.metrics.networks.face_embedding import face_embedding

        return face_embedding(name.removeprefix(IDENTITY))
    return _NETWORKS[name](device)


def _inception(device: str) -> FrameNetwork:
    from facecues.metrics.networks.inception import InceptionFeatures

    return InceptionFeatures(device)


def _alexnet(device: str) -> FrameNetwork:
    from facecues.metrics.networks.alexnet import AlexNetFeatures, imagenet_alexnet

    return AlexNetFeatures(imagenet_alexnet(device))


def _syncnet(device: str) -> FrameNetwork:
    from facecues.metrics.networks.syncnet import SyncNetFeatures

    return SyncNetFeatures(device)


_NETWORKS: Final[Mapping[str, Callable[[str], FrameNetwork]]] = {
    "inception": _inception,
    "alexnet": _alexnet,
    "syncnet": _syncnet,
}

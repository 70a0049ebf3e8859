"""Pure functions over arrays and cues, their mergeable statistics, protocols, signatures and significance.

docs/metrics.md tells what each name below measures. Everything but what needs a network works without PyTorch.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

# At once, since some have the name of their module, whose import would later put the module in their place.
from facecues.metrics.lip_sync import lip_sync, lip_sync_scores
from facecues.metrics.lpips import lpips
from facecues.metrics.psnr import PsnrOptions, psnr
from facecues.metrics.ssim import ssim

if TYPE_CHECKING:
    from facecues.metrics.blinks import blink_durations, blink_rate, blink_score, detect_blinks
    from facecues.metrics.contracts import CueTrack, MetricInfo, Score
    from facecues.metrics.distributions import jensen_shannon, total_variation, wasserstein
    from facecues.metrics.emotion import EmotionCounts, accuracy_ratio, emotion_score, video_probabilities
    from facecues.metrics.frechet import fid_of_pictures, frechet_of_features, gaussian_frechet_distance
    from facecues.metrics.gaze import eye_contact_share, gaze_error, gaze_scores
    from facecues.metrics.histograms import ClipCounts, EmotionHistograms, emotion_distances, histogram_distances
    from facecues.metrics.identity import identity_distance, identity_similarity
    from facecues.metrics.kid import kid as kid_of_features
    from facecues.metrics.kid import kid_of_pictures
    from facecues.metrics.landmark_options import LANDMARK_PROTOCOLS, LandmarkOptions
    from facecues.metrics.landmarks import landmark_distance, landmark_scores, landmark_velocity_distance
    from facecues.metrics.mouth import mouth_opening, mouth_opening_correlation, mouth_opening_error, mouth_scores
    from facecues.metrics.mouth_audio import mouth_audio_correlation, mouth_audio_scores, speech_envelope
    from facecues.metrics.pose import head_motion, pose_error, pose_scores, pose_velocity_error
    from facecues.metrics.protocols import PROTOCOLS, Protocol, protocol_named
    from facecues.metrics.registry import METRICS
    from facecues.metrics.statistics import (
        average_ranks,
        compare_all,
        holm,
        mean_interval,
        mean_intervals,
        paired_comparison,
        rank_stability,
        summarise,
    )

# All others by module, looked up when first used: nobody waits for the libraries of a metric that is not asked for.
_PUBLIC: Final = {
    "blinks": ("blink_durations", "blink_rate", "blink_score", "detect_blinks"),
    "contracts": ("CueTrack", "MetricInfo", "Score"),
    "distributions": ("jensen_shannon", "total_variation", "wasserstein"),
    "emotion": ("EmotionCounts", "accuracy_ratio", "emotion_score", "video_probabilities"),
    "frechet": ("fid_of_pictures", "frechet_of_features", "gaussian_frechet_distance"),
    "gaze": ("eye_contact_share", "gaze_error", "gaze_scores"),
    "histograms": ("ClipCounts", "EmotionHistograms", "emotion_distances", "histogram_distances"),
    "identity": ("identity_distance", "identity_similarity"),
    "kid": ("kid_of_features", "kid_of_pictures"),
    "landmark_options": ("LANDMARK_PROTOCOLS", "LandmarkOptions"),
    "landmarks": ("landmark_distance", "landmark_scores", "landmark_velocity_distance"),
    "mouth": ("mouth_opening", "mouth_opening_correlation", "mouth_opening_error", "mouth_scores"),
    "mouth_audio": ("mouth_audio_correlation", "mouth_audio_scores", "speech_envelope"),
    "pose": ("head_motion", "pose_error", "pose_scores", "pose_velocity_error"),
    "protocols": ("PROTOCOLS", "Protocol", "protocol_named"),
    "registry": ("METRICS",),
    "statistics": (
        "average_ranks",
        "compare_all",
        "holm",
        "mean_interval",
        "mean_intervals",
        "paired_comparison",
        "rank_stability",
        "summarise",
    ),
}
_MODULES: Final = {name: module for module, names in _PUBLIC.items() for name in names}
_AS: Final = {"kid_of_features": "kid"}  # `kid` is the module

__all__ = [
    "LANDMARK_PROTOCOLS",
    "METRICS",
    "PROTOCOLS",
    "ClipCounts",
    "CueTrack",
    "EmotionCounts",
    "EmotionHistograms",
    "LandmarkOptions",
    "MetricInfo",
    "Protocol",
    "PsnrOptions",
    "Score",
    "accuracy_ratio",
    "average_ranks",
    "blink_durations",
    "blink_rate",
    "blink_score",
    "compare_all",
    "detect_blinks",
    "emotion_distances",
    "emotion_score",
    "eye_contact_share",
    "fid_of_pictures",
    "frechet_of_features",
    "gaussian_frechet_distance",
    "gaze_error",
    "gaze_scores",
    "head_motion",
    "histogram_distances",
    "holm",
    "identity_distance",
    "identity_similarity",
    "jensen_shannon",
    "kid_of_features",
    "kid_of_pictures",
    "landmark_distance",
    "landmark_scores",
    "landmark_velocity_distance",
    "lip_sync",
    "lip_sync_scores",
    "lpips",
    "mean_interval",
    "mean_intervals",
    "mouth_audio_correlation",
    "mouth_audio_scores",
    "mouth_opening",
    "mouth_opening_correlation",
    "mouth_opening_error",
    "mouth_scores",
    "paired_comparison",
    "pose_error",
    "pose_scores",
    "pose_velocity_error",
    "protocol_named",
    "psnr",
    "rank_stability",
    "speech_envelope",
    "ssim",
    "summarise",
    "total_variation",
    "video_probabilities",
    "wasserstein",
]

if not TYPE_CHECKING:  # or no type checker would notice a name that is not there

    def __getattr__(name: str) -> Any:
        if name not in _MODULES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        return getattr(import_module(f"{__name__}.{_MODULES[name]}"), _AS.get(name, name))


def __dir__() -> list[str]:
    return __all__

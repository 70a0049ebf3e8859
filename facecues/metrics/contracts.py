"""What the parts of an evaluation hand to each other.

video ─ 25 fps ─▶ Batch (pictures + landmarks) ─▶ PictureMetric: values per frame of a pair of videos
                                               └▶ FrameNetwork: features per frame of one video
video ─ 25 fps ─▶ CueTrack ─▶ metrics of landmarks, pose, gaze, blinks ─▶ Score per clip
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Generic, Literal, Protocol, TypeVar, cast

import numpy as np
from numpy.typing import NDArray

from facecues.reasons import ScoreReason

Float32 = NDArray[np.float32]
Float64 = NDArray[np.float64]
Pictures = NDArray[np.uint8]

T = TypeVar("T")
Prepared = TypeVar("Prepared")


@dataclass(frozen=True, slots=True)
class MetricInfo:
    """What a table says about a metric.

    Attributes:
        name: unique, as printed: "M-LD", "SSIM", "FID".
        title: in words.
        better: which way is better; None for a description that has no better.
        unit: "iod", "px", "dB", "deg", "1/min", or "" for a pure number.
        ideal: the value of a perfect method, None where there is none.
    """

    name: str
    title: str
    better: Literal["lower", "higher"] | None
    unit: str
    ideal: float | None = None

    def __post_init__(self) -> None:
        """Raises ValueError for another side than tables know."""
        if self.better not in ("lower", "higher", None):
            raise ValueError(f"expected better as 'lower', 'higher' or None, got {self.better!r}")


@dataclass(frozen=True, slots=True)
class Score:
    """One metric of one clip of one method.

    Attributes:
        value: None where it cannot be had; never NaN or infinite.
        n_frames: frames (for velocities: pairs of frames) that the value was made from.
        coverage: n_frames over the frames, or pairs, that the reference has; 0 to 1.
        reason: why the value is None, or what lowered the coverage most.
        fault: what went wrong inside a metric that failed, for people; no table has it.
    """

    value: float | None
    n_frames: int
    coverage: float
    reason: ScoreReason | None = None
    fault: str | None = None


@dataclass(frozen=True, slots=True, eq=False)
class CueTrack:
    """One video's cues at 25 fps, from its first instant on. NaN where a frame has no face.

    Attributes:
        landmarks: (T, 68, 3) float32, frame pixels.
        normalized: (T, 68, 3) float32, template units (outer eye corners of the template 1.0 apart), pose removed.
        rotation: (T, 3) float32 pitch, yaw, roll, degrees.
        gaze_left, gaze_right, gaze: (T, 2) float32 pitch, yaw, degrees, camera frame.
        eye_openness: (T, 2) float32, right eye first; height over width of the eye's opening.
    """

    landmarks: Float32
    normalized: Float32
    rotation: Float32
    gaze_left: Float32
    gaze_right: Float32
    gaze: Float32
    eye_openness: Float32

    def __len__(self) -> int:
        return len(self.landmarks)

    @property
    def has_face(self) -> NDArray[np.bool_]:
        """(T,) bool."""
        return cast(NDArray[np.bool_], ~np.isnan(self.landmarks[:, 0, 0]))


@dataclass(frozen=True, slots=True, eq=False)
class Batch:
    """A few neighbouring frames of one video, in order.

    Attributes:
        pictures: (n, S, S, 3) uint8 RGB.
        landmarks: (n, 68, 3) float32, pixels of these pictures; NaN where there is no face.
    """

    pictures: Pictures
    landmarks: Float32
    _made: dict[str, Any] = field(default_factory=dict, repr=False)

    def once(self, key: str, make: "Callable[[Pictures], T]") -> T:
        """What `make` makes of the pictures, computed once for whoever asks under the same key.

        So LPIPS and the Fréchet distance share one pass through AlexNet.
        """
        if key not in self._made:
            self._made[key] = make(self.pictures)
        return cast(T, self._made[key])


class PictureMetric(Protocol, Generic[Prepared]):
    """Compares frames with frames of equal size. `prepare` is called once per frame and serves all methods."""

    info: MetricInfo
    signature: str  # of this metric's own part: window, colour, network and hash of its weights, …

    def prepare(self, batch: Batch) -> Prepared:
        """What can be computed of one side alone."""
        ...

    def compare(self, pred: Prepared, target: Prepared) -> Float64:
        """(n,) float64, one value per frame."""
        ...


class CueMetric(Protocol):
    """Compares the cues of one generated video with those of the real one. Plugins of `facecues.metrics` may be one."""

    info: MetricInfo
    signature: str  # of this metric's own part; what reads the cues is added

    def score(self, pred: CueTrack, target: CueTrack) -> Score:
        """Of one clip. `pred` may be shorter or longer; facecues.metrics.missing says what its gaps count."""
        ...


class CueNetwork(Protocol):
    """Features of a whole video, of its cues alone."""

    name: str  # as a FrameNetwork's
    signature: str

    def of_track(self, track: CueTrack) -> Float32:
        """(T, d) float32; what is said of the video as a whole stands at every instant, NaN where there is no face."""
        ...


class FrameNetwork(Protocol):
    """Features of single frames. Without state: batch size and order change nothing."""

    name: str  # of the features: "inception", "alexnet", "emotion-fer"
    signature: str
    context: int  # frames before a batch's first new frame that have to be given again; 0 for nearly all

    def features(self, batch: Batch) -> Float32:
        """(n - context, d) float32; a row of NaN where the features need a face and there is none."""
        ...

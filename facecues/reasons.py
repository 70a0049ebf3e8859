"""What can become of a clip or a frame: the closed lists behind the `status` and `reason` columns."""

from enum import StrEnum


class Status(StrEnum):
    """Outcome of one clip. It speaks of the file; `coverage` and `reason` speak of the face in it."""

    OK = "ok"  # every frame of the file was decoded
    PARTIAL = "partial"  # some frames could not be had; the others are in the store
    FAILED = "failed"  # no frame rows; tried again by the next run


class ClipReason(StrEnum):
    """Why a clip is not simply `ok`. The first that applies, in this order, stands in the row."""

    # failed: found by the index
    UNPARSED = "unparsed"  # the layout does not take the name
    DUPLICATE = "duplicate"  # several files claim the same clip id; none is taken
    OUTSIDE_ROOT = "outside_root"  # a link that leaves the dataset root
    EMPTY_FILE = "empty_file"  # zero bytes
    # failed: found by the extraction
    UNREADABLE = "unreadable"  # the container does not open
    NO_VIDEO = "no_video"  # it opens and holds no video stream, or not one frame decodes
    TOO_LARGE = "too_large"  # over a limit on pixels, frames or seconds
    TIMEOUT = "timeout"  # over the limit on wall time
    WORKER_DIED = "worker_died"  # the process died each time this clip was tried, also alone
    INTERNAL_ERROR = "internal_error"  # an error of ours; the message has it
    # partial
    DECODE_ERROR = "decode_error"  # damaged frames, or packets that gave an error
    SHORT_DECODE = "short_decode"  # fewer frames than the container declares, without any error
    # ok, with a remark
    NO_FACE = "no_face"  # not one frame with a face
    LOW_COVERAGE = "low_coverage"  # a face in less than 90 % of the frames
    SEVERAL_FACES = "several_faces"  # one was followed
    BAD_RATE = "bad_rate"  # time stamps missing or not increasing; times come from the nominal rate
    NO_AUDIO = "no_audio"  # neither a file beside the video nor a stream in it
    SILENT_AUDIO = "silent_audio"  # digital silence
    AUDIO_DAMAGED = "audio_damaged"  # parts of the sound do not decode
    AUDIO_MISMATCH = "audio_mismatch"  # audio and video lengths differ by more than 0.15 s


class FrameReason(StrEnum):
    """Why a frame row has no cues."""

    NO_FACE = "no_face"
    DECODE_ERROR = "decode_error"


class ScoreReason(StrEnum):
    """Why a score is null, or, beside a value, what lowered its coverage."""

    VIDEO_MISSING = "video_missing"  # the method has no video of this clip
    VIDEO_FAILED = "video_failed"  # its video, or the reference's, cannot be read; videos.parquet says why
    NO_FACE = "no_face"  # no frame, or no pair of frames, with a face on both sides
    TOO_SHORT = "too_short"  # fewer frames than the metric needs
    SIZE_MISMATCH = "size_mismatch"  # the two pictures have other proportions: they do not show the same region
    NO_AUDIO = "no_audio"  # no sound, or digital silence
    CONSTANT = "constant"  # nothing moves, so that no correlation exists
    IDENTICAL = "identical"  # without any difference PSNR is infinite, which no mean can hold
    NO_LABEL = "no_label"  # the clip's emotion is not known
    UNKNOWN_CLASS = "unknown_class"  # the classifier does not know the clip's emotion
    WEIGHTS_MISSING = "weights_missing"  # run.json says which file and where to get it
    BACKEND_MISSING = "backend_missing"  # a package is not installed
    METRIC_FAILED = "metric_failed"  # the metric's own code failed, or gave what is no score; run.json says how
    NO_REFERENCE = "no_reference"  # nothing to compare with, such as another take of the same emotion

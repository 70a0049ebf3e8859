"""What makes the cues of a clip in a worker, in the form of an extractor: for a store is written of them as of any."""

from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import pyarrow as pa

from facecues.config import ExtractConfig
from facecues.errors import ClipError, UsageError
from facecues.models.cue_generator.contracts import Request
from facecues.models.cue_generator.registry import open_generator
from facecues.models.synth.corpus import rng_of
from facecues.pipelines.generation.config import Order
from facecues.pipelines.generation.people import People, Person, table_rows
from facecues.preprocess.contracts import ClipReport
from facecues.preprocess.cues import cue_rows
from facecues.preprocess.geometry import Similarity, relocate, rotation_matrix
from facecues.preprocess.pupils import eye_openness
from facecues.preprocess.sound import Sound, is_audible, read_sound
from facecues.reasons import ClipReason, Status
from facecues.resample import AUDIO_RATE, FPS
from facecues.sequences import Cues

_VERSION = 1  # raise when the same order gives other cues


class Generation:
    """The ClipExtractor of a store of generated cues: hears a clip's sound, and does not look at its pictures.

    Attributes:
        signature: names everything that changes the cues.
        weights: none that the registry knows; the generator's signature has its own.
    """

    def __init__(self, config: ExtractConfig) -> None:
        assert isinstance(config, Order)
        settings = config.settings
        self._order = config
        self._generator = open_generator(config.generator, config.device)
        self._people = People(config.store, settings.reference)
        self._rows = {row["video"]: row for row in table_rows(self._people.clips)}
        self.weights: Mapping[str, str] = {}
        label = f"{settings.emotion or 'own'}@{settings.level or 'own'}"
        sound = "own" if settings.swap_audio is None else f"swapped:{settings.swap_audio}"
        self.signature = (
            f"generated[{self._generator.signature}]|cues:{config.store_content}"
            f"|reference:{settings.reference}|label:{label}|sound:{sound}|seed:{settings.seed}|v:{_VERSION}"
        )

    def __call__(self, video: Path, audio: Path | None, sink: Callable[[pa.RecordBatch], None]) -> ClipReport:
        """See ClipExtractor."""
        assert audio is not None
        row, settings = self._rows[video.relative_to(self._order.root).as_posix()], self._order.settings
        clip_id = row["clip_id"]
        person = self._people.of(clip_id)
        sound = sound_of(audio, video, person)
        request = Request(
            sound,
            person.frames,
            settings.emotion or row["emotion"],
            settings.level or row["level"],
            person.reference,
            seed=int(rng_of(settings.seed, clip_id, "generation").integers(2**31)),
        )
        self._make(request, sink)
        return ClipReport(
            status=Status.OK,
            reason=None if is_audible(sound) else ClipReason.SILENT_AUDIO,
            message=None,
            frames=person.frames,
            fps=float(FPS),
            width=row["width"],
            height=row["height"],
            duration_s=person.frames / FPS,
            audio_in_video=False,
            audio_rate=AUDIO_RATE,
            coverage=1.0,
        )

    def _make(self, request: Request, sink: Callable[[pa.RecordBatch], None]) -> None:
        made = 0
        try:
            for cues in self._generator.stream(request):
                sink(rows_of(cues, made))
                made += len(cues)
        except UsageError as error:  # this clip's, and not the run's
            raise ClipError(ClipReason.INTERNAL_ERROR, str(error)) from error
        if made != request.frames:
            raise ClipError(ClipReason.INTERNAL_ERROR, f"the generator made {made} frames of {request.frames}")


def sound_of(audio: Path, video: Path, person: Person) -> Sound:
    """What is to be heard with a clip; sample 0 with its first frame.

    Args:
        audio: where the sound is.
        video: of the clip. Sound in it has its time stamps; sound beside it, and another clip's, begins with the clip.
        person: of the clip.

    Raises:
        ClipError: there is none.
    """
    sound = read_sound(audio, start_s=person.begin_s if audio == video else 0.0)
    if sound is None:
        raise ClipError(ClipReason.NO_AUDIO, f"{audio.name} has no sound that decodes")
    return sound


def rows_of(cues: Cues, first: int) -> pa.RecordBatch:
    """Generated frames as rows of CUE_SCHEMA: landmarks are put together again from pose and normalised points.

    Args:
        cues: T frames.
        first: the number of the first of them.

    Raises:
        ClipError: a value is not finite.
    """
    if not cues.valid.all():
        at = first + int(np.flatnonzero(~cues.valid)[0])
        raise ClipError(ClipReason.INTERNAL_ERROR, f"the generator gave values that are not finite in frame {at}")
    normalized, rotation, translation, scale, gaze = (
        np.asarray(value, np.float32)
        for value in (cues.normalized, cues.rotation, cues.translation, cues.scale, cues.gaze)
    )
    # With the pose as stored, after rounding: what is stored then fits together to float32 round-off.
    pose = Similarity(
        rotation_matrix(rotation.astype(np.float64)), scale.astype(np.float64), translation.astype(np.float64)
    )
    landmarks = relocate(normalized.astype(np.float64), pose).astype(np.float32)
    values = {
        "score": np.ones(len(cues), np.float32),
        "box": np.hstack([landmarks[..., :2].min(axis=1), landmarks[..., :2].max(axis=1)]),
        "landmarks": landmarks,
        "normalized": normalized,
        "rotation": rotation,
        "translation": translation,
        "scale": scale,
        **dict.fromkeys(("gaze_left", "gaze_right", "gaze"), gaze),
        "eye_openness": eye_openness(landmarks),
    }
    frames = range(first, first + len(cues))
    return cue_rows(frames, [frame / FPS for frame in frames], [None] * len(cues), np.ones(len(cues), bool), values)

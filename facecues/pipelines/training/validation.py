"""A few held-out clips after a training, drawn as lines: the truth on the left, what is generated on the right."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from facecues.models.cue_generator.contracts import Request, join
from facecues.models.cue_generator.generator import load
from facecues.models.cue_generator.reference import best_reference
from facecues.models.media import write_video
from facecues.models.synth.corpus import caption
from facecues.models.synth.sketch import sketch
from facecues.pipelines.atomic import replacing, writing
from facecues.preprocess.geometry import Similarity, rotation_matrix
from facecues.preprocess.pupils import relocate_with_pupils
from facecues.preprocess.sound import read_sound
from facecues.resample import SAMPLES_PER_FRAME
from facecues.sequences import Cues, CueSequences

_CLIPS: Final = 3
_SIDE: Final = 256  # pixels
_EYES: Final = 0.23  # distance of the outer eye corners over the side
_LEVEL: Final = 0.4  # height of the eyes


def write_validation(
    run: Path, sequences: CueSequences, held_out: NDArray[np.int64], root: Path, tell: Callable[[str, int, int], None]
) -> None:
    """Writes RUN/validation/CLIP.mp4, with sound, of a few clips with different emotions."""
    generator = load(run)
    clips = sequences.clips.iloc[held_out]
    chosen = held_out[~clips["emotion"].duplicated().to_numpy()][:_CLIPS]
    (run / "validation").mkdir(exist_ok=True)
    for at, clip in enumerate(chosen):
        tell("drawing clips", at, len(chosen))
        row, truth = sequences.clips.iloc[int(clip)], sequences[int(clip)]
        sound = read_sound(root / row["audio"], start_s=sequences.sound_start_s(int(clip)))
        if sound is None:
            continue
        level = 1 if pd.isna(row["level"]) else int(row["level"])
        request = Request(sound, len(truth), row["emotion"], level, best_reference(sequences, int(clip)), seed=at)
        made = join(generator.stream(request))
        path = run / "validation" / f"{row['clip_id'].replace('/', '_')}.mp4"
        pairs = map(_side_by_side, _pictures(truth), _pictures(made))
        metadata = {"title": "synthetic: facecues train cues", "comment": f"true and generated: {row['clip_id']}"}
        with replacing(path) as temporary, writing(path):
            write_video(temporary, pairs, audio=sound[: len(truth) * SAMPLES_PER_FRAME], metadata=metadata)
    tell("drawing clips", len(chosen), len(chosen))


def _pictures(cues: Cues) -> Iterator[NDArray[np.uint8]]:
    """The head at the same place and of the same size in all, turned as it is; blank where there is none."""
    frames = len(cues)
    scale = np.full(frames, _EYES * _SIDE)
    place = np.tile([_SIDE / 2, _LEVEL * _SIDE, 0.0], (frames, 1))
    pose = Similarity(rotation_matrix(np.nan_to_num(cues.rotation).astype(np.float64)), scale, place)
    gaze = np.repeat(np.nan_to_num(cues.gaze)[:, None], 2, axis=1).astype(np.float64)
    points = relocate_with_pupils(np.nan_to_num(cues.normalized).astype(np.float64), pose, gaze)
    return sketch(points, _SIDE)


def _side_by_side(true: NDArray[np.uint8], made: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return np.concatenate([caption(true, "true"), caption(made, "generated, synthetic")], axis=1)

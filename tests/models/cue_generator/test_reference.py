"""References: never a frame of the clip itself while there is another, at best neutral, and deterministic."""

import numpy as np
import pandas as pd
import pytest

from facecues.errors import UsageError
from facecues.models.cue_generator.reference import best_frame, best_reference, reference_frames
from facecues.preprocess.template import TEMPLATE
from facecues.sequences import Cues, CueSequences

FRAMES = 5


def clip(actor, emotion, number, level=1, view="front"):
    name = f"{actor}/{view}/{emotion}/level_{level}/{number}"
    return {"clip_id": name, "actor": actor, "view": view, "emotion": emotion, "level": level, "number": number}


def sequences_of(*clips):
    count = FRAMES * len(clips)
    numbers = np.arange(count, dtype=np.float32)
    cues = Cues(
        np.tile(TEMPLATE.astype(np.float32), (count, 1, 1)),
        np.zeros((count, 3), np.float32),
        np.zeros((count, 3), np.float32),
        numbers,
        np.zeros((count, 2), np.float32),
    )
    frame = pd.DataFrame(list(clips)).astype({"level": "Int8"})
    return CueSequences(frame, FRAMES * np.arange(len(clips) + 1), np.zeros(len(clips)), cues)


def clips_of(sequences):
    return [sorted(set((frames // FRAMES).tolist())) for frames in reference_frames(sequences)]


def test_neutral_clips_of_the_same_actor_and_view_serve_and_never_the_clip_itself():
    sequences = sequences_of(
        clip("M003", "happy", "001"),
        clip("M003", "neutral", "001"),
        clip("M003", "neutral", "002"),
        clip("M003", "neutral", "001", view="top"),
        clip("W009", "neutral", "001"),
        clip("W009", "sad", "001"),
    )
    assert clips_of(sequences) == [[1, 2], [2], [1], [3], [5], [4]]


def test_without_neutral_clips_those_of_another_emotion_serve_then_others_then_the_clip_itself():
    happy, again = clip("M003", "happy", "001"), clip("M003", "happy", "002")
    assert clips_of(sequences_of(happy, clip("M003", "sad", "001"), again)) == [[1], [0, 2], [1]]
    assert clips_of(sequences_of(happy, again)) == [[1], [0]]
    assert clips_of(sequences_of(happy)) == [[0]]


def test_a_clip_of_an_unknown_actor_serves_itself():
    unknown = clip("x", "neutral", "001") | {"actor": None}
    assert clips_of(sequences_of(unknown, unknown, clip("M003", "neutral", "001"))) == [[0], [1], [2]]


def test_labels_that_are_not_known_are_no_obstacle():
    sequences = sequences_of(*({"actor": "M003", "view": None, "emotion": None, "level": None, "number": None,
                                "clip_id": str(at)} for at in range(2)))  # fmt: skip
    assert clips_of(sequences) == [[1], [0]]
    assert best_frame(sequences, 0) // FRAMES == 1


def test_only_frames_with_all_cues_serve_and_a_clip_without_any_is_passed_over():
    sequences = sequences_of(
        clip("M003", "happy", "001"), clip("M003", "neutral", "001"), clip("M003", "neutral", "002")
    )
    sequences.cues.gaze[FRAMES : 2 * FRAMES] = np.nan
    sequences.cues.normalized[2 * FRAMES, 3] = np.nan
    assert reference_frames(sequences)[0].tolist() == list(range(2 * FRAMES + 1, 3 * FRAMES))
    assert best_frame(sequences, 0) // FRAMES == 2
    sequences.cues.scale[:] = np.nan
    assert [len(frames) for frames in reference_frames(sequences)] == [0, 0, 0]
    with pytest.raises(UsageError, match="has no reference"):
        best_reference(sequences, 0)


def test_the_best_has_the_most_closed_mouth_among_open_eyes_in_the_first_clip_by_number():
    sequences = sequences_of(clip("M003", "happy", "001"), clip("M003", "neutral", "010"), clip("M003", "neutral", "9"))
    first = 2 * FRAMES  # number 9
    points = sequences.cues.normalized[first:]
    points[:, 66, 1] += np.array([3, 1, 0, 2, 1], np.float32) / 10
    points[2, [37, 38, 43, 44]] = points[2, [41, 40, 47, 46]]  # blinks while its mouth is closed
    assert best_frame(sequences, 0) == first + 1
    found = best_reference(sequences, 0)
    assert found.scale == first + 1
    assert np.array_equal(found.normalized, sequences.cues.normalized[first + 1])
    assert best_frame(sequences, 0) in reference_frames(sequences)[0]

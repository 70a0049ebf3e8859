"""Baselines: still is still; retrieval finds what it has heard, and lets whoever is to speak say it."""

import json
from dataclasses import fields, replace

import numpy as np
import pandas as pd
import pytest

from facecues.errors import UsageError
from facecues.models.cue_generator.baselines import Still
from facecues.models.cue_generator.contracts import CHUNK, Reference, Request, join
from facecues.models.cue_generator.reference import best_reference
from facecues.models.cue_generator.registry import open_generator
from facecues.models.cue_generator.retrieval import Retrieval, RetrievalConfig
from facecues.models.front_ends import front_end
from facecues.preprocess.template import TEMPLATE
from facecues.sequences import Cues, CueSequences

EAR = front_end("mfcc")
FRAMES = 100
NAMES = [one.name for one in fields(Cues)]
EXACT = RetrievalConfig(variety=0)


def babble(seed, frames=FRAMES):
    """Noise of changing loudness and colour."""
    rng = np.random.default_rng(seed)
    sound = rng.normal(size=frames * 640)
    dull = np.convolve(sound, np.ones(8) / 8, "same")
    mix = np.repeat(rng.random(frames // 4 + 1), 4 * 640)[: len(sound)]
    loud = np.repeat(rng.random(frames // 5 + 1), 5 * 640)[: len(sound)]
    return (0.2 * loud * (mix * sound + (1 - mix) * dull)).astype(np.float32)


def made_up(seed, frames=FRAMES):
    """Cues that wander smoothly."""
    rng = np.random.default_rng(seed)

    def walk(*shape, size):
        steps = np.cumsum(rng.normal(size=(frames, *shape)), axis=0)
        return (size * (steps - steps.mean(axis=0))).astype(np.float32)

    face = TEMPLATE + rng.normal(scale=0.02, size=(68, 3))
    return Cues(
        (face + walk(68, 3, size=0.003)).astype(np.float32),
        walk(3, size=0.3),
        np.array([100, 90, 0], np.float32) + walk(3, size=0.5),
        np.exp(walk(size=0.003)) * np.float32(60 + 10 * rng.random()),
        walk(2, size=0.5),
    )


def clip(actor, emotion, number):
    label = {"actor": actor, "view": "front", "emotion": emotion, "level": 1, "number": number}
    return {"clip_id": f"{actor}/front/{emotion}/level_1/{number}", **label}


@pytest.fixture(scope="module")
def training():
    """Two actors, each with a neutral, a happy and a sad clip, and the sound of each."""
    clips = [clip(actor, emotion, "001") for actor in ("M003", "W009") for emotion in ("happy", "neutral", "sad")]
    cues = [made_up(seed) for seed in range(6)]
    joined = Cues(*(np.concatenate([getattr(one, name) for one in cues]) for name in NAMES))
    table = pd.DataFrame(clips).astype({"level": "Int8"})
    sequences = CueSequences(table, FRAMES * np.arange(7), np.zeros(6), joined)
    return sequences, [babble(seed) for seed in range(6)]


def fitted(training, config=EXACT):
    sequences, sounds = training
    return Retrieval.fit(sequences, [EAR.rows(sound, FRAMES) for sound in sounds], EAR, config)


@pytest.fixture(scope="module")
def retrieval(training):
    return fitted(training)


def request_of(training, index, **changes):
    sequences, sounds = training
    known = {"sound": sounds[index], "frames": FRAMES, "emotion": sequences.clips["emotion"][index], "level": 1}
    return Request(**(known | {"reference": best_reference(sequences, index)} | changes))


def assert_same(one, other, **tolerance):
    for name in NAMES:
        np.testing.assert_allclose(getattr(one, name), getattr(other, name), err_msg=name, **tolerance)


# Still


def test_still_holds_the_reference_in_chunks(training):
    request = request_of(training, 0, frames=2 * CHUNK + 7)
    chunks = list(Still().stream(request))
    assert [len(chunk) for chunk in chunks] == [CHUNK, CHUNK, 7]
    for name in NAMES:
        assert (getattr(join(iter(chunks)), name) == getattr(request.reference, name)).all()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"emotion": "joyful"}, "Unknown emotion 'joyful'; use one of angry"),
        ({"emotion": "anger"}, "Unknown emotion 'anger'; use one of angry"),
        ({"level": 4}, "Unknown level 4; use one of 1, 2, 3"),
        ({"frames": 0}, "one frame or more"),
        ({"sound": np.empty(0, np.float32)}, r"sound should be \(N,\)"),
        ({"sound": np.full(640, np.nan, np.float32)}, "sound should be finite"),
    ],
)
@pytest.mark.parametrize("which", ["still", "retrieval"])
def test_what_cannot_be_made_is_refused_in_a_sentence(training, retrieval, which, change, message):
    generator = {"still": Still(), "retrieval": retrieval}[which]
    with pytest.raises(UsageError, match=message):
        next(generator.stream(request_of(training, 0, **change)))


def test_a_reference_of_other_shapes_or_with_holes_is_refused(training):
    request = request_of(training, 0)
    for part, value in (("normalized", np.zeros((5, 3))), ("gaze", np.array([np.nan, 0])), ("scale", np.inf)):
        broken = replace(request, reference=replace(request.reference, **{part: value}))
        with pytest.raises(UsageError, match=f"A reference's {part} should be finite"):
            next(Still().stream(broken))


# Retrieval


def test_a_clip_that_it_has_heard_comes_back(training, retrieval):
    """For the sound of a training clip, its emotion and its reference, its own cues; but for what the end hears."""
    sequences, _ = training
    for index in (0, 4):
        made = join(retrieval.stream(request_of(training, index)))
        assert_same(made[: FRAMES - 10], sequences[index][: FRAMES - 10], rtol=1e-5, atol=1e-4)


def test_displacements_go_onto_the_new_face_and_its_place_and_size(training, retrieval):
    request = request_of(training, 0)
    reference = request.reference
    other = Reference(
        reference.normalized + 1, reference.rotation, reference.translation + 50, 2 * reference.scale, reference.gaze
    )
    made, moved = join(retrieval.stream(request)), join(retrieval.stream(replace(request, reference=other)))
    np.testing.assert_allclose(moved.normalized, made.normalized + 1, atol=1e-5)
    np.testing.assert_allclose(moved.scale, 2 * made.scale, rtol=1e-5)
    np.testing.assert_allclose(
        moved.translation - other.translation, 2 * (made.translation - reference.translation), atol=1e-3
    )
    assert np.array_equal(moved.gaze, made.gaze) and np.array_equal(moved.rotation, made.rotation)


def test_pieces_are_of_the_emotion_that_is_asked_for_where_there_is_enough_of_it(training, retrieval):
    sequences, sounds = training
    asked = request_of(training, 0, emotion="sad", sound=sounds[2])
    own = sequences[2].gaze[: FRAMES - 10]
    np.testing.assert_allclose(join(retrieval.stream(asked)).gaze[: FRAMES - 10], own, atol=1e-4)
    happy = replace(asked, emotion="happy")
    assert np.abs(join(retrieval.stream(happy)).gaze[: FRAMES - 10] - own).max() > 1
    fear = replace(asked, emotion="fear")  # it has none: any clip serves
    np.testing.assert_allclose(join(retrieval.stream(fear)).gaze[: FRAMES - 10], own, atol=1e-4)


def test_chunks_do_not_change_what_comes_and_any_length_goes(retrieval, training):
    sound = babble(9, 3 * CHUNK)
    request = request_of(training, 0, sound=sound, frames=2 * CHUNK + 33)
    chunks = list(retrieval.stream(request))
    assert [len(chunk) for chunk in chunks] == [CHUNK, CHUNK, 33]
    for frames in (1, 5, CHUNK, CHUNK + 1):
        assert sum(len(chunk) for chunk in retrieval.stream(replace(request, frames=frames))) == frames
    # Sound that is over goes on as silence.
    assert len(join(retrieval.stream(replace(request, sound=sound[:3200])))) == request.frames


@pytest.mark.parametrize("piece", [4, 7, 60])
def test_pieces_that_do_not_divide_a_chunk_give_whole_chunks_all_the_same(training, piece):
    request = request_of(training, 0, sound=babble(9, 3 * CHUNK), frames=2 * CHUNK + 33)
    chunks = list(fitted(training, RetrievalConfig(piece=piece)).stream(request))
    assert [len(chunk) for chunk in chunks] == [CHUNK, CHUNK, 33]


def test_joins_are_faded(training):
    request = request_of(training, 0, sound=babble(9, CHUNK), frames=CHUNK)
    longest = {
        fade: np.abs(np.diff(join(fitted(training, RetrievalConfig(fade=fade)).stream(request)).rotation, axis=0)).max()
        for fade in (0, 4)
    }
    assert longest[4] < 0.6 * longest[0]


def test_the_same_seed_gives_the_same_and_another_seed_another_performance(training):
    varied = fitted(training, RetrievalConfig(variety=0.5))
    request = request_of(training, 0, sound=babble(9))
    one, again = (join(varied.stream(replace(request, seed=3))) for _ in range(2))
    assert_same(one, again, rtol=0, atol=0)
    assert not np.array_equal(join(varied.stream(replace(request, seed=4))).normalized, one.normalized)


def test_frames_without_cues_are_not_taken_up_and_no_piece_crosses_them(training):
    sequences, sounds = training
    holey = replace(sequences, cues=Cues(*(getattr(sequences.cues, name).copy() for name in NAMES)))
    holey.cues.gaze[40:60] = np.nan
    generator = Retrieval.fit(holey, [EAR.rows(sound, FRAMES) for sound in sounds], EAR, EXACT)
    made = join(generator.stream(request_of(training, 0)))
    assert made.valid.all()
    np.testing.assert_allclose(made.gaze[:35], sequences[0].gaze[:35], atol=1e-4)


def test_only_so_many_frames_are_kept_and_the_choice_does_not_change(training):
    few = RetrievalConfig(library={"most_frames": 2 * FRAMES})
    one, other = fitted(training, few), fitted(training, few)
    assert one.signature == other.signature != fitted(training).signature
    assert join(one.stream(request_of(training, 0))).valid.all()


def test_a_saved_one_is_the_same_when_opened(training, retrieval, tmp_path):
    retrieval.save(tmp_path / "run")
    opened = open_generator(str(tmp_path / "run"))
    assert (opened.name, opened.signature) == (retrieval.name, retrieval.signature)
    request = request_of(training, 1, sound=babble(9))
    assert_same(join(opened.stream(request)), join(retrieval.stream(request)), rtol=0, atol=0)


def test_damaged_folders_and_unknown_names_are_refused_in_a_sentence(retrieval, tmp_path):
    assert open_generator("still").name == "still"
    with pytest.raises(UsageError, match="There is no generator 'nothing': give `still`, or the folder"):
        open_generator("nothing")
    with pytest.raises(UsageError, match="holds no generator that can be read"):
        open_generator(str(tmp_path))
    run = tmp_path / "run"
    retrieval.save(run)
    described = json.loads((run / "generator.json").read_text())
    (run / "library.safetensors").write_bytes(b"nothing of the kind")
    with pytest.raises(UsageError, match="does not hold a retrieval generator"):
        open_generator(str(run))
    (run / "generator.json").write_text(json.dumps(described | {"kind": "oracle"}))
    with pytest.raises(UsageError, match="'oracle', and there are network and retrieval"):
        open_generator(str(run))


def test_memory_does_not_grow_with_the_length(retrieval, training):
    """What a chunk leaves behind is nothing: the second minute costs no more than the first."""
    import tracemalloc

    def peak(frames):
        request = request_of(training, 0, sound=babble(9, frames), frames=frames)
        tracemalloc.start()
        for _ in retrieval.stream(request):
            pass
        most = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return most

    assert peak(3000) < 1.2 * peak(750) + 3000 * 16

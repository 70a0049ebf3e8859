"""Training of the cue classifier: it learns, it can be repeated, and it says what it lacks."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from facecues.errors import FacecuesError, UsageError
from facecues.labels import EMOTIONS
from facecues.models.emotion.config import CueClassifierConfig, CueTraining
from facecues.models.emotion.fitting import choose_actors, draw, take_sides
from facecues.models.emotion.training import clip_probabilities, mirrored, train_cue_classifier
from tests.models.emotion.performers import act, troupe

QUICK = CueTraining(network=CueClassifierConfig(hidden=24), epochs=8, least_steps=12, batch=32, crop=(30, 50))
BRIEF = CueTraining(network=CueClassifierConfig(hidden=8), epochs=2, least_steps=2, batch=8, crop=(20, 30))


@pytest.fixture(scope="module")
def company():
    return troupe(actors=6, clips=3)


@pytest.fixture(scope="module")
def pair():
    return troupe(actors=3, clips=1, emotions=("happy", "sad"))


@pytest.fixture(autouse=True)
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.mark.parametrize("architecture", ["gru", "conv"])
def test_seconds_of_training_beat_chance_by_far_on_actors_never_seen(company, architecture) -> None:
    network = QUICK.network.model_copy(update={"architecture": architecture})
    trained = train_cue_classifier(company, QUICK.model_copy(update={"network": network}), held_out={"A1", "A4"})
    log = trained.log
    assert log.accuracy["together"] > 0.5  # chance is 1/8
    assert set(log.accuracy) == {"together", "landmarks", "gaze", "pose"}
    assert log.held_out == ("A1", "A4")
    assert (log.clips, log.held_out_clips) == (96, 48)
    assert trained.emotions == EMOTIONS
    assert not trained.network.training


def test_the_log_agrees_with_itself_and_with_the_network(company) -> None:
    trained = train_cue_classifier(company, BRIEF, held_out={"A1"})
    log = trained.log
    counts = np.array(log.confusion)
    assert counts.sum() == log.held_out_clips == 24
    assert counts.trace() / counts.sum() == pytest.approx(log.accuracy["together"])
    assert log.recalls["sad"] == counts[EMOTIONS.index("sad"), EMOTIONS.index("sad")] / 3
    best = min(log.epochs, key=lambda epoch: epoch.held_out_loss)
    assert best.epoch == log.best
    assert best.held_out_accuracy == log.accuracy["together"]


def test_the_same_seed_gives_the_same_weights_and_leaves_other_random_numbers_alone(pair) -> None:
    before = torch.get_rng_state()
    one, same, other = (train_cue_classifier(pair, BRIEF, held_out={"A0"}, seed=seed).network for seed in (1, 1, 2))
    assert torch.equal(torch.get_rng_state(), before)
    for name, value in one.state_dict().items():
        assert torch.equal(value, same.state_dict()[name])
    assert not torch.equal(one.head[1].weight, other.head[1].weight)


def test_training_ends_when_it_gets_no_better(pair) -> None:
    patient = BRIEF.model_copy(update={"epochs": 30, "learning_rate": 1.0, "patience": 2})
    log = train_cue_classifier(pair, patient, held_out={"A0"}).log
    assert len(log.epochs) < 30
    assert len(log.epochs) == log.best + 2


def test_frames_without_cues_and_clips_without_frames_are_borne(pair) -> None:
    gaze = pair.cues.gaze.copy()
    gaze[pair.frames_of(0)] = np.nan
    gaze[pair.frames_of(3)][5:9] = np.nan
    clips = pair.clips.assign(emotion=[*pair.clips["emotion"][:-1], None])
    holed = replace(pair, clips=clips, cues=replace(pair.cues, gaze=gaze))
    trained = train_cue_classifier(holed, BRIEF, held_out={"A1"})
    assert trained.log.clips == 2
    assert all(np.isfinite(epoch.loss) for epoch in trained.log.epochs)


def test_a_loss_that_is_no_number_stops_with_a_sentence(pair) -> None:
    wild = BRIEF.model_copy(update={"learning_rate": 1e30, "epochs": 3})
    with pytest.raises(FacecuesError, match=r"loss of the emotion classifier is \w+ in epoch \d.*lower learning_rate"):
        train_cue_classifier(pair, wild, held_out={"A0"})


def test_too_few_actors_or_emotions_are_refused(pair) -> None:
    alone = troupe(actors=1, clips=1, emotions=("happy", "sad"))
    with pytest.raises(UsageError, match=r"two or more actors.*got 1 \(A0\)"):
        train_cue_classifier(alone, BRIEF)
    with pytest.raises(UsageError, match="two or more emotions; there is only happy"):
        train_cue_classifier(troupe(actors=2, clips=1, emotions=("happy",)), BRIEF)
    with pytest.raises(UsageError, match="got 6 clips to learn from, and 0 of A9 to judge by"):
        train_cue_classifier(pair, BRIEF, held_out={"A9"})


def test_a_share_of_actors_is_held_out_but_neither_none_nor_all() -> None:
    names = [f"A{number}" for number in range(10)]
    assert choose_actors(names, 0.2, 0) == choose_actors(names[::-1], 0.2, 0)
    assert len(choose_actors(names, 0.2, 0)) == 2
    assert len({choose_actors(names, 0.2, seed) for seed in range(8)}) > 1
    assert len(choose_actors(names[:2], 0.01, 0)) == len(choose_actors(names[:2], 0.99, 0)) == 1


def test_nobody_is_judged_by_an_emotion_that_nobody_could_learn() -> None:
    sides = take_sides(["A", "A", "B", "B"], ["happy", "sad", "happy", "fear"], ["B"])
    assert (sides.learn.tolist(), sides.test.tolist(), sides.emotions) == ([0, 1], [2], ("happy", "sad"))


def test_an_epoch_sees_each_clip_as_often_as_any_other_but_for_one() -> None:
    for count in (5, 32, 100):
        batches = list(draw(count, QUICK, np.random.default_rng(0)))
        assert {len(batch) for batch in batches} == {32}
        assert len(batches) == 12
        assert np.ptp(np.bincount(np.concatenate(batches), minlength=count)) <= 1


def test_a_clip_mirrored_twice_is_the_clip() -> None:
    clip = act("contempt", np.random.default_rng(0))
    twice, once = mirrored(mirrored(clip)), mirrored(clip)
    for name in ("normalized", "rotation", "gaze"):
        np.testing.assert_array_equal(getattr(twice, name), getattr(clip, name))
        assert not np.array_equal(getattr(once, name), getattr(clip, name))
        assert getattr(once, name).dtype == np.float32
    # The subject's right eye, which is at the left of the picture, is there again.
    assert (once.normalized[:, 36, 0] < once.normalized[:, 45, 0]).all()


def test_clips_are_judged_alike_in_batches_of_any_size(company) -> None:
    network = train_cue_classifier(company, BRIEF, held_out={"A1"}).network
    clips = [company[at] for at in range(7)]
    one, three = (clip_probabilities(network, clips, batch=size) for size in (1, 3))
    np.testing.assert_allclose(one, three, atol=1e-6)
    np.testing.assert_allclose(one.sum(axis=1), 1, atol=1e-6)

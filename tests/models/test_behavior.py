"""Behaviour: what a face may and may not do, and that its cues tell emotions only together."""

from collections.abc import Callable

import numpy as np
import pytest

from facecues.errors import UsageError
from facecues.labels import EMOTIONS, LEVELS, NEUTRAL
from facecues.models.synth.behavior import Manner, Performance, manner_of, perform
from facecues.models.synth.expressions import LEVEL_STRENGTH, UNITS, express, unit_fields
from facecues.models.synth.gaze_habits import blink
from facecues.models.synth.mouth import WIDEST_GAP
from facecues.models.synth.noise import drift
from facecues.models.synth.speech import Speech, speak, voice_of
from facecues.points import MIRROR, STABLE
from facecues.preprocess.pupils import eye_openness
from facecues.preprocess.template import TEMPLATE
from tests.models.emotion_probe import accuracy_across_actors, clip_features
from tests.models.stand_ins import babble, hold, identity

FRAMES = 80
WILD = Manner(expressiveness=1.15, articulation=1.1, head=1.25, eyes=1.2, blinking=1.3, pitch=1.5, roll=1.0)
STREAMS = ("normalized", "gaze", "rotation")


@pytest.fixture(scope="module")
def performances() -> list[Performance]:
    """Every emotion and level by three faces, the wildest manner included."""
    made = []
    for face in range(3):
        rng = np.random.default_rng(face)
        neutral, manner = (TEMPLATE, WILD) if face == 0 else (identity(rng), manner_of(rng))
        made += [
            perform(babble(FRAMES, rng), neutral, emotion, level, manner, rng)
            for emotion in EMOTIONS
            for level in LEVELS
        ]
    return made


def average(emotion: str, level: int = 3, clips: int = 12) -> np.ndarray:
    """(68, 3): what an emotion does to TEMPLATE on average, the mouth at rest."""
    moved = [express(TEMPLATE, emotion, level, 25, np.random.default_rng(seed)) for seed in range(clips)]
    return np.mean([expression.displacement.mean(axis=0) for expression in moved], axis=0)


def inner_gap(points: np.ndarray) -> np.ndarray:
    return points[..., [67, 66, 65], 1] - points[..., [61, 62, 63], 1]


def test_stable_points_stay_where_they_are() -> None:
    made = perform(babble(FRAMES, np.random.default_rng(0)), TEMPLATE, "fear", 3, WILD, np.random.default_rng(1))
    stable = list(STABLE)
    np.testing.assert_array_equal(
        made.normalized[:, stable], np.broadcast_to(TEMPLATE[stable].astype(np.float32), (FRAMES, len(stable), 3))
    )


def test_the_same_seed_gives_the_same_bytes_and_another_seed_others() -> None:
    def run(seed: int) -> Performance:
        return perform(
            babble(FRAMES, np.random.default_rng(0)), TEMPLATE, "happy", 2, WILD, np.random.default_rng(seed)
        )

    one, same, other = run(3), run(3), run(4)
    assert one.blinks == same.blinks
    for name in ("normalized", "rotation", "offset", "gaze"):
        assert getattr(one, name).tobytes() == getattr(same, name).tobytes()
        assert getattr(one, name).tobytes() != getattr(other, name).tobytes()


def test_shapes_and_types_are_those_of_the_store(performances: list[Performance]) -> None:
    for made in performances:
        shapes = {name: getattr(made, name).shape for name in ("normalized", "rotation", "offset", "gaze")}
        assert shapes == {
            "normalized": (FRAMES, 68, 3),
            "rotation": (FRAMES, 3),
            "offset": (FRAMES, 2),
            "gaze": (FRAMES, 2),
        }
        assert {getattr(made, name).dtype for name in shapes} == {np.dtype(np.float32)}


def test_head_and_gaze_keep_their_limits(performances: list[Performance]) -> None:
    for made in performances:
        assert np.all(np.abs(made.rotation) <= [15, 20, 15])
        assert np.all(np.abs(made.gaze) <= [18, 20])
        assert np.all(np.abs(made.offset) < 0.1)


def test_lips_never_cross_and_keep_their_thickness(performances: list[Performance]) -> None:
    for made in performances:
        points = made.normalized
        assert inner_gap(points).min() > -1e-6
        for outer, inner in ((50, 61), (51, 62), (52, 63), (67, 58), (66, 57), (65, 56)):
            height = points[:, inner, 1] - points[:, outer, 1]
            assert height.min() > 0.5 * abs(TEMPLATE[inner, 1] - TEMPLATE[outer, 1])


def test_pressed_lips_meet_and_a_wide_vowel_opens_them() -> None:
    gaps = {
        (opening, closure): inner_gap(
            perform(hold(5, opening, 0.0, closure), TEMPLATE, NEUTRAL, 1, Manner(), np.random.default_rng(0)).normalized
        )[:, 1]
        for opening, closure in ((1.0, 0.0), (1.0, 1.0), (0.0, 0.0))
    }
    np.testing.assert_allclose(gaps[1.0, 0.0], WIDEST_GAP, rtol=1e-5)
    np.testing.assert_allclose(gaps[1.0, 1.0], 0, atol=1e-6)
    assert gaps[0.0, 0.0].max() < 0.1 * WIDEST_GAP


def test_the_jaw_drops_with_the_mouth_and_rounding_narrows_and_protrudes_it() -> None:
    def shape(opening: float, spread: float) -> np.ndarray:
        speech = hold(5, opening, spread, 0.0)
        return perform(speech, TEMPLATE, NEUTRAL, 1, Manner(), np.random.default_rng(0)).normalized[0]

    shut, wide, rounded, spread = shape(0, 0), shape(1, 0), shape(0.3, -1), shape(0.3, 1)
    assert wide[8, 1] - shut[8, 1] > 0.7 * WIDEST_GAP
    assert wide[62, 1] < shut[62, 1] < wide[66, 1]
    widths = [points[54, 0] - points[48, 0] for points in (rounded, shut, spread)]
    np.testing.assert_allclose(np.diff(widths), 0.12, atol=0.02)
    assert rounded[62, 2] < shut[62, 2] - 0.04


@pytest.mark.parametrize("emotion", EMOTIONS)
def test_mouth_opening_follows_speech(emotion: str) -> None:
    rng = np.random.default_rng(5)
    for gender in ("male", "female"):
        speech = speak(100, emotion, 1, voice_of(gender, rng), rng)
        made = perform(speech, identity(rng), emotion, 1, manner_of(rng), rng)
        assert np.corrcoef(inner_gap(made.normalized)[:, 1], speech.opening)[0, 1] > 0.9


def test_lids_shut_fully_in_every_blink_and_stay_open_between(performances: list[Performance]) -> None:
    for made in performances:
        openness = eye_openness(made.normalized).mean(axis=1)
        inside = np.zeros(FRAMES, bool)
        assert made.blinks
        for first, last in made.blinks:
            inside[first : last + 1] = True
            assert 2 <= last - first + 1 <= 7
            assert openness[first : last + 1].min() < 0.01
        assert np.median(openness[~inside]) > 0.45 * eye_openness(TEMPLATE).mean()


def test_blinks_have_their_length_and_rate() -> None:
    closing = blink(0.4, 25_000, np.random.default_rng(0))
    edges = np.flatnonzero(np.diff((closing > 0).astype(int)))
    lengths = edges[1::2] - edges[::2]
    assert lengths.min() == 4
    assert lengths.max() == 7
    assert 0.25 < len(lengths) / 1000 < 0.4  # the dead time after each blink lowers the rate
    assert all(blink(0.2, 50, np.random.default_rng(seed)).max() == 1 for seed in range(200))


def test_action_units_are_symmetric_and_their_halves_mirror_each_other() -> None:
    fields = dict(zip(UNITS, unit_fields(TEMPLATE), strict=True))
    flip = np.array([-1.0, 1.0, 1.0])
    for unit, field in fields.items():
        partner = fields[unit.translate(str.maketrans("RL", "LR"))]
        np.testing.assert_allclose(partner[list(MIRROR)] * flip, field, atol=1e-12)
        assert not field[list(STABLE)].any()


def up(points: list[int]) -> Callable[[np.ndarray], float]:
    return lambda moved: -float(moved[points, 1].mean())


@pytest.mark.parametrize(
    ("emotion", "rises", "falls"),
    [
        ("happy", [48, 54, 40, 41, 46, 47], []),
        ("sad", [21, 22], [48, 54, 37, 38, 43, 44]),
        ("angry", [40, 41, 46, 47], [20, 21, 22, 23]),
        ("fear", [19, 20, 21, 22, 23, 24, 37, 38, 43, 44], []),
        ("surprised", [17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 37, 38, 43, 44], []),
        ("disgusted", [50, 51, 52], [21, 22, 48, 54]),
    ],
)
def test_brows_lids_and_mouth_go_the_way_of_the_emotion(emotion: str, rises: list[int], falls: list[int]) -> None:
    moved = average(emotion)
    assert all(up([point])(moved) > 0.005 for point in rises)
    assert all(up([point])(moved) < -0.005 for point in falls)


def test_contempt_pulls_one_side_of_the_mouth() -> None:
    for seed in range(10):
        moved = express(TEMPLATE, "contempt", 3, 25, np.random.default_rng(seed)).displacement.mean(axis=0)
        right, left = np.linalg.norm(moved[[48, 54]], axis=1)
        assert max(right, left) > 1.5 * min(right, left)


@pytest.mark.parametrize("emotion", [emotion for emotion in EMOTIONS if emotion != NEUTRAL])
def test_levels_order_the_size_of_an_expression(emotion: str) -> None:
    sizes = [np.linalg.norm(average(emotion, level)) for level in LEVELS]
    assert sizes == sorted(sizes)
    assert sizes[-1] > 1.5 * sizes[0]
    assert list(LEVEL_STRENGTH.values()) == sorted(LEVEL_STRENGTH.values())


def test_expressions_are_of_natural_size() -> None:
    assert max(np.abs(average(emotion)).max() for emotion in EMOTIONS) < 0.11
    assert np.abs(average(NEUTRAL)).max() < 0.02


def test_a_clip_is_not_a_lookup() -> None:
    moved = [express(TEMPLATE, "happy", 3, 75, np.random.default_rng(seed)).displacement for seed in range(8)]
    clips = np.array([one.mean(axis=0)[[48, 54], 1].mean() for one in moved])
    assert clips.std() > 0.1 * abs(clips.mean())
    assert min(one[:, 48, 1].std() for one in moved) > 0


def test_gaze_habits_differ_as_named() -> None:
    def gaze(emotion: str) -> np.ndarray:
        rng = np.random.default_rng(9)
        return np.stack([perform(hold(75), TEMPLATE, emotion, 3, Manner(), rng).gaze for _ in range(20)])

    looked = {emotion: gaze(emotion) for emotion in EMOTIONS}
    rest = {emotion: np.abs(clips.mean(axis=1)).mean(axis=0) for emotion, clips in looked.items()}
    for direct in ("angry", "happy", "neutral"):
        assert rest[direct].max() < 2
    for averted in ("contempt", "disgusted"):
        assert rest[averted][1] > 6
    assert looked["sad"][..., 0].mean() > 6
    assert looked["fear"][..., 1].std(axis=1).mean() > 3 * looked["angry"][..., 1].std(axis=1).mean()


def test_heads_rest_and_move_as_named() -> None:
    def rotation(emotion: str) -> np.ndarray:
        rng = np.random.default_rng(9)
        return np.stack([perform(babble(75, rng), TEMPLATE, emotion, 3, Manner(), rng).rotation for _ in range(20)])

    turned = {emotion: rotation(emotion) for emotion in EMOTIONS}
    pitch = {emotion: clips[..., 0].mean() for emotion, clips in turned.items()}
    assert pitch["contempt"] < -3 < pitch["neutral"] < 3 < pitch["sad"]
    pace = {emotion: np.abs(np.diff(clips[..., 1], axis=1)).mean() for emotion, clips in turned.items()}
    assert pace["sad"] < pace["neutral"] < pace["happy"]


def test_heads_nod_on_syllables() -> None:
    nods = []
    for seed in range(20):
        rng = np.random.default_rng(seed)
        speech = babble(100, rng)
        made = perform(speech, TEMPLATE, "angry", 3, Manner(), rng)
        nods.append(np.corrcoef(speech.opening, made.rotation[:, 0])[0, 1])
    assert np.mean(nods) > 0.2


def test_drift_has_unit_deviation_at_any_speed() -> None:
    for cutoff in (0.25, 1.0, 6.0):
        assert drift(60, 2000, cutoff, np.random.default_rng(0)).std() == pytest.approx(1, rel=0.05)


@pytest.mark.parametrize(
    ("emotion", "level", "neutral", "says"),
    [
        ("bored", 1, TEMPLATE, "Unknown emotion 'bored'; use one of angry, contempt"),
        ("sad", 4, TEMPLATE, "Unknown level 4; use one of 1, 2, 3."),
        ("sad", 1, TEMPLATE[:5], r"shape \(68, 3\) .* not \(5, 3\)"),
    ],
)
def test_what_cannot_be_performed_is_refused(emotion: str, level: int, neutral: np.ndarray, says: str) -> None:
    with pytest.raises(UsageError, match=says):
        perform(hold(5), neutral, emotion, level, Manner(), np.random.default_rng(0))


def accuracies(talk: Callable[[int, str, int, int, np.random.Generator], Speech]) -> dict[str, float]:
    """Held-out-actor accuracy per cue and together: 6 actors, 8 emotions, levels 1 and 3, 4 clips each."""
    clips = []
    for actor in range(6):
        rng = np.random.default_rng([20, actor])
        neutral, manner = identity(rng), manner_of(rng)
        for label, emotion in enumerate(EMOTIONS):
            for level in (1, 3):
                for _ in range(4):
                    spoken = 1 if emotion == NEUTRAL else level
                    speech = talk(int(rng.integers(75, 101)), emotion, spoken, actor, rng)
                    clips.append((actor, label, perform(speech, neutral, emotion, spoken, manner, rng)))
    actors, labels = (np.array([clip[i] for clip in clips]) for i in (0, 1))
    features = {name: np.stack([clip_features(getattr(clip[2], name)) for clip in clips]) for name in STREAMS}
    single = {name: accuracy_across_actors([features[name]], labels, actors) for name in STREAMS}
    return {**single, "together": accuracy_across_actors(list(features.values()), labels, actors)}


def check_cohesion(found: dict[str, float]) -> None:
    assert found["together"] >= 0.9, found
    for name in STREAMS:
        assert 0.5 <= found[name] <= found["together"] - 0.1, found


def test_cues_tell_emotions_across_actors_only_together() -> None:
    check_cohesion(accuracies(lambda frames, _emotion, _level, _actor, rng: babble(frames, rng)))


@pytest.mark.slow
def test_cues_tell_emotions_across_actors_only_together_in_real_speech() -> None:
    voices = [voice_of(("male", "female")[actor % 2], np.random.default_rng(actor)) for actor in range(6)]
    check_cohesion(
        accuracies(lambda frames, emotion, level, actor, rng: speak(frames, emotion, level, voices[actor], rng))
    )

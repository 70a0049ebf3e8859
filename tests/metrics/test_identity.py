"""Identity: cosine and distance of embeddings to the reference's mean."""

import numpy as np
import pytest

from facecues.metrics.identity import (
    ID_DLIB,
    ID_DLIB_DISTANCE,
    identity_distance,
    identity_info,
    identity_signature,
    identity_similarity,
)
from facecues.reasons import ScoreReason

RNG = np.random.default_rng(0)
PERSON = RNG.normal(size=16)
OTHER = RNG.normal(size=16)


def frames_of(person: np.ndarray, n: int = 20, noise: float = 0.1) -> np.ndarray:
    return (person + noise * RNG.normal(size=(n, len(person)))).astype(np.float32)


def test_the_same_picture_over_and_over_is_ideal() -> None:
    still = np.repeat(PERSON[None], 5, axis=0)
    similar, apart = identity_similarity(still, still), identity_distance(still, still)
    assert similar.value == pytest.approx(ID_DLIB.ideal, abs=1e-12)
    assert apart.value == pytest.approx(ID_DLIB_DISTANCE.ideal, abs=1e-12)
    assert (similar.n_frames, similar.coverage, similar.reason) == (5, 1.0, None)


def test_it_is_the_mean_of_cosines_to_the_mean_direction() -> None:
    pred, target = frames_of(PERSON), frames_of(OTHER)
    mean = np.mean([row / np.sqrt(np.sum(row.astype(float) ** 2)) for row in target], axis=0)
    cosines = [row @ mean / np.linalg.norm(row.astype(float)) / np.linalg.norm(mean) for row in pred.astype(float)]
    assert identity_similarity(pred, target).value == pytest.approx(np.mean(cosines), abs=1e-9)


def test_another_person_is_less_similar_and_further_apart() -> None:
    target = frames_of(PERSON)
    same, other = frames_of(PERSON), frames_of(OTHER)
    assert identity_similarity(same, target).value > identity_similarity(other, target).value + 0.3
    assert identity_distance(same, target).value < identity_distance(other, target).value - 0.3


def test_similarity_falls_steadily_with_noise() -> None:
    target = frames_of(PERSON, noise=0.0)
    values = [identity_similarity(frames_of(PERSON, 200, noise), target).value for noise in (0.0, 0.2, 0.5, 1.0, 2.0)]
    assert values == sorted(values, reverse=True)


def test_the_length_of_embeddings_and_the_order_of_frames_do_not_matter_to_the_cosine() -> None:
    pred, target = frames_of(PERSON), frames_of(PERSON)
    value = identity_similarity(pred, target).value
    lengths = RNG.uniform(0.5, 5, (20, 1))
    assert identity_similarity(pred * lengths, target[::-1] * lengths).value == pytest.approx(value, abs=1e-6)
    assert identity_similarity(pred[::-1], target).value == pytest.approx(value, abs=1e-12)


def test_frames_without_a_face_are_left_out_and_lower_the_coverage() -> None:
    pred, target = frames_of(PERSON), frames_of(PERSON)
    seen = identity_similarity(pred[:15], target)
    pred[15:] = np.nan
    score = identity_similarity(pred, target)
    assert score.value == seen.value
    assert (score.n_frames, score.coverage, score.reason) == (15, 0.75, ScoreReason.NO_FACE)


@pytest.mark.parametrize("measure", [identity_similarity, identity_distance])
def test_without_any_face_there_is_no_value(measure) -> None:
    here, nowhere = frames_of(PERSON), np.full((20, 16), np.nan)
    for pair in ((nowhere, here), (here, nowhere), (nowhere, nowhere), (here, nowhere[:0])):
        score = measure(*pair)
        assert (score.value, score.n_frames, score.coverage, score.reason) == (None, 0, 0.0, ScoreReason.NO_FACE)


def test_a_longer_video_is_cut_and_a_shorter_one_covers_less() -> None:
    long, target = frames_of(PERSON, 30), frames_of(PERSON, 20)
    assert identity_similarity(long, target) == identity_similarity(long[:20], target)
    short = identity_similarity(long[:10], target)
    assert (short.n_frames, short.coverage, short.reason) == (10, 0.5, ScoreReason.TOO_SHORT)


@pytest.mark.parametrize("measure", [identity_similarity, identity_distance])
def test_other_shapes_and_broken_rows_are_refused(measure) -> None:
    good = frames_of(PERSON)
    with pytest.raises(ValueError, match=r"shape \(frames, dimensions\), got \(16,\)"):
        measure(PERSON, good)
    with pytest.raises(ValueError, match="got 15 and 16 dimensions"):
        measure(good[:, 1:], good)
    for value in (np.nan, np.inf):
        bad = good.copy()
        bad[3, 4] = value
        with pytest.raises(ValueError, match="finite embeddings"):
            measure(good, bad)
    with pytest.raises(ValueError, match="not zero"):
        measure(good * 0, good)


def test_embeddings_and_measures_never_share_a_name_or_a_signature() -> None:
    infos = [identity_info(name, measure) for name in ("dlib", "arcface") for measure in ("cosine", "distance")]
    assert len({one.name for one in infos}) == 4
    signatures = {identity_signature(net, measure) for net in ("a", "b") for measure in ("cosine", "distance")}
    assert len(signatures) == 4
    assert identity_signature("identity-dlib[w:55533b28,chip:150]") == (
        "identity|net:identity-dlib[w:55533b28,chip:150]|measure:cosine|against:reference-mean|miss:exclude|v:1"
    )

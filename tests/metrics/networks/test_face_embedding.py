"""The dlib embedding on real faces."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from facecues.config import ExtractConfig
from facecues.errors import BackendUnavailableError, UsageError, WeightsMissingError
from facecues.metrics.contracts import Batch, FrameNetwork
from facecues.metrics.identity import identity_distance, identity_similarity
from facecues.metrics.networks import face_embedding as module
from facecues.metrics.networks.face_embedding import face_embedding
from facecues.preprocess.decode import Decoder
from facecues.preprocess.landmarks import landmark_backend
from tests.metrics.networks.faces import part

EVERY = 30  # frames between those that are looked at: the network takes 80 ms


@pytest.fixture(scope="module")
def network() -> FrameNetwork:
    try:
        return face_embedding("dlib")
    except (WeightsMissingError, BackendUnavailableError) as error:
        pytest.skip(str(error))


def read(video: Path) -> Batch:
    with Decoder(video, ExtractConfig().limits) as decoder:
        tracked = [one for one in landmark_backend(ExtractConfig()).track(decoder) if one.frame.index % EVERY == 0]
    return Batch(np.stack([one.frame.rgb() for one in tracked]), np.stack([one.face.landmarks for one in tracked]))


@pytest.fixture(scope="module")
def clips(data: Path, extractor) -> dict[str, Batch]:
    names = {"M030 happy": "M030_front_happy", "M030 sad": "M030_front_sad", "W009 happy": "W009_front_happy"}
    return {short: read(data / f"mead_crop256/{name}_level3_001.mp4") for short, name in names.items()}


def test_a_person_in_another_mood_is_nearer_than_another_person(network: FrameNetwork, clips) -> None:
    happy, sad, other = (network.features(one) for one in clips.values())
    assert happy.shape[1] == 128 and happy.dtype == np.float32
    assert identity_similarity(sad, happy).value > identity_similarity(other, happy).value + 0.03
    assert identity_distance(sad, happy).value < 0.6 < identity_distance(other, happy).value


def test_frames_without_a_face_give_nan_and_batches_change_nothing(network: FrameNetwork, clips) -> None:
    seen = part(clips["M030 happy"], slice(0, 3))
    batch = Batch(seen.pictures, seen.landmarks.copy())
    batch.landmarks[1] = np.nan
    whole = network.features(batch)
    assert np.isnan(whole).all(axis=1).tolist() == [False, True, False]
    assert np.isfinite(whole[[0, 2]]).all()
    np.testing.assert_array_equal(network.features(part(batch, [2, 0])), whole[[2, 0]])


def test_the_size_of_the_picture_hardly_matters(network: FrameNetwork, clips) -> None:
    batch = part(clips["M030 happy"], slice(0, 2))
    larger = Batch(
        np.stack([cv2.resize(one, None, fx=2, fy=2, interpolation=cv2.INTER_CUBIC) for one in batch.pictures]),
        2 * batch.landmarks + np.float32(0.5),
    )
    score = identity_similarity(network.features(larger), network.features(batch))
    assert score.value is not None and score.value > 0.98


def test_its_signature_names_the_weights(network: FrameNetwork) -> None:
    assert (network.name, network.context) == ("identity-dlib", 0)
    assert network.signature == "identity-dlib[w:55533b28,chip:150]"


def test_an_unknown_embedding_is_refused_with_the_known_ones() -> None:
    with pytest.raises(UsageError, match="'arcface': expected one of dlib"):
        face_embedding("arcface")


def test_without_dlib_the_message_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "dlib", None)
    with pytest.raises(BackendUnavailableError, match="pip install dlib-bin"):
        face_embedding("dlib")

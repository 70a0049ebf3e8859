"""The coefficients are those of python_speech_features, which SyncNet and EVP were trained on."""

from pathlib import Path

import numpy as np
import pytest

from facecues.preprocess.mfcc import mfcc
from facecues.preprocess.sound import read_sound

RNG = np.random.default_rng(0)
NOISE = (np.round(RNG.normal(0, 3000, 20000)).clip(-32768, 32767) / 32768).astype(np.float32)


def theirs(sound: np.ndarray) -> np.ndarray:
    peer = pytest.importorskip("python_speech_features")
    return peer.mfcc(np.round(sound * 32768).astype(np.int16), 16000)


@pytest.mark.parametrize("length", [1, 160, 399, 400, 401, 559, 560, 561, 16000, 19999])
def test_equal_to_python_speech_features_at_any_length(length: int) -> None:
    np.testing.assert_allclose(mfcc(NOISE[:length]), theirs(NOISE[:length]), rtol=0, atol=1e-6)


def test_equal_to_python_speech_features_on_speech_and_in_silence(data: Path) -> None:
    for name in ("mead/M003/audio/happy/level_1/024.m4a", "difficult/made_silent_audio.mp4"):
        sound = read_sound(data / name)
        assert sound is not None
        np.testing.assert_allclose(mfcc(sound), theirs(sound), rtol=0, atol=1e-6)


def test_only_the_first_coefficient_knows_the_gain() -> None:
    loud, soft = mfcc(NOISE), mfcc(NOISE / 2)
    np.testing.assert_allclose(loud[:, 1:], soft[:, 1:], atol=0.05)
    np.testing.assert_allclose(loud[:, 0] - soft[:, 0], np.log(4), atol=1e-3)


def test_the_sound_given_is_left_as_it_was() -> None:
    before = NOISE.copy()
    mfcc(NOISE)
    assert np.array_equal(before, NOISE)


def test_no_sound_is_refused() -> None:
    with pytest.raises(ValueError, match="sound should be"):
        mfcc(np.zeros(0, np.float32))

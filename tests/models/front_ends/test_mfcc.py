"""MFCC windows against python_speech_features and EVP's own counting."""

from pathlib import Path

import numpy as np
import pytest

from facecues.models.front_ends import front_end, windows
from facecues.preprocess.sound import read_sound


@pytest.fixture(scope="module")
def speech(data: Path) -> np.ndarray:
    sound = read_sound(data / "mead/M003/audio/happy/level_1/024.m4a")
    assert sound is not None
    return sound


def evp(sound: np.ndarray) -> np.ndarray:
    """(n, 28, 13): 1920 zeros at both ends, samples in [-1, 1], 100 rows per second, every fourth a window's first."""
    peer = pytest.importorskip("python_speech_features")
    silence = np.zeros(1920)
    rows = peer.mfcc(np.concatenate([silence, sound.astype(np.float64), silence]), 16000, winstep=0.01)
    return np.stack([rows[4 * at : 4 * at + 28] for at in range((len(rows) - 28) // 4 + 1)])


@pytest.mark.parametrize("frames", [2, 25, 60])
def test_windows_are_evps_and_one_more(speech: np.ndarray, frames: int) -> None:
    theirs, ours = evp(speech[: 640 * frames]), windows(front_end("mfcc"), speech, frames)
    assert len(theirs) == frames - 1 and len(ours) == frames
    np.testing.assert_allclose(ours[:-1], theirs, atol=1e-4)


def test_the_last_window_is_evps_with_more_silence_behind(speech: np.ndarray) -> None:
    longer = np.concatenate([speech[: 640 * 25], np.zeros(640, np.float32)])
    np.testing.assert_allclose(windows(front_end("mfcc"), speech, 25), evp(longer), atol=1e-4)


def test_windows_of_a_clip_of_many_blocks_are_evps(speech: np.ndarray) -> None:
    sound = np.tile(speech, 5)
    frames = len(sound) // 640
    theirs = evp(sound[: 640 * frames])
    np.testing.assert_allclose(windows(front_end("mfcc"), sound, frames)[:-1], theirs, atol=1e-4)


def test_the_demos_windows_leave_out_the_energy(speech: np.ndarray) -> None:
    ears = front_end("mfcc-12")
    assert (ears.steps, ears.size) == (28, 12)
    assert np.array_equal(windows(ears, speech, 30), windows(front_end("mfcc"), speech, 30)[..., 1:])

"""Log-mel windows against Wav2Lip's recipe, written with librosa's single steps."""

import sys
from pathlib import Path

import numpy as np
import pytest
from scipy.signal import lfilter

from facecues.errors import BackendUnavailableError
from facecues.models.front_ends import front_end, windows
from facecues.preprocess.sound import read_sound

librosa = pytest.importorskip("librosa")


@pytest.fixture(scope="module")
def speech(data: Path) -> np.ndarray:
    sound = read_sound(data / "mead/M003/audio/happy/level_1/024.m4a")
    assert sound is not None
    return np.tile(sound, 4)


def wav2lip_rows(sound: np.ndarray, pad_mode: str = "constant") -> np.ndarray:
    """(n, 80), 80 per second."""
    spectrum = librosa.stft(lfilter([1, -0.97], [1], sound), n_fft=800, hop_length=200, pad_mode=pad_mode)
    basis = librosa.filters.mel(sr=16000, n_fft=800, n_mels=80, fmin=55, fmax=7600)
    decibels = 20 * np.log10(np.maximum(1e-5, basis @ np.abs(spectrum))) - 20
    return np.clip(8 * (decibels + 100) / 100 - 4, -4, 4).T


def wav2lip_windows(rows: np.ndarray, frames: int) -> np.ndarray:
    starts = [int(80 * frame / 25) for frame in range(frames)]
    return np.stack([rows[at : at + 16] if at + 16 <= len(rows) else rows[-16:] for at in starts])


@pytest.mark.parametrize("frames", [5, 25, 62, 200])
def test_rows_and_windows_are_wav2lips(speech: np.ndarray, frames: int) -> None:
    ears, rows = front_end("logmel"), wav2lip_rows(speech[: 640 * frames])
    np.testing.assert_allclose(ears.rows(speech, frames), rows, atol=1e-5)
    np.testing.assert_allclose(windows(ears, speech, frames), wav2lip_windows(rows, frames), atol=1e-5)


def test_reflection_as_in_older_librosa_concerns_the_outermost_two_rows_only(speech: np.ndarray) -> None:
    rows, reflected = front_end("logmel").rows(speech, 50), wav2lip_rows(speech[: 640 * 50], "reflect")
    np.testing.assert_allclose(rows[2:-2], reflected[2:-2], atol=1e-5)
    assert np.abs(rows - reflected).max() > 0.1


def test_starts_are_those_of_floating_point_arithmetic_for_an_hour() -> None:
    frames = 25 * 3600
    starts = front_end("logmel").starts(frames)
    assert starts[: frames - 10].tolist() == [int(80 * frame / 25) for frame in range(frames - 10)]
    assert starts[: frames - 10].tolist() == [int(frame * (80.0 / 25)) for frame in range(frames - 10)]


def test_values_are_within_four_and_silence_is_at_the_bottom(speech: np.ndarray) -> None:
    ears = front_end("logmel")
    rows = ears.rows(speech, 60)
    assert rows.min() >= -4 and rows.max() <= 4 and rows.std() > 0.5
    assert (ears.rows(np.zeros(100, np.float32), 60) == -4).all()


def test_without_librosa_one_sentence_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "librosa.feature", None)
    monkeypatch.delitem(sys.modules, "facecues.models.front_ends.logmel", raising=False)
    with pytest.raises(BackendUnavailableError, match=r"logmel needs librosa.*pip install 'facecues\[logmel\]'"):
        front_end("logmel")

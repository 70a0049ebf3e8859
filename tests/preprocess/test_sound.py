"""Sound arrives as 16 kHz samples in time with the pictures, whatever the file holds."""

import struct
import wave
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from facecues.errors import ClipError
from facecues.models.media import write_audio
from facecues.preprocess.sound import check_sound, is_audible, read_sound
from facecues.reasons import ClipReason
from facecues.resample import AUDIO_RATE

RNG = np.random.default_rng(0)


def write_wav(path: Path, samples: np.ndarray, rate: int) -> Path:
    """(N,) or (N, channels) in [-1, 1] as 16-bit integers."""
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1 if samples.ndim == 1 else samples.shape[1])
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes((samples * 32767).astype("<i2").tobytes())
    return path


def write_late(path: Path, samples: np.ndarray, starts: list[tuple[float, int, int]]) -> Path:
    """Uncompressed sound in Matroska: samples begin to end are heard from start seconds on, for each of `starts`."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("pcm_s16le", rate=AUDIO_RATE, layout="mono")
        for start_s, begin, end in starts:
            whole = (samples[None, begin:end] * 32767).astype(np.int16)
            frame = av.AudioFrame.from_ndarray(whole, format="s16", layout="mono")
            frame.sample_rate, frame.time_base = AUDIO_RATE, Fraction(1, AUDIO_RATE)
            frame.pts = round(start_s * AUDIO_RATE)
            container.mux(stream.encode(frame))
    return path


def tone(seconds: float, rate: int = AUDIO_RATE) -> np.ndarray:
    return 0.5 * np.sin(2 * np.pi * 440 * np.arange(round(seconds * rate)) / rate)


def best_lag(sound: np.ndarray, other: np.ndarray, inside: slice) -> int:
    """Samples by which `sound` is late."""
    lags = {lag: float(sound[inside.start + lag : inside.stop + lag] @ other[inside]) for lag in range(-50, 51)}
    return max(lags, key=lambda lag: lags[lag])


def test_16_khz_mono_comes_as_it_is(tmp_path: Path) -> None:
    sound = read_sound(write_wav(tmp_path / "a.wav", tone(0.3), AUDIO_RATE))
    assert sound is not None and sound.dtype == np.float32
    np.testing.assert_array_equal(sound * 32768, np.trunc(tone(0.3) * 32767))


@pytest.mark.parametrize("rate", [8000, 22050, 44100, 48000])
def test_another_rate_keeps_every_instant(tmp_path: Path, rate: int) -> None:
    sound = read_sound(write_wav(tmp_path / "a.wav", tone(1.0, rate), rate))
    assert sound is not None and abs(len(sound) - AUDIO_RATE) <= 1
    middle = slice(1000, 15000)  # at the ends, a filter sees the edge
    np.testing.assert_allclose(sound[middle], tone(1.0)[middle], atol=2e-3)


def test_channels_are_averaged(tmp_path: Path) -> None:
    left_only = np.stack([tone(0.5), np.zeros(8000)], axis=1)
    both = np.stack([tone(0.5), tone(0.5)], axis=1)
    half, whole = (read_sound(write_wav(tmp_path / "a.wav", one, AUDIO_RATE)) for one in (left_only, both))
    assert half is not None and whole is not None
    np.testing.assert_allclose(2 * half, whole, atol=2e-4)
    np.testing.assert_allclose(whole, tone(0.5), atol=2e-4)


def test_what_starts_late_is_preceded_by_zeros_and_what_starts_early_is_cut(tmp_path: Path) -> None:
    path = write_late(tmp_path / "late.mkv", tone(1.0), [(0.25, 0, 16000)])
    plain, later, inside = (read_sound(path, start_s=start) for start in (0.0, 0.1, 0.5))
    assert plain is not None and later is not None and inside is not None
    assert not plain[:4000].any() and np.flatnonzero(plain)[0] == 4001  # a sine begins with a zero of its own
    np.testing.assert_array_equal(later, plain[1600:])
    np.testing.assert_array_equal(inside, plain[8000:])
    assert read_sound(path, start_s=2.0) is None


def test_a_hole_in_the_time_stamps_is_silence_and_moves_nothing(tmp_path: Path) -> None:
    whole = read_sound(write_late(tmp_path / "whole.mkv", tone(1.0), [(0, 0, 16000)]))
    holed = read_sound(write_late(tmp_path / "holed.mkv", tone(1.0), [(0, 0, 4000), (0.5, 8000, 16000)]))
    assert whole is not None and holed is not None and len(whole) == len(holed)
    assert not holed[4000:8000].any()
    np.testing.assert_array_equal(holed[:4000], whole[:4000])
    np.testing.assert_array_equal(holed[8000:], whole[8000:])


def test_rounded_time_stamps_tear_no_holes(tmp_path: Path) -> None:
    """Matroska rounds to milliseconds; packets of 100 samples begin at broken ones."""
    starts = [(begin / AUDIO_RATE, begin, begin + 100) for begin in range(0, 16000, 100)]
    sound = read_sound(write_late(tmp_path / "a.mkv", tone(1.0), starts))
    assert sound is not None
    np.testing.assert_allclose(sound, tone(1.0), atol=1e-4)


def test_what_we_write_is_read_in_time(tmp_path: Path) -> None:
    """AAC begins with samples that are not to be heard; an m4a says how many."""
    noise = np.repeat(RNG.normal(0, 0.1, 200), 80).astype(np.float32)
    write_audio(tmp_path / "a.m4a", noise)
    sound = read_sound(tmp_path / "a.m4a")
    assert sound is not None and 0 <= len(sound) - len(noise) < 1024
    assert best_lag(sound, noise, slice(500, 15500)) == 0


def test_a_title_that_is_not_unicode_does_no_harm(tmp_path: Path) -> None:
    path = write_wav(tmp_path / "a.wav", tone(0.3), AUDIO_RATE)
    tags = b"INFOIART" + struct.pack("<I", 4) + "Café".encode("latin-1")
    path.write_bytes(path.read_bytes() + b"LIST" + struct.pack("<I", len(tags)) + tags)
    sound = read_sound(path)
    assert sound is not None and len(sound) == 4800


def test_longer_than_allowed_is_refused(tmp_path: Path) -> None:
    path = write_late(tmp_path / "a.mkv", tone(0.5), [(0, 0, 4000), (1e6, 4000, 8000)])
    with pytest.raises(ClipError, match="over the limit") as caught:
        read_sound(path)
    assert caught.value.reason == ClipReason.TOO_LARGE


def test_no_stream_gives_none_and_no_file_an_error(data: Path, tmp_path: Path) -> None:
    assert read_sound(data / "difficult/made_no_audio.mp4") is None
    for path in (data / "difficult/made_text.mp4", data / "difficult/made_zero_byte.mp4", tmp_path / "absent.m4a"):
        with pytest.raises(ClipError, match=path.name) as caught:
            read_sound(path)
        assert caught.value.reason == ClipReason.NO_AUDIO


def test_digital_silence_is_sound_that_is_not_audible(data: Path) -> None:
    silence = read_sound(data / "difficult/made_silent_audio.mp4")
    assert silence is not None and len(silence) == 46421 and not silence.any()
    assert not is_audible(silence) and not is_audible(None)
    assert is_audible(read_sound(data / "difficult/made_faststart.mp4"))


@pytest.mark.parametrize(
    ("name", "seconds"),
    [
        ("mead/M003/audio/happy/level_1/024.m4a", 2.496),  # beside the video
        ("methods/reference/comp_1.mp4", 6.014),  # in the video, 44.1 kHz
        ("audio/M003_neutral.wav", 3.1787),
        ("real/pcavs_517600055.mp4", 4.48),  # 16 kHz, one channel
        ("difficult/made_audio_half.mp4", 1.408),
        ("difficult/made_trunc_index_first.mp4", 1.216),  # the file ends there
        ("difficult/face_noface.mov", 6.3956),  # begins after 2.43 s
    ],
)
def test_real_sound_lasts_as_long_as_its_time_stamps_say(data: Path, name: str, seconds: float) -> None:
    sound = read_sound(data / name)
    assert sound is not None and len(sound) / AUDIO_RATE == pytest.approx(seconds, abs=1e-3)
    assert 0.05 < np.abs(sound).max() <= 1


def test_after_damaged_packets_the_rest_is_in_its_place(data: Path) -> None:
    """400 bytes of this file are wrong: some packets do not decode, others decode to other sound."""
    damaged = read_sound(data / "difficult/made_bitflip.mp4")
    whole = read_sound(data / "difficult/made_faststart.mp4")
    assert damaged is not None and whole is not None and len(damaged) == len(whole)
    np.testing.assert_array_equal(damaged[:10000], whole[:10000])
    assert best_lag(damaged, whole, slice(32000, 46000)) == 0


@pytest.mark.parametrize("sound", [np.zeros((2, 9)), np.zeros(0), np.zeros(9, np.int16), np.array([0.0, np.nan])])
def test_what_is_no_channel_of_samples_is_refused(sound: np.ndarray) -> None:
    with pytest.raises(ValueError, match="sound should be"):
        check_sound(sound)

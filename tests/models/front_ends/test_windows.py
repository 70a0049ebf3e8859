"""Every front end: a window for each frame, whatever the sound; a stream is the whole."""

import pickle
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from facecues.errors import UsageError
from facecues.models.front_ends import FRONT_ENDS, front_end, stream, windows
from facecues.preprocess.sound import Sound

RNG = np.random.default_rng(0)
NOISE = RNG.normal(0, 0.1, 16000 * 12).clip(-1, 1).astype(np.float32)


@pytest.fixture(params=FRONT_ENDS)
def ears(request):
    if request.param.startswith("logmel"):
        pytest.importorskip("librosa")
    return front_end(request.param)


@pytest.fixture
def local(ears):
    """Those that hear no more than is near."""
    if ears.even:
        pytest.skip("a band standardised over the clip knows all of it")
    return ears


@pytest.mark.parametrize("samples", [1, 3200, 16000, 40000])
@pytest.mark.parametrize("frames", [1, 2, 4, 5, 25, 77])
def test_there_are_as_many_windows_as_frames_whatever_the_sounds_length(ears, samples: int, frames: int) -> None:
    found = windows(ears, NOISE[:samples], frames)
    assert found.shape == (frames, ears.steps, ears.size) and found.dtype == np.float32
    assert np.isfinite(found).all()


def test_windows_are_the_rows_from_their_starts_on(ears) -> None:
    rows, starts, found = ears.rows(NOISE, 30), ears.starts(30), windows(ears, NOISE, 30)
    assert starts.dtype == np.int64 and starts[0] == 0 and starts[-1] + ears.steps == len(rows)
    for start, one in zip(starts, found, strict=True):
        assert np.array_equal(rows[start : start + ears.steps], one)


def test_shorter_sound_is_followed_by_silence_and_longer_sound_is_cut(ears) -> None:
    assert np.array_equal(windows(ears, NOISE[:5000], 20), windows(ears, np.pad(NOISE[:5000], (0, 7800)), 20))
    assert np.array_equal(windows(ears, NOISE, 20), windows(ears, NOISE[:12800], 20))


def test_silence_is_finite_and_all_its_windows_are_the_same(ears) -> None:
    found = windows(ears, np.zeros(16000, np.float32), 50)
    assert np.isfinite(found).all() and (found == found[0]).all()


def test_sound_that_comes_a_frame_later_gives_the_windows_a_frame_later(local) -> None:
    """Log-mel rows are 12.5 ms apart, so only five frames later, 200 ms, are its windows the very same."""
    frames = 5 if local.name.startswith("logmel") else 1
    later = np.pad(NOISE, (640 * frames, 0))
    now, then = windows(local, NOISE, 100), windows(local, later, 100)
    inside = slice(10, 90)
    np.testing.assert_allclose(then[frames:][inside], now[:-frames][inside], atol=2e-5)


def test_a_frame_later_log_mel_windows_are_a_frame_later_but_for_parts_of_a_row() -> None:
    """Starts are 3, 3, 3, 3, 4 rows apart, and a frame has 3.2: on average a tenth of a frame's change is left."""
    pytest.importorskip("librosa")
    ears = front_end("logmel")
    envelope = 0.5 + 0.5 * np.sin(2 * np.pi * 1.3 * np.arange(len(NOISE)) / 16000)
    sound = (NOISE * envelope).astype(np.float32)
    now = windows(ears, sound, 100).mean(axis=(1, 2))
    then = windows(ears, np.pad(sound, (640, 0)), 100).mean(axis=(1, 2))
    errors = [np.abs(then[10 + lag : 90 + lag] - now[10:90]).mean() for lag in (-1, 0, 1, 2, 3)]
    assert np.argmin(errors) == 2 and errors[2] < 0.15 * min(errors[1], errors[3])


def test_only_near_sound_is_heard(local) -> None:
    """What happens two seconds before or after changes nothing in a window."""
    changed = NOISE.copy()
    changed[: 16000 * 3] = 0
    changed[16000 * 7 :] *= -0.5
    same = slice(25 * 3 + 5, 25 * 7 - 10)
    assert np.array_equal(windows(local, NOISE, 300)[same], windows(local, changed, 300)[same])


@settings(max_examples=25, deadline=None)
@given(
    frames=st.integers(1, 280),
    chunk=st.integers(1, 300),
    samples=st.integers(1, len(NOISE)),
    name=st.sampled_from(FRONT_ENDS),
)
def test_a_stream_is_the_whole_to_the_last_bit(frames: int, chunk: int, samples: int, name: str) -> None:
    if name.startswith("logmel"):
        pytest.importorskip("librosa")
    ears, sound = front_end(name), NOISE[:samples]
    pieces = list(stream(ears, sound, frames, chunk))
    assert [len(one) for one in pieces] == [min(chunk, frames - start) for start in range(0, frames, chunk)]
    assert np.array_equal(np.concatenate(pieces), windows(ears, sound, frames))


def test_ten_minutes_stream_in_the_memory_of_a_chunk(ears) -> None:
    import tracemalloc

    def peak(minutes: int) -> int:
        sound: Sound = np.tile(NOISE, 5 * minutes)
        tracemalloc.start()
        try:
            frames = sum(len(one) for one in stream(ears, sound, 1500 * minutes, 250))
            highest = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
        assert frames == 1500 * minutes
        return highest - len(sound) - 8 * frames  # which of the sound's samples are finite, and where windows start

    peak(1)
    assert peak(10) < 1.2 * peak(1)


def test_starts_never_decrease_and_are_evenly_spaced(ears) -> None:
    steps = {later - earlier for earlier, later in pairwise(ears.starts(1000)[:900].tolist())}
    assert steps == ({3, 4} if ears.name.startswith("logmel") else {4})
    assert (np.diff(ears.starts(1000)) >= 0).all()


def test_a_front_end_goes_to_other_processes(ears) -> None:
    again = pickle.loads(pickle.dumps(ears))  # noqa: S301
    assert again.signature == ears.signature and np.array_equal(again.rows(NOISE, 3), ears.rows(NOISE, 3))


def test_names_and_signatures_tell_front_ends_apart() -> None:
    pytest.importorskip("librosa")
    ears = [front_end(name) for name in FRONT_ENDS]
    assert tuple(one.name for one in ears) == FRONT_ENDS
    assert len({one.signature for one in ears}) == len(ears)


def test_bad_requests_are_refused(ears) -> None:
    with pytest.raises(ValueError, match="frames should be 1 or more, got 0"):
        windows(ears, NOISE, 0)
    with pytest.raises(ValueError, match="sound should be"):
        windows(ears, np.zeros((2, 100), np.float32), 5)
    with pytest.raises(ValueError, match="chunk should be 1 frame or more, got 0"):
        next(stream(ears, NOISE, 5, 0))
    with pytest.raises(UsageError, match="mfcc, mfcc-12, logmel"):
        front_end("wav2vec")


def test_an_even_front_end_does_not_hear_how_loud_a_recording_is() -> None:
    pytest.importorskip("librosa")
    ears = front_end("logmel-even")
    loud, quiet = (windows(ears, gain * NOISE, 100) for gain in (1.0, 0.3))
    np.testing.assert_allclose(loud, quiet, atol=1e-3)
    rows = ears.rows(NOISE, 100)
    np.testing.assert_allclose(rows.mean(axis=0), 0, atol=1e-4)
    np.testing.assert_allclose(rows.std(axis=0), 1, atol=1e-3)

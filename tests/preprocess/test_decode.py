"""Decoding counts what it gets, believes no header, and stops at its limits."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from facecues.config import Limits
from facecues.errors import ClipError
from facecues.preprocess.decode import Decoder
from facecues.reasons import ClipReason

GREY = np.full((64, 96, 3), 128, np.uint8)


def decoded(path: Path, limits: Limits | None = None) -> Decoder:
    with Decoder(path, limits or Limits()) as decoder:
        for _ in decoder:
            pass
    return decoder


def reason_of(path: Path, limits: Limits | None = None) -> ClipReason:
    with pytest.raises(ClipError) as caught:
        decoded(path, limits)
    return caught.value.reason


def test_times_are_presentation_times_also_at_a_variable_rate(write_video: Callable[..., Path]) -> None:
    times = [0.0, 0.04, 0.08, 0.2, 0.24, 0.36]
    with Decoder(write_video([GREY] * 6, times_s=times), Limits()) as decoder:
        found = [frame.time_s for frame in decoder]
    np.testing.assert_allclose(found, times, atol=1e-3)
    assert not decoder.times_invented


@pytest.mark.parametrize(
    ("limits", "count"),
    [({"max_pixels": 64 * 96 - 1}, 2), ({"max_frames": 4}, 5), ({"max_seconds": 0.1}, 5)],
)
def test_a_clip_over_a_limit_is_refused_before_a_frame_is_decoded(
    write_video: Callable[..., Path], limits: dict[str, float], count: int
) -> None:
    path = write_video([GREY] * count)
    with pytest.raises(ClipError) as caught:
        Decoder(path, Limits(**limits))
    assert caught.value.reason == ClipReason.TOO_LARGE
    assert "limit" in caught.value.message and "--max-" in caught.value.message


def test_wall_time_is_limited(write_video: Callable[..., Path]) -> None:
    assert reason_of(write_video([GREY] * 3), Limits(clip_timeout_s=1e-9)) == ClipReason.TIMEOUT


def test_what_does_not_open_says_so(tmp_path: Path) -> None:
    (tmp_path / "empty.mp4").touch()
    (tmp_path / "text.mp4").write_text("not a video")
    assert reason_of(tmp_path / "empty.mp4") == ClipReason.EMPTY_FILE
    assert reason_of(tmp_path / "text.mp4") == ClipReason.UNREADABLE
    assert reason_of(tmp_path / "absent.mp4") == ClipReason.UNREADABLE


def test_every_truncation_is_noticed(write_video: Callable[..., Path], tmp_path: Path) -> None:
    """No cut of a file ends in a full count: it raises, or fewer frames than declared are reported."""
    rng = np.random.default_rng(0)
    noise = [rng.integers(0, 255, GREY.shape, np.uint8) for _ in range(20)]
    whole = write_video(noise, "whole.mkv").read_bytes()  # Matroska opens however early it is cut
    cut = tmp_path / "cut.mkv"
    for share in np.linspace(0.05, 0.97, 24):
        cut.write_bytes(whole[: int(len(whole) * share)])
        try:
            decoder = decoded(cut)
        except ClipError as error:
            assert error.reason in {ClipReason.UNREADABLE, ClipReason.NO_VIDEO}
            continue
        assert decoder.decoded < 20 or decoder.lost or decoder.damaged


def test_an_edit_list_is_no_loss(data: Path) -> None:
    decoder = decoded(data / "difficult/no_face.mp4")
    assert (decoder.declared, decoder.discarded, decoder.decoded) == (98, 3, 95)


def test_a_silent_truncation_is_seen_in_the_count(data: Path) -> None:
    decoder = decoded(data / "difficult/made_trunc_index_first.mp4")
    assert (decoder.declared, decoder.decoded, decoder.lost) == (73, 33, 0)


def test_after_damage_the_rest_is_still_decoded(data: Path) -> None:
    decoder = decoded(data / "difficult/made_bitflip.mp4")
    assert decoder.decoded == 72 and decoder.lost == 1 and decoder.damaged > 0


def test_the_rotation_flag_turns_the_size(data: Path) -> None:
    decoder = decoded(data / "difficult/made_rot90.mp4")
    assert (decoder.width, decoder.height) == (1080, 1920)


def test_sound_is_followed_to_its_true_end(write_video: Callable[..., Path]) -> None:
    tone = np.sin(np.arange(16000) * 0.3).astype(np.float32)
    loud = decoded(write_video([GREY] * 25, "loud.mp4", sound=tone))
    mute = decoded(write_video([GREY] * 25, "mute.mp4", sound=np.zeros(16000, np.float32)))
    assert loud.audio is not None and mute.audio is not None
    assert loud.audio.rate == 16000 and abs(loud.audio.end_s - 1.0) < 0.13
    assert not loud.audio.silent and mute.audio.silent

"""LSE is the original's arithmetic, and knows what it was made from. The network itself: networks/test_syncnet.py."""

from itertools import pairwise

import numpy as np
import pytest

from facecues.metrics.contracts import Score
from facecues.metrics.lip_sync import (
    LSE_C,
    LSE_D,
    LSE_OFFSET,
    gap,
    lip_sync,
    lip_sync_scores,
    signature,
    sync_distances,
)
from facecues.reasons import ScoreReason

RNG = np.random.default_rng(0)
SEEN = RNG.normal(size=(60, 32))
HEARD = SEEN + 0.3 * RNG.normal(size=SEEN.shape)


def shifted(features: np.ndarray, frames: int) -> np.ndarray:
    """Later by that many frames; what comes in from outside is noise."""
    noise = np.random.default_rng(1).normal(size=(abs(frames), features.shape[1]))
    if frames >= 0:
        return np.concatenate([noise, features])[: len(features)]
    return np.concatenate([features, noise])[-len(features) :]


def by_definition(seen: np.ndarray, heard: np.ndarray) -> tuple[float, float, int]:
    """metrics.md section 6 in loops: zeros outside, mean over windows, minimum, median less minimum."""
    curve = []
    for shift in range(-15, 16):
        total = 0.0
        for i in range(len(seen)):
            at = i + shift
            other = heard[at] if 0 <= at < len(heard) else np.zeros(seen.shape[1])
            total += sum((seen[i, j] - other[j] + 1e-6) ** 2 for j in range(seen.shape[1])) ** 0.5
        curve.append(total / len(seen))
    best = min(range(31), key=lambda index: curve[index])
    return curve[best], sorted(curve)[15] - curve[best], 15 - best


@pytest.mark.parametrize("frames", [0, 3, -7])
@pytest.mark.parametrize("windows", [1, 10, 40])
def test_equal_to_the_definition_in_loops(frames: int, windows: int) -> None:
    seen, heard = SEEN[:windows, :8], shifted(HEARD, frames)[:windows, :8]
    found = lip_sync(seen, heard)
    distance, confidence, offset = by_definition(seen, heard)
    assert found.distance == pytest.approx(distance, rel=1e-12)
    assert found.confidence == pytest.approx(confidence, rel=1e-9, abs=1e-12)
    assert (found.offset, found.n_windows) == (offset, windows)


def test_equal_to_pytorchs_pairwise_distance() -> None:
    """Which the original calls, in float32."""
    torch = pytest.importorskip("torch")
    seen, heard = (torch.from_numpy(one.astype(np.float32)) for one in (SEEN, HEARD))
    padded = torch.nn.functional.pad(heard, (0, 0, 15, 15))
    curve = [torch.nn.functional.pairwise_distance(seen, padded[i : i + len(seen)]).mean().item() for i in range(31)]
    np.testing.assert_allclose(sync_distances(SEEN.astype(np.float32), HEARD.astype(np.float32)), curve, rtol=1e-5)


@pytest.mark.parametrize("outside", ["zeros", "exclude"])
@pytest.mark.parametrize("frames", [-15, -4, 0, 1, 9])
def test_sound_later_by_k_frames_moves_the_offset_by_minus_k(frames: int, outside: str) -> None:
    assert lip_sync(SEEN, shifted(HEARD, frames), outside=outside).offset == -frames


def test_identical_features_have_no_distance() -> None:
    found = lip_sync(SEEN, SEEN)
    assert found.distance < 1e-4 and found.offset == 0 and found.confidence > 1


@pytest.mark.parametrize("outside", ["zeros", "exclude"])
def test_the_more_noise_the_worse(outside: str) -> None:
    noise = np.random.default_rng(2).normal(size=SEEN.shape)
    found = [lip_sync(SEEN, SEEN + level * noise, outside=outside) for level in (0, 0.3, 0.6, 1.2)]
    assert all(a.distance < b.distance and a.confidence > b.confidence for a, b in pairwise(found))


def test_the_sound_of_another_clip_lowers_the_confidence() -> None:
    other = np.random.default_rng(3).normal(size=SEEN.shape)
    own, control = lip_sync(SEEN, HEARD), lip_sync(SEEN, other)
    assert control.confidence < 0.2 * own.confidence and control.distance > own.distance


def test_excluding_leaves_zeros_out_of_the_mean() -> None:
    """Constant features are equally far apart at every shift; zeros make them seem otherwise."""
    seen, heard = np.full((40, 4), 3.0), np.full((40, 4), 2.0)
    np.testing.assert_allclose(sync_distances(seen, heard, outside="exclude"), 2.0, atol=1e-5)
    assert np.ptp(sync_distances(seen, heard)) > 1


def test_both_ways_agree_where_no_shift_leads_outside() -> None:
    zeros, exclude = (sync_distances(SEEN, HEARD, outside=one)[15] for one in ("zeros", "exclude"))
    assert zeros == exclude


@pytest.mark.parametrize(
    ("seen", "heard", "message"),
    [
        (SEEN, HEARD[:-1], r"\(60, 32\) and \(59, 32\)"),
        (SEEN[0], HEARD[0], r"\(n, d\) each"),
        (SEEN[:0], HEARD[:0], "1 windows or more"),
        (np.where(SEEN[3, 3] == SEEN, np.nan, SEEN), HEARD, "finite"),
    ],
)
def test_what_is_no_pair_of_features_is_refused(seen: np.ndarray, heard: np.ndarray, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        lip_sync(seen, heard)


def test_excluding_needs_twice_as_many_windows_as_shifts() -> None:
    with pytest.raises(ValueError, match="31 windows or more"):
        lip_sync(SEEN[:30], HEARD[:30], outside="exclude")
    both = SEEN[:31].astype(np.float32), HEARD[:30].astype(np.float32)
    reasons = {one: lip_sync_scores(*both, outside=one)[LSE_C.name].reason for one in ("zeros", "exclude")}
    assert reasons == {"zeros": None, "exclude": ScoreReason.TOO_SHORT}


def scores(seen: np.ndarray, heard: np.ndarray | None, expected: int | None = None) -> dict[str, Score]:
    return lip_sync_scores(
        seen.astype(np.float32), None if heard is None else heard.astype(np.float32), expected=expected
    )


def test_a_clip_is_scored_over_the_windows_of_the_original() -> None:
    """Pictures of T frames have T - 4 windows, of which it leaves the last out; sound of S frames comes with S - 5."""
    found = scores(SEEN, HEARD[:59])
    again = lip_sync(SEEN[:59].astype(np.float32), HEARD[:59].astype(np.float32))
    assert found[LSE_D.name] == Score(again.distance, 59, 1.0)
    assert found[LSE_C.name] == Score(again.confidence, 59, 1.0)
    assert found[LSE_OFFSET.name] == Score(0.0, 59, 1.0)


def test_coverage_and_reason_say_what_ended_first() -> None:
    assert scores(SEEN, HEARD[:30])[LSE_D.name].reason == ScoreReason.NO_AUDIO
    assert scores(SEEN, HEARD[:30])[LSE_D.name].coverage == 30 / 59
    shorter = scores(SEEN, HEARD, expected=128)[LSE_D.name]
    assert (shorter.n_frames, shorter.coverage, shorter.reason) == (59, 59 / 123, ScoreReason.TOO_SHORT)
    longer = scores(SEEN, HEARD, expected=50)[LSE_D.name]
    assert (longer.n_frames, longer.coverage, longer.reason) == (45, 1.0, None)


@pytest.mark.parametrize(
    ("windows", "heard", "reason"),
    [
        (60, None, ScoreReason.NO_AUDIO),
        (16, HEARD, ScoreReason.TOO_SHORT),
        (60, HEARD[:15], ScoreReason.TOO_SHORT),
        (0, HEARD, ScoreReason.TOO_SHORT),
        (60, HEARD[:0], ScoreReason.TOO_SHORT),
    ],
)
def test_without_sound_or_with_too_few_windows_there_is_no_score(
    windows: int, heard: np.ndarray | None, reason: ScoreReason
) -> None:
    assert set(scores(SEEN[:windows], heard).values()) == {Score(None, 0, 0.0, reason)}


def test_the_gap_is_the_absolute_difference_from_the_real_clip() -> None:
    generated, real = Score(7.0, 40, 0.8, ScoreReason.NO_AUDIO), Score(8.5, 50, 1.0)
    assert gap(generated, real) == Score(1.5, 40, 0.8, ScoreReason.NO_AUDIO)
    assert gap(real, real) == Score(0.0, 50, 1.0)
    nothing = Score(None, 0, 0.0, ScoreReason.TOO_SHORT)
    assert gap(nothing, real) == gap(real, nothing) == nothing


def test_the_signature_names_network_and_padding() -> None:
    assert signature("syncnet[w:12345678]") == "lse|net:syncnet[w:12345678]|shifts:15|outside:zeros|fps:25|v:1"
    assert signature("a", "exclude") != signature("a")

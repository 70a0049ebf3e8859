"""What was kept of videos, turned into scores of clips."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from facecues.metrics.contracts import Score
from facecues.metrics.emotion import EMOTION_ACCURACY
from facecues.metrics.instruments import Absence
from facecues.metrics.protocols import EAT, FACECUES
from facecues.metrics.scoring import (
    Rules,
    Seen,
    alone_scores,
    gap_scores,
    make_columns,
    pair_scores,
    picture_score,
)
from facecues.reasons import ScoreReason
from tests.metrics.tracks import cut, held, track, without

CLASSES = ("happy", "sad")
RULES = Rules(FACECUES, {"emotion-x": CLASSES})
EXCLUDE = Rules(FACECUES.with_missing("exclude"), {"emotion-x": CLASSES})
NAN = np.nan


def seen(cues=None, likely=0.8, sound=True):
    cues = track() if cues is None else cues
    probabilities = np.tile(np.float32([likely, 1 - likely]), (len(cues), 1))
    probabilities[~cues.has_face] = NAN
    loud = np.abs(np.sin(np.arange(len(cues)) / 3)) if sound else None
    return Seen(cues, loud, {"emotion-x": probabilities, "identity-x": np.tile(np.float32([3, 4]), (len(cues), 1))})


def test_every_score_has_a_column_and_every_column_a_score():
    columns = make_columns(RULES, "cues|a|b|pictures:x", {"SSIM": "ssim", "emotion-x": "x", "identity-x": "y"}, {})
    real, other = seen(), seen(track(seed=1))
    values = {"SSIM": np.full(len(real.track), 0.5)}
    own = alone_scores(other, "happy", RULES, 40)
    found = own | pair_scores(other, real, values, {}, RULES) | gap_scores(own, alone_scores(real, "happy", RULES, 40))
    assert found.keys() == columns.keys()
    for name, score in found.items():
        assert score.value is not None or score.reason is not None, name
        assert score.value is None or np.isfinite(score.value), name
    assert {name for name, column in columns.items() if not column.pairs} == own.keys()


def test_no_two_columns_share_a_signature_with_another_measurement():
    usual, other_cues = (make_columns(RULES, watcher, {"SSIM": "ssim"}, {}) for watcher in ("cues|a", "cues|b"))
    assert usual["F-LD"].signature != other_cues["F-LD"].signature
    assert "by:a" in usual["F-LD"].signature
    eat = make_columns(Rules(EAT, {}), "cues|a", {"SSIM": "ssim"}, {})
    left_out = make_columns(EXCLUDE, "cues|a", {"SSIM": "ssim"}, {})
    for name in ("F-LD", "F-LVD", "SSIM"):
        assert len({columns[name].signature for columns in (usual, eat, left_out)}) == 3
    assert usual["Mouth"].signature != left_out["Mouth"].signature


def test_what_is_absent_has_columns_that_say_so():
    absence = Absence(ScoreReason.WEIGHTS_MISSING, "put it there")
    absent = {"LPIPS": absence, "syncnet": absence, "emotion-y": absence}
    columns = make_columns(RULES, "cues|a", {"SSIM": "ssim"}, absent)
    gone = [name for name, column in columns.items() if column.absent]
    assert gone == ["LPIPS", "LSE-D", "LSE-C", "LSE-Offset", "LSE-D-Gap", "LSE-C-Gap", "EmoAcc-y"]
    assert columns["SSIM"].absent is None


def test_a_video_against_itself_is_ideal():
    real = seen()
    own = alone_scores(real, "happy", RULES, len(real.track))
    values = {"SSIM": np.ones(len(real.track)), "PSNR": np.full(len(real.track), np.inf)}
    columns = make_columns(RULES, "cues|a", dict.fromkeys([*values, "identity-x"], "s"), {})
    for name, score in (pair_scores(real, real, values, {}, RULES) | gap_scores(own, own)).items():
        ideal = columns[name].info.ideal
        if name == "PSNR":
            assert (score.value, score.reason) == (None, ScoreReason.IDENTICAL)
        elif ideal is not None:
            assert (score.value, score.coverage) == (pytest.approx(ideal, abs=1e-6), 1), name


def test_a_video_is_judged_within_the_reference_alone():
    long, short = seen(track(seed=1)), seen(cut(track(seed=1), slice(25)))
    for name, score in alone_scores(long, "happy", RULES, 25).items():
        assert score == alone_scores(short, "happy", RULES, 25)[name], name


def test_emotion_is_right_or_wrong_or_not_known():
    name = f"{EMOTION_ACCURACY.name}-x"
    cases = {"happy": 1.0, "sad": 0.0, "angry": ScoreReason.UNKNOWN_CLASS, None: ScoreReason.NO_LABEL}
    for emotion, expected in cases.items():
        score = alone_scores(seen(), emotion, RULES, 40)[name]
        assert expected in (score.value, score.reason)


def test_without_sound_there_is_no_sync_and_no_gap():
    silent, heard = (alone_scores(seen(sound=sound), None, RULES, 40) for sound in (False, True))
    assert silent["AM-Corr"].reason == ScoreReason.NO_AUDIO and heard["AM-Corr"].value is not None
    far = gap_scores(silent, heard)
    assert far["AM-Gap"].value is None and far["AM-Gap"].reason is not None


def test_a_gap_is_how_far_a_video_is_from_the_real_one_in_what_each_has_alone():
    slow, fast = (alone_scores(seen(track(seed=seed)), None, RULES, 40) for seed in (0, 1))
    far = gap_scores(slow, fast)["Pose-speed-gap"]
    assert far.value == pytest.approx(abs(slow["Pose-speed"].value - fast["Pose-speed"].value)) and far.value > 0
    assert gap_scores(slow, slow)["Pose-speed-gap"].value == 0


def test_a_hidden_face_never_beats_doing_nothing_under_penalty():
    real = seen()
    hidden, still = seen(without(track(), slice(None))), seen(held(track()))
    nothing = pair_scores(still, real, {}, {}, RULES)
    for name, score in pair_scores(hidden, real, {}, {}, RULES).items():
        if score.value is not None and nothing[name].value is not None:
            assert score.value == pytest.approx(nothing[name].value), name
        assert score.coverage == 0 or name.startswith("ID-"), name
    for name, score in pair_scores(hidden, real, {}, {}, EXCLUDE).items():
        assert name.startswith("ID-") or (score.value, score.reason) == (None, ScoreReason.NO_FACE), name


def test_identity_is_compared_with_as_much_as_the_reference_lasts():
    real = seen(cut(track(), slice(20)))
    (score,) = (one for name, one in pair_scores(seen(), real, {}, {}, RULES).items() if name.startswith("ID-"))
    assert score.value == pytest.approx(1) and score.n_frames == 20


# Pictures


def test_a_picture_score_is_the_mean_over_what_is_shown():
    score = picture_score(np.array([1.0, 3.0]), None, available=2)
    assert (score.value, score.n_frames, score.coverage, score.reason) == (2, 2, 1, None)


@pytest.mark.parametrize(
    ("values", "available", "expected"),
    [
        ([1, NAN, 3, 8], 4, (4, 3, 0.75, ScoreReason.NO_FACE)),
        ([1, 3, NAN, NAN], 2, (2, 2, 0.5, ScoreReason.TOO_SHORT)),
        ([1, np.inf, 3, 8], 4, (4, 3, 0.75, ScoreReason.IDENTICAL)),
        ([NAN, NAN], 2, (None, 0, 0, ScoreReason.NO_FACE)),
        ([NAN, NAN], 0, (None, 0, 0, ScoreReason.TOO_SHORT)),
        ([np.inf, np.inf], 2, (None, 0, 0, ScoreReason.IDENTICAL)),
    ],
)
def test_what_is_left_out_of_a_picture_score_lowers_the_coverage_for_a_reason(values, available, expected):
    score = picture_score(np.array(values, float), None, available=available)
    assert (score.value, score.n_frames, score.coverage, score.reason) == expected


def test_instants_that_are_not_shown_count_as_the_first_frame_held():
    values, still = np.array([1.0, NAN, NAN]), np.array([9.0, 5.0, NAN])
    score = picture_score(values, still, available=3)
    assert (score.value, score.n_frames) == (3, 1)  # the third is shown by nobody


def test_the_penalty_on_pictures_is_the_protocols():
    real = seen()
    values, still = {"SSIM": np.r_[np.ones(20), np.full(20, NAN)]}, {"SSIM": np.full(40, 0.5)}
    assert pair_scores(real, real, values, still, RULES)["SSIM"].value == 0.75
    assert pair_scores(real, real, values, still, EXCLUDE)["SSIM"].value == 1


def test_scoring_changes_nothing_of_what_is_kept():
    real, other = seen(), seen(without(track(seed=1), [3, 4]))
    before = replace(other, features={name: rows.copy() for name, rows in other.features.items()})
    pair_scores(other, real, {}, {}, RULES)
    alone_scores(other, "happy", RULES, 40)
    for name, rows in before.features.items():
        np.testing.assert_array_equal(other.features[name], rows)


@pytest.mark.parametrize(
    ("given", "fault"),
    [
        (lambda: 0.5, "score returned float: expected a Score"),
        (lambda: Score(np.nan, 1, 1.0), "score returned the value nan: expected a finite one, or None with its reason"),
        (lambda: Score(1.0, 1, 204.0), "score returned the coverage 204.0: expected 0 to 1"),
        (lambda: 1 / 0, "ZeroDivisionError in test_scoring.py, line "),
    ],
)
def test_what_is_no_score_costs_its_own_metric_alone(given, fault):
    metric = SimpleNamespace(score=lambda pred, target: given())
    clip = seen()
    own = pair_scores(clip, clip, {}, {}, Rules(FACECUES, {}))
    scores = pair_scores(clip, clip, {}, {}, Rules(FACECUES, {}, {"Faulty": metric}))
    faulty = scores.pop("Faulty")
    assert (faulty.value, faulty.reason) == (None, ScoreReason.METRIC_FAILED) and fault in faulty.fault
    assert scores == own

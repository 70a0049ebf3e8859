"""Metrics of sets that cues alone give: any order and any number of seeds give the same, and a null has its reason."""

from dataclasses import replace

import numpy as np
import pytest

from facecues.metrics.cohesion import RELATIONS
from facecues.metrics.cue_sets import cohesion, gaze_and_pose
from facecues.metrics.gaze import gaze_counts
from facecues.metrics.histograms import ClipCounts, EmotionHistograms, emotion_distances
from facecues.metrics.sets import ClipOfSet
from facecues.metrics.statistics import bootstrap_weights
from tests.metrics.tracks import held, track, without

CLIPS = [
    ClipOfSet(f"{actor}/{emotion}", actor, emotion) for actor in ("M1", "M2", "M3") for emotion in ("happy", "sad")
]
CLASSES = ("happy", "sad")


def tracks_of(clip, change=None):
    real = track(seed=CLIPS.index(clip))
    return [real if change is None else change(real)], real


def distributions(clips=CLIPS, change=None, **options):
    found = gaze_and_pose(clips, lambda clip: tracks_of(clip, change), by="cues", **options)
    return {(one.info.name, one.group): one for one in found}


def test_the_same_cues_have_no_distance_in_any_column_and_emotion():
    found = distributions(resamples=99)
    for (name, group), one in found.items():
        if name != "Gaze-emotion-p":
            assert one.value == pytest.approx(one.info.ideal, abs=1e-12), (name, group)
    assert {group for _, group in found} == {"all", "emotion:happy", "emotion:sad"}
    assert {"Gaze-JS", "Gaze-TV", "Gaze-W1-yaw", "Gaze-L-JS", "Gaze-R-JS", "Pose-JS-pitch"} <= {
        name for name, _ in found
    }


def test_a_column_of_gaze_is_the_mean_over_emotions_of_the_histograms_distances():
    found, sides = distributions(change=held, resamples=0), (EmotionHistograms(), EmotionHistograms())
    for clip in CLIPS:
        (made,), real = tracks_of(clip, held)
        for side, cues in zip(sides, (made, real), strict=True):
            side.update(ClipCounts(clip.clip_id, clip.actor, clip.emotion, gaze_counts(cues)["combined"]))
    of_emotion = emotion_distances(*sides)
    for emotion, each in of_emotion.items():
        columns = {
            "Gaze-JS": each.js,
            "Gaze-TV": each.tv,
            "Gaze-W1-pitch": each.w1_axes[0],
            "Gaze-W1-yaw": each.w1_axes[1],
        }
        for name, value in columns.items():
            assert found[name, f"emotion:{emotion}"].value == pytest.approx(value, abs=1e-12)
    assert found["Gaze-JS", "all"].value == pytest.approx(np.mean([each.js for each in of_emotion.values()]))


def test_a_still_head_is_further_away_and_the_interval_holds_the_value():
    found = distributions(change=held, resamples=99)
    for name in ("Gaze-JS", "Pose-JS-yaw"):
        one = found[name, "all"]
        assert 0 < one.value <= 1 and one.low <= one.value + 1e-12 <= one.high + 2e-12  # round-off
        assert one.value == pytest.approx(np.mean([found[name, f"emotion:{each}"].value for each in CLASSES]))


def test_the_order_of_clips_changes_no_distribution():
    one, other = (distributions(clips, held, resamples=99) for clips in (CLIPS, CLIPS[::-1]))
    assert one.keys() == other.keys()
    for key, value in one.items():
        assert value.value == pytest.approx(other[key].value, rel=1e-12), key


def test_unknown_emotions_are_one_and_get_no_column_of_their_own():
    clips = [ClipOfSet(clip.clip_id, clip.actor, None) for clip in CLIPS]
    found = gaze_and_pose(clips, lambda clip: tracks_of(CLIPS[clips.index(clip)], held), by="cues", resamples=0)
    assert {one.group for one in found} == {"all"}
    (shuffled,) = (one for one in found if one.info.name == "Gaze-emotion-p")
    assert shuffled.value is None and shuffled.note


def test_frames_without_a_face_are_not_counted():
    found = distributions(change=lambda cues: without(cues, slice(10)), resamples=0)
    assert found["Gaze-JS", "all"].n_frames == 6 * 30


def test_no_clips_are_no_values():
    assert not distributions([])


def test_pose_over_all_axes_is_the_mean_of_the_axes():
    found = distributions(change=held, resamples=0)
    for group in ("all", "emotion:happy", "emotion:sad"):
        axes = [found[f"Pose-JS-{axis}", group].value for axis in ("pitch", "yaw", "roll")]
        assert found["Pose-JS", group].value == pytest.approx(np.mean(axes))


def test_turning_steadily_is_as_far_from_holding_still_as_it_is_fast():
    def turning(cues):
        yaw = np.arange(len(cues), dtype=np.float32)  # a degree a frame
        return replace(cues, rotation=np.stack([0 * yaw, yaw, 0 * yaw], axis=1))

    found = gaze_and_pose(CLIPS, lambda clip: ([turning(track())], held(turning(track()))), by="cues", resamples=0)
    (turned,) = (one for one in found if (one.info.name, one.group) == ("Pose-V-W1", "all"))
    assert turned.value == pytest.approx(25 / 3, abs=1)  # of three axes one turns; bins are 1 degree per second wide


def test_the_same_cues_from_several_seeds_are_as_far_as_from_one():
    def seeds(count):
        found = gaze_and_pose(CLIPS, lambda clip: (count * tracks_of(clip, held)[0], tracks_of(clip)[1]), by="cues")
        found += cohesion(CLIPS, lambda clip: (count * tracks_of(clip)[0], track(seed=9)), by="cues")
        return [(one.info.name, one.group, one.value) for one in found]

    assert seeds(3) == [(name, group, pytest.approx(value)) for name, group, value in seeds(1)]


def test_draws_are_those_of_the_interval_and_paired_between_methods():
    one, other = (distributions(change=change, resamples=199)["Gaze-JS", "all"] for change in (held, held))
    assert len(one.draws) == 199 and one.draws == other.draws
    assert (one.low, one.high) == pytest.approx(tuple(np.quantile(one.draws, [0.025, 0.975])))
    assert not distributions(change=held, resamples=0)["Gaze-JS", "all"].draws


def test_a_draw_is_the_value_of_the_actors_drawn_each_as_often_as_drawn():
    drawn = bootstrap_weights(["M1", "M2", "M3"], 99)
    found = distributions(change=held, resamples=99)
    for at in range(6):
        times = dict(zip(("M1", "M2", "M3"), drawn[at], strict=True))
        again = [(clip, f"{clip.actor}-{copy}") for clip in CLIPS for copy in range(times[clip.actor])]
        copies = [ClipOfSet(f"{clip.clip_id}-{actor}", actor, clip.emotion) for clip, actor in again]
        originals = {copy: clip for copy, (clip, _) in zip(copies, again, strict=True)}
        values = gaze_and_pose(copies, lambda copy, of=originals: tracks_of(of[copy], held), by="cues", resamples=0)
        for one in values:
            if one.group == "all" and one.info.name != "Gaze-emotion-p":
                assert found[one.info.name, "all"].draws[at] == pytest.approx(one.value, abs=1e-12), one.info.name


def test_a_draw_without_an_emotion_is_the_mean_of_the_others():
    clips = [clip for clip in CLIPS if clip.clip_id != "M2/sad"]
    twice_m2 = np.flatnonzero((bootstrap_weights(["M1", "M2", "M3"], 199) == (0, 3, 0)).all(axis=1))
    found = distributions(clips, held, resamples=199)["Gaze-JS", "all"]
    (alone,) = {found.draws[at] for at in twice_m2}
    of_m2 = distributions([clip for clip in clips if clip.actor == "M2"], held, resamples=0)
    assert alone == pytest.approx(of_m2["Gaze-JS", "emotion:happy"].value, abs=1e-12)


# How cues go together


def together(clips=CLIPS, change=None, **options):
    found = cohesion(clips, lambda clip: tracks_of(clip, change), by="cues", **options)
    return {(one.info.name, one.group): one for one in found}


def test_real_cues_differ_from_themselves_by_nothing():
    found = together(resamples=99)
    for relation in RELATIONS:
        gap = found[relation.gap.name, "all"]
        assert (gap.value, gap.low, gap.high) == (0, 0, 0)
        described = found[relation.info.name, "all"]
        assert described.low <= described.value <= described.high
        groups = [found[relation.info.name, f"emotion:{each}"].value for each in CLASSES]
        assert described.value == pytest.approx(np.mean(groups))


def test_the_gap_is_how_far_the_relation_is_from_the_real_one():
    def late(cues):
        return replace(cues, rotation=np.roll(cues.rotation, 7, axis=0))

    found, real = together(change=late, resamples=0), together(resamples=0)
    for group in ("emotion:happy", "emotion:sad"):
        far = abs(found["Nod-mouth", group].value - real["Nod-mouth", group].value)
        assert found["Nod-mouth-gap", group].value == pytest.approx(far) and far > 0


def test_what_holds_still_has_no_relation_and_says_so():
    found = together(change=held, resamples=99)
    for one in found.values():
        assert (one.value, one.reason, one.draws) == (None, "constant", ())
    hidden = together(change=lambda cues: without(cues, slice(0, 40)))
    assert {one.reason for one in hidden.values()} == {"no_face"}


def test_neither_order_nor_labels_that_are_unknown_matter():
    one, other = (together(clips, resamples=99) for clips in (CLIPS, CLIPS[::-1]))
    assert {key: pytest.approx(each.value) for key, each in one.items()} == {
        key: each.value for key, each in other.items()
    }
    unknown = [ClipOfSet(clip.clip_id, clip.actor, None) for clip in CLIPS]
    found = cohesion(unknown, lambda clip: tracks_of(CLIPS[unknown.index(clip)]), by="cues", resamples=0)
    assert {each.group for each in found} == {"all"}
    assert not together([])

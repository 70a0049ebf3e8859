"""Several videos side by side: at the reference's instants, each for itself, in any batch size."""

import re
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from facecues.config import ExtractConfig
from facecues.cues import load_cues, to_array
from facecues.errors import ClipError, WeightsMissingError
from facecues.pipelines.lockstep import Lockstep, Round, Still, cue_track, still_track
from facecues.preprocess import watch
from facecues.preprocess.decode import Decoder
from facecues.preprocess.extract import CueExtractor
from facecues.preprocess.video import Frame
from facecues.preprocess.watch import build_watcher
from facecues.reasons import ClipReason
from tests.preprocess.watching import SIDE, Template, numbered, watcher_of

Write = Callable[..., Path]


@pytest.fixture
def videos(write_video: Write) -> dict[str, Path]:
    """A reference of 20 frames and methods that are as long, shorter, longer, of 50 fps, and no video."""
    broken = write_video(numbered(range(1, 3)), "broken.mp4")
    broken.write_bytes(b"no video")
    return {
        "reference": write_video(numbered(range(1, 21)), "reference.mp4"),
        "same": write_video(numbered(range(2, 22)), "same.mp4"),
        "short": write_video(numbered(range(1, 12)), "short.mp4"),
        "long": write_video(numbered([*range(1, 21), *range(1, 8)]), "long.mp4"),
        "fast": write_video(numbered(k // 2 + 1 for k in range(40)), "fast.mp4", fps=50),
        "broken": broken,
    }


def numbers(rounds: list[Round], name: str) -> list[int | None]:
    """Which frame a video shows, instant by instant, as far as it goes."""
    out: list[int | None] = []
    for one in rounds:
        view = one.reference if name == "reference" else one.methods.get(name)
        if view is not None:
            means = view.batch.pictures.mean(axis=(1, 2, 3)) / 10
            out += [round(float(mean)) if shown else None for mean, shown in zip(means, view.shown, strict=True)]
    return out


def walk(videos: dict[str, Path], instants: int = 16) -> tuple[list[Round], Lockstep]:
    watcher = watcher_of()
    methods = {name: watcher.open(path) for name, path in videos.items() if name != "reference"}
    steps = Lockstep(watcher.open(videos["reference"]), methods, instants=instants)
    return list(steps), steps


def test_methods_are_shown_at_the_instants_of_the_reference(videos: dict[str, Path]) -> None:
    rounds, steps = walk(videos, instants=8)
    assert [(one.first, len(one.reference.shown)) for one in rounds] == [(0, 8), (8, 8), (16, 4)]
    everything = list(range(1, 21))
    assert numbers(rounds, "reference") == numbers(rounds, "long") == numbers(rounds, "fast") == everything
    assert numbers(rounds, "same") == list(range(2, 22))
    assert numbers(rounds, "short") == [*range(1, 12), *[None] * 5]
    assert "short" not in rounds[2].methods
    assert steps.beyond == {"same": 0, "short": 0, "long": 7, "fast": 0}


def test_a_video_that_fails_costs_itself_alone(videos: dict[str, Path]) -> None:
    error = ClipError(ClipReason.TIMEOUT, "too slow")
    good, late = watcher_of(), watcher_of(Template(10, error))
    fault = watcher_of(Template(3, ZeroDivisionError("ours")))
    reference = good.open(videos["reference"])
    methods = {
        "late": late.open(videos["same"]),
        "rest": watcher_of(Template(24, error)).open(videos["long"]),
        "broken": good.open(videos["broken"]),
        "fault": fault.open(videos["same"]),
        "same": good.open(videos["same"]),
    }
    steps = Lockstep(reference, methods, instants=4)
    rounds = list(steps)
    assert numbers(rounds, "same") == list(range(2, 22))
    assert numbers(rounds, "late") == list(range(2, 10))
    reasons = {name: failure.reason for name, failure in steps.failed.items()}
    assert reasons == {
        "late": ClipReason.TIMEOUT,
        "rest": ClipReason.TIMEOUT,
        "broken": ClipReason.UNREADABLE,
        "fault": ClipReason.INTERNAL_ERROR,
    }
    assert re.fullmatch(r"ZeroDivisionError in watching\.py, line \d+: ours", steps.failed["fault"].message)
    assert steps.beyond == {"same": 0}
    assert [name for name, one in methods.items() if one.account] == ["same"]


def test_the_failure_of_the_reference_ends_the_clip(videos: dict[str, Path]) -> None:
    error = ClipError(ClipReason.TIMEOUT, "too slow")
    reference = watcher_of(Template(12, error)).open(videos["reference"])
    steps = iter(Lockstep(reference, {"same": watcher_of().open(videos["same"])}, instants=8))
    next(steps)
    with pytest.raises(ClipError, match="too slow"):
        next(steps)


def test_what_every_video_lacks_is_not_the_fault_of_one(videos: dict[str, Path]) -> None:
    watcher = watcher_of(Template(3, WeightsMissingError("no weights")))
    with pytest.raises(WeightsMissingError):
        list(Lockstep(watcher_of().open(videos["reference"]), {"same": watcher.open(videos["same"])}))


@pytest.mark.parametrize("instants", [1, 3, 7, 100])
def test_the_size_of_a_round_changes_nothing(videos: dict[str, Path], instants: int) -> None:
    def rows(rounds: list[Round], name: str) -> tuple[np.ndarray, ...]:
        views = [one.reference if name == "reference" else one.methods.get(name) for one in rounds]
        parts = [(v.batch.pictures[v.shown], v.batch.landmarks[v.shown]) for v in views if v is not None]
        return tuple(np.concatenate(part) for part in zip(*parts, strict=True))

    usual, steps = walk(videos)
    other, other_steps = walk(videos, instants)
    for name in ("reference", "same", "short", "long", "fast"):
        for one, another in zip(rows(usual, name), rows(other, name), strict=True):
            np.testing.assert_array_equal(one, another)
    assert steps.beyond == other_steps.beyond and steps.failed.keys() == other_steps.failed.keys()


def test_every_frame_of_every_video_is_decoded_once(videos: dict[str, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    decoded: Counter[tuple[str, int]] = Counter()

    class Counting(Decoder):
        def __init__(self, path: Path, limits: object) -> None:
            super().__init__(path, limits)
            self.name = path.stem

        def __iter__(self) -> Iterator[Frame]:
            for frame in super().__iter__():
                decoded[self.name, frame.index] += 1
                yield frame

    monkeypatch.setattr(watch, "Decoder", Counting)
    walk(videos)
    lengths = {"reference": 20, "same": 20, "short": 11, "long": 27, "fast": 40}
    assert decoded == {(name, index): 1 for name, length in lengths.items() for index in range(length)}


def test_a_still_holds_the_first_picture_with_a_face(write_video: Write) -> None:
    backend = Template()
    reference = watcher_of(backend).open(write_video(numbered([0, 0, 4, 5, 0, 6, 7])))
    rounds = list(Lockstep(reference, {"still": Still()}, instants=2))
    assert backend.frames == 7
    assert numbers(rounds, "still") == [None, None, 4, 4, 4, 4, 4]
    landmarks = np.concatenate([one.methods["still"].batch.landmarks for one in rounds])
    assert np.isnan(landmarks[:2]).all()
    np.testing.assert_array_equal(landmarks[2:], np.repeat(landmarks[2:3], 5, axis=0))
    track = cue_track(reference.cues)
    still = still_track(track)
    assert len(still) == len(track) and still.has_face.tolist() == [False] * 2 + [True] * 5
    np.testing.assert_array_equal(still.gaze[2:], np.repeat(track.gaze[2:3], 5, axis=0))


def test_a_reference_without_a_face_gives_an_empty_still(write_video: Write) -> None:
    reference = watcher_of().open(write_video(numbered([0, 0, 0])))
    (only,) = Lockstep(reference, {"still": Still()})
    assert only.reference.shown.all() and not only.methods["still"].shown.any()
    assert not still_track(cue_track(reference.cues)).has_face.any()


def test_pictures_by_different_rules_are_refused(videos: dict[str, Path]) -> None:
    reference = watcher_of().open(videos["reference"])
    with pytest.raises(ValueError, match="'same'"):
        Lockstep(reference, {"same": watcher_of(size=2 * SIDE).open(videos["same"])})


def test_cues_are_those_of_the_store(extractor: CueExtractor, small_tree: Path, small_store: Path) -> None:
    """Two networks' clips in turns, frame by frame, against one clip after the other."""
    watcher = build_watcher(ExtractConfig())
    ids = ("M003/front/happy/level_1/001", "W015/front/happy/level_3/001")
    paths = [small_tree / clip_id.replace("/front", "/video/front") for clip_id in ids]
    reference, method = (watcher.open(path.with_suffix(".mp4")) for path in paths)
    list(Lockstep(reference, {"method": method}, instants=5))
    frames = load_cues(small_store)
    for clip_id, watched in zip(ids, (reference, method), strict=True):
        stored = frames[frames["clip_id"] == clip_id]
        track = cue_track(watched.cues)
        assert len(track) == len(stored) == 30
        np.testing.assert_array_equal(track.landmarks, to_array(stored["landmarks"], (68, 3)))
        for name in ("gaze_left", "gaze_right", "gaze", "eye_openness"):
            np.testing.assert_array_equal(getattr(track, name), to_array(stored[name]))
        np.testing.assert_allclose(track.rotation, to_array(stored["rotation"]), atol=1e-4)


def test_a_corpus_clip_equals_itself_and_lasts_as_long_as_it_lasts(extractor: CueExtractor, corpus: Path) -> None:
    watcher = build_watcher(ExtractConfig())
    video, other = sorted(corpus.rglob("*.mp4"))[:2]
    sound = Path(str(video).replace("/video/front/", "/audio/")).with_suffix(".m4a")
    reference, again, method = watcher.open(video, sound), watcher.open(video), watcher.open(other)
    steps = Lockstep(reference, {"again": again, "method": method})
    shown = 0
    for one in steps:
        mine, same = one.reference, one.methods["again"]
        np.testing.assert_array_equal(mine.batch.pictures, same.batch.pictures)
        np.testing.assert_array_equal(mine.batch.landmarks, same.batch.landmarks)
        shown += int(one.methods["method"].shown.sum()) if "method" in one.methods else 0
    assert reference.account is not None and method.account is not None
    length, other_length = reference.account.report.frames, method.account.report.frames
    assert reference.account.instants == len(cue_track(reference.cues)) == length
    assert shown == min(length, other_length)
    assert steps.beyond == {"again": 0, "method": max(other_length - length, 0)}
    assert reference.cues.equals(again.cues)
    assert reference.account.report.audio_rate == 16000

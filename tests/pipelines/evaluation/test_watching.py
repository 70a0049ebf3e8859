"""What the memory holds of a clip depends on its own videos alone, not on which clip was watched first."""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest

from facecues.errors import ClipError
from facecues.metrics.floors import REFERENCE
from facecues.metrics.instruments import Instruments
from facecues.pipelines.evaluation.jobs import ClipJob, Video
from facecues.pipelines.evaluation.kept import Tools, load_account, load_seen, load_values
from facecues.pipelines.evaluation.memory import Memory
from facecues.pipelines.evaluation.watching import watch_clip
from facecues.reasons import ClipReason
from tests.preprocess.watching import Template, numbered, watcher_of


@dataclass
class Greys:
    """Feature of a frame: how bright it is, in tenths; counts what it sees."""

    name: str = "greys"
    signature: str = "greys"
    context: int = 0
    frames: int = 0

    def features(self, batch):
        self.frames += len(batch.pictures)
        return (batch.pictures.mean(axis=(1, 2, 3)) / 10).astype(np.float32)[:, None]


@dataclass
class Differences:
    info: None = None
    signature: str = "differences"

    def prepare(self, batch):
        return batch.pictures.mean(axis=(1, 2, 3)) / 10

    def compare(self, pred, target):
        return pred - target


def tools_in(folder, backend=None):
    instruments = Instruments({"DIFF": Differences()}, {"greys": Greys()}, {})
    return Tools(watcher_of(backend), None, instruments, Memory(folder))


def job_of(reference, **methods):
    kinds = {"still": "still", "re_encoded": "re-encoded"}
    videos = tuple(
        Video(name.replace("_", "-"), path, (path,), kinds.get(name, "file")) for name, path in methods.items()
    )
    return ClipJob(reference.stem, None, None, Video(REFERENCE, reference, (reference,)), videos, {})


@pytest.fixture
def videos(write_video) -> dict[str, Path]:
    return {
        "short": write_video(numbered(range(1, 9)), "short.mp4"),
        "long": write_video(numbered(range(1, 21)), "long.mp4"),
        "other": write_video(numbered(range(3, 23)), "other.mp4"),
    }


def seen_and_values(job, tools):
    sides = watch_clip(job, tools)
    assert not any(side.error for side in sides.values())
    reference = sides[REFERENCE]
    return {
        name: (
            load_seen(side, reference, tools).features["greys"].tobytes(),
            load_values(side, reference, tools)["DIFF"].tobytes() if side is not reference else b"",
            load_account(side, tools),
        )
        for name, side in sides.items()
    }


def test_a_take_has_the_same_features_whichever_clip_comes_first(videos, tmp_path):
    one, other = tools_in(tmp_path / "one"), tools_in(tmp_path / "other")
    jobs = job_of(videos["short"], take=videos["long"]), job_of(videos["long"], take=videos["short"])
    first = [seen_and_values(job, one) for job in jobs]
    second = [seen_and_values(job, other) for job in reversed(jobs)][::-1]
    assert first == second
    rows = np.frombuffer(first[1][REFERENCE][0], np.float32)
    assert rows == pytest.approx(np.arange(1, 21), abs=0.2)  # all of it, as its own reference


def test_a_second_time_nothing_is_watched(videos, tmp_path):
    backend = Template()
    tools = tools_in(tmp_path, backend)
    job = job_of(videos["long"], method=videos["other"], still=videos["long"])
    before, frames = seen_and_values(job, tools), backend.frames
    assert frames == 40 and tools.instruments.networks["greys"].frames == 40
    assert seen_and_values(job, tools) == before
    assert backend.frames == frames and tools.instruments.networks["greys"].frames == 40


def test_values_are_those_of_the_two_videos_and_end_with_the_shorter(videos, tmp_path):
    tools = tools_in(tmp_path)
    job = job_of(videos["long"], other=videos["other"], short=videos["short"], still=videos["long"])
    sides = watch_clip(job, tools)
    values = {name: load_values(sides[name], sides[REFERENCE], tools)["DIFF"] for name in ("other", "short", "still")}
    assert values["other"] == pytest.approx(np.full(20, 2.0), abs=0.2)
    assert values["short"][:8] == pytest.approx(np.zeros(8), abs=0.2) and np.isnan(values["short"][8:]).all()
    assert values["still"] == pytest.approx(-np.arange(20.0), abs=0.3)


@dataclass
class Failing(Differences):
    """Fails with the second round of a video that is brighter than the reference."""

    signature: str = "failing"
    broken: bool = True

    def compare(self, pred, target):
        if self.broken and pred[0] > target[0] > 15:
            raise ZeroDivisionError("too bright")
        return super().compare(pred, target)


def test_a_picture_metric_that_fails_costs_no_other_and_is_tried_again(videos, tmp_path):
    job = job_of(videos["long"], other=videos["other"], same=videos["long"])
    both = replace(tools_in(tmp_path), instruments=Instruments({"FAIL": Failing(), "DIFF": Differences()}, {}, {}))
    sides = watch_clip(job, both)
    assert list(sides[REFERENCE].faults) == ["FAIL"] and not any(side.error for side in sides.values())
    assert sides[REFERENCE].faults["FAIL"].startswith("ZeroDivisionError in test_watching.py, line ")
    for name in ("other", "same"):
        assert list(load_values(sides[name], sides[REFERENCE], both)) == ["DIFF"]
    both.instruments.pictures["FAIL"].broken = False
    sides = watch_clip(job, both)
    values = load_values(sides["other"], sides[REFERENCE], both)
    assert values["FAIL"].tolist() == values["DIFF"].tolist()


def test_the_reference_encoded_again_is_nearly_itself(videos, tmp_path):
    tools = tools_in(tmp_path)
    sides = watch_clip(job_of(videos["long"], re_encoded=videos["long"]), tools)
    values = load_values(sides["re-encoded"], sides[REFERENCE], tools)["DIFF"]
    assert len(values) == 20 and np.abs(values).max() < 0.3
    assert sides["re-encoded"].content != sides[REFERENCE].content


def test_a_video_that_fails_keeps_nothing_and_takes_nothing_along(videos, tmp_path):
    broken = tmp_path / "broken.mp4"
    broken.write_text("no video")
    tools = tools_in(tmp_path / "memory")
    sides = watch_clip(job_of(videos["long"], broken=broken, gone=tmp_path / "gone.mp4", other=videos["other"]), tools)
    assert {name: side.error.reason for name, side in sides.items() if side.error} == {
        "broken": ClipReason.UNREADABLE,
        "gone": ClipReason.UNREADABLE,
    }
    kinds = [path.parent.parent.name for path in (tmp_path / "memory").rglob("*.npz")]
    assert sorted(kinds) == ["cues", "cues", "greys", "greys", "pair-DIFF", "sound", "sound"]


def test_a_reference_that_fails_is_told_and_keeps_nothing_of_itself(videos, tmp_path):
    tools = tools_in(tmp_path / "memory", Template(5, ClipError(ClipReason.TIMEOUT, "too slow")))
    sides = watch_clip(job_of(videos["long"], other=videos["other"]), tools)
    assert sides[REFERENCE].error.reason == ClipReason.TIMEOUT
    assert not list((tmp_path / "memory").rglob("*.npz"))


def test_a_clip_without_any_face_has_no_face_and_all_its_instants(write_video, tmp_path):
    black = write_video(numbered([0] * 6), "black.mp4")
    tools = tools_in(tmp_path)
    sides = watch_clip(job_of(black, still=black, method=black), tools)
    for name in ("method", "still", REFERENCE):
        seen = load_seen(sides[name], sides[REFERENCE], tools)
        assert len(seen.track) == 6 and not seen.track.has_face.any()
    assert np.isnan(load_values(sides["still"], sides[REFERENCE], tools)["DIFF"]).all()

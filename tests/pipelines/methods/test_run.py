"""A method's program over the clips of a store: in the dataset's layout, resumed, and each failure its own clip's."""

import json
import re
import shutil
import sys

import av
import numpy as np
import pandas as pd
import pytest
from filelock import FileLock

from facecues.errors import UsageError
from facecues.models import media
from facecues.pipelines.methods.command import HEAD, TAIL
from facecues.pipelines.methods.run import _places
from facecues.preprocess.index import build_index
from facecues.preprocess.sound import read_sound
from tests.pipelines.datasets import wait_until
from tests.pipelines.methods.conftest import ARGV
from tests.pipelines.methods.test_command import alive, pids_in

HAPPY = "M001/video/front/happy/level_3/001.mp4"
NEUTRAL = "M001/video/front/neutral/level_1/001.mp4"
TELL = "import json, os, sys; json.dump([sys.argv[1:], dict(os.environ), os.getcwd()], open(sys.argv[1], 'w'))"
LABELS = {
    "clip_id": "M001/front/happy/level_3/001",
    "actor": "M001",
    "view": "front",
    "emotion": "well",
    "level": "2",
    "number": "001",
}


def log_of(out, video):
    return (out / "logs" / video).with_suffix(".log").read_text()


def metadata(video):
    with av.open(str(video)) as container:
        return dict(container.metadata)


# What is in the folder


def test_videos_are_in_the_datasets_layout_with_their_sound_and_say_what_they_are(made, declare, dataset, tmp_path):
    summary = made(declare(happy="draw"))
    assert (summary.clips, summary.ok, summary.failed, summary.skipped) == (4, 4, 0, 0)
    assert summary.frames == 100 and summary.failures == () and not summary.interrupted
    out = tmp_path / "out"
    found = {clip.video for clip in build_index(out).clips if clip.problem is None}
    assert found == {video.replace("M001", actor) for video in (HAPPY, NEUTRAL) for actor in ("M001", "W002")}
    for video in (HAPPY, NEUTRAL):
        source = read_sound(dataset / video.replace("mp4", "m4a").replace("video/front", "audio"))
        assert np.corrcoef(read_sound(out / video)[:16000], source[:16000])[0, 1] > 0.95
    told = metadata(out / HAPPY)
    assert told["title"] == "synthetic: Mine" and told["artist"] == "facecues generate, method mine"
    assert told["comment"].startswith("M001/front/happy/level_3/001: happy level 3, inputs ")
    for part in ("portrait: M001/front/neutral/level_1/001 at ", "sound: M001/audio/happy/level_3/001.m4a", HAPPY):
        assert part in told["description"]
    assert sorted(entry.name for entry in out.iterdir()) == ["M001", "W002", "logs"]
    assert "done with draw\n" in log_of(out, HAPPY) and "exit status 0" in log_of(out, HAPPY)


def test_the_portrait_is_the_references_frame(made, declare, dataset, tmp_path):
    """Of the clip itself, with `first`; of the neutral one otherwise."""
    for reference, source in (("first", HAPPY), ("neutral", NEUTRAL)):
        made(declare(happy="draw"), out=reference, actors=("M001",), only="*/happy/*", reference=reference)
        with av.open(str(tmp_path / reference / HAPPY)) as container:
            shown = next(container.decode(video=0)).to_ndarray(format="rgb24")[:240].astype(int)
        with av.open(str(dataset / source)) as container:
            frames = [frame.to_ndarray(format="rgb24")[:240].astype(int) for frame in container.decode(video=0)]
        nearest = [np.abs(shown - frame).mean() for frame in frames]
        assert min(nearest) < 3 and (reference == "neutral" or nearest[0] == min(nearest))


def test_programs_are_told_what_their_placeholders_stand_for(made, declare, dataset, tmp_path):
    told = tmp_path / "told"
    names = [
        "portrait",
        "audio",
        "reference_video",
        "output",
        "folder",
        "clip_id",
        "actor",
        "view",
        "emotion",
        "level",
        "number",
    ]
    declared = declare(
        argv=[sys.executable, "-c", TELL, str(told), *(f"--{name}={{{name}}}" for name in names), "{{}}", 7],
        environment={"WHO": "{actor}", "THREADS": 8},
        working_directory="corpus",
        gpus=[3],
    )
    made(declared, only="M001/*/happy/*", level=2)
    arguments, environment, folder = json.loads(told.read_text())
    given = dict(each[2:].split("=", 1) for each in arguments[1:-2])
    assert arguments[-2:] == ["{}", "7"] and folder == str(dataset)
    assert given["reference_video"] == str(dataset / HAPPY)
    assert {name: given[name] for name in LABELS} == LABELS
    assert given["portrait"].endswith("/portrait.png") and given["audio"].endswith("/audio.wav")
    assert (environment["WHO"], environment["THREADS"], environment["CUDA_VISIBLE_DEVICES"]) == ("M001", "8", "3")


def test_a_program_may_choose_the_name_or_the_place_of_its_video(made, declare, tmp_path):
    stand_in = [*ARGV[:2], "{folder}/chosen_by_me.mp4", *ARGV[3:]]
    assert made(declare(argv=stand_in, result="{folder}/*.mp4"), out="one", actors=("M001",)).ok == 2
    fixed = [*ARGV[:2], "{actor}_{level}.mp4", *ARGV[3:]]
    (tmp_path / "theirs").mkdir()
    declared = declare(argv=fixed, result="{actor}_{level}.mp4", working_directory="theirs")
    assert made(declared, out="two", actors=("M001",)).ok == 2
    assert sorted(file.name for file in (tmp_path / "theirs").iterdir()) == ["M001_1.mp4", "M001_3.mp4"]


# Failures


@pytest.mark.parametrize(
    "case",
    [
        ("hang", "timeout", "no end within 3 s", "no end within 3 s"),
        ("fail", "exit_status", "exit status 3", "out of memory, or the like"),
        ("kill", "exit_status", "SIGKILL", "SIGKILL"),
        ("nothing", "no_output", "left no video at", "mode nothing"),
        ("broken", "broken_output", "video.mp4: does not open as a video", "mode broken"),
        ("cut", "broken_output", "video.mp4", "done with cut"),
    ],
    ids=lambda case: case[0],
)
def test_what_goes_wrong_costs_its_own_clip_and_its_log_is_kept(case, made, declare, tmp_path):
    mode, reason, sentence, logged = case
    declared = declare(happy=mode, timeout_s=3 if mode == "hang" else 60)
    summary = made(declared, actors=("M001",))
    assert (summary.clips, summary.ok, summary.failed) == (2, 1, 1)
    (failure,) = summary.failures
    assert (failure.clip_id, failure.reason) == ("M001/front/happy/level_3/001", reason)
    assert sentence in failure.message and "(logs/M001/video/front/happy/level_3/001.log)" in failure.message
    assert mode != "fail" or "exit status 3: out of memory, or the like (logs/" in failure.message
    assert not (tmp_path / "out" / HAPPY).exists() and (tmp_path / "out" / NEUTRAL).exists()
    log = log_of(tmp_path / "out", HAPPY)
    assert logged in log
    wait_until(lambda: not any(map(alive, pids_in(log))))


def test_a_program_that_prints_without_end_has_a_bounded_log(made, declare, tmp_path):
    assert made(declare(happy="flood"), only="M001/*/happy/*").ok == 1
    log = log_of(tmp_path / "out", HAPPY)
    assert len(log) < HEAD + TAIL + 2000 and "bytes left out" in log and "done with flood\n" in log


def test_a_program_that_is_not_there_costs_each_clip_with_its_log(made, declare, tmp_path):
    summary = made(declare(argv=["nobody-has-this", "{output}"]), actors=("M001",))
    assert [failure.reason for failure in summary.failures] == ["cannot_start", "cannot_start"]
    assert "nobody-has-this is not there" in log_of(tmp_path / "out", HAPPY)


def test_a_video_that_lay_there_before_does_not_count(made, declare, tmp_path):
    media.write_video(tmp_path / "old.mp4", [np.zeros((64, 64, 3), np.uint8)] * 3)
    declared = declare(argv=["true"], result="*.mp4", working_directory=".")
    (failure,) = made(declared, only="M001/*/happy/*").failures
    assert failure.reason == "no_output" and "only an older one" in failure.message


def test_an_emotion_that_a_method_does_not_know_costs_its_clips(made, declare):
    declared = declare()
    method = declared.method.model_copy(update={"emotions": {"happy": "well"}})
    summary = made(declared._replace(method=method), actors=("M001",))
    (failure,) = summary.failures
    assert summary.ok == 1 and failure.message == "Mine does not know neutral; it knows happy"


def test_somebody_elses_video_is_not_overwritten(made, declare, tmp_path):
    theirs = tmp_path / "out" / HAPPY
    theirs.parent.mkdir(parents=True)
    media.write_video(theirs, [np.zeros((64, 64, 3), np.uint8)])
    before = theirs.read_bytes()
    (failure,) = made(declare(), only="M001/*/happy/*").failures
    assert "is not of facecues generate, method mine: name another folder" in failure.message
    assert theirs.read_bytes() == before


def test_methods_that_cannot_be_run_are_refused_and_nothing_is_touched(made, declare, tmp_path):
    declared = declare()
    finished = declared._replace(method=declared.method.model_copy(update={"run": None, "videos": "{clip_id}.mp4"}))
    for method, settings, sentence in (
        (finished, {}, f"evaluate them with --method {tmp_path}/methods.yaml#mine"),
        (declared, {"renderer": "warp"}, "leave --renderer out"),
        (declared, {"only": "nothing*"}, "nothing"),
    ):
        with pytest.raises(UsageError, match=sentence):
            made(method, **settings)
    assert not (tmp_path / "out").exists()


# Again


def test_the_same_again_makes_nothing_and_a_lost_video_alone(made, declare, tmp_path):
    declared = declare()
    made(declared)
    kept = (tmp_path / "out" / NEUTRAL).stat().st_mtime_ns
    (tmp_path / "out" / HAPPY).unlink()
    # What does not change a video does not count.
    again = made(declare(timeout_s=99, gpus=[1], at_once=1))
    assert (again.ok, again.skipped, again.frames) == (4, 3, 25)
    assert (tmp_path / "out" / NEUTRAL).stat().st_mtime_ns == kept


def test_a_changed_declaration_and_changed_inputs_are_run_again(made, declare, dataset, tmp_path):
    only = {"actors": ("M001",)}
    made(declare(), **only)
    assert made(declare(environment={"MORE": "1"}), **only).skipped == 0
    assert made(declare(environment={"MORE": "1"}, happy="draw"), **only).skipped == 1
    sound = dataset / "M001/audio/happy/level_3/001.m4a"
    shutil.copy(dataset / "W002/audio/happy/level_3/001.m4a", sound)
    assert made(declare(environment={"MORE": "1"}, happy="draw"), **only).skipped == 1
    # A video of an older declaration is gone, whatever becomes of the new one.
    assert made(declare(happy="fail"), **only).ok == 1
    assert not (tmp_path / "out" / HAPPY).exists()


def test_failed_clips_are_tried_again(made, declare):
    assert made(declare(happy="fail"), actors=("M001",)).ok == 1
    summary = made(declare(), actors=("M001",))
    assert (summary.ok, summary.skipped, summary.failed) == (2, 1, 0)


def test_ctrl_c_ends_the_programs_that_run_and_the_same_command_goes_on(made, declare, tmp_path):
    def running():
        logs = (tmp_path / "out/logs").rglob("happy/**/*.log")
        return [pid for file in logs for pid in pids_in(file.read_text())]

    def interrupt(event):
        if event.done == 1:
            wait_until(
                lambda: any(pids_in(file.read_text()) for file in (tmp_path / "out/logs").rglob("happy/**/*.log"))
            )
            raise KeyboardInterrupt

    # One that hangs and one that does not: two workers, one of which stays free whoever gets which.
    summary = made(declare(happy="hang", timeout_s=600), progress=interrupt, actors=("M001",))
    assert summary.interrupted and (summary.ok, summary.failed) == (1, 0)
    assert running()
    wait_until(lambda: not any(map(alive, running())))
    assert not list((tmp_path / "out").glob("scratch*"))
    summary = made(declare())
    assert (summary.ok, summary.skipped, summary.interrupted) == (4, 1, False)


def test_two_runs_do_not_write_to_one_folder(made, declare, tmp_path):
    (tmp_path / "out/logs").mkdir(parents=True)
    with FileLock(tmp_path / "out/logs/.lock"), pytest.raises(UsageError, match="is being written by another run"):
        made(declare())


def test_what_a_killed_run_left_is_taken_away(made, declare, tmp_path):
    for left in ("scratch-0123/job/video.mp4", f"{HAPPY[:-7]}.001.mp4.0123.tmp"):
        (tmp_path / "out" / left).parent.mkdir(parents=True)
        (tmp_path / "out" / left).touch()
    made(declare(), only="M001/*/happy/*")
    left = {file.relative_to(tmp_path / "out").as_posix() for file in (tmp_path / "out").rglob("*") if file.is_file()}
    assert left == {HAPPY, f"logs/{HAPPY[:-4]}.log", "logs/.lock"}


# GPUs


def test_each_running_program_has_a_gpu_to_itself(made, declare, tmp_path):
    """Two GPUs, two workers: never the same one twice at a time."""
    code = (
        "import os, sys, time; mark = 'gpu' + os.environ['CUDA_VISIBLE_DEVICES']; os.mkdir(mark);"
        "time.sleep(0.3); os.rmdir(mark); print('had', mark); sys.exit(1)"
    )
    made(declare(argv=[sys.executable, "-c", code, "{output}"], gpus=[5, 7]))
    logs = [file.read_text() for file in (tmp_path / "out/logs").rglob("*.log")]
    had = [re.findall(r"^had (gpu\d)$", log, re.MULTILINE) for log in logs]
    assert all(len(each) == 1 for each in had), logs  # who meets another's mark stops before it says so
    assert {gpu for (gpu,) in had} == {"gpu5", "gpu7"}


@pytest.mark.parametrize(
    ("more", "places"),
    [
        ({}, [None] * 9),
        ({"at_once": 1}, [None]),
        ({"gpus": [0, 2]}, ["0", "2"]),
        ({"gpus": [0, 2], "at_once": 1}, ["0"]),
        ({"gpus": [0], "at_once": 2}, ["0", "0"]),
    ],
)
def test_places_are_what_gpus_and_a_number_allow(more, places, declare):
    assert _places(declare(**more).method.run, 9) == places


def test_without_gpus_the_variable_is_left_alone(made, declare, tmp_path):
    made(declare(), only="M001/*/happy/*")
    assert "GPU None" in log_of(tmp_path / "out", HAPPY)


def test_a_label_that_is_lacking_is_told(made, declare, dataset):
    path = dataset / "truth/clips.parquet"
    clips = pd.read_parquet(path, dtype_backend="pyarrow")
    clips["number"] = None
    clips.to_parquet(path)
    (failure,) = made(declare(argv=[*ARGV, "{number}"]), only="M001/*/happy/*").failures
    assert "the program needs {number}, which M001/front/happy/level_3/001 lacks" in failure.message

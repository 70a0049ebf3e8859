from pathlib import Path

import pytest

from facecues.errors import UsageError
from facecues.metrics.floors import FLOORS
from facecues.pipelines.evaluation.jobs import make_jobs
from facecues.pipelines.pairing import pair
from facecues.preprocess.index import build_index
from facecues.reasons import ClipReason

ALL = tuple(FLOORS)
TREE = (
    "M003/front/happy/level_1/001",
    "M003/front/happy/level_3/001",
    "M003/front/happy/level_3/002",
    "M003/front/sad/level_1/001",
    "W015/front/happy/level_1/001",
)


@pytest.fixture
def make(tmp_path):
    """Folders of files that nobody opens."""

    def write(name, clips, content="a video"):
        for clip_id in clips:
            actor, rest = clip_id.split("/", 1)
            path = tmp_path / name / actor / "video" / f"{rest}.mp4"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(content)
        return tmp_path / name

    return write


def jobs_of(root, floors=ALL, /, **methods):
    return {job.clip_id: job for job in make_jobs(pair(build_index(root), methods), floors)}


def test_each_clip_is_a_job_with_the_methods_that_have_it_and_the_floors(make):
    jobs = jobs_of(make("real", TREE), ours=make("ours", TREE[:2]), theirs=make("theirs", TREE[1:]))
    assert tuple(jobs) == TREE
    made = ["re-encoded", "still", "other-backend"]
    assert [video.method for video in jobs[TREE[0]].videos] == ["ours", *made, "other-take"]
    assert [video.method for video in jobs[TREE[1]].videos] == ["ours", "theirs", *made, "other-take"]
    assert (jobs[TREE[0]].actor, jobs[TREE[0]].emotion) == ("M003", "happy")


def test_floors_are_made_of_the_reference_and_only_those_that_are_wanted(make):
    root = make("real", TREE)
    videos = jobs_of(root, ("still",), ours=make("ours", TREE))[TREE[0]].videos
    assert [(video.method, video.kind) for video in videos] == [("ours", "file"), ("still", "still")]
    assert videos[1].path == root / "M003/video/front/happy/level_1/001.mp4"


def test_another_take_is_the_nearest_there_is_and_never_the_clip_itself(make):
    jobs = jobs_of(make("real", TREE), ("other-take",), ours=make("ours", TREE))
    takes = {
        clip_id: next((video.path for video in job.videos if video.method == "other-take"), None)
        for clip_id, job in jobs.items()
    }
    names = {clip_id: path and "/".join(path.parts[-3:]) for clip_id, path in takes.items()}
    assert names == {
        TREE[0]: "happy/level_3/001.mp4",  # no other at its level
        TREE[1]: "happy/level_3/002.mp4",
        TREE[2]: "happy/level_3/001.mp4",
        TREE[3]: None,
        TREE[4]: None,  # another actor's happiness is no take of it
    }


def test_what_the_index_finds_unfit_is_a_problem_with_its_reason(make):
    real, ours = make("real", TREE), make("ours", TREE)
    (ours / "M003/video/front/happy/level_1/001.mp4").write_bytes(b"")
    (real / "M003/video/front/sad/level_1/001.mp4").write_bytes(b"")
    jobs = jobs_of(real, ("still",), ours=ours)
    assert [video.method for video in jobs[TREE[0]].videos] == ["still"]
    assert jobs[TREE[0]].problems["ours"].reason == ClipReason.EMPTY_FILE
    assert jobs[TREE[3]].reference is None and jobs[TREE[3]].problems["reference"].reason == ClipReason.EMPTY_FILE
    assert not jobs[TREE[1]].problems


def test_a_job_can_be_taken_apart_video_by_video(make):
    job = jobs_of(make("real", TREE), ours=make("ours", TREE))[TREE[0]]
    for video in job.videos:
        assert job.alone(video).videos == (video,)
        assert job.alone(video).reference == job.reference


@pytest.mark.parametrize("name", ["reference", *FLOORS])
def test_names_of_rows_that_are_always_there_are_refused(make, name):
    with pytest.raises(UsageError, match=f"cannot be called {name}: .*take another name"):
        jobs_of(make("real", TREE), (), **{name: make("ours", TREE)})


def test_paths_are_those_of_the_folders_as_given(make):
    video = jobs_of(make("real", TREE), (), ours=make("ours", TREE))[TREE[0]].videos[0]
    assert isinstance(video.path, Path) and video.path.is_file()
    assert video.sounds == (
        video.path,
        jobs_of(make("real", TREE), (), ours=make("ours", TREE))[TREE[0]].reference.path,
    )

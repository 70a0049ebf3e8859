"""Finished videos: found by their pattern, clip by clip, and held against the reference as folders are."""

import pytest
import yaml

from facecues.errors import UsageError
from facecues.pipelines.methods.config import method_of
from facecues.pipelines.methods.videos import finished_videos, pair_finished
from facecues.preprocess.index import build_index
from facecues.reasons import ClipReason

CLIPS = ("M003/front/angry/level_1/001", "M003/front/happy/level_2/002", "W009/front/neutral/level_1/003")


@pytest.fixture
def reference(tmp_path):
    for clip in CLIPS:
        actor, *rest = clip.split("/")
        touch(tmp_path.joinpath("mead", actor, "video", *rest).with_suffix(".mp4"))
    return build_index(tmp_path / "mead")


@pytest.fixture
def declare(tmp_path):
    """A method `theirs` of a methods.yaml in tmp_path/declared."""

    def write(videos, **more):
        file = tmp_path / "declared/methods.yaml"
        file.parent.mkdir(exist_ok=True)
        file.write_text(yaml.safe_dump({"theirs": {"videos": videos, **more}}))
        return method_of(f"{file}#theirs")

    return write


def touch(path, content=b"x"):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def test_each_clip_finds_its_video_in_the_methods_own_words(reference, declare, tmp_path):
    folder = tmp_path / "declared/results"
    angry = touch(folder / "M003_ang_1_001.mp4")
    happy = touch(folder / "M003_hap_2_002.mp4")
    touch(folder / "M003_hap_3_002.mp4")
    declared = declare("results/{actor}_{emotion}_{level}_{number}.mp4", emotions={"angry": "ang", "happy": "hap"})
    finished = finished_videos(declared, reference.clips)
    assert finished.videos == {CLIPS[0]: angry, CLIPS[1]: happy}
    assert finished.missing == (CLIPS[2],)  # it does not know neutral
    assert not finished.several


def test_a_clip_id_is_a_path_and_folders_above_the_file_can_be_named(reference, declare, tmp_path):
    video = touch(tmp_path / f"elsewhere/{CLIPS[2]}/final.avi")
    finished = finished_videos(declare("../elsewhere/{clip_id}/*.avi"), reference.clips)
    assert list(finished.videos) == [CLIPS[2]] and finished.videos[CLIPS[2]].samefile(video)


def test_of_several_files_none_is_taken(reference, declare, tmp_path):
    for name in ("old", "new"):
        touch(tmp_path / f"declared/M003_{name}.mp4")
    finished = finished_videos(declare("{actor}_*.mp4"), reference.clips)
    assert not finished.videos and list(finished.several) == list(CLIPS[:2]) and finished.missing == (CLIPS[2],)


def test_pairs_are_as_those_of_a_folder(reference, declare, tmp_path):
    touch(tmp_path / "declared/out/M003/x_001.mp4")
    touch(tmp_path / "declared/out/M003/x_002.mp4", b"")
    pairs = pair_finished(reference, declare("out/{actor}/x_{number}.mp4"))
    assert pairs.index.root == tmp_path / "declared/out"
    assert list(pairs.paired) == list(CLIPS[:2]) and pairs.missing == (CLIPS[2],) and pairs.extra == ()
    whole, empty = pairs.paired.values()
    assert (whole.video, whole.audio, whole.emotion, whole.size, whole.problem) == (
        "M003/x_001.mp4",
        None,
        "angry",
        1,
        None,
    )
    assert empty.problem is ClipReason.EMPTY_FILE
    assert pairs.index.clips == (whole, empty)


def test_several_files_are_a_duplicate(reference, declare, tmp_path):
    for name in ("a", "b"):
        touch(tmp_path / f"declared/M003_{name}.mp4")
    clip = pair_finished(reference, declare("{actor}_*.mp4")).paired[CLIPS[0]]
    assert clip.problem is ClipReason.DUPLICATE and "M003_a.mp4, M003_b.mp4" in clip.message


def test_a_pattern_that_finds_nothing_and_a_method_that_is_to_be_run_are_refused(reference, declare, tmp_path):
    with pytest.raises(
        UsageError, match=r"'theirs' has no video of the 3 clips of the reference: {clip_id}.mp4 finds none"
    ):
        pair_finished(reference, declare("{clip_id}.mp4"))
    (tmp_path / "methods.yaml").write_text(yaml.safe_dump({"eat": {"run": {"argv": ["x", "{output}"]}}}))
    named = f"`facecues generate {tmp_path}/methods.yaml#eat STORE"
    with pytest.raises(UsageError, match=f"is declared with `run`: make its videos with {named}"):
        finished_videos(method_of(f"{tmp_path}/methods.yaml#eat"), reference.clips)

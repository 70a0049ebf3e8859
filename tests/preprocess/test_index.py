import os
from pathlib import Path

import pytest

from facecues.errors import UsageError
from facecues.preprocess.index import LAYOUTS, Index, OddityKind, build_index
from facecues.preprocess.layouts import Clip
from facecues.reasons import ClipReason
from tests.preprocess.trees import mead_paths, plant

MINE = "M003/video/front/angry/level_1/001.mp4"


def by_id(index: Index) -> dict[str, Clip]:
    return {clip.clip_id: clip for clip in index.clips}


def remarks(index: Index, kind: OddityKind) -> dict[str, str]:
    return {oddity.where: oddity.sentence for oddity in index.oddities if oddity.kind is kind}


def test_a_full_actor_has_670_clips_and_no_oddity(tmp_path: Path) -> None:
    index = build_index(plant(tmp_path, *mead_paths(["W015"])))
    assert len(index.clips) == 670
    assert index.oddities == ()
    assert all(clip.audio and clip.problem is None and clip.gender == "female" for clip in index.clips)


def test_both_numbering_schemes_are_found_in_full(tmp_path: Path) -> None:
    plain, gapped = range(1, 31), [1, 2, 3, 7, 8, 15, 23, 31, 39, 47, 55, 58, 77]
    plant(tmp_path, *(f"M003/video/front/angry/level_1/{n:03d}.mp4" for n in plain))
    plant(tmp_path, *(f"W023/video/front/angry/level_1/{n:03d}.mp4" for n in gapped))
    clips = build_index(tmp_path).clips
    assert [clip.number for clip in clips if clip.actor == "W023"] == [f"{n:03d}" for n in gapped]
    assert sum(clip.actor == "M003" for clip in clips) == 30


def test_a_clip_carries_its_labels_paths_and_stat(tmp_path: Path) -> None:
    plant(tmp_path, MINE, "M003/audio/angry/level_1/001.m4a")
    (clip,) = build_index(tmp_path).clips
    status = (tmp_path / MINE).stat()
    assert clip == Clip(
        clip_id="M003/front/angry/level_1/001",
        video=MINE,
        audio="M003/audio/angry/level_1/001.m4a",
        actor="M003",
        gender="male",
        view="front",
        emotion="angry",
        level=1,
        number="001",
        size=1,
        mtime_ns=status.st_mtime_ns,
        ctime_ns=status.st_ctime_ns,
    )


def test_clips_and_ids_do_not_depend_on_the_order_of_creation(tmp_path: Path) -> None:
    paths = mead_paths(["M003"])[:80]
    one = build_index(plant(tmp_path / "one", *paths))
    other = build_index(plant(tmp_path / "other", *reversed(paths)))
    assert [clip.clip_id for clip in one.clips] == [clip.clip_id for clip in other.clips]
    assert list(by_id(one)) == sorted(by_id(one))


@pytest.mark.parametrize(
    ("named", "paths"),
    [
        ("mead", ["M003/video/front/angry/level_1/001.mp4", "M003/video/front/angry/level_1/002.mp4", "odd.mp4"]),
        ("flat", ["M030_front_sad_level3_001.mp4", "sub/M030_sad_3_002.mp4", "odd.mp4"]),
        ("folder", ["M030_front_sad_level3_001.mp4", "one.mp4", "two.mp4"]),
        ("mead", ["M003/video/front/angry/level_1/001.mp4", "odd.mp4"]),
    ],
)
def test_the_layout_that_fits_at_least_half_is_found_out(tmp_path: Path, named: str, paths: list[str]) -> None:
    index = build_index(plant(tmp_path, *paths))
    assert index.layout == named
    assert set(index.fits) == set(LAYOUTS)
    assert len(index.clips) == len(paths)


def test_a_named_layout_is_taken_at_its_word(tmp_path: Path) -> None:
    index = build_index(plant(tmp_path, MINE), "folder")
    assert list(by_id(index)) == [MINE.removesuffix(".mp4")]
    assert index.fits == {"folder": 1}


def test_a_file_in_the_folder_of_one_actor_gets_the_same_id(tmp_path: Path) -> None:
    plant(tmp_path, MINE)
    for inside in ("M003", "M003/video", "M003/video/front/angry"):
        assert list(by_id(build_index(tmp_path / inside))) == ["M003/front/angry/level_1/001"]


def test_names_that_fit_no_pattern_stay_as_unparsed_clips(tmp_path: Path) -> None:
    index = build_index(plant(tmp_path, MINE, "M003/video/back/angry/level_1/001.mp4"))
    clip = by_id(index)["M003/video/back/angry/level_1/001"]
    assert clip.problem is ClipReason.UNPARSED
    assert "'back'" in (clip.message or "")
    assert remarks(index, OddityKind.UNPARSED) == {clip.video: clip.message}


def test_files_with_one_key_are_one_clip_and_none_is_taken(tmp_path: Path) -> None:
    paths = ["M003-1/video/front/angry/level_1/001.mp4", MINE, "M003/video/1/front/angry/level_1/001.MP4"]
    index = build_index(plant(tmp_path, *paths))
    (clip,) = index.clips
    assert clip.problem is ClipReason.DUPLICATE
    assert all(path in (clip.message or "") for path in paths)
    assert list(remarks(index, OddityKind.DUPLICATE)) == ["M003/front/angry/level_1/001"]


def test_duplicate_comes_before_empty_and_unparsed_before_everything(tmp_path: Path) -> None:
    plant(tmp_path, MINE, "M003-1/video/front/angry/level_1/001.mp4", "M003/video/what.mp4", content=b"")
    problems = {clip.clip_id: clip.problem for clip in build_index(tmp_path).clips}
    assert problems == {
        "M003/front/angry/level_1/001": ClipReason.DUPLICATE,
        "M003/video/what": ClipReason.UNPARSED,
    }


def test_folder_layout_with_two_videos_of_one_stem_is_a_duplicate(tmp_path: Path) -> None:
    index = build_index(plant(tmp_path, "a/x.mp4", "a/x.avi", "b/x.mp4"))
    assert {clip.clip_id: clip.problem for clip in index.clips} == {"a/x": ClipReason.DUPLICATE, "b/x": None}


def test_an_empty_video_is_flagged_and_does_not_count(tmp_path: Path) -> None:
    plant(tmp_path, *mead_paths(["M003"]))
    plant(tmp_path, MINE, content=b"")
    index = build_index(tmp_path)
    assert by_id(index)["M003/front/angry/level_1/001"].problem is ClipReason.EMPTY_FILE
    assert list(remarks(index, OddityKind.EMPTY_FILE)) == [MINE]
    assert remarks(index, OddityKind.GAP) == {"M003/front/angry/level_1": "29 clips of nominally 30, as is usual"}


def test_a_video_link_that_leaves_the_root_is_a_clip_not_to_be_extracted(tmp_path: Path) -> None:
    plant(tmp_path / "outside", "001.mp4")
    root = plant(tmp_path / "root", "M003/video/front/angry/level_1/002.mp4")
    (root / MINE).symlink_to(tmp_path / "outside/001.mp4")
    index = build_index(root)
    assert by_id(index)["M003/front/angry/level_1/001"].problem is ClipReason.OUTSIDE_ROOT
    assert list(remarks(index, OddityKind.OUTSIDE_ROOT)) == [MINE]


def test_a_name_that_is_not_utf8_does_not_crash(tmp_path: Path) -> None:
    plant(tmp_path, MINE)
    try:
        with open(os.fsencode(tmp_path) + b"/M003/video/front/angry/level_1/\xff.mp4", "wb") as file:
            file.write(b"x")
    except OSError as error:
        pytest.skip(f"this file system takes no such names: {error}")
    for layout in ("mead", "folder"):
        odd = next(clip for clip in build_index(tmp_path, layout).clips if clip.problem)
        assert odd.problem is ClipReason.UNPARSED
        assert odd.clip_id == r"M003/video/front/angry/level_1/\xff"
        odd.clip_id.encode()


def test_neutral_at_level_2_is_flagged_but_kept(tmp_path: Path) -> None:
    index = build_index(plant(tmp_path, "M003/video/front/neutral/level_2/001.mp4"))
    assert index.clips[0].problem is None
    assert list(remarks(index, OddityKind.NEUTRAL_LEVEL)) == ["M003/front/neutral/level_2"]


def test_gaps_are_named_from_views_down_to_levels(tmp_path: Path) -> None:
    plant(tmp_path, *mead_paths(["M003"], ["front", "top"]))
    plant(tmp_path, *(f"W017/video/top/sad/level_1/{n:03d}.mp4" for n in range(1, 28)))
    assert remarks(build_index(tmp_path), OddityKind.GAP) == {
        "W017": "no clips in view front, which other actors have",
        "W017/top": "no clips of angry, contempt, disgusted, fear, happy, neutral, surprised",
        "W017/top/sad": "no clips at level 2, 3",
        "W017/top/sad/level_1": "27 clips of nominally 30",
    }


def test_sound_is_shared_by_the_views(tmp_path: Path) -> None:
    plant(tmp_path, MINE, MINE.replace("front", "top"), "M003/audio/angry/level_1/001.m4a")
    assert {clip.audio for clip in build_index(tmp_path).clips} == {"M003/audio/angry/level_1/001.m4a"}


def test_missing_sound_is_named_per_clip_where_others_have_it(tmp_path: Path) -> None:
    plant(tmp_path, MINE, "M003/video/front/angry/level_1/002.mp4", "M003/audio/angry/level_1/001.m4a")
    index = build_index(tmp_path)
    assert list(remarks(index, OddityKind.VIDEO_WITHOUT_AUDIO)) == ["M003/front/angry/level_1/002"]
    assert by_id(index)["M003/front/angry/level_1/002"].problem is None


def test_missing_sound_is_one_remark_where_there_is_none_at_all(tmp_path: Path) -> None:
    plant(tmp_path, *(f"M003/video/front/angry/level_1/{n:03d}.mp4" for n in range(1, 31)))
    assert list(remarks(build_index(tmp_path), OddityKind.VIDEO_WITHOUT_AUDIO)) == ["."]


def test_sound_without_video_is_named(tmp_path: Path) -> None:
    index = build_index(plant(tmp_path, MINE, "M003/audio/angry/level_1/009.m4a"))
    assert list(remarks(index, OddityKind.AUDIO_WITHOUT_VIDEO)) == ["M003/audio/angry/level_1/009.m4a"]


def test_of_several_sounds_the_preferred_suffix_is_taken(tmp_path: Path) -> None:
    sounds = [f"M003/audio/angry/level_1/001.{suffix}" for suffix in ("wav", "M4A", "mp3")]
    assert build_index(plant(tmp_path, MINE, *sounds)).clips[0].audio == sounds[1]


def test_of_two_equal_sounds_none_is_taken(tmp_path: Path) -> None:
    sounds = [f"{part}/audio/angry/level_1/001.m4a" for part in ("M003", "M003-1")]
    index = build_index(plant(tmp_path, MINE, *sounds))
    assert index.clips[0].audio is None
    assert all(sound in remarks(index, OddityKind.DUPLICATE)["M003/unknown/angry/level_1/001"] for sound in sounds)


def test_an_empty_sound_counts_as_missing(tmp_path: Path) -> None:
    plant(plant(tmp_path, MINE), "M003/audio/angry/level_1/001.m4a", content=b"")
    index = build_index(tmp_path)
    assert index.clips[0].audio is None
    assert list(remarks(index, OddityKind.EMPTY_FILE)) == ["M003/audio/angry/level_1/001.m4a"]


def test_flat_and_folder_find_the_sound_of_the_same_stem(tmp_path: Path) -> None:
    flat = build_index(plant(tmp_path / "flat", "v/M030_front_sad_level3_001.mp4", "a/M030_sad_3_001.wav"))
    assert (flat.layout, flat.clips[0].audio) == ("flat", "a/M030_sad_3_001.wav")
    folder = build_index(plant(tmp_path / "folder", "x/clip.mp4", "x/clip.wav", "y/clip.mp4"))
    assert {clip.clip_id: clip.audio for clip in folder.clips} == {"x/clip": "x/clip.wav", "y/clip": None}


def test_other_files_and_archives_are_mentioned_and_never_clips(tmp_path: Path) -> None:
    index = build_index(plant(tmp_path, MINE, "a.txt", "b.txt", "c.json", "M005/video_1.tar"))
    assert len(index.clips) == 1
    assert "2 .txt, 1 .json" in remarks(index, OddityKind.OTHER_FILES)["."]
    assert list(remarks(index, OddityKind.ARCHIVE)) == ["M005/video_1.tar"]


def test_bad_roots_and_layouts_are_refused_in_one_sentence(tmp_path: Path) -> None:
    plant(tmp_path, "file.txt", "clips/a.mp4")
    (tmp_path / "empty").mkdir()
    plant(tmp_path / "tars", "M003/video.tar", "M003/audio.tar")
    plant(tmp_path / "links").mkdir()
    (tmp_path / "links/M003").symlink_to("../clips")
    cases: list[tuple[str, str | None, str]] = [
        ("nowhere", None, "No such folder"),
        ("a\0b", None, "No such folder"),
        ("file.txt", None, "not a folder"),
        ("empty", None, "No video in"),
        ("tars", None, "extract them first"),
        ("links", None, "links that leave it"),
        ("clips", "mead", "fits none of the 1 videos"),
        ("clips", "mead", r"such as a\.mp4: the path names no actor and no emotion and no level, as \S+ does\. Name"),
        ("clips", "flat", "fits none of the 1 videos"),
        ("clips", "tree", "Unknown layout 'tree'; use one of mead, flat, folder"),
    ]
    for root, layout, message in cases:
        with pytest.raises(UsageError, match=message) as caught:
            build_index(tmp_path / root, layout)
        assert "\n" not in str(caught.value)


def test_the_real_clips_are_indexed_with_their_sound(mead: Path) -> None:
    index = build_index(mead)
    assert index.layout == "mead"
    assert list(by_id(index)) == [
        "M003/front/disgusted/level_1/015",
        "M003/front/happy/level_1/024",
        "M030/front/angry/level_3/016",
        "M030/front/sad/level_3/001",
        "W015/front/neutral/level_1/030",
        "W023/front/surprised/level_2/010",
    ]
    assert all(clip.audio and (mead / clip.audio).is_file() and clip.problem is None for clip in index.clips)


def test_the_real_crops_are_flat_and_the_difficult_ones_a_folder(data: Path) -> None:
    crops = build_index(data / "mead_crop256")
    assert crops.layout == "flat"
    assert len(crops.clips) == 16
    assert {clip.actor for clip in crops.clips} == {"M030", "W009"}
    difficult = build_index(data / "difficult")
    assert difficult.layout == "folder"
    assert {clip.clip_id: clip.problem for clip in difficult.clips if clip.problem} == {
        "made_zero_byte": ClipReason.EMPTY_FILE
    }

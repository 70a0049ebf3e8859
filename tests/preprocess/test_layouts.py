from pathlib import Path

import pytest

from facecues.preprocess.layouts import Reading, make_layout, mead_layout, read_flat, read_folder

ROOT = Path("/data/mead")


def read_mead(path: str, root: Path = ROOT) -> Reading | str:
    folder, _, stem = path.rpartition("/")
    return mead_layout(root)(folder, stem)


def clip_id(reading: Reading | str) -> str:
    assert isinstance(reading, Reading), reading
    return reading.clip_id


@pytest.mark.parametrize(
    "path",
    [
        "M003/video/front/angry/level_1/001",
        "M003/front/angry/level_1/001",
        "M003-1/video/front/angry/level_1/001",
        "M003/M003/video/front/angry/level_1/001",
        "Part-0/M003/video/front/angry/level_1/001",
        "some/where else/M003/video/front/angry/level_1/001",
        "M003/1/video/front/angry/level_1/001",
        "M003/2/front/angry/level_1/001",
        "M003/video/front/1/angry/level_1/001",
        "M003/video/front/angry/2/level_1/001",
        "M003/video/angry/front/level_1/001",
        "M003/video/front/angry/1/001",
        "M003/video/front/2/angry/1/001",
        "M003/video/front/angry/Level-1/001",
        "m003/video/Front/anger/level1/001",
        "front/M003/angry/level_1/001",
    ],
)
def test_mead_normalises_every_variant_to_one_key(path: str) -> None:
    expected = Reading(
        "M003/front/angry/level_1/001", "M003/unknown/angry/level_1/001", "M003", "front", "angry", 1, "001", "male"
    )
    assert read_mead(path) == expected


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("M003/video/back/angry/level_1/001", "'back' is no view, emotion or level"),
        ("M003/video/front/joy/level_1/001", "'joy' is no view, emotion or level"),
        ("M003/video/front/angry/level_4/001", "Unknown level 4"),
        ("M003/video/front/angry/level_1/001 (1)", "'001 (1)' is no sentence number"),
        ("M003/video/front/angry/level_1/take", "'take' is no sentence number"),
        ("M003/video/front/level_1/001", "no emotion"),
        ("M003/video/front/angry/001", "no level"),
        ("M003/video/front/angry/1/2/001", "no level"),
        ("video/front/angry/level_1/001", "no actor"),
        ("X003/video/front/angry/level_1/001", "no actor"),
        ("M0034/video/front/angry/level_1/001", "no actor"),
        ("M003/W009/front/angry/level_1/001", "two actors, M003 and W009"),
        ("M003/video/front/top/angry/level_1/001", "two views, front and top"),
        ("M003/video/front/angry/sad/level_1/001", "two emotions, angry and sad"),
        ("M003/video/front/angry/level_1/level_2/001", "two levels, 1 and 2"),
        ("001", "no actor"),
        ("M003/video/front/angry/level_1/\N{FULLWIDTH DIGIT ONE}", "is no sentence number"),
    ],
)
def test_mead_says_why_a_path_does_not_fit(path: str, reason: str) -> None:
    reading = read_mead(path)
    assert isinstance(reading, str)
    assert reason in reading


@pytest.mark.parametrize(
    ("root", "path"),
    [
        ("/data/M003", "video/front/angry/level_1/001"),
        ("/data/M003/video", "front/angry/level_1/001"),
        ("/data/M003/video/front", "angry/level_1/001"),
        ("/data/M003/video/front/angry", "level_1/001"),
        ("/data/M003/video/front/angry/level_1", "001"),
        ("/data/M003/1", "front/angry/level_1/001"),
    ],
)
def test_mead_completes_a_path_with_the_roots_own(root: str, path: str) -> None:
    assert clip_id(read_mead(path, Path(root))) == "M003/front/angry/level_1/001"


def test_mead_takes_nothing_from_a_root_above_which_an_actor_is_named_by_chance() -> None:
    assert "no actor" in read_mead("front/angry/level_1/001", Path("/home/M003/work"))
    assert clip_id(read_mead("W009/video/top/sad/level_2/058", Path("/data/M003"))) == "W009/top/sad/level_2/058"


def test_mead_leaves_an_unknown_view_open() -> None:
    reading = read_mead("M003/audio/angry/level_1/001")
    assert isinstance(reading, Reading)
    assert reading.view is None
    assert reading.clip_id == reading.sound_id == "M003/unknown/angry/level_1/001"


@pytest.mark.parametrize(
    ("stem", "expected"),
    [
        ("M030_front_sad_level3_001", "M030/front/sad/level_3/001"),
        ("M030_left_30_sad_level3_001", "M030/left_30/sad/level_3/001"),
        ("M030_right60_sad_3_001", "M030/right_60/sad/level_3/001"),
        ("M030_sad_3_001", "M030/unknown/sad/level_3/001"),
        ("W015_dis_3_005", "W015/unknown/disgusted/level_3/005"),
        ("W023_level_2_surprised_010", "W023/unknown/surprised/level_2/010"),
        ("W023_top_level_2_surprise_010", "W023/top/surprised/level_2/010"),
        ("M003-2_front_sad_level_3_077", "M003/front/sad/level_3/077"),
        ("m003_FRONT_Sad_Level3_001", "M003/front/sad/level_3/001"),
        ("M003_72_1_output_01", "M003/unknown/neutral/level_1/72_01"),
        ("M003_09_3_output_01", "M003/unknown/disgusted/level_3/09_01"),
    ],
)
def test_flat_reads_the_names_in_circulation(stem: str, expected: str) -> None:
    assert clip_id(read_flat("any/where", stem)) == expected
    assert clip_id(read_flat("", stem)) == expected


def test_flat_keeps_sentences_of_different_old_pages_apart() -> None:
    assert clip_id(read_flat("", "M003_62_1_output_01")) != clip_id(read_flat("", "M003_63_1_output_01"))


@pytest.mark.parametrize(
    ("stem", "reason"),
    [
        ("M030_front_joy_level3_001", "Unknown emotion 'joy'"),
        ("M030_sad_4_001", "Unknown level 4"),
        ("M003_74_1_output_01", "Unknown page 74"),
        ("M003_00_1_output_01", "Unknown page 0"),
        ("M030_back_sad_level3_001", "fits no pattern"),
        ("M030_sad_3_001_cropped", "fits no pattern"),
        ("xM030_sad_3_001", "fits no pattern"),
        ("M030_sad_3_001\n", "fits no pattern"),
        ("1015_TIE_ANG_XX", "fits no pattern"),
        ("", "fits no pattern"),
    ],
)
def test_flat_says_why_a_name_does_not_fit(stem: str, reason: str) -> None:
    reading = read_flat("", stem)
    assert isinstance(reading, str)
    assert reason in reading


def test_flat_gives_the_labels_as_columns() -> None:
    reading = read_flat("", "W009_left_60_hap_2_012")
    assert isinstance(reading, Reading)
    assert reading[2:] == ("W009", "left_60", "happy", 2, "012", "female")


def test_folder_takes_the_relative_path() -> None:
    assert clip_id(read_folder("a/b", "clip.v2")) == "a/b/clip.v2"
    assert clip_id(read_folder("", "clip")) == "clip"


def test_every_named_layout_can_be_made() -> None:
    path = ("M030/video/front/sad/level_3", "001")
    assert clip_id(make_layout("mead", ROOT)(*path)) == "M030/front/sad/level_3/001"
    assert clip_id(make_layout("folder", ROOT)(*path)) == "M030/video/front/sad/level_3/001"
    assert isinstance(make_layout("flat", ROOT)(*path), str)

"""Videos of methods find their clips in any layout, and nothing is dropped in silence."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from facecues.errors import UsageError
from facecues.pipelines.pairing import MethodPairs, pair
from facecues.preprocess.index import build_index
from facecues.reasons import ClipReason

CLIPS = (
    "M003/video/front/sad/level_3/001",
    "M003/video/front/happy/level_1/002",
    "W009/video/front/neutral/level_1/003",
)
IDS = tuple(sorted(name.replace("/video", "") for name in CLIPS))

Make = Callable[..., Path]


@pytest.fixture
def make(tmp_path: Path) -> Make:
    def make(name: str, *files: str) -> Path:
        for file in files:
            path = tmp_path / name / (file if "." in file else f"{file}.mp4")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(b"something")
        (tmp_path / name).mkdir(exist_ok=True)
        return tmp_path / name

    return make


def pairs_of(reference: Path, method: Path) -> MethodPairs:
    return pair(build_index(reference), {"ours": method}).methods["ours"]


def test_a_clip_of_the_reference_whose_name_nobody_can_read_is_missing_nowhere(make: Make) -> None:
    real = make("real", *CLIPS, "M003/video/front/sad/level_3/draft", "M003/video/front/sad/level_4/001")
    pairing = pair(build_index(real), {"ours": make("ours", *CLIPS[1:]), "same": real})
    assert tuple(clip.clip_id for clip in pairing.reference.clips) == IDS
    assert {clip.problem for clip in pairing.unparsed} == {ClipReason.UNPARSED}
    assert [clip.video.rpartition("/")[2] for clip in pairing.unparsed] == ["draft.mp4", "001.mp4"]
    assert len(pairing.methods["ours"].missing) == 1 and not pairing.methods["same"].missing


def test_a_reference_without_a_name_that_can_be_read_is_refused_with_the_first_reason(make: Make) -> None:
    index = build_index(make("real", *CLIPS, "M003/video/front/sad/level_3/draft"))
    left = replace(index, clips=tuple(clip for clip in index.clips if clip.problem))
    with pytest.raises(UsageError, match=r"such as M003/.*draft\.mp4: the name 'draft' is no sentence number"):
        pair(left, {"ours": make("ours", *CLIPS)})


def videos(pairs: MethodPairs) -> dict[str, str]:
    return {clip_id: clip.video for clip_id, clip in pairs.paired.items()}


@pytest.mark.parametrize(
    "names",
    [
        CLIPS,
        ("M003_front_sad_level3_001", "M003_front_happy_level1_002", "W009_front_neutral_level1_003"),
        ("M003_sad_3_001", "M003_hap_1_002", "W009_neu_1_003"),
        ("M003/sad/level_3/001", "M003/happy/level_1/002", "W009/neutral/level_1/003"),
        ("deep/M003_front_sad_3_001", "down/M003_level_1_happy_002", "W009_neutral_level_1_003"),
    ],
    ids=["tree", "flat", "flat, no view", "tree, no view", "mixed"],
)
def test_a_method_may_spell_the_same_clips_in_another_layout(make: Make, names: tuple[str, ...]) -> None:
    tree, other = make("real", *CLIPS), make("ours", *names)
    for reference, method in ((tree, other), (other, tree)):
        pairs = pairs_of(reference, method)
        assert len(pairs.paired) == 3 and not pairs.missing and not pairs.extra
    by_number = {video.removesuffix(".mp4")[-3:]: clip_id for clip_id, video in videos(pairs_of(tree, other)).items()}
    assert {number: clip_id[-3:] for number, clip_id in by_number.items()} == {n: n for n in ("001", "002", "003")}


def test_plain_names_pair_by_path(make: Make) -> None:
    pairs = pairs_of(make("real", "comp_1", "a/comp_2", "comp_3"), make("ours", "comp_1", "a/comp_2", "comp_4"))
    assert videos(pairs) == {"a/comp_2": "a/comp_2.mp4", "comp_1": "comp_1.mp4"}
    assert pairs.missing == ("comp_3",) and [clip.clip_id for clip in pairs.extra] == ["comp_4"]


def test_missing_and_extra_clips_are_told(make: Make) -> None:
    method = make("ours", "M003_front_sad_level3_001", "M003_front_fear_level3_009", "notes of take two")
    pairs = pairs_of(make("real", *CLIPS), method)
    assert videos(pairs) == {"M003/front/sad/level_3/001": "M003_front_sad_level3_001.mp4"}
    assert pairs.missing == tuple(clip_id for clip_id in IDS if "sad" not in clip_id)
    assert [clip.problem for clip in pairs.extra] == [None, ClipReason.UNPARSED]


def test_an_unnamed_view_is_the_front_and_no_other(make: Make) -> None:
    reference = make("real", *(f"M003/video/{view}/sad/level_1/001" for view in ("front", "left_30")))
    pairs = pairs_of(reference, make("ours", "M003_sad_1_001"))
    assert list(pairs.paired) == ["M003/front/sad/level_1/001"] and pairs.missing == ("M003/left_30/sad/level_1/001",)


def test_a_named_view_goes_before_the_rule(make: Make) -> None:
    both = ("M003_front_sad_1_001", "M003_sad_1_001")
    pairs = pairs_of(make("real", both[0]), make("ours", *both))
    assert videos(pairs) == {"M003/front/sad/level_1/001": "M003_front_sad_1_001.mp4"}
    assert [clip.video for clip in pairs.extra] == ["M003_sad_1_001.mp4"]
    pairs = pairs_of(make("both", *both), make("one", both[1]))
    assert videos(pairs) == {"M003/unknown/sad/level_1/001": "M003_sad_1_001.mp4"}
    assert pairs.missing == ("M003/front/sad/level_1/001",)


def test_several_videos_of_one_clip_are_there_and_cannot_be_used(make: Make) -> None:
    pairs = pairs_of(make("real", *CLIPS), make("ours", "M003_front_sad_3_001.mp4", "again/M003_front_sad_3_001.mov"))
    (clip,) = pairs.paired.values()
    assert clip.problem == ClipReason.DUPLICATE and "2 files claim this clip id" in str(clip.message)


@pytest.mark.parametrize(
    ("files", "sentence"),
    [
        ((), "Method 'ours': No video in"),
        (("M003_front_sad_3_001.txt",), "Method 'ours': No video in"),
        (
            ("comp_1", "comp_2", "comp_3", "comp_4"),
            r"Method 'ours' shares no clip with the reference: \S+ours holds comp_1, comp_2, comp_3 and 1 more, "
            r"\S+real holds M003/front/happy/level_1/002, M003/front/sad/level_3/001, W009/front/neutral/level_1/003;",
        ),
        (
            ("M003_front_sad_level2_001",),
            "Method 'ours' shares no clip with the reference: .* holds M003/front/sad/level_2",
        ),
    ],
)
def test_a_folder_that_cannot_be_compared_is_refused(make: Make, files: tuple[str, ...], sentence: str) -> None:
    with pytest.raises(UsageError, match=sentence):
        pairs_of(make("real", *CLIPS), make("ours", *files))


def test_a_folder_that_is_not_there_is_refused(make: Make, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="Method 'ours': No such folder"):
        pairs_of(make("real", *CLIPS), tmp_path / "nothing")


def test_sound_is_the_methods_own_before_the_references(make: Make) -> None:
    real = make("real", CLIPS[0], "M003/audio/sad/level_3/001.m4a")
    ours, theirs = make("ours", "M003_sad_3_001"), make("theirs", "M003_sad_3_001", "M003_sad_3_001.wav")
    pairing = pair(build_index(real), {"ours": ours, "theirs": theirs})
    (clip,) = pairing.reference.clips
    reference = (real / "M003/audio/sad/level_3/001.m4a", real / f"{CLIPS[0]}.mp4")
    assert pairing.sounds("ours", clip) == (ours / "M003_sad_3_001.mp4", *reference)
    assert pairing.sounds("theirs", clip) == (theirs / "M003_sad_3_001.wav", theirs / "M003_sad_3_001.mp4", *reference)


def test_the_published_methods_pair_with_their_reference(data: Path) -> None:
    folders = {path.name: path for path in sorted((data / "methods").iterdir()) if path.name != "reference"}
    pairing = pair(build_index(data / "methods/reference"), folders)
    assert len(pairing.methods) == 7
    for pairs in pairing.methods.values():
        assert list(pairs.paired) == ["comp_1", "comp_2"] and not pairs.missing and not pairs.extra


def test_two_forms_of_one_take_have_one_id(data: Path) -> None:
    pairs = pairs_of(data / "mead", data / "mead_crop256")
    assert videos(pairs) == {"M030/front/sad/level_3/001": "M030_front_sad_level3_001.mp4"}
    assert len(pairs.missing) == 5 and len(pairs.extra) == 15

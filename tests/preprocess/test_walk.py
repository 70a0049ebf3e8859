import os
from pathlib import Path

import pytest

from facecues.preprocess.walk import MediaFile, OddityKind, Tree, walk
from facecues.reasons import ClipReason
from tests.preprocess.trees import plant


def paths(files: list[MediaFile]) -> list[str]:
    return sorted(file.path for file in files)


def remarks(tree: Tree, kind: OddityKind) -> list[str]:
    return sorted(oddity.where for oddity in tree.oddities if oddity.kind is kind)


def test_size_and_times_are_those_of_stat(tmp_path: Path) -> None:
    (file,) = walk(str(plant(tmp_path, "a/clip.mp4", content=b"12345"))).videos
    status = (tmp_path / "a/clip.mp4").stat()
    assert (file.size, file.mtime_ns, file.ctime_ns) == (5, status.st_mtime_ns, status.st_ctime_ns)


def test_files_are_told_apart_by_suffix_in_any_case(tmp_path: Path) -> None:
    tree = walk(str(plant(tmp_path, "a.MP4", "b.Mov", "c.M4A", "d.txt", "e.TXT", "f", "video.tar", "x/audio.tar.gz")))
    assert paths(tree.videos) == ["a.MP4", "b.Mov"]
    assert paths(tree.audios) == ["c.M4A"]
    assert tree.others == {".txt": 2, "": 1}
    assert sorted(tree.archives) == ["video.tar", "x/audio.tar.gz"]


def test_hidden_files_and_archive_leftovers_are_passed_over(tmp_path: Path) -> None:
    plant(tmp_path, "._a.mp4", ".git/b.mp4", "__MACOSX/c.mp4", "x/.hidden/d.mp4", "x/e.mp4")
    tree = walk(str(tmp_path))
    assert paths(tree.videos) == ["x/e.mp4"]
    assert not tree.others
    assert not tree.oddities


def test_links_that_leave_the_root_are_refused_and_not_read(tmp_path: Path) -> None:
    outside = plant(tmp_path / "outside", "secret.mp4", "sub/more.mp4", content=b"secret")
    root = plant(tmp_path / "outside-by-name-only", "a.mp4")
    (root / "file.mp4").symlink_to(outside / "secret.mp4")
    (root / "relative.mp4").symlink_to("../outside/secret.mp4")
    (root / "gone.mp4").symlink_to("/nowhere/at/all.mp4")
    (root / "folder").symlink_to(outside)
    (root / "sound.wav").symlink_to(outside / "secret.mp4")
    (root / "up").symlink_to("..")
    tree = walk(str(root))
    refused = [file for file in tree.videos if file.problem is ClipReason.OUTSIDE_ROOT]
    assert paths(refused) == ["file.mp4", "gone.mp4", "relative.mp4"]
    assert {file.size for file in refused} == {0}
    assert remarks(tree, OddityKind.OUTSIDE_ROOT) == ["folder", "sound.wav", "up"]
    assert len(tree.videos) == 4


def test_a_link_into_a_chain_of_links_that_leaves_is_refused(tmp_path: Path) -> None:
    outside = plant(tmp_path / "outside", "secret.mp4")
    root = plant(tmp_path / "root", "a.mp4")
    (root / "hop").symlink_to(outside / "secret.mp4")
    (root / "b.mp4").symlink_to("hop")
    problems = {file.path: file.problem for file in walk(str(root)).videos}
    assert problems == {"a.mp4": None, "b.mp4": ClipReason.OUTSIDE_ROOT}


def test_links_inside_the_root_are_followed_without_loops_or_copies(tmp_path: Path) -> None:
    root = plant(tmp_path / "root", "a/one.mp4", ".store/two.mp4", ".store/deep/three.mp4")
    (root / "loop").symlink_to(".")
    (root / "a/back").symlink_to("..")
    (root / "copy-of-a").symlink_to("a")
    (root / "files").symlink_to(".store")
    (root / "more").symlink_to(".store/deep")
    (root / "link.mp4").symlink_to("a/one.mp4")
    tree = walk(str(root))
    assert paths(tree.videos) == ["a/one.mp4", "files/deep/three.mp4", "files/two.mp4", "link.mp4"]
    assert remarks(tree, OddityKind.NOT_READ) == ["a/back", "copy-of-a", "loop", "more"]


def test_a_root_that_is_itself_a_link_is_walked(tmp_path: Path) -> None:
    plant(tmp_path / "real", "a.mp4")
    (tmp_path / "link").symlink_to("real")
    assert paths(walk(str(tmp_path / "link")).videos) == ["a.mp4"]


def test_dangling_links_empty_files_and_self_links_are_empty(tmp_path: Path) -> None:
    plant(tmp_path, "empty.mp4", content=b"")
    (tmp_path / "dangling.mp4").symlink_to("gone.mp4")
    (tmp_path / "self.mp4").symlink_to("self.mp4")
    tree = walk(str(tmp_path))
    assert paths(tree.videos) == ["dangling.mp4", "empty.mp4", "self.mp4"]
    assert {file.problem for file in tree.videos} == {ClipReason.EMPTY_FILE}
    assert all(file.message for file in tree.videos)


def test_a_pipe_named_like_a_video_is_reported_and_not_opened(tmp_path: Path) -> None:
    os.mkfifo(plant(tmp_path, "a.mp4") / "pipe.mp4")
    tree = walk(str(tmp_path))
    assert paths(tree.videos) == ["a.mp4"]
    assert remarks(tree, OddityKind.NOT_READ) == ["pipe.mp4"]


def test_a_folder_named_like_a_video_is_a_folder(tmp_path: Path) -> None:
    assert paths(walk(str(plant(tmp_path, "x.mp4/a.mp4"))).videos) == ["x.mp4/a.mp4"]


@pytest.mark.parametrize("raw", [b"bad\xff/a.mp4", b"fine/bad\xff.mp4"])
def test_names_that_are_not_utf8_are_escaped_and_unparsed(tmp_path: Path, raw: bytes) -> None:
    path = os.path.join(os.fsencode(tmp_path), raw)
    try:
        os.makedirs(os.path.dirname(path))
        with open(path, "wb") as file:
            file.write(b"x")
    except OSError as error:
        pytest.skip(f"this file system takes no such names: {error}")
    (found,) = walk(str(tmp_path)).videos
    assert found.problem is ClipReason.UNPARSED
    assert found.path == raw.decode("utf-8", "backslashreplace")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may list every folder")
def test_a_folder_that_cannot_be_listed_is_reported(tmp_path: Path) -> None:
    plant(tmp_path, "a.mp4", "locked/b.mp4")
    (tmp_path / "locked").chmod(0)
    try:
        tree = walk(str(tmp_path))
    finally:
        (tmp_path / "locked").chmod(0o700)
    assert paths(tree.videos) == ["a.mp4"]
    assert remarks(tree, OddityKind.NOT_READ) == ["locked"]

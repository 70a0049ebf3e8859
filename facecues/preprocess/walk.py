"""One walk over a dataset folder: every media file with its size and times, and what was passed over."""

import os
import re
import stat
from collections import Counter
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, NamedTuple

from facecues.reasons import ClipReason

VIDEO_SUFFIXES: Final = (".mp4", ".mov", ".avi", ".mkv", ".webm", ".m4v", ".mpg", ".mpeg")
AUDIO_SUFFIXES: Final = (".m4a", ".wav", ".mp3", ".aac", ".flac", ".ogg", ".opus")  # in order of preference
_ARCHIVE = re.compile(r"(?:video|audio).*\.(?:tar(?:\.\w+)?|tgz|zip)", re.IGNORECASE)


class OddityKind(StrEnum):
    """Kinds of remarks about a dataset. The first four are also a clip's `problem`."""

    UNPARSED = ClipReason.UNPARSED.value
    DUPLICATE = ClipReason.DUPLICATE.value
    OUTSIDE_ROOT = ClipReason.OUTSIDE_ROOT.value
    EMPTY_FILE = ClipReason.EMPTY_FILE.value
    NEUTRAL_LEVEL = "neutral_level"  # neutral at level 2 or 3
    GAP = "gap"  # fewer clips than nominal, a missing emotion or view
    VIDEO_WITHOUT_AUDIO = "video_without_audio"
    AUDIO_WITHOUT_VIDEO = "audio_without_video"
    ARCHIVE = "archive"  # MEAD comes as tar files
    NOT_READ = "not_read"  # folders that cannot be listed, links to folders indexed already, devices
    OTHER_FILES = "other_files"  # neither video nor audio


@dataclass(frozen=True, slots=True)
class Oddity:
    """One remark: `where` is a clip id, the common part of several, or a path below the root."""

    kind: OddityKind
    where: str
    sentence: str


class MediaFile(NamedTuple):
    """A video or audio file: `folder`/`stem``suffix`, escaped where that is not UTF-8."""

    folder: str  # posix, below the root, "" for the root itself
    stem: str
    suffix: str  # as written, with its dot
    size: int
    mtime_ns: int
    ctime_ns: int
    problem: ClipReason | None  # UNPARSED (not UTF-8), OUTSIDE_ROOT or EMPTY_FILE
    message: str | None

    @property
    def path(self) -> str:
        name = self.stem + self.suffix
        return f"{self.folder}/{name}" if self.folder else name


@dataclass(slots=True)
class Tree:
    """What a walk found, in no particular order."""

    videos: list[MediaFile] = field(default_factory=list)
    audios: list[MediaFile] = field(default_factory=list)
    archives: list[str] = field(default_factory=list)  # MEAD as distributed: video*.tar, audio.tar
    others: Counter[str] = field(default_factory=Counter)  # by suffix
    oddities: list[Oddity] = field(default_factory=list)


def walk(root: str) -> Tree:
    """Lists a dataset folder, with one directory scan per folder and one stat per media file.

    Hidden names, `__MACOSX` and what lies in them are passed over. Links that leave the root are reported and
    neither followed nor read. Links to folders inside the root are followed after everything else, and only
    to folders not visited by then, so that no link can make a loop or a second copy.

    Raises:
        OSError: the root itself cannot be listed.
    """
    return _Walk(root).run()


def printable(name: str) -> str:
    """The name with bytes that are not UTF-8 written as `\\xff`."""
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


class _Folder(NamedTuple):
    path: str  # below the root
    real: str  # with no link in it
    shown: str  # the path, printable

    def join(self, name: str) -> str:
        return f"{self.path}/{name}" if self.path else name


class _Walk:
    def __init__(self, root: str) -> None:
        self.root = root
        self.real_root = os.path.realpath(root)
        self.tree = Tree()
        self.pending = [_Folder("", self.real_root, "")]
        self.links: list[str] = []
        self.visited: set[str] = set()

    def run(self) -> Tree:
        while folder := self._next_folder():
            try:
                with os.scandir(os.path.join(self.root, folder.path)) as entries:
                    for entry in entries:
                        self._take(entry, folder)
            except OSError as error:
                if not folder.path:
                    raise
                self._remark(OddityKind.NOT_READ, folder.path, f"the folder cannot be listed: {error.strerror}")
        return self.tree

    def _next_folder(self) -> _Folder | None:
        while self.pending or self.links:
            if not self.pending:
                self.links.sort(reverse=True)
                link = self.links.pop()
                real = os.path.realpath(os.path.join(self.root, link))
                self.pending.append(_Folder(link, real, printable(link)))
            folder = self.pending.pop()
            if folder.real not in self.visited:
                self.visited.add(folder.real)
                return folder
            self._remark(OddityKind.NOT_READ, folder.path, "leads to a folder that is indexed already")
        return None

    def _take(self, entry: os.DirEntry[str], folder: _Folder) -> None:
        if entry.name.startswith(".") or entry.name == "__MACOSX":
            return
        path = folder.join(entry.name)
        if entry.is_symlink():
            if not self._is_inside(os.path.realpath(entry.path)):
                self._refuse_link(entry.name, folder)
            elif os.path.isdir(entry.path):
                self.links.append(path)
            else:
                self._take_file(entry, folder)
        elif entry.is_dir():
            self.pending.append(_Folder(path, os.path.join(folder.real, entry.name), printable(path)))
        else:
            self._take_file(entry, folder)

    def _is_inside(self, target: str) -> bool:
        return target == self.real_root or target.startswith(os.path.join(self.real_root, ""))

    def _refuse_link(self, name: str, folder: _Folder) -> None:
        message = "a link that leaves the dataset root: not followed; index its target, or copy it here"
        if os.path.splitext(name)[1].lower() in VIDEO_SUFFIXES:
            self.tree.videos.append(_media(folder, name, None, ClipReason.OUTSIDE_ROOT, message))
        else:
            self._remark(OddityKind.OUTSIDE_ROOT, folder.join(name), message)

    def _take_file(self, entry: os.DirEntry[str], folder: _Folder) -> None:
        suffix = os.path.splitext(entry.name)[1].lower()
        if suffix in VIDEO_SUFFIXES:
            files = self.tree.videos
        elif suffix in AUDIO_SUFFIXES:
            files = self.tree.audios
        elif _ARCHIVE.fullmatch(entry.name):
            self.tree.archives.append(printable(folder.join(entry.name)))
            return
        else:
            self.tree.others[printable(suffix)] += 1
            return
        try:
            status = entry.stat()
        except OSError as error:
            message = f"the file cannot be read: {error.strerror}"
            files.append(_media(folder, entry.name, None, ClipReason.EMPTY_FILE, message))
            return
        if not stat.S_ISREG(status.st_mode):
            self._remark(OddityKind.NOT_READ, folder.join(entry.name), "neither a file nor a folder")
        elif status.st_size == 0:
            files.append(_media(folder, entry.name, status, ClipReason.EMPTY_FILE, "the file has no bytes"))
        else:
            files.append(_media(folder, entry.name, status, None, None))

    def _remark(self, kind: OddityKind, path: str, sentence: str) -> None:
        self.tree.oddities.append(Oddity(kind, printable(path), sentence))


def _media(
    folder: _Folder, name: str, status: os.stat_result | None, problem: ClipReason | None, message: str | None
) -> MediaFile:
    shown = printable(name)
    if shown != name or folder.shown != folder.path:
        problem, message = ClipReason.UNPARSED, "the path is not valid UTF-8: rename it"
    times = (status.st_size, status.st_mtime_ns, status.st_ctime_ns) if status else (0, 0, 0)
    return MediaFile(folder.shown, *os.path.splitext(shown), *times, problem, message)

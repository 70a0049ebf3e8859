"""The pages docs/adding_a_….md work as written: their files are written, installed and used by the commands they give.

What is typed after `$` is run as it stands, in one folder for all pages, and what the page has below it has to be in
what the command prints, in this order; `…` and line ends stand for anything. But pip installs into a folder of the
test's own, without a network, and the corpus has been made before: of clips of one second.
"""

import os
import re
import shlex
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.pipelines.evaluation.trees import read, write

REPOSITORY = Path(__file__).resolve().parents[2]
DOCS = REPOSITORY / "docs"
PAGES = ("backend", "layout", "metric", "method", "renderer")
SLOW = ("method", "renderer")
CLIPS = ("front/happy/level_3/001", "front/neutral/level_1/001")
FRAMES = 25
SITE = "SITE"  # where pip puts what the pages install
_FILE = re.compile(r"^\*\*`([^`]+)`\*\*\n```\w+\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_CONSOLE = re.compile(r"^```console\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_COMMAND = re.compile(r"^\$ (.*)\n((?:(?!\$ ).*\n)*)", re.MULTILINE)


class Desk:
    """A folder in which somebody reads the pages, one after the other."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._ran: set[str] = set()
        path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
        self._environment = os.environ | {
            "PATH": path,
            "PYTHONPATH": os.pathsep.join([str(REPOSITORY), str(root / SITE)]),
            "PYTHONDONTWRITEBYTECODE": "1",
            "COLUMNS": "80",
        }

    def follow(self, page: str) -> None:
        """Writes the page's files, and types its commands."""
        text = (DOCS / page).read_text(encoding="utf-8")
        files = _FILE.findall(text)
        commands = [found for block in _CONSOLE.findall(text) for found in _COMMAND.findall(block)]
        assert files and commands
        for name, content in files:
            path = self.root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(content, encoding="utf-8")
        for command, printed in commands:
            if command not in self._ran:  # several pages make the same corpus and store
                self._ran.add(command)
                self._type(command, printed)

    def _type(self, command: str, printed: str) -> None:
        program, *arguments = shlex.split(command)
        if [program, *arguments[:2]] == ["facecues", "synth", "CORPUS"]:
            return
        if program == "facecues":
            argv = [sys.executable, "-m", "facecues.cli", *arguments]
        elif (program, arguments[0]) == ("pip", "install"):
            offline = [
                "--no-index",
                "--no-build-isolation",
                "--no-deps",
                "--disable-pip-version-check",
                "--target",
                SITE,
            ]
            argv = [sys.executable, "-m", "pip", "install", *offline, *arguments[1:]]
        else:
            argv = [program, *arguments]
        done = subprocess.run(
            argv,
            cwd=self.root,
            env=self._environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        assert done.returncode == (2 if printed.startswith("facecues: ") else 0), f"{command}\n{done.stdout}"
        output, at = " ".join(done.stdout.split()), 0
        for part in re.split("…|\n", printed):
            wanted = " ".join(part.split())
            assert wanted in output[at:], f"{command}\nshould print {wanted!r}, and prints\n{done.stdout}"
            at = output.index(wanted, at) + len(wanted)


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory, corpus: Path) -> Desk:
    if find_spec("pip") is None or find_spec("setuptools") is None:
        pytest.skip("pip and setuptools, which build the pages' packages without a network, are not here")
    root = tmp_path_factory.mktemp("desk")
    for actor in ("M001", "W002"):
        for clip in CLIPS:
            video = f"{actor}/video/{clip}.mp4"
            write(root / "CORPUS", video, read(corpus / video, FRAMES))
            sound = root / f"CORPUS/{actor}/audio/{clip.removeprefix('front/')}.m4a"
            sound.parent.mkdir(parents=True)
            sound.hardlink_to(corpus / sound.relative_to(root / "CORPUS"))
    shutil.copytree(corpus / "truth", root / "CORPUS/truth")
    return Desk(root)


@pytest.mark.parametrize(
    "what", [pytest.param(what, marks=pytest.mark.slow) if what in SLOW else what for what in PAGES]
)
def test_a_page_works_as_written(what: str, desk: Desk) -> None:
    desk.follow(f"adding_a_{what}.md")


def test_every_page_is_followed() -> None:
    assert sorted(page.name for page in DOCS.glob("adding_*.md")) == sorted(f"adding_a_{what}.md" for what in PAGES)

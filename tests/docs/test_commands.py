"""Every command in README and docs can be typed, and every snippet of Python runs on a store."""

import re
import shlex
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer

from facecues.cli import app
from facecues.errors import UsageError
from facecues.models.synth.corpus import SynthConfig
from facecues.pipelines.synth import synthesise

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
_FENCED = re.compile(r"^```(\w*)\n(.*?)^```", re.MULTILINE | re.DOTALL)


def blocks(page: Path, language: str) -> list[str]:
    return [text for kind, text in _FENCED.findall(page.read_text(encoding="utf-8")) if kind == language]


def snippets(page: Path) -> list[str]:
    """Those that read a store, and run nobody else's program."""
    found = [block for block in blocks(page, "python") if '"STORE' in block or "'STORE" in block]
    return [block for block in found if "generate_method" not in block]


def commands() -> Iterator[tuple[str, list[str]]]:
    """(page, words) of each line that begins with facecues; … stands for what the reader knows."""
    for page in PAGES:
        for block in blocks(page, "") + blocks(page, "sh"):
            for line in block.replace("\\\n", " ").splitlines():
                if line.startswith("facecues "):
                    yield page.name, shlex.split(re.sub(r"\s#.*", "", line))[1:]


def parsed(words: list[str]) -> None:
    """Raises where a command or an option is unknown, or an argument is missing; runs nothing."""
    command, rest = typer.main.get_command(app), words
    while hasattr(command, "commands"):
        assert rest and rest[0] in command.commands, f"there is no command {' '.join(words)}"
        command, rest = command.commands[rest[0]], rest[1:]
    command.make_context(words[0], [word for word in rest if word != "…"], resilient_parsing="…" in rest)


@pytest.fixture(scope="session")
def three_actors(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A corpus of M001, W002 and M003, who is one of the split eat's test actors."""
    root = tmp_path_factory.mktemp("docs") / "corpus"
    config = SynthConfig(
        actors=3, emotions=("happy",), levels=(3,), clips=1, size=256, seconds=(1, 1), pictures="sketch"
    )
    synthesise(root, config, workers=1)
    return root


@pytest.fixture
def folder(tmp_path: Path, three_actors: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What the pages have in theirs."""
    (tmp_path / "STORE").symlink_to(three_actors / "truth")
    shutil.copy(ROOT / "facecues/pipelines/methods/templates.yaml", tmp_path / "methods.yaml")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(("page", "words"), list(commands()), ids=lambda one: one if isinstance(one, str) else one[0])
def test_every_command_can_be_typed(folder: Path, page: str, words: list[str]) -> None:
    try:
        parsed(words)
    except (typer.Exit, UsageError) as error:
        pytest.fail(f"{page}: facecues {shlex.join(words)}: {error}")


@pytest.mark.parametrize("page", [page for page in PAGES if any(snippets(page))], ids=lambda page: page.name)
def test_snippets_of_python_run_on_a_store(folder: Path, page: Path) -> None:
    for snippet in snippets(page):
        exec(compile(snippet, page.name, "exec"), {})

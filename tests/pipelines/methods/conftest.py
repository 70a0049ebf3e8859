import shutil
import sys
from pathlib import Path

import pytest
import yaml

from facecues.pipelines.generation.config import GenerateConfig
from facecues.pipelines.methods.config import method_of
from facecues.pipelines.methods.run import generate_method

STAND_IN = Path(__file__).with_name("stand_in.py")
ARGV = [sys.executable, str(STAND_IN), "{output}", "{portrait}", "{audio}", "{reference_video}", "{emotion}"]


@pytest.fixture
def declare(tmp_path):
    """Writes methods.yaml with one method, `mine`: the stand-in, whose modes are its words for emotions."""

    def write(happy="well", neutral="well", argv=ARGV, **more):
        program = {"argv": argv, "timeout_s": 60, **more}
        file = tmp_path / "methods.yaml"
        method = {"title": "Mine", "emotions": {"happy": happy, "neutral": neutral}, "run": program}
        file.write_text(yaml.safe_dump({"mine": method}))
        return method_of(f"{file}#mine")

    return write


@pytest.fixture
def dataset(original, tmp_path):
    """Two actors, happy and neutral, a second each; a copy that a test may change."""
    return shutil.copytree(original, tmp_path / "corpus")


@pytest.fixture
def made(dataset, tmp_path, cluster):
    """Runs a method over the corpus, or some of it, into tmp_path/out."""

    def run(declared, out="out", progress=None, **settings):
        config = GenerateConfig(**settings)
        return generate_method(
            config, declared, dataset / "truth", tmp_path / out, scheduler=cluster, progress=progress
        )

    return run

"""On a machine without PyTorch every training says what to install."""

import subprocess
import sys

import pytest

from tests.absent import NO_TORCH

PROGRAM = (
    NO_TORCH
    + """
from facecues.cli import main
main()
"""
)


@pytest.mark.parametrize("command", ["cues STORE", "generator STORE", "keypoints STORE --generator G", "emotion STORE"])
def test_a_training_without_torch_says_what_to_install(command: str) -> None:
    called = [sys.executable, "-c", PROGRAM, "train", *command.split(), "--out", "OUT"]
    done = subprocess.run(called, capture_output=True, text=True, check=False)
    assert done.returncode == 2 and "pip install 'facecues[torch]'" in done.stderr
    assert "Traceback" not in done.stderr

"""Plays a demo: echoes each public command, runs it, and says how far the whole is."""

import time
from datetime import timedelta
from importlib import resources
from importlib.util import find_spec
from pathlib import Path
from typing import Final

import cv2
from rich.console import Console

from facecues.demo.contracts import Plan
from facecues.demo.plan import SETTINGS, make_plan
from facecues.demo.run import run_steps
from facecues.demo.show import cue_picture, first_clip, rows_table
from facecues.errors import BackendUnavailableError
from facecues.pipelines.atomic import writing

_NEEDED: Final = ("torch", "safetensors", "skimage")  # of the extra `torch`


def play(folder: Path, data: Path | None = None, only: str | None = None, console: Console | None = None) -> Plan:
    """Runs the demo. Given again, every command finds what it has done, and goes on.

    Args:
        folder: of the demo; made if need be.
        data: a dataset to take in place of the synthetic corpus.
        only: of that dataset, clip ids that match.
        console: what is written to.

    Returns:
        What was done.

    Raises:
        UsageError: from `make_plan`.
        BackendUnavailableError: no PyTorch, which would show minutes later.
        DemoStopped: a command failed.
        StoreError: the folder cannot be written.
        KeyboardInterrupt: the commands that ran were told so, and have ended.
    """
    console = console or Console()
    missing = [name for name in _NEEDED if find_spec(name) is None]
    if missing:
        raise BackendUnavailableError(f"The demo trains, and {missing[0]} is not here: pip install 'facecues[torch]'")
    plan = make_plan(folder, data, only)
    _write_settings(folder)
    spent = expected = 0.0
    for number, stage in enumerate(plan.stages, 1):
        left = sum(one.seconds for one in plan.stages[number - 1 :]) * plan.share
        pace = spent / expected if expected else 1.0  # of this machine, once it has done something
        console.rule(f"[bold]{number} of {len(plan.stages)}[/]  {stage.title}", align="left", style="dim")
        console.print(f"all in all about {timedelta(seconds=round(left * pace / 10) * 10)} left", style="dim")
        began = time.monotonic()
        judged = (folder / "judge" / "cues").is_dir()
        steps = stage.steps if judged else [step.without("--classifier") for step in stage.steps]
        run_steps(steps, folder / "logs", console)
        spent, expected = spent + time.monotonic() - began, expected + stage.seconds * plan.share
        if stage.steps[0].name == "extract":
            _show_store(plan, console)
    return plan


def _write_settings(folder: Path) -> None:
    """Copies the files that commands name out of the package."""
    with writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
        for name in SETTINGS:
            (folder / name).write_bytes((resources.files("facecues.demo") / name).read_bytes())


def _show_store(plan: Plan, console: Console) -> None:
    if first_clip(plan.store).empty:
        return
    console.print(rows_table(plan.store))
    picture = plan.folder / "cues.jpg"
    cv2.imwrite(str(picture), cue_picture(plan.data, plan.store)[:, :, ::-1])
    console.print(f"Landmarks, head axes and gaze, drawn: {picture}", highlight=False, soft_wrap=True)

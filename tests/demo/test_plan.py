"""The demo's plan: its commands can be typed, learn and test on different people, and name each other's folders."""

from pathlib import Path

import pytest
import typer

from facecues.cli import app
from facecues.demo.contracts import Plan, Step
from facecues.demo.plan import ABLATIONS, BASELINES, FILMED, HELD_STILL, TESTED, make_plan
from facecues.errors import UsageError

METHODS = {"full", HELD_STILL, *BASELINES, *ABLATIONS}


def plan_of(tmp_path: Path, **options: object) -> Plan:
    return make_plan(tmp_path / "demo", **options)


def steps(plan: Plan) -> list[Step]:
    return [step for stage in plan.stages for step in stage.steps]


def parse(arguments: tuple[str, ...]) -> None:
    """Raises where a command or an option is unknown; runs nothing."""
    command, rest = typer.main.get_command(app), list(arguments)
    while hasattr(command, "commands"):
        command, rest = command.commands[rest[0]], rest[1:]
    command.make_context(arguments[0], rest)


def test_every_command_can_be_typed(tmp_path: Path) -> None:
    for step in steps(plan_of(tmp_path)):
        parse(step.arguments)


def test_every_method_is_made_and_evaluated_and_some_in_videos_too(tmp_path: Path) -> None:
    *_, cues, of_cues, videos, of_videos, _ = plan_of(tmp_path).stages
    for making, evaluating, names, end in ((cues, of_cues, METHODS, "/cues"), (videos, of_videos, {*FILMED}, "")):
        made = {Path(step.arguments[-1]).name: step.arguments[-1] for step in making.steps}
        assert made.keys() == names
        called = [word for word in evaluating.steps[0].arguments if "=" in word]
        assert called == [f"{name}={path}{end}" for name, path in made.items()]


def test_all_trainings_leave_out_the_same_actors_who_are_tested_on(tmp_path: Path) -> None:
    splits = {
        step.arguments[step.arguments.index("--split") + 1]
        for step in steps(plan_of(tmp_path))
        if "--split" in step.arguments
    }
    tested = max(splits, key=len)
    assert len(tested.split(",")) == TESTED and all(set(one.split(",")) <= set(tested.split(",")) for one in splits)


def test_a_dataset_takes_the_place_of_the_corpus_and_its_last_actors_are_tested_on(
    tmp_path: Path, small_tree: Path
) -> None:
    plan = plan_of(tmp_path, data=small_tree, only="*/happy/*")
    assert plan.data == small_tree and all(step.arguments[0] != "synth" for step in steps(plan))
    named = {step.name: step.arguments for step in steps(plan)}
    assert "W015" in named["full"] and "M003" not in named["full"]
    assert all("*/happy/*" in named[name] for name in ("extract", "evaluate-cues", "evaluate-videos"))
    assert 0 < plan.share < 1
    for step in steps(plan):
        parse(step.arguments)


def test_what_cannot_be_demonstrated_is_refused_in_a_sentence(tmp_path: Path, small_tree: Path) -> None:
    with pytest.raises(UsageError, match="usable clips of 1 actors"):
        plan_of(tmp_path, data=small_tree / "M003")
    with pytest.raises(UsageError, match="--only chooses among the clips of --data"):
        plan_of(tmp_path, only="*/happy/*")
    with pytest.raises(UsageError, match="No such folder"):
        plan_of(tmp_path, data=tmp_path / "nowhere")

"""A demo as data: stages of public commands."""

import shlex
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

Kind = Literal["cues", "videos"]
"""What is evaluated and reported on."""


@dataclass(frozen=True, slots=True)
class Step:
    """A public command.

    Attributes:
        name: of its log.
        arguments: of `facecues`.
        epochs: of a training, whose folder is the last argument; 0: it is none.
        needed: whether the demo ends where it fails. A judge of emotions wants several actors for each, which few clips
            may not have: the table is then without its column.
        told: whether what it wrote is shown, where its output goes to a log.
    """

    name: str
    arguments: tuple[str, ...]
    epochs: int = 0
    needed: bool = True
    told: bool = False

    @property
    def command(self) -> str:
        """As it is typed."""
        return shlex.join(["facecues", *self.arguments])

    def without(self, option: str) -> "Step":
        """The same command without an option and its value."""
        if option not in self.arguments:
            return self
        at = self.arguments.index(option)
        return replace(self, arguments=self.arguments[:at] + self.arguments[at + 2 :])


@dataclass(frozen=True, slots=True)
class Stage:
    """Commands that belong together.

    Attributes:
        title: what they do.
        steps: several of them are run two at a time, with their output in logs.
        seconds: that they take for the demo's own corpus, on two cores.
    """

    title: str
    steps: tuple[Step, ...]
    seconds: float


@dataclass(frozen=True, slots=True)
class Plan:
    """A demo.

    Attributes:
        folder: that all of it is in.
        data: the dataset.
        store: of cues that are extracted.
        reports: folders, of scores of cues and of videos.
        stages: in order.
        share: of the time that the demo's own corpus takes, roughly.
    """

    folder: Path
    data: Path
    store: Path
    reports: Mapping[Kind, Path]
    stages: tuple[Stage, ...]
    share: float = 1.0

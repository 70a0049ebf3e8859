"""What an evaluation can be told, and what its workers need of it."""

from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, field_validator

from facecues.config import ExtractConfig
from facecues.metrics.floors import FLOORS, FLOORS_OF_CUES, Floor
from facecues.metrics.instruments import DEFAULT_GROUPS
from facecues.metrics.protocols import Protocol
from facecues.metrics.sets import RESAMPLES


class EvaluateConfig(BaseModel):
    """Everything that changes the numbers of an evaluation, and which of them are wanted.

    Attributes:
        protocol: options of all metrics.
        cues: what reads landmarks and gaze off both sides.
        metrics: groups of facecues.metrics.instruments.GROUPS, and plugins; metrics of cues and of sound always come.
        classifiers: folders of trained emotion classifiers, besides the usual ones.
        floors: rows that say how small a difference can be before it means nothing. Where the protocol penalizes what
            is missing, `still` comes whether named or not: its values are the penalty.
        device: of the networks that are metrics.
        resamples: draws for intervals and tests of clips' means.
        set_resamples: draws for intervals and tests of set metrics; 99 and more, or 0 for none. Fréchet distances take
            fewer, since each costs more.
        seed: of all draws.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    protocol: Protocol = Protocol()
    cues: ExtractConfig = ExtractConfig()
    metrics: tuple[str, ...] = DEFAULT_GROUPS
    classifiers: tuple[Path, ...] = ()
    floors: tuple[Floor, ...] = tuple(FLOORS)
    device: str = "cpu"
    resamples: int = Field(default=9_999, ge=99)
    set_resamples: int = Field(default=RESAMPLES, ge=0)
    seed: int = 0

    @field_validator("set_resamples")
    @classmethod
    def _has_tails(cls, resamples: int) -> int:
        if 0 < resamples < 99:
            raise ValueError("expected 0 for no intervals, or 99 draws and more")
        return resamples

    @property
    def made(self) -> tuple[Floor, ...]:
        """The floors that are measured."""
        still: tuple[Floor, ...] = ("still",) if self.protocol.missing == "penalize" else ()
        return tuple(dict.fromkeys(self.floors + still))

    @property
    def made_of_cues(self) -> tuple[Floor, ...]:
        """Those that need no video."""
        return tuple(floor for floor in self.made if floor in FLOORS_OF_CUES)

    @property
    def other_backend(self) -> ExtractConfig:
        """Reads the reference for the floor `other-backend`."""
        other = "face-landmarker" if self.cues.landmarks == "facemesh" else "facemesh"
        return self.cues.model_copy(update={"landmarks": other, "gaze": "iris"})

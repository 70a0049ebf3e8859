"""The configuration of an extraction, frozen and hashable, so that it can key caches; and how any other is read."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError, ValidationInfo, field_validator, model_validator

from facecues import plugins
from facecues.errors import UsageError

Settings = TypeVar("Settings", bound=BaseModel)


class Limits(BaseModel):
    """What one clip may cost. Checked against the container before memory is spent, then while decoding."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    max_pixels: int = Field(default=3840 * 2160, gt=0, description="width x height of a frame")
    max_frames: int = Field(default=200_000, gt=0, description="frames")
    max_seconds: float = Field(default=3600.0, gt=0, description="seconds of video")
    clip_timeout_s: float = Field(default=1800.0, gt=0, description="wall time, seconds")


class ExtractConfig(BaseModel):
    """Everything that `facecues extract` can be told about the cues themselves."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    landmarks: str = Field(default="facemesh", description="a name of facecues.plugins.BUILT_IN, or a plugin's")
    gaze: str = Field(default="iris", description="likewise")
    l2cs_bins: Literal[28, 90] = 90
    detect_every: int = Field(default=5, gt=0, description="face-alignment: frames between two detections")
    batch: int = Field(default=1, gt=0, description="face-alignment, l2cs: frames per forward pass")
    compile: bool = Field(default=False, description="face-alignment: torch.compile")
    device: str = "cpu"
    limits: Limits = Limits()

    @field_validator("landmarks", "gaze")
    @classmethod
    def _there_is_one(cls, name: str, info: ValidationInfo) -> str:
        group: plugins.Group = "landmarks" if info.field_name == "landmarks" else "gaze"
        if plugins.unknown(group, [name]):
            raise ValueError(f"expected {plugins.choices(group, [name])}")
        return name

    @model_validator(mode="after")
    def _gaze_can_see(self) -> "ExtractConfig":
        if self.landmarks == "face-alignment" and self.gaze == "iris":
            raise ValueError("gaze 'iris' needs irises, which 'face-alignment' does not give: use gaze 'l2cs'")
        return self


def overlaid(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    """Values of a configuration with others over them; sections that both have are joined, however deep."""
    merged = dict(below)
    for name, value in above.items():
        nested = isinstance(value, Mapping) and isinstance(merged.get(name, {}), Mapping)
        merged[name] = overlaid(merged.get(name, {}), value) if nested else value
    return merged


def validated(kind: type[Settings], values: dict[str, Any]) -> Settings:
    """A configuration, or the first thing that is wrong with it as one sentence."""
    try:
        return kind(**values)
    except ValidationError as error:
        first = error.errors()[0]
        name = ".".join(str(part) for part in first["loc"])
        what = f"{name}: " if name else ""
        raise UsageError(f"{what}{first['msg'].removeprefix('Value error, ')} (got {first['input']!r})") from error


def read_json(path: Path, kind: type[Settings], what: str) -> Settings | None:
    """What a training wrote about itself; None where there is none.

    Raises:
        UsageError: the file does not read as one of `what`.
    """
    if not path.is_file():
        return None
    try:
        return kind.model_validate_json(path.read_bytes())
    except (OSError, ValidationError) as error:
        raise UsageError(f"{path} is no {what} of this version: {' '.join(str(error).split())[:200]}") from error

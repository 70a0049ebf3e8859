"""What can be chosen about a generation."""

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

from facecues.config import ExtractConfig
from facecues.errors import UsageError
from facecues.labels import parse_emotion, parse_level

ReferenceName = Literal["neutral", "first"]


class GenerateConfig(BaseModel):
    """Which clips are generated, and how."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    split: str | None = Field(default=None, description="its test part; none: all clips")
    actors: tuple[str, ...] | None = Field(default=None, description="of those, only these")
    only: str | None = Field(default=None, description="of those, only clip ids that match, e.g. '*/001'")
    data: Path | None = Field(default=None, description="the dataset; none: the store's parent folder")
    emotion: str | None = Field(default=None, description="to be shown in place of each clip's own")
    level: int | None = Field(default=None, description="to be shown in place of each clip's own")
    swap_audio: int | None = Field(default=None, ge=0, description="seed; each clip gets another clip's sound")
    reference: ReferenceName = Field(
        default="neutral", description="a neutral frame of another clip, or the clip's own first one"
    )
    renderer: str | None = Field(
        default=None, description="`warp`, a plugin, or the folder of a run of `train keypoints`"
    )
    size: Literal[256, 512] = Field(default=256, description="side of rendered frames, pixels")
    paste_back: bool = Field(default=False, description="whether the face is put back into the whole picture")
    seed: int = Field(default=0, ge=0)
    device: str = "cpu"

    @field_validator("emotion")
    @classmethod
    def _known_emotion(cls, name: str | None) -> str | None:
        try:
            return None if name is None else parse_emotion(name)
        except UsageError as error:
            raise ValueError(str(error)) from error

    @field_validator("level")
    @classmethod
    def _known_level(cls, level: int | None) -> int | None:
        try:
            return None if level is None else parse_level(str(level))
        except UsageError as error:
            raise ValueError(str(error)) from error


class Order(ExtractConfig):
    """A generation in the form in which workers get it, and the store of its cues records it. Paths are absolute.

    What lies at the paths is named too: a worker keeps what it has loaded for as long as the order is the same.
    """

    generator: str
    generator_content: str = Field(description="of the run's folder: names, sizes and times of its files")
    store: Path
    store_content: str = Field(description="of all its clips, any of which may be a reference")
    renderer_content: str = Field(default="", description="as generator_content")
    root: Path
    settings: GenerateConfig

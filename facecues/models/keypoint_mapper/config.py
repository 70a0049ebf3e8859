"""What can be chosen about the keypoint mapper. The paper it follows tells little of it, so every choice is a field."""

from collections.abc import Mapping
from typing import Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from facecues.config import overlaid, validated
from facecues.errors import UsageError


class NetworkConfig(BaseModel):
    """The network."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    hidden: int = Field(default=256, gt=0, description="width of its layers")
    blocks: int = Field(default=3, ge=0, description="residual blocks")
    dropout: float = Field(default=0.1, ge=0, lt=1)
    window: int = Field(
        default=0,
        ge=0,
        description="frames seen to either side of each frame; then train.frames should be those of the longest clip, "
        "since fewer are spread over it",
    )
    irises: bool = Field(default=True, description="whether it is told where the pupils are")
    pose: bool = Field(
        default=True,
        description="whether it is told points where they are in the picture, besides those in the head's frame",
    )
    source: bool = Field(default=True, description="whether it is told the source's landmarks and keypoints")
    forget: float = Field(
        default=0.5,
        ge=0,
        le=1,
        description="share of pieces of training that withhold them, so that it leans less on faces that it has seen",
    )
    output: Literal["direct", "factored"] = Field(
        default="factored",
        description="direct: what is added to the source keypoints; factored: what is added to them after they were "
        "turned, grown and shifted as the landmarks' pose was",
    )

    @model_validator(mode="after")
    def _factors_are_known(self) -> "NetworkConfig":
        if self.output == "factored" and not (self.pose and self.source):
            raise ValueError("output 'factored' needs the pose and the source: use output 'direct'")
        return self


class LossWeights(BaseModel):
    """Weights of the terms of the loss."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    keypoints: float = Field(default=10.0, gt=0, description="L1 of the keypoints")
    velocity: float = Field(
        default=1.0, ge=0, description="L1 of the keypoints' differences between neighbouring frames"
    )
    # The detector may see the lips of people it never saw poorly; pictures show what its keypoints lack.
    image: float = Field(default=20.0, ge=0, description="L1 of the picture that the frozen generator makes of them")
    perceptual: float = Field(default=1.0, ge=0, description="its distance in a network's features")
    network: Literal["alexnet", "vgg16"] = Field(default="alexnet", description="that its features are of")
    scales: int = Field(default=1, gt=0, description="sizes of pictures that features are taken of")

    @property
    def sees(self) -> bool:
        """Whether any term looks at pictures."""
        return self.image > 0 or self.perceptual > 0


class TrainConfig(BaseModel):
    """The training."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    frames: int = Field(default=64, ge=2, description="of a clip that are learnt from, at most")
    epochs: int = Field(default=10, gt=0)
    steps: int = Field(default=100, gt=0, description="batches of an epoch")
    batch: int = Field(default=32, gt=0, description="pieces of clips")
    piece: int = Field(default=8, ge=2, description="neighbouring frames of a clip, driven from one frame of it")
    pictures: int = Field(default=8, gt=0, description="frames of a batch that are looked at, where pictures are")
    learning_rate: float = Field(default=1e-3, gt=0)
    gradient_norm: float = Field(default=1.0, gt=0)
    held_out: float = Field(default=0.1, gt=0, lt=1, description="share of actors to stop early on")
    patience: int = Field(default=4, gt=0, description="epochs without a better validation before it stops")
    seed: int = Field(default=0, ge=0)


class MapperConfig(BaseModel):
    """All of it, as --config holds it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    network: NetworkConfig = NetworkConfig()
    loss: LossWeights = LossWeights()
    train: TrainConfig = TrainConfig()


# What each variant changes in the full model. What is not told the pose, or the source, cannot be factored. And
# `landmarks-only` is told the driving frame's 68 points and nothing else: neither pupils, nor who is moved; so it says
# keypoints outright, from where they are on average.
VARIANTS: Final[Mapping[str, Mapping[str, Mapping[str, Any]]]] = {
    "full": {},
    "direct": {"network": {"output": "direct"}},
    "no-irises": {"network": {"irises": False}},
    "no-pose": {"network": {"pose": False, "output": "direct"}},
    "landmarks-only": {"network": {"irises": False, "source": False, "output": "direct"}},
}


def mapper_config(variant: str = "full", values: Mapping[str, Mapping[str, Any]] | None = None) -> MapperConfig:
    """Values of --config, but for what the variant changes: one file serves all variants and undoes none.

    Raises:
        UsageError: no such variant, or values that do not fit.
    """
    if variant not in VARIANTS:
        raise UsageError(f"There is no variant {variant!r}; use one of {', '.join(VARIANTS)}.")
    return validated(MapperConfig, overlaid(values or {}, VARIANTS[variant]))

"""What can be chosen about the training of a face-vid2vid generator, and what is written of it into its folder."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from facecues.config import overlaid, read_json, validated
from facecues.models.facevid2vid.config import FaceVid2VidConfig, facevid2vid_config

TRAINING: Final = "training.json"
BETAS: Final = (0.5, 0.999)  # of Adam, as published


class LossWeights(BaseModel):
    """Weights of the terms of the loss (facecues.models.facevid2vid.losses); the defaults are the published ones. Of
    those of weight 0, the ones that cost time are not computed."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    picture: float = Field(default=0.0, ge=0, description="mean absolute difference of pixels; not published")
    mouth: float = Field(default=0.0, ge=0, description="the same about the mouth; not published")
    perceptual: float = Field(default=10.0, ge=0, description="of each layer and size")
    network: Literal["vgg16", "alexnet"] = Field(
        default="vgg16", description="that perceptual features are of; published is VGG19, whose weights PyPI lacks"
    )
    scales: int = Field(default=4, gt=0, description="sizes of pictures that perceptual features are taken of")
    adversarial: float = Field(default=1.0, ge=0, description="0, and matching 0: no discriminator")
    matching: float = Field(default=10.0, ge=0, description="of the discriminator's features")
    equivariance: float = Field(default=10.0, ge=0)
    prior: float = Field(default=10.0, ge=0, description="of keypoints: spread out, at a mean depth")
    guidance: float = Field(default=0.0, ge=0, description="of keypoints by landmarks; not published")
    pose: float = Field(default=20.0, ge=0, description="of each degree")
    expression: float = Field(default=5.0, ge=0)

    @property
    def judged(self) -> bool:
        """Whether a discriminator is trained."""
        return self.adversarial > 0 or self.matching > 0


class TrainConfig(BaseModel):
    """The training."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    per_clip: int = Field(default=32, gt=1, description="pictures of a clip")
    epochs: int = Field(default=100, gt=0)
    guided: float = Field(
        default=0.0,
        ge=0,
        lt=1,
        description="share of the epochs, the first ones, that learn keypoints alone, from landmarks and head pose: a "
        "generator heeds keypoints that mean something from the start; not published",
    )
    steps: int = Field(default=1000, gt=0, description="batches of an epoch")
    batch: int = Field(default=8, gt=1, description="pairs of pictures")
    across: float = Field(default=0.25, ge=0, le=1, description="share of pairs of two clips of one actor and view")
    mirrored: bool = Field(default=True, description="whether half of the batches are")
    learning_rate: float = Field(default=2e-4, gt=0)
    gradient_norm: float = Field(default=10.0, gt=0)
    held_out: float = Field(default=0.1, gt=0, lt=1, description="share of actors to stop early on")
    validated: int = Field(default=64, gt=0, description="pairs of held-out pictures")
    patience: int = Field(default=10, gt=0, description="epochs without a better validation before it stops")
    bf16: bool = Field(default=False, description="mixed precision; for CUDA")
    checkpointing: bool = Field(default=False, description="compute twice what else would be kept in memory")
    seed: int = Field(default=0, ge=0)


class TrainingConfig(BaseModel):
    """All of it, as --config holds it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    network: FaceVid2VidConfig = FaceVid2VidConfig()
    loss: LossWeights = LossWeights()
    train: TrainConfig = TrainConfig()

    @model_validator(mode="after")
    def _terms_have_their_parts(self) -> "TrainingConfig":
        if self.train.guided and not self.loss.guidance:
            raise ValueError("train.guided needs a weight of loss.guidance")
        if (self.loss.pose or self.loss.expression) and not self.network.posed:
            raise ValueError("loss.pose and loss.expression have to be 0 where network.posed is not set")
        return self


# What is learnt otherwise than published. `tiny` has a quarter of an hour on a CPU.
_TRAININGS: Final[Mapping[str, Mapping[str, Mapping[str, Any]]]] = {
    "tiny": {
        "loss": {
            "picture": 10.0,
            "mouth": 10.0,
            "perceptual": 1.5,
            "network": "alexnet",
            "scales": 1,
            "adversarial": 0.0,
            "matching": 0.0,
            "equivariance": 0.0,
            "prior": 0.0,
            "guidance": 10.0,
            "pose": 0.0,
            "expression": 0.0,
        },
        "train": {
            "epochs": 36,
            "guided": 0.6,
            "steps": 100,
            "learning_rate": 2e-3,
            "gradient_norm": 1.0,
            "patience": 36,
        },
    }
}


def training_config(preset: str, values: Mapping[str, Mapping[str, Any]] | None = None) -> TrainingConfig:
    """How a preset of facecues.models.facevid2vid.config is trained, with values of --config over it.

    Raises:
        UsageError: no such preset, or values that do not fit.
    """
    values = values or {}
    network = facevid2vid_config(preset, values.get("network"))
    return validated(TrainingConfig, overlaid(_TRAININGS.get(preset, {}), values) | {"network": network})


class Description(BaseModel):
    """training.json.

    Attributes:
        data: digest of the pictures that were learnt from.
        parameters: of the generator, how many.
        init: digest of the weights that the training began with; None: drawn.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    config: TrainingConfig
    data: str
    parameters: int
    init: str | None = None


def read_training(run: Path) -> Description | None:
    """training.json; None where there is none.

    Raises:
        UsageError: it does not read.
    """
    return read_json(run / TRAINING, Description, "training")

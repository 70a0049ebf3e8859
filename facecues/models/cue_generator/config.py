"""What can be chosen about stage 1. The paper tells next to nothing of it, so every choice of ours is a field."""

from collections.abc import Mapping
from typing import Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field

from facecues.config import overlaid, validated
from facecues.errors import UsageError


class NetworkConfig(BaseModel):
    """The network. Sizes after reference/method.md would be twice as large; these suffice for what a few hours of video
    teach, and run faster than a voice speaks on any machine."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    front_end: Literal["mfcc", "mfcc-12", "logmel", "logmel-even"] = "mfcc"
    audio: int = Field(default=128, gt=0, description="size of a frame's encoded sound")
    emotion: int = Field(default=32, ge=0, description="size of the emotion's embedding; 0: the network is not told it")
    reference: int = Field(default=64, ge=0, description="size of the encoded reference; 0: it gets none")
    feedback: int = Field(default=64, ge=0, description="size of the encoded last frame; 0: nothing is fed back")
    feed_landmarks: bool = Field(
        default=False, description="whether landmarks are fed back too; they are not drawn, so nothing new is in them"
    )
    memory_s: float = Field(default=2.0, gt=0, description="seconds over which the mean of gaze and pose is fed back")
    hidden: int = Field(default=256, gt=0, description="of the decoder's state")
    layers: int = Field(default=1, gt=0, description="of the decoder")
    dropout: float = Field(default=0.1, ge=0, lt=1)
    decoders: Literal["shared", "separate"] = Field(
        default="shared", description="one state for all three cues, or one for each, which knows only its own cue"
    )
    gaze: Literal["classes", "regression"] = "classes"
    gaze_bins: Literal["mead", "mpii", "gaze360"] = "mead"
    pose: Literal["likelihood", "regression"] = "likelihood"

    @property
    def autoregressive(self) -> bool:
        """Whether a frame knows the one before it."""
        return self.feedback > 0


class LossWeights(BaseModel):
    """Weights of the terms of the loss (facecues.models.cue_generator.losses)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    landmarks: float = Field(default=1.0, ge=0)
    distance: Literal["absolute", "squared"] = Field(
        default="absolute",
        description="of landmarks. Absolute is sharper; squared learns from clips so few that sound tells little, "
        "where the best absolute guess is to stand still",
    )
    mouth: float = Field(default=3.0, gt=0, description="of the mouth's points, by the side of the others' 1")
    eyes: float = Field(default=3.0, gt=0, description="of the lids' points")
    velocity: float = Field(default=0.5, ge=0, description="of landmarks' differences in time")
    motion: float = Field(
        default=0.0,
        ge=0,
        description="of landmarks about their mean over a piece. From few clips it alone is learnt: the reference, "
        "which opens its mouth or not, outweighs all that sound tells",
    )
    # A cross-entropy's first gradients are large: much above this they drive the state into saturation, for good.
    gaze: float = Field(default=0.03, ge=0)
    gaze_expectation: float = Field(default=0.05, ge=0, description="alpha of L2CS-Net, with gaze in bin widths")
    start: float = Field(
        default=5.0, gt=0, description="of a clip's first instant, for gaze and pose, by the side of the others' 1"
    )
    pose: float = Field(default=0.1, ge=0)
    emotion: float = Field(default=0.1, ge=0, description="0: no collaborative classifier")


class TrainConfig(BaseModel):
    """The training."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    epochs: int = Field(default=10, gt=0, description="passes over the frames of training")
    batch: int = Field(default=16, gt=0, description="clips")
    chunk: int = Field(default=64, ge=8, description="frames of a clip that are learnt from at a time")
    learning_rate: float = Field(default=3e-3, gt=0)
    gradient_norm: float = Field(default=1.0, gt=0)
    forced_last: float = Field(
        default=0.75, ge=0, le=1, description="share of batches with teacher forcing from the middle of the training on"
    )
    held_out: float = Field(default=0.1, gt=0, lt=1, description="share of actors to stop early on")
    patience: int = Field(default=4, gt=0, description="epochs without a better validation before it stops")
    bf16: bool = Field(default=False, description="mixed precision; for CUDA")
    seed: int = Field(default=0, ge=0)


class InferenceConfig(BaseModel):
    """How cues are drawn."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    gaze: Literal["sample", "expectation"] = "sample"
    pose: Literal["sample", "expectation"] = "sample"
    temperature: float = Field(default=1.0, gt=0)
    home_s: float = Field(
        default=10.0,
        ge=0,
        description="seconds in which a head that strayed is drawn back to where its emotion has it, once a "
        "performance is longer than a chunk of training, which tells nothing of minutes; 0: never",
    )


class GeneratorConfig(BaseModel):
    """All of it, as --config holds it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    network: NetworkConfig = NetworkConfig()
    loss: LossWeights = LossWeights()
    train: TrainConfig = TrainConfig()
    inference: InferenceConfig = InferenceConfig()

    @property
    def needs_labels(self) -> bool:
        """Whether anything in the training is told the emotion."""
        return self.network.emotion > 0 or self.loss.emotion > 0


_OPEN_LOOP: Final = {"feedback": 0, "gaze": "regression", "pose": "regression"}
_EXPECTED: Final = {"gaze": "expectation", "pose": "expectation"}

# What each variant changes in the full model. `lstm` listens and knows the face, as MakeItTalk and Audio2Head do.
VARIANTS: Final[Mapping[str, Mapping[str, Mapping[str, Any]]]] = {
    "full": {},
    "no-classifier": {"loss": {"emotion": 0.0}},
    "gaze-regression": {"network": {"gaze": "regression"}},
    "separate-decoders": {"network": {"decoders": "separate"}},
    "no-autoregression": {"network": {"feedback": 0}, "inference": _EXPECTED},
    "no-reference": {"network": {"reference": 0}},
    "lstm": {"network": {**_OPEN_LOOP, "emotion": 0}, "loss": {"emotion": 0.0}, "inference": _EXPECTED},
}


def generator_config(variant: str = "full", values: Mapping[str, Mapping[str, Any]] | None = None) -> GeneratorConfig:
    """Values of --config, but for what the variant changes: one file serves all variants and undoes none.

    Raises:
        UsageError: no such variant, or values that do not fit.
    """
    if variant not in VARIANTS:
        raise UsageError(f"There is no variant {variant!r}; use one of {', '.join(VARIANTS)}.")
    return validated(GeneratorConfig, overlaid(values or {}, VARIANTS[variant]))

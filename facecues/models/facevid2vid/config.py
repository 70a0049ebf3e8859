"""Sizes of the networks. The defaults are those of config/vox-256.yaml of
zhanglonghao1992/One-Shot_Free-View_Neural_Talking_Head_Synthesis, whose checkpoints load."""

from collections.abc import Mapping
from typing import Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from facecues.config import overlaid, validated
from facecues.errors import UsageError


class KeypointConfig(BaseModel):
    """The detector of canonical keypoints."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    reduction: int = Field(default=4, gt=0, description="how many times smaller it sees the picture")
    width: int = Field(default=32, gt=0, description="channels of its finest volume")
    max_width: int = Field(default=1024, gt=0, description="channels that no level exceeds")
    blocks: int = Field(default=5, gt=0, description="halvings")
    depth: int = Field(default=16, gt=1, description="of its volume")
    temperature: float = Field(default=0.1, gt=0, description="of the softmax over the volume")


class HeadPoseConfig(BaseModel):
    """The estimator of head pose and expression: groups of bottlenecks, each of half the size of the one before."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    stem: int = Field(default=64, gt=0, description="channels of the first convolution")
    widths: tuple[int, ...] = Field(default=(256, 512, 1024, 2048), min_length=1, description="channels of the groups")
    blocks: tuple[int, ...] = Field(
        default=(3, 3, 5, 2), min_length=1, description="bottlenecks of the groups, beside the one that halves"
    )
    bins: int = Field(default=66, gt=1, description="of an angle, 3 degrees each from -99 degrees on")

    @model_validator(mode="after")
    def _groups_are_whole(self) -> "HeadPoseConfig":
        if len(self.widths) != len(self.blocks) or any(width % 4 for width in self.widths) or min(self.blocks) < 1:
            raise ValueError("he_estimator needs as many blocks as widths, each at least 1, and widths divisible by 4")
        return self


class MotionConfig(BaseModel):
    """The network that mixes the keypoints' motions into one."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    width: int = Field(default=32, gt=0, description="channels of its finest level")
    max_width: int = Field(default=1024, gt=0, description="channels that no level exceeds")
    blocks: int = Field(default=5, gt=0, description="halvings")
    compress: int = Field(default=4, gt=0, description="channels of the appearance that each motion is tried on")
    kernel: Literal[1, 3, 5, 7] = Field(default=7, description="of the convolutions to mask and occlusion")


class AppearanceConfig(BaseModel):
    """The generator of pictures."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    decoder: Literal["original", "spade"] = "original"
    width: int = Field(default=64, gt=0, description="channels at the picture's size")
    halvings: int = Field(default=2, gt=0, description="from the picture to the appearance volume")
    channels: int = Field(default=32, gt=0, description="of the volume")
    depth: int = Field(default=16, gt=1, description="of the volume")
    blocks: int = Field(default=6, gt=0, description="residual blocks, in the volume and again in the decoder")
    motion: MotionConfig = MotionConfig()
    detail: bool = Field(
        default=False,
        description="whether the picture itself is moved as well, and painted over where need be: learns in minutes "
        "what to show of a face, where the volume alone takes days. No public checkpoint has it",
    )

    @model_validator(mode="after")
    def _picture_folds(self) -> "AppearanceConfig":
        if self.detail and (3 << 2 * self.halvings) % self.depth:
            raise ValueError("detail needs a depth that divides 3 x 4^halvings")
        return self

    @property
    def painted(self) -> int:
        """Channels of what the decoder makes: colours, and with detail how much of the moved picture they cover."""
        return 4 if self.detail else 3

    @property
    def features(self) -> int:
        """Channels of the flat features at the volume's height and width."""
        return self.width << self.halvings


class DiscriminatorConfig(BaseModel):
    """The discriminator of training."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    width: int = Field(default=32, gt=0, description="half the channels of its first level")
    max_width: int = Field(default=512, gt=0, description="channels that no level exceeds")
    blocks: int = Field(default=4, gt=0)


class FaceVid2VidConfig(BaseModel):
    """All networks.

    Attributes:
        size: side of the pictures, pixels.
        keypoints: K.
        posed: whether keypoints are told from head pose and expression, as published. If not, the detector finds them
            where they are in a picture, as the first-order motion model does (Siarohin et al., arXiv 2003.00196): a
            small estimator that pools whole pictures does not learn in minutes where the lips of real people are.
        rotation: what the angles mean. "new": pitch about x, yaw about y, roll about z; "beta", the public beta
            checkpoint's: roll about x, pitch about y, yaw about z.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    size: int = Field(default=256, gt=0)
    keypoints: int = Field(default=15, gt=0)
    posed: bool = True
    rotation: Literal["new", "beta"] = "new"
    kp_detector: KeypointConfig = KeypointConfig()
    he_estimator: HeadPoseConfig = HeadPoseConfig()
    generator: AppearanceConfig = AppearanceConfig()
    discriminator: DiscriminatorConfig = DiscriminatorConfig()

    @model_validator(mode="after")
    def _size_halves(self) -> "FaceVid2VidConfig":
        detector, generator = self.kp_detector, self.generator
        for divisor in (detector.reduction << detector.blocks, 1 << (generator.halvings + generator.motion.blocks)):
            if self.size % divisor:
                raise ValueError(f"size must be a multiple of {divisor}, which these halvings divide it by")
        return self


# What each preset changes in the defaults. The beta's checkpoint was trained before SPADE, and sees the whole picture.
PRESETS: Final[Mapping[str, Mapping[str, Any]]] = {
    "vox-256": {},
    "vox-256-spade": {"generator": {"decoder": "spade"}},
    "vox-256-beta": {"rotation": "beta", "kp_detector": {"reduction": 1}},
    "tiny": {
        "size": 64,
        "keypoints": 10,
        "posed": False,
        "kp_detector": {"reduction": 2, "width": 8, "max_width": 32, "blocks": 2, "depth": 4},
        "generator": {
            "width": 8,
            "halvings": 1,
            "channels": 4,
            "depth": 3,
            "blocks": 1,
            "motion": {"width": 8, "max_width": 32, "blocks": 3, "compress": 1, "kernel": 3},
            "detail": True,
        },
        "discriminator": {"width": 8, "max_width": 64, "blocks": 3},
    },
}


def facevid2vid_config(preset: str = "vox-256", values: Mapping[str, Any] | None = None) -> FaceVid2VidConfig:
    """A preset, with values of --config over it.

    Raises:
        UsageError: no such preset, or values that do not fit.
    """
    if preset not in PRESETS:
        raise UsageError(f"There is no face-vid2vid {preset!r}; use one of {', '.join(PRESETS)}.")
    return validated(FaceVid2VidConfig, overlaid(PRESETS[preset], values or {}))

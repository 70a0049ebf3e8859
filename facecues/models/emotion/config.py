"""What emotion classifiers are made of and trained with. Needs no PyTorch."""

from typing import Annotated, Final, Literal, Self, get_args

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

# In the folder of a trained classifier, of cues or of faces.
DESCRIPTION: Final = "emotion.json"
WEIGHTS: Final = "emotion.safetensors"

Stream = Literal["landmarks", "gaze", "pose"]
STREAMS: Final[tuple[Stream, ...]] = get_args(Stream)

Share = Annotated[float, Field(ge=0, lt=1)]


class CueClassifierConfig(BaseModel):
    """Which network it is and what it may look at.

    Attributes:
        architecture: "gru": bidirectional GRU, mean over frames; "conv": dilated convolutions, mean and deviation over
            frames.
        streams: the cues that it sees; the others do not exist for it.
        hidden: units of the GRU in each direction, or channels of the convolutions.
        drop_stream: how often each stream of a clip is left out in training. One always stays.
        dropout: of the pooled clip, in training.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    architecture: Literal["gru", "conv"] = "gru"
    streams: tuple[Stream, ...] = STREAMS
    hidden: int = Field(default=128, ge=1, le=4096)
    drop_stream: Share = 0.3
    dropout: Share = 0.2

    @field_validator("streams")
    @classmethod
    def _each_once(cls, streams: tuple[Stream, ...]) -> tuple[Stream, ...]:
        if not streams or len(set(streams)) < len(streams):
            raise ValueError(f"expected one or more of {', '.join(STREAMS)}, each once")
        return tuple(stream for stream in STREAMS if stream in streams)


class Fitting(BaseModel):
    """How weights are found: AdamW, whose rate rises and falls once (Smith and Topin 2017, arXiv 1708.07120).

    Attributes:
        epochs: at most; the best one by cross-entropy on held-out actors is kept.
        least_steps: of an epoch, which is once through the clips, and more often where these are few.
        batch: clips or pictures in a step.
        learning_rate: the highest.
        weight_decay: AdamW's.
        patience: epochs without a better one after which training ends.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    epochs: int = Field(default=30, ge=1)
    least_steps: int = Field(default=20, ge=1)
    batch: int = Field(default=64, ge=2)
    learning_rate: float = Field(default=2e-3, gt=0)
    weight_decay: float = Field(default=0.05, ge=0)
    patience: int = Field(default=12, ge=1)


class CueTraining(Fitting):
    """The cue classifier's.

    Attributes:
        network: what is trained.
        crop: fewest and most frames of a clip that are seen in a step, 25 per second.
        mirror: half of the clips are shown mirrored.
    """

    network: CueClassifierConfig = CueClassifierConfig()
    crop: tuple[int, int] = (48, 80)
    mirror: bool = True

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if not 2 <= self.crop[0] <= self.crop[1]:
            raise ValueError("crop should be the fewest and the most frames, at least 2")
        return self


class FaceTraining(Fitting):
    """The face-crop classifier's.

    Attributes:
        frames: crops of each clip, spread evenly over the frames with a face.
    """

    epochs: int = Field(default=16, ge=1)  # a step takes six times as long as the cue classifier's
    frames: int = Field(default=4, ge=1)


class TrainEmotionConfig(BaseModel):
    """Everything that `facecues train emotion` can be told.

    Attributes:
        cues, faces: of the two classifiers; faces may be None, and then only cues are learnt from.
        held_out: share of actors that neither learns from: they decide when to stop and how good it is.
        split: name of a split, of which only the train part is used; None: all clips.
        seed: of weights, crops, and the choice of actors.
        device: PyTorch's.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    cues: CueTraining = CueTraining()
    faces: FaceTraining | None = FaceTraining()
    held_out: float = Field(default=0.2, gt=0, lt=1)
    split: str | None = None
    seed: int = Field(default=0, ge=0)
    device: str = "cpu"

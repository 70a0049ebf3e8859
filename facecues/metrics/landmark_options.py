"""How a landmark distance is measured: one frozen model, and the published protocols as values of it."""

from collections.abc import Mapping
from typing import Any, Final, Literal, Self

from pydantic import BaseModel, ConfigDict, model_validator

from facecues.metrics.missing import Missing
from facecues.metrics.signature import make_signature
from facecues.preprocess.template import TEMPLATE_HASH
from facecues.resample import FPS

Align = Literal["none", "center", "similarity", "template"]
Points = Literal["mouth", "face"]

INDEX: Final[Mapping[Points, range]] = {"mouth": range(48, 68), "face": range(68)}


class LandmarkOptions(BaseModel):
    """Everything that changes a landmark distance. The defaults are the protocol `facecues`.

    Attributes:
        dims: axes that count. Points of three axes are aligned in space first; then 2 drops depth.
        crop: `eat128` moves each frame into the 128 x 128 crop of ATVGnet and EAT before anything else.
        rounded: coordinates to whole pixels, as dlib gives them.
        align: `template`: head pose taken out on both sides; `similarity`: each generated frame fitted to the real one
            on points that neither speech nor expression moves; `center`: each side minus the mean of the points
            compared; `none`.
        velocity_align: of velocities; None for the same as `align`.
        unit: `iod`: the real clip's mean distance of the outer eye corners; `px`: pixels of the frame or the crop.
        over_points: mean or sum.
        lengths: `common`: frame by frame; what the generated video is short of is missing, and what it has more is
            cut. `linspace`: both sides are thinned out evenly to the shorter one's length, a silent change of tempo.
        gaps: a velocity needs two neighbouring frames (`break`), or the last two with faces on both sides (`skip`).
        velocity_per: divide the sum of velocities by the number of `pair`s, or by that of `frame`s, one too many.
        face_velocity: `mouth` adds up the mouth's velocities for F-LVD too, and still divides by 68 points.
        missing: see facecues.metrics.missing.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    dims: Literal[2, 3] = 3
    crop: Literal["none", "eat128"] = "none"
    rounded: bool = False
    align: Align = "template"
    velocity_align: Align | None = None
    unit: Literal["iod", "px"] = "iod"
    over_points: Literal["mean", "sum"] = "mean"
    lengths: Literal["common", "linspace"] = "common"
    gaps: Literal["break", "skip"] = "break"
    velocity_per: Literal["pair", "frame"] = "pair"
    face_velocity: Literal["face", "mouth"] = "face"
    missing: Missing = "penalize"

    @model_validator(mode="after")
    def _goes_together(self) -> Self:
        aligns = {self.align, self.align_of_velocity}
        if self.crop != "none" and (self.dims == 3 or aligns & {"template", "similarity"} or self.unit != "px"):
            raise ValueError("a crop is flat and in pixels: expected dims=2, unit='px' and align 'none' or 'center'")
        if "template" in aligns and self.unit == "px":
            raise ValueError("the template has no pixels: expected unit='iod' with align='template'")
        if self.missing == "penalize" and (self.gaps == "skip" or self.lengths == "linspace"):
            raise ValueError("a penalty needs true times: expected missing='exclude' with gaps='skip' or 'linspace'")
        return self

    @property
    def align_of_velocity(self) -> Align:
        return self.velocity_align or self.align

    @property
    def unit_name(self) -> str:
        return "px@128" if self.crop == "eat128" else self.unit

    def signature(self, metric: str) -> str:
        """The signature of M-LD, F-LD, M-LVD or F-LVD under these options; what is as usual is not mentioned."""
        points = INDEX["mouth" if metric.upper().startswith("M") else "face"]
        velocity = metric.upper().endswith("LVD")
        align = self.align_of_velocity if velocity else self.align
        parts: dict[str, Any] = {
            "pts": f"{points[0]}-{points[-1]}",
            "dim": f"{self.dims}d",
            "crop": None if self.crop == "none" else self.crop,
            "round": "int" if self.rounded else None,
            "align": f"template@{TEMPLATE_HASH}" if align == "template" else align,
            "unit": self.unit_name,
            "sum": "points" if self.over_points == "sum" else None,
            "len": None if self.lengths == "common" else self.lengths,
        }
        if velocity:
            parts |= {
                "gaps": None if self.gaps == "break" else self.gaps,
                "per": None if self.velocity_per == "pair" else self.velocity_per,
                "slip": "mouth" if self.face_velocity == "mouth" and points == INDEX["face"] else None,
            }
        return make_signature(metric, parts | {"fps": FPS, "miss": self.missing})


FACECUES: Final = LandmarkOptions()

# code/test_lmd.py in yuangan/evaluation_eat, without its option to cut the reference at 96 frames. Failed clips drop
# out of its means. A clip with one valid frame has velocity 0 there and none here.
EAT: Final = LandmarkOptions(
    dims=2,
    crop="eat128",
    unit="px",  # of that crop, which is recorded nowhere there
    rounded=True,
    align="center",  # mouth and face each by their own mean
    velocity_align="none",
    face_velocity="mouth",  # a slip: F-LVD is M-LVD * 20 / 68
    velocity_per="frame",  # T instead of T - 1
    gaps="skip",  # velocities are taken across frames without a face
    lengths="linspace",  # unequal lengths are a silent change of tempo
    missing="exclude",
)

# evaluation_matrix.py in lelechen63/ATVGnet, which knows the mouth's distance (M-LD) only.
ATVGNET: Final = LandmarkOptions(
    dims=2, crop="eat128", rounded=True, align="center", unit="px", over_points="sum", missing="exclude"
)

LANDMARK_PROTOCOLS: Final[Mapping[str, LandmarkOptions]] = {"facecues": FACECUES, "eat": EAT, "atvgnet": ATVGNET}

"""Everything that a table's numbers depend on, as data: a published protocol is a value, not a fork of code."""

from typing import Final, Literal, Self

from pydantic import BaseModel, ConfigDict, model_validator

from facecues.config import validated
from facecues.errors import UsageError
from facecues.metrics import landmark_options
from facecues.metrics.landmark_options import LandmarkOptions
from facecues.metrics.missing import Missing
from facecues.metrics.psnr import ATVGNET as ATVGNET_PSNR
from facecues.metrics.psnr import PsnrOptions
from facecues.metrics.ssim import SsimOptions
from facecues.preprocess.pictures import EAT_SIZE, PictureOptions

PictureMean = Literal["clip", "frame"]
Distance = Literal["M-LD", "F-LD", "M-LVD", "F-LVD"]


class Protocol(BaseModel):
    """How methods are compared.

    Attributes:
        name: for run.json.
        pictures: what SSIM, PSNR, LPIPS and all networks see of a frame.
        distances: landmark distances that it defines.
        landmarks, ssim, psnr: options of these metrics.
        missing: what becomes of frames and clips that a method does not show, in every metric of a pair of videos:
            `penalize`: they count as the reference's first frame held still; `exclude`: they are left out.
        over: means over clips, each as much as the others, or over the frames of all clips.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = "facecues"
    pictures: PictureOptions = PictureOptions()
    distances: tuple[Distance, ...] = ("M-LD", "F-LD", "M-LVD", "F-LVD")
    landmarks: LandmarkOptions = LandmarkOptions()
    ssim: SsimOptions = SsimOptions()
    psnr: PsnrOptions = PsnrOptions()
    missing: Missing = "penalize"
    over: PictureMean = "clip"

    @model_validator(mode="after")
    def _agree(self) -> Self:
        if self.landmarks.missing != self.missing:
            raise ValueError(f"landmarks.missing is {self.landmarks.missing!r}, of all others {self.missing!r}")
        return self

    def with_missing(self, missing: Missing) -> "Protocol":
        """The same, with another word on what is missing.

        Raises:
            UsageError: a published protocol that knows no penalty.
        """
        try:
            landmarks = LandmarkOptions(**(self.landmarks.model_dump() | {"missing": missing}))
        except ValueError as error:
            raise UsageError(f"Protocol {self.name!r} excludes what is missing: leave --missing out.") from error
        return self.model_copy(update={"landmarks": landmarks, "missing": missing})

    def with_pictures(self, crop: str | None, size: int | None) -> "Protocol":
        """The same with other pictures; None leaves as it is.

        Raises:
            UsageError: no such crop or size.
        """
        changed = {key: value for key, value in (("crop", crop), ("size", size)) if value is not None}
        pictures = validated(PictureOptions, self.pictures.model_dump() | changed)
        return self.model_copy(update={"pictures": pictures})


FACECUES: Final = Protocol()

# yuangan/evaluation_eat: code/test_lmd.py, code/test_psnr_ssim.py. docs/protocols.md lists the deviations.
EAT: Final = Protocol(
    name="eat",
    pictures=PictureOptions(crop="eat", size=EAT_SIZE),
    landmarks=landmark_options.EAT,
    ssim=SsimOptions(window="uniform"),
    missing="exclude",
    over="frame",
)

# lelechen63/ATVGnet, code/evaluation_matrix.py: pictures of 256 x 256, by area; means over all frames.
ATVGNET: Final = Protocol(
    name="atvgnet",
    distances=("M-LD",),
    landmarks=landmark_options.ATVGNET,
    ssim=SsimOptions(window="uniform"),
    psnr=ATVGNET_PSNR,
    missing="exclude",
    over="frame",
)

PROTOCOLS: Final = {one.name: one for one in (FACECUES, EAT, ATVGNET)}


def protocol_named(name: str) -> Protocol:
    """A protocol by its name.

    Raises:
        UsageError: there is none of this name.
    """
    if name not in PROTOCOLS:
        raise UsageError(f"No protocol is called {name!r}: expected one of {', '.join(PROTOCOLS)}.")
    return PROTOCOLS[name]

"""A run of `facecues train keypoints` on disk. Tensors are safetensors, the rest is JSON; nothing is pickled.

RUN/mapper.json           what the mapper is, and which generator it moves
RUN/mapper.safetensors    the best epoch's weights
RUN/last.*, log.jsonl     as facecues.models.cue_generator.checkpoint has them
"""

import os
from pathlib import Path
from typing import Final, Literal, NamedTuple

from pydantic import BaseModel, ConfigDict

from facecues.config import read_json
from facecues.errors import UsageError, WeightsMissingError
from facecues.models.facevid2vid.checkpoint import WEIGHTS as GENERATOR_WEIGHTS
from facecues.models.facevid2vid.checkpoint import load_facevid2vid
from facecues.models.facevid2vid.model import FaceVid2Vid
from facecues.models.keypoint_mapper.config import MapperConfig
from facecues.models.keypoint_mapper.network import KeypointMapper
from facecues.models.training.files import digest_of
from facecues.preprocess.networks import load_weights, require_device

MAPPER: Final = "mapper.json"
WEIGHTS: Final = "mapper.safetensors"


class Description(BaseModel):
    """mapper.json.

    Attributes:
        generator: path of the run or the checkpoint, from this folder.
        generator_digest: of its weights.
        data: digest of the pictures that it learnt from.
        parameters: how many.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["keypoint_mapper"] = "keypoint_mapper"
    config: MapperConfig
    keypoints: int
    generator: str
    generator_digest: str
    data: str
    parameters: int


class OpenedMapper(NamedTuple):
    """A mapper and its generator, both in evaluation mode and on one device; `signature` names the weights of both."""

    network: KeypointMapper
    generator: FaceVid2Vid
    signature: str


def read_description(run: Path) -> Description | None:
    """mapper.json; None where there is none.

    Raises:
        UsageError: it does not read.
    """
    return read_json(run / MAPPER, Description, "mapper")


def path_from(run: Path, generator: Path) -> str:
    """How a run names its generator: both may move together."""
    return Path(os.path.relpath(generator.resolve(), run.resolve())).as_posix()


def generator_digest(generator: Path) -> str:
    """Of a generator's weights, whether it is a run's folder or a file.

    Raises:
        WeightsMissingError: it is not there.
    """
    path = generator / GENERATOR_WEIGHTS if generator.is_dir() else generator
    if not path.is_file():
        raise WeightsMissingError(
            f"There is no generator {generator}: name a run of `facecues train generator`, or a checkpoint."
        )
    return digest_of(path)


def open_mapper(run: Path, device: str = "cpu") -> OpenedMapper:
    """Opens a run with the generator that it was trained for.

    Raises:
        UsageError: the folder holds no mapper, or no such device.
        WeightsMissingError: its weights are damaged; or the generator is gone, or another.
        BackendUnavailableError: the device is not of this machine.
    """
    described = read_description(run)
    if described is None or not (run / WEIGHTS).is_file():
        raise UsageError(f"{run} holds no trained keypoint mapper: name a run of `facecues train keypoints`.")
    generator = (run.resolve() / described.generator).resolve()
    if not generator.exists():
        raise WeightsMissingError(
            f"The generator of {run}, {generator}, is gone: put it back, or train the mapper for another."
        )
    found = generator_digest(generator)
    if found != described.generator_digest:
        raise WeightsMissingError(
            f"{run} was trained for a generator with the weights {described.generator_digest}, and {generator} has "
            f"{found}: put that generator back, or train the mapper for this one."
        )
    where = require_device(device)
    network = KeypointMapper(described.config.network, described.keypoints)
    load_weights(network, run / WEIGHTS, f"the keypoint mapper {run}")
    signature = f"mapper[w:{digest_of(run / WEIGHTS)}]|generator[w:{found}]"
    return OpenedMapper(network.to(where).eval(), load_facevid2vid(generator, device).eval(), signature)

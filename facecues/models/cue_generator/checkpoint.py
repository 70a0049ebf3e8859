"""A run of `facecues train cues` on disk.

RUN/generator.json        kind, configuration, front end: what the generator is
RUN/network.safetensors   the best epoch's weights
RUN/last.*, log.jsonl     see facecues.models.training.files
"""

from pathlib import Path
from typing import Final

from pydantic import BaseModel, ConfigDict

from facecues.config import read_json
from facecues.models.cue_generator.config import GeneratorConfig
from facecues.models.cue_generator.contracts import GENERATOR

NETWORK: Final = "network.safetensors"


class Description(BaseModel):
    """generator.json.

    Attributes:
        front_end: signature of what the network hears.
        data: digest of the clips that it learnt from.
        parameters: how many.
        init: digest of the weights that the training began with; None: drawn.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: str = "network"
    config: GeneratorConfig
    front_end: str
    data: str
    parameters: int
    init: str | None = None


def read_description(run: Path) -> Description | None:
    """generator.json; None where there is none.

    Raises:
        UsageError: it does not read.
    """
    return read_json(run / GENERATOR, Description, "generator")

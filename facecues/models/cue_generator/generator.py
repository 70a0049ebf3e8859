"""A trained network as a generator of cues."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from facecues.errors import BackendUnavailableError, UsageError, WeightsMissingError
from facecues.labels import EMOTIONS
from facecues.models.cue_generator.baselines import check_request
from facecues.models.cue_generator.config import GeneratorConfig
from facecues.models.cue_generator.contracts import CHUNK, Request
from facecues.models.front_ends import FrontEnd, front_end
from facecues.models.front_ends.contracts import stream
from facecues.resample import FPS
from facecues.sequences import Cues

try:
    import torch

    from facecues.models.cue_generator.checkpoint import NETWORK, read_description
    from facecues.models.cue_generator.network import CueNetwork, Draw, Inputs
    from facecues.models.cue_generator.units import to_cues
    from facecues.models.training.files import digest_of
    from facecues.preprocess.networks import load_weights, require_device
except (ImportError, OSError) as error:
    raise BackendUnavailableError(
        f"A trained generator needs PyTorch, which does not import here ({error}): pip install 'facecues[torch]'"
    ) from error


class NetworkGenerator:
    """See CueGenerator. Free running: what is made at an instant depends on what was drawn before it."""

    name = "network"

    def __init__(
        self, network: CueNetwork, heard: FrontEnd, config: GeneratorConfig, digest: str, device: str = "cpu"
    ) -> None:
        """`heard` and `config`: what the network was trained on, and how. `digest` names the weights in the signature.

        Raises:
            UsageError, BackendUnavailableError: `device` is no device, or not one of this machine.
        """
        self._device = require_device(device)
        self._network = network.eval().to(self._device)
        self._front_end, self._config = heard, config
        inference = config.inference
        chosen = (
            f"gaze:{inference.gaze},pose:{inference.pose},t:{inference.temperature:g},"
            f"home:{inference.home_s:g}s@{config.train.chunk}"
        )
        self.signature = f"network[w:{digest}]|{chosen}|{heard.signature}"

    def stream(self, request: Request) -> Iterator[Cues]:
        """See CueGenerator."""
        check_request(request)
        return self._stream(request)

    def _stream(self, request: Request) -> Iterator[Cues]:
        device = self._device
        draw = self._draw(torch.Generator(device).manual_seed(request.seed))
        emotion = torch.tensor([EMOTIONS.index(request.emotion)], device=device)
        level = torch.tensor([float(request.level)], device=device)
        face = torch.from_numpy(np.asarray(request.reference.normalized, np.float32))[None].to(device)
        state = None
        for windows in stream(self._front_end, request.sound, request.frames, CHUNK):
            heard = torch.from_numpy(windows)[None].to(device)
            with torch.inference_mode():
                heads, state = self._network.run(Inputs(heard, emotion, level, face), state, draw)
            frame = type(heads.frame)(*(one[0] for one in heads.frame))
            yield to_cues(self._network, frame, request.reference)

    def _draw(self, luck: torch.Generator) -> Draw:
        inference = self._config.inference
        return Draw(
            gaze=inference.gaze == "sample",
            pose=inference.pose == "sample",
            temperature=inference.temperature,
            generator=luck,
            pull=1 / (FPS * inference.home_s) if inference.home_s else 0.0,
            after=self._config.train.chunk,
        )


def load(run: Path, device: str = "cpu") -> NetworkGenerator:
    """The generator of a folder that `facecues train cues` wrote: its best epoch.

    Raises:
        UsageError: no such run, one without a finished epoch, or no such device.
        WeightsMissingError: the weights are damaged, or of another network.
        BackendUnavailableError: librosa is missing for the front end, or the device is not of this machine.
    """
    described = read_description(run)
    if described is None:
        raise UsageError(f"{run} holds no trained generator: train one with `facecues train cues STORE --out {run}`.")
    heard = front_end(described.config.network.front_end)
    if heard.signature != described.front_end:
        raise UsageError(f"{run} was trained on {described.front_end}, and here is {heard.signature}: train it anew.")
    network = CueNetwork(described.config.network, heard.steps, heard.size)
    if not (run / NETWORK).is_file():
        raise WeightsMissingError(f"{run} has no {NETWORK}, for no epoch of its training has ended: go on with it.")
    load_weights(network, run / NETWORK, f"the generator in {run}")
    return NetworkGenerator(network, heard, described.config, digest_of(run / NETWORK), device)

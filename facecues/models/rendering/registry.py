"""Renderers by name, or by the folder of a run that trained a keypoint mapper."""

from pathlib import Path

from facecues.errors import UsageError
from facecues.models.rendering.contracts import Renderer
from facecues.models.rendering.warp import WARP, WarpRenderer

_MAPPER = "mapper.json"
_ALLOWED = f"give `{WARP}`, or the folder of a run of `facecues train keypoints`, with {_MAPPER} in it"


def open_renderer(name_or_run: str, device: str = "cpu") -> Renderer:
    """A renderer.

    Args:
        name_or_run: `warp`, or a folder with a keypoint mapper, which knows its generator.
        device: what networks run on.

    Raises:
        UsageError: neither of them, or a folder that does not hold what it should.
        WeightsMissingError: the mapper's generator is gone, or another.
        BackendUnavailableError: a package that it needs is not installed, or there is no such device.
    """
    if name_or_run == WARP:
        return WarpRenderer()
    folder = Path(name_or_run)
    if not (folder / _MAPPER).is_file():
        raise UsageError(f"There is no renderer {name_or_run!r}: {_ALLOWED}.")
    from facecues.models.rendering.facevid2vid import open_facevid2vid

    return open_facevid2vid(folder, device)

"""Renderers by name, facecues's own or a plugin's, or by the folder of a run that trained a keypoint mapper."""

from pathlib import Path

from facecues import plugins
from facecues.errors import UsageError
from facecues.models.rendering.contracts import Renderer
from facecues.models.rendering.warp import WARP, WarpRenderer

_MAPPER = "mapper.json"


def is_renderer(name: str) -> bool:
    """Whether a renderer is called so: facecues's own, or a plugin's."""
    return not plugins.unknown("renderers", [name])


def open_renderer(name_or_run: str, device: str = "cpu") -> Renderer:
    """A renderer.

    Args:
        name_or_run: `warp`, a plugin of group `facecues.renderers`, which is called with the device, or a folder with a
            keypoint mapper, which knows its generator. A name comes before a folder that is called so.
        device: what networks run on.

    Raises:
        UsageError: none of them, or a folder that does not hold what it should.
        WeightsMissingError: the mapper's generator is gone, or another.
        BackendUnavailableError: a package that it needs is not installed, or there is no such device.
    """
    if name_or_run == WARP:
        return WarpRenderer()
    if is_renderer(name_or_run):
        made: Renderer = plugins.make("renderers", name_or_run, device)
        return made
    folder = Path(name_or_run)
    if not (folder / _MAPPER).is_file():
        raise UsageError(
            f"There is no renderer {name_or_run!r}: give {plugins.choices('renderers', [name_or_run])}, "
            f"or the folder of a run of `facecues train keypoints`, with {_MAPPER} in it"
            + (f"; {name_or_run} is a folder without one." if folder.is_dir() else ".")
        )
    from facecues.models.rendering.facevid2vid import open_facevid2vid

    return open_facevid2vid(folder, device)

"""What other distributions add by name: metrics, backends, renderers and layouts, announced as entry points.

    [project.entry-points."facecues.metrics"]
    mouth-width = "mouth_width:MouthWidth"

Entry points, since Dask's workers are other processes: they see what is installed, and not what was registered in
this one. Nothing of a plugin is imported before somebody asks for it by name, or for the list of all with
`facecues doctor`. docs/adding_a_metric.md and the pages beside it show each kind.
"""

from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal

from facecues.errors import BackendUnavailableError, FacecuesError, UsageError

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

Group = Literal["metrics", "landmarks", "gaze", "renderers", "layouts"]

# What facecues itself calls by name, which no plugin may take. Without a plugin asked for, nobody looks for any.
BUILT_IN: Final[Mapping[Group, tuple[str, ...]]] = {
    "metrics": ("ssim", "psnr", "lpips", "lpips-vgg", "fid", "fd-alexnet", "emotion", "identity", "lip-sync"),
    "landmarks": ("facemesh", "face-landmarker", "face-alignment"),
    "gaze": ("iris", "l2cs"),
    "renderers": ("warp",),
    "layouts": ("mead", "flat", "folder"),
}
ONE: Final[Mapping[Group, str]] = {
    "metrics": "metric",
    "landmarks": "landmark backend",
    "gaze": "gaze backend",
    "renderers": "renderer",
    "layouts": "layout",
}


@dataclass(frozen=True, slots=True)
class Plugin:
    """One entry point of a distribution that is installed.

    Attributes:
        group: what it is.
        name: by which it is asked for.
        point: what is imported then.
    """

    group: Group
    name: str
    point: "EntryPoint"

    @property
    def origin(self) -> str:
        """Its distribution and version, as pip writes them: "mouth-width==1.0"."""
        dist = self.point.dist
        return "an unknown distribution" if dist is None else f"{dist.name}=={dist.version}"

    def __str__(self) -> str:
        return f"{ONE[self.group]} {self.name!r} of {self.origin}"

    def load(self) -> Any:
        """Imports it.

        Raises:
            UsageError: its name is not its own.
            BackendUnavailableError: it cannot be imported; the sentence names the distribution, and what failed.
        """
        if self.name in BUILT_IN[self.group]:
            raise UsageError(f"The {self} has the name of facecues's own: give its entry point another name.")
        others = [other.origin for other in installed(self.group) if other.name == self.name]
        if len(others) > 1:
            raise UsageError(f"The {self} is one of several of this name ({', '.join(others)}): uninstall the others.")
        with _in_one_sentence(self):
            return self.point.load()


def installed(group: Group) -> list[Plugin]:
    """All of a kind, by name, those included that cannot be used."""
    from importlib.metadata import entry_points  # looks through all that is installed

    return sorted((Plugin(group, one.name, one) for one in entry_points(group=f"facecues.{group}")), key=_order)


def choices(group: Group) -> str:
    """What there is of a kind, for a sentence: facecues's own names, and plugins."""
    own = ", ".join(BUILT_IN[group])
    added = sorted({one.name for one in installed(group)} - {*BUILT_IN[group]})
    return f"{own}, or of plugins {', '.join(added)}" if added else own


def unknown(group: Group, names: Collection[str]) -> list[str]:
    """Names that are neither facecues's own nor a plugin's."""
    asked = set(names) - {*BUILT_IN[group]}
    return sorted(asked - {one.name for one in installed(group)}) if asked else []


def find(group: Group, name: str) -> Plugin:
    """A plugin by name, not imported yet.

    Raises:
        UsageError: there is none; the message lists what there is.
    """
    found = next((one for one in installed(group) if one.name == name), None)
    if found is None:
        raise UsageError(f"There is no {ONE[group]} {name!r}: expected {choices(group)}.")
    return found


def make(group: Group, name: str, *settings: object) -> Any:
    """Imports a plugin, calls it, and adds its distribution and version to the `signature` of what it makes.

    So what two versions made never shares a column or a store.

    Args:
        group, name: which one.
        settings: what it is called with; the contract of its kind says what that is.

    Raises:
        UsageError: there is none of this name, or its name is not its own.
        BackendUnavailableError: it does not import, cannot be made, or has no signature.
        FacecuesError: as raised by itself, such as WeightsMissingError.
    """
    plugin = find(group, name)
    factory = plugin.load()
    with _in_one_sentence(plugin):
        made = factory(*settings)
        if not isinstance(made.signature, str):
            raise TypeError(f"expected a text that names all that changes its results as signature: {made.signature!r}")
        made.signature = signed(made.signature, plugin)
    return made


def signed(signature: str, plugin: Plugin) -> str:
    """A signature with who made it at its end, once: "mouth-width|v:1@mouth-width==1.0"."""
    mark = f"@{plugin.origin}"
    return signature.removesuffix(mark) + mark  # a factory may give the same object twice


def origin_of(signature: str) -> str | None:
    """The distribution at the end of a plugin's signature, as `signed` puts it there; None where there is none."""
    return signature.rpartition("@")[2] if "@" in signature else None


def _order(plugin: Plugin) -> tuple[str, str]:
    return plugin.name, plugin.origin


@contextmanager
def _in_one_sentence(plugin: Plugin) -> Iterator[None]:
    """The isolation boundary: other people's code may raise anything, and whoever asked for it gets one sentence."""
    try:
        yield
    except FacecuesError:
        raise
    except Exception as error:
        what = " ".join(f"{type(error).__name__}: {error}".split())
        raise BackendUnavailableError(f"The {plugin} cannot be used: {what}") from error

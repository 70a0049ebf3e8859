"""What other distributions add by name: metrics, backends, renderers and layouts, announced as entry points.

    [project.entry-points."facecues.metrics"]
    mouth-width = "mouth_width:MouthWidth"

Entry points, since Dask's workers are other processes: they see what is installed, and not what was registered in
this one. Nothing of a plugin is imported before somebody asks for it by name, or for the list of all with
`facecues doctor`. docs/adding_a_metric.md and the pages beside it show each kind.
"""

import inspect
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from difflib import get_close_matches
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
CALLED_WITH: Final[Mapping[Group, tuple[str, ...]]] = {
    "metrics": ("protocol", "device"),
    "landmarks": ("config",),
    "gaze": ("config",),
    "renderers": ("device",),
    "layouts": ("folder", "stem"),
}
# Of what is made. facecues.metrics.instruments looks at metrics, of which there are two kinds; a layout is a function.
_METHODS: Final[Mapping[Group, tuple[str, ...]]] = {
    "landmarks": ("track",),
    "gaze": ("observe", "angles"),
    "renderers": ("prepare",),
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

    def load_for(self, *settings: object) -> Callable[..., Any]:
        """Imports it, and sees whether it can be called with so many settings; it is not called.

        Raises:
            UsageError: its name is not its own.
            BackendUnavailableError: it cannot be imported or called so, or is a class that lacks a method.
        """
        found: Callable[..., Any] = self.load()
        with _in_one_sentence(self):
            try:
                with suppress(ValueError):  # of what is not written in Python nothing is known
                    inspect.signature(found).bind(*settings)
            except TypeError as error:
                raise TypeError(f"{error}; it is called with ({', '.join(CALLED_WITH[self.group])})") from error
            if isinstance(found, type):
                self.require_methods(found)
        return found

    def require_methods(self, made: object) -> None:
        """Raises TypeError where what it makes lacks one that its contract names."""
        lacking = [name for name in _METHODS.get(self.group, ()) if not callable(getattr(made, name, None))]
        if lacking:
            raise TypeError(f"expected a method `{lacking[0]}`, and there is none")


def installed(group: Group) -> list[Plugin]:
    """All of a kind, by name, those included that cannot be used."""
    from importlib.metadata import entry_points  # looks through all that is installed

    return sorted((Plugin(group, one.name, one) for one in entry_points(group=f"facecues.{group}")), key=_order)


def choices(group: Group, asked: Collection[str] = ()) -> str:
    """What there is of a kind, for a sentence: facecues's own names, and plugins, and which of them may be meant."""
    own = ", ".join(BUILT_IN[group])
    added = sorted({one.name for one in installed(group)} - {*BUILT_IN[group]})
    known = {name.lower(): name for name in (*BUILT_IN[group], *added)}
    near = dict.fromkeys(known[each] for name in asked for each in get_close_matches(name.lower(), known, n=1))
    meant = f" (did you mean {' and '.join(near)}?)" if near else ""
    return (f"{own}, or of plugins {', '.join(added)}" if added else own) + meant


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
        raise UsageError(f"There is no {ONE[group]} {name!r}: expected {choices(group, [name])}.")
    return found


def make(group: Group, name: str, *settings: object) -> Any:
    """Imports a plugin, calls it, and adds its distribution and version to the `signature` of what it makes.

    So what two versions made never shares a column or a store.

    Args:
        group, name: which one.
        settings: what it is called with; the contract of its kind says what that is.

    Raises:
        UsageError: there is none of this name, or its name is not its own.
        BackendUnavailableError: it does not import, cannot be made, or has no signature or another method that its
            kind has; the message says what it is called with.
        FacecuesError: as raised by itself, such as WeightsMissingError.
    """
    plugin = find(group, name)
    factory = plugin.load_for(*settings)
    with _in_one_sentence(plugin):
        made = factory(*settings)
        plugin.require_methods(made)
        made.signature = signed(_signature_of(made, group), plugin)
    return made


def signed(signature: str, plugin: Plugin) -> str:
    """A signature with who made it at its end, once: "mouth-width|v:1@mouth-width==1.0"."""
    mark = f"@{plugin.origin}"
    return signature.removesuffix(mark) + mark  # a factory may give the same object twice


def origin_of(signature: str) -> str | None:
    """The distribution at the end of a plugin's signature, as `signed` puts it there; None where there is none."""
    return signature.rpartition("@")[2] if "@" in signature else None


def _signature_of(made: object, group: Group) -> str:
    """Raises TypeError or ValueError where there is none that can be used."""
    signature = getattr(made, "signature", None)
    if not isinstance(signature, str):
        came = repr(signature) if hasattr(made, "signature") else "it has no attribute 'signature'"
        raise TypeError(f"expected a text that names all that changes its results as signature: {came}")
    if group in ("landmarks", "gaze") and "|" in signature:  # one field of the signature of cues
        raise ValueError(f"expected a signature without '|', which parts the fields of that of cues: {signature}")
    return signature


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

"""What works on this machine: which backends and metrics are usable, and what each of the others needs."""

import importlib
import os
import platform
import shutil
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from itertools import groupby
from pathlib import Path
from typing import Literal

from rich.markup import escape
from rich.table import Table

from facecues import plugins, weights
from facecues.errors import FacecuesError
from facecues.needs import BACKENDS, METRICS, PACKAGES, SLOW_TO_IMPORT, TORCH, WITH_IRISES, Package, Use

Kind = Literal["backend", "metric", "plugin", "weights", "package", "device"]


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at.

    Attributes:
        detail: what was found.
        remedy: what to do where it is not usable, else empty.
    """

    name: str
    kind: Kind
    usable: bool
    detail: str
    remedy: str = ""


def check(*, deep: bool = False) -> list[Check]:
    """Looks at backends, metrics, plugins, weights, packages and devices, in this order.

    It uses no network and changes nothing, but imports plugins.

    Args:
        deep: also import PyTorch and face-alignment (seconds), to see that they work and whether CUDA does.
    """
    packages = [_check_package(package, deep) for package in PACKAGES]
    stored = [_check_weight(name) for name in weights.REGISTRY]
    backends = [_check_use(backend, "backend", packages, stored) for backend in BACKENDS]
    metrics = [_check_use(metric, "metric", packages, stored) for metric in METRICS]
    devices = [
        Check("cpu", "device", True, f"{os.cpu_count()} cores, {platform.machine()}, {platform.system()}"),
        _check_cuda(deep),
    ]
    python = Check("python", "package", True, platform.python_version())
    return [*backends, _check_iris(backends), *metrics, *_check_plugins(), *stored, python, *packages, *devices]


def render(checks: list[Check]) -> Table:
    """The checks as a table: what to do stands below what was found, so that it fits 80 columns."""
    table = Table(box=None, padding=(0, 2, 0, 0), show_header=False)
    table.add_column()
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")  # an address has to be readable to its end
    for kind, group in groupby(checks, key=lambda one: one.kind):
        table.add_row("", f"[bold]{kind}", "")
        for one in group:
            mark = "[green]yes" if one.usable else "[red]no"
            table.add_row(mark, escape(one.name), escape(one.detail))
            if one.remedy:
                table.add_row("", "", f"[dim]→ {escape(one.remedy)}")
    return table


def _check_package(package: Package, deep: bool) -> Check:
    """Present and importable: libGL may be missing, or a build too new for this system."""
    name, module, remedy, others = package
    found = next(filter(None, map(_version, (name, *others))), None)
    if found is None:
        return Check(name, "package", False, "not installed", remedy)
    if module in SLOW_TO_IMPORT and not deep:
        importable = find_spec(module) is not None
        return Check(name, "package", importable, found, "" if importable else remedy)
    try:
        importlib.import_module(module)
    except (ImportError, OSError) as error:  # OSError: a shared library that does not load
        return Check(name, "package", False, f"{found} does not import: {error}", remedy)
    return Check(name, "package", True, found)


def _version(distribution: str) -> str | None:
    try:
        return version(distribution)
    except PackageNotFoundError:
        return None


def _check_weight(name: str) -> Check:
    found = weights.status(name)
    if found.state == "ready":
        return Check(name, "weights", True, str(found.path))
    weight = found.weight
    remedies = [f"facecues weights fetch {name}"] if weight.sources else []
    remedies.append(f"put {weight.file_name} from {weight.address} into a folder that FACECUES_WEIGHTS names")
    return Check(name, "weights", False, found.detail, ", or ".join(remedies))


def _check_use(use: Use, kind: Kind, packages: list[Check], stored: list[Check]) -> Check:
    """Usable with all packages, and all weights but those that another one stands in for."""
    wanted = [weight for weight in weights.REGISTRY.values() if use.name in weight.unlocks]
    here = {one.name for one in stored if one.usable}
    replaced = {weight.instead_of for weight in wanted if weight.name in here}
    lacking = [one for one in packages if one.name in use.packages and not one.usable]
    absent = {weight.name for weight in wanted if not weight.instead_of} - here - replaced
    fetchable = [one.name for one in stored if one.name in absent and weights.REGISTRY[one.name].sources]
    remedies = [one.remedy for one in lacking]
    remedies += [one.remedy for one in stored if one.name in absent and one.name not in fetchable]
    if fetchable:
        remedies.append(f"facecues weights fetch {' '.join(fetchable)} (also tried on first use)")
    needs = [one.name for one in lacking]
    if absent:
        needs.append(f"weights {' '.join(one.name for one in stored if one.name in absent)}")
    detail = f"{use.role}; needs {', '.join(needs)}" if needs else use.role
    return Check(use.name, kind, not needs, detail, "; ".join(dict.fromkeys(remedies)))


def _check_iris(backends: list[Check]) -> Check:
    """The iris gaze has no network of its own: it reads points that some landmark backends give."""
    givers = [one.name for one in backends if one.name in WITH_IRISES and one.usable]
    if givers:
        return Check("iris", "backend", True, f"gaze, with landmarks {' or '.join(givers)}")
    detail = f"gaze; needs landmarks {' or '.join(WITH_IRISES)}"
    return Check("iris", "backend", False, detail, f"make {WITH_IRISES[0]} usable")


def _check_plugins() -> list[Check]:
    """Imports each, and sees how it can be called; what it makes, perhaps with weights, is seen when it is used."""
    checks = []
    for plugin in (one for group in plugins.BUILT_IN for one in plugins.installed(group)):
        what = f"{plugins.ONE[plugin.group]}, of {plugin.origin}"
        try:
            plugin.load_for(*plugins.CALLED_WITH[plugin.group])
        except FacecuesError as error:
            checks.append(Check(plugin.name, "plugin", False, what, str(error)))
        else:
            checks.append(Check(plugin.name, "plugin", True, what))
    return checks


def _check_cuda(deep: bool) -> Check:
    """CUDA needs NVIDIA's driver and a PyTorch built for it. Only PyTorch itself knows, and only if asked."""
    if not (Path("/proc/driver/nvidia/version").exists() or shutil.which("nvidia-smi")):
        return Check("cuda", "device", False, "no NVIDIA driver", "nothing: every backend runs on the CPU")
    if find_spec("torch") is None:
        return Check("cuda", "device", False, "NVIDIA driver, no PyTorch", TORCH)
    build, remedy = version("torch"), "install a CUDA build of torch"
    if not deep:
        usable = not build.endswith("+cpu")
        return Check("cuda", "device", usable, f"NVIDIA driver, torch {build}", "" if usable else remedy)
    import torch  # takes seconds

    if not torch.cuda.is_available():
        return Check("cuda", "device", False, f"torch {build} sees no CUDA device", remedy)
    return Check("cuda", "device", True, f"torch {build}, {torch.cuda.get_device_name()}")

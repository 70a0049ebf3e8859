"""What benchmarks have measured, and on what machine: the JSON of pytest-benchmark, and that of the longer commands.

The longer commands write the same few entries of it (`write_figures`). What tests.benchmarks.performance_table takes
from either is a `Run`.
"""

import importlib.util
import json
import os
import platform
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any, Final

MACHINE: Final = "in words"  # in `machine_info` of a JSON
WITHOUT: Final = "without figures"  # of a JSON: why, by benchmark or file
_HERE: Final = "tests/benchmarks/"  # how names of benchmarks begin in a JSON, but for longer commands
_PACKAGES: Final = {"PyAV": "av", "LiteRT": "ai-edge-litert", "torch": "torch"}
_CPU: Final = Path("/proc/cpuinfo")
_OWN: Final = Path("/proc/self")


@dataclass(frozen=True, slots=True)
class Run:
    """One run of benchmarks.

    Attributes:
        date: of its end, UTC.
        machine: in words.
        figures: `extra_info` by benchmark: `test_frechet.py::test_few`, or a longer command's name.
        without: why benchmarks, or files of them, have none.
    """

    date: str
    machine: str
    figures: dict[str, dict[str, Any]]
    without: dict[str, str]


def read_run(path: Path) -> Run:
    """Of a JSON file. A benchmark that failed counts as not measured, whatever it found.

    Raises:
        ValueError: it is not of these benchmarks.
        OSError: it cannot be read.
    """
    text = path.read_text(encoding="utf-8")
    if not text:
        raise ValueError(f"{path} is empty: no benchmark was run.")
    held = json.loads(text)
    try:
        without = {name.removeprefix(_HERE): why for name, why in held.get(WITHOUT, {}).items()}
        found = {one["fullname"].removeprefix(_HERE): one["extra_info"] for one in held["benchmarks"]}
        date, where = held["datetime"][:10], held["machine_info"][MACHINE]
    except KeyError as error:
        raise ValueError(
            f"{path} lacks {error}: it has to come from pytest tests/benchmarks --benchmark-json."
        ) from error
    return Run(date, where, {name: figures for name, figures in found.items() if name not in without}, without)


def write_figures(folder: Path, command: str, figures: Mapping[str, Any]) -> Path:
    """FOLDER/COMMAND.json, of one of the longer commands."""
    path = folder / f"{command}.json"
    content = {
        "datetime": datetime.now(UTC).isoformat(),
        "machine_info": {MACHINE: machine()},
        "benchmarks": [{"fullname": command, "extra_info": dict(figures)}],
    }
    path.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    return path


def peak_mb() -> float:
    """Most memory that this process has had, or has had since `forget_peak`, MB.

    Not of getrusage, whose value begins with that of the process which started this one.
    """
    status = (_OWN / "status").read_text(encoding="utf-8")
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024


def forget_peak() -> None:
    """Lets `peak_mb` begin with what this process has now."""
    (_OWN / "clear_refs").write_text("5", encoding="utf-8")


def machine() -> str:
    """Processor, memory, GPU and the versions that times depend on."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    versions = [f"{platform.python_implementation()} {platform.python_version()}"]
    for name, package in _PACKAGES.items():
        with suppress(metadata.PackageNotFoundError):
            versions.append(f"{name} {metadata.version(package)}")
    return f"{os.cpu_count()} cores ({_processor()}), {memory:.0f} GB, {_gpu()}, {', '.join(versions)}"


def _processor() -> str:
    lines = _CPU.read_text(encoding="utf-8").splitlines() if _CPU.is_file() else []
    fields = {name.strip(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    wide = ", AVX-512" if "avx512f" in fields.get("flags", "").split() else ""
    return fields.get("model name", platform.machine()) + wide


def _gpu() -> str:
    if importlib.util.find_spec("torch") is not None:
        import torch

        if torch.cuda.is_available():
            return torch.cuda.get_device_name()
    return "no GPU"

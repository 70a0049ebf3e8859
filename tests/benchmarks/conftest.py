"""What the JSON of --benchmark-json says besides: the machine in words, and why benchmarks have no figures."""

from typing import Any

import pytest

from tests.benchmarks.measured import MACHINE, WITHOUT, machine

_REASONS: dict[str, str] = {}


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    _note(report)


def pytest_collectreport(report: pytest.CollectReport) -> None:
    _note(report)


def _note(report: pytest.TestReport | pytest.CollectReport) -> None:
    if report.failed:
        _REASONS[report.nodeid] = "failed"
    elif report.skipped:
        told = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
        _REASONS[report.nodeid] = told.removeprefix("Skipped: ")


@pytest.hookimpl(optionalhook=True)
def pytest_benchmark_update_machine_info(machine_info: dict[str, Any]) -> None:
    machine_info[MACHINE] = machine()


@pytest.hookimpl(optionalhook=True)
def pytest_benchmark_update_json(output_json: dict[str, Any]) -> None:
    output_json[WITHOUT] = dict(_REASONS)

"""How long a report takes: 20 methods, 1,000 clips, 15 metrics, 10,000 resamples; two runs joined, so all is new."""

from time import perf_counter

import pytest

from facecues.metrics.registry import METRICS
from facecues.pipelines.report import Wanted, report, settings_of
from tests.reports.fakes import fake_run

DIRECTED = [name for name, info in METRICS.items() if info.better is not None][:15]


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    root = tmp_path_factory.mktemp("runs")
    size = {"metrics": DIRECTED, "clips": 1000, "actors": 40, "emotions": 8}
    halves = [tuple(f"method {at:02d}" for at in part) for part in (range(10), range(10, 20))]
    made = [
        fake_run(root / str(number), methods=methods, start=10 * number, **size)
        for number, methods in enumerate(halves)
    ]
    for run in made:
        header = (run / "run.json").read_text()
        (run / "run.json").write_text(header.replace('"resamples": 199', '"resamples": 10000'))
    return tuple(made)


def test_report_of_twenty_methods_on_a_thousand_clips(benchmark, runs, tmp_path):
    wanted = Wanted(runs, settings_of({}, name=None, videos=None))
    begun = {}  # when each step began

    def whole():
        return report(wanted, tmp_path / "report", lambda what, *_: begun.setdefault(what, perf_counter()))

    summary = benchmark.pedantic(whole, rounds=1)
    ends = [*list(begun.values())[1:], perf_counter()]
    benchmark.extra_info["seconds"] = round(benchmark.stats.stats.max, 1)
    benchmark.extra_info["seconds by step"] = {
        what: round(end - start, 1) for (what, start), end in zip(begun.items(), ends, strict=True)
    }
    assert len(summary.main.columns) == 11 and "distribution-M-LD" in summary.figures
    assert {"runs", "tables", "figures"} <= begun.keys()
    assert benchmark.stats.stats.max < 30  # seconds, on two cores

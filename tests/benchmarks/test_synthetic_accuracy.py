"""The default backends against the synthetic corpus' truth: the figures of docs/accuracy.md."""

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from tests.benchmarks.synthetic_accuracy import accuracy, make_corpus


@pytest.fixture(scope="module")
def figures(tmp_path_factory: pytest.TempPathFactory) -> dict[str, float]:
    folder = tmp_path_factory.mktemp("synthetic")
    return accuracy("facemesh", make_corpus(folder / "corpus"), folder / "store")


@pytest.mark.slow
def test_what_is_read_is_what_is_true(benchmark: BenchmarkFixture, figures: dict[str, float]) -> None:
    benchmark.pedantic(lambda: None, rounds=1)  # the figures count here, not a time
    benchmark.extra_info |= {name: round(value, 3) for name, value in figures.items()}
    assert figures["face found, share of frames"] >= 0.99
    assert figures["mouth opening, correlation, median of clips"] >= 0.95
    assert figures["blinks seen, share"] >= 0.9
    for name, value in figures.items():
        if name.endswith("median error"):
            assert value <= (6 if name.startswith("gaze") else 3), name
        if name.endswith("correlation"):
            assert value >= 0.9, name

"""The figures of docs/statistics.md: how often intervals hold the truth, and what four actors do to a published result.

python -m tests.benchmarks.statistics_figures      prints both tables
"""

import sys
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from facecues.metrics.statistics import Interval, mean_intervals
from tests.conftest import SHARED

Float64 = NDArray[np.float64]

DATASETS = 2000  # per row of the table: a share of 0.95 is known to ±0.01
ACTORS = (4, 6, 10, 20, 30, 60)
EAT_RESULTS = SHARED / "data" / "reference_images" / "eat_result_100.txt"
EAT_COLUMNS = ("M-LMD", "F-LMD", "M-LVD", "F-LVD")


def simulate(actors: int, skewed: bool, rng: np.random.Generator) -> tuple[Float64, list[str]]:
    """(clips, DATASETS) values with mean 0: 5 to 40 clips per actor, actors as different as the clips of one.

    `skewed` draws the actors from a log-normal distribution, where one in twenty lies far out.
    """
    codes = np.repeat(np.arange(actors), rng.integers(5, 41, actors))
    shape = (actors, DATASETS)
    of_actors = rng.lognormal(size=shape) - np.exp(0.5) if skewed else rng.normal(size=shape)
    return of_actors[codes] + rng.normal(size=(len(codes), DATASETS)), [f"A{code:02d}" for code in codes]


def coverage(actors: int, skewed: bool = False) -> dict[str, float]:
    """Share of 95 % intervals that hold the true mean."""
    values, names = simulate(actors, skewed, np.random.default_rng(actors))
    made = {
        "t over actors": mean_intervals(values, names, method="t"),
        "bootstrap over actors": mean_intervals(values, names, method="bootstrap", resamples=999),
        "clips counted as independent": mean_intervals(values, None, method="t"),
    }
    return {how: float(np.mean([_holds_zero(interval) for interval in made[how]])) for how in made}


def _holds_zero(interval: Interval) -> bool:
    assert interval.low is not None and interval.high is not None
    return interval.low <= 0 <= interval.high


def read_eat_results(path: Path = EAT_RESULTS) -> tuple[Float64, list[str]]:
    """(clips, 4) values in the order of EAT_COLUMNS that EAT's authors published per clip, and each clip's actor."""
    rows = [line.split(" : ") for line in path.read_text().splitlines() if ".mp4 : " in line]
    values = np.array([[float(number) for number in numbers.split(",")] for _, numbers in rows])
    return values, [Path(name.strip()).name.split("_")[0] for name, _ in rows]


def _coverage_table() -> list[list[str]]:
    columns = {
        f"{actors}{', skewed' if skewed else ''}": coverage(actors, skewed)
        for skewed in (False, True)
        for actors in ACTORS
    }
    hows = list(next(iter(columns.values())))
    rows = [[name, *(f"{figures[how]:.3f}" for how in hows)] for name, figures in columns.items()]
    return [["actors", *hows], ["---"] * (1 + len(hows)), *rows]


def _eat_table() -> list[list[str]]:
    values, actors = read_eat_results()
    over_actors, over_clips = mean_intervals(values, actors), mean_intervals(values, None, method="t")
    rows = [
        [name, f"{one.mean:.3f}", f"{one.low:.2f} to {one.high:.2f}", f"{other.low:.2f} to {other.high:.2f}"]
        for name, one, other in zip(EAT_COLUMNS, over_actors, over_clips, strict=True)
    ]
    return [["", "mean", "over actors", "over clips"], ["---"] * 4, *rows]


def main() -> None:
    tables = [_coverage_table(), *([_eat_table()] if EAT_RESULTS.is_file() else [])]
    for table in tables:
        sys.stdout.write("".join(f"| {' | '.join(row)} |\n" for row in table) + "\n")


if __name__ == "__main__":
    main()

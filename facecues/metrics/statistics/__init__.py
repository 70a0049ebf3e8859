"""How sure a number is: intervals over actors, paired tests between methods, stability of their ranks.

The unit is the actor. Clips of one actor resemble each other, so that a hundred clips of four actors say hardly more
about a fifth actor than four clips do. docs/statistics.md tells what each number means.
"""

from facecues.metrics.statistics.clusters import Clusters, Unit, group_clips
from facecues.metrics.statistics.comparisons import Better, Verdict, compare_all, summarise
from facecues.metrics.statistics.intervals import (
    Interval,
    bootstrap_weights,
    interval_of_draws,
    mean_interval,
    mean_intervals,
)
from facecues.metrics.statistics.ranks import RankAgreement, average_ranks, distinguishable, rank_stability
from facecues.metrics.statistics.significance import (
    Comparison,
    comparison_of_draws,
    holm,
    paired_comparison,
    paired_comparisons,
)

__all__ = [
    "Better",
    "Clusters",
    "Comparison",
    "Interval",
    "RankAgreement",
    "Unit",
    "Verdict",
    "average_ranks",
    "bootstrap_weights",
    "compare_all",
    "comparison_of_draws",
    "distinguishable",
    "group_clips",
    "holm",
    "interval_of_draws",
    "mean_interval",
    "mean_intervals",
    "paired_comparison",
    "paired_comparisons",
    "rank_stability",
    "summarise",
]

"""Do two evaluations put the methods in the same order? Of other landmark backends or protocols, say."""

from pathlib import Path
from typing import Final

import pandas as pd

from facecues.errors import UsageError
from facecues.metrics.floors import FLOORS, REFERENCE
from facecues.metrics.statistics import rank_stability

_COLUMNS: Final = ["metric", "methods", "spearman", "kendall", "signature", "other_signature", "note"]


def load_summary(run: Path) -> pd.DataFrame:
    """summary.parquet of a finished run.

    Raises:
        UsageError: there is none.
    """
    path = run / "summary.parquet"
    if not path.is_file() or not (run / "run.json").is_file():
        raise UsageError(
            f"{run} is not a finished evaluation (no summary.parquet in it): run `facecues evaluate` first"
        )
    return pd.read_parquet(path)


def compare_ranks(table: pd.DataFrame, other: pd.DataFrame) -> pd.DataFrame:
    """How far the order of the methods agrees, by metric with a better side.

    Args:
        table, other: summary.parquet of both runs, with at least two methods in common.

    Returns:
        A row per metric that both have, and measured in different ways: rank correlations after Spearman and Kendall,
        and both signatures.
    """
    rows = []
    for metric, own in _directed(table).groupby("metric", sort=False):
        theirs = _directed(other)
        theirs = theirs[theirs["metric"] == metric]
        columns = [dict(zip(side["method"], side["value"], strict=True)) for side in (own, theirs)]
        common = [name for name in columns[0] if name in columns[1]]
        if len(common) < 2 or own["signature"].iloc[0] == theirs["signature"].iloc[0]:
            continue
        this, that = ({name: float(column[name]) for name in common} for column in columns)
        (found,) = rank_stability({"this": this, "that": that})
        rows.append(
            {
                "metric": metric,
                "methods": len(common),
                "spearman": found.spearman,
                "kendall": found.kendall,
                "signature": own["signature"].iloc[0],
                "other_signature": theirs["signature"].iloc[0],
                "note": found.note,
            }
        )
    return pd.DataFrame(rows, columns=_COLUMNS)


def _directed(table: pd.DataFrame) -> pd.DataFrame:
    known = table["value"].notna() & table["better"].notna() & (table["group"] == "all")
    return table[known & ~table["method"].isin([REFERENCE, *FLOORS])]

"""Numbers that were made differently are never put under each other."""

import pandas as pd

from facecues.errors import UsageError


def check_signatures(summary: pd.DataFrame, scores: pd.DataFrame) -> None:
    """Every metric has one signature, in all methods and runs.

    Args:
        summary, scores: of one run or of several joined; only method, metric and signature are looked at.

    Raises:
        UsageError: a metric has several; the message prints each of them with its methods.
    """
    needed = ["metric", "signature", "method"]
    present = [frame[needed] for frame in (summary, scores) if set(needed) <= set(frame.columns)]
    if not present:
        return
    known = pd.concat([part.drop_duplicates() for part in present]).dropna().drop_duplicates()
    for metric, rows in known.groupby("metric", sort=False):
        kinds = rows.groupby("signature", sort=False)["method"].agg(", ".join)
        if len(kinds) > 1:
            listed = "; ".join(f"{signature} ({methods})" for signature, methods in kinds.items())
            raise UsageError(
                f"{metric} was measured in {len(kinds)} ways that cannot share a column: {listed}. "
                "Evaluate all methods with the same options and weights, or report the runs apart."
            )

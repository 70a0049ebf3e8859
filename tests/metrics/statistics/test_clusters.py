import numpy as np
import pytest

from facecues.metrics.statistics import (
    bootstrap_weights,
    group_clips,
    mean_interval,
    mean_intervals,
    paired_comparisons,
)


@pytest.mark.parametrize("missing", [None, float("nan"), "", np.nan])
def test_a_missing_actor_is_refused(missing) -> None:
    with pytest.raises(ValueError, match="1 of 3 have none, the first at position 1"):
        mean_interval([1, 2, 3], ["M003", missing, "W009"])


def test_clips_without_known_actors_are_clusters_of_their_own() -> None:
    clusters = group_clips(None, 3)
    assert (len(clusters), clusters.unit) == (3, "clip")


def test_actors_are_grouped_whatever_their_order() -> None:
    clusters = group_clips(["W009", "M003", "W009"], 3)
    assert clusters.names == ("M003", "W009")
    assert clusters.sum(np.array([[1.0], [2.0], [4.0]])).ravel().tolist() == [2, 5]


def test_bad_input_is_refused_in_words() -> None:
    with pytest.raises(ValueError, match="at least one clip"):
        mean_interval([], [])
    with pytest.raises(ValueError, match="2 actors for 3 clips"):
        mean_interval([1, 2, 3], ["a", "b"])
    with pytest.raises(ValueError, match="finite values"):
        mean_interval([1, np.inf], ["a", "b"])
    with pytest.raises(ValueError, match=r"shape \(clips,\)"):
        mean_interval([[1, 2]], ["a"])
    with pytest.raises(ValueError, match=r"\(clips, metrics\) matrix"):
        mean_intervals([1, 2], ["a", "b"])
    with pytest.raises(ValueError, match="same clips and metrics"):
        paired_comparisons([[1.0]], [[1.0], [2.0]], ["a"])
    with pytest.raises(ValueError, match="method must be auto, bootstrap or t"):
        mean_interval([1, 2], ["a", "b"], method="bca")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="level"):
        mean_interval([1, 2], ["a", "b"], level=95)
    with pytest.raises(ValueError, match="at least 99 draws"):
        bootstrap_weights(["a", "b"], resamples=0)

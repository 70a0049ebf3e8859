"""Fréchet distance between two sets of features, from statistics that merge.

features ─ features_to_statistics ─▶ one FeatureStatistics per clip ─ merge ─▶ one per set ─ frechet_distance ─▶ value

On the pool3 features of the 2015 Inception it is the FID (Heusel et al. 2017, arXiv 1706.08500); on any other
features it carries their name, such as FD-AlexNet.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, cast

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.linalg import eigh, eigvalsh, svdvals

from facecues.metrics.contracts import Float64, MetricInfo, Pictures

if TYPE_CHECKING:
    from facecues.metrics.networks.inception import InceptionFeatures

FID: Final = MetricInfo("FID", "Fréchet distance on the 2015 Inception", "lower", "", 0.0)
FD_ALEXNET: Final = MetricInfo("FD-AlexNet", "Fréchet distance on LPIPS's AlexNet", "lower", "", 0.0)

FEW_SAMPLES: Final = 2048  # dimensions of Inception's features: with fewer samples their covariance is singular
_WORTH_CONDENSING = 4  # samples per dimension from which on sums of outer products are faster to draw from than samples


@dataclass(frozen=True, slots=True, eq=False)
class FeatureStatistics:
    """What the distance needs of a set of n features of d dimensions. Made by `features_to_statistics` and `merge`.

    With fewer samples than dimensions the samples themselves are the smaller and the more accurate statistics.

    Attributes:
        count: n.
        total: (d,) float64, their sum.
        outer: (d, d) float64, the sum of their outer products; None where `rows` stands for it.
        rows: (k, d), the features themselves, as given, while k < d; None otherwise.
        times: (k,) float64, how often each row counts, n in all; None without rows.
    """

    count: int
    total: Float64
    outer: Float64 | None
    rows: NDArray[np.floating] | None = None
    times: Float64 | None = None

    @property
    def mean(self) -> Float64:
        """(d,) float64."""
        return self.total / self.count

    @property
    def covariance(self) -> Float64:
        """(d, d) float64, divided by n - 1."""
        return (self.moments() - np.outer(self.total, self.mean)) / (self.count - 1)

    def moments(self) -> Float64:
        """(d, d) float64, the sum of outer products, in whichever form it is kept."""
        if self.rows is None or self.times is None:
            return cast(Float64, self.outer)
        rows = self.rows.astype(np.float64)
        return (rows.T * self.times) @ rows


def features_to_statistics(features: ArrayLike) -> FeatureStatistics:
    """Statistics of a set, or of any part of it.

    Args:
        features: (n, d) floats, n >= 1, without NaN: leave out the rows of frames without a face.

    Raises:
        ValueError: another shape, or a NaN or infinite value.
    """
    rows = require_features(features, "features")
    total = rows.sum(axis=0, dtype=np.float64)
    few = FeatureStatistics(len(rows), total, None, rows, np.ones(len(rows)))
    return few if len(rows) < len(total) else _condensed(few)


def merge(parts: Sequence[FeatureStatistics], weights: ArrayLike | None = None) -> FeatureStatistics:
    """Statistics of all parts together: whatever the partition, the same to rounding.

    Args:
        parts: at least one, of equal dimensions.
        weights: (len(parts),) how often each part counts, whole numbers; once each where not given.

    Raises:
        ValueError: no part, unequal dimensions, or weights that are not one whole number per part, not all zero.
    """
    if len({len(part.total) for part in parts}) != 1:
        found = sorted({len(part.total) for part in parts})
        raise ValueError(f"expected at least one part, all of equal dimensions, got dimensions {found}")
    draw = np.ones(len(parts)) if weights is None else np.asarray(weights)
    times = require_weights(draw[None], len(parts))[0]
    drawn = [(part, int(n)) for part, n in zip(parts, times, strict=True) if n]
    count = sum(n * part.count for part, n in drawn)
    total = np.sum([n * part.total for part, n in drawn], axis=0)
    few = [(part.rows, n * part.times) for part, n in drawn if part.rows is not None and part.times is not None]
    if len(few) == len(drawn) and sum(len(rows) for rows, _ in few) < len(total):
        rows, multiples = zip(*few, strict=True)
        return FeatureStatistics(count, total, None, np.concatenate(rows), np.concatenate(multiples))
    outer = np.zeros((len(total), len(total)))
    for part, n in drawn:
        outer += n * part.moments()
    return FeatureStatistics(count, total, outer)


def frechet_distance(pred: FeatureStatistics, target: FeatureStatistics) -> float:
    """Squared Fréchet distance between the normal distributions fitted to two sets.

    |m1 - m2|² + tr S1 + tr S2 - 2 tr (S1 S2)^½, without a matrix square root: the last trace is the sum of the roots of
    the eigenvalues of S1 S2, had by a symmetric decomposition. With FᵀF = S1 they are those of F S2 Fᵀ, and with
    GᵀG = S2 their roots are the singular values of F Gᵀ; with fewer samples than dimensions the centred samples are
    such F and G, far smaller than S1 and S2. Symmetric, and zero for identical sets, to rounding; not below zero.

    Raises:
        ValueError: unequal dimensions, or fewer than two samples on a side.
    """
    if len(pred.total) != len(target.total) or min(pred.count, target.count) < 2:
        raise ValueError(
            "expected two sets of at least 2 features of equal dimensions, "
            f"got {pred.count} of {len(pred.total)} and {target.count} of {len(target.total)} dimensions"
        )
    few, other = sorted((pred, target), key=lambda one: one.rows is None)
    factor = _factor(few)
    if factor is None:
        return gaussian_frechet_distance(few.mean, few.covariance, other.mean, other.covariance)
    second = _factor(other)
    if second is None:
        covariance = other.covariance
        spread = np.vdot(factor, factor) + np.trace(covariance)
        roots = _roots(eigvalsh(factor @ covariance @ factor.T, check_finite=False))
    else:
        spread = np.vdot(factor, factor) + np.vdot(second, second)
        roots = cast(Float64, svdvals(factor @ second.T, check_finite=False))
    return _distance(few.mean - other.mean, float(spread), roots)


def gaussian_frechet_distance(
    mean_pred: ArrayLike, covariance_pred: ArrayLike, mean_target: ArrayLike, covariance_target: ArrayLike
) -> float:
    """The same from means (d,) and covariances (d, d), such as the `mu` and `sigma` of published statistics.

    Raises:
        ValueError: other shapes, or a NaN or infinite value.
    """
    means = [np.asarray(mean, np.float64) for mean in (mean_pred, mean_target)]
    covariances = [np.asarray(one, np.float64) for one in (covariance_pred, covariance_target)]
    d = means[0].size
    shapes = [one.shape for one in (*means, *covariances)]
    if shapes != [(d,), (d,), (d, d), (d, d)] or not all(np.isfinite(one).all() for one in (*means, *covariances)):
        raise ValueError(f"expected finite means (d,), (d,) and covariances (d, d), (d, d), got shapes {shapes}")
    spread = float(np.trace(covariances[0]) + np.trace(covariances[1]))
    return _distance(means[0] - means[1], spread, _roots(_product_eigenvalues(*covariances)))


def resampled_frechet_distances(
    pred: Sequence[FeatureStatistics], target: Sequence[FeatureStatistics], weights: ArrayLike
) -> Float64:
    """The distance of many resamples, for an interval.

    Unit i of `pred` and unit i of `target` are drawn together. What is drawn as a whole, the clips of one actor, is
    best merged beforehand: with 24 actors of 100 frames a draw takes about 20 ms on one core at d = 256 and 1 s at
    d = 2048, or 30 ms there with 20 frames (tests/benchmarks/test_frechet.py). Sums of outer products, which serve
    sets of more than 4 d samples, take 34 MB per unit and side at d = 2048.

    Args:
        pred, target: statistics of the C units.
        weights: (R, C) how often each draw takes each unit, whole numbers.

    Returns:
        (R,) float64.

    Raises:
        ValueError: see `merge` and `frechet_distance`.
    """
    if len(pred) != len(target):
        raise ValueError(f"expected the same units on both sides, got {len(pred)} and {len(target)}")
    draws = require_weights(weights, len(pred))
    samples, d = sum(unit.count for unit in pred), len(pred[0].total)
    if samples > _WORTH_CONDENSING * d:
        pred, target = ([_condensed(unit) for unit in side] for side in (pred, target))
    return np.array([frechet_distance(merge(pred, draw), merge(target, draw)) for draw in draws])


def frechet_of_features(features_pred: ArrayLike, features_target: ArrayLike) -> float:
    """Squared Fréchet distance of two sets of features, (n, d) and (m, d); the FID where Inception made them.

    Raises:
        ValueError: see `features_to_statistics` and `frechet_distance`.
    """
    return frechet_distance(features_to_statistics(features_pred), features_to_statistics(features_target))


def fid_of_pictures(pred: Pictures, target: Pictures, network: "InceptionFeatures | None" = None) -> float:
    """FID of two sets of pictures. See `small_sample_warning` for sets of less than 2048.

    Args:
        pred, target: (n, H, W, 3) and (m, H', W', 3) uint8 RGB.
        network: reused where given; loaded with the public weights otherwise.

    Raises:
        ValueError: other shapes, or fewer than two pictures on a side.
        WeightsMissingError: the Inception's weights cannot be had. Nothing stands in for them.
        BackendUnavailableError: no PyTorch.
    """
    from facecues.metrics.networks.inception import InceptionFeatures  # PyTorch is optional

    network = network or InceptionFeatures()
    return frechet_of_features(network.of_pictures(pred), network.of_pictures(target))


def small_sample_warning(samples: int, name: str = FID.name) -> str | None:
    """What has to stand beside a value of fewer than 2048 samples on its smaller side; None for more."""
    if samples >= FEW_SAMPLES:
        return None
    return (
        f"{name} of {samples} samples, fewer than {FEW_SAMPLES}: biased upward, the more the fewer; "
        "compare it only with values of equally many samples, and read KID beside it"
    )


def require_features(features: ArrayLike, name: str) -> NDArray[np.floating]:
    """(n, d) finite floats, n and d at least 1; float32 and float64 as they come.

    Raises:
        ValueError: anything else.
    """
    rows = np.asarray(features)
    if rows.ndim != 2 or 0 in rows.shape or rows.dtype.kind not in "fiu":
        raise ValueError(
            f"expected {name} as numbers of shape (n, d), n and d at least 1, got {rows.dtype}{rows.shape}"
        )
    if rows.dtype not in (np.float32, np.float64):
        rows = rows.astype(np.float64)
    if unfit := int((~np.isfinite(rows).all(axis=1)).sum()):
        raise ValueError(f"expected finite {name}, got NaN or infinity in {unfit} of {len(rows)} rows: leave them out")
    return rows


def require_weights(weights: ArrayLike, units: int) -> Float64:
    """(R, units) whole numbers, none below zero, no row all zero.

    Raises:
        ValueError: anything else.
    """
    draws = np.asarray(weights, np.float64)
    if draws.ndim != 2 or draws.shape[1] != units or (draws < 0).any() or (draws % 1 != 0).any():
        raise ValueError(f"expected whole numbers of shape (draws, {units}), none below 0, got shape {draws.shape}")
    if not draws.any(axis=1).all():
        raise ValueError("expected every draw to take at least one unit, got a row of zeros")
    return draws


def _condensed(few: FeatureStatistics) -> FeatureStatistics:
    return FeatureStatistics(few.count, few.total, few.moments())


def _factor(statistics: FeatureStatistics) -> Float64 | None:
    """(k, d) F with FᵀF = covariance, where the samples are kept."""
    if statistics.rows is None or statistics.times is None:
        return None
    shares = np.sqrt(statistics.times / (statistics.count - 1))
    return cast(Float64, shares[:, None] * (statistics.rows - statistics.mean))


def _product_eigenvalues(one: Float64, other: Float64) -> Float64:
    """Eigenvalues of one @ other, both (d, d) covariances; those that are zero may be left out."""
    try:
        return cast(Float64, eigh(one, other, type=2, eigvals_only=True, driver="gv", check_finite=False))
    except np.linalg.LinAlgError:  # `other` is singular: F as in `frechet_distance`, of the rows that are not zero
        values, vectors = np.linalg.eigh(other)
        kept = values > values[-1] * len(values) * np.finfo(np.float64).eps
        factor = (vectors[:, kept] * np.sqrt(values[kept])).T
        return cast(Float64, eigvalsh(factor @ one @ factor.T, check_finite=False))


def _roots(eigenvalues: Float64) -> Float64:
    """Their square roots, those that rounding made negative taken as zero."""
    return cast(Float64, np.sqrt(eigenvalues.clip(0)))


def _distance(difference: Float64, spread: float, roots: Float64) -> float:
    return max(float(difference @ difference) + spread - 2 * float(roots.sum()), 0.0)

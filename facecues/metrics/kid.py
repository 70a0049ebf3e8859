"""Kernel distance between two sets of features: unbiased squared MMD with the kernel (x·y / d + 1)³.

On the pool3 features of the 2015 Inception it is the KID (Bińkowski et al. 2018, arXiv 1801.01401), whose expectation,
unlike FID's, does not depend on the number of samples. It can be slightly negative.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from facecues.metrics.contracts import Float64, MetricInfo, Pictures
from facecues.metrics.frechet import require_features

if TYPE_CHECKING:
    from facecues.metrics.networks.inception import InceptionFeatures

KID: Final = MetricInfo("KID", "kernel distance on the 2015 Inception", "lower", "", 0.0)

_TILE = 2048  # samples a side of the kernel matrix that is held at a time: 32 MiB

Rows = NDArray[np.floating]


@dataclass(frozen=True, slots=True)
class KernelDistance:
    """A kernel distance and how it was had.

    Attributes:
        value: mean over the subsets.
        deviation: standard deviation over the subsets (dividing by their number); None with all samples at once.
        subsets: for the signature: "100x1000@2020" for 100 subsets of 1000 with seed 2020, or "all".
    """

    value: float
    deviation: float | None
    subsets: str


def kid(
    features_pred: ArrayLike,
    features_target: ArrayLike,
    *,
    subsets: int = 100,
    subset_size: int = 1000,
    seed: int = 2020,
) -> KernelDistance:
    """Mean of the unbiased estimate over random subsets; defaults and draws as in toshas/torch-fidelity.

    With fewer samples than `subset_size` on a side there is one subset, all samples of both sides, and the signature
    says "all".

    Args:
        features_pred, features_target: (n, d) and (m, d) floats without NaN.
        subsets: how many to draw.
        subset_size: samples a side in each, at least 2, without repetition.
        seed: of the draws.

    Raises:
        ValueError: other shapes, fewer than two samples on a side, or options out of range.
    """
    pred, target = _require_pair(features_pred, features_target)
    if subsets < 1 or subset_size < 2:
        raise ValueError(f"expected subsets >= 1 and subset_size >= 2, got {subsets} and {subset_size}")
    if min(len(pred), len(target)) < subset_size:
        return KernelDistance(_all_samples(pred, target), None, "all")
    legacy = np.random.RandomState(seed)  # torch-fidelity's generator, and its order of draws
    drawn = [
        (legacy.choice(len(pred), subset_size, False), legacy.choice(len(target), subset_size, False))
        for _ in range(subsets)
    ]
    if (len(pred) + len(target)) ** 2 < 4 * subsets * subset_size**2:  # one large kernel matrix serves all subsets
        members = (_members([one[side] for one in drawn], n) for side, n in enumerate((len(pred), len(target))))
        values = _mmd(pred, target, *members)
    else:
        values = np.array([_all_samples(pred[one], target[other]) for one, other in drawn])
    return KernelDistance(float(values.mean()), float(values.std()), f"{subsets}x{subset_size}@{seed}")


def kid_of_pictures(pred: Pictures, target: Pictures, network: "InceptionFeatures | None" = None) -> KernelDistance:
    """KID of two sets of pictures, with the default subsets.

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
    return kid(network.of_pictures(pred), network.of_pictures(target))


def _require_pair(features_pred: ArrayLike, features_target: ArrayLike) -> tuple[Rows, Rows]:
    pred, target = (
        require_features(features_pred, "features_pred"),
        require_features(features_target, "features_target"),
    )
    if pred.shape[1] != target.shape[1] or min(len(pred), len(target)) < 2:
        raise ValueError(
            f"expected two sets of at least 2 features of equal dimensions, got shapes {pred.shape} and {target.shape}"
        )
    return pred, target


def _all_samples(pred: Rows, target: Rows) -> float:
    return float(_mmd(pred, target, np.ones((1, len(pred))), np.ones((1, len(target))))[0])


def _members(chosen: list[NDArray[np.int_]], samples: int) -> Float64:
    """(subsets, samples) 1 for a sample that is in the subset, 0 otherwise."""
    members = np.zeros((len(chosen), samples))
    np.put_along_axis(members, np.stack(chosen), 1, axis=1)
    return members


def _mmd(x: Rows, y: Rows, u: Float64, v: Float64) -> Float64:
    """Unbiased squared MMD in which sample i of x counts u[r, i] times and sample j of y v[r, j] times, for each r.

    Sums over a subset's pairs are quadratic forms of the kernel matrix, so that one matrix serves all r.

    Args:
        x, y: (n, d) and (m, d).
        u, v: (R, n) and (R, m) whole numbers.

    Returns:
        (R,) float64.
    """
    apart_x, apart_y = (w.sum(axis=1) ** 2 - (w**2).sum(axis=1) for w in (u, v))  # ordered pairs of different samples
    if not (apart_x.all() and apart_y.all()):
        raise ValueError("expected every draw to hold at least 2 different samples a side")
    within_x = _pair_sums(x, x, u, u) - u**2 @ _kernel_of_itself(x)
    within_y = _pair_sums(y, y, v, v) - v**2 @ _kernel_of_itself(y)
    across = _pair_sums(x, y, u, v) / (u.sum(axis=1) * v.sum(axis=1))
    return np.asarray(within_x / apart_x + within_y / apart_y - 2 * across)


def _pair_sums(x: Rows, y: Rows, u: Float64, v: Float64) -> Float64:
    """(R,) sum over i, j of u[r, i] k(x_i, y_j) v[r, j]."""
    sums = np.zeros(len(u))
    for rows in _tiles(len(x)):
        for columns in _tiles(len(y)):
            kernel = _cubed(x[rows].astype(np.float64) @ y[columns].astype(np.float64).T, x.shape[1])
            sums += np.einsum("rj,rj->r", u[:, rows] @ kernel, v[:, columns])
    return sums


def _kernel_of_itself(x: Rows) -> Float64:
    """(n,) k(x_i, x_i)."""
    return _cubed(np.einsum("ij,ij->i", x, x, dtype=np.float64), x.shape[1])


def _cubed(products: Float64, dimensions: int) -> Float64:
    base = products / dimensions + 1
    return base * base * base


def _tiles(samples: int) -> Iterator[slice]:
    return (slice(start, start + _TILE) for start in range(0, samples, _TILE))

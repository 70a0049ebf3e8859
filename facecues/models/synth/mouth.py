"""Lips, jaw and lids in motion: speech and blinks on a face that already carries an expression."""

from typing import Final

import numpy as np

from facecues.models.synth.expressions import lip_coordinates
from facecues.models.synth.noise import Floats

WIDEST_GAP: Final = 0.22  # between the inner lips, template units: about 20 mm

_UPPER_INNER: Final = [61, 62, 63]
_LOWER_INNER: Final = [67, 66, 65]
# The lips' outer edge follows the inner points (by position in the lists above) that it lies over.
_UPPER_OUTER: Final = [49, 50, 51, 52, 53]
_LOWER_OUTER: Final = [59, 58, 57, 56, 55]
_FOLLOWS: Final = [0, 0, 1, 2, 2]
_UPPER_SHARE: Final = 0.2  # of a gap is made by the upper lip, the rest by the jaw
_JAW: Final = range(2, 15)
_JAW_WEIGHTS: Final = np.array([0.04, 0.12, 0.3, 0.6, 0.85, 0.97, 1.0, 0.97, 0.85, 0.6, 0.3, 0.12, 0.04])
_LIPS: Final = slice(48, 68)
_CORNER_MOVE: Final = 0.06
_PROTRUSION: Final = 0.05
_LID_PAIRS: Final = ([37, 38, 43, 44], [41, 40, 47, 46])
_LOWER_LID_SHARE: Final = 0.15  # of a blink


def articulate(points: Floats, neutral: Floats, opening: Floats, spread: Floats, closure: Floats) -> Floats:
    """Speaks: opens, spreads and closes the mouth of an expressive face.

    The gap between the inner lips is set, not added to: a mouth whose landmarks are a little apart at rest closes too.

    Args:
        points: (T, 68, 3) template units, the face with its expression; changed in place.
        neutral: (68, 3) the same face at rest, which gives the mouth's proportions.
        opening: (T,) 0..1, of lips and jaw, whatever opens them.
        spread: (T,) -1 rounded to 1 spread.
        closure: (T,) 0..1, 1 where the lips are pressed together.

    Returns:
        points.
    """
    u, bow = lip_coordinates(neutral)
    gap = WIDEST_GAP * opening * (1 - closure)
    drop = (1 - _UPPER_SHARE) * gap[:, None]
    points[:, _JAW, 1] += drop * _JAW_WEIGHTS
    points[:, _JAW, 2] += 0.25 * drop * _JAW_WEIGHTS
    corners = u[_LIPS]
    points[:, _LIPS, 0] += (_CORNER_MOVE * spread[:, None] - 0.1 * drop) * corners
    points[:, _LIPS, 1] += 0.3 * drop * corners**2
    rounding, spreading = np.maximum(0, -spread)[:, None], np.maximum(0, spread)[:, None]
    points[:, _LIPS, 2] += 0.02 * spreading * np.abs(corners) - _PROTRUSION * rounding * (0.4 + 0.6 * bow[_LIPS])
    _part(points, bow, gap)
    return points


def _part(points: Floats, bow: Floats, gap: Floats) -> None:
    """Sets the gap of the inner lips; the outer edges go along, so that the lips keep their thickness."""
    wanted = gap[:, None] * bow[_UPPER_INNER] / bow[62]
    change = wanted - (points[:, _LOWER_INNER, 1] - points[:, _UPPER_INNER, 1])
    for inner, outer, share in (
        (_UPPER_INNER, _UPPER_OUTER, -_UPPER_SHARE),
        (_LOWER_INNER, _LOWER_OUTER, 1 - _UPPER_SHARE),
    ):
        along = np.minimum(1, bow[outer] / bow[inner][_FOLLOWS])
        points[:, outer, 1] += share * change[:, _FOLLOWS] * along
        points[:, inner, 1] += share * change
        points[:, inner, 2] += 0.25 * np.maximum(0, share) * wanted
    points[:, _LOWER_OUTER, 2] += 0.25 * (1 - _UPPER_SHARE) * wanted[:, _FOLLOWS]


def close_lids(points: Floats, closing: Floats, lowering: Floats) -> Floats:
    """Blinks, and lets the upper lids go along with the gaze.

    Args:
        points: (T, 68, 3) template units; changed in place.
        closing: (T,) 0 open to 1 shut: the upper lid meets the lower, which rises a little.
        lowering: (T,) of the upper lids, as a share of the present opening; negative where they rise.

    Returns:
        points.
    """
    upper, lower = _LID_PAIRS
    between = points[:, lower] - points[:, upper]
    upper_path = lowering + closing * (1 - _LOWER_LID_SHARE - lowering)
    points[:, upper] += upper_path[:, None, None] * between
    points[:, lower] -= _LOWER_LID_SHARE * closing[:, None, None] * between
    return points

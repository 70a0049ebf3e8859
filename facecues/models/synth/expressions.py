"""Eight emotions as blends of facial action units, each a displacement of the 68 points of one's own neutral face.

Which units make which emotion follows Ekman and Friesen, "Facial Action Coding System", 1978, and the prototypes of
EMFACS (Friesen and Ekman, 1983). Faces mix emotions, so a clip carries a share of a kindred one (Du, Tao and Martinez,
"Compound facial expressions of emotion", PNAS 111(15), 2014): gaze and head then tell what the face leaves open.
"""

from collections.abc import Mapping
from typing import Final, NamedTuple

import numpy as np

from facecues.models.synth.noise import Floats, drift

LEVEL_STRENGTH: Final[Mapping[int, float]] = {1: 0.45, 2: 0.7, 3: 1.0}

# Action units (FACS numbers; R and L: the subject's right and left alone) and how strongly each emotion uses them.
PROTOTYPES: Final[Mapping[str, Mapping[str, float]]] = {
    "angry": {"4": 1.0, "5": 0.4, "7": 0.8, "17": 0.3, "23": 0.9},
    "contempt": {"14": 1.0, "12": 0.3, "43": 0.25},  # on one side
    "disgusted": {"4": 0.4, "9": 1.0, "10": 0.8, "15": 0.4, "7": 0.4},
    "fear": {"1": 0.9, "2": 0.5, "4": 0.5, "5": 0.9, "20": 0.9, "26": 0.3},
    "happy": {"6": 0.8, "12": 1.0},
    "neutral": {},
    "sad": {"1": 1.0, "4": 0.5, "15": 1.0, "17": 0.5, "43": 0.5},
    "surprised": {"1": 0.9, "2": 1.0, "5": 0.9, "26": 0.9},
}
KINDRED: Final[Mapping[str, str]] = {
    "angry": "disgusted",
    "contempt": "neutral",
    "disgusted": "angry",
    "fear": "surprised",
    "happy": "neutral",
    "neutral": "contempt",
    "sad": "neutral",
    "surprised": "fear",
}
# How far a unit parts the lips, as a share of the widest opening in speech.
PARTING: Final[Mapping[str, float]] = {"10": 0.12, "12": 0.12, "20": 0.12, "26": 0.5}

_UNILATERAL: Final = ("contempt",)
_PLAIN: Final = ("1", "2", "4", "5", "6", "7", "9", "10", "15", "17", "20", "23", "26", "43")
UNITS: Final = (*_PLAIN, "12R", "12L", "14R", "14L")

_KINDRED_SHARE: Final[Mapping[int, float]] = {1: 0.5, 2: 0.4, 3: 0.3}  # at most, by level
_WEIGHT_SHAPE: Final = 5.0  # of the gamma draws that vary the units' weights: their deviation is 0.45 of their mean
_RESTING: Final = 0.03  # mean activation of any unit in any face, as faces are never quite still
_CLIP_SPREAD: Final = 0.12  # log deviation of the strength from clip to clip
_WAVER: Final = 0.12  # deviation of the strength within a clip
_WAVER_HZ: Final = 0.4

_UPPER_LIDS: Final = [37, 38, 43, 44]
_LOWER_LIDS: Final = [41, 40, 47, 46]
_UPPER_LIP: Final = [49, 50, 51, 52, 53, 61, 62, 63]
_LIPS: Final = slice(48, 68)
_X: Final = 0
_Y: Final = 1
_Z: Final = 2


class Expression(NamedTuple):
    """displacement: (T, 68, 3) template units, stable points 0; parting: (T,) 0..1, how far emotion opens the mouth."""

    displacement: Floats
    parting: Floats


def express(
    neutral: Floats, emotion: str, level: int, frames: int, rng: np.random.Generator, *, strength: float = 1.0
) -> Expression:
    """The emotion on a face over time.

    Args:
        neutral: (68, 3) template units, mouth closed.
        emotion: one of facecues.labels.EMOTIONS.
        level: 1 to 3.
        frames: T, at 25 per second.
        rng: where the clip's variation comes from.
        strength: the actor's expressiveness, about 1.
    """
    activation = strength * _activations(emotion, level, frames, rng)
    displacement = np.einsum("tu,upc->tpc", activation, unit_fields(neutral))
    parting = sum(
        (share * activation[:, _columns(unit)].mean(axis=1) for unit, share in PARTING.items()), np.zeros(frames)
    )
    return Expression(displacement, np.clip(parting, 0, 1))


def unit_fields(neutral: Floats) -> Floats:
    """What each of `UNITS` does at full strength: (units, 68, 3) template units, from the face's own proportions.

    Unit 26 only parts the lips, which is the mouth's business (facecues.models.synth.mouth): its field is 0.

    Args:
        neutral: (68, 3) template units.
    """
    u, bow = lip_coordinates(neutral)
    width = neutral[54, _X] - neutral[48, _X]
    opening = neutral[_LOWER_LIDS, _Y] - neutral[_UPPER_LIDS, _Y]
    fields = dict.fromkeys(UNITS, np.zeros((68, 3)))

    def field(unit: str) -> Floats:
        fields[unit] = np.zeros((68, 3))
        return fields[unit]

    _brows(field("1"), _Y, -0.085, (0.0, 0.05, 0.25, 0.7, 1.0))
    _brows(field("2"), _Y, -0.08, (0.9, 1.0, 0.8, 0.45, 0.2))
    for unit, amount in (("4", 1.0), ("9", 0.6)):
        frown = field(unit)
        _brows(frown, _Y, 0.06 * amount, (0.0, 0.3, 0.6, 0.9, 1.0))
        _brows(frown, _X, 0.035 * amount, (0.0, 0.2, 0.5, 0.8, 1.0))
    for unit, upper, lower in (("5", -0.35, 0.05), ("6", 0.05, -0.2), ("7", 0.12, -0.22), ("43", 0.3, 0.0)):
        lids = field(unit)
        lids[_UPPER_LIDS, _Y] = upper * opening
        lids[_LOWER_LIDS, _Y] = lower * opening
    _brows(fields["6"], _Y, 0.015, (1.0, 0.8, 0.4, 0.1, 0.0))

    field("10")[_UPPER_LIP, _Y] = -0.055 * width * bow[_UPPER_LIP]
    fields["9"][_UPPER_LIP, _Y] = -0.03 * width * bow[_UPPER_LIP]
    depress = field("15")
    depress[_LIPS, _Y] = 0.10 * width * np.abs(u[_LIPS]) ** 1.5
    depress[_LIPS, _X] = 0.02 * width * u[_LIPS]
    chin = field("17")
    chin[_LIPS, _Y] = -0.02 * width * bow[_LIPS]
    chin[6:11, _Y] = -0.03 * width
    stretch = field("20")
    stretch[_LIPS, _X] = 0.10 * width * u[_LIPS]
    stretch[_LIPS, _Y] = 0.04 * width * np.abs(u[_LIPS]) ** 1.5
    stretch[_LIPS, _Z] = 0.03 * width * np.abs(u[_LIPS])
    tight = field("23")
    tight[_LIPS, _X] = -0.05 * width * u[_LIPS]
    tight[49:54, _Y] = 0.25 * _thickness(neutral, above=True) * bow[49:54]
    tight[55:60, _Y] = -0.25 * _thickness(neutral, above=False) * bow[55:60]

    for side, sign in (("R", -1.0), ("L", 1.0)):
        half = np.maximum(0, sign * u[_LIPS])  # 0 in the middle of the mouth, where the halves join
        smile = field("12" + side)
        smile[_LIPS, _X] = 0.10 * width * sign * half
        smile[_LIPS, _Y] = -0.17 * width * half**1.5
        smile[_LIPS, _Z] = 0.07 * width * half**1.5
        cheek = [3, 4, 5] if side == "R" else [13, 12, 11]
        smile[cheek, _X] = 0.015 * sign
        dimple = field("14" + side)
        dimple[_LIPS, _X] = 0.07 * width * sign * half
        dimple[_LIPS, _Y] = -0.05 * width * half**1.5
        dimple[_LIPS, _Z] = 0.09 * width * half**1.5
    return np.stack([fields[unit] for unit in UNITS])


def lip_coordinates(neutral: Floats) -> tuple[Floats, Floats]:
    """Where points lie along the mouth: u (68,), -1 at the right corner to 1 at the left, clipped; and the lips' bow
    cos(pi u / 2), 1 in the middle and 0 at the corners."""
    right, left = neutral[48, _X], neutral[54, _X]
    u = np.clip((2 * neutral[:, _X] - left - right) / (left - right), -1, 1)
    return u, np.cos(np.pi / 2 * u)


def _activations(emotion: str, level: int, frames: int, rng: np.random.Generator) -> Floats:
    """(T, units): a draw around the emotion's prototype, mixed with its kindred, wavering in time."""
    intensity = LEVEL_STRENGTH[level] * np.exp(_CLIP_SPREAD * rng.standard_normal())
    share = _KINDRED_SHARE[level] * rng.beta(1.5, 1.5)
    side = str(rng.choice(["R", "L"]))
    own, kin = (_draw(name, side, rng) for name in (emotion, KINDRED[emotion]))
    mean = intensity * ((1 - share) * own + share * kin) + _RESTING * rng.gamma(1.0, size=len(UNITS))
    return np.asarray(mean * np.maximum(0, 1 + _WAVER * drift(frames, len(UNITS), _WAVER_HZ, rng)))


def _draw(emotion: str, side: str, rng: np.random.Generator) -> Floats:
    """(units,) weights whose sum is the prototype's, and whose shares vary as a Dirichlet draw's do."""
    weights = np.zeros(len(UNITS))
    for unit, weight in PROTOTYPES[emotion].items():
        columns = _columns(unit, side if emotion in _UNILATERAL else "RL")
        weights[columns] = weight * rng.gamma(_WEIGHT_SHAPE) / _WEIGHT_SHAPE
    total = sum(PROTOTYPES[emotion].values())
    drawn = sum(weights[_columns(unit)].max() for unit in PROTOTYPES[emotion])
    return np.minimum(weights * (total / drawn), 1.3) if total else weights


def _columns(unit: str, sides: str = "RL") -> list[int]:
    """Where a unit stands in `UNITS`: itself, or its halves on these sides."""
    return [column for column, name in enumerate(UNITS) if name in (unit, *(unit + side for side in sides))]


def _brows(field: Floats, axis: int, amount: float, weights: tuple[float, ...]) -> None:
    """Moves the brows by amount x weight, outer to inner end; along x toward the middle of the face."""
    field[17:22, axis] = amount * np.array(weights)
    field[22:27, axis] = (-amount if axis == _X else amount) * np.array(weights[::-1])


def _thickness(neutral: Floats, above: bool) -> float:
    """Height of one lip in its middle."""
    return float(neutral[62, _Y] - neutral[51, _Y] if above else neutral[57, _Y] - neutral[66, _Y])

"""The sounds of the synthetic speech and a timeline of random syllables.

A phone is a set of targets for the ear (formants, voicing, noise) and for the eye (opening, spread, closure): sound
and picture are made from the same plan, which is why they agree.
"""

from typing import Final, NamedTuple

import numpy as np

MIN_SPEECH_S: Final = 0.15  # less room than this between the silent ends is left silent
_VARIATION: Final = 0.12  # of syllable lengths, one standard deviation of their logarithm
_FINAL_LENGTHENING: Final = 1.25  # of the last syllable of a phrase


class Phone(NamedTuple):
    """Targets of one sound.

    Attributes:
        formants: F1 to F3 of an adult male, Hz.
        voicing, noise: gains of the two sources, the latter relative to the loudest vowel;
            noise_hz: where the noise has its peak.
        opening, closure: as in `Speech`. spread: likewise, None where the lips go along with the vowel.
    """

    name: str
    formants: tuple[float, float, float]
    voicing: float
    noise: float
    noise_hz: float
    opening: float
    spread: float | None
    closure: float = 0.0


class Segment(NamedTuple):
    """A phone, or a part of it, from `start` to `end` seconds; `spread` is settled."""

    start: float
    end: float
    phone: Phone
    spread: float


class Syllable(NamedTuple):
    """phrase: number of the phrase that it belongs to; accent: 0 on average, unit variance, at most 2 either way."""

    start: float
    end: float
    name: str
    phrase: int
    accent: float
    segments: tuple[Segment, ...]


SILENCE: Final = Phone("", (500, 1500, 2500), 0.0, 0.0, 3000, 0.0, 0.0, 0.3)

# Formants: means of 33 men in heed, head, hod, hawed and who'd, Peterson & Barney, "Control methods used in a study
# of the vowels", JASA 24(2), 1952, table II; @ (schwa) is the uniform tube of 17.5 cm.
VOWELS: Final = (
    Phone("a", (730, 1090, 2440), 1.0, 0.0, 3000, 0.85, 0.1),
    Phone("e", (530, 1840, 2480), 1.0, 0.0, 3000, 0.55, 0.6),
    Phone("i", (270, 2290, 3010), 1.0, 0.0, 3000, 0.30, 1.0),
    Phone("o", (570, 840, 2410), 1.0, 0.0, 3000, 0.55, -0.7),
    Phone("u", (300, 870, 2240), 1.0, 0.0, 3000, 0.28, -1.0),
    Phone("@", (500, 1500, 2500), 0.9, 0.0, 3000, 0.42, 0.0),
)
# Formants: Klatt, "Software for a cascade/parallel formant synthesizer", JASA 67(3), 1980, table III. The first
# three close the lips. Noise peaks: labial low and flat, alveolar high, velar near F2.
CONSONANTS: Final = (
    Phone("m", (480, 1270, 2130), 0.35, 0.0, 3000, 0.25, None, 1.0),
    Phone("b", (200, 1100, 2150), 0.15, 0.0, 1000, 0.25, None, 1.0),
    Phone("p", (400, 1100, 2150), 0.0, 0.0, 1000, 0.25, None, 1.0),
    Phone("n", (480, 1340, 2470), 0.35, 0.0, 3000, 0.15, None),
    Phone("l", (310, 1050, 2880), 0.5, 0.0, 3000, 0.25, None),
    Phone("r", (310, 1060, 1380), 0.5, 0.0, 3000, 0.20, -0.4),
    Phone("w", (290, 610, 2150), 0.5, 0.0, 3000, 0.15, -1.0),
    Phone("f", (340, 1100, 2080), 0.0, 0.03, 4500, 0.08, 0.1),
    Phone("s", (320, 1390, 2530), 0.0, 0.06, 6000, 0.10, 0.4),
    Phone("t", (400, 1600, 2600), 0.0, 0.0, 4500, 0.12, None),
    Phone("d", (200, 1600, 2600), 0.15, 0.0, 4000, 0.12, None),
    Phone("k", (300, 1990, 2850), 0.0, 0.0, 2000, 0.15, None),
    Phone("g", (200, 1990, 2850), 0.15, 0.0, 2000, 0.15, None),
)
_CODAS: Final = tuple(phone for phone in CONSONANTS if phone.name in "mnlrsktp")
_BURSTS: Final = {"p": 0.35, "t": 0.4, "k": 0.4, "b": 0.2, "d": 0.2, "g": 0.25}  # last part of a stop: its noise


def plan_syllables(duration: float, rate: float, rng: np.random.Generator) -> tuple[Syllable, ...]:
    """Random syllables in phrases that fill a clip but for 0.1 to 0.3 s of silence at either end.

    Args:
        duration: of the clip, s.
        rate: syllables per second inside a phrase. To end where it should, the plan is stretched or pressed: by half
            a syllable and half a pause in all at most, or as one syllable needs where there is room for one only.

    Returns:
        The syllables in order. None where the clip is too short.
    """
    lead, tail = rng.uniform(0.1, 0.3, 2).tolist()
    room = duration - lead - tail
    if room < MIN_SPEECH_S:
        return ()
    drafts = [_draft_syllable(0, 0.0, 1 / rate, False, rng)]
    phrase = 0
    left = int(rng.integers(2, 7))  # syllables still to come in this phrase
    while drafts[-1].end < room:
        gap = 0.0
        if left == 0:
            phrase, left, gap = phrase + 1, int(rng.integers(3, 8)), float(rng.uniform(0.2, 0.45))
        left -= 1
        drafts.append(_draft_syllable(phrase, drafts[-1].end + gap, 1 / rate, left == 0, rng))
    if len(drafts) > 1 and room - drafts[-2].end < drafts[-1].end - room:
        drafts.pop()
    scale = room / drafts[-1].end
    return tuple(_place(draft, lead, scale) for draft in drafts)


def _draft_syllable(phrase: int, start: float, length: float, final: bool, rng: np.random.Generator) -> Syllable:
    """One random syllable: nine in ten have an onset, three in ten a coda."""
    vowel = VOWELS[rng.integers(len(VOWELS))]
    phones, shares = [vowel], [0.6]  # parts of a syllable of usual length
    if rng.random() < 0.9:
        phones.insert(0, CONSONANTS[rng.integers(len(CONSONANTS))])
        shares.insert(0, 0.34)
    if rng.random() < 0.3:
        phones.append(_CODAS[rng.integers(len(_CODAS))])
        shares.append(0.28)
    accent = float(np.clip(rng.standard_normal(), -2, 2))
    length *= float(np.exp(_VARIATION * rng.standard_normal() + 0.08 * accent))
    length *= _FINAL_LENGTHENING if final else 1.0
    edges = start + length * np.cumsum([0.0, *shares])
    segments: list[Segment] = []
    for phone, begin, end in zip(phones, edges[:-1].tolist(), edges[1:].tolist(), strict=True):
        # Consonants are laid over the movement from vowel to vowel: Öhman, JASA 39(1), 1966.
        spread = vowel.spread if phone.spread is None else phone.spread
        segments += _with_burst(Segment(begin, end, phone, spread or 0.0))
    return Syllable(start, segments[-1].end, "".join(phone.name for phone in phones), phrase, accent, tuple(segments))


def _with_burst(segment: Segment) -> list[Segment]:
    """A stop as its closure and its burst; anything else as it is."""
    phone = segment.phone
    if phone.name not in _BURSTS:
        return [segment]
    release = segment.end - _BURSTS[phone.name] * (segment.end - segment.start)
    burst = phone._replace(noise=0.06 if phone.voicing == 0 else 0.03, closure=0.0)
    return [segment._replace(end=release), segment._replace(start=release, phone=burst)]


def _place(draft: Syllable, lead: float, scale: float) -> Syllable:
    """The draft, whose time starts at 0, at its place in the clip."""
    segments = tuple(s._replace(start=lead + scale * s.start, end=lead + scale * s.end) for s in draft.segments)
    return draft._replace(start=segments[0].start, end=segments[-1].end, segments=segments)
